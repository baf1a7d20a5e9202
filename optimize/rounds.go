package optimize

import (
	"context"
	"errors"
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
	tolerance []float64 // by path: how near is a tie
	exchanges []exchange

	lower      float64 // the best bound,
	best       []float64
	upper      float64
	status     SolveStatus
	iterations int
	count      int
}

func newRounds(g *guided, limit int) *rounds {
	c := g.c
	r := &rounds{g: g, c: c, b: newBounder(c), limit: limit, lower: math.Inf(-1)}
	r.prices, r.best = make([]float64, c.K), make([]float64, c.K)
	r.base, r.now, r.cheapest = newFlow(c), newFlow(c), newFlow(c)
	r.free, r.place = make([]bool, len(c.cost)), make([]VarStatus, len(c.cost))
	r.shared, r.boxes = make([]VarStatus, len(c.shared)), make([]box, c.K)
	for i := range r.place {
		r.place[i] = unknownPlace
	}
	for i := range r.shared {
		r.shared[i] = unknownPlace
	}
	r.exchanges = make([]exchange, r.b.chunks)
	return r
}

// begin finds the plan and the prices to begin with, and what is free.
func (r *rounds) begin(ctx context.Context, resume, priced bool) error {
	if priced || !resume || r.g.last == nil || !r.resume() {
		return r.fresh(ctx, priced)
	}
	clear(r.prices)
	// Everything that could be swapped is free if that is little: then one round will do.
	last := append([]bool(nil), r.free...)
	clear(r.free)
	n, err := r.contested(ctx, r.base, math.Inf(1))
	if err != nil {
		return err
	}
	if n > freeAll {
		copy(r.free, last)
	}
	return nil
}

// resume takes the last plan, if it keeps to the present bounds.
func (r *rounds) resume() bool {
	c, last := r.c, r.g.last
	for i, j := range c.column {
		r.now.x[i] = math.Max(0, math.Min(c.room[i], last.x[j]-c.lp.Lower[j]))
		r.free[i] = last.free[j]
	}
	for m, j := range c.shared {
		r.now.shared[m] = math.Max(0, math.Min(c.lp.Upper[j], last.x[j])-c.lp.Lower[j])
	}
	none := make([]float64, c.K)
	for s := range c.S {
		if _, over := r.now.cost(c, s, none); over > 10*c.dust[s] {
			return false
		}
	}
	copy(r.base.x, r.now.x)
	copy(r.base.shared, r.now.shared)
	return true
}

// fresh begins with every path's optimum at first prices.
func (r *rounds) fresh(ctx context.Context, priced bool) error {
	clear(r.free)
	var err error
	if !priced {
		err = r.b.firstPrices(ctx, r.prices)
	}
	if err == nil {
		r.lower, err = r.b.at(ctx, r.prices, r.base)
	}
	if err == nil && priced && r.b.miss(r.prices, r.lower) > staleMiss {
		if err = r.b.climb(ctx, r.prices, wholeLooks); err == nil {
			r.lower, err = r.b.at(ctx, r.prices, r.base)
		}
	}
	if err != nil {
		return err
	}
	if math.IsInf(r.lower, 1) {
		r.status = LPInfeasible
		return errors.New("a path has no flow")
	}
	copy(r.best, r.prices)
	copy(r.now.x, r.base.x)
	copy(r.now.shared, r.base.shared)
	r.setBoxes()
	if r.g.eps == 0 {
		r.g.eps = tieShare
	}
	_, err = r.contested(ctx, r.base, r.g.eps)
	return err
}

// setBoxes puts a box around every price.
func (r *rounds) setBoxes() {
	mean, unit := 0.0, r.c.unitOfRoom()
	for _, v := range r.prices {
		mean += math.Abs(v) / float64(len(r.prices))
	}
	for k := range r.boxes {
		r.boxes[k].width = boxShare*(mean+math.Abs(r.prices[k])) + boxFloor*unit + 1e-6
	}
	r.boxed = true
	r.centre()
}

// centre puts the boxes around the best prices.
func (r *rounds) centre() {
	for k := range r.boxes {
		b := &r.boxes[k]
		b.low, b.high = r.best[k]-b.width, r.best[k]+b.width
		if !r.c.equal[k] {
			b.low = math.Max(0, b.low)
		}
	}
}

// contested frees the sources that a swap near no loss would change in a plan that is optimal for every path at the
// present prices. share is how near, of a unit's cost; infinite: any swap that is possible.
func (r *rounds) contested(ctx context.Context, f *flow, share float64) (int, error) {
	c := r.c
	if r.tolerance == nil {
		r.tolerance = r.unitCosts()
	}
	found := make([]int, r.b.chunks)
	err := r.b.eachChunk(ctx, c.S, func(chunk, from, to int) {
		e := &r.exchanges[chunk]
		for s := from; s < to; s++ {
			near := share
			if !math.IsInf(share, 1) {
				near *= r.tolerance[s]
			}
			e.measure(c, s, r.prices, f)
			found[chunk] += e.free(c, s, r.prices, f, near, r.free)
		}
	})
	n := 0
	for _, m := range found {
		n += m
	}
	return n, err
}

// unitCosts is the least cost of a source of every path that uses shared rows, and where that is 0, of any.
func (r *rounds) unitCosts() []float64 {
	c := r.c
	unit := make([]float64, c.S)
	for s := range c.S {
		least, any := math.Inf(1), math.Inf(1)
		for i := c.first[s*c.T]; i < c.first[(s+1)*c.T]; i++ {
			if v := math.Abs(c.cost[i]); v > 0 {
				any = math.Min(any, v)
				if c.entry[i] < c.entry[i+1] {
					least = math.Min(least, v)
				}
			}
		}
		if unit[s] = math.Min(least, any); math.IsInf(unit[s], 1) {
			unit[s] = 1e-3
		}
	}
	return unit
}

