package optimize

import (
	"context"
	"errors"
	"math"
	"slices"
)

// startAt takes prices of earlier duals where they are valid.
func (r *rounds) startAt(prices []float64) {
	for k, v := range prices {
		if !math.IsNaN(v) && !math.IsInf(v, 0) && !math.IsInf(r.c.limit[k], 1) && (v > 0 || r.c.equal[k]) {
			r.prices[k] = v
		}
	}
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
	n, err := r.settle(ctx, math.Inf(1))
	if err == nil {
		err = r.loads(ctx)
	}
	if err != nil {
		return err
	}
	if n > freeAll {
		copy(r.free, last)
		for s := range r.c.S {
			r.loose[s] = slices.Contains(r.free[r.c.first[s*r.c.T]:r.c.first[(s+1)*r.c.T]], true)
		}
	}
	return nil
}

// resume takes the last plan, if it keeps to the present bounds.
func (r *rounds) resume() bool {
	c, last := r.c, r.g.last
	for i, j := range c.column {
		r.now.x[i] = max(0, min(c.room[i], last.x[j]-c.lp.Lower[j]))
		r.free[i] = last.free[j]
	}
	for m, j := range c.shared {
		r.now.shared[m] = max(0, min(c.lp.Upper[j], last.x[j])-c.lp.Lower[j])
	}
	for s := range c.S {
		if _, over := r.now.cost(c, s, nil); over > 10*c.dust[s] {
			return false
		}
	}
	copy(r.base.x, r.now.x)
	copy(r.base.shared, r.now.shared)
	return true
}

// fresh begins with every path's optimum at first prices. Where they are those that the last solve ended with, only paths
// that have changed have another one.
func (r *rounds) fresh(ctx context.Context, priced bool) error {
	var err error
	if !priced {
		err = r.b.firstPrices(ctx, r.prices)
	}
	again := priced && r.changed != nil && slices.Equal(r.prices, r.anchor)
	if err == nil && again {
		r.lower, err = r.revisit(ctx)
	} else if err == nil {
		r.lower, err = r.b.at(ctx, r.prices, r.base)
	}
	if err == nil && priced && r.b.miss(r.prices, r.lower) > staleMiss {
		again = false
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
	if again {
		return nil
	}
	clear(r.free)
	if _, err = r.settle(ctx, r.eps); err != nil {
		return err
	}
	return r.loads(ctx)
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

// unitCost is the least cost of a source of path s that uses shared rows, and where that is 0, of any.
func (c *coupled) unitCost(s int) float64 {
	least, any := math.Inf(1), math.Inf(1)
	for i := c.first[s*c.T]; i < c.first[(s+1)*c.T]; i++ {
		if v := math.Abs(c.cost[i]); v > 0 {
			any = min(any, v)
			if c.entry[i] < c.entry[i+1] {
				least = min(least, v)
			}
		}
	}
	if least = min(least, any); math.IsInf(least, 1) {
		return 1e-3
	}
	return least
}
