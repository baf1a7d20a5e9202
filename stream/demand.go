package stream

import (
	"context"
	"fmt"
	"math"

	"drumbeat/forecast"
	"drumbeat/schemas"
)

// season is the length in days of the pattern that a daily model learns.
const season = 7

// modelVersion is what forecasts say they were made by; it changes when the models do.
const modelVersion = "pool-3"

// refresh brings the models of the SKUs up to the open day, and does with each what follows from it.
func (s *site) refresh(ctx context.Context, list []*sku, then func(i int, k *sku)) (failed []int) {
	return s.each(ctx, list, func(i int, k *sku) {
		s.fit(k)
		then(i, k)
	})
}

// each does something with the models of the SKUs, spread over goroutines by SKU. Each SKU is independent and its
// result lands with it, so the order of running cannot be seen. A model that fails is its SKU's own trouble: it is
// returned by index of the list. When ctx has ended no other SKU is begun.
func (s *site) each(ctx context.Context, list []*sku, do func(i int, k *sku)) (failed []int) {
	bad := make([]bool, len(list))
	s.across(len(list), func(i int) {
		bad[i] = ctx.Err() == nil && !s.attempt(list[i], func() { do(i, list[i]) })
	})
	for i, b := range bad {
		if b {
			failed = append(failed, i)
		}
	}
	return failed
}

// attempt runs what asks the model of a SKU; false if the model failed.
func (s *site) attempt(k *sku, do func()) (ok bool) {
	defer func() {
		if cause := recover(); cause != nil {
			s.p.config.Log.Error("model failed", "site", s.name, "sku", k.name, "day", k.through, "cause", fmt.Sprint(cause))
			k.model, ok = nil, false
		}
	}()
	do()
	return true
}

// fit brings the model of a SKU up to the open day.
func (s *site) fit(k *sku) { s.fitTo(k, s.Today) }

// fitTo lets the model of a SKU learn the days before a day that it does not have yet, with what the site shares on each.
// A change to a day that it has makes it start anew, so its state is always what a fit of the whole history gives.
func (s *site) fitTo(k *sku, to schemas.Date) {
	first, ok := s.firstSale(k)
	if !ok || first > to {
		first = to
	}
	if k.model == nil && k.saved != nil {
		s.takeUp(k, first, to)
	}
	if k.model == nil || k.fitted != first || k.through > to {
		k.model = forecast.New(s.modelConfig(k, first, first))
		k.fitted, k.through, k.ordinary = first, first, 0
	}
	if k.through == to {
		return
	}
	gaps := k.life.gaps(s.location)
	learn := func(e dayEntry) {
		if a := s.shares.on(k.through); a != nil && a.prior != nil {
			k.model.SetPrior(a.prior)
		}
		if s.onLearn != nil {
			s.onLearn(k)
		}
		k.model.Append(s.dayDemand(k, e, gaps))
		k.through++
	}
	k.history.each(k.through, func(e dayEntry) bool {
		for k.through < min(e.Date, to) {
			learn(dayEntry{Date: k.through})
		}
		if e.Date >= to {
			return false
		}
		learn(e)
		return true
	})
	for k.through < to {
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
