package plancsv

import (
	"errors"
	"fmt"
	"time"

	"drumbeat/optimize"
)

// Files says what to plan. Empty names are files not given.
type Files struct {
	Items, Demand, CapacityFile, Routings, Receipts, Previous string

	Capacity    float64 // of every resource in every period, where there is no CapacityFile
	Mode        optimize.Mode
	Whole       bool    // everything in whole units
	Frozen      int     // periods that keep the previous plan
	ChangePrice float64 // κ, in periods of holding cost
}

// defaultResource is used by items that name none.
const defaultResource = "factory"

// reader gathers the problem.
type reader struct {
	files Files
	p     *optimize.Problem
	cal   *calendar
	skus  map[string]int // index by canonical name
	items []item
	res   map[string]int
}

// Read reads the files. Errors of the files are *Error; others are contradictions between options.
func Read(files Files) (*optimize.Problem, error) {
	r := &reader{files: files, skus: map[string]int{}, res: map[string]int{},
		p: &optimize.Problem{Mode: files.Mode, Frozen: files.Frozen}}
	for _, read := range []func() error{r.readItems, r.readDemand, r.readRoutings, r.readCapacity, r.finishItems, r.readReceipts, r.readPrevious} {
		if err := read(); err != nil {
			return nil, err
		}
	}
	if err := r.p.Check(); err != nil {
		return nil, err
	}
	return r.p, nil
}

// readDemand reads sku,period,quantity. A missing cell is 0.
func (r *reader) readDemand() error {
	t, err := readTable(r.files.Demand, []string{"sku", "period", "quantity"}, nil)
	if err == nil {
		err = t.filled()
	}
	if err != nil {
		return err
	}
	type cell struct {
		sku   int
		start time.Time
	}
	seen, at := map[cell]int{}, map[time.Time]bool{}
	demand := make([]map[time.Time]float64, len(r.p.SKUs))
	var of granularity
	for _, row := range t.rows {
		s, err := r.sku(row)
		if err != nil {
			return err
		}
		start, g, err := parsePeriod(row.text("period"))
		if err != nil {
			return row.fail("period", "%w", err)
		}
		if of == 0 {
			of = g
		}
		if g != of {
			return row.fail("period", "%q is of another length than the periods before it", row.text("period"))
		}
		v, err := row.amount("quantity")
		if err != nil {
			return err
		}
		if line, twice := seen[cell{s, start}]; twice {
			return row.fail("sku", "%s in %s stands in line %d already", r.p.SKUs[s].Name, row.text("period"), line)
		}
		seen[cell{s, start}], at[start] = row.line, true
		if demand[s] == nil {
			demand[s] = map[time.Time]float64{}
		}
		demand[s][start] = v
	}
	if r.cal, err = newCalendar(of, at); err != nil {
		return t.fail(0, "period", err)
	}
	r.p.Periods = r.cal.names
	if r.files.Frozen > len(r.p.Periods) {
		return fmt.Errorf("--frozen: %d of %d periods", r.files.Frozen, len(r.p.Periods))
	}
	for s := range r.p.SKUs {
		d := make([]float64, len(r.p.Periods))
		for start, v := range demand[s] {
			d[r.cal.index[start]] = v
		}
		r.p.SKUs[s].Demand = d
	}
	return nil
}

// sku finds the item that a row of another file is about.
func (r *reader) sku(row row) (int, error) {
	name, err := row.sku()
	if err != nil {
		return 0, err
	}
	s, ok := r.skus[name]
	if !ok {
		return 0, row.fail("sku", "%q is not in %s", excerpt(name), r.files.Items)
	}
	return s, nil
}

// resource finds a resource by name, or adds it.
func (r *reader) resource(name string) int {
	i, ok := r.res[name]
	if !ok {
		i = len(r.p.Resources)
		r.res[name] = i
		r.p.Resources = append(r.p.Resources, optimize.Resource{Name: name})
	}
	return i
}

// readRoutings reads sku,resource,usage. Routings of a SKU replace the resource of its item.
func (r *reader) readRoutings() error {
	routed := make([]map[string]int, len(r.p.SKUs))
	if r.files.Routings != "" {
		t, err := readTable(r.files.Routings, []string{"sku", "resource", "usage"}, nil)
		if err != nil {
			return err
		}
		for _, row := range t.rows {
			s, err := r.sku(row)
			if err != nil {
				return err
			}
			name := row.text("resource")
			if name == "" {
				return row.fail("resource", "is empty")
			}
			v, err := row.amount("usage")
			if err != nil {
				return err
			}
			if v == 0 {
				return row.fail("usage", "is 0")
			}
			if line, twice := routed[s][name]; twice {
				return row.fail("resource", "%s on %s stands in line %d already", r.p.SKUs[s].Name, name, line)
			}
			if routed[s] == nil {
				routed[s] = map[string]int{}
			}
			routed[s][name] = row.line
			r.p.SKUs[s].Uses = append(r.p.SKUs[s].Uses, optimize.Use{Resource: r.resource(name), Amount: v})
		}
	}
	for s, it := range r.items {
		if routed[s] == nil {
			r.p.SKUs[s].Uses = []optimize.Use{{Resource: r.resource(it.resource), Amount: it.usage}}
		}
	}
	return nil
}

// readReceipts reads open orders: order,sku,quantity,date[,start]. An overdue one arrives in the first
// period. It loads its resources in its start period, by default its date less the lead time.
func (r *reader) readReceipts() error {
	if r.files.Receipts == "" {
		return nil
	}
	t, err := readTable(r.files.Receipts, []string{"order", "sku", "quantity", "date"}, []string{"start"})
	if err != nil {
		return err
	}
	T := len(r.p.Periods)
	type key struct {
		order string
		sku   int
	}
	seen := map[key]int{}
	for _, row := range t.rows {
		s, err := r.sku(row)
		if err != nil {
			return err
		}
		k := key{row.text("order"), s}
		if k.order == "" {
			return row.fail("order", "is empty")
		}
		if line, twice := seen[k]; twice {
			return row.fail("order", "%s for %s stands in line %d already", k.order, r.p.SKUs[s].Name, line)
		}
		seen[k] = row.line
		quantity, err := row.amount("quantity")
		if err != nil {
			return err
		}
		due, err := r.cal.at(row.text("date"))
		if err != nil {
			return row.fail("date", "%w", err)
		}
		sku := &r.p.SKUs[s]
		start := due - sku.LeadTime
		if text := row.text("start"); text != "" {
			if start, err = r.cal.at(text); err != nil {
				return row.fail("start", "%w", err)
			}
			if start > max(due, 0) {
				return row.fail("start", "%s is after the date %s", text, row.text("date"))
			}
		}
		if due < T {
			if sku.Receipts == nil {
				sku.Receipts = make([]float64, T)
			}
			sku.Receipts[max(due, 0)] += quantity
		}
		if start < 0 || start >= T {
			continue
		}
		for _, use := range sku.Uses {
			res := &r.p.Resources[use.Resource]
			if res.Load == nil {
				res.Load = make([]float64, T)
			}
			res.Load[start] += use.Amount * quantity
		}
	}
	return nil
}

var errNoPlan = errors.New("has no lines: it is not the output of drumbeat plan --json, or that plan was infeasible")
