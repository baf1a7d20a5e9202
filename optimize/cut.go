package optimize

import (
	"fmt"
	"math"
)

// cut is the cost of the net flow from a node to the next one: a ray of slope left up to anchor, then pieces
// of rising slope. left = −Inf: the flow is at least anchor. It is at most where the pieces end.
type cut struct {
	anchor, left float64
	value        float64 // the cost at anchor
	first, last  int32   // pieces
	ray          int32   // the arc of the ray
}

// cutPiece is a stretch of a cut. Along it the arc's flow rises, or falls if it goes backward.
type cutPiece struct {
	slope, length float64
	arc           int32
	backward      bool
}

// cutOf joins the arcs of node n to a curve: the pieces of all, sorted by slope. An arc that goes backward is a
// piece of the negated slope along which its flow falls. What is cheaper than the ray to the left is always
// done, what is dearer than the ray to the right never. backward is by column, from the column from on.
func (c *coupled) cutOf(n, from int, arcs []int32, backward []bool) error {
	lp := c.lp
	back := func(j int32) bool { return backward[int(j)-from] }
	slopeOf := func(j int32) float64 {
		if back(j) {
			return -lp.Cost[j]
		}
		return lp.Cost[j]
	}
	k := cut{left: math.Inf(-1), first: int32(len(c.piece)), ray: -1}
	right, rightArc := math.Inf(1), int32(-1)
	for a, j := range arcs {
		for _, i := range arcs[:a] {
			if apart := slopeOf(j) - slopeOf(i); math.Abs(apart) <= nearTie {
				c.tied[n/c.T] = true
			}
		}
		if math.IsInf(lp.Upper[j], 1) {
			if back(j) && -lp.Cost[j] > k.left {
				k.left, k.ray = -lp.Cost[j], j
			} else if !back(j) && lp.Cost[j] < right {
				right, rightArc = lp.Cost[j], j
			}
		}
	}
	if k.left > right {
		return fmt.Errorf("optimize: flow between node %d and the next gains without end", n)
	}
	for _, j := range arcs {
		flow, sign := lp.Lower[j], 1.0
		room, slope := lp.Upper[j]-lp.Lower[j], slopeOf(j)
		if back(j) {
			sign = -1
		}
		switch {
		case room <= 0 || math.IsInf(room, 1):
		case back(j) && slope >= k.left: // full at the anchor
			flow += room
		case !back(j) && slope < k.left:
			flow += room
		}
		if flow > lp.Lower[j] && (slope < k.left || slope > right) {
			c.full = append(c.full, j)
		} else if room > 0 && !math.IsInf(room, 1) && slope >= k.left && slope <= right {
			c.piece = append(c.piece, cutPiece{slope, room, j, back(j)})
			for i := len(c.piece) - 1; i > int(k.first) && less(&c.piece[i], &c.piece[i-1]); i-- {
				c.piece[i], c.piece[i-1] = c.piece[i-1], c.piece[i]
			}
		}
		k.anchor += sign * flow
		k.value += lp.Cost[j] * flow
	}
	if rightArc >= 0 {
		c.piece = append(c.piece, cutPiece{right, math.Inf(1), rightArc, false})
	}
	k.last = int32(len(c.piece))
	c.dust[n/c.T] += dustShare * math.Abs(k.anchor)
	c.cuts = append(c.cuts, k)
	return nil
}

func less(a, b *cutPiece) bool {
	return a.slope < b.slope || (a.slope == b.slope && a.backward && !b.backward)
}

// cost of net flow x over cut k, which must be in its domain.
func (c *coupled) costOf(k *cut, x float64) float64 {
	v, d := k.value, x-k.anchor
	if d < 0 {
		if k.ray < 0 {
			return v
		}
		return v + k.left*d
	}
	for i := k.first; i < k.last && d > 0; i++ {
		p := &c.piece[i]
		if d <= p.length {
			return v + p.slope*d
		}
		v += p.slope * p.length
		d -= p.length
	}
	return v
}

// slopes are the left and the right slope of cut k at flow x: what one unit less saves and one more costs. −Inf
// and +Inf at the ends of the domain.
func (c *coupled) slopes(k *cut, x, dust float64) (low, high float64) {
	d := x - k.anchor
	if d < -dust {
		return k.left, k.left
	}
	low = k.left
	found := d <= dust
	for i := k.first; i < k.last; i++ {
		p := &c.piece[i]
		if !found {
			low = p.slope
		}
		if d < p.length-dust {
			return low, p.slope
		}
		d -= p.length
		found = found || d <= dust
	}
	return low, math.Inf(1)
}

// domain is where cut k's flow may be.
func (c *coupled) domain(k *cut) (low, high float64) {
	low, high = k.anchor, k.anchor
	if k.ray >= 0 {
		low = math.Inf(-1)
	}
	for i := k.first; i < k.last; i++ {
		high += c.piece[i].length
	}
	return low, high
}
