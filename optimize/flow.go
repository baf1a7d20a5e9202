package optimize

import "math"

// flow is a plan of a coupled LP: what every source supplies above its lower bound, and how much every shared column
// is above its. The flow over each cut follows from what the nodes need.
type flow struct {
	x      []float64 // by source
	shared []float64
}

// cost of path s at prices, nil for none, and how far the flow is outside of the domain of a cut.
func (f *flow) cost(c *coupled, s int, prices []float64) (total, over float64) {
	total = c.base[s]
	level := 0.0
	for n := s * c.T; n < (s+1)*c.T; n++ {
		for i := c.first[n]; i < c.first[n+1]; i++ {
			if f.x[i] != 0 {
				v := c.cost[i]
				if prices != nil {
					v = c.price(i, prices)
				}
				total += f.x[i] * v
				level += f.x[i]
			}
		}
		level -= c.need[n]
		k := &c.cuts[n]
		low, high := c.domain(k)
		over = max(over, max(low-level, level-high))
		total += c.costOf(k, max(low, min(high, level)))
	}
	return total, over
}

// price is what a unit of source i costs.
func (c *coupled) price(i int32, prices []float64) float64 {
	v := c.cost[i]
	for k := c.entry[i]; k < c.entry[i+1]; k++ {
		v += c.amount[k] * prices[c.row[k]]
	}
	return v
}

// sharedPrice is the reduced cost of shared column j.
func (c *coupled) sharedPrice(j int32, prices []float64) float64 {
	v := c.lp.Cost[j]
	for k := c.lp.Start[j]; k < c.lp.Start[j+1]; k++ {
		v += c.lp.Value[k] * prices[int(c.lp.Index[k])-c.S*c.T]
	}
	return v
}

// atPrices is the part of the Lagrangian bound that belongs to no path: prices times room, shared columns at their
// better bound.
func (c *coupled) atPrices(prices []float64) float64 {
	total := c.offset
	for k, v := range prices {
		if v != 0 {
			total -= v * c.limit[k]
		}
	}
	for _, j := range c.shared {
		if v := c.sharedPrice(j, prices); v < 0 {
			total += v * (c.lp.Upper[j] - c.lp.Lower[j])
		}
	}
	for _, j := range c.idle {
		total += c.idleCost(j)
	}
	return total
}

// idleCost is the least that a column without entries costs.
func (c *coupled) idleCost(j int32) float64 {
	if c.lp.Cost[j] < 0 {
		return c.lp.Cost[j] * c.lp.Upper[j]
	}
	return c.lp.Cost[j] * c.lp.Lower[j]
}

// carried writes the flow over every cut of path s to its arcs.
func (f *flow) carried(c *coupled, s int, x []float64) {
	level := 0.0
	for n := s * c.T; n < (s+1)*c.T; n++ {
		for i := c.first[n]; i < c.first[n+1]; i++ {
			level += f.x[i]
		}
		level -= c.need[n]
		k := &c.cuts[n]
		d := level - k.anchor
		if d < 0 && k.ray >= 0 {
			x[k.ray] -= d
		}
		for i := k.first; i < k.last; i++ {
			p := &c.piece[i]
			take := max(0, min(d, p.length))
			if math.Abs(take-p.length) <= c.dust[s] {
				take = p.length
			}
			if p.backward {
				x[p.arc] += p.length - take
			} else {
				x[p.arc] += take
			}
			d -= p.length
		}
	}
}
