package chart

import (
	"html"
	"html/template"
	"math"
	"strconv"
	"strings"
)

// Width is the width of every large chart in its own units; the page scales it.
const Width = 960

// drawing collects SVG elements. Attribute values and text are escaped as they are written.
type drawing struct{ b strings.Builder }

// open begins the svg element with the chart's name and description for those who cannot see it.
func (d *drawing) open(class string, width, height float64, title, desc string) {
	d.b.WriteString(`<svg xmlns="http://www.w3.org/2000/svg" role="img" class="chart ` + html.EscapeString(class) + `" viewBox="0 0 ` + number(width) + ` ` + number(height) + `">`)
	d.titled(title)
	if desc != "" {
		d.b.WriteString("<desc>" + html.EscapeString(desc) + "</desc>")
	}
}

func (d *drawing) close() template.HTML {
	d.b.WriteString("</svg>")
	return template.HTML(d.b.String()) // every text in it went through html.EscapeString
}

func (d *drawing) titled(title string) {
	if title != "" {
		d.b.WriteString("<title>" + html.EscapeString(title) + "</title>")
	}
}

// element writes a leaf element with number attributes given as name and value in turn.
func (d *drawing) element(name, class, title string, attributes ...any) {
	d.b.WriteString("<" + name + ` class="` + html.EscapeString(class) + `"`)
	for i := 0; i < len(attributes); i += 2 {
		d.b.WriteString(" " + attributes[i].(string) + `="`)
		switch v := attributes[i+1].(type) {
		case float64:
			d.b.WriteString(number(v))
		case string:
			d.b.WriteString(html.EscapeString(v))
		}
		d.b.WriteByte('"')
	}
	if title == "" {
		d.b.WriteString("/>")
		return
	}
	d.b.WriteByte('>')
	d.titled(title)
	d.b.WriteString("</" + name + ">")
}

func (d *drawing) rect(class, title string, x, y, w, h float64) {
	d.element("rect", class, title, "x", x, "y", y, "width", w, "height", math.Max(h, 0))
}

func (d *drawing) line(class string, x1, y1, x2, y2 float64) {
	d.element("line", class, "", "x1", x1, "y1", y1, "x2", x2, "y2", y2)
}

// text writes a label; anchor is start, middle or end.
func (d *drawing) text(class, anchor, s string, x, y float64) {
	d.b.WriteString(`<text class="` + html.EscapeString(class) + `" text-anchor="` + anchor + `" x="` + number(x) + `" y="` + number(y) + `">` + html.EscapeString(s) + "</text>")
}

// point is a place in the chart's units; a NaN is a gap.
type point struct{ x, y float64 }

func (p point) gap() bool { return !finite(p.x) || !finite(p.y) }

// path joins points with straight lines and lifts the pen at gaps. A point alone between gaps becomes a dot.
func (d *drawing) path(class string, points []point) {
	var b strings.Builder
	for i, p := range points {
		if p.gap() {
			continue
		}
		first := i == 0 || points[i-1].gap()
		if first {
			b.WriteByte('M')
		} else {
			b.WriteByte('L')
		}
		b.WriteString(number(p.x) + " " + number(p.y))
		if first && (i+1 == len(points) || points[i+1].gap()) {
			b.WriteString("h0")
		}
	}
	if b.Len() > 0 {
		d.element("path", class, "", "d", b.String())
	}
}

// area fills between two rows of points with the same x; it breaks where either has a gap.
func (d *drawing) area(class string, low, high []point) {
	var b strings.Builder
	for from := 0; from < len(low); {
		to := from
		for to < len(low) && !low[to].gap() && !high[to].gap() {
			to++
		}
		if to-from > 1 {
			for i := from; i < to; i++ {
				b.WriteByte("ML"[min(i-from, 1)])
				b.WriteString(number(high[i].x) + " " + number(high[i].y))
			}
			for i := to - 1; i >= from; i-- {
				b.WriteString("L" + number(low[i].x) + " " + number(low[i].y))
			}
			b.WriteByte('Z')
		}
		from = max(to, from+1)
	}
	if b.Len() > 0 {
		d.element("path", class, "", "d", b.String())
	}
}

// number is a coordinate with at most one decimal, which is finer than a screen.
func number(v float64) string {
	if !finite(v) {
		return "0"
	}
	return strconv.FormatFloat(math.Round(v*10)/10, 'f', -1, 64)
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
