package stream

import (
	"math"

	"drumbeat/schemas"
)

// The outlier rule judges the size of a sale: the units of a SKU on a day on which it sold at all. It
// flags what is both surprising, by a negative-binomial residual against a robust level that follows
// demand, and grossly larger; days without a sale are never judged and do not move the level.
//
// The variance of a sale of mean m is m + phi m². The residual
//
//	z = 2/sqrt(phi) (asinh sqrt(phi y) - asinh sqrt(phi m))
//
// stabilises it (F. Anscombe, "The transformation of Poisson, binomial and negative-binomial data",
// 1948): a square-root scale for small counts, a log scale for dense demand, one rule for both. phi
// is the SKU's dispersion plus the variance of its log level, so a new or long-silent SKU is judged
// mildly without being a special case.
const (
	grossScore  = 5.0  // |z| beyond which a size is surprising
	grossRatio  = 6.0  // times the expected size; below it a promotion, not an error
	coldSales   = 3    // a SKU with fewer sales learnt is cold
	levelDrift  = 0.08 // standard deviation of the log level's change in a day
	driftDays   = 60   // a longer silence adds no more doubt
	scoreClip   = 2.0  // a residual teaches no more than this
	leastMean   = 0.3
	firstPhi    = 0.15
	firstSpread = 1.0 // variance of the log level after the first sale

	believedSpread = 4.0 // times, within which three gross sales are one level
	boostRun       = 3   // clipped residuals on one side, in a row

	// clippedVariance is E min(Z², scoreClip²) of a standard normal Z.
	clippedVariance  = 0.9205
	logPhiLeast      = -4.605170185988091 // log .01
	logPhiMost       = 1.3862943611198906 // log 4
	phiMemoryStart   = 10                 // weight of the first dispersion
	phiMemoryMost    = 60                 // sales
	firstWeekday     = 0.2
	weekdayDrift     = 0.0005
	counterSaturated = math.MaxUint8
)

// sizeFilter is what the outlier rule knows of one SKU. The zero value has seen no sale.
type sizeFilter struct {
	level   float32 // log units of a sale, of the mean weekday
	spread  float32 // variance of level
	logPhi  float32 // log of the dispersion
	weekday [7]float32
	doubt   [7]float32 // variance of weekday
	last    schemas.Date
	sales   uint8 // learnt; stays at counterSaturated
	updates uint8 // of phi and weekday, likewise
	run     int8  // clipped residuals in a row, by sign
	recent  [2]recentSale
	events  []sizeEvent
}

// recentSale is one of the last two sales.
type recentSale struct {
	units    float32
	logRatio float32 // log of (units+1)/(expected+1)
	side     int8    // +1 grossly large, -1 grossly small, 0 neither
}

// verdict is what the rule says of a day's units.
type verdict struct {
	Flag     bool    // grossly large: hold it
	Low      bool    // grossly small: a note, never held
	Score    float64 // z
	Ratio    float64 // (units+1)/(Expected+1)
	Expected float64 // units of a sale on that day
	Believed bool    // this and the two former gross days are accepted as the new level
}

// sizeView is a sale as the filter sees it before it learns from it.
type sizeView struct {
	level, spread, phi float64 // level of the mean weekday; spread on the day of the sale
	mean               float64
	z, ratio           float64
	side               int8
	site               float64 // z against the site's sizes, of a cold SKU; 0 where the site does not know enough
}

