package stream

import (
	"slices"

	"drumbeat/schemas"
	"drumbeat/stream/repair"
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
// makes the line say what the sale says and lets the caller book it on k; the reason then goes with it.
//
//	line is            the sale has           what happens
//	not known          any quantity           booked
//	cancelled early    a version up to that   counts as cancelled
//	a sale             a negative quantity    that much of the line is taken back
//	a sale             the same version       a duplicate, if equal or if the line was taken back; else a correction
//	a sale             a higher version       a correction: the former quantity is taken out, the new one booked
//	any                a lower version        a duplicate
//	a return           a negative quantity    the same again, or another version of it
//	a return           a positive quantity    booked: the return came before its sale
func (s *site) supersede(k **sku, f *fact) (v outcome, settled bool) {
	if version, waits := s.takeWaiting(f.line, f.version); waits {
		s.lines.put(f.line, lineEntry{SKU: s.indexOf(*k), Day: f.day, Version: version, Reversed: true})
		return kept(reasonEarly), true
	}
	now := lineEntry{SKU: s.indexOf(*k), Day: f.day, Quantity: f.quantity, Version: f.version}
	e, known := s.lines.get(f.line)
	switch {
	case !known:
	case f.quantity < 0 && e.Quantity >= 0:
		return s.takeLine(k, f, e)
	case f.version < e.Version:
		return duplicate(), true
	case e.Quantity < 0 && f.quantity > 0: // the return stays in the books and finds its sale there
		s.moveReturn(e, *k, f.line)
	case e.Quantity < 0:
		if f.version == e.Version {
			return duplicate(), true
		}
		if !s.unbook(e, f.line, false) {
			return rejected("corrected-return", "version", "a return so long ago cannot be corrected; cancel it by another event"), true
		}
		v.reason = reasonCorrected
	case f.version == e.Version && (e.SKU == now.SKU && e.Day == now.Day && e.Quantity == now.Quantity || s.reversed(e, f.line)):
		return duplicate(), true
	default:
		s.reverseLine(f.line, e)
		v.reason = reasonCorrected
	}
	s.lines.put(f.line, now)
	return v, false
}

// takeLine takes a sale's line back, in whole or part, by a negative quantity that names it.
func (s *site) takeLine(k **sku, f *fact, e lineEntry) (outcome, bool) {
	if f.hasVersion && f.version < e.Version || e.Quantity == 0 {
		return duplicate(), true
	}
	if int(e.SKU) >= len(s.skus) {
		return kept(reasonNotDemand), true
	}
	of := s.skus[e.SKU]
	if of.bookingOf(f.line, false) >= 0 || e.Reversed && f.version <= e.Version {
		return duplicate(), true
	}
	if of.bookingOf(f.line, true) >= 0 && f.day > s.settled() && !f.ahead {
		*k = of // booked beside its sale
		return outcome{}, false
	}
	amount := min(-f.quantity, e.Quantity)
	if i := of.aheadOf(f.line, true); i >= 0 {
		if of.ahead[i].Quantity -= amount; of.ahead[i].Quantity <= 0 {
			of.ahead = slices.Delete(of.ahead, i, i+1)
		}
		s.showAhead(of, e.Day)
	} else if i := of.bookingOf(f.line, true); i >= 0 {
		s.shrink(of, i, amount)
	} else {
		s.changeLate(of, e.Day, -amount)
	}
	e.Quantity -= amount
	e.Reversed = true
	s.lines.put(f.line, e)
	return kept(reasonReversed), true
}

// reversed says that a sale's line was taken back, in whole or part.
func (s *site) reversed(e lineEntry, line uint64) bool {
	if e.Reversed {
		return true
	}
	if int(e.SKU) < len(s.skus) {
		k := s.skus[e.SKU]
		if i := k.bookingOf(line, true); i >= 0 {
			return !k.window[i].whole()
		}
	}
	return false
}

// reverseLine takes what stands of a sale's line out of the books.
func (s *site) reverseLine(line uint64, e lineEntry) {
	if int(e.SKU) < len(s.skus) && e.Quantity > 0 && !s.unbook(e, line, true) {
		s.changeLate(s.skus[e.SKU], e.Day, -e.Quantity)
	}
}

// cancel applies a cancellation: of a document line, else of a quantity on a day.
func (s *site) cancel(rec *Record, from recordOrigin, id identity, f *fact) outcome {
	if f.line != 0 {
		if e, ok := s.lines.get(f.line); ok {
			return s.cancelLine(f, e)
		}
		// A line that the index no longer has needs the original; a younger one has not come yet.
		if !f.hasSKU || !f.hasDay || f.quantity == 0 || f.day >= s.Today.AddDays(-s.settings.LineDays) {
			if why := s.crowded(nil, rec, f); why != nil {
				return outcome{kind: outcomeRejected, fault: why}
			}
			return s.await(rec, from, f, waiting{Key: f.line, Version: f.cancels()})
		}
	}
	k := s.known(f.sku)
	if !s.isProduct(k, f.sku) {
		return kept(reasonNotDemand)
	}
	if f.quantity < 0 {
		f.quantity = -f.quantity
	}
	if f.quantity == 0 {
		return rejected(repair.BadQuantity, "quantity", "0 cancels nothing")
	}
	if k == nil {
		if f.day <= s.settled() {
			return rejected("unknown-sku", "sku", repair.Shown(f.sku)+" was never sold")
		}
		k = s.learn(f.sku) // its sale may still come
	}
	e := s.booking(f)
	e.kind, e.Line = bookedCancel, id.key()
	if f.ahead {
		if why := s.crowded(k, rec, f); why != nil {
			return outcome{kind: outcomeRejected, fault: why}
		}
		s.holdAhead(k, e)
	} else if _, fate := s.book(k, e); fate != fateMissing {
		return kept(reasonReversed)
	} else if why := s.crowded(nil, rec, f); why != nil {
		k.remove(k.bookingOf(e.Line, false))
		return outcome{kind: outcomeRejected, fault: why}
	}
	if !f.ahead && f.day <= s.settled() {
		return rejected("unknown-line", "quantity", f.quantity.String()+" of "+repair.Shown(f.sku)+" was not sold on "+f.day.String())
	}
	return s.await(rec, from, f, waiting{Key: e.Line, SKU: k.name, Day: f.day})
}

// cancelLine takes what stands of a line out of the books.
func (s *site) cancelLine(f *fact, e lineEntry) outcome {
	if f.hasVersion && f.version < e.Version || e.Quantity == 0 && (e.Reversed || !f.hasVersion) {
		return duplicate()
	}
	if e.Quantity < 0 {
		if int(e.SKU) < len(s.skus) && !s.unbook(e, f.line, false) {
			return rejected("corrected-return", "line", "a return so long ago cannot be cancelled")
		}
	} else {
		s.reverseLine(f.line, e)
		s.unbook(e, f.line, false) // a return of the line has nothing left to take back
	}
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
	Version uint16       `json:"version"`       // the highest that it cancels, of a document line
	SKU     string       `json:"sku,omitempty"` // of a cancellation by day, which stands in the SKU's books
	Day     schemas.Date `json:"day,omitempty"`
	Until   schemas.Date `json:"until"`
	Letter  DeadLetter   `json:"letter"` // what it becomes when the sale does not come
	Origin  origin       `json:"origin"`
	Repairs repair.Set   `json:"repairs,omitempty"` // of its fields, counted when it came
}

// await keeps a cancellation until its sale comes.
func (s *site) await(rec *Record, from recordOrigin, f *fact, w waiting) outcome {
	if slices.ContainsFunc(s.Waiting, func(o waiting) bool { return o.Key == w.Key && o.Version >= w.Version }) {
		return duplicate()
	}
	why := &fault{"unknown-line", "document", "no sale with this document and line came within 7 days"}
	if w.SKU != "" {
		why = &fault{"unknown-line", "quantity", f.quantity.String() + " of " + repair.Shown(w.SKU) + " was not sold on " + f.day.String()}
	}
	w.Until, w.Origin, w.Repairs, w.Letter = max(s.Today, w.Day).AddDays(lateDays), from.origin, f.repairs, s.letter(rec, from, why)
	s.Waiting = append(s.Waiting, w)
	return outcome{kind: outcomeFlagged, reason: reasonWaiting}
}

// takeWaiting removes the cancellation that waits for a line, and says whether it covers the version.
func (s *site) takeWaiting(key uint64, version uint16) (cancelled uint16, ok bool) {
	if len(s.Waiting) == 0 {
		return 0, false
	}
	s.Waiting = slices.DeleteFunc(s.Waiting, func(w waiting) bool {
		if w.Key != key || w.SKU != "" {
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
		if w.SKU != "" {
			k := s.known(w.SKU)
			if i := k.aheadOf(w.Key, false); i >= 0 {
				k.ahead = slices.Delete(k.ahead, i, i+1)
			} else if i := k.bookingOf(w.Key, false); i < 0 || k.window[i].fate != fateMissing {
				return true
			} else {
				k.remove(i)
			}
			s.save(k)
		}
		s.p.letter(w.Letter)
		s.Audit.unflag(w.Origin, reasonWaiting, w.Letter.Reason, w.Repairs)
		return true
	})
}

// forsake gives up a cancellation by day that leaves the window without having found a sale.
func (s *site) forsake(key uint64) {
	for i := range s.Waiting {
		if w := &s.Waiting[i]; w.Key == key && w.SKU != "" {
			w.SKU, w.Until = "", never
		}
	}
}

// unbook takes the sale or the return of a line out of the window and reads it again; false if it is not
// there.
func (s *site) unbook(e lineEntry, line uint64, sale bool) bool {
	if int(e.SKU) >= len(s.skus) {
		return false
	}
	k := s.skus[e.SKU]
	if i := k.aheadOf(line, sale); i >= 0 {
		d := k.ahead[i].Day
		k.ahead = slices.Delete(k.ahead, i, i+1)
		s.showAhead(k, d)
		return true
	}
	i := k.bookingOf(line, sale)
	if i < 0 || k.window[i].kind == bookedDone {
		return false
	}
	o := k.window[i]
	k.remove(i)
	var watchers []uint32
	if sale {
		watchers = s.noteLine(&o, -1)
	}
	s.refold(k)
	s.judgeOthers(watchers, k)
	return true
}

// moveReturn brings the return of a line to the SKU of the sale that came after it.
func (s *site) moveReturn(e lineEntry, k *sku, line uint64) {
	if k == nil || e.SKU == k.index || int(e.SKU) >= len(s.skus) {
		return
	}
	from := s.skus[e.SKU]
	i := from.bookingOf(line, false)
	if i < 0 || from.window[i].kind == bookedDone {
		return
	}
	o := from.window[i]
	from.remove(i)
	s.refold(from)
	k.insert(o)
	s.refold(k)
}

// shrink makes a sale of the window smaller for good.
func (s *site) shrink(k *sku, i int, amount schemas.Quantity) {
	o := k.window[i]
	k.remove(i)
	s.noteLine(&o, -1)
	if o.Quantity -= amount; o.Quantity > 0 {
		o.measure()
		s.noteLine(&o, 1)
		k.insert(o)
	}
	s.refold(k)
}