// run repeats rounds until the bounds meet.
func (r *rounds) run(ctx context.Context) error {
	largest := 1.0
	for k := range r.c.limit {
		if v := math.Abs(r.c.limit[k]); !math.IsInf(v, 1) {
			largest = math.Max(largest, v)
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
		gap := (r.upper - r.lower) / math.Max(1, math.Abs(r.upper))
		switch {
		case left == 0 && (lost == 0 || gap <= exactGap || added == 0):
			if gap <= guidedGap {
				return nil
			}
			if added == 0 {
				return fmt.Errorf("%w: the price-guided bounds stay %.3g apart", ErrSolver, gap)
			}
		case left > 0 && r.lower > r.ceiling():
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
		bound, err := r.b.at(ctx, r.prices, r.cheapest)
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
	if _, err := r.b.at(ctx, r.prices, r.cheapest); err != nil {
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
	if err := m.build(c, r.base, r.now, r.free, r.boxes, r.boxed, r.place, r.shared); err != nil {
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
			r.now.x[i] = math.Max(0, math.Min(c.room[i], sol.X[j]))
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
			r.prices[k] = math.Max(0, r.prices[k])
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
			cost, _ := r.now.cost(c, s, r.prices)
			if r.b.value[s] >= cost-pathGap10*(1+math.Abs(cost)) {
				continue
			}
			losses[chunk]++
			for i := c.first[s*c.T]; i < c.first[(s+1)*c.T]; i++ {
				if !r.free[i] && math.Abs(r.cheapest.x[i]-r.base.x[i]) > 10*c.dust[s] {
					r.free[i] = true
					adds[chunk]++
				}
			}
			e.measure(c, s, r.prices, r.cheapest)
			adds[chunk] += e.free(c, s, r.prices, r.cheapest, laterShare*r.g.eps*r.tolerance[s], r.free)
		}
	})
	for k := range adds {
		added, lost = added+adds[k], lost+losses[k]
	}
	return added, lost, err
}

// ceiling is more than any flow without waste costs: a lower bound above it proves that there is none.
func (r *rounds) ceiling() float64 {
	c := r.c
	total := math.Abs(c.offset)
	for s := range c.S {
		most := 0.0
		for n := s * c.T; n < (s+1)*c.T; n++ {
			most += math.Abs(c.need[n]) + math.Abs(c.cuts[n].anchor)
		}
		total += math.Abs(c.base[s])
		for n := s * c.T; n < (s+1)*c.T; n++ {
			for i := c.first[n]; i < c.first[n+1]; i++ {
				total += math.Abs(c.cost[i]) * math.Min(c.room[i], most)
			}
			k := &c.cuts[n]
			total += math.Abs(k.value)
			if k.ray >= 0 {
				total += math.Abs(k.left) * 2 * most
			}
			for i := k.first; i < k.last; i++ {
				total += math.Abs(c.piece[i].slope) * math.Min(c.piece[i].length, 2*most)
			}
		}
	}
	for _, j := range c.shared {
		total += math.Abs(c.lp.Cost[j]) * (c.lp.Upper[j] - c.lp.Lower[j])
	}
	return 2*total + 1
}

// solution writes the plan by columns, and the duals at the best prices.
func (r *rounds) solution(ctx context.Context) (*Solution, error) {
	c, lp := r.c, r.c.lp
	if !slices.Equal(r.prices, r.best) {
		copy(r.prices, r.best)
		if _, err := r.b.at(ctx, r.prices, r.cheapest); err != nil {
			return nil, err
		}
	}
	n, m := lp.Columns(), lp.Rows()
	flat := make([]float64, 2*n+m)
	sol := &Solution{X: flat[:n:n], Reduced: flat[n : 2*n : 2*n], Duals: flat[2*n:], Iterations: r.iterations}
	copy(sol.X, lp.Lower)
	for i, j := range c.column {
		sol.X[j] += r.now.x[i]
	}
	for k, j := range c.shared {
		sol.X[j] += r.now.shared[k]
	}
	for _, j := range c.idle {
		if lp.Cost[j] < 0 {
			sol.X[j] = lp.Upper[j]
		}
	}
	for _, j := range c.full {
		sol.X[j] = lp.Upper[j]
	}
	err := r.b.eachChunk(ctx, c.S, func(chunk, from, to int) {
		e := &r.exchanges[chunk]
		for s := from; s < to; s++ {
			e.measure(c, s, r.prices, r.cheapest)
			e.values(c, s, sol.Duals[s*c.T:(s+1)*c.T])
			r.now.carried(c, s, sol.X)
		}
	})
	if err != nil {
		return nil, err
	}
	for k, v := range r.prices {
		sol.Duals[c.S*c.T+k] = -v
	}
	last := &lastFlow{x: append([]float64(nil), sol.X...), free: make([]bool, n)}
	for i, j := range c.column {
		last.free[j] = r.free[i]
	}
	r.g.last = last
	sol.Objective = lp.Offset
	for j, cost := range lp.Cost {
		sol.Objective += cost * sol.X[j]
		for k := lp.Start[j]; k < lp.Start[j+1]; k++ {
			cost -= lp.Value[k] * sol.Duals[lp.Index[k]]
		}
		sol.Reduced[j] = cost
	}
	sol.Basis = &Basis{Prices: r.prices}
	return sol, nil
}
