package stream

import (
	"math"
	"slices"

	"drumbeat/schemas"
)

// A day settles when no fact that comes in time can change its books any more: what the SKU and the site
// usually sell learns it, its bookings leave the window, and what stood of its sales goes into the line
// index.

// settleThrough settles the days up to x.
func (s *site) settleThrough(x schemas.Date) {
	for {
		first := schemas.Date(math.MaxInt32)
		for _, k := range s.skus {
			if len(k.window) > 0 {
				first = min(first, k.window[0].Day)
			}
		}
		if first > x {
			break
		}
		for _, k := range s.skus {
			if len(k.window) > 0 && k.window[0].Day == first {
				s.settle(k, first)
			}
		}
		s.Priors.close(first)
	}
	s.Priors.close(x)
	s.documents.expire(x + 1)
	s.freshen()
}

// settle closes a day, the oldest of the SKU's window.
func (s *site) settle(k *sku, d schemas.Date) {
	if k.hasOpen && k.open <= d {
		s.closeOpen(k)
	}
	h := k.history.at(d)
	var v verdict
	if units := h.sold().Float(); judged(units) {
		day := saleDay{Day: d, Units: units, Context: h.Context, Declared: s.declared(k, d), Review: h.Verdict}
		v = k.settled.learn(day, s.Priors.at(d), s.Priors.learning(), nil)
	}
	lines := s.saleLines[:0]
	for _, b := range k.on(d) {
		if b.kind == bookedSale {
			lines = append(lines, b.line())
		}
	}
	k.usual.learn(d, lines)
	s.saleLines = lines
	if s.onClose != nil {
		s.onClose(k, v, k.on(d))
	}
	s.takenEarly(k, d)
	n := 0
	for ; n < len(k.window) && k.window[n].Day == d; n++ {
		s.leave(&k.window[n])
	}
	for i := n; i < len(k.window); i++ {
		if e := &k.window[i]; e.kind == bookedReturn && e.found == d {
			e.kind, e.found = bookedDone, 0
		}
	}
	k.window = append(k.window[:0], k.window[n:]...)
	for len(k.returned) > 0 && k.returned[0].Day <= d {
		k.returned = append(k.returned[:0], k.returned[1:]...)
	}
	if len(k.flagged) > 0 {
		oldest := d
		k.settled.each(func(day schemas.Date, _ bool) { oldest = min(oldest, day) })
		n, _ := slices.BinarySearch(k.flagged, oldest)
		k.flagged = slices.Delete(k.flagged, 0, n)
	}
	s.save(k)
}

// takenEarly makes it last what returns of a day that leaves the window have taken from sales of later days,
// whose lines they name.
func (s *site) takenEarly(k *sku, d schemas.Date) {
	early := func(b booking) bool { return b.kind == bookedReturn && b.found > d }
	if k.returns == never || !slices.ContainsFunc(k.on(d), early) {
		return
	}
	for _, r := range slices.Clone(k.on(d)) {
		if !early(r) {
			continue
		}
		i := k.bookingOf(r.Line, true)
		sale := k.window[i]
		s.leave(&sale)
		k.remove(i)
		if sale.Quantity = sale.left; sale.Quantity > 0 {
			sale.measure()
			k.insert(sale)
		} else {
			s.noteLine(&sale, -1)
		}
	}
}

// leave writes what stands of a booking that leaves the window into the line index.
func (s *site) leave(e *booking) {
	if e.kind == bookedCancel && e.fate == fateMissing {
		s.forsake(e.Line)
	}
	if e.Line == 0 || e.kind != bookedSale || e.left == e.Quantity {
		return
	}
	if l, ok := s.lines.get(e.Line); ok {
		l.Quantity, l.Reversed = e.left, true
		s.lines.put(e.Line, l)
	}
}

