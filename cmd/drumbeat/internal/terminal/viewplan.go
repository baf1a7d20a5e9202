package terminal

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"drumbeat/schemas"
)

// barWidths are the widths of the bars of load that are tried, the widest first: a narrow bar leaves room
// for one more SKU where there are many of them or few columns.
func (v *View) barWidths(columns int) []int {
	if len(v.Lines) > 3 || columns < 96 {
		return []int{10}
	}
	return []int{20, 10}
}

// plan draws a row a period: what is made and what stays in stock of the busiest SKUs, beside the load
// of the tightest resource.
func (v *View) plan(f *frame) {
	if len(v.Head.Periods) == 0 || len(v.Lines) == 0 {
		return
	}
	note := Plural(len(v.Lines), "SKU") + ", " + Plural(len(v.Head.Periods), "period")
	if v.Head.Baseline > 0 {
		note = fmt.Sprintf("%s; since revision %d: %s units moved, %s changed", note, v.Head.Baseline, quantity(v.Head.MovedUnits), Plural(v.Head.ChangedLines, "line"))
	}
	f.section("plan", note)
	lines := v.planLines(f, busiest(v.Lines))
	for _, line := range lines {
		f.add(line)
	}
	if left := len(v.Head.Periods) - v.maxPeriods(); left > 0 {
		f.add(f.style.Ink(Dim, fmt.Sprintf("and %s more, to %s", Plural(left, "period"), v.Head.Periods[len(v.Head.Periods)-1])))
	}
	v.supply(f)
}

// planLines draws as many SKUs as fit beside the resource.
func (v *View) planLines(f *frame, busy []*schemas.Line) (lines []string) {
	for n := min(len(busy), v.maxSKUs()); n >= 1; n-- {
		for _, bar := range v.barWidths(f.columns) {
			lines = v.planTable(f, busy, n, bar).Lines(f.style)
			widest := 0
			for _, line := range lines {
				widest = max(widest, width(line))
			}
			if widest <= f.columns {
				return lines
			}
		}
	}
	return lines
}

func (v *View) planTable(f *frame, lines []*schemas.Line, n, bar int) *Table {
	resource, loads := v.tightest()
	groups := grouped(lines, n)
	columns := []Column{Left("period")}
	totals := []Cell{{"total", Dim}}
	for i := range groups {
		columns = append(columns, groups[i].columns()...)
		totals = append(totals, groups[i].totals()...)
	}
	limited := slices.ContainsFunc(loads, func(r schemas.ResourceLoad) bool { return r.Capacity >= 0 })
	switch {
	case limited:
		columns = append(columns, Column{Title: "load", Right: true, Group: resource}, Column{Title: capacityTitle(loads), Group: resource},
			Column{Right: true, Group: resource}, Column{Title: "price", Right: true, Group: resource})
	case loads != nil:
		columns = append(columns, Column{Title: "load (no limit)", Right: true, Group: resource})
	}
	t := NewTable(columns...)
	for p, name := range v.periods()[:min(len(v.Head.Periods), v.maxPeriods())] {
		cells := []Cell{{Text: name}}
		for i := range groups {
			cells = append(cells, groups[i].cells(p)...)
		}
		switch {
		case p >= len(loads):
		case limited:
			cells = append(cells, loadCells(f.style, loads[p], bar)...)
		default:
			cells = append(cells, Cell{Text: quantity(loads[p].Load)})
		}
		t.Cells(cells...)
	}
	if loads != nil {
		sum := schemas.Quantity(0)
		for _, r := range loads {
			sum += r.Load
		}
		totals = append(totals, Cell{quantity(sum), Bold})
	}
	t.Cells(totals...)
	return t
}

func loadCells(s Style, r schemas.ResourceLoad, barWidth int) []Cell {
	cells := []Cell{{Text: quantity(r.Load)}}
	if r.Capacity < 0 {
		return append(cells, Cell{"no limit", Dim}, Cell{}, Cell{})
	}
	share := use(r)
	ink := Good
	switch {
	case share > 0.9995:
		ink = Bad
	case share > 0.85:
		ink = Warn
	}
	price := Cell{}
	if r.Price > 0 {
		price = Cell{Number(r.Price, 2), Bold}
	}
	return append(cells, Cell{s.Bar(share, 1, barWidth), ink}, Cell{Text: Percent(share)}, price)
}

