package optimize

import "math"

// curve is a convex piecewise linear function of one flow: a ray to the left of from, pieces with rising
// slopes one after the other from there, a ray to the right. left = −Inf and right = +Inf mean that
// the domain ends there. The height of the curve is not kept: only slopes matter.
type curve struct {
	from, left, right float64
	pieces            []piece
	leftArc, rightArc int32 // the arcs of the rays, −1 where they belong to the carried flow

	// carried is set by join: the flow carried into the node when the curve's flow is from.
	carried float64
}

// piece is a stretch of a curve. arc is the column that moves along it; −1: the flow carried into the node.
type piece struct {
	slope, length float64
	arc           int32
}

func (c *curve) reset() {
	c.from, c.carried, c.left, c.right = 0, 0, math.Inf(-1), math.Inf(1)
	c.leftArc, c.rightArc = -1, -1
	c.pieces = c.pieces[:0]
}

// add adds an arc that can carry room at cost each: forward it moves the flow up, backward down.
func (c *curve) add(arc int32, forward bool, cost, room float64) {
	switch {
	case forward && math.IsInf(room, 1):
		if cost < c.right {
			c.right, c.rightArc = cost, arc
		}
		return
	case math.IsInf(room, 1):
		if -cost > c.left {
			c.left, c.leftArc = -cost, arc
		}
		return
	case !forward:
		cost = -cost
		c.from -= room
	}
	if room == 0 {
		return
	}
	c.pieces = append(c.pieces, piece{cost, room, arc})
	for i := len(c.pieces) - 1; i > 0 && c.pieces[i].slope < c.pieces[i-1].slope; i-- {
		c.pieces[i], c.pieces[i-1] = c.pieces[i-1], c.pieces[i]
	}
}

// trim takes out what is always used to the full, because the left ray gives way at a higher slope, and
// what is never used, because the right ray is cheaper. moved hears of the former; it may be nil.
func (c *curve) trim(moved func(arc int32, by float64)) {
	c.right = math.Max(c.left, c.right) // they cross by rounding only
	kept := c.pieces[:0]
	for _, p := range c.pieces {
		switch {
		case p.slope < c.left:
			c.from += p.length
			if moved != nil {
				moved(p.arc, p.length)
			}
		case p.slope <= c.right:
			kept = append(kept, p)
		}
	}
	c.pieces = kept
}

// join sets c to the cheapest split of a flow between what is carried in at cost a and what the node's own
// arcs bring at cost b (the infimal convolution): the pieces of both in the order of their slopes.
// A piece below the left ray is always used, one above the right ray never.
func (c *curve) join(a, b *curve) {
	c.reset()
	c.from, c.carried = a.from+b.from, a.from
	c.left, c.leftArc = a.left, -1
	if b.left > a.left {
		c.left, c.leftArc = b.left, b.leftArc
	}
	c.right, c.rightArc = a.right, -1
	if b.right < a.right {
		c.right, c.rightArc = b.right, b.rightArc
	}
	i, j := 0, 0
	for i < len(a.pieces) || j < len(b.pieces) {
		var p piece
		if j == len(b.pieces) || (i < len(a.pieces) && a.pieces[i].slope <= b.pieces[j].slope) {
			p = a.pieces[i]
			p.arc = -1
			i++
		} else {
			p = b.pieces[j]
			j++
		}
		switch {
		case p.slope < c.left:
			c.from += p.length
			if p.arc < 0 {
				c.carried += p.length
			}
		case p.slope <= c.right:
			c.pieces = append(c.pieces, p)
		}
	}
}

// sum sets c to a(x + shift) + b(x). It is false if the domains are farther apart than tolerance.
func (c *curve) sum(a *curve, shift float64, b *curve, tolerance float64) bool {
	c.reset()
	aFrom, bFrom := a.from-shift, b.from
	aEnds, bEnds := math.IsInf(a.left, -1), math.IsInf(b.left, -1)
	switch {
	case aEnds == bEnds && aEnds:
		c.from = math.Max(aFrom, bFrom)
	case aEnds:
		c.from = aFrom
	case bEnds:
		c.from = bFrom
	default:
		c.from = math.Min(aFrom, bFrom)
	}
	c.left = a.left + b.left
	ca, cb := cursor{c: a, rest: aFrom - c.from, i: -1}, cursor{c: b, rest: bFrom - c.from, i: -1}
	ca.settle()
	cb.settle()
	if -ca.rest > tolerance || -cb.rest > tolerance {
		return false
	}
	for {
		slope, length := ca.slope()+cb.slope(), math.Min(ca.rest, cb.rest)
		if !(length > 0) || math.IsInf(length, 1) {
			if length > 0 {
				c.right = slope
			}
			return true
		}
		if n := len(c.pieces); n > 0 && c.pieces[n-1].slope == slope {
			c.pieces[n-1].length += length
		} else {
			c.pieces = append(c.pieces, piece{slope, length, -1})
		}
		ca.rest -= length
		cb.rest -= length
		ca.settle()
		cb.settle()
	}
}

// cursor walks a curve from left to right: i = −1 on the left ray, len(pieces) on the right ray. rest is
// how far the stretch under it goes on; 0 or less past the end of the domain.
type cursor struct {
	c    *curve
	i    int
	rest float64
}

// settle goes on until some of the stretch is left.
func (k *cursor) settle() {
	for k.rest <= 0 && k.i < len(k.c.pieces) {
		k.i++
		if k.i < len(k.c.pieces) {
			k.rest += k.c.pieces[k.i].length
		} else if !math.IsInf(k.c.right, 1) {
			k.rest = math.Inf(1)
		}
	}
}

func (k *cursor) slope() float64 {
	switch {
	case k.i < 0:
		return k.c.left
	case k.i < len(k.c.pieces):
		return k.c.pieces[k.i].slope
	}
	return k.c.right
}

// slopes are the least and the greatest slope within tolerance of x: the subgradients there.
func (c *curve) slopes(x, tolerance float64) (low, high float64) {
	d := x - c.from
	if d < -tolerance && !math.IsInf(c.left, -1) {
		return c.left, c.left
	}
	low = c.left
	found := d <= tolerance // low is final
	for i := range c.pieces {
		p := &c.pieces[i]
		if !found {
			low = p.slope
		}
		if d < p.length-tolerance {
			return low, p.slope
		}
		d -= p.length
		found = found || d <= tolerance
	}
	if !found && !math.IsInf(c.right, 1) {
		low = c.right
	}
	return low, c.right
}

// flow walks c to flow x: moved hears how far every arc moves from where it is at c.from. The sum of what
// the pieces of arc −1 move is returned, and how far x lies beyond the domain.
func (c *curve) flow(x float64, moved func(arc int32, by float64)) (carried, over float64) {
	d := x - c.from
	move := func(arc int32, by float64) {
		if arc < 0 {
			carried += by
		} else if moved != nil {
			moved(arc, by)
		}
	}
	if d < 0 {
		if math.IsInf(c.left, -1) {
			return 0, d
		}
		move(c.leftArc, d)
		return carried, 0
	}
	for i := range c.pieces {
		if d == 0 {
			return carried, 0
		}
		take := math.Min(d, c.pieces[i].length)
		move(c.pieces[i].arc, take)
		d -= take
	}
	if math.IsInf(c.right, 1) {
		return carried, d
	}
	move(c.rightArc, d)
	return carried, 0
}
