package optimize

import (
	"context"
	"fmt"
	"math"
	"slices"
)

// rounds is one solve of a guided Solver.
type rounds struct {
	g     *guided
	c     *coupled
	b     *bounder
	limit int

	prices    []float64
	base, now *flow  // the plan at the first prices; the restricted LP's
	cheapest  *flow  // every path's optimum at the present prices
	free      []bool // by source
	place     []VarStatus
	shared    []VarStatus
	boxes     []box
	boxed     bool // the boxes are in force
	restrict  restricted
	eps       float64 // how near a tie frees a source, of a unit's cost
	exchanges []exchange
	settled
	changed []int32 // paths that differ from those of the last solve; nil: any
	rest    bool    // the next solve may begin where this one ends
	rested  bool    // and can

	lower      float64 // the best bound,
	best       []float64
	upper      float64
	most       float64 // ceiling; 0: not yet worked out
	status     SolveStatus
	iterations int
	count      int
}

// newRounds begins a solve in the memory of the last one. rest: another one is likely to follow that differs in few paths.
func newRounds(g *guided, limit int, rest bool) *rounds {
	c, r := g.c, &g.c.memory
	r.g, r.c, r.limit, r.lower, r.upper, r.status = g, c, limit, math.Inf(-1), 0, LPOptimal
	r.iterations, r.count, r.boxed, r.most = 0, 0, false, 0
	r.changed, r.rest = nil, rest
	if r.rested {
		r.changed = g.changed
	}
	r.rested, g.changed = false, nil
	if r.b == nil {
		r.b, r.base, r.now, r.cheapest = &bounder{}, &flow{}, &flow{}, &flow{}
	}
	r.b.reset(c)
	if r.changed == nil {
		r.settled.reset(c)
	}
	r.prices, r.best = resized(r.prices, c.K), resized(r.best, c.K)
	for _, f := range []*flow{r.base, r.now, r.cheapest} {
		f.shared = resized(f.shared, len(c.shared))
		if r.changed == nil {
			f.x = resized(f.x, len(c.cost))
		}
	}
	if r.changed == nil {
		r.free = resized(r.free, len(c.cost))
	}
	r.place = resized(r.place, len(c.cost))
	r.shared, r.boxes = resized(r.shared, len(c.shared)), resized(r.boxes, c.K)
	for s := range r.restrict.kept {
		r.restrict.kept[s].free, r.restrict.kept[s].columns = 0, r.restrict.kept[s].columns[:0]
	}
	for i := range r.place {
		r.place[i] = unknownPlace
	}
	for i := range r.shared {
		r.shared[i] = unknownPlace
	}
	if r.eps = g.eps; r.eps == 0 {
		r.eps = tieShare
	}
	if len(r.exchanges) < r.b.chunks {
		r.exchanges = make([]exchange, r.b.chunks)
	}
	return r
}

// centre puts the boxes around the best prices.
func (r *rounds) centre() {
	for k := range r.boxes {
		b := &r.boxes[k]
		b.low, b.high = r.best[k]-b.width, r.best[k]+b.width
		if !r.c.equal[k] {
			b.low = max(0, b.low)
		}
	}
}

// run repeats rounds until the bounds meet.
func (r *rounds) run(ctx context.Context) error {
	largest := 1.0
	for k := range r.c.limit {
		if v := math.Abs(r.c.limit[k]); !math.IsInf(v, 1) {
			largest = max(largest, v)
		}
	}
	for r.count = 1; r.count <= maxRounds; r.count++ {
		left, err := r.restricted(ctx, overdrawn*largest)
		if err != nil {
			return err
		}
		if r.status != LPOptimal {
			return nil
		}
		added, lost, err := r.price(ctx)
		if err != nil {
			return err
		}
		gap := (r.upper - r.lower) / max(1, math.Abs(r.upper))
		switch {
		case left == 0 && (lost == 0 || gap <= exactGap || added == 0):
			if gap <= guidedGap {
				return nil
			}
			if added == 0 {
				return fmt.Errorf("%w: the price-guided bounds stay %.3g apart", ErrSolver, gap)
			}
		case left > 0 && r.count > feasibleRounds && r.lower > r.ceiling():
			r.status = LPInfeasible
			return nil
		}
		if r.boxed {
			r.centre()
		}
	}
	return fmt.Errorf("%w: no optimum within %d rounds", ErrSolver, maxRounds)
}