// use is the load as a share of capacity.
func use(r schemas.ResourceLoad) float64 {
	switch {
	case r.Capacity > 0:
		return r.Load.Float() / r.Capacity.Float()
	case r.Load > 0:
		return math.Inf(1)
	}
	return 0
}

// capacityTitle names the capacity where it is the same in every period.
func capacityTitle(loads []schemas.ResourceLoad) string {
	for _, r := range loads {
		if r.Capacity != loads[0].Capacity {
			return "of capacity"
		}
	}
	if loads[0].Capacity < 0 {
		return ""
	}
	return "of " + quantity(loads[0].Capacity)
}

// tightest finds the resource whose capacity costs the plan most, by price, then by use.
func (v *View) tightest() (name string, loads []schemas.ResourceLoad) {
	names, by := v.byResource()
	if len(names) == 0 {
		return "", nil
	}
	return names[0], by[names[0]]
}

// byResource groups the loads and orders the resources, the tightest first.
func (v *View) byResource() (names []string, by map[string][]schemas.ResourceLoad) {
	by = map[string][]schemas.ResourceLoad{}
	for _, r := range v.Head.Resources {
		if _, ok := by[r.Resource]; !ok {
			names = append(names, r.Resource)
		}
		by[r.Resource] = append(by[r.Resource], r)
	}
	weight := func(name string) (cost, peak float64) {
		for _, r := range by[name] {
			if r.Capacity >= 0 {
				cost += r.Price * r.Capacity.Float()
				peak = max(peak, use(r))
			}
		}
		return cost, peak
	}
	slices.SortStableFunc(names, func(a, b string) int {
		costA, peakA := weight(a)
		costB, peakB := weight(b)
		return cmp.Or(cmp.Compare(costB, costA), cmp.Compare(peakB, peakA), strings.Compare(a, b))
	})
	return names, by
}

// resources draws a line for each resource beyond the tightest, which stands in the plan.
func (v *View) resources(f *frame) {
	names, by := v.byResource()
	if len(names) < 2 {
		return
	}
	f.section("other resources", "")
	t := NewTable(Column{Title: "resource", Max: 20}, Left("load over the horizon"), Right("peak"), Left("in"), Right("highest price"))
	shown := names[1:min(len(names), 1+v.maxSKUs())]
	for _, name := range shown {
		var loads []float64
		peak, price := by[name][0], 0.0
		for _, r := range by[name] {
			loads = append(loads, r.Load.Float())
			if use(r) > use(peak) {
				peak = r
			}
			price = max(price, r.Price)
		}
		cells := []Cell{{name, Bold}, {f.style.Spark(loads, 26), Accent}, {Text: Percent(use(peak))}, {Text: peak.Period}, {}}
		if peak.Capacity < 0 {
			cells[2] = Cell{"no limit", Dim}
		}
		if price > 0 {
			cells[4] = Cell{Number(price, 2), Bold}
		}
		t.Cells(cells...)
	}
	for _, line := range t.Lines(f.style) {
		f.add(line)
	}
	if more := len(names) - 1 - len(shown); more > 0 {
		f.add(f.style.Ink(Dim, fmt.Sprintf("and %s more", Count(more))))
	}
}

// busiest orders lines by what is made of them, and leaves few lines in their order.
func busiest(lines []schemas.Line) []*schemas.Line {
	list := make([]*schemas.Line, len(lines))
	work := map[*schemas.Line]float64{}
	for i := range lines {
		list[i] = &lines[i]
		for _, p := range lines[i].Periods {
			work[list[i]] += p.Production.Float() + p.Shortage.Float()
		}
	}
	if len(list) > 4 {
		slices.SortStableFunc(list, func(a, b *schemas.Line) int { return cmp.Compare(work[b], work[a]) })
	}
	return list
}
