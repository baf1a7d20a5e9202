package optimize

import (
	"context"
	"math"
)

// settled knows which paths need no second look while prices move. In the base plan every path is at its optimum at the
// anchor prices. Another flow differs from it by swaps: a unit more of one source, a unit less of another or out of the
// path, and what is carried between them. The latter does not depend on prices, so if each price moves by at
// most m, a swap costs at most 2·reach·m less, and the base plan stays the only optimum of a path while that is below its
// margin. Twins move alike. Then its cost is that of the base plan and of its load, and no oracle has to be asked.
type settled struct {
	anchor []float64
	moved  float64   // how far the present prices are from it
	margin []float64 // by path: the least that a swap loses; 0: too little, or unknown
	reach  []float64 // by path: the most that a unit of a source takes of the shared rows
	unit   []float64 // by path: what a unit costs
	loose  []bool    // by path: it has a free source, so it may be elsewhere
	cost   []float64 // by path: of the base plan, without prices
	worth  []float64 // by path without a free source: the same at the prices of the last bound, unless it holds there
	holds  []bool    // by path: at those prices its optimum is the base plan
	load   []float64 // by shared row: of the base plan
}

// reset forgets all paths.
func (d *settled) reset(c *coupled) {
	d.anchor, d.load, d.moved = resized(d.anchor, c.K), resized(d.load, c.K), 0
	d.margin, d.reach, d.cost, d.unit = resized(d.margin, c.S), resized(d.reach, c.S), resized(d.cost, c.S), resized(d.unit, c.S)
	d.loose, d.worth, d.holds = resized(d.loose, c.S), resized(d.worth, c.S), resized(d.holds, c.S)
}

// know takes what does not depend on prices of path s and its base plan.
func (d *settled) know(c *coupled, s int, base *flow) {
	d.unit[s], d.reach[s] = c.unitCost(s), c.reachOf(s)
	d.cost[s], _ = base.cost(c, s, nil)
}

// still says whether the base plan of path s is its only optimum at the present prices.
func (d *settled) still(s int) bool { return !d.loose[s] && d.margin[s] > 2*d.reach[s]*d.moved }

// bears is still, with what prices have moved by for each of the path's sources.
func (d *settled) bears(c *coupled, s int, prices []float64) bool {
	least, most := 0.0, 0.0
	for i := c.first[s*c.T]; i < c.first[(s+1)*c.T]; i++ {
		by := 0.0
		for k := c.entry[i]; k < c.entry[i+1]; k++ {
			row := c.row[k]
			by += c.amount[k] * (prices[row] - d.anchor[row])
		}
		least, most = min(least, by), max(most, by)
	}
	return d.margin[s] > most-least
}

// holdMargin is the least loss of a unit, of what a unit costs, with which no swap pays for rounding errors.
const holdMargin = 1e-9

// hold says whether the base plan of path s, which was its only optimum at the anchor, is its optimum at the present prices:
// they have moved too little, or every swap has been looked at and none pays. That is a fraction of the oracle's work, but
// where the oracle is a running best.
func (r *rounds) hold(e *exchange, s int) bool {
	switch {
	case r.loose[s] || r.margin[s] <= 0:
		return false
	case r.still(s) || r.bears(r.c, s, r.prices):
		return true
	case r.c.plain[s]:
		return false
	}
	e.value = resized(e.value, r.c.T)
	if e.worth(r.c, s, r.prices, r.base, e.value) {
		return e.proves(r.c, s, r.prices, r.base)
	}
	e.measure(r.c, s, r.prices, r.base)
	return e.margin(r.c, s, r.prices, r.base) > holdMargin*r.unit[s]
}

// at notes the present prices.
func (d *settled) at(prices []float64) {
	d.moved = 0
	for k, v := range prices {
		d.moved = max(d.moved, math.Abs(v-d.anchor[k]))
	}
}

