package stream

import (
	"slices"

	"drumbeat/schemas"
)

// orderState is what one receipt event says of an order.
type orderState struct {
	Stamp     stamp
	Status    orderStatus
	Date      schemas.Date     // due or received
	Quantity  schemas.Quantity // cumulative
	Remaining schemas.Quantity // still to come after it was received
	Start     schemas.Date     // with HasStart
	HasStart  bool
	Settled   bool // what it added is older than all days that are kept
}

type orderStatus uint8

const (
	statusExpected orderStatus = iota
	statusReceived
	statusCancelled
)

// receipt applies a receipt event. All that was said of an order is kept in the order of the events' own
// times, so that it comes to the same in any order of arrival:
//
//	booked       each received state against the one before it, on its own day; a lower one takes back
//	still open   after expected: its quantity less what was received; after received: what remains
//	due          the day that the newest expected state names, else that of the newest received one
//	start        as the newest state says that names one, else the lead time before the newest expected
//	             state, else before the oldest received one
//	cancelled    nothing is open; what was received stands
func (s *site) receipt(k *sku, e *schemas.Receipt, st stamp) outcome {
	next := orderState{Stamp: st, Date: e.Date, Quantity: e.Quantity}
	switch e.Status {
	case schemas.ReceiptReceived:
		next.Status = statusReceived
		if e.Remaining != nil {
			next.Remaining = *e.Remaining
		}
	case schemas.ReceiptCancelled:
		next.Status = statusCancelled
	}
	if e.Start != nil {
		next.Start, next.HasStart = *e.Start, true
	}
	i := slices.IndexFunc(k.orders, func(o order) bool { return o.ID == e.Order })
	if i < 0 {
		if next.Status == statusReceived && s.started() && e.Date <= k.forgotten(s.Today) {
			return kept(reasonLateReceipt)
		}
		k.orders = append(k.orders, order{ID: e.Order})
		i = len(k.orders) - 1
	}
	o := &k.orders[i]
	was, start := o.announced(), o.Start
	var change []dayMove
	o.each(func(day schemas.Date, q schemas.Quantity) { change = addDay(change, day, -q) })
	if !o.learn(next) {
		return kept(reasonOlder)
	}
	o.heard = s.Today
	o.derive(func(d schemas.Date) schemas.Date { return s.startFor(k, d) })
	o.each(func(day schemas.Date, q schemas.Quantity) { change = addDay(change, day, q) })
	s.save(k)
	for _, m := range change {
		s.moved(k, m.Day, m.Quantity)
	}
	// An order that was there when the internal one was made is no news of it.
	if start, now := start, o.Start; o.announced() && (!was || s.calendar.at(start) != s.calendar.at(now)) {
		s.replaceInternal(k, now)
	}
	if s.started() {
		k.forgetOrders(k.forgotten(s.Today)) // what came too late is not kept until the day ends
	}
	return kept("")
}

// announced says that the order was expected or received at some time.
func (o *order) announced() bool {
	return slices.ContainsFunc(o.states, func(e orderState) bool { return e.Status != statusCancelled })
}

// learn adds a state; false where it is known, or too old to tell anything.
func (o *order) learn(next orderState) bool {
	i := len(o.states)
	for i > 0 && !next.Stamp.after(o.states[i-1].Stamp) {
		if i--; o.states[i].Stamp == next.Stamp || o.states[i].Settled {
			return false
		}
	}
	o.states = slices.Insert(o.states, i, next)
	o.prune()
	return true
}

// prune forgets the states that no later one can make count: of those expected and cancelled all but the
// newest, and the newest that names a start.
func (o *order) prune() {
	var newest [statusCancelled + 1]int
	start := -1
	for i := range o.states {
		newest[o.states[i].Status] = i
		if o.states[i].HasStart {
			start = i
		}
	}
	i := -1
	o.states = slices.DeleteFunc(o.states, func(e orderState) bool {
		i++
		return e.Status != statusReceived && newest[e.Status] != i && start != i
	})
}

// derive finds what the states come to. startFor is the start of what is to arrive on a day.
func (o *order) derive(startFor func(schemas.Date) schemas.Date) {
	var expected, received, first, cancelled, started *orderState
	newest := statusCancelled // of those that are not
	for i := range o.states {
		e := &o.states[i]
		switch e.Status {
		case statusExpected:
			expected, newest, cancelled = e, statusExpected, nil
		case statusReceived:
			received, newest, cancelled = e, statusReceived, nil
			if first == nil {
				first = e
			}
		case statusCancelled:
			cancelled = e
		}
		if e.HasStart {
			started = e
		}
	}
	o.Received, o.Open = 0, 0
	if received != nil {
		o.Received = received.Quantity
	}
	switch {
	case cancelled != nil:
	case newest == statusExpected:
		o.Open = max(0, expected.Quantity-o.Received)
	default:
		o.Open = received.Remaining
	}
	o.Quantity = addQuantity(o.Received, o.Open)
	switch {
	case expected != nil:
		o.Due, o.Start = expected.Date, startFor(expected.Date)
	case first != nil:
		o.Due, o.Start = received.Date, startFor(first.Date)
	default:
		o.Due, o.Start = cancelled.Date, startFor(cancelled.Date)
	}
	if started != nil {
		o.Start = started.Start
	}
}

// settle folds the received states that no walk comes to any more into the newest of them.
func (o *order) settle(forgotten schemas.Date) {
	last := -1
	for i := range o.states {
		if e := &o.states[i]; e.Status == statusReceived {
			if e.Date > forgotten {
				break
			}
			last = i
		}
	}
	if last < 0 {
		return
	}
	o.states[last].Settled = true
	i := -1
	o.states = slices.DeleteFunc(o.states, func(e orderState) bool {
		i++
		return i < last && e.Status == statusReceived
	})
}

// startFor is the day on which the production of what arrives on a day starts, where nobody says it: the
// lead time before. A lead time of whole months goes by the calendar.
func (s *site) startFor(k *sku, arrives schemas.Date) schemas.Date {
	length, per := k.item.LeadTime, k.item.Per
	if k.item.Provisional {
		length, per = s.settings.Provisional.LeadTime, s.settings.Provisional.Per
	}
	month := per == schemas.PerMonth || per == schemas.PerPeriod && s.settings.Period == schemas.PeriodMonth
	if n := int(length); month && float64(n) == length {
		return arrives.AddMonths(-n)
	}
	return arrives.AddDays(-int(length*s.settings.daysPer(per) + 0.5))
}
