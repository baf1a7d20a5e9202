package stream

import (
	"math"

	"drumbeat/forecast"
	"drumbeat/schemas"
)

// span is what a forecast is asked for.
type span struct {
	cuts  []int   // ends of the periods in days from the open day on
	cover int     // days that the safety stock of a service level covers, 0 for other rules
	reach int     // the cover's days by the calendar
	level float64 // that service level
	past  float64 // that quantile of what a slow seller sold in so many days
	slow  bool
}

// days is the length of the horizon.
func (a *span) days() int { return a.cuts[len(a.cuts)-1] }

// spanOf is what the item of a SKU asks for.
func (s *site) spanOf(k *sku, t *terms, cuts []int) span {
	a := span{cuts: cuts}
	if t.safety.Rule == schemas.SafetyServiceLevel {
		// The lead time, and the time until a plan can answer: the frozen periods and one of review.
		days := math.Round(float64(t.lead+1+s.settings.Frozen) * s.settings.daysPer(schemas.PerPeriod))
		a.reach = int(min(longestCover, days))
		a.cover = s.coverWithDemand(k, a.reach, a.days())
		a.level = t.safety.Value
		a.past, a.slow = s.pastSum(k, a)
	}
	return a
}

// expected is what a SKU is expected to sell from the open day on.
type expected struct {
	mean, lower, upper []float64                        // by day; 80 % interval
	left               []float64                        // by day: the part of the model's figure that days of rest and planners leave
	sums               []forecast.Dist                  // by period, as the model says
	covered            forecast.Dist                    // of the days of the cover
	sum                func(from, to int) forecast.Dist // of any days of the horizon, as the model says
	model              string
}

// expect reads a model. It has seen the days up to shift days before the open one.
func expect(m *forecast.Model, a span, shift int) expected {
	days := shift + a.days()
	var outlook forecast.Outlook
	m.Outlook(&outlook, max(days, shift+a.cover))
	mean, lower, upper := make([]float64, days), make([]float64, days), make([]float64, days)
	outlook.Interval(mean, lower, upper, .1)
	for i, f := range mean { // of demand that is nearly all in a few days, 80 % of the days can lie below the mean
		lower[i], upper[i] = min(lower[i], f), max(upper[i], f)
	}
	x := expected{
		mean: mean[shift:], lower: lower[shift:], upper: upper[shift:],
		sums:  make([]forecast.Dist, len(a.cuts)),
		model: modelVersion,
		sum:   func(from, to int) forecast.Dist { return outlook.Sum(shift+from, shift+to) },
	}
	from := 0
	for t, to := range a.cuts {
		if to > from {
			x.sums[t] = x.sum(from, to)
		}
		from = to
	}
	if a.cover > 0 {
		x.covered = x.sum(0, a.cover)
	}
	return x
}

// adjust applies days of rest, what is already sold today, and the overrides of planners.
func (s *site) adjust(k *sku, x *expected) {
	days := len(x.mean)
	x.left = make([]float64, days)
	scale := func(i int, f float64) { x.mean[i] *= f; x.lower[i] *= f; x.upper[i] *= f; x.left[i] *= f }
	for i := range days {
		x.left[i] = 1
		if s.restDay(k, s.Today.AddDays(i)) {
			scale(i, 0)
		}
	}
	for _, o := range s.Overrides {
		if !s.holds(&o, k) {
			continue
		}
		open := s.demandDays(k, o.From, o.To+1)
		for d := max(o.From, s.Today); d <= o.To && int(d-s.Today) < days; d++ {
			i := int(d - s.Today)
			if open > 0 && s.restDay(k, d) {
				continue
			}
			switch o.Mode {
			case schemas.OverrideScale:
				scale(i, *o.Factor)
			case schemas.OverrideAdd:
				x.add(i, x.mean[i]+o.Quantity.Float()/float64(max(open, 1)))
			case schemas.OverrideReplace:
				x.add(i, o.Quantity.Float()/float64(max(open, 1)))
			}
		}
	}
	if days > 0 {
		x.add(0, max(0, x.mean[0]-k.history.at(s.Today).Kept.Float()))
	}
}

// add sets the mean of a day and moves its interval along.
func (x *expected) add(i int, mean float64) {
	delta := mean - x.mean[i]
	x.mean[i] = max(0, mean)
	x.lower[i] = max(0, x.lower[i]+delta)
	x.upper[i] = max(0, x.upper[i]+delta)
}

// period is the demand of the days [from, to), which are period t, with its 80 % interval: quantiles of the sum. plain
// are the model's means. What days of rest and factors leave of them keeps its share of the variance; what is added to it
// or taken from it moves the interval.
func (x *expected) period(t, from, to int, plain []float64) (mean, low, high float64) {
	mean, d, shift := x.window(x.sums[t], from, to, plain)
	return mean, max(0, min(mean, d.Quantile(.1)+shift)), max(mean, d.Quantile(.9)+shift)
}

// window is the demand of the days [from, to), of which the model says d: its mean, and the distribution that is left
// of d, to be moved by shift.
func (x *expected) window(d forecast.Dist, from, to int, plain []float64) (mean float64, left forecast.Dist, shift float64) {
	model, rest := 0.0, 0.0
	for day := from; day < to; day++ {
		mean += x.mean[day]
		model += plain[day]
		rest += plain[day] * x.left[day]
	}
	if rest == 0 || model == 0 {
		return mean, forecast.Dist{}, mean
	}
	return mean, d.WithMean(rest), mean - rest
}

// safetyRound is how far the demand over the cover may move from one period to the next before its quantile is taken anew.
const safetyRound = .01

// serviceStock is the safety stock of a service level by period t: the quantile of the demand summed over the cover, which
// begins at the end of t, less its mean. The model knows this distribution for the days from today on; that of a later
// cover has the width that goes with its own mean demand, the rate of its days within the horizon to that of today's.
func (x *expected) serviceStock(a span, plain []float64) []float64 {
	rate := func(from int) (float64, bool) {
		sum, days := 0.0, min(a.reach, a.days()-from)
		for day := from; day < from+days; day++ {
			sum += plain[day] * x.left[day]
		}
		return sum / float64(max(days, 1)), days > 0
	}
	stock := make([]float64, len(a.cuts))
	today, _ := rate(0)
	at, quantile := -1.0, 0.0
	for t, to := range a.cuts {
		f := 1.0
		if r, ok := rate(to); ok && today > 0 {
			f = r / today
		} else if t > 0 { // the last period
			f = at
		}
		if at < 0 || math.Abs(f-at) > safetyRound*at {
			at = f
			d := x.covered.WithMean(f * x.covered.Mean)
			units := d.Quantile(a.level)
			if a.slow && f > 0 {
				units += pastWeight * (a.past - units)
			}
			quantile = max(0, units-d.Mean)
		}
		stock[t] = quantile
	}
	return stock
}
