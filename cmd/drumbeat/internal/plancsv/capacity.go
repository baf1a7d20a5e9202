package plancsv

import (
	"fmt"
	"time"
)

// CapacityCell is one row of a capacity file: what a resource can do in a period.
type CapacityCell struct {
	Resource                         string
	Period                           string
	From, Until                      time.Time // its days [From, Until); Until is zero where the period is a date, which ends with the next
	Capacity, Overtime, OvertimeCost float64   // overtime: capacity beyond the plain one, at its price a unit
	row                              row
	of                               granularity
}

// Fail is an error about the cell's row.
func (c *CapacityCell) Fail(field, format string, args ...any) error {
	return c.row.fail(field, format, args...)
}

// Capacities reads a capacity file: resource,period,capacity[,overtime_capacity,overtime_cost]. The periods of one resource
// are distinct. Errors are *Error.
func Capacities(file string) ([]CapacityCell, error) {
	t, err := readTable(file, []string{"resource", "period", "capacity"}, []string{"overtime_capacity", "overtime_cost"})
	if err == nil {
		err = t.filled()
	}
	if err != nil {
		return nil, err
	}
	type cell struct {
		resource string
		start    time.Time
	}
	lines := map[cell]int{}
	var list []CapacityCell
	for _, row := range t.rows {
		c := CapacityCell{Resource: row.text("resource"), Period: row.text("period"), row: row}
		if c.Resource == "" {
			return nil, row.fail("resource", "is empty")
		}
		if c.From, c.of, err = parsePeriod(c.Period); err != nil {
			return nil, row.fail("period", "%w", err)
		}
		if c.of != dates {
			c.Until = (&calendar{of: c.of}).next(c.From)
		}
		if line, twice := lines[cell{c.Resource, c.From}]; twice {
			return nil, row.fail("period", "%s in %s stands in line %d already", c.Resource, c.Period, line)
		}
		lines[cell{c.Resource, c.From}] = row.line
		if c.Capacity, err = row.amount("capacity"); err != nil {
			return nil, err
		}
		if c.Overtime, _, err = row.number("overtime_capacity", 0, maxQuantity); err != nil {
			return nil, err
		}
		var priced bool
		if c.OvertimeCost, priced, err = row.number("overtime_cost", 0, maxQuantity); err != nil {
			return nil, err
		}
		if c.Overtime > 0 && !priced {
			return nil, row.fail("overtime_cost", "is empty, but there is overtime_capacity")
		}
		list = append(list, c)
	}
	return list, nil
}

// readCapacity gives every resource its capacity: one figure, or that of the capacity file.
func (r *reader) readCapacity() error {
	T := len(r.p.Periods)
	for i := range r.p.Resources {
		r.p.Resources[i].Capacity = make([]float64, T)
		for t := range T {
			r.p.Resources[i].Capacity[t] = r.files.Capacity
		}
	}
	if r.files.CapacityFile == "" {
		return nil
	}
	cells, err := Capacities(r.files.CapacityFile)
	if err != nil {
		return err
	}
	type cell struct {
		resource string
		start    time.Time
	}
	there, named := map[cell]bool{}, map[string]bool{}
	for i := range cells {
		c := &cells[i]
		if c.of != r.cal.of {
			return c.Fail("period", "%q is of another length than the periods of %s", c.Period, r.files.Demand)
		}
		there[cell{c.Resource, c.From}], named[c.Resource] = true, true
		i, used := r.res[c.Resource]
		u, inside := r.cal.index[c.From]
		if !used || !inside {
			continue
		}
		res := &r.p.Resources[i]
		res.Capacity[u] = c.Capacity
		if c.Overtime > 0 {
			if res.Overtime == nil {
				res.Overtime, res.OvertimeCost = make([]float64, T), make([]float64, T)
			}
			res.Overtime[u], res.OvertimeCost[u] = c.Overtime, c.OvertimeCost
		}
	}
	t := cells[0].row.t
	for i := range r.p.Resources {
		name, missing := r.p.Resources[i].Name, -1
		for u := len(r.cal.start) - 1; u >= 0; u-- {
			if !there[cell{name, r.cal.start[u]}] {
				missing = u
			}
		}
		switch {
		case missing >= 0 && !named[name]:
			return t.fail(0, "resource", fmt.Errorf("%q is used but has no capacity", name))
		case missing >= 0:
			return t.fail(0, "capacity", fmt.Errorf("missing for %s in %s", name, r.p.Periods[missing]))
		}
	}
	return nil
}
