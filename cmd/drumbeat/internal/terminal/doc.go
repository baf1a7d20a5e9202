// Package terminal draws for people: aligned tables, bars, sparklines, a progress line, and the live
// view of a site from sale to plan.
//
// Everything is drawn into text first ([View.Frame]); what the text is written to decides how it looks.
// On a terminal a [Screen] redraws it in place and uses colour; into a file or a pipe it prints lines
// without control characters. A [Style] holds the two choices, colour and Unicode, so that the same
// drawing code serves both and tests compare plain text.
package terminal
