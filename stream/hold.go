package stream

import (
	"slices"

	"drumbeat/schemas"
)

// judge asks the outlier rule about the day's total with this sale in it; heldNone lets it pass. The
// rule learns a day when the SKU's next day with a sale begins, so all lines of a day are judged by
// the same expectation.
func (s *site) judge(k *sku, day schemas.Date, quantity schemas.Quantity) (score float64, held heldReason) {
	if k.hasOpen && day > k.open {
		s.learnOpenDay(k)
	}
	if !k.hasOpen || day > k.open {
		k.open, k.hasOpen = day, true
	}
	e := k.history.at(day)
	if e.Verdict == verdictAccepted {
		return 0, heldNone
	}
	v := k.sizes.judge(saleDay{Day: day, Units: addQuantity(e.Kept, quantity).Float()}, s.Sizes.at(day))
	switch {
	case v.Believed:
		for _, d := range [...]schemas.Date{k.lastDays[0], k.lastDays[1], day} {
			if e := k.history.at(d); e.Verdict == verdictNone && (e.Reason == heldOutlier || e.Reason == heldFirstSale) {
				s.release(k, d)
			}
		}
		return 0, heldNone
	case v.Flag && k.sizes.sales == 0:
		return v.Score, heldFirstSale
	case v.Flag:
		return v.Score, heldOutlier
	}
	return 0, heldNone
}

// learnOpenDay teaches the outlier rule the newest day, which is over for this SKU: its total, kept and
// held, with what the rule says of it now, unless a person has said otherwise.
func (s *site) learnOpenDay(k *sku) {
	e := k.history.at(k.open)
	units := addQuantity(e.Kept, max(0, e.Held)).Float()
	if !judged(units) {
		return
	}
	k.sizes.learn(saleDay{Day: k.open, Units: units, Review: e.Verdict}, s.Sizes.at(k.open), s.Sizes.learning(), nil)
	s.Sizes.close(k.open)
	k.lastDays[1], k.lastDays[0] = k.lastDays[0], k.open
}

// hold keeps a quantity out of demand and stock until it is believed or reviewed.
func (s *site) hold(k *sku, f *fact, score float64, reason heldReason) {
	k.history.update(f.day, func(e *dayEntry) {
		e.Held = addQuantity(max(0, e.Held), f.quantity)
		e.Score = max(e.Score, float32(score))
		if e.Verdict != verdictRejected {
			e.Reason = reason
		}
	})
	if f.day >= s.Today.AddDays(-moveWindow) {
		k.heldSales = append(k.heldSales, heldSale{At: f.at.Unix(), Day: f.day, Quantity: f.quantity, Customer: f.customer, Line: f.line})
	}
	if e, ok := s.lines.get(f.line); ok && f.line != 0 {
		e.Held = true
		s.lines.put(f.line, e)
	}
	s.changedDay(k, f.day)
}

// holdReturn shows a return that is not applied, where the day has nothing else that is held: a day
// holds either sales or returns, so that what is released is never a mixture.
func (s *site) holdReturn(k *sku, day schemas.Date, amount schemas.Quantity, reason heldReason) {
	if k.history.at(day).Held > 0 {
		return
	}
	k.history.update(day, func(e *dayEntry) {
		e.Held = addQuantity(e.Held, -amount)
		if e.Verdict != verdictRejected {
			e.Reason = reason
		}
	})
	s.changedDay(k, day)
}

// release books what was held on a day: sales as demand, a return to stock.
func (s *site) release(k *sku, d schemas.Date) {
	e := k.history.at(d)
	if e.Held == 0 {
		return
	}
	s.move(k, movement{At: d.Time(s.location).Unix(), DateOnly: true, Day: d, Quantity: -e.Held})
	k.history.update(d, func(e *dayEntry) {
		e.Kept = addQuantity(e.Kept, max(0, e.Held))
		e.Held, e.Score, e.Reason, e.Missing = 0, 0, heldNone, false
	})
	k.heldSales = slices.DeleteFunc(k.heldSales, func(h heldSale) bool { return h.Day == d })
	s.changedDay(k, d)
}

// mature books what was dated ahead of the clock once its day is near, as if it came now.
func (s *site) mature(k *sku) {
	for i := 0; i < len(k.heldSales); i++ {
		d := k.heldSales[i].Day
		e := k.history.at(d)
		if d > s.Today.AddDays(1) || e.Reason != heldFuture {
			continue
		}
		if score, held := s.judge(k, d, e.Held); held != heldNone {
			k.history.update(d, func(e *dayEntry) { e.Score, e.Reason = float32(score), held })
			s.changedDay(k, d)
			continue
		}
		s.release(k, d)
		i = -1 // release has removed the day's sales from the list
	}
}

// review applies a person's verdict on what is held.
func (s *site) review(k *sku, e *schemas.OutlierReviewed) {
	if e.Verdict == schemas.VerdictAccept {
		k.history.update(e.Date, func(d *dayEntry) { d.Verdict = verdictAccepted })
		s.release(k, e.Date)
	} else {
		k.history.update(e.Date, func(d *dayEntry) { d.Verdict, d.Reason = verdictRejected, heldReview })
	}
	s.changedDay(k, e.Date)
	s.note(triggerReview, k.name, true)
}
