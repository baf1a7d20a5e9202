package optimize

import "math"

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
type oracle struct {
	step []step
}

// step is a stretch of the curve: length units at slope more than the common addition, from a source.
type step struct {
	slope, length float64
	source        int32
}

// solve returns the least cost of path s at prices, +Inf if it has no flow, −Inf if its cost has no bound. use hears
// what every source supplies, in one or more parts.
func (o *oracle) solve(c *coupled, s int, prices []float64, use func(source int32, quantity float64)) float64 {
	if c.plain[s] {
		return plainPath(c, s, prices, use)
	}
	steps, added := o.step[:0], 0.0
	head := 0 // steps before it are used up
	from, total, dust := 0.0, c.base[s], c.dust[s]
	take := func(q float64) {
		e := &steps[head]
		total += (e.slope + added) * q
		use(e.source, q)
	}
	for n := s * c.T; n < (s+1)*c.T; n++ {
		for i := c.first[n]; i < c.first[n+1]; i++ {
			v := c.cost[i]
			for k := c.entry[i]; k < c.entry[i+1]; k++ {
				v += c.amount[k] * prices[c.row[k]]
			}
			steps = insert(steps, head, step{v - added, c.room[i], i})
		}
		from -= c.need[n]

		k := &c.cuts[n]
		if low := k.anchor; k.ray < 0 && from < low {
			for from < low-dust {
				if head == len(steps) {
					o.step = steps
					return math.Inf(1)
				}
				if e := &steps[head]; e.length <= low-from+dust {
					take(e.length)
					from += e.length
					head++
				} else {
					take(low - from)
					e.length -= low - from
					from = low
				}
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
				o.step = steps
				return math.Inf(1)
			}
			steps = below(steps, head, end-from)
			if k.first == k.last && k.ray < 0 {
				continue // a single point: nothing is left to have a slope
			}
		}
		steps = c.tilt(k, steps, head, from, last, dust)
		added += last
	}
	for head < len(steps) && steps[head].slope+added < 0 {
		if math.IsInf(steps[head].length, 1) {
			o.step = steps
			return math.Inf(-1)
		}
		take(steps[head].length)
		head++
	}
	o.step = steps
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

// insert puts e in its place. Behind an unlimited step nothing is kept.
func insert(steps []step, head int, e step) []step {
	n := len(steps)
	if n > head && math.IsInf(steps[n-1].length, 1) && e.slope >= steps[n-1].slope {
		return steps
	}
	low, high := head, n // the first step that is dearer
	for low < high {
		if mid := int(uint(low+high) >> 1); steps[mid].slope > e.slope {
			high = mid
		} else {
			low = mid + 1
		}
	}
	if math.IsInf(e.length, 1) {
		return append(steps[:low], e)
	}
	steps = append(steps, e)
	copy(steps[low+1:], steps[low:n])
	steps[low] = e
	return steps
}

// below drops what is more than room units above the beginning.
func below(steps []step, head int, room float64) []step {
	for i := head; i < len(steps); i++ {
		if room <= 0 {
			return steps[:i]
		}
		if steps[i].length >= room {
			steps[i].length = room
			return steps[:i+1]
		}
		room -= steps[i].length
	}
	return steps
}

// tilt adds the slopes of cut k to steps that begin at from, less last, the slope of its last piece. Steps are
// split where the slope changes.
func (c *coupled) tilt(k *cut, steps []step, head int, from, last, dust float64) []step {
	slope, end, i := k.left, k.anchor, k.first
	for pos, j := from, head; ; {
		for pos >= end-dust && i < k.last {
			slope = c.piece[i].slope
			end += c.piece[i].length
			i++
		}
		if i == k.last && (pos >= end-dust || slope == last) || j == len(steps) {
			return steps
		}
		e := &steps[j]
		if pos+e.length > end+dust {
			steps = append(steps, step{})
			copy(steps[j+1:], steps[j:])
			steps[j].length = end - pos
			steps[j+1].length -= end - pos
			e = &steps[j]
			pos = end
		} else {
			pos += e.length
		}
		e.slope += slope - last
		j++
	}
}
