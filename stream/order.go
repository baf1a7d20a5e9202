package stream

import (
	"math/bits"
	"slices"

	"drumbeat/schemas"
)

// order is supply that is no longer a plan. An external one was announced by receipt events; an
// internal one is planned production that is taken as started (confirmation: assume).
type order struct {
	ID       string // of the ERP; "" for an internal order
	Stamp    stamp  // of the newest event
	Start    schemas.Date
	Due      schemas.Date     // external: day it arrives
	Quantity schemas.Quantity // in all
	Received schemas.Quantity // of that, booked into stock
	Open     schemas.Quantity // still to come

	// Internal: production is spread evenly over the open days of [Start, StartEnd), arrival over those
	// of [Due, DueEnd).
	StartEnd, DueEnd schemas.Date
}

func (o *order) internal() bool { return o.ID == "" }

func (o *order) append(dst []byte) []byte {
	dst = appendString(dst, o.ID)
	dst = appendVarint(dst, o.Stamp.Time)
	dst = appendString(dst, o.Stamp.ID)
	for _, v := range [...]int64{
		int64(o.Start), int64(o.Due), int64(o.Quantity), int64(o.Received), int64(o.Open), int64(o.StartEnd), int64(o.DueEnd),
	} {
		dst = appendVarint(dst, v)
	}
	return dst
}

func (o *order) decode(r *reader) {
	o.ID = r.string()
	o.Stamp.Time = r.varint()
	o.Stamp.ID = r.string()
	o.Start, o.Due = schemas.Date(r.varint()), schemas.Date(r.varint())
	o.Quantity, o.Received, o.Open = schemas.Quantity(r.varint()), schemas.Quantity(r.varint()), schemas.Quantity(r.varint())
	o.StartEnd, o.DueEnd = schemas.Date(r.varint()), schemas.Date(r.varint())
}

// receipt applies a receipt event. The newest event of an order wins; the quantity is cumulative, so
// what was booked before is only topped up (or taken back).
func (s *site) receipt(k *sku, e *schemas.Receipt, st stamp) {
	start := e.Date - schemas.Date(s.leadDays(k))
	if e.Start != nil {
		start = *e.Start
	}
	i := slices.IndexFunc(k.orders, func(o order) bool { return o.ID == e.Order })
	if i < 0 {
		k.orders = append(k.orders, order{ID: e.Order})
		i = len(k.orders) - 1
	} else if !st.after(k.orders[i].Stamp) {
		return
	}
	o := &k.orders[i]
	o.Stamp, o.Start, o.Due = st, start, e.Date
	received := o.Received
	switch e.Status {
	case schemas.ReceiptExpected:
		o.Quantity = e.Quantity
		o.Open = max(0, e.Quantity-o.Received)
	case schemas.ReceiptReceived:
		received = e.Quantity
		o.Quantity, o.Open = max(o.Quantity, e.Quantity), 0
		if e.Remaining != nil {
			o.Open = *e.Remaining
			o.Quantity = e.Quantity + *e.Remaining
		}
	case schemas.ReceiptCancelled:
		o.Quantity, o.Open = o.Received, 0
	}
	if delta := received - o.Received; delta != 0 {
		o.Received = received
		s.addOther(k, e.Date, delta)
	}
	if e.Status != schemas.ReceiptCancelled {
		s.replaceInternal(k, start)
	}
	s.save(k)
}

// replaceInternal drops the internal order of the period that a real order starts in, and takes back
// what was booked from it: the real order says what came of it.
func (s *site) replaceInternal(k *sku, start schemas.Date) {
	period := s.calendar.at(start)
	k.orders = slices.DeleteFunc(k.orders, func(o order) bool {
		if !o.internal() || s.calendar.at(o.Start) != period {
			return false
		}
		if o.Received != 0 {
			s.addOther(k, max(o.Due, s.Today.AddDays(-1)), -o.Received)
		}
		return true
	})
}

// assume turns planned production into an internal order: started over the open days of
// [from, end of its period), received over those of the period a lead time later.
func (s *site) assume(k *sku, from schemas.Date, quantity schemas.Quantity) {
	if quantity <= 0 {
		return
	}
	begin := s.calendar.at(from)
	arrival, due := begin, from
	for range s.terms(k).lead {
		arrival = s.calendar.next(arrival)
		due = arrival.Start
	}
	o := order{Start: from, StartEnd: begin.End, Due: due, DueEnd: arrival.End, Quantity: quantity, Open: quantity}
	i := slices.IndexFunc(k.orders, func(e order) bool {
		return e.internal() && e.Start == o.Start && e.StartEnd == o.StartEnd && e.Due == o.Due && e.DueEnd == o.DueEnd && e.Received == 0
	})
	if i < 0 {
		k.orders = append(k.orders, o)
	} else {
		k.orders[i].Quantity += quantity
		k.orders[i].Open += quantity
	}
	s.save(k)
}

// arrive books what internal orders deliver on a day that ends, and forgets orders that are done.
func (s *site) arrive(k *sku, day schemas.Date) {
	if len(k.orders) == 0 {
		return
	}
	for i := range k.orders {
		o := &k.orders[i]
		if !o.internal() || day < o.Due {
			continue
		}
		total := s.openDays(o.Due, o.DueEnd)
		target := o.Quantity
		if day+1 < o.DueEnd && total > 0 {
			target = share(o.Quantity, s.openDays(o.Due, day+1), total)
		} else if day+1 < o.DueEnd {
			target = 0
		}
		if delta := target - o.Received; delta != 0 {
			o.Received, o.Open = target, o.Quantity-target
			s.addOther(k, day, delta)
		}
	}
	forgotten := day.AddDays(-keptMoves)
	before := len(k.orders)
	k.orders = slices.DeleteFunc(k.orders, func(o order) bool {
		if o.internal() {
			return day+1 >= o.DueEnd && day+1 >= o.StartEnd
		}
		return o.Open == 0 && o.Due < forgotten
	})
	if len(k.orders) != before {
		s.save(k)
	}
}

// share is q·n/of, rounded down, without overflow; 0 <= n <= of.
func share(q schemas.Quantity, n, of int) schemas.Quantity {
	if n >= of {
		return q
	}
	hi, lo := bits.Mul64(uint64(q), uint64(n))
	quotient, _ := bits.Div64(hi, lo, uint64(of))
	return schemas.Quantity(quotient)
}

// leadDays is the lead time of a SKU in days.
func (s *site) leadDays(k *sku) int {
	if k.item.Provisional {
		p := s.settings.Provisional
		return int(p.LeadTime*s.settings.daysPer(p.Per) + 0.5)
	}
	return int(k.item.LeadTime*s.settings.daysPer(k.item.Per) + 0.5)
}
