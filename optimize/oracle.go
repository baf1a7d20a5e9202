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
// Most steps are never used: what is dear waits in no order, and when the cheap ones are used up, the cheapest of those that
// wait are put in order. So a dear source costs a comparison and a place.
type oracle struct {
	step  []step  // in order, the cheapest last
	wait  []step  // as dear as bound or dearer, in no order; some may be dearer than the unlimited source
	bound float64 // +Inf if none waits
	open  step    // the cheapest unlimited source; length 0: there is none

	batch []step
}

// step is a stretch of the curve: length units at slope more than the common addition, from a source.
type step struct {
	slope, length float64
	source        int32
}

// noStep stands for the unlimited source where there is none.
var noStep = step{slope: math.Inf(1), source: nobody}

// solve returns the least cost of path s at prices, +Inf if it has no flow, −Inf if its cost has no bound. use hears
// what every source supplies, in one or more parts.
func (o *oracle) solve(c *coupled, s int, prices []float64, use func(source int32, quantity float64)) float64 {
	if c.plain[s] {
		return plainPath(c, s, prices, use)
	}
	o.step, o.wait, o.bound, o.open = o.step[:0], o.wait[:0], math.Inf(1), noStep
	added, from, total, dust := 0.0, 0.0, c.base[s], c.dust[s]
	for n := s * c.T; n < (s+1)*c.T; n++ {
		rows := 0.0 // what twins pay for shared rows
		for i := c.first[n]; i < c.first[n+1]; i++ {
			if c.twin[i] == i {
				rows = 0
				for k := c.entry[i]; k < c.entry[i+1]; k++ {
					rows += c.amount[k] * prices[c.row[k]]
				}
			}
			o.insert(step{c.cost[i] + rows - added, c.room[i], i})
		}
		from -= c.need[n]

		k := &c.cuts[n]
		if low := k.anchor; k.ray < 0 && from < low {
			for from < low-dust {
				e := o.cheapest()
				if e == nil {
					return math.Inf(1)
				}
				q := low - from
				if e.length <= q+dust {
					q = e.length
					from += q
					o.step = o.step[:len(o.step)-1]
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
	for {
		e := o.cheapest()
		if e == nil || e.slope+added >= 0 {
			return total
		}
		if math.IsInf(e.length, 1) {
			return math.Inf(-1)
		}
		total += (e.slope + added) * e.length
		use(e.source, e.length)
		o.step = o.step[:len(o.step)-1]
	}
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

// stepsInOrder is how many steps are kept in order before the dearer half of them has to wait.
const stepsInOrder = 24

// insert puts e in its place, before those as cheap. Beyond an unlimited step nothing is kept.
func (o *oracle) insert(e step) {
	if e.slope >= o.open.slope {
		return
	}
	if math.IsInf(e.length, 1) {
		o.open = e
		dear := 0
		for dear < len(o.step) && o.step[dear].slope > e.slope {
			dear++
		}
		o.step = slices.Delete(o.step, 0, dear)
		return
	}
	if e.slope >= o.bound {
		o.wait = append(o.wait, e)
		return
	}
	o.step = append(o.step, e)
	at := len(o.step) - 1
	for ; at > 0 && o.step[at-1].slope <= e.slope; at-- {
		o.step[at] = o.step[at-1]
	}
	o.step[at] = e
	if len(o.step) > stepsInOrder {
		const half = stepsInOrder / 2
		o.bound = o.step[half-1].slope
		o.wait = append(o.wait, o.step[:half]...)
		o.step = slices.Delete(o.step, 0, half)
	}
}

// cheapest is the first step of the curve that is left, nil if there is none.
func (o *oracle) cheapest() *step {
	switch {
	case len(o.step) > 0 || o.order() > 0:
		return &o.step[len(o.step)-1]
	case o.open.length > 0:
		return &o.open
	}
	return nil
}

// order puts the cheapest of the steps that wait before those in order and says how many: none if none waits.
func (o *oracle) order() int {
	const looks = 8
	for len(o.wait) > 0 {
		most := math.Inf(1)
		if n := len(o.wait); n > looks { // the cheapest ninth
			for i := range looks {
				most = min(most, o.wait[i*n/looks].slope)
			}
		}
		most = min(most, o.open.slope)
		wait, batch, bound := o.wait[:0], o.batch[:0], math.Inf(1)
		for _, e := range o.wait {
			switch {
			case e.slope <= most:
				batch = append(batch, e)
				at := len(batch) - 1
				for ; at > 0 && batch[at-1].slope <= e.slope; at-- {
					batch[at] = batch[at-1]
				}
				batch[at] = e
			case e.slope <= o.open.slope:
				wait, bound = append(wait, e), min(bound, e.slope)
			}
		}
		o.wait, o.batch, o.bound = wait, batch, bound
		if len(batch) > 0 {
			o.step = slices.Insert(o.step, 0, batch...)
			return len(batch)
		}
	}
	o.bound = math.Inf(1)
	return 0
}

// below drops what is more than room units above the beginning.
func (o *oracle) below(room float64) {
	i := len(o.step) - 1
	for ; room > 0; i-- {
		if i < 0 {
			if i = o.order() - 1; i < 0 {
				if o.open.length > 0 {
					o.open.length = room
					o.step = slices.Insert(o.step, 0, o.open)
				}
				break
			}
		}
		o.step[i].length = min(o.step[i].length, room)
		room -= o.step[i].length
	}
	o.step = slices.Delete(o.step, 0, i+1)
	o.wait, o.bound, o.open = o.wait[:0], math.Inf(1), noStep
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
		if i == k.last && (pos >= end-dust || slope == last) {
			return
		}
		if j < 0 {
			if j = o.order() - 1; j < 0 {
				if o.open.length == 0 {
					return
				}
				o.step = slices.Insert(o.step, 0, step{o.open.slope, end - pos, o.open.source})
				j = 0
			}
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
