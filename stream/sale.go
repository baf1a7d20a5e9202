package stream

import (
	"slices"

	"drumbeat/schemas"
)

// fold applies an event that was decoded to the site and counts it.
func (s *site) fold(rec *Record, from recordOrigin, ev *schemas.Event, f *fact) {
	s.Events++
	s.dirty = true
	why := f.fault
	if why == nil && f.hasDay && s.trimmedBefore(f.day) {
		why = &fault{"beyond-history", "date", f.day.String() + " is before " + s.Trimmed.String() + ", the first day of the kept history"}
	}
	if why == nil && ev.Type != schemas.TypeSale && ev.Type != schemas.TypeSaleCancelled {
		why = s.checkDefinition(ev)
	}
	if why != nil {
		if ev.Type == schemas.TypeSale && f.hasSKU && f.hasDay {
			s.markMissing(f)
		}
		s.reject(rec, from, why)
		return
	}
	if s.ids.seen(ev.Source, ev.ID, s.Today) {
		s.Audit.duplicate(from.origin)
		return
	}
	var v outcome
	switch ev.Type {
	case schemas.TypeSale:
		v = s.sale(f)
	case schemas.TypeSaleCancelled:
		v = s.cancel(rec, from, f)
	default:
		v = s.define(ev)
	}
	switch v.kind {
	case outcomeKept:
		s.Audit.kept(from.origin)
	case outcomeFlagged:
		s.Audit.flagged(from.origin, v.reason)
	case outcomeDuplicate:
		s.Audit.duplicate(from.origin)
	case outcomeRejected:
		s.reject(rec, from, v.fault)
		return
	}
	if v.kind == outcomeKept && v.reason != "" {
		s.Audit.note(from.origin, v.reason)
	}
	s.Audit.repaired(from.origin, f.repairs)
}

// outcome says what became of an event.
type outcome struct {
	kind   outcomeKind
	reason string
	fault  *fault
}

type outcomeKind uint8

const (
	outcomeKept outcomeKind = iota
	outcomeFlagged
	outcomeDuplicate
	outcomeRejected
)

func kept(reason string) outcome    { return outcome{kind: outcomeKept, reason: reason} }
func flagged(reason string) outcome { return outcome{kind: outcomeFlagged, reason: reason} }

// Reasons that the audit counts for what was kept; those of what was flagged are a heldReason, or
// reasonWaiting.
const (
	reasonNotDemand = "not-demand"            // a code that is no product
	reasonReversed  = "reversed"              // took a sale back
	reasonReturn    = "return"                // added to stock, left demand as it was
	reasonCorrected = "corrected"             // replaced a document line
	reasonEarly     = "cancelled-before-sale" // its cancellation was waiting for it
	reasonWaiting   = "waiting"               // a cancellation whose sale has not come yet
)

// returnWindow is the number of days of sales that a return is held against.
const returnWindow = 90

// sale applies a sale, a correction of a document line, or a return.
func (s *site) sale(f *fact) outcome {
	if !s.settings.isProduct(f.sku) {
		return kept(reasonNotDemand)
	}
	k := s.known(f.sku)
	if k == nil && f.quantity > 0 {
		k = s.learn(f.sku)
	}
	if k != nil && k.item.Provisional && k.item.UnitPrice == 0 && f.price > 0 && f.quantity > 0 {
		k.item.UnitPrice = f.price
	}
	s.HasSales = true
	reason := ""
	if f.line != 0 {
		if s.takeWaiting(f.line) {
			s.lines.put(f.line, lineEntry{SKU: s.indexOf(k), Day: f.day, Version: cancelledVersion})
			return kept(reasonEarly)
		}
		if e, ok := s.lines.get(f.line); ok {
			if f.quantity < 0 {
				amount := min(-f.quantity, e.Quantity)
				s.reverseLine(f.line, e, amount)
				e.Quantity -= amount
				s.lines.put(f.line, e)
				return kept(reasonReversed)
			}
			same := k != nil && e.SKU == k.index && e.Day == f.day && e.Quantity == f.quantity
			if f.version < e.Version || f.version == e.Version && same {
				return outcome{kind: outcomeDuplicate}
			}
			s.reverseLine(f.line, e, e.Quantity)
			reason = reasonCorrected
		}
		if f.quantity >= 0 {
			s.lines.put(f.line, lineEntry{SKU: s.indexOf(k), Day: f.day, Quantity: f.quantity, Version: f.version})
		}
	}
	switch {
	case f.quantity == 0:
		return kept(reason)
	case f.quantity < 0:
		return s.returned(k, f)
	case f.ahead:
		s.hold(k, f, 0, heldFuture)
		return flagged(heldFuture.String())
	}
	if score, gross := s.judge(k, f); gross {
		s.hold(k, f, score, heldOutlier)
		return flagged(heldOutlier.String())
	}
	k.history.update(f.day, func(e *dayEntry) { e.Kept += f.quantity; e.Missing = false })
	s.move(k, f.movement())
	s.changedDay(k, f.day)
	return kept(reason)
}

