package optimize

import (
	"math"
	"slices"
)

// exchange says, for an optimal flow on one path, what one more and one less unit at every node is worth. Both are
// shortest distances on the path: one more unit at n comes from a source there that has room, or from a
// neighbour over a cut, which costs the cut's slope. From these come the values of the nodes (duals of the stock
// rows), and which sources nearly take part in a swap without loss.
//
// A source must not be swapped with itself, nor with a twin that differs in cost only, so each distance is kept with
// the source it ends at, and a second one that ends at another.
type exchange struct {
	more, less []nearest // by node and one beyond, where what is left over ends at cost 0
	level      []float64 // flow over the cut behind each node
	back       []float64 // what a unit less over it saves
	value      []float64 // of the nodes
	end        float64   // flow over the last cut, of worth
	forced     []int     // nodes whose value only has a ceiling
}

// nearest is the least distance and the least to another source. Outside is the end of the path.
type nearest struct {
	cost, cost2     float64
	source, source2 int32
}

const (
	nobody  = -1
	outside = -2
)

var unreachable = nearest{math.Inf(1), math.Inf(1), nobody, nobody}

func (a *nearest) put(cost float64, source int32) {
	switch {
	case source == nobody:
	case source == a.source:
		a.cost = min(a.cost, cost)
	case cost < a.cost:
		a.cost2, a.source2 = a.cost, a.source
		a.cost, a.source = cost, source
	case cost < a.cost2:
		a.cost2, a.source2 = cost, source
	}
}

// over adds what is reached from b at a further cost.
func (a *nearest) over(b *nearest, cost float64) {
	if math.IsInf(cost, 1) {
		return
	}
	a.put(b.cost+cost, b.source)
	a.put(b.cost2+cost, b.source2)
}

// but is the least distance to another source than i.
func (a *nearest) but(i int32) float64 {
	if a.source == i {
		return a.cost2
	}
	return a.cost
}

// measure works out path s of an optimal flow at prices.
func (e *exchange) measure(c *coupled, s int, prices []float64, f *flow) {
	T, dust := c.T, c.dust[s]
	e.more, e.less, e.level = e.more[:0], e.less[:0], resized(e.level, T)
	level := 0.0
	for t := range T {
		n := s*T + t
		more, less := unreachable, unreachable
		for i := c.first[n]; i < c.first[n+1]; i++ {
			v := c.price(i, prices)
			if f.x[i] < c.room[i]-dust {
				more.put(v, c.twin[i])
			}
			if f.x[i] > dust {
				less.put(-v, c.twin[i])
			}
			level += f.x[i]
		}
		level -= c.need[n]
		e.level[t] = level
		e.more, e.less = append(e.more, more), append(e.less, less)
	}
	end := unreachable
	end.put(0, outside)
	e.more, e.less = append(e.more, end), append(e.less, end)
	for t := range T {
		low, high := c.slopes(&c.cuts[s*T+t], e.level[t], dust)
		e.more[t+1].over(&e.more[t], high)
		e.less[t+1].over(&e.less[t], -low)
	}
	for t := T - 1; t >= 0; t-- {
		low, high := c.slopes(&c.cuts[s*T+t], e.level[t], dust)
		e.more[t].over(&e.more[t+1], -low)
		e.less[t].over(&e.less[t+1], high)
	}
}

// free marks the sources of path s that a swap within tolerance of no loss would change. It returns how many are
// marked afresh.
func (e *exchange) free(c *coupled, s int, prices []float64, f *flow, tolerance float64, marked []bool) (n int) {
	dust := c.dust[s]
	for t := range c.T {
		node := s*c.T + t
		for i := c.first[node]; i < c.first[node+1]; i++ {
			if marked[i] {
				continue
			}
			v := c.price(i, prices)
			if (f.x[i] < c.room[i]-dust && v+e.less[t].but(c.twin[i]) <= tolerance && !math.IsInf(e.less[t].but(c.twin[i]), 1)) ||
				(f.x[i] > dust && e.more[t].but(c.twin[i])-v <= tolerance && !math.IsInf(e.more[t].but(c.twin[i]), 1)) {
				marked[i] = true
				n++
			}
		}
	}
	return n
}

