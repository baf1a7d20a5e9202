package stream

import (
	"slices"

	"drumbeat/schemas"
)

// noSKU stands in the line index for a line whose SKU is not known, or is no product.
const noSKU = 1<<24 - 1

func (s *site) indexOf(k *sku) uint32 {
	if k == nil {
		return noSKU
	}
	return k.index
}

// supersede holds a sale against what is known of its document line. It either settles the sale, or
// makes the line say what the sale says and lets the caller book it; the reason then goes with it.
//
//	line is            the sale has           what happens
//	not known          any quantity           booked
//	cancelled early    a version up to that   counts as cancelled
//	a sale             a negative quantity    that much of the line is reversed
//	a sale             the same version       a duplicate, if equal or if the line was reversed; else a correction
//	a sale             a higher version       a correction: the former quantity is reversed, the new one booked
//	any                a lower version        a duplicate
//	a return           a negative quantity    a duplicate; a higher version is refused: what it did cannot be told apart
//	a return           a positive quantity    booked: the return came before its sale
func (s *site) supersede(k *sku, f *fact) (v outcome, settled bool) {
	if version, waits := s.takeWaiting(f.line, f.version); waits {
		s.lines.put(f.line, lineEntry{SKU: s.indexOf(k), Day: f.day, Version: version, Reversed: true})
		return kept(reasonEarly), true
	}
	now := lineEntry{SKU: s.indexOf(k), Day: f.day, Quantity: f.quantity, Version: f.version}
	e, known := s.lines.get(f.line)
	switch {
	case !known:
	case f.version < e.Version:
		return duplicate(), true
	case f.quantity < 0 && e.Quantity < 0:
		if f.version > e.Version {
			return rejected("corrected-return", "version", "a return cannot be corrected; cancel it by another event"), true
		}
		return duplicate(), true
	case f.quantity < 0 && e.Quantity == 0:
		return duplicate(), true
	case f.quantity < 0:
		amount := min(-f.quantity, e.Quantity)
		s.reverseLine(f.line, e, amount)
		e.Quantity -= amount
		e.Reversed = true
		s.lines.put(f.line, e)
		return kept(reasonReversed), true
	case e.Quantity < 0:
	case f.version == e.Version && (e.Reversed || e.SKU == now.SKU && e.Day == now.Day && e.Quantity == now.Quantity):
		return duplicate(), true
	default:
		s.reverseLine(f.line, e, e.Quantity)
		v.reason = reasonCorrected
	}
	s.lines.put(f.line, now)
	return v, false
}

// reverseLine takes back part of a document line: from the demand of its day and from stock.
func (s *site) reverseLine(key uint64, e lineEntry, amount schemas.Quantity) {
	if amount > 0 && int(e.SKU) < len(s.skus) {
		s.reverse(s.skus[e.SKU], e.Day, amount, key, e.Held)
	}
}

// cancel applies a cancellation: of a document line, else of a quantity on a day.
func (s *site) cancel(rec *Record, from recordOrigin, f *fact) outcome {
	if f.line != 0 {
		if e, ok := s.lines.get(f.line); ok {
			return s.cancelLine(f, e)
		}
		// A line that the index no longer has needs the original; a younger one has not come yet.
		if !f.hasSKU || !f.hasDay || f.quantity == 0 || f.day >= s.Today.AddDays(-s.settings.LineDays) {
			return s.await(rec, from, f)
		}
	}
	k := s.known(f.sku)
	if !s.isProduct(k, f.sku) {
		return kept(reasonNotDemand)
	}
	if k == nil {
		return rejected("unknown-sku", "sku", shown(f.sku)+" was never sold")
	}
	if f.quantity < 0 {
		f.quantity = -f.quantity
	}
	if f.quantity == 0 {
		return rejected(faultBadQuantity, "quantity", "0 cancels nothing")
	}
	if f.customer != 0 && s.takeBack(k, f, f.quantity) {
		return kept(reasonReversed)
	}
	if e := k.history.at(f.day); e.Kept < f.quantity && e.Held < f.quantity {
		return rejected("unknown-line", "quantity", f.quantity.String()+" of "+shown(f.sku)+" was not sold on "+f.day.String())
	}
	s.reverse(k, f.day, f.quantity, 0, false)
	return kept(reasonReversed)
}

// cancelLine reverses what stands of a line.
func (s *site) cancelLine(f *fact, e lineEntry) outcome {
	switch {
	case e.Quantity < 0:
		return rejected("corrected-return", "line", "a return cannot be cancelled")
	case f.hasVersion && f.version < e.Version || e.Quantity == 0 && (e.Reversed || !f.hasVersion):
		return duplicate()
	}
	s.reverseLine(f.line, e, e.Quantity)
	s.lines.put(f.line, lineEntry{SKU: e.SKU, Day: e.Day, Version: f.cancels(), Reversed: true})
	return kept(reasonReversed)
}

// cancels is the highest version of the line that a cancellation ends.
func (f *fact) cancels() uint16 {
	if f.hasVersion {
		return f.version
	}
	return cancelledVersion
}

// waiting is a cancellation whose sale has not come yet.
type waiting struct {
	Key     uint64       `json:"key"`
	Version uint16       `json:"version"` // the highest that it cancels
	Until   schemas.Date `json:"until"`
	Letter  DeadLetter   `json:"letter"` // what it becomes when the sale does not come
	Origin  origin       `json:"origin"`
	Repairs repairSet    `json:"repairs,omitempty"` // of its fields, counted when it came
}

// await keeps a cancellation until its sale comes.
func (s *site) await(rec *Record, from recordOrigin, f *fact) outcome {
	if slices.ContainsFunc(s.Waiting, func(w waiting) bool { return w.Key == f.line && w.Version >= f.cancels() }) {
		return duplicate()
	}
	s.Waiting = append(s.Waiting, waiting{
		Key: f.line, Version: f.cancels(), Until: s.Today.AddDays(reverseWindow), Origin: from.origin, Repairs: f.repairs,
		Letter: s.letter(rec, from, &fault{"unknown-line", "document", "no sale with this document and line came within 7 days"}),
	})
	return outcome{kind: outcomeFlagged, reason: reasonWaiting}
}

// takeWaiting removes the cancellation that waits for a line, and says whether it covers the version.
func (s *site) takeWaiting(key uint64, version uint16) (cancelled uint16, ok bool) {
	if len(s.Waiting) == 0 {
		return 0, false
	}
	s.Waiting = slices.DeleteFunc(s.Waiting, func(w waiting) bool {
		if w.Key != key {
			return false
		}
		if w.Version >= version {
			cancelled, ok = max(cancelled, w.Version), true
		}
		return true
	})
	return cancelled, ok
}

// expireWaiting turns cancellations whose sale did not come into dead letters.
func (s *site) expireWaiting() {
	s.Waiting = slices.DeleteFunc(s.Waiting, func(w waiting) bool {
		if w.Until >= s.Today {
			return false
		}
		s.p.letter(w.Letter)
		s.Audit.unflag(w.Origin, reasonWaiting, w.Letter.Reason, w.Repairs)
		return true
	})
}
