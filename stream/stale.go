package stream

import (
	"math"

	"drumbeat/forecast"
	"drumbeat/schemas"
)

// A model that fails keeps its SKU in the plan with its last good forecast: that of the day before the one that it fails
// on, or of a week, a month or a quarter before, moved in time. It is made of the kept history, so it is the same
// after a restart; and since the model is fitted again before every plan, it is over as soon as its cause is.

// staleBack are the days by which a model that fails is put back, in turn.
var staleBack = [...]int{0, 7, 28, 91}

// stand-in models, as forecasts name them.
const (
	staleVersion   = modelVersion + " before it failed"
	profileVersion = "profile of the site"
)

// lastGood is the forecast of a SKU whose model has failed after it had learnt the days before k.through.
func (s *site) lastGood(k *sku, a span) expected {
	for _, back := range staleBack {
		former := *k
		former.model = nil
		day := k.through.AddDays(-back)
		first, ok := s.firstSale(k)
		if !ok || day <= first {
			break
		}
		var x expected
		if s.attempt(&former, func() {
			s.fitTo(&former, day)
			x = expect(former.model, a, int(s.Today-day))
		}) {
			x.model = staleVersion
			return x
		}
	}
	return s.profile(k, a)
}

// profileWeeks is the number of weeks that tell the site's profile of the week, profileDays the number of days that
// tell the mean and the deviation of a SKU.
const (
	profileWeeks = 8
	profileDays  = 28
)

// profile is the last resort: the mean of the SKU on the days of business of the last four weeks, spread over the week as
// the number of SKUs that the site sells.
func (s *site) profile(k *sku, a span) expected {
	business := func(d schemas.Date) bool { return !s.closedFor(k, d) && !s.silent(d) }
	var skus, days [7]float64
	all, n := 0.0, 0.0
	for d := s.Today - 7*profileWeeks; d < s.Today; d++ {
		if business(d) {
			c := float64(s.activity.skus[d])
			skus[d.Weekday()] += c
			days[d.Weekday()]++
			all += c
			n++
		}
	}
	sum, squares, open := 0.0, 0.0, 0.0
	for d := s.Today - profileDays; d < s.Today; d++ {
		if business(d) {
			v := max(0, k.history.at(d).Kept.Float())
			sum += v
			squares += v * v
			open++
		}
	}
	rate := sum / max(open, 1)
	deviation := math.Sqrt(max(0, squares/max(open, 1)-rate*rate))
	plain := make([]float64, a.days())
	x := expected{
		mean: make([]float64, a.days()), lower: make([]float64, a.days()), upper: make([]float64, a.days()),
		sums: make([]forecast.Dist, len(a.cuts)), model: profileVersion,
	}
	x.sum = func(from, to int) forecast.Dist {
		sum := 0.0
		for _, v := range plain[from:to] {
			sum += v
		}
		return forecast.Normal(sum, deviation*math.Sqrt(float64(to-from)))
	}
	for i := range x.mean {
		x.mean[i] = rate
		if w := s.Today.AddDays(i).Weekday(); days[w] > 0 && all > 0 {
			x.mean[i] = rate * (skus[w] / days[w]) / (all / n)
		}
		plain[i] = x.mean[i]
		d := forecast.Normal(x.mean[i], deviation)
		x.lower[i], x.upper[i] = d.Quantile(.1), d.Quantile(.9)
	}
	from := 0
	for t, to := range a.cuts {
		x.sums[t] = x.sum(from, to)
		from = to
	}
	x.covered = forecast.Normal(rate*float64(a.cover), deviation*math.Sqrt(float64(a.cover)))
	return x
}
