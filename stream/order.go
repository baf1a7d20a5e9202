package stream

import (
	"math/bits"
	"slices"

	"drumbeat/schemas"
)

// order is supply that is no longer a plan. An external one was announced by receipt events; an
// internal one is planned production that is taken as started (confirmation: assume).
type order struct {
	ID    string // of the ERP; "" for an internal order
	Start schemas.Date

	// What its facts say so far.
	Due      schemas.Date     // external: day on which the open part arrives
	Quantity schemas.Quantity // in all
	Received schemas.Quantity // of that, booked on its days
	Open     schemas.Quantity // still to come

	states []orderState // external: what was said of it, by stamp; see receipt.go
	heard  schemas.Date // external: the open day when the newest of it came

	// Internal: production is spread evenly over the open days of [Start, StartEnd), arrival over those
	// of [Due, DueEnd), and booked is what came on each day from Due on.
	StartEnd, DueEnd schemas.Date
	booked           []schemas.Quantity
}

func (o *order) internal() bool { return o.ID == "" }

// each calls f with what an order has added to stock on a day; a day may come twice.
func (o *order) each(f func(day schemas.Date, q schemas.Quantity)) {
	for i, q := range o.booked {
		if q != 0 {
			f(o.Due.AddDays(i), q)
		}
	}
	var sum schemas.Quantity
	for i := range o.states {
		if e := &o.states[i]; e.Status == statusReceived {
			if q := e.Quantity - sum; q != 0 && !e.Settled {
				f(e.Date, q)
			}
			sum = e.Quantity
		}
	}
}

// coming calls f with what an order is still to add to stock, by day: its open part, and what is reported
// received on a day that is yet to come.
func (o *order) coming(today schemas.Date, f func(day schemas.Date, q schemas.Quantity)) {
	if o.Open > 0 {
		f(o.Due, o.Open)
	}
	if !o.internal() {
		o.each(func(day schemas.Date, q schemas.Quantity) {
			if day > today+1 {
				f(day, q)
			}
		})
	}
}

// replaceInternal drops the internal order of the period that a real order starts in, and takes back what
// was booked from it, on the days on which it was: the belief is as if it had never been.
func (s *site) replaceInternal(k *sku, start schemas.Date) {
	period := s.calendar.at(start)
	var dropped []order
	k.orders = slices.DeleteFunc(k.orders, func(o order) bool {
		if !o.internal() || s.calendar.at(o.Start) != period {
			return false
		}
		dropped = append(dropped, o)
		return true
	})
	for i := range dropped {
		dropped[i].each(func(day schemas.Date, q schemas.Quantity) { s.moved(k, day, -q) })
	}
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
		return e.internal() && e.Start == o.Start && e.StartEnd == o.StartEnd && e.Due == o.Due && e.DueEnd == o.DueEnd && len(e.booked) == 0
	})
	if i < 0 {
		k.orders = append(k.orders, o)
	} else {
		k.orders[i].Quantity += quantity
		k.orders[i].Open += quantity
	}
	s.save(k)
}

// arrive books what internal orders deliver on a day that ends. Where days were left out, their share
// comes with the order's last one.
func (s *site) arrive(k *sku, day schemas.Date) {
	for i := range k.orders {
		o := &k.orders[i]
		if !o.internal() || o.Open == 0 || day < o.Due {
			continue
		}
		if delta := s.delivered(o, day) - o.Received; delta != 0 {
			at := min(day, max(o.Due, o.DueEnd-1))
			o.book(int(at-o.Due), delta)
			s.moved(k, at, delta)
		}
	}
}

// delivered is what an internal order has delivered at the end of a day from Due on.
func (s *site) delivered(o *order, day schemas.Date) schemas.Quantity {
	if day+1 >= o.DueEnd {
		return o.Quantity
	}
	if total := s.openDays(o.Due, o.DueEnd); total > 0 {
		return share(o.Quantity, s.openDays(o.Due, day+1), total)
	}
	return 0
}

// comesToday is what the open orders of a SKU add to its stock by the end of the open day, overdue ones with it.
func (s *site) comesToday(k *sku) (sum schemas.Quantity) {
	for i := range k.orders {
		switch o := &k.orders[i]; {
		case o.Open == 0 || o.Due > s.Today:
		case o.internal():
			sum = addQuantity(sum, max(0, s.delivered(o, s.Today)-o.Received))
		default:
			sum = addQuantity(sum, o.Open)
		}
	}
	return sum
}

// book adds to what came on a day after Due.
func (o *order) book(day int, q schemas.Quantity) {
	if n := day + 1 - len(o.booked); n > 0 {
		o.booked = append(o.booked, make([]schemas.Quantity, n)...)
	}
	o.booked[day] = addQuantity(o.booked[day], q)
	o.Received += q
	o.Open = o.Quantity - o.Received
}

// forgetOrders forgets the orders that are done, once no receipt can replace them and no count can come
// before what they delivered, and folds what is said of the others.
func (k *sku) forgetOrders(forgotten schemas.Date) {
	k.orders = slices.DeleteFunc(k.orders, func(o order) bool {
		if o.internal() {
			return o.Open == 0 && max(o.DueEnd, o.StartEnd) <= forgotten
		}
		return o.Open == 0 && max(o.Due, o.heard) <= forgotten && !slices.ContainsFunc(o.states, func(e orderState) bool { return e.Date > forgotten })
	})
	for i := range k.orders {
		k.orders[i].settle(forgotten)
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
