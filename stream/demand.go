package stream

import (
	"fmt"
	"math"
	"runtime"
	"sync"
	"sync/atomic"

	"drumbeat/forecast"
	"drumbeat/schemas"
)

// season is the length in days of the pattern that a daily model learns.
const season = 7

// modelVersion is what forecasts say they were made by; it changes when the models do.
const modelVersion = "pool-1"

// refresh brings the models of the SKUs up to the open day, spread over goroutines by SKU. Each SKU is
// independent and its result lands with it, so the order of running cannot be seen. A model that fails
// is its SKU's own trouble: it is returned by index of the list.
func (s *site) refresh(list []*sku, each func(i int, k *sku)) (failed []int) {
	shards := s.p.config.Shards
	if shards <= 0 {
		shards = runtime.GOMAXPROCS(0)
	}
	shards = min(shards, len(list))
	var next atomic.Int64
	var group sync.WaitGroup
	bad := make([]bool, len(list))
	for range shards {
		group.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(list) {
					return
				}
				bad[i] = !s.attempt(list[i], i, each)
			}
		})
	}
	group.Wait()
	for i, b := range bad {
		if b {
			failed = append(failed, i)
		}
	}
	return failed
}

// attempt runs one SKU's refit and what follows from it; false if the model failed.
func (s *site) attempt(k *sku, i int, each func(i int, k *sku)) (ok bool) {
	defer func() {
		if cause := recover(); cause != nil {
			s.p.config.Log.Error("model failed", "site", s.name, "sku", k.name, "cause", fmt.Sprint(cause))
			k.model, ok = nil, false
		}
	}()
	s.fit(k)
	each(i, k)
	return true
}

// fit lets the model of a SKU learn the closed days that it does not have yet. A change to a day that
// it has makes it start anew, so its state is always what a fit of the whole history gives.
func (s *site) fit(k *sku) {
	first, ok := s.firstSale(k)
	if !ok || first > s.Today {
		first = s.Today
	}
	if k.model == nil || k.fitted != first || k.through > s.Today {
		k.model = forecast.New(forecast.Config{Season: season})
		k.fitted, k.through, k.ordinary = first, first, 0
	}
	if k.through == s.Today {
		return
	}
	gaps := k.life.gaps(s.location)
	learn := func(e dayEntry) {
		k.model.Append(s.dayDemand(k, e, gaps))
		k.through++
	}
	k.history.each(k.through, func(e dayEntry) bool {
		for k.through < min(e.Date, s.Today) {
			learn(dayEntry{Date: k.through})
		}
		if e.Date >= s.Today {
			return false
		}
		learn(e)
		return true
	})
	for k.through < s.Today {
		learn(dayEntry{Date: k.through})
	}
}

// dayDemand is the demand of a day as models see it: NaN where it is not known. It reads the days in their
// order, for the size of an ordinary sale follows them.
//
//	in a gap of the SKU's life         unknown
//	sold                               its figure, also on a day that should have been closed
//	sold, and out of stock at its end  its figure from an ordinary sale on, else unknown
//	rows rejected, or sales held       unknown: the model's own expectation stands in its place
//	closed, silent, or out of stock    unknown
//	nothing                            zero
func (s *site) dayDemand(k *sku, e dayEntry, gaps daySet) float64 {
	switch {
	case gaps.has(e.Date):
		return math.NaN()
	case e.Kept > 0:
		sold := e.Kept.Float()
		if e.Censored && sold < k.ordinary {
			return math.NaN()
		}
		k.learnOrdinary(sold)
		return sold
	case e.Missing || e.Held > 0 || e.Censored || s.closedFor(k, e.Date) || s.silent(e.Date):
		return math.NaN()
	}
	return 0
}

// expected is what a SKU is expected to sell from the open day on.
type expected struct {
	mean, lower, upper []float64 // by day; 80 % interval
	safety             float64   // extra stock for the service level, 0 for other rules
	model              string
	sums               []forecast.Dist // by period
}

// expect reads the model of a SKU over the horizon. cuts are the ends of the periods in days from the
// open day on; cover is the number of days that the safety stock of a service level has to cover.
func (s *site) expect(k *sku, cuts []int, cover int, level float64) expected {
	days := cuts[len(cuts)-1]
	var outlook forecast.Outlook
	k.model.Outlook(&outlook, max(days, cover))
	x := expected{
		mean: make([]float64, days), lower: make([]float64, days), upper: make([]float64, days),
		sums: make([]forecast.Dist, len(cuts)),
	}
	outlook.Interval(x.mean, x.lower, x.upper, .1)
	from := 0
	for t, to := range cuts {
		if to > from {
			x.sums[t] = outlook.Sum(from, to)
		}
		from = to
	}
	if level > 0 {
		d := outlook.Sum(0, cover)
		x.safety = max(0, d.Quantile(level)-d.Mean)
	}
	x.model = modelVersion
	return x
}

// flat stands in for a model that failed: the mean of the days of business of the last four weeks.
func (s *site) flat(k *sku, cuts []int) expected {
	const window = 28
	open := 0
	for d := s.Today - window; d < s.Today; d++ {
		if !s.closedFor(k, d) && !s.silent(d) {
			open++
		}
	}
	rate := max(0, k.kept(s.Today-window, s.Today-1).Float()) / float64(max(open, 1))
	days := cuts[len(cuts)-1]
	x := expected{
		mean: make([]float64, days), lower: make([]float64, days), upper: make([]float64, days),
		sums: make([]forecast.Dist, len(cuts)), model: "mean of 28 days",
	}
	for i := range x.mean {
		x.mean[i], x.upper[i] = rate, 2*rate
	}
	from := 0
	for t, to := range cuts {
		x.sums[t] = forecast.Dist{Mean: rate * float64(to-from)}
		from = to
	}
	return x
}

// adjust applies days of rest, what is already sold today, and the overrides of planners.
func (s *site) adjust(k *sku, x *expected) {
	days := len(x.mean)
	scale := func(i int, f float64) { x.mean[i] *= f; x.lower[i] *= f; x.upper[i] *= f }
	for i := range days {
		if s.restDay(k, s.Today.AddDays(i)) {
			scale(i, 0)
		}
	}
	for _, o := range s.Overrides {
		if o.SKU != k.name || o.Expires != nil && *o.Expires < s.Today {
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