// only says whether the base plan of path s is the only optimum at the anchor prices although reduced costs are
// known to tolerance alone.
func (r *rounds) only(s int, tolerance float64) bool {
	most := float64(2*r.c.T+2) * tolerance // of a swap
	return r.rested && !r.loose[s] && !r.c.tied[s] && r.margin[s] > most && most <= nearTie
}

// margin is the least that a swap loses of a flow that has been measured at prices, as [exchange.free] understands it.
func (e *exchange) margin(c *coupled, s int, prices []float64, f *flow) float64 {
	dust, least := c.dust[s], math.Inf(1)
	for t := range c.T {
		node := s*c.T + t
		for i := c.first[node]; i < c.first[node+1]; i++ {
			v := c.price(i, prices)
			if f.x[i] < c.room[i]-dust {
				least = min(least, v+e.less[t].but(c.twin[i]))
			}
			if f.x[i] > dust {
				least = min(least, e.more[t].but(c.twin[i])-v)
			}
		}
	}
	return least
}

// reachOf is the most that a unit of a source of path s takes of the shared rows.
func (c *coupled) reachOf(s int) float64 {
	most := 0.0
	for i := c.first[s*c.T]; i < c.first[(s+1)*c.T]; i++ {
		sum := 0.0
		for k := c.entry[i]; k < c.entry[i+1]; k++ {
			sum += math.Abs(c.amount[k])
		}
		most = max(most, sum)
	}
	return most
}

// take adds what path s uses of the shared rows to load. It returns what that is worth at prices.
func (f *flow) take(c *coupled, s int, prices, load []float64) (worth float64) {
	for i := c.first[s*c.T]; i < c.first[(s+1)*c.T]; i++ {
		if q := f.x[i]; q != 0 {
			for k := c.entry[i]; k < c.entry[i+1]; k++ {
				used := c.amount[k] * q
				load[c.row[k]] += used
				worth += used * prices[c.row[k]]
			}
		}
	}
	return worth
}

// settle frees the sources that a swap near no loss would change in the base plan, which is optimal for every path at
// the present prices, and settles the other paths. share is how near, of a unit's cost; infinite: any swap that is possible.
func (r *rounds) settle(ctx context.Context, share float64) (freed int, err error) {
	c, found := r.c, make([]int, r.b.chunks)
	err = r.b.eachChunk(ctx, c.S, func(chunk, from, to int) {
		e := &r.exchanges[chunk]
		for s := from; s < to; s++ {
			e.measure(c, s, r.prices, r.base)
			r.know(c, s, r.base)
			found[chunk] += r.settlePath(e, s, share)
		}
	})
	copy(r.anchor, r.prices)
	for _, n := range found {
		freed += n
	}
	return freed, err
}

// settlePath is settle for a path of the base plan that has just been measured and has nothing free.
func (r *rounds) settlePath(e *exchange, s int, share float64) (freed int) {
	c := r.c
	near, margin := share, 0.0
	if !math.IsInf(share, 1) {
		near *= r.unit[s]
		margin = e.margin(c, s, r.prices, r.base)
	}
	if r.margin[s] = margin; margin <= near {
		freed, r.margin[s] = e.free(c, s, r.prices, r.base, near, r.free), 0
	}
	r.loose[s] = freed > 0
	return freed
}

// keepsStill notes flow, which is the optimum of path s at the present prices, as its base plan there. It says whether the path
// needs no resettling.
func (r *rounds) keepsStill(s int, flow *flow) bool {
	c := r.c
	if r.still(s) {
		r.margin[s] -= 2 * r.reach[s] * r.moved
	} else {
		r.margin[s] = 0
	}
	if flow != r.base {
		first, last := c.first[s*c.T], c.first[(s+1)*c.T]
		copy(r.base.x[first:last], flow.x[first:last])
		clear(r.free[first:last])
		r.cost[s], _ = r.base.cost(c, s, nil)
	}
	return r.margin[s] > r.eps*r.unit[s]
}