// bookLate enters a fact whose day is settled: it changes the history at once, and the outlier rule judges
// the whole history of the SKU anew before anything is made of it.
func (s *site) bookLate(k *sku, e booking) (heldReason, returnFate) {
	h := k.history.at(e.Day)
	switch e.kind {
	case bookedSale:
		units := addQuantity(h.sold(), e.Quantity).Float()
		v := k.live.judge(saleDay{Day: e.Day, Units: units, Declared: s.declared(k, e.Day), Review: h.Verdict}, s.Priors.at(e.Day))
		s.changeLate(k, e.Day, e.Quantity)
		if v.Flag {
			return heldOutlier, fateNone
		}
	case bookedCancel:
		if h.sold() < e.Quantity {
			return heldNone, fateMissing
		}
		s.changeLate(k, e.Day, -e.Quantity)
		return heldNone, fateReversed
	default:
		held := heldNone
		switch {
		case h.Verdict == verdictAccepted:
		case e.Document == 0 && e.Customer == 0:
			held = heldUnreferenced
		case e.Quantity > k.soldUntil(e.Day, nil, e.Day):
			held = heldReturn
		}
		if held == heldNone {
			s.addOther(k, e.Day, e.Quantity)
			s.weigh(k, triggerSale)
			return heldNone, fateReturned
		}
		if h.Held <= 0 {
			s.showDay(k, &dayTally{day: e.Day, sold: h.sold(), refuse: addQuantity(e.Quantity, -h.Held), refused: held})
		}
		return held, fateHeld
	}
	return heldNone, fateNone
}

// changeLate changes what was sold on a settled day. What is taken back is taken from the suspect sales if
// it is as large as they are, for these are the largest of the day.
func (s *site) changeLate(k *sku, d schemas.Date, sold schemas.Quantity) {
	h := k.history.at(d)
	t := dayTally{
		day: d, sold: max(0, addQuantity(h.sold(), sold)), flag: h.Held > 0, suspect: h.Suspect, score: h.Score, context: h.Context,
	}
	k.live.each(func(day schemas.Date, flag bool) {
		if day == d {
			t.flag = flag
		}
	})
	if -sold >= (h.Suspect+1)/2 {
		t.suspect = max(0, h.Suspect+sold)
	}
	if h.Held < 0 {
		t.refuse, t.refused = -h.Held, h.Reason
	}
	s.showDay(k, &t)
	if k.returns != never {
		s.refold(k) // returns are held against what was sold before
	}
	if !k.stale {
		k.stale = true
		s.stale = append(s.stale, k)
	}
}

// freshen judges the SKUs anew whose settled days have changed. That is done before a plan is made and
// when a day ends, not for every late fact: a file in no order at all costs it once.
func (s *site) freshen() {
	for _, k := range s.stale {
		k.stale = false
		s.rejudge(k)
		s.save(k)
	}
	s.stale = s.stale[:0]
}

// rejudge runs the outlier rule over the whole kept history of a SKU, in the order of days.
func (s *site) rejudge(k *sku) {
	k.settled = sizeRule{}
	settled := s.settled()
	flags := map[schemas.Date]bool{}
	var days []dayEntry
	first, _ := k.history.first()
	k.history.each(first, func(h dayEntry) bool {
		if h.Date <= settled && judged(h.sold().Float()) {
			days = append(days, h)
		}
		return h.Date <= settled
	})
	change := func(d schemas.Date, flag bool) { flags[d] = flag }
	for i := range days {
		h := &days[i]
		day := saleDay{Day: h.Date, Units: h.sold().Float(), Context: h.Context, Declared: s.declared(k, h.Date), Review: h.Verdict}
		prior := s.Priors.at(h.Date)
		if prior == nil {
			prior = s.Priors.oldest()
		}
		v := k.settled.learn(day, prior, nil, change)
		if _, changed := flags[h.Date]; !changed {
			flags[h.Date] = v.Flag
		}
	}
	k.flagged = k.flagged[:0]
	for i := range days {
		h := &days[i]
		if h.Held > 0 {
			k.setFlagged(h.Date, true)
		}
		if flag := flags[h.Date]; flag != (h.Held > 0) {
			s.flip(k, h.Date, flag)
		}
	}
	s.refold(k)
}

// recall derives what is not saved from what is, when a site has been restored.
func (s *site) recall() {
	for _, k := range s.skus {
		for i := range k.window {
			if e := &k.window[i]; e.kind == bookedSale {
				s.documents.add(uint64(e.Document), e.Day, e.mark)
			}
		}
	}
	for _, k := range s.skus {
		s.recallSKU(k)
	}
	s.dirtySKUs = s.dirtySKUs[:0]
}

// recallSKU reads the window of a SKU, which changes nothing of what is saved.
func (s *site) recallSKU(k *sku) {
	k.resolve()
	list := k.tallies(s.tallies[:0])
	k.weighReturns(list, s.settled())
	for i := range list {
		if t := &list[i]; t.returned > 0 {
			k.returned = append(k.returned, dayMove{t.day, t.returned})
		}
	}
	s.refold(k)
	if k.stale {
		s.stale = append(s.stale, k)
	}
	if s.started() {
		k.expireStock(s.Today) // what the clock has passed since the SKU was saved last
	}
	k.dirty, k.dirtyDays = false, nil
}
