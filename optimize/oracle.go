package optimize

import (
	"math"
	"slices"
)

// oracle finds the cheapest flow on one path at given prices of the shared rows: exact, for every mix of sources
// and cuts. One goroutine at a time; its memory is kept from one path to the next.
//
// F(y), the least cost of having y at a node, is convex and piecewise linear. It is kept as steps: stretches of
// rising slope, each belonging to the source that supplies it, and the amount at which they begin. A source
// joins where its cost ranks (the infimal convolution of two convex curves is the merge of their stretches);
// an unlimited one cuts off all that is dearer. What the node needs shifts the beginning; the cut to the next node
// adds its slopes. Where the flow must not fall below a bound, the cheapest steps are used up for good, where it
// must not exceed one, the dearest are dropped. After the last node every step with a negative slope is used. So one
// pass forward finds the flow of every source, and as a step keeps its source, none has to go back.
//
// An addition to all slopes is kept in a single number, and a cut changes only the few steps below its break, so a
// node costs as many operations as it has sources and breaks. This is the slope trick of convex dynamic programming.
//
// The steps lie with the cheapest at the end: a new source is cheap, as those before it have been carried, and so finds its
// place near there, where steps are also used up and split. What is dropped is at the front.
type oracle struct {
	step  []step // the dearest first
	first int    // steps before it are dropped
}

// step is a stretch of the curve: length units at slope more than the common addition, from a source.
type step struct {
	slope, length float64
	source        int32
}

// stepGap is how many steps can be put in at the front before others have to move.
const stepGap = 64

// solve returns the least cost of path s at prices, +Inf if it has no flow, −Inf if its cost has no bound. use hears
// what every source supplies, in one or more parts.
func (o *oracle) solve(c *coupled, s int, prices []float64, use func(source int32, quantity float64)) float64 {
	if c.plain[s] {
		return plainPath(c, s, prices, use)
	}
	o.first = stepGap
	o.step = slices.Grow(o.step[:0], stepGap)[:stepGap]
	added, from, total, dust := 0.0, 0.0, c.base[s], c.dust[s]
	for n := s * c.T; n < (s+1)*c.T; n++ {
		for i := c.first[n]; i < c.first[n+1]; i++ {
			v := c.cost[i]
			for k := c.entry[i]; k < c.entry[i+1]; k++ {
				v += c.amount[k] * prices[c.row[k]]
			}
			o.insert(step{v - added, c.room[i], i})
		}
		from -= c.need[n]

		k := &c.cuts[n]
		if low := k.anchor; k.ray < 0 && from < low {
			for from < low-dust {
				at := len(o.step) - 1
				if at < o.first {
					return math.Inf(1)
				}
				e := &o.step[at]
				q := low - from
				if e.length <= q+dust {
					q = e.length
					from += q
					o.step = o.step[:at]
				} else {
					e.length -= q
					from = low
				}
				total += (e.slope + added) * q
				use(e.source, q)
			}
			from = max(from, low)
		}
		total += c.costOf(k, from)
		end, last := k.anchor, k.left
		for i := k.first; i < k.last; i++ {
			end += c.piece[i].length
			last = c.piece[i].slope
		}
		if !math.IsInf(end, 1) {
			if from > end+dust+1e-9*math.Abs(end) {
				return math.Inf(1)
			}
			o.below(end - from)
			if k.first == k.last && k.ray < 0 {
				continue // a single point: nothing is left to have a slope
			}
		}
		if last != k.left {
			o.tilt(c, k, from, last, dust)
		}
		added += last
	}
	for at := len(o.step) - 1; at >= o.first && o.step[at].slope+added < 0; at-- {
		e := &o.step[at]
		if math.IsInf(e.length, 1) {
			return math.Inf(-1)
		}
		total += (e.slope + added) * e.length
		use(e.source, e.length)
	}
	return total
}

// plainPath is solve for a path where the only curve is a straight line: the cheapest source so far supplies what is
// missing, and becomes dearer by what is carried.
func plainPath(c *coupled, s int, prices []float64, use func(source int32, quantity float64)) float64 {
	best, source, quantity := math.Inf(1), int32(nobody), 0.0
	from, total, dust := 0.0, c.base[s], c.dust[s]
	for n := s * c.T; n < (s+1)*c.T; n++ {
		for i := c.first[n]; i < c.first[n+1]; i++ {
			v := c.cost[i]
			for k := c.entry[i]; k < c.entry[i+1]; k++ {
				v += c.amount[k] * prices[c.row[k]]
			}
			if v < best {
				if quantity > 0 {
					use(source, quantity)
					quantity = 0
				}
				best, source = v, i
			}
		}
		k := &c.cuts[n]
		from -= c.need[n]
		if missing := k.anchor - from; missing > 0 {
			if missing > dust {
				if source == nobody {
					return math.Inf(1)
				}
				total += best * missing
				quantity += missing
			}
			from = k.anchor
		}
		slope := c.piece[k.first].slope
		total += k.value + slope*(from-k.anchor)
		best += slope
	}
	if quantity > 0 {
		use(source, quantity)
	}
	if best < 0 {
		return math.Inf(-1)
	}
	return total
}

// nearSteps is how many of the cheapest steps are looked at one by one.
const nearSteps = 8

// insert puts e in its place, before those as cheap. Beyond an unlimited step nothing is kept.
func (o *oracle) insert(e step) {
	n := len(o.step)
	if n > o.first && math.IsInf(o.step[o.first].length, 1) && e.slope >= o.step[o.first].slope {
		return
	}
	at := n // behind the last step that is dearer
	for at > o.first && n-at < nearSteps && o.step[at-1].slope <= e.slope {
		at--
	}
	if n-at == nearSteps {
		low := o.first
		for low < at {
			if mid := int(uint(low+at) >> 1); o.step[mid].slope > e.slope {
				low = mid + 1
			} else {
				at = mid
			}
		}
	}
	if math.IsInf(e.length, 1) && at > o.first {
		o.first = at - 1
		o.step[o.first] = e
		return
	}
	if o.first > 0 && at-o.first <= n-at {
		copy(o.step[o.first-1:], o.step[o.first:at])
		o.first--
		o.step[at-1] = e
		return
	}
	o.step = append(o.step, e)
	copy(o.step[at+1:], o.step[at:n])
	o.step[at] = e
}

// below drops what is more than room units above the beginning.
func (o *oracle) below(room float64) {
	for i := len(o.step) - 1; i >= o.first; i-- {
		if room <= 0 {
			o.first = i + 1
			return
		}
		if o.step[i].length >= room {
			o.step[i].length, o.first = room, i
			return
		}
		room -= o.step[i].length
	}
}

// tilt adds the slopes of cut k to steps that begin at from, less last, the slope of its last piece. Steps are
// split where the slope changes.
func (o *oracle) tilt(c *coupled, k *cut, from, last, dust float64) {
	slope, end, i := k.left, k.anchor, k.first
	for pos, j := from, len(o.step)-1; ; j-- {
		for pos >= end-dust && i < k.last {
			slope = c.piece[i].slope
			end += c.piece[i].length
			i++
		}
		if i == k.last && (pos >= end-dust || slope == last) || j < o.first {
			return
		}
		if pos+o.step[j].length > end+dust { // its cheaper part, to end, goes behind it
			o.step = append(o.step, step{})
			copy(o.step[j+2:], o.step[j+1:])
			o.step[j+1] = o.step[j]
			o.step[j].length -= end - pos
			j++
			o.step[j].length = end - pos
			pos = end
		} else {
			pos += o.step[j].length
		}
		o.step[j].slope += slope - last
	}
}
