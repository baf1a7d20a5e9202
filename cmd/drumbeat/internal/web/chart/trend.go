package chart

import (
	"fmt"
	"html/template"
	"math"
)

// Trend is one row of values over revisions or periods, as a line: costs, accuracy.
type Trend struct {
	Title  string
	Labels []string // one a value
	Values []float64
	Format func(float64) string // of the values; nil: Number
}

var trendPanel = frame{left: 84, right: Width - 12, top: 14, bottom: 134}

const trendHeight = 160

// SVG draws the chart; the vertical scale begins near the least value, since differences matter here.
func (c *Trend) SVG() template.HTML {
	var d drawing
	format := c.Format
	if format == nil {
		format = Number
	}
	d.open("trend", Width, trendHeight, c.Title, fmt.Sprintf("%d values.", len(c.Values)))
	low, high := math.Inf(1), math.Inf(-1)
	for _, v := range c.Values {
		if finite(v) {
			low, high = math.Min(low, v), math.Max(high, v)
		}
	}
	if low > high {
		low, high = 0, 0
	}
	if low == high {
		low, high = low-math.Max(math.Abs(low)*.05, .5), high+math.Max(math.Abs(high)*.05, .5)
	}
	step := niceStep((high - low) / 3)
	y := scale{math.Floor(low/step) * step, math.Ceil(high/step) * step, trendPanel.bottom, trendPanel.top}
	var ticks []float64
	for k := math.Floor(low / step); k <= math.Ceil(high/step); k++ {
		ticks = append(ticks, k*step)
	}
	trendPanel.grid(&d, y, ticks, format)
	cols := columns{trendPanel, len(c.Values)}
	line := cols.middles(y, c.Values)
	d.path("trend-line", line)
	for i, p := range line {
		if !p.gap() && i < len(c.Labels) {
			d.element("circle", "trend-dot", c.Labels[i]+": "+format(c.Values[i]), "cx", p.x, "cy", p.y, "r", 3.0)
		}
	}
	cols.labels(&d, c.Labels, trendPanel.bottom+18)
	return d.close()
}
