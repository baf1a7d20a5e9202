package outlier

import (
	"math"

	"drumbeat/schemas"
)

// A sale is judged again when so many later sales of the SKU are known. The level is then the median of
// the next sales, at most reviseNext of them: a median bears errors among them.
const (
	reviseFirst  = 3
	reviseSecond = 7
	reviseLast   = 14
	reviseNext   = 7

	// reviseLeast is the number of sales that a median needs to bear an error among them. Where fewer say anything, for
	// the others are those of an event, what was thought of the sale stands until more are known.
	reviseLeast = 3

	// medianVariance is the variance of a median of n draws, in units of the variance of their mean: π/2.
	medianVariance = 1.57
)

// ringSale is a sale whose flag can still change: it has fewer than reviseLast later ones.
type ringSale struct {
	day   schemas.Date
	units float32
	score float32 // z when it came, of one that is judged again
	bits  ringBits
}

// ringBits say what the rule thought of a sale when it came, its flag, and its context.
type ringBits uint8

const (
	ringFlag       ringBits = 1 << iota
	ringCold                // judged before the SKU had coldSales sales: only later ones can tell
	ringFinal               // believed, known from former years or reviewed: never judged again
	ringSilent              // of a declared event, or rejected: says nothing about other sales
	ringSuspicious          // beyond its context's suspicious score
	ringContext             // the lowest bit of its context, of two
)

func (s *ringSale) is(b ringBits) bool { return s.bits&b != 0 }

func (s *ringSale) context() Context { return Context(s.bits / ringContext) }

func (s *ringSale) set(flag bool, changed func(schemas.Date, bool)) {
	if s.is(ringFlag) != flag {
		s.bits ^= ringFlag
		if changed != nil {
			changed(s.day, flag)
		}
	}
}

func bitsOf(d *Day, v *view) (b ringBits) {
	if v.Suspect {
		b = ringBits(d.Context) * ringContext
	}
	for _, of := range [...]struct {
		bit ringBits
		set bool
	}{
		{ringFlag, v.Flag},
		{ringCold, v.cold},
		{ringFinal, v.Believed || v.recurs || d.Review != Unreviewed},
		{ringSilent, d.Declared || d.Review == Rejected},
		{ringSuspicious, v.suspicious},
	} {
		if of.set {
			b |= of.bit
		}
	}
	return b
}

// Each calls f for the sales whose flag can still change, and those believed or reviewed among them,
// oldest first.
func (r *Rule) Each(f func(day schemas.Date, flag bool)) {
	for i := int(r.kept) - 1; i >= 0; i-- {
		f(r.ring[i].day, r.ring[i].is(ringFlag))
	}
}

// keep puts a sale in the ring, of which the newest is the first, and judges those again that now have
// 3, 7 or 14 later sales.
func (r *Rule) keep(d *Day, v *view, changed func(schemas.Date, bool)) {
	sale := ringSale{day: d.Day, units: float32(d.Units), bits: bitsOf(d, v)}
	if sale.mayChange() {
		sale.score = float32(v.z)
	}
	if v.Believed {
		for i := range 2 {
			if !r.ring[i].is(ringFinal) { // a person's verdict stands
				r.ring[i].bits |= ringFinal
				r.ring[i].set(false, changed)
			}
			r.recent[i].side = 0
		}
		v.side = 0
	}
	r.recent[1], r.recent[0] = r.recent[0], recentSale{ratio: float32(v.Ratio), side: v.side}

	full := r.kept == reviseLast
	var oldest ringSale
	if full {
		oldest = r.ring[reviseLast-1]
	} else {
		r.kept++
	}
	copy(r.ring[1:], r.ring[:r.kept-1])
	r.ring[0] = sale
	r.revise(reviseFirst, changed)
	r.revise(reviseSecond, changed)
	if full {
		if oldest.mayChange() {
			r.again(&oldest, reviseLast, nil)
		}
		if changed != nil {
			changed(oldest.day, oldest.is(ringFlag))
		}
	}
}

// revise judges the sale again that has so many later ones.
func (r *Rule) revise(later int, changed func(schemas.Date, bool)) {
	if later < int(r.kept) && r.ring[later].mayChange() {
		r.again(&r.ring[later], later, changed)
	}
}

// mayChange says that a sale is judged again at all. One that was clear when it came stays so.
func (s *ringSale) mayChange() bool {
	return s.is(ringFlag|ringCold|ringSuspicious) && !s.is(ringFinal)
}

// again judges a sale by those after it together with what was thought of it when it came, but for one of
// a cold SKU, which nothing was known of then.
func (r *Rule) again(s *ringSale, later int, changed func(schemas.Date, bool)) {
	z, ratio, ok := r.hindsight(s, later)
	if !ok {
		return
	}
	scores := scoresOf[s.context()]
	surprising := z > scores.gross
	if !s.is(ringCold) {
		surprising = z > scores.suspicious && z+float64(s.score) > scores.both
	}
	guard := GrossRatio
	if s.is(ringSilent) {
		guard = declaredRatio
	}
	s.set(surprising && ratio > guard, changed)
}

// hindsight scores a sale against the median of the sales after it, which is as many days away as the
// level may have drifted in meanwhile; false where too few of them say anything.
func (r *Rule) hindsight(s *ringSale, later int) (z, ratio float64, ok bool) {
	var logs [reviseNext]float64
	n := 0
	until := s.day
	for i := later - 1; i >= max(0, later-reviseNext); i-- {
		next := &r.ring[i]
		if next.is(ringSilent) {
			continue
		}
		v := math.Log(float64(next.units)) - r.effect(next.day)
		j := n
		for ; j > 0 && logs[j-1] > v; j-- {
			logs[j] = logs[j-1]
		}
		logs[j] = v
		n++
		until = next.day
	}
	if n < reviseLeast {
		return 0, 0, false
	}
	middle := (logs[(n-1)/2] + logs[n/2]) / 2
	mean := max(math.Exp(middle+r.effect(s.day)), leastMean)
	days := math.Abs(float64(until) - float64(s.day))
	spread := medianVariance*float64(r.phi)/float64(n) + levelDrift*levelDrift*days/2
	units := float64(s.units)
	return residual(units, mean, float64(r.phi)+spread), (units + 1) / (mean + 1), true
}

// Review takes a person's verdict on a day that has been learnt: nothing changes its flag any more.
func (r *Rule) Review(day schemas.Date, verdict Review) {
	for i := range r.kept {
		if sale := &r.ring[i]; sale.day == day {
			sale.bits |= ringFinal
			sale.set(verdict == Rejected, nil)
		}
	}
}
