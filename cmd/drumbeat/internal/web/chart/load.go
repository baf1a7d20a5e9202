package chart

import (
	"fmt"
	"html/template"
	"math"
	"slices"
)

// Series is a named row of values, one a period.
type Series struct {
	Name   string
	Values []float64
}

// MaxSeries is the number of colours for series; a caller folds what is beyond into one named Rest.
const MaxSeries = 6

// Load is the bottleneck chart: what loads a resource, stacked by SKU, against its capacity, with the
// overtime above it, the shortages marked, and under it the price of one unit of capacity. All slices
// have one value a period; a missing slice is one of zeros, a NaN capacity is no limit.
type Load struct {
	Title    string
	Periods  []string
	Series   []Series  // from the bottom up, at most MaxSeries and Rest
	Rest     []float64 // all other SKUs
	Capacity []float64 // without overtime
	Overtime []float64 // used
	Short    []float64 // demand not met
	Price    []float64 // money for one unit
}

// The panels of the bottleneck chart.
var (
	loadPanel  = frame{left: 64, right: Width - 12, top: 26, bottom: 268}
	pricePanel = frame{left: 64, right: Width - 12, top: 334, bottom: 390}
)

const loadHeight = 414

// value is v[i]; 0 where the row is shorter.
func value(v []float64, i int) float64 {
	if i < len(v) {
		return v[i]
	}
	return 0
}

// total is the whole load of a period.
func (c *Load) total(i int) (sum float64) {
	for _, s := range c.Series {
		sum += plus(value(s.Values, i))
	}
	return sum + plus(value(c.Rest, i))
}

// plus is v, or 0 where it is negative or no number.
func plus(v float64) float64 {
	if v > 0 && finite(v) {
		return v
	}
	return 0
}

// SVG draws the chart.
func (c *Load) SVG() template.HTML {
	var d drawing
	d.open("load", Width, loadHeight, c.Title, c.summary())
	var all []float64
	for i := range c.Periods {
		all = append(all, c.total(i)+plus(value(c.Short, i)))
	}
	y, ticks := upTo(slices.Concat(all, c.Capacity), 5, loadPanel.bottom, loadPanel.top)
	loadPanel.grid(&d, y, ticks, compact)
	cols := columns{loadPanel, len(c.Periods)}
	for i := range c.Periods {
		c.stack(&d, cols, y, i)
	}
	c.capacityLine(&d, cols, y)
	cols.labels(&d, c.Periods, loadPanel.bottom+18)
	c.prices(&d)
	return d.close()
}

// stack draws one period's bar: the series, overtime hatched over its top, the shortage above.
func (c *Load) stack(d *drawing, cols columns, y scale, i int) {
	base := 0.0
	segment := func(class, name string, v float64) {
		if v <= 0 {
			return
		}
		d.rect(class, fmt.Sprintf("%s in %s: %s", name, c.Periods[i], Number(v)), cols.barStart(i), y.at(base+v), cols.bar(), y.at(base)-y.at(base+v))
		base += v
	}
	for k, s := range c.Series {
		segment(fmt.Sprintf("s%d", k%MaxSeries+1), s.Name, plus(value(s.Values, i)))
	}
	segment("rest", "all other SKUs", plus(value(c.Rest, i)))
	if o := math.Min(plus(value(c.Overtime, i)), base); o > 0 {
		d.rect("overtime", fmt.Sprintf("overtime in %s: %s", c.Periods[i], Number(o)), cols.barStart(i), y.at(base), cols.bar(), y.at(base-o)-y.at(base))
	}
	segment("short", "demand not met", plus(value(c.Short, i)))
}

// capacityLine is a line with steps, broken where capacity is unlimited.
func (c *Load) capacityLine(d *drawing, cols columns, y scale) {
	var line []point
	for i := range c.Periods {
		v := math.NaN()
		if i < len(c.Capacity) {
			v = c.Capacity[i]
		}
		line = append(line, point{cols.start(i), y.at(v)}, point{cols.start(i) + cols.pitch(), y.at(v)})
	}
	d.path("capacity", line)
	// The last period is whole; of the first one a part may have gone.
	for i := min(len(c.Periods), len(c.Capacity)) - 1; i >= 0; i-- {
		if finite(c.Capacity[i]) {
			d.text("capacity-label", "end", "capacity "+Number(c.Capacity[i]), cols.start(i)+cols.pitch()-2, y.at(c.Capacity[i])-7)
			break
		}
	}
}

// prices draws the panel below.
func (c *Load) prices(d *drawing) {
	y, ticks := upTo(c.Price, 2, pricePanel.bottom, pricePanel.top)
	pricePanel.grid(d, y, ticks, compact)
	d.text("panel-title", "start", "Price of one unit of capacity", pricePanel.left, pricePanel.top-14)
	cols := columns{pricePanel, len(c.Periods)}
	for i := range c.Periods {
		if p := value(c.Price, i); finite(p) && p != 0 {
			top := math.Min(y.at(p), y.at(0))
			d.rect("price", fmt.Sprintf("price of one unit in %s: %s", c.Periods[i], Number(p)), cols.barStart(i), top, cols.bar(), math.Abs(y.at(p)-y.at(0)))
		}
	}
	cols.labels(d, c.Periods, pricePanel.bottom+18)
}

// summary says in words what the eye sees first.
func (c *Load) summary() string {
	full, short := 0, 0.0
	for i := range c.Periods {
		if i < len(c.Capacity) && finite(c.Capacity[i]) && c.total(i) >= c.Capacity[i]*(1-1e-9) {
			full++
		}
		short += plus(value(c.Short, i))
	}
	return fmt.Sprintf("Load by period. %d of %d periods are full; %s units of demand are not met.", full, len(c.Periods), Number(short))
}