// values writes what one more unit needed costs at every node of path s; where none can be had, a value that is
// valid with the others.
func (e *exchange) values(c *coupled, s int, dst []float64) {
	T, dust := c.T, c.dust[s]
	for t := range T {
		dst[t] = e.more[t].cost
		if math.IsInf(dst[t], 1) {
			dst[t] = -e.less[t].cost
			if t > 0 {
				low, _ := c.slopes(&c.cuts[s*T+t-1], e.level[t-1], dust)
				dst[t] = max(dst[t], dst[t-1]+low)
			}
		}
	}
	for t := T - 1; t >= 0; t-- {
		if !math.IsInf(e.more[t].cost, 1) {
			continue
		}
		if t+1 < T {
			_, high := c.slopes(&c.cuts[s*T+t], e.level[t], dust)
			dst[t] = max(dst[t], dst[t+1]-high)
		}
	}
	e.ceilings(c, s, dst)
}

// worth is measure and values where nothing is asked but the values: one distance a node instead of four. It says no where a unit
// cannot be had at every node.
func (e *exchange) worth(c *coupled, s int, prices []float64, f *flow, dst []float64) bool {
	T, dust := c.T, c.dust[s]
	e.back = e.back[:0]
	level, carried := 0.0, math.Inf(1) // carried: the cheapest unit from before
	for t := range T {
		n := s*T + t
		least := carried
		for i := c.first[n]; i < c.first[n+1]; i++ {
			if f.x[i] < c.room[i]-dust {
				least = min(least, c.price(i, prices))
			}
			level += f.x[i]
		}
		level -= c.need[n]
		low, high := c.slopes(&c.cuts[n], level, dust)
		e.back = append(e.back, low)
		dst[t], carried = least, least+high
	}
	e.end = level
	after := min(carried, 0)
	for t := T - 1; t >= 0; t-- {
		dst[t] = min(dst[t], after-e.back[t])
		if math.IsInf(dst[t], 1) {
			return false
		}
		after = dst[t]
	}
	return true
}

// proves says whether the values that worth has just written to value prove flow f of path s optimal: what supplies must not cost
// more than it is worth, nor what is left over behind the last node. That nothing costs less than it is worth is how they are made.
func (e *exchange) proves(c *coupled, s int, prices []float64, f *flow) bool {
	dust := c.dust[s]
	for t, worth := range e.value {
		n := s*c.T + t
		for i := c.first[n]; i < c.first[n+1]; i++ {
			if f.x[i] > dust && c.price(i, prices) > worth {
				return false
			}
		}
	}
	n := (s+1)*c.T - 1
	_, high := c.slopes(&c.cuts[n], e.end, dust)
	return e.value[c.T-1]+high >= 0
}

// ceilings writes the values of nodes where a unit can neither be had nor spared, given as −Inf: their neighbours bound
// them from above, and nothing from below.
func (e *exchange) ceilings(c *coupled, s int, dst []float64) {
	T, dust := c.T, c.dust[s]
	e.forced = e.forced[:0]
	for t := range T {
		if !math.IsInf(dst[t], -1) {
			continue
		}
		e.forced = append(e.forced, t)
		dst[t] = 0
		if t > 0 {
			_, high := c.slopes(&c.cuts[s*T+t-1], e.level[t-1], dust)
			dst[t] = min(0, dst[t-1]+high)
		}
	}
	for _, t := range slices.Backward(e.forced) {
		low, _ := c.slopes(&c.cuts[s*T+t], e.level[t], dust)
		behind := 0.0
		if t+1 < T {
			behind = dst[t+1]
		}
		dst[t] = min(dst[t], behind-low)
	}
}
