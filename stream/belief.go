package stream

import "drumbeat/schemas"

// What is believed to be on hand is a walk over days. It begins with the newest count, or the start that
// stands for one, and adds the net flow of each day: demand goes out, returns and receipts come in. At the
// end of a day, a SKU whose demand does not wait cannot have less than nothing: a belief below zero is put
// to zero, and the difference is found stock, which must have been there though no book knew it.
//
// The walk is a function of the facts, whatever the order in which they came. Three things keep it cheap:
// the days that are settled are rolled into one level; the flows of the others stand in an array that
// every change is added to; and the result is kept until a change of a day that is over.
//
// The level is derived, too: from the older one that is saved with the stock, at the count or more than
// keptMoves days back, it can be walked again for a change of a settled day.

// settledAge is the age in days from which on a day is settled as far as stock goes: what comes in time has
// come. The books of demand keep a day longer, for returns (bookDays).
const settledAge = lateDays + 1

// openReach is the number of days whose flows stand by themselves: those that are not settled, today and
// tomorrow, for which a feed that is ahead of the clock may book.
const openReach = settledAge + 1

// level is what is believed at the end of a day, and what was found since the walk began.
type level struct {
	Day           schemas.Date
	OnHand, Found schemas.Quantity
}

// belief is the state of the walk.
type belief struct {
	built bool
	today schemas.Date // the open day that it was made for
	from  level        // the day before the first of flow
	flow  [openReach]schemas.Quantity
	n     int // days of flow, up to tomorrow

	fresh         bool // onHand and found hold for today
	onHand, found schemas.Quantity
}

// moved says that the net flow of a SKU on a day has changed by delta. It is called after each change of
// its history, its returns or its orders.
func (s *site) moved(k *sku, day schemas.Date, delta schemas.Quantity) {
	s.save(k)
	st := &k.stock
	switch {
	case st.Source == stockUnknown || day < st.Day || delta == 0:
		return
	case day == st.Day: // a count of a day contains all of it, and so does one of a settled day
		if st.HasTime && !st.Settled {
			st.belief.fresh = false
		}
		return
	case st.Settled && day <= st.old.Day: // too late for the walk
		st.old.OnHand = addQuantity(st.old.OnHand, delta)
		st.end(&st.old)
		st.belief.built, st.belief.fresh = false, false
		return
	}
	b := &st.belief
	i := int(day-b.from.Day) - 1
	switch {
	case !b.built || i >= b.n: // read when the walk comes there
	case i < 0:
		b.built, b.fresh = false, false
	default:
		b.flow[i] = addQuantity(b.flow[i], delta)
		if day < b.today {
			b.fresh = false
		} else if b.fresh {
			b.onHand = addQuantity(b.onHand, delta)
		}
	}
}

// believed is what is believed to be on hand, with what is booked for today and tomorrow.
func (s *site) believed(k *sku) schemas.Quantity {
	if b := &k.stock.belief; b.fresh && b.today == s.Today {
		return b.onHand
	}
	s.walk(k)
	return k.stock.belief.onHand
}

// found is the impossible stock of a SKU since its newest count: what went out beyond the belief.
func (s *site) found(k *sku) schemas.Quantity {
	s.believed(k)
	return k.stock.belief.found
}

// dayEnds calls f for the days that are over and not settled, from the count's on, with what was believed at
// their end, before what was found is put right, and what had been found before.
func (s *site) dayEnds(k *sku, f func(day schemas.Date, onHand, found schemas.Quantity)) {
	s.believed(k)
	st := &k.stock
	l := st.belief.from
	if !st.Settled && l.Day < s.Today {
		f(l.Day, l.OnHand, l.Found)
	}
	for _, q := range st.belief.flow[:st.belief.n] {
		if l.Day+1 >= s.Today {
			return
		}
		f(l.Day+1, addQuantity(l.OnHand, q), l.Found)
		st.step(&l, q)
	}
}

// end closes the day of a level.
func (st *stock) end(l *level) {
	if l.OnHand < 0 && !st.waits(l.Day) {
		l.Found = addQuantity(l.Found, -l.OnHand)
		l.OnHand = 0
	}
}

