package chart

import (
	"fmt"
	"html/template"
	"math"
	"time"
)

// Observed is demand that was: a day or period with its quantity.
type Observed struct {
	Date     time.Time
	Quantity float64 // NaN: unknown
}

// Flagged is a quantity that the cleaner holds back, or that a planner has ruled on.
type Flagged struct {
	Observed
	Verdict string // flagged, accepted, rejected
}

// Expected is demand that is forecast, with intervals that hold 80 and 95 % of what may come. A NaN bound
// leaves its interval out.
type Expected struct {
	Date          time.Time
	Mean          float64
	Low80, High80 float64
	Low95, High95 float64
}

// Demand is a SKU's history with its flagged points and the forecast behind it. Dates ascend in each.
type Demand struct {
	Title    string
	History  []Observed
	Flagged  []Flagged
	Forecast []Expected
}

var demandPanel = frame{left: 64, right: Width - 12, top: 18, bottom: 250}

const demandHeight = 276

// SVG draws the chart. The vertical scale holds history, means and the 80 % interval; a flagged point or a
// bound beyond twice that is drawn at the upper edge, so that one wrong figure does not flatten the rest.
func (c *Demand) SVG() template.HTML {
	var d drawing
	d.open("demand", Width, demandHeight, c.Title, c.summary())
	var values []float64
	for _, o := range c.History {
		values = append(values, o.Quantity)
	}
	for _, e := range c.Forecast {
		values = append(values, e.Mean, e.High80, e.Low80)
	}
	limit := 2 * largest(values)
	for _, f := range c.Flagged {
		values = append(values, within(f.Quantity, limit))
	}
	for _, e := range c.Forecast {
		values = append(values, within(e.High95, limit), within(e.Low95, limit))
	}
	y, ticks := upTo(values, 5, demandPanel.bottom, demandPanel.top)
	x := c.days()
	demandPanel.grid(&d, y, ticks, compact)
	place := func(t time.Time, v float64) point {
		if !finite(v) {
			return point{math.NaN(), math.NaN()}
		}
		return point{x.at(day(t)), math.Max(y.at(math.Max(v, y.d0)), demandPanel.top)}
	}
	c.bands(&d, place)
	var history []point
	for _, o := range c.History {
		history = append(history, place(o.Date, o.Quantity))
	}
	d.path("history", history)
	c.forecast(&d, place)
	for _, f := range c.Flagged {
		if p := place(f.Date, f.Quantity); !p.gap() {
			d.element("circle", "flag "+f.Verdict, fmt.Sprintf("%s on %s: %s", f.Verdict, f.Date.Format(time.DateOnly), Number(f.Quantity)), "cx", p.x, "cy", p.y, "r", 4.5)
		}
	}
	dates(&d, demandPanel, x)
	return d.close()
}

// within is v, or NaN beyond the limit on either side.
func within(v, limit float64) float64 {
	if math.Abs(v) > limit {
		return math.NaN()
	}
	return v
}

func largest(values []float64) (m float64) {
	for _, v := range values {
		if finite(v) {
			m = math.Max(m, math.Abs(v))
		}
	}
	return m
}

// day counts days.
func day(t time.Time) float64 { return float64(t.Unix()) / 86400 }

// days is the horizontal scale over everything that has a date.
func (c *Demand) days() scale {
	first, last := math.Inf(1), math.Inf(-1)
	see := func(t time.Time) { first, last = math.Min(first, day(t)), math.Max(last, day(t)) }
	for _, o := range c.History {
		see(o.Date)
	}
	for _, f := range c.Flagged {
		see(f.Date)
	}
	for _, e := range c.Forecast {
		see(e.Date)
	}
	if first > last {
		first, last = 0, 0
	}
	return scale{first, last, demandPanel.left, demandPanel.right}
}

func (c *Demand) bands(d *drawing, place func(time.Time, float64) point) {
	for _, band := range []struct {
		class  string
		bounds func(Expected) (float64, float64)
	}{
		{"band95", func(e Expected) (float64, float64) { return e.Low95, e.High95 }},
		{"band80", func(e Expected) (float64, float64) { return e.Low80, e.High80 }},
	} {
		var low, high []point
		for _, e := range c.Forecast {
			l, h := band.bounds(e)
			low, high = append(low, place(e.Date, l)), append(high, place(e.Date, h))
		}
		d.area(band.class, low, high)
	}
}

func (c *Demand) forecast(d *drawing, place func(time.Time, float64) point) {
	var mean []point
	for _, e := range c.Forecast {
		mean = append(mean, place(e.Date, e.Mean))
	}
	d.path("forecast", mean)
	for i, p := range mean {
		if p.gap() || len(mean) > maxDots {
			continue
		}
		e := c.Forecast[i]
		title := fmt.Sprintf("forecast of %s: %s", e.Date.Format(time.DateOnly), Number(e.Mean))
		if finite(e.Low80) && finite(e.High80) {
			title += fmt.Sprintf(", 80 %% between %s and %s", Number(e.Low80), Number(e.High80))
		}
		if finite(e.Low95) && finite(e.High95) {
			title += fmt.Sprintf(", 95 %% between %s and %s", Number(e.Low95), Number(e.High95))
		}
		d.element("circle", "forecast-dot", title, "cx", p.x, "cy", p.y, "r", 3.0)
	}
}

// maxDots is the number of forecast points that get a dot each; more would touch.
const maxDots = 60

func (c *Demand) summary() string {
	return fmt.Sprintf("%d observed values, %d of them flagged or reviewed, and a forecast of %d.", len(c.History), len(c.Flagged), len(c.Forecast))
}