// noSKU stands in the line index for a line whose SKU is not known.
const noSKU = 1<<24 - 1

func (s *site) indexOf(k *sku) uint32 {
	if k == nil {
		return noSKU
	}
	return k.index
}

// movement is the stock movement of a sale.
func (f *fact) movement() movement {
	return movement{
		At: f.at.Unix(), DateOnly: !f.hasTime, Day: f.day, Quantity: -f.quantity, Customer: f.customer, Line: f.line,
	}
}

// changedDay follows a change of the demand of a day: its row is to be written, and a day that the
// model has already learnt makes the model be fitted anew.
func (s *site) changedDay(k *sku, d schemas.Date) {
	s.booked(k, d)
	if k.model != nil && d < k.through {
		k.model = nil
	}
	s.weigh(k, triggerSale)
}

// judge asks the outlier rule about the day's total with this sale in it. The filter learns a day when
// the SKU's next day with a sale begins, so all lines of a day are judged by the same expectation.
func (s *site) judge(k *sku, f *fact) (score float64, gross bool) {
	if k.hasOpen && f.day > k.open {
		s.learnOpenDay(k)
	}
	if !k.hasOpen || f.day > k.open {
		k.open, k.hasOpen = f.day, true
	}
	e := k.history.at(f.day)
	if e.Verdict == verdictAccepted {
		return 0, false
	}
	v := k.sizes.judge(f.day, (e.Kept + f.quantity).Float(), &s.Sizes)
	if v.Believed {
		for _, d := range k.grossDays {
			s.release(k, d)
		}
		k.grossDays = [2]schemas.Date{}
		return 0, false
	}
	return v.Score, v.Flag
}

// learnOpenDay teaches the outlier rule the newest day, which is over for this SKU.
func (s *site) learnOpenDay(k *sku) {
	e := k.history.at(k.open)
	units := e.Kept
	if units <= 0 && e.Reason == heldOutlier {
		units = e.Held
	}
	if units > 0 {
		k.sizes.learn(k.open, units.Float(), k.sizes.judge(k.open, units.Float(), &s.Sizes), &s.Sizes)
	}
}

// hold keeps a quantity out of demand and stock until it is believed or reviewed.
func (s *site) hold(k *sku, f *fact, score float64, reason heldReason) {
	k.history.update(f.day, func(e *dayEntry) {
		e.Held += f.quantity
		e.Score = max(e.Score, float32(score))
		e.Reason = reason
	})
	k.heldSales = append(k.heldSales, heldSale{At: f.at.Unix(), Day: f.day, Quantity: f.quantity, Customer: f.customer})
	if reason == heldOutlier && k.grossDays[0] != f.day {
		k.grossDays[1], k.grossDays[0] = k.grossDays[0], f.day
	}
	s.changedDay(k, f.day)
}

// release books what was held on a day.
func (s *site) release(k *sku, d schemas.Date) {
	e := k.history.at(d)
	if e.Held <= 0 || e.Reason != heldOutlier && e.Verdict != verdictAccepted {
		return
	}
	s.move(k, movement{At: d.Time(s.location).Unix(), DateOnly: true, Day: d, Quantity: -e.Held})
	k.history.update(d, func(e *dayEntry) { e.Kept += e.Held; e.Held, e.Score, e.Reason, e.Missing = 0, 0, 0, false })
	k.heldSales = slices.DeleteFunc(k.heldSales, func(h heldSale) bool { return h.Day == d })
	s.changedDay(k, d)
}

// returned applies a negative quantity that names no line we know.
func (s *site) returned(k *sku, f *fact) outcome {
	amount := -f.quantity
	if k == nil {
		return flagged(heldReturn.String())
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
		k.history.update(f.day, func(e *dayEntry) { e.Reason = reason; e.Held -= amount })
		s.changedDay(k, f.day)
		return flagged(reason.String())
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
		sum += e.Kept
		return true
	})
	return sum
}

// takeBack reverses the latest sale of the same customer, SKU and quantity within the window, booked or
// held.
func (s *site) takeBack(k *sku, f *fact, amount schemas.Quantity) bool {
	at := f.at.Unix()
	if !f.hasTime {
		at = (f.day + 1).Time(s.location).Unix() - 1
	}
	best := -1
	for i, h := range k.heldSales {
		if h.Customer == f.customer && h.Quantity == amount && h.At <= at && (best < 0 || h.At >= k.heldSales[best].At) {
			best = i
		}
	}
	m, booked := k.moves.takeSale(f.customer, amount, movement{At: at, DateOnly: !f.hasTime, Day: f.day})
	if best >= 0 && (!booked || k.heldSales[best].At > m.At) {
		if booked {
			k.moves.add(m)
		}
		h := k.heldSales[best]
		k.heldSales = slices.Delete(k.heldSales, best, best+1)
		k.history.update(h.Day, func(e *dayEntry) {
			e.Held -= amount
			if e.Held == 0 {
				e.Score, e.Reason = 0, 0
			}
		})
		s.changedDay(k, h.Day)
		return true
	}
	if !booked {
		return false
	}
	s.unmove(k, m)
	k.history.update(m.Day, func(e *dayEntry) { e.Kept -= amount })
	if m.Line != 0 {
		if e, ok := s.lines.get(m.Line); ok {
			e.Quantity = 0
			s.lines.put(m.Line, e)
		}
	}
	s.changedDay(k, m.Day)
	return true
}

