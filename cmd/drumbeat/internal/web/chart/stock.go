package chart

import (
	"fmt"
	"html/template"
	"math"
	"slices"
)

// Stock is the plan of one SKU: production and receipts as bars, the stock at each period's end and the
// safety stock as lines, shortages marked, the frozen part shaded. One value a period in every slice.
type Stock struct {
	Title      string
	Periods    []string
	Production []float64
	Receipts   []float64 // of open orders
	Inventory  []float64
	Safety     []float64
	Shortage   []float64
	Frozen     []bool
}

var stockPanel = frame{left: 64, right: Width - 12, top: 18, bottom: 280}

const stockHeight = 306

// SVG draws the chart.
func (c *Stock) SVG() template.HTML {
	var d drawing
	d.open("stock", Width, stockHeight, c.Title, c.summary())
	var bars []float64
	for i := range c.Periods {
		bars = append(bars, plus(value(c.Production, i))+plus(value(c.Receipts, i)))
	}
	y, ticks := upTo(slices.Concat(bars, c.Inventory, c.Safety, c.Shortage), 5, stockPanel.bottom, stockPanel.top)
	cols := columns{stockPanel, len(c.Periods)}
	for i := range c.Periods {
		if i < len(c.Frozen) && c.Frozen[i] {
			d.rect("frozen", c.Periods[i]+" is frozen", cols.start(i), stockPanel.top, cols.pitch(), stockPanel.bottom-stockPanel.top)
		}
	}
	stockPanel.grid(&d, y, ticks, compact)
	for i := range c.Periods {
		base := 0.0
		for _, b := range []struct {
			class, name string
			v           float64
		}{{"make", "production", plus(value(c.Production, i))}, {"receipts", "receipts of open orders", plus(value(c.Receipts, i))}} {
			if b.v > 0 {
				d.rect(b.class, fmt.Sprintf("%s in %s: %s", b.name, c.Periods[i], Number(b.v)), cols.barStart(i), y.at(base+b.v), cols.bar(), y.at(base)-y.at(base+b.v))
				base += b.v
			}
		}
		if s := plus(value(c.Shortage, i)); s > 0 {
			d.rect("short", fmt.Sprintf("demand not met in %s: %s", c.Periods[i], Number(s)), cols.barStart(i)+cols.bar()*.7, y.at(s), cols.bar()*.3, y.at(0)-y.at(s))
		}
	}
	d.path("safety", cols.steps(y, c.Safety))
	line := cols.middles(y, c.Inventory)
	d.path("inventory", line)
	for i, p := range line {
		if !p.gap() {
			d.element("circle", "inventory-dot", fmt.Sprintf("stock at the end of %s: %s", c.Periods[i], Number(c.Inventory[i])), "cx", p.x, "cy", p.y, "r", 3.0)
		}
	}
	cols.labels(&d, c.Periods, stockPanel.bottom+18)
	return d.close()
}

// middles are the points of a row of values at the middles of the columns.
func (c columns) middles(y scale, values []float64) []point {
	points := make([]point, min(len(values), c.n))
	for i := range points {
		points[i] = point{c.middle(i), y.at(values[i])}
		if !finite(values[i]) {
			points[i].y = math.NaN()
		}
	}
	return points
}

// steps are the points of a row of values as a line with steps.
func (c columns) steps(y scale, values []float64) (points []point) {
	for i, v := range values[:min(len(values), c.n)] {
		at := math.NaN()
		if finite(v) {
			at = y.at(v)
		}
		points = append(points, point{c.start(i), at}, point{c.start(i) + c.pitch(), at})
	}
	return points
}

func (c *Stock) summary() string {
	made, short := 0.0, 0.0
	for i := range c.Periods {
		made += plus(value(c.Production, i))
		short += plus(value(c.Shortage, i))
	}
	return fmt.Sprintf("Plan by period. %s units are made, %s units of demand are not met.", Number(made), Number(short))
}
