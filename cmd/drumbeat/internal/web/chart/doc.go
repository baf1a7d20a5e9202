// Package chart draws the console's charts: pure functions from numbers to SVG text.
//
// A chart is a value whose method SVG returns a complete <svg> element for an HTML page. It has a fixed
// coordinate system (Width units wide) and scales with the page; colours, fonts and line widths come from
// the page's stylesheet by class, so one drawing serves light and dark. Every chart has a <title> and a
// <desc>, every mark a <title> with its numbers. All text is escaped, so a name may hold anything.
//
// NaN is a gap: nothing is drawn for it. Infinite values are gaps as well.
package chart
