package stream

import (
	"slices"

	"drumbeat/schemas"
)

// returnWindow is the number of days of sales that a return is held against.
const returnWindow = 90

// returned applies a negative quantity that names no line we know.
func (s *site) returned(k *sku, f *fact) outcome {
	amount := -f.quantity
	if k == nil {
		return flagged(heldReturn)
	}
	if f.customer != 0 && s.takeBack(k, f, amount) {
		return kept(reasonReversed)
	}
	reason := heldNone
	switch {
	case f.ahead:
		reason = heldFuture
	case f.customer == 0 && !f.document:
		reason = heldUnreferenced
	case amount > k.sold(f.day.AddDays(-returnWindow), f.day):
		reason = heldReturn
	}
	if reason != heldNone {
		s.holdReturn(k, f.day, amount, reason)
		return flagged(reason)
	}
	s.move(k, f.movement())
	s.weigh(k, triggerSale)
	return kept(reasonReturn)
}

// sold is the demand of the days [from, to].
func (k *sku) sold(from, to schemas.Date) (sum schemas.Quantity) {
	k.history.each(from, func(e dayEntry) bool {
		if e.Date > to {
			return false
		}
		sum = addQuantity(sum, e.Kept)
		return true
	})
	return sum
}

// takeBack reverses the latest sale of the same customer, SKU and quantity, booked or held, within the
// window before the return's own day: how late it arrives does not matter, as far as movements are kept.
func (s *site) takeBack(k *sku, f *fact, amount schemas.Quantity) bool {
	at := f.at.Unix()
	if !f.hasTime {
		at = (f.day + 1).Time(s.location).Unix() - 1
	}
	best, oldest := -1, f.day.AddDays(-reverseWindow)
	for i, h := range k.heldSales {
		if h.Customer == f.customer && h.Quantity == amount && h.At <= at && h.Day >= oldest && (best < 0 || h.At >= k.heldSales[best].At) {
			best = i
		}
	}
	m, booked := k.moves.takeSale(f.customer, amount, movement{At: at, DateOnly: !f.hasTime, Day: f.day}, oldest)
	if best >= 0 && (!booked || k.heldSales[best].At > m.At) {
		if booked {
			k.moves.add(m)
		}
		h := k.heldSales[best]
		k.heldSales = slices.Delete(k.heldSales, best, best+1)
		s.amend(k, h.Day, func(e *dayEntry) { e.unhold(amount) })
		s.endLine(h.Line)
		s.changedDay(k, h.Day)
		return true
	}
	if !booked {
		return false
	}
	s.unmove(k, m)
	s.amend(k, m.Day, func(e *dayEntry) { e.Kept = max(0, e.Kept-amount) })
	s.endLine(m.Line)
	s.changedDay(k, m.Day)
	return true
}

// endLine says that nothing stands of a line any more.
func (s *site) endLine(key uint64) {
	if e, ok := s.lines.get(key); ok && key != 0 {
		e.Quantity, e.Reversed = 0, true
		s.lines.put(key, e)
	}
}

// unhold takes a held quantity back.
func (e *dayEntry) unhold(amount schemas.Quantity) {
	if e.Held = max(0, e.Held-amount); e.Held == 0 {
		e.Score, e.Reason = 0, heldNone
	}
}

// reverse takes a quantity back from the demand of a day and from stock. What was held when it came is
// taken from what is held, as long as that is enough; demand never falls below zero.
func (s *site) reverse(k *sku, day schemas.Date, amount schemas.Quantity, line uint64, wasHeld bool) {
	var kept schemas.Quantity // of amount
	s.amend(k, day, func(e *dayEntry) {
		if e.Held >= amount && (wasHeld || e.Kept < amount) {
			e.unhold(amount)
			return
		}
		kept = min(amount, max(0, e.Kept))
		e.Kept -= kept
		if rest := amount - kept; rest > 0 && e.Held > 0 {
			e.unhold(rest)
		}
	})
	if kept == 0 {
		k.heldSales = slices.DeleteFunc(k.heldSales, func(h heldSale) bool {
			return h.Day == day && h.Quantity == amount && h.Line == line
		})
	} else if m, ok := k.moves.takeLine(line); ok {
		s.unmove(k, m)
		if rest := -m.Quantity - kept; rest > 0 { // part of the line stands
			m.Quantity = -rest
			s.move(k, m)
		}
	} else {
		s.move(k, movement{At: day.Time(s.location).Unix(), DateOnly: true, Day: day, Quantity: kept})
	}
	s.changedDay(k, day)
}
