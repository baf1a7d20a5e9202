package solver

import (
	"fmt"

	"drumbeat/optimize"
)

// planMatrices are the matrices of a plan in the order of the encoding; the last two are by resource.
func planMatrices(p *optimize.Plan) [9]*[][]float64 {
	return [...]*[][]float64{
		&p.Production, &p.Inventory, &p.Lost, &p.Backlog, &p.Shortfall, &p.Emergency, &p.Values, &p.Overtime, &p.Prices,
	}
}

const byResource = 7 // the first of planMatrices that is

// plan writes a plan with its start: the matrices by themselves, all else as a document.
func (w *writer) plan(p *optimize.Plan) {
	rest := *p
	for _, m := range planMatrices(&rest) {
		*m = nil
	}
	w.document(&rest)
	for _, m := range planMatrices(p) {
		if *m == nil {
			w.byte(seriesNil)
			continue
		}
		w.byte(seriesValues)
		for _, row := range *m {
			w.floats(row)
		}
	}
	w.start(p.Start)
}

// plan reads a plan of problem p, whose matrices have the shape that p gives them.
func (r *reader) plan(p *optimize.Problem) *optimize.Plan {
	plan := new(optimize.Plan)
	r.document(plan)
	for i, m := range planMatrices(plan) {
		rows := len(p.SKUs)
		if i >= byResource {
			rows = len(p.Resources)
		}
		*m = r.matrix(rows, len(p.Periods))
	}
	plan.Start = r.start()
	return plan
}

func (r *reader) matrix(rows, columns int) [][]float64 {
	if form := r.byte(); r.err != nil || form == seriesNil {
		return nil
	}
	m, values := make([][]float64, rows), make([]float64, rows*columns)
	for i := range m {
		at := i * columns
		m[i] = r.floatsInto(values[at:at+columns:at+columns], columns)
		if r.err == nil && len(m[i]) != columns {
			r.fail(fmt.Errorf("%w: a row of %d periods, not %d", errCodec, len(m[i]), columns))
		}
		if r.err != nil {
			return nil
		}
	}
	return m
}

// start writes where a solve can begin; nil is nothing.
func (w *writer) start(s *optimize.Start) {
	if s == nil {
		w.byte(seriesNil)
		return
	}
	w.byte(seriesValues)
	w.uvarint(uint64(len(s.Periods)))
	for _, name := range s.Periods {
		w.string(name)
	}
	w.float(s.Weights.Shortfall)
	w.float(s.Weights.Loss)
	w.uvarint(uint64(len(s.Blocks)))
	for i := range s.Blocks {
		b := &s.Blocks[i]
		w.byte(b.Kind)
		w.string(b.Name)
		w.bytes(b.Status)
		w.floats(b.Prices)
	}
}

func (r *reader) start() *optimize.Start {
	if form := r.byte(); r.err != nil || form == seriesNil {
		return nil
	}
	s := new(optimize.Start)
	for n := r.upTo(mostPeriods); n > 0 && r.err == nil; n-- {
		s.Periods = append(s.Periods, r.string())
	}
	s.Weights.Shortfall, s.Weights.Loss = r.float(), r.float()
	for n := r.uvarint(); n > 0 && r.err == nil; n-- {
		b := optimize.Block{Kind: r.byte(), Name: r.string()}
		b.Status = r.bytes()
		b.Prices = r.floats(mostPeriods)
		s.Blocks = append(s.Blocks, b)
	}
	return s
}
