package optimize

import (
	"context"
	"math"
	"slices"
)

// ceiling is more than any flow without waste costs: a lower bound above it proves that there is none.
func (r *rounds) ceiling() float64 {
	if r.most > 0 {
		return r.most
	}
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
				total += math.Abs(c.cost[i]) * min(c.room[i], most)
			}
			k := &c.cuts[n]
			total += math.Abs(k.value)
			if k.ray >= 0 {
				total += math.Abs(k.left) * 2 * most
			}
			for i := k.first; i < k.last; i++ {
				total += math.Abs(c.piece[i].slope) * min(c.piece[i].length, 2*most)
			}
		}
	}
	for _, j := range c.shared {
		total += math.Abs(c.lp.Cost[j]) * (c.lp.Upper[j] - c.lp.Lower[j])
	}
	r.most = 2*total + 1
	return r.most
}

// solution writes the plan by columns, and the duals at the best prices.
func (r *rounds) solution(ctx context.Context) (*Solution, error) {
	c, lp := r.c, r.c.lp
	if !slices.Equal(r.prices, r.best) {
		copy(r.prices, r.best)
		if _, err := r.bound(ctx); err != nil {
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
	last := &lastFlow{x: sol.X, free: make([]bool, n)}
	for i, j := range c.column {
		last.free[j] = r.free[i]
	}
	r.g.last = last
	err := r.b.eachChunk(ctx, c.S, func(chunk, from, to int) {
		e := &r.exchanges[chunk]
		for s := from; s < to; s++ {
			flow := r.cheapest
			if r.holds[s] {
				flow = r.base
			}
			r.now.carried(c, s, sol.X)
			values := sol.Duals[s*c.T : (s+1)*c.T]
			if r.rest && !r.keepsStill(s, flow) || !e.worth(c, s, r.prices, flow, values) {
				e.measure(c, s, r.prices, flow)
				e.values(c, s, values)
			}
			if r.rest {
				r.resettle(e, s)
			}
		}
	})
	if err != nil {
		return nil, err
	}
	copy(r.anchor, r.prices)
	r.rested = r.rest
	for k, v := range r.prices {
		sol.Duals[c.S*c.T+k] = -v
	}
	sol.Objective = lp.Offset
	for j, cost := range lp.Cost {
		sol.Objective += cost * sol.X[j]
		for k := lp.Start[j]; k < lp.Start[j+1]; k++ {
			cost -= lp.Value[k] * sol.Duals[lp.Index[k]]
		}
		sol.Reduced[j] = cost
	}
	sol.Basis = &Basis{Prices: slices.Clone(r.prices)}
	return sol, nil
}