// step goes on to the end of the next day.
func (st *stock) step(l *level, flow schemas.Quantity) {
	l.Day++
	l.OnHand = addQuantity(l.OnHand, flow)
	st.end(l)
}

// begin is the level at the end of the count's day, as far as that day is over.
func (k *sku) begin(today schemas.Date) level {
	st := &k.stock
	l := level{Day: st.Day, OnHand: st.Counted}
	if st.HasTime {
		l.OnHand = addQuantity(l.OnHand, k.movedAfter(st.Day, st.Second))
	}
	if st.Day < today {
		st.end(&l)
	}
	return l
}

// settle fixes the beginning of the walk once the count's day is settled, before the instants of its
// bookings are forgotten, and moves it on past the days that are forgotten altogether.
func (k *sku) settle(today schemas.Date) {
	st := &k.stock
	if st.Source == stockUnknown {
		return
	}
	if !st.Settled && st.Day <= today.AddDays(-settledAge) {
		k.settleCount(today)
	}
	if st.Settled {
		k.roll(&st.old, k.forgotten(today))
	}
}

// settleCount fixes the beginning of the walk.
func (k *sku) settleCount(today schemas.Date) {
	st := &k.stock
	st.old, st.Settled = k.begin(today), true
	if st.belief.built {
		st.belief.from = st.old
	}
}

// roll moves a level on to a day.
func (k *sku) roll(l *level, to schemas.Date) {
	var flow [keptMoves + keptMore]schemas.Quantity
	for l.Day < to {
		part := flow[:min(len(flow), int(to-l.Day))]
		k.flows(l.Day+1, part)
		for _, q := range part {
			k.stock.step(l, q)
		}
	}
}

// walk brings the belief of a SKU up to the open day.
func (s *site) walk(k *sku) {
	st := &k.stock
	b := &st.belief
	if st.Source == stockUnknown {
		*b = belief{}
		return
	}
	k.settle(s.Today)
	if !b.built || s.Today < b.today || s.Today > b.today+openReach {
		k.build(s.Today)
	}
	for ; b.today < s.Today; b.today++ {
		if b.n == openReach {
			st.step(&b.from, b.flow[0])
			copy(b.flow[:], b.flow[1:])
			b.n--
		}
		if day := b.today + 2; day > b.from.Day {
			b.flow[b.n] = 0
			k.flows(day, b.flow[b.n:b.n+1])
			b.n++
		}
	}
	if !st.Settled {
		b.from = k.begin(s.Today)
	}
	l := b.from
	for _, q := range b.flow[:b.n] {
		if l.Day+1 < s.Today {
			st.step(&l, q)
			continue
		}
		l.Day++
		l.OnHand = addQuantity(l.OnHand, q)
	}
	b.onHand, b.found, b.fresh = l.OnHand, l.Found, true
}

// build walks from the beginning.
func (k *sku) build(today schemas.Date) {
	st := &k.stock
	b := &st.belief
	*b = belief{built: true, today: today}
	if st.Settled {
		b.from = st.old
		k.roll(&b.from, today.AddDays(-settledAge))
	} else {
		b.from = k.begin(today)
	}
	b.n = max(0, int(today-b.from.Day)+1)
	k.flows(b.from.Day+1, b.flow[:b.n])
}

// flows writes the net flows of the days from a day on.
func (k *sku) flows(from schemas.Date, out []schemas.Quantity) {
	clear(out)
	to := from.AddDays(len(out))
	if last, ok := k.history.last(); ok && last >= from {
		k.history.each(from, func(e dayEntry) bool {
			if e.Date >= to {
				return false
			}
			out[e.Date-from] = -e.Kept
			return true
		})
	}
	add := func(day schemas.Date, q schemas.Quantity) {
		if day >= from && day < to {
			out[day-from] = addQuantity(out[day-from], q)
		}
	}
	for _, m := range k.others {
		add(m.Day, m.Quantity)
	}
	for i := range k.orders {
		k.orders[i].each(add)
	}
}