// reverseLine takes back part of a document line: from the demand of its day and from stock.
func (s *site) reverseLine(key uint64, e lineEntry, amount schemas.Quantity) {
	if amount <= 0 || e.SKU == noSKU || int(e.SKU) >= len(s.skus) {
		return
	}
	s.reverse(s.skus[e.SKU], e.Day, amount, key)
}

// reverse takes a quantity back from the demand of a day, the held part first where it is large enough,
// and from stock.
func (s *site) reverse(k *sku, day schemas.Date, amount schemas.Quantity, line uint64) {
	held := false
	k.history.update(day, func(e *dayEntry) {
		if held = e.Held >= amount; held {
			if e.Held -= amount; e.Held == 0 {
				e.Score, e.Reason = 0, 0
			}
			return
		}
		e.Kept -= amount
	})
	if held {
		if i := slices.IndexFunc(k.heldSales, func(h heldSale) bool { return h.Day == day && h.Quantity == amount }); i >= 0 {
			k.heldSales = slices.Delete(k.heldSales, i, i+1)
		}
	} else if m, ok := k.moves.takeLine(line); ok {
		s.unmove(k, m)
		if rest := -m.Quantity - amount; rest > 0 { // part of the line stands
			m.Quantity = -rest
			s.move(k, m)
		}
	} else {
		s.move(k, movement{At: day.Time(s.location).Unix(), DateOnly: true, Day: day, Quantity: amount})
	}
	s.changedDay(k, day)
}

// cancel applies a cancellation: of a document line, else of a quantity on a day.
func (s *site) cancel(rec *Record, from recordOrigin, f *fact) outcome {
	if f.line != 0 {
		if e, ok := s.lines.get(f.line); ok {
			if e.Quantity == 0 {
				return outcome{kind: outcomeDuplicate}
			}
			s.reverseLine(f.line, e, e.Quantity)
			s.lines.put(f.line, lineEntry{SKU: e.SKU, Day: e.Day, Version: cancelledVersion})
			return kept(reasonReversed)
		}
		if !f.hasSKU || !f.hasDay || f.quantity <= 0 {
			if slices.ContainsFunc(s.Waiting, func(w waiting) bool { return w.Key == f.line }) {
				return outcome{kind: outcomeDuplicate}
			}
			s.Waiting = append(s.Waiting, waiting{
				Key: f.line, Until: s.Today.AddDays(moveWindow), Origin: from.origin,
				Letter: s.letter(rec, from, &fault{"unknown-line", "document", "no sale with this document and line came within 7 days"}),
			})
			return flagged(reasonWaiting)
		}
	}
	k := s.known(f.sku)
	if k == nil {
		return outcome{kind: outcomeRejected, fault: &fault{"unknown-sku", "sku", shown(f.sku) + " was never sold"}}
	}
	if f.quantity < 0 {
		f.quantity = -f.quantity
	}
	if f.customer != 0 && s.takeBack(k, f, f.quantity) {
		return kept(reasonReversed)
	}
	if e := k.history.at(f.day); e.Kept < f.quantity && e.Held < f.quantity {
		return outcome{kind: outcomeRejected, fault: &fault{"unknown-line", "quantity",
			f.quantity.String() + " of " + shown(f.sku) + " was not sold on " + f.day.String()}}
	}
	s.reverse(k, f.day, f.quantity, 0)
	return kept(reasonReversed)
}

// takeWaiting removes the cancellation that waits for a line.
func (s *site) takeWaiting(key uint64) bool {
	i := slices.IndexFunc(s.Waiting, func(w waiting) bool { return w.Key == key })
	if i < 0 {
		return false
	}
	s.Waiting = slices.Delete(s.Waiting, i, i+1)
	return true
}

// markMissing makes the day of a rejected row missing, unless something was sold on it.
func (s *site) markMissing(f *fact) {
	k := s.known(f.sku)
	if k == nil || s.trimmedBefore(f.day) || f.day > s.Today.AddDays(1) {
		return
	}
	if e := k.history.at(f.day); e.Kept == 0 && e.Held == 0 && !e.Missing {
		k.history.update(f.day, func(e *dayEntry) { e.Missing = true })
		if k.model != nil && f.day < k.through {
			k.model = nil
		}
		s.touch(k)
	}
}

func (s *site) trimmedBefore(d schemas.Date) bool { return d < s.Trimmed }