// view does steps 1 and 2 of the rule, expect and score. units > 0.
func (f *sizeFilter) view(d schemas.Date, units float64, site *sitePrior) sizeView {
	v := sizeView{level: float64(f.level), spread: float64(f.spread), phi: math.Exp(float64(f.logPhi))}
	weekday := float64(f.weekday[d.Weekday()])
	if f.sales < coldSales && site.knowsSizes() {
		v.site = (math.Log(units) - site.Mean) / site.deviation()
	}
	if f.sales == 0 {
		v.phi = site.dispersion()
		weekday = 0
		if site.knowsSizes() {
			v.level, v.spread = site.Mean, site.deviation()*site.deviation()
		} else {
			v.level, v.spread = math.Log(units), firstSpread
		}
	} else {
		days := float64(min(max(int64(d)-int64(f.last), 0), driftDays))
		v.spread += levelDrift * levelDrift * days
	}
	v.mean = max(math.Exp(v.level+weekday), leastMean)
	v.z = residual(units, v.mean, v.phi+v.spread)
	v.ratio = (units + 1) / (v.mean + 1)
	switch {
	case v.z > grossScore && v.ratio > grossRatio:
		v.side = 1
	case v.z < -grossScore && 1/v.ratio > grossRatio:
		v.side = -1
	}
	return v
}

// residual is z, with asinh x = log(x + sqrt(x² + 1)), so that the difference takes one logarithm.
func residual(y, mean, phi float64) float64 {
	a, b := phi*y, phi*mean
	return 2 / math.Sqrt(phi) * math.Log((math.Sqrt(a)+math.Sqrt(a+1))/(math.Sqrt(b)+math.Sqrt(b+1)))
}

// judge says what the rule thinks of units sold on day d in all, without learning from it: a day that
// is still growing is judged again and again. Units of 0 or less, and what no Quantity holds, get the
// zero verdict.
func (f *sizeFilter) judge(d schemas.Date, units float64, site *sitePrior) verdict {
	if !judged(units) {
		return verdict{}
	}
	s := f.view(d, units, site)
	v := verdict{Score: s.z, Ratio: s.ratio, Expected: s.mean}
	if f.sales < coldSales {
		// Of a SKU without a past the site's sizes are the judge, else its own two sales, provisionally.
		v.Flag = s.site > siteScore || f.sales > 0 && s.side > 0
		if s.site > siteScore && s.site > v.Score {
			v.Score = s.site
		}
	} else {
		v.Flag = s.side > 0 && !f.recurs(d, units, s.mean)
		v.Low = s.side < 0
	}
	if s.side != 0 && f.recent[0].side == s.side && f.recent[1].side == s.side {
		low := min(units, float64(f.recent[0].units), float64(f.recent[1].units))
		high := max(units, float64(f.recent[0].units), float64(f.recent[1].units))
		if (high+1)/(low+1) <= believedSpread {
			v.Flag, v.Low, v.Believed = false, false, true
		}
	}
	return v
}

// judged says that units are what a Quantity can hold and above 0.
func judged(units float64) bool {
	return units > 0 && units <= math.MaxInt64/float64(schemas.Unit)
}

// learn closes day d with its total and the verdict it ended with, which a review may have changed.
// Days come in their order; a later call for an earlier day is taken as a sale on the last one.
func (f *sizeFilter) learn(d schemas.Date, units float64, v verdict, site *sitePrior) {
	if !judged(units) {
		return
	}
	s := f.view(d, units, site)
	cold := f.sales < coldSales
	if f.sales == 0 {
		f.level, f.logPhi = float32(s.level), float32(math.Log(s.phi))
		for i := range f.doubt {
			f.doubt[i] = firstWeekday
		}
		f.last = d
		site.SKUs++
	}
	f.spread = float32(s.spread)
	f.last = max(f.last, d)
	sale := recentSale{units: float32(units), logRatio: float32(math.Log(s.ratio)), side: s.side}
	switch {
	case v.Believed:
		middle := median3(units, float64(f.recent[0].units), float64(f.recent[1].units))
		f.level = float32(math.Log(max(middle, leastMean))) - f.weekday[d.Weekday()]
		f.spread = float32(s.phi / 3)
		f.sales = max(f.sales, coldSales)
		f.run = 0
		if s.side > 0 {
			f.remember(d, s.ratio)
		}
		sale.side, f.recent[0].side, f.recent[1].side = 0, 0, 0
	case v.Flag && !cold:
	default:
		f.update(d, units, s, sale, cold, site)
	}
	f.recent[1], f.recent[0] = f.recent[0], sale
}

