package terminal

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"drumbeat/schemas"
)

// forecast draws the demand expected of the busiest SKUs: the next periods with their intervals, and the
// shape of the whole horizon.
func (v *View) forecast(f *frame) {
	forecasts := v.forecasts()
	if len(forecasts) == 0 {
		return
	}
	f.section("forecast", "demand a period, 80 % interval")
	shown := forecasts[:min(len(forecasts), v.maxSKUs())]
	// As many of the next periods as fit.
	var lines []string
	for periods := min(4, len(shown[0].Mean)); periods >= 1; periods-- {
		lines = v.forecastTable(f, shown, periods).Lines(f.style)
		if width(lines[0]) <= f.columns && width(lines[len(lines)-1]) <= f.columns {
			break
		}
	}
	for _, line := range lines {
		f.add(line)
	}
	if more := forecasts[len(shown):]; len(more) > 0 {
		sum := 0.0
		for _, x := range more {
			sum += total(x.Mean)
		}
		f.add(f.style.Ink(Dim, fmt.Sprintf("and %s more, together %s", Plural(len(more), "SKU"), Amount(sum))))
	}
}

func (v *View) forecastTable(f *frame, forecasts []Forecast, periods int) *Table {
	columns := []Column{{Title: "SKU", Max: 16}}
	names := v.periods()
	for i := range periods {
		name := fmt.Sprint("+", i+1)
		if i < len(names) {
			name = names[i]
		}
		columns = append(columns, Right(name), Column{})
	}
	columns = append(columns, Right("total"), Left("horizon"))
	models := slices.ContainsFunc(forecasts, func(x Forecast) bool { return x.Model != "" })
	if models {
		columns = append(columns, Column{Title: "model", Max: 14})
	}
	t := NewTable(columns...)
	for _, x := range forecasts {
		cells := []Cell{{x.SKU, Bold}}
		for i := range periods {
			mean, between := "", ""
			if i < len(x.Mean) {
				mean = Amount(x.Mean[i])
			}
			if i < len(x.Low) && i < len(x.High) {
				between = interval(f.style, x.Low[i], x.High[i])
			}
			cells = append(cells, Cell{Text: mean}, Cell{between, Dim})
		}
		cells = append(cells, Cell{Text: Amount(total(x.Mean))}, Cell{f.style.Spark(x.Mean, 26), Accent})
		if models {
			cells = append(cells, Cell{x.Model, Dim})
		}
		t.Cells(cells...)
	}
	return t
}

// interval writes both ends with the same decimals.
func interval(s Style, low, high float64) string {
	decimals := 0
	if high < 10 && (low != math.Trunc(low) || high != math.Trunc(high)) {
		decimals = 1
	}
	return Number(low, decimals) + s.pick("–", " to ") + Number(high, decimals)
}

// forecasts are those of the view, else those that the plan's lines carry, the busiest first.
func (v *View) forecasts() []Forecast {
	list := slices.Clone(v.Forecasts)
	if len(list) == 0 {
		for i := range v.Lines {
			list = append(list, forecastOf(&v.Lines[i]))
		}
	}
	if len(list) > v.maxSKUs() {
		slices.SortStableFunc(list, func(a, b Forecast) int { return cmp.Compare(total(b.Mean), total(a.Mean)) })
	}
	return list
}

func forecastOf(l *schemas.Line) Forecast {
	x := Forecast{SKU: l.SKU}
	for _, p := range l.Periods {
		x.Mean = append(x.Mean, p.Demand.Float())
		x.Low = append(x.Low, p.DemandLow.Float())
		x.High = append(x.High, p.DemandHigh.Float())
	}
	return x
}

func (v *View) maxSKUs() int {
	if v.MaxSKUs > 0 {
		return v.MaxSKUs
	}
	return 8
}

func (v *View) maxPeriods() int {
	if v.MaxPeriods > 0 {
		return v.MaxPeriods
	}
	return 13
}

func total(values []float64) float64 {
	sum := 0.0
	for _, x := range values {
		sum += x
	}
	return sum
}