// price prices every path at the duals of the restricted LP and frees what that shows. Early duals overshoot, and what
// paths would do there is of no use later: while the bound does not rise, prices part of the way from the best
// ones to the duals are tried instead (Wentges 1997).
func (r *rounds) price(ctx context.Context) (added, lost int, err error) {
	duals := append([]float64(nil), r.prices...)
	for _, part := range []float64{1, 0.5, 0.2} {
		for k, v := range duals {
			r.prices[k] = r.best[k] + part*(v-r.best[k])
		}
		bound, err := r.bound(ctx)
		if err != nil {
			return 0, 0, err
		}
		if bound > r.lower {
			r.lower = bound
			copy(r.best, r.prices)
			break
		}
		if !r.boxed || bound >= r.upper-1e-9*math.Abs(r.upper) {
			break
		}
	}
	added, lost, err = r.dearer(ctx)
	if err != nil || added > 0 || slices.Equal(duals, r.prices) {
		return added, lost, err
	}
	copy(r.prices, duals)
	if _, err := r.bound(ctx); err != nil {
		return 0, 0, err
	}
	return r.dearer(ctx)
}

// restricted solves the restricted LP and takes its plan and prices. left is in how many rows a box column was used;
// their boxes grow.
func (r *rounds) restricted(ctx context.Context, tolerance float64) (left int, err error) {
	c, m := r.c, &r.restrict
	if !r.boxed {
		for k := range r.boxes {
			r.boxes[k].low, r.boxes[k].high = 0, 0
		}
	}
	if err := m.build(r); err != nil {
		return 0, err
	}
	sol, err := r.inner(ctx)
	if err != nil {
		return 0, err
	}
	r.iterations += sol.Iterations
	r.upper = m.fixed
	for j, i := range m.source[:m.box] {
		r.upper += m.lp.Cost[j] * sol.X[j]
		if i >= 0 {
			r.now.x[i] = max(0, min(c.room[i], sol.X[j]))
			r.place[i] = sol.Basis.Columns[j]
		}
	}
	for n := range c.shared {
		r.now.shared[n], r.shared[n] = sol.X[m.shared+n], sol.Basis.Columns[m.shared+n]
	}
	m.keep(c, sol.Basis)
	at := m.box
	for k, row := range m.rowAt {
		if row < 0 {
			continue
		}
		b := &r.boxes[k]
		over, under := sol.X[at], sol.X[at+1]
		b.over, b.under, b.known = sol.Basis.Columns[at], sol.Basis.Columns[at+1], true
		at += 2
		r.prices[k] = -sol.Duals[row]
		if !c.equal[k] {
			r.prices[k] = max(0, r.prices[k])
		}
		if over > tolerance || (under > tolerance && (b.low != 0 || c.equal[k])) {
			left++
			b.width *= boxGrowth
			if r.count >= leapRound && over > tolerance {
				b.width *= boxLeap / boxGrowth
			}
		}
	}
	return left, nil
}

// inner solves the restricted LP.
func (r *rounds) inner(ctx context.Context) (*Solution, error) {
	g, lp := r.g, &r.restrict.lp
	if len(lp.Index) == 0 { // nothing is limited and nothing contested
		return &Solution{X: make([]float64, lp.Columns()), Duals: make([]float64, lp.Rows()), Basis: r.restrict.basis.Clone()}, nil
	}
	if g.solver == nil {
		g.solver = g.inner()
	}
	if err := g.solver.Load(lp); err != nil {
		return nil, err
	}
	sol, err := g.solver.Solve(ctx, &r.restrict.basis, PrimalSimplex, r.limit)
	if err != nil {
		return nil, err
	}
	if sol.Status != LPOptimal {
		return nil, fmt.Errorf("%w: a restricted LP is %v", ErrSolver, sol.Status)
	}
	return sol, nil
}

// dearer counts the paths whose plan costs more at the present prices than it need and frees what their optimum does
// otherwise.
func (r *rounds) dearer(ctx context.Context) (added, lost int, err error) {
	c := r.c
	adds, losses := make([]int, r.b.chunks), make([]int, r.b.chunks)
	err = r.b.eachChunk(ctx, c.S, func(chunk, from, to int) {
		e := &r.exchanges[chunk]
		for s := from; s < to; s++ {
			if r.holds[s] {
				continue
			}
			cost := r.worth[s]
			if r.loose[s] {
				cost, _ = r.now.cost(c, s, r.prices)
			}
			if r.b.value[s] >= cost-pathLoss*(1+math.Abs(cost)) {
				continue
			}
			losses[chunk]++
			before := adds[chunk]
			for i := c.first[s*c.T]; i < c.first[(s+1)*c.T]; i++ {
				if !r.free[i] && math.Abs(r.cheapest.x[i]-r.base.x[i]) > 10*c.dust[s] {
					r.free[i] = true
					adds[chunk]++
				}
			}
			e.measure(c, s, r.prices, r.cheapest)
			adds[chunk] += e.free(c, s, r.prices, r.cheapest, laterShare*r.eps*r.unit[s], r.free)
			r.loose[s] = r.loose[s] || adds[chunk] > before
		}
	})
	for k := range adds {
		added, lost = added+adds[k], lost+losses[k]
	}
	return added, lost, err
}
