package stream

import (
	"context"
	"slices"

	"drumbeat/schemas"
	"drumbeat/stream/outlier"
)

// A fact whose day is settled comes too late for the window. It changes the day's sum in the history, and the
// outlier rule judges the whole kept history of its SKU anew before anything is made of it.

// bookLate enters a fact whose day is settled.
func (s *site) bookLate(k *sku, e booking) (heldReason, returnFate) {
	h := k.history.at(e.Day)
	switch e.kind {
	case bookedSale:
		units := addQuantity(h.sold(), e.Quantity).Float()
		v := k.live.Judge(outlier.Day{Day: e.Day, Units: units, Declared: s.declared(k, e.Day), Review: h.Verdict}, s.Priors.At(e.Day))
		s.changeLate(k, e.Day, e.Quantity)
		if v.Flag {
			return heldOutlier, fateNone
		}
	case bookedCancel:
		if h.sold() < e.Quantity {
			return heldNone, fateMissing
		}
		s.changeLate(k, e.Day, -e.Quantity)
		return heldNone, fateReversed
	default:
		if !k.refuses(&e, nil, e.Day) {
			s.addOther(k, e.Day, e.Quantity)
			s.weigh(k, triggerSale)
			return heldNone, fateReturned
		}
		held := e.refusal()
		if h.Held <= 0 {
			s.showDay(k, &dayTally{day: e.Day, sold: h.sold(), refuse: addQuantity(e.Quantity, -h.Held), refused: held})
		}
		return held, fateHeld
	}
	return heldNone, fateNone
}

// changeLate changes what was sold on a settled day. What is taken back is taken from the suspect sales if
// it is as large as they are, for these are the largest of the day.
func (s *site) changeLate(k *sku, d schemas.Date, sold schemas.Quantity) {
	h := k.history.at(d)
	t := tallyOf(h)
	t.sold, t.flag = max(0, addQuantity(t.sold, sold)), h.Held > 0
	k.live.Each(func(day schemas.Date, flag bool) {
		if day == d {
			t.flag = flag
		}
	})
	if -sold >= (h.Suspect+1)/2 {
		t.suspect = max(0, h.Suspect+sold)
	}
	s.showDay(k, &t)
	if k.returns != never {
		s.refold(k) // returns are held against what was sold before
	}
	if !k.stale {
		k.stale = true
		s.stale = append(s.stale, k)
	}
}

// freshen judges the SKUs anew whose settled days have changed. That is done before a plan is made and
// when a day ends, not for every late fact: a file in no order at all costs it once. When ctx
// has ended the others stay to be judged.
func (s *site) freshen(ctx context.Context) {
	for i, k := range s.stale {
		if ctx.Err() != nil {
			s.stale = slices.Delete(s.stale, 0, i)
			return
		}
		k.stale = false
		s.rejudge(k)
		s.save(k)
	}
	s.stale = s.stale[:0]
}

// rejudge runs the outlier rule over the whole kept history of a SKU, in the order of days.
func (s *site) rejudge(k *sku) {
	k.settled = outlier.Rule{}
	settled := s.settled()
	flags := map[schemas.Date]bool{}
	var days []dayEntry
	first, _ := k.history.first()
	k.history.each(first, func(h dayEntry) bool {
		if h.Date <= settled && outlier.Judged(h.sold().Float()) {
			days = append(days, h)
		}
		return h.Date <= settled
	})
	change := func(d schemas.Date, flag bool) { flags[d] = flag }
	for i := range days {
		h := &days[i]
		prior := s.Priors.At(h.Date)
		if prior == nil {
			prior = s.Priors.Oldest()
		}
		v := k.settled.Learn(s.saleDay(k, *h), prior, nil, change)
		if _, changed := flags[h.Date]; !changed {
			flags[h.Date] = v.Flag
		}
	}
	k.flagged = k.flagged[:0]
	for i := range days {
		h := &days[i]
		if h.Held > 0 {
			k.setFlagged(h.Date, true)
		}
		if flag := flags[h.Date]; flag != (h.Held > 0) {
			s.flip(k, h.Date, flag)
		}
	}
	s.refold(k)
}
