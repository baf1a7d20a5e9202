package stream

import (
	"strings"

	"drumbeat/schemas"
	"drumbeat/stream/outlier"
)

// fold applies an event that was decoded to the site and counts it.
func (s *site) fold(rec *Record, from recordOrigin, ev *schemas.Event, f *fact) {
	s.Events++
	s.dirty = true
	id := identityOf(ev.Source, ev.ID)
	why := f.fault
	if why == nil && s.ids.has(id, s.Today) {
		s.Audit.duplicate(from.origin)
		return
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
	if f.hasDay && s.started() && f.day <= s.settled() {
		s.late++
	}
	var v outcome
	switch {
	case f.hasDay && f.day < s.Trimmed:
		v = s.beyond(f, ev.Type == schemas.TypeSaleCancelled)
	case ev.Type == schemas.TypeSale:
		v = s.sale(f)
	case ev.Type == schemas.TypeSaleCancelled:
		v = s.cancel(rec, from, id, f)
	default:
		v = s.define(ev)
	}
	if v.kind == outcomeRejected { // its identity is not remembered: it may be sent again after a fix
		s.reject(rec, from, v.fault)
		return
	}
	s.ids.remember(id, s.Today)
	switch v.kind {
	case outcomeKept:
		s.Audit.kept(from.origin)
		if v.reason != "" {
			s.Audit.note(from.origin, v.reason)
		}
	case outcomeFlagged:
		s.Audit.flagged(from.origin, v.reason)
	case outcomeDuplicate:
		s.Audit.duplicate(from.origin)
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

func kept(reason string) outcome { return outcome{kind: outcomeKept, reason: reason} }
func flagged(reason heldReason) outcome {
	return outcome{kind: outcomeFlagged, reason: reason.String()}
}
func duplicate() outcome { return outcome{kind: outcomeDuplicate} }
func rejected(reason, field, detail string) outcome {
	return outcome{kind: outcomeRejected, fault: &fault{reason, field, detail}}
}

// Reasons that the audit counts for what was kept; those of what was flagged are a heldReason, or
// reasonWaiting.
const (
	reasonNotDemand = "not-demand"            // a code that is no product
	reasonReversed  = "reversed"              // took a sale back
	reasonReturn    = "return"                // added to stock, left demand as it was
	reasonCorrected = "corrected"             // replaced a document line
	reasonEarly     = "cancelled-before-sale" // its cancellation was waiting for it
	reasonWaiting   = "waiting"               // a cancellation whose sale has not come yet
	reasonBeyond    = "beyond-history"        // of a day before the kept history: the daily row alone changes
)

// sale applies a sale, a correction of a document line, or a return.
func (s *site) sale(f *fact) outcome {
	k := s.known(f.sku)
	product := s.isProduct(k, f.sku)
	if product && f.ahead && k != nil {
		if why := k.crowdedAhead(f); why != nil {
			return outcome{kind: outcomeRejected, fault: why}
		}
	}
	if product {
		if k == nil && f.quantity != 0 {
			k = s.learn(f.sku)
		}
		if k != nil && k.item.Provisional && k.item.UnitPrice == 0 && f.price > 0 && f.quantity > 0 {
			k.item.UnitPrice = f.price
			s.save(k)
		}
		s.HasSales = true
	} else {
		k = nil
	}
	reason := ""
	if f.line != 0 {
		v, settled := s.supersede(&k, f)
		if settled {
			return v
		}
		reason = v.reason
	}
	switch {
	case !product:
		return kept(reasonNotDemand)
	case f.quantity == 0:
		return kept(reason)
	case f.ahead:
		s.holdAhead(k, s.booking(f))
		return flagged(heldFuture)
	}
	held, fate := s.book(k, s.booking(f))
	switch {
	case held != heldNone:
		return flagged(held)
	case fate == fateReversed:
		return kept(reasonReversed)
	case fate == fateReturned:
		return kept(reasonReturn)
	}
	return kept(reason)
}

// beyond applies a sale or a cancellation of a day before the kept history: it changes the daily row and
// nothing else. A return leaves demand as it was, and that is all there is of so old a day.
func (s *site) beyond(f *fact, cancelled bool) outcome {
	if !s.isProduct(s.known(f.sku), f.sku) {
		return kept(reasonNotDemand)
	}
	quantity := f.quantity
	switch {
	case cancelled && quantity == 0:
		return rejected("unknown-line", "quantity", "a cancellation of "+f.day.String()+" has to say how much")
	case cancelled:
		quantity = -max(quantity, -quantity)
	case f.line != 0:
		if e, known := s.lines.get(f.line); known && f.version <= e.Version {
			return duplicate()
		}
		s.lines.put(f.line, lineEntry{SKU: noSKU, Day: f.day, Quantity: quantity, Version: f.version})
	}
	if quantity < 0 && !cancelled {
		return kept(reasonReturn)
	}
	if s.old == nil {
		s.old = map[saleKey]schemas.Quantity{}
	}
	s.old[saleKey{strings.Clone(f.sku), f.day}] += quantity
	return kept(reasonBeyond)
}

// booking is what a sale or a return writes into the books.
func (s *site) booking(f *fact) booking {
	e := booking{
		Day: f.day, Second: dayOnly, Quantity: f.quantity,
		Line: f.line, Document: f.document, Customer: f.customer, price: outlier.LogOf(f.price),
	}
	if f.hasTime {
		e.Second = int32(f.at.Unix() - s.startOf(f.day))
	}
	if e.Quantity < 0 {
		e.Quantity, e.kind = -e.Quantity, bookedReturn
	}
	return e
}

// startOf is the Unix time at which a day of the site begins.
func (s *site) startOf(d schemas.Date) int64 {
	if d != s.startDay || s.startUnix == 0 {
		s.startDay, s.startUnix = d, d.Time(s.location).Unix()
	}
	return s.startUnix
}

// changedDay follows a change of the demand of a day: its row is to be written, and a day that the
// model has already learnt makes the model be fitted anew.
func (s *site) changedDay(k *sku, d schemas.Date) {
	s.booked(k, d)
	k.unlearn(d)
	s.weigh(k, triggerSale)
}

// markMissing makes the day of a rejected row missing. What else was sold on it stands beside that, so that the
// order of the rows does not matter, nor what is cancelled later.
func (s *site) markMissing(f *fact) {
	k := s.known(f.sku)
	if k == nil || f.day < s.Trimmed || f.day > s.Today.AddDays(1) {
		return
	}
	if !k.history.at(f.day).Missing {
		s.amend(k, f.day, func(e *dayEntry) { e.Missing = true })
		k.unlearn(f.day)
		s.save(k)
	}
}
