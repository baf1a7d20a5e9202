package optimize

import (
	"context"
	"math"
)

// enlargement is how the capacity C of a resource grows with v, the same for all periods where it is not 0 and what is
// fixed does not exceed it: the others stay. Overtime and loads stay as they are.
type enlargement uint8

const (
	scaled  enlargement = iota // to v·C
	widened                    // to C + v
)

// of is what enlargement makes of a capacity: base + v·slope.
func (g enlargement) of(capacity float64) (base, slope float64) {
	switch {
	case capacity == 0:
		return 0, 0
	case g == scaled:
		return 0, capacity
	}
	return capacity, 1
}

// enlarge finds the smallest v >= 0 for which p, one component, is feasible. It returns v, nil if none does, and the last
// period whose row fixes it.
func (e *session) enlarge(ctx context.Context, p *Problem, g enlargement) (*float64, int, error) {
	v, last, exact := p.enlargeByIntervals(g)
	if exact || v == nil {
		return v, last, ctx.Err()
	}
	m, err := formulateWithin(ctx, p, p.defaultWeights())
	if err == nil && e.opts.guides(m) {
		if v, last, err := e.enlargeByPrices(ctx, m, g, *v, last); err == nil || ctx.Err() != nil {
			return v, last, err
		}
		m, err = formulateWithin(ctx, p, p.defaultWeights())
	}
	if err != nil {
		return nil, 0, err
	}
	return e.enlargeWhole(ctx, m, g)
}

// growing calls f for every capacity row of m that enlargement g changes, with its resource and period.
func (m *model) growing(g enlargement, f func(row int32, base, slope float64)) {
	raised := make(map[[2]int]bool)
	for _, row := range m.raised {
		raised[[2]int{row.Resource, row.Period}] = true
	}
	for r := range m.p.Resources {
		for t, capacity := range m.p.Resources[r].Capacity {
			row := m.index(kindCapacityRow, r, t)
			if row < 0 || math.IsInf(m.lp.RowUpper[row], 1) || raised[[2]int{r, t}] {
				continue
			}
			if base, slope := g.of(capacity); slope > 0 {
				f(row, m.lp.RowUpper[row]-capacity+base, slope)
			}
		}
	}
}

// enlargeWhole is enlarge by an LP with v as one more column.
func (e *session) enlargeWhole(ctx context.Context, m *model, g enlargement) (*float64, int, error) {
	if err := e.by(false); err != nil {
		return nil, 0, err
	}
	lp := m.lp
	clear(lp.Cost)
	lp.Offset = 0
	v := lp.addColumn(1, 0, math.Inf(1))
	m.growing(g, func(row int32, base, slope float64) {
		lp.addEntry(int(row), -slope)
		lp.RowUpper[row] = base
	})
	var stats Stats
	sol, err := e.run(ctx, lp, m.justInTime(), DualSimplex, &stats)
	if err != nil || sol.Status != LPOptimal {
		return nil, 0, err
	}
	value := sol.X[v]
	return &value, m.lastPriced(sol.Duals), nil
}

// lastPriced is the last period in which a capacity row has a dual.
func (m *model) lastPriced(duals []float64) int {
	last := 0
	for r := range m.p.Resources {
		for t := range m.T {
			if row := m.index(kindCapacityRow, r, t); row >= 0 && math.Abs(duals[row]) > 1e-12 {
				last = max(last, t)
			}
		}
	}
	return last
}

// newtonSteps is far more than Newton's method takes on a convex function of so few pieces.
const newtonSteps = 50

// enlargeByPrices is enlarge by Newton's method from v, which is not too large: the least load φ(v) that has no room is
// convex in v, and falls there by the sum of the rows' duals times their slopes.
func (e *session) enlargeByPrices(ctx context.Context, m *model, g enlargement, v float64, last int) (*float64, int, error) {
	if err := e.by(true); err != nil {
		return nil, 0, err
	}
	x := m.withExtra(func(int) float64 { return 1 })
	scale := 1.0
	for _, u := range m.lp.RowUpper[m.lp.Paths*m.T:] {
		if !math.IsInf(u, 1) {
			scale = math.Max(scale, math.Abs(u))
		}
	}
	for range newtonSteps {
		x.lp = x.lp.clone()
		m.growing(g, func(row int32, base, slope float64) { x.lp.RowUpper[row] = base + v*slope })
		stage, _, err := e.leastExtra(ctx, x)
		if err != nil {
			return nil, 0, err
		}
		if stage.Objective <= 1e-9*scale {
			return &v, last, nil
		}
		fall := 0.0
		m.growing(g, func(row int32, _, slope float64) { fall -= stage.Duals[row] * slope })
		if fall <= 1e-12*scale {
			return nil, 0, nil
		}
		v += stage.Objective / fall
		last = m.lastPriced(stage.Duals)
	}
	return nil, 0, errNewton
}
