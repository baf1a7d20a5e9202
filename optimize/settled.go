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
	loose  []bool    // by path: it has a free source, so it may be elsewhere
	cost   []float64 // by path: of the base plan, without prices
	load   []float64 // by shared row: of the base plan
}

// reset forgets all paths.
func (d *settled) reset(c *coupled) {
	d.anchor, d.load, d.moved = resized(d.anchor, c.K), resized(d.load, c.K), 0
	d.margin, d.reach, d.cost = resized(d.margin, c.S), resized(d.reach, c.S), resized(d.cost, c.S)
	d.loose = resized(d.loose, c.S)
}

// still says whether the base plan of path s is its only optimum at the present prices.
func (d *settled) still(s int) bool { return !d.loose[s] && d.margin[s] > 2*d.reach[s]*d.moved }

// at notes the present prices.
func (d *settled) at(prices []float64) {
	d.moved = 0
	for k, v := range prices {
		d.moved = max(d.moved, math.Abs(v-d.anchor[k]))
	}
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

// take adds what path s uses of the shared rows to load.
func (f *flow) take(c *coupled, s int, load []float64) {
	for i := c.first[s*c.T]; i < c.first[(s+1)*c.T]; i++ {
		if q := f.x[i]; q != 0 {
			for k := c.entry[i]; k < c.entry[i+1]; k++ {
				load[c.row[k]] += c.amount[k] * q
			}
		}
	}
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
			if r.still(s) {
				sums[chunk] += r.cost[s]
				continue
			}
			r.base.take(c, s, moving)
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