// resettle is settlePath for a path that has been measured at the present prices and whose margin there is at least what is noted.
func (r *rounds) resettle(e *exchange, s int) {
	if r.margin[s] <= r.eps*r.unit[s] {
		r.settlePath(e, s, r.eps)
	}
}

// loads adds up the load of the base plan.
func (r *rounds) loads(ctx context.Context) error {
	err := r.b.eachChunk(ctx, r.c.S, func(chunk, from, to int) {
		load := r.b.loads[chunk]
		clear(load)
		for s := from; s < to; s++ {
			r.base.take(r.c, s, r.prices, load)
		}
	})
	clear(r.load)
	for _, load := range r.b.loads {
		for k, v := range load {
			r.load[k] += v
		}
	}
	return err
}

// revisit makes the base plan that of the present prices, which are the anchor: only paths that have changed are not settled
// at them. It returns the bound.
func (r *rounds) revisit(ctx context.Context) (float64, error) {
	c, b, x := r.c, r.b, r.base.x
	use := func(i int32, q float64) { x[i] = min(c.room[i], x[i]+q) }
	err := b.eachChunk(ctx, len(r.changed), func(chunk, from, to int) {
		e := &r.exchanges[chunk]
		for _, s := range r.changed[from:to] {
			first, last := c.first[int(s)*c.T], c.first[(int(s)+1)*c.T]
			clear(x[first:last])
			clear(r.free[first:last])
			b.value[s] = b.oracles[chunk].solve(c, int(s), r.prices, use)
			e.measure(c, int(s), r.prices, r.base)
			r.know(c, int(s), r.base)
			r.settlePath(e, int(s), r.eps)
		}
	})
	if err == nil {
		err = r.loads(ctx)
	}
	if err != nil {
		return 0, err
	}
	for _, s := range r.changed {
		if math.IsInf(b.value[s], 0) {
			return b.value[s], nil
		}
	}
	total := c.atPrices(r.prices)
	for _, v := range r.cost {
		total += v
	}
	for k, v := range r.prices {
		total += v * r.load[k]
	}
	copy(b.load, r.load)
	for m, j := range c.shared {
		r.base.shared[m] = 0
		if c.sharedPrice(j, r.prices) < 0 {
			r.base.shared[m] = c.lp.Upper[j] - c.lp.Lower[j]
			c.addShared(j, r.base.shared[m], b.load)
		}
	}
	return total, nil
}

// bound is the Lagrangian bound at the present prices. It finds the cheapest flow of every path that is not settled there.
func (r *rounds) bound(ctx context.Context) (float64, error) {
	c, b := r.c, r.b
	r.settled.at(r.prices)
	sums := make([]float64, b.chunks)
	err := b.eachChunk(ctx, c.S, func(chunk, from, to int) {
		moving, x := b.loads[chunk], r.cheapest.x // moving: the load of paths that are not settled
		clear(moving)
		use := func(i int32, q float64) { x[i] = min(c.room[i], x[i]+q) }
		for s := from; s < to; s++ {
			if r.holds[s] = r.hold(&r.exchanges[chunk], s); r.holds[s] {
				sums[chunk] += r.cost[s]
				continue
			}
			r.worth[s] = r.cost[s] + r.base.take(c, s, r.prices, moving)
			clear(x[c.first[s*c.T]:c.first[(s+1)*c.T]])
			b.value[s] = b.oracles[chunk].solve(c, s, r.prices, use)
			sums[chunk] += b.value[s]
		}
	})
	if err != nil {
		return 0, err
	}
	total := c.atPrices(r.prices)
	for _, v := range sums {
		total += v
	}
	for k, v := range r.prices {
		if v == 0 {
			continue
		}
		load := r.load[k]
		for _, moving := range b.loads {
			load -= moving[k]
		}
		total += v * load
	}
	return total, nil
}
