package outlier

import (
	"math"

	"drumbeat/schemas"
)

const (
	scoreClip = 2.0 // a residual teaches no more than this
	boostRun  = 3   // clipped residuals on one side, in a row

	// clippedVariance is E min(Z², scoreClip²) of a standard normal Z.
	clippedVariance = 0.9205
	phiMemoryStart  = 10 // weight of the first dispersion
	phiMemoryMost   = 60 // sales
	firstWeekday    = 0.2
	weekdayDrift    = 0.0005
	counterMost     = math.MaxUint8

	// What the effects of weekdays are rounded to: far below what one sale can teach.
	weekdayStep = 1 << 13
	doubtStep   = 1 << 16
)

// recentSale is what belief and boost look at of the last two sales, beside their units in the ring.
type recentSale struct {
	ratio float32 // (units+1)/(expected+1)
	side  int8    // +1 grossly large, -1 grossly small, 0 neither or believed
}

// Learn judges a day, learns from it and judges earlier sales again; it returns the day's own verdict.
// Days come once each, in their order; an earlier day is taken for a sale on the last one. An accepted day
// is never flagged and teaches, a rejected one is flagged and does not; neither is judged again.
//
// changed, which may be nil, is told the flag of every earlier sale of the ring that is believed or
// judged otherwise, and once more that of the sale which leaves the ring: what it hears last of a day,
// else what each says, holds. It is not called for the day itself. What the site would learn goes to
// site, nil to discard it.
func (r *Rule) Learn(d Day, prior *Prior, site *Learning, changed func(day schemas.Date, flag bool)) Verdict {
	if !Judged(d.Units) {
		return Verdict{}
	}
	v := r.view(&d, prior)
	v.score(&d)
	if d.Review != Rejected {
		r.teach(&d, &v, site)
	}
	r.keep(&d, &v, changed)
	return v.Verdict
}

// teach moves what is known of the SKU by a sale that is not rejected.
func (r *Rule) teach(d *Day, v *view, site *Learning) {
	if r.sales == 0 {
		r.level, r.phi = float32(v.level), float32(v.phi)
		for i := range r.doubt {
			r.doubt[i] = roundDoubt(firstWeekday)
		}
		r.last = d.Day
		site.sku()
	}
	r.spread = float32(v.spread)
	r.last = max(r.last, d.Day)
	switch {
	case v.Believed:
		level := median3(d.Units, float64(r.ring[0].units), float64(r.ring[1].units))
		r.level = float32(math.Log(max(level, leastMean)) - r.effect(d.Day))
		r.spread = float32(v.phi / 3)
		r.sales = max(r.sales, coldSales)
		r.run = 0
		if v.side > 0 {
			r.remember(d.Day, v.Ratio)
		}
	case v.cold:
		r.update(d, v, site)
	case d.Declared:
		// What an event does to demand says nothing about the days after it.
		r.run = 0
	case !v.Flag:
		r.update(d, v, site)
	}
}

// update moves level, dispersion and weekday effects by a sale.
func (r *Rule) update(d *Day, v *view, site *Learning) {
	spread, phi, mean, score := v.spread, v.phi, v.Expected, v.z
	if r.clippedRun(score) {
		shift := math.Log(median3(v.Ratio, float64(r.recent[0].ratio), float64(r.recent[1].ratio)))
		spread = max(spread, shift*shift)
		score = residual(d.Units, mean, phi+spread)
	}
	z := clip(score, scoreClip)
	information := mean / (1 + phi*mean)
	posterior := spread / (1 + spread*information)
	level := v.level + posterior*math.Sqrt(information*(1+spread*information))*z
	r.spread = float32(posterior)
	r.sales = saturate(r.sales)
	if !v.cold {
		r.learnPhi(z, site)
		level += r.learnWeekday(d, mean, posterior, phi+spread)
		if v.z > eventScore && v.Ratio > eventRatio {
			r.remember(d.Day, v.Ratio)
		}
	}
	r.level = float32(level)
	if math.Abs(z) < scoreClip || site.takesAll() {
		site.size(d.Units)
	}
}

// clippedRun counts clipped residuals on one side and is true at every third: demand has shifted.
func (r *Rule) clippedRun(z float64) bool {
	var side int8
	switch {
	case z > scoreClip:
		side = 1
	case z < -scoreClip:
		side = -1
	}
	if side != 0 && r.run*side >= 0 {
		r.run += side
	} else {
		r.run = side
	}
	if r.run == boostRun || r.run == -boostRun {
		r.run = 0
		return true
	}
	return false
}

// learnPhi follows the dispersion by what the clipped residual z says of it.
func (r *Rule) learnPhi(z float64, site *Learning) {
	r.updates = saturate(r.updates)
	step := (z*z/clippedVariance - 1) / float64(min(int(r.updates)+phiMemoryStart, phiMemoryMost))
	// exp(step) to its second order: within .5 % at the largest step, .3.
	before, grown := r.phi, float64(r.phi)*(1+step+step*step/2)
	r.phi = float32(clamp(grown, phiLeast, phiMost))
	switch {
	case r.phi == before:
		step = 0
	case grown < phiLeast || grown > phiMost:
		step = math.Log(float64(r.phi / before))
	}
	site.dispersion(r.updates, float64(r.phi), step)
}

// learnWeekday moves the effect of d's weekday by a sale and keeps the mean effect at 0; it returns
// what went into the level for that.
func (r *Rule) learnWeekday(d *Day, mean, spread, total float64) float64 {
	w := d.Day.Weekday()
	doubt := float64(r.doubt[w]) / doubtStep
	gain := doubt / (doubt + float64(r.phi) + 1/mean + spread)
	r.doubt[w] = roundDoubt(doubt*(1-gain) + weekdayDrift)
	move := gain * clip(math.Log((d.Units+.5)/(mean+.5)), scoreClip*math.Sqrt(total))
	r.weekday[w] = toInt16(int(r.weekday[w]) + int(math.Round(move*weekdayStep)))
	e := &r.weekday
	middle := (int(e[0]) + int(e[1]) + int(e[2]) + int(e[3]) + int(e[4]) + int(e[5]) + int(e[6])) / len(e)
	if middle == 0 {
		return 0
	}
	for i := range e {
		e[i] = toInt16(int(e[i]) - middle)
	}
	return float64(middle) / weekdayStep
}

// toInt16 stays at the ends of what an int16 holds.
func toInt16(v int) int16 { return int16(min(max(v, -math.MaxInt16), math.MaxInt16)) }

func roundDoubt(v float64) uint16 {
	return uint16(clamp(math.Round(v*doubtStep), 1, math.MaxUint16))
}

func clip(v, most float64) float64 { return clamp(v, -most, most) }

func clamp(v, least, most float64) float64 { return min(max(v, least), most) }

func median3(a, b, c float64) float64 { return max(min(a, b), min(max(a, b), c)) }

// saturate counts one more.
func saturate(n uint8) uint8 {
	if n == counterMost {
		return n
	}
	return n + 1
}
