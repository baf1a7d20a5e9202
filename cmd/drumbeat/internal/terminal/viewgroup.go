package terminal

import "drumbeat/schemas"

// planned is a group of columns: one SKU, or all those that are not shown one by one.
type planned struct {
	name   string
	lines  []*schemas.Line
	others bool
	short  bool // some demand is not met
}

// grouped divides the lines into n SKUs and the others.
func grouped(lines []*schemas.Line, n int) []planned {
	groups := make([]planned, 0, n+1)
	for i, line := range lines[:n] {
		groups = append(groups, planned{name: line.SKU, lines: lines[i : i+1]})
	}
	if left := lines[n:]; len(left) > 0 {
		groups = append(groups, planned{name: Plural(len(left), "other"), lines: left, others: true})
	}
	for i := range groups {
		groups[i].short = groups[i].sum(-1, shortageOf) > 0
	}
	return groups
}

// sum adds up a figure of the group's lines in period p; -1: in all of them.
func (g *planned) sum(p int, figure func(*schemas.LinePeriod) schemas.Quantity) (sum schemas.Quantity) {
	for _, line := range g.lines {
		for i := range line.Periods {
			if i == p || p < 0 {
				sum += figure(&line.Periods[i])
			}
		}
	}
	return sum
}

func productionOf(p *schemas.LinePeriod) schemas.Quantity { return p.Production }
func shortageOf(p *schemas.LinePeriod) schemas.Quantity   { return p.Shortage }

// columns and cells of a group are in the same order: make, stock (of one SKU), short (where any is).
func (g *planned) columns() []Column {
	columns := []Column{{Title: "make", Right: true, Group: g.name}}
	if !g.others {
		columns = append(columns, Column{Title: "stock", Right: true, Group: g.name})
	}
	if g.short {
		columns = append(columns, Column{Title: "short", Right: true, Group: g.name})
	}
	return columns
}

func (g *planned) cells(p int) []Cell {
	var cells []Cell
	if g.others {
		cells = append(cells, Cell{Text: quantity(g.sum(p, productionOf))})
	} else {
		cells = append(cells, made(g.lines[0], p), stock(g.lines[0], p))
	}
	if g.short {
		cells = append(cells, short(g.sum(p, shortageOf)))
	}
	return cells
}

func (g *planned) totals() []Cell {
	cells := []Cell{{quantity(g.sum(-1, productionOf)), Bold}}
	if !g.others {
		cells = append(cells, Cell{})
	}
	if g.short {
		cells = append(cells, short(g.sum(-1, shortageOf)))
	}
	return cells
}

func short(q schemas.Quantity) Cell {
	if q == 0 {
		return Cell{"0", Dim}
	}
	return Cell{quantity(q), Bad}
}

func made(line *schemas.Line, p int) Cell {
	if p >= len(line.Periods) {
		return Cell{}
	}
	x := line.Periods[p]
	switch {
	case x.Production == 0:
		return Cell{"0", Dim}
	case x.Frozen:
		return Cell{quantity(x.Production), Accent}
	}
	return Cell{Text: quantity(x.Production)}
}

// stock is in red where demand is not met, in yellow where the safety stock is not; below zero is backlog.
func stock(line *schemas.Line, p int) Cell {
	if p >= len(line.Periods) {
		return Cell{}
	}
	x := line.Periods[p]
	switch {
	case x.Shortage > 0:
		return Cell{quantity(x.Inventory), Bad}
	case x.Shortfall > 0:
		return Cell{quantity(x.Inventory), Warn}
	}
	return Cell{quantity(x.Inventory), Dim}
}