// update moves level, dispersion and weekday effects by a sale (step 5 of the rule).
func (f *sizeFilter) update(d schemas.Date, units float64, s sizeView, sale recentSale, cold bool, site *sitePrior) {
	spread, phi := s.spread, s.phi
	z := clip(s.z, scoreClip)
	if f.clippedRun(s.z) {
		shift := median3(float64(sale.logRatio), float64(f.recent[0].logRatio), float64(f.recent[1].logRatio))
		spread = max(spread, shift*shift)
		s.z = residual(units, s.mean, phi+spread)
		z = clip(s.z, scoreClip)
	}
	total := phi + spread
	information := s.mean / (1 + phi*s.mean)
	posterior := 1 / (1/spread + information)
	level := float64(f.level) + posterior*math.Sqrt(information*(1+spread*information))*z
	f.sales = saturate(f.sales)
	if !cold {
		f.learnPhi(z, site)
		level += f.learnWeekday(d, units, s.mean, posterior, total)
		if s.ratio > eventRatio && s.z > eventScore {
			f.remember(d, s.ratio)
		}
	}
	f.level, f.spread = float32(level), float32(posterior)
	if math.Abs(z) < scoreClip || site.Sizes < siteStart {
		site.add(math.Log(units))
	}
}

// clippedRun counts clipped residuals on one side and says that the third in a row is reached: the
// level has moved, and its variance must say so.
func (f *sizeFilter) clippedRun(z float64) bool {
	var side int8
	switch {
	case z > scoreClip:
		side = 1
	case z < -scoreClip:
		side = -1
	}
	if side != 0 && f.run*side >= 0 {
		f.run += side
	} else {
		f.run = side
	}
	if f.run == boostRun || f.run == -boostRun {
		f.run = 0
		return true
	}
	return false
}

// learnPhi follows the dispersion by what the clipped residual z says of it.
func (f *sizeFilter) learnPhi(z float64, site *sitePrior) {
	f.updates = saturate(f.updates)
	before := f.logPhi
	step := (z*z/clippedVariance - 1) / float64(min(int(f.updates)+phiMemoryStart, phiMemoryMost))
	f.logPhi = float32(clamp(float64(before)+step, logPhiLeast, logPhiMost))
	site.learnPhi(f.updates, float64(before), float64(f.logPhi))
}

// learnWeekday moves the effect of d's weekday by a sale and keeps the mean effect at 0; it returns
// what went into the level for that.
func (f *sizeFilter) learnWeekday(d schemas.Date, units, mean, spread, total float64) float64 {
	w := d.Weekday()
	doubt := float64(f.doubt[w])
	gain := doubt / (doubt + math.Exp(float64(f.logPhi)) + 1/mean + spread)
	f.doubt[w] = float32(doubt*(1-gain) + weekdayDrift)
	f.weekday[w] += float32(gain * clip(math.Log((units+.5)/(mean+.5)), scoreClip*math.Sqrt(total)))
	var sum float32
	for _, effect := range f.weekday {
		sum += effect
	}
	for i := range f.weekday {
		f.weekday[i] -= sum / 7
	}
	return float64(sum / 7)
}

// expected is the number of units of a sale on day d, given that there is one: what stands in the
// place of a held day. It is 0 for a SKU that has never sold.
func (f *sizeFilter) expected(d schemas.Date) float64 {
	if f.sales == 0 {
		return 0
	}
	return max(math.Exp(float64(f.level)+float64(f.weekday[d.Weekday()])), leastMean)
}

func clip(v, most float64) float64 { return clamp(v, -most, most) }

func clamp(v, least, most float64) float64 { return min(max(v, least), most) }

func median3(a, b, c float64) float64 { return max(min(a, b), min(max(a, b), c)) }

// saturate counts one more.
func saturate(n uint8) uint8 {
	if n == counterSaturated {
		return n
	}
	return n + 1
}
