package stream

import (
	"slices"
	"sort"

	"drumbeat/stream/outlier"
)

// The books of a SKU are a function of what its bookings say, not of when they came. A sale on its newest
// day, as nearly all are, is added to what is known; any other booking makes the window be read again from
// its beginning (refold).

// book enters a line and says why it is held, heldNone if it is not; of a return or a cancellation the
// fate tells more.
func (s *site) book(k *sku, e booking) (heldReason, returnFate) {
	if e.Day <= s.settled() {
		return s.bookLate(k, e)
	}
	e.measure()
	s.Open++
	var watchers []uint32
	if e.kind == bookedSale {
		e.mark = k.usual.Mark(e.Day, e.line())
		watchers = s.noteLine(&e, 1)
	}
	if !k.isNext(&e) {
		k.insert(e)
	} else if e.left = e.Quantity; s.bookNext(k, &e) {
		k.push(e)
		s.judgeOthers(watchers, k)
		return heldNone, fateNone
	} else {
		k.push(e)
	}
	s.refold(k)
	s.judgeOthers(watchers, k)
	if i, ok := sort.Find(len(k.window), func(i int) int { return e.compare(&k.window[i]) }); ok {
		return k.heldBecause(&k.window[i]), k.window[i].fate
	}
	return heldNone, e.fate
}

// isNext says that a booking is a sale of the newest day which no return of the window can concern.
func (k *sku) isNext(e *booking) bool {
	n := len(k.window)
	return e.kind == bookedSale && (n == 0 || e.Day >= k.window[n-1].Day) && e.Day > k.returns &&
		(k.returns == never || e.Line == 0 || bookingIn(k.window[:k.before(k.returns+1)], e.Line, false) < 0)
}

// noteLine counts a sale's line in its document, or takes it out, and returns the SKUs with suspect sales that
// the document may explain.
func (s *site) noteLine(e *booking, n int) (watchers []uint32) {
	if n > 0 {
		watchers = s.documents.Add(uint64(e.Document), e.Day, e.mark)
	} else {
		watchers = s.documents.Remove(uint64(e.Document), e.Day, e.mark)
	}
	return slices.Clone(watchers)
}

// bookNext adds a sale to the newest day, on which nothing has been taken back; false if that takes a
// second look.
func (s *site) bookNext(k *sku, e *booking) bool {
	if k.hasOpen && e.Day > k.open {
		s.closeOpen(k)
	}
	k.open, k.hasOpen = e.Day, true
	h := k.history.at(e.Day)
	if h.Held > 0 || h.Suspect != 0 || h.Verdict != outlier.Unreviewed {
		return false
	}
	d := outlier.Day{Day: e.Day, Units: addQuantity(h.Kept, e.Quantity).Float(), Declared: s.declared(k, e.Day)}
	if v := k.live.Judge(d, s.Priors.At(e.Day)); v.Flag || v.Suspect || v.Believed {
		return false
	}
	s.amend(k, e.Day, func(h *dayEntry) { h.Kept = addQuantity(h.Kept, e.Quantity) })
	s.moved(k, e.Day, -e.Quantity)
	s.changedDay(k, e.Day)
	return true
}

// saleDay is a day of the history as the outlier rule learns it.
func (s *site) saleDay(k *sku, h dayEntry) outlier.Day {
	return outlier.Day{Day: h.Date, Units: h.sold().Float(), Context: h.Context, Declared: s.declared(k, h.Date), Review: h.Verdict}
}

// closeOpen teaches the live rule the newest day, which is over for this SKU.
func (s *site) closeOpen(k *sku) {
	k.hasOpen = false
	d := s.saleDay(k, k.history.at(k.open))
	if !outlier.Judged(d.Units) {
		return
	}
	s.changes = s.changes[:0]
	k.live.Learn(d, s.Priors.At(k.open), nil, s.change)
	s.showFlags(k, s.changes)
}

// refold reads the window of a SKU again and makes history and stock follow.
func (s *site) refold(k *sku) {
	list, newest := s.reread(k)
	flags := s.flagsOf(k, newest)
	for n, i := 0, 0; n < len(list); n++ {
		t := &list[n]
		for i < len(flags) && flags[i].day < t.day {
			i++
		}
		if i < len(flags) && flags[i].day == t.day {
			t.flag = flags[i].flag
		}
	}
	s.show(k, list)
	s.showFlags(k, flags)
	k.stock.belief.fresh = false // which sales of a day stand may have changed beside their sum
	s.save(k)
}

// reread finds what stands of the sales of a SKU's window and what the outlier rule says of them in the order of
// their days. It returns the days, good until the next reading, and the verdict on the newest one with a sale.
func (s *site) reread(k *sku) ([]dayTally, outlier.Verdict) {
	k.arrange()
	k.resolve()
	list := k.tallies(s.tallies[:0])
	if k.returns != never {
		k.weighReturns(list, s.settled())
	}
	k.live, k.hasOpen = k.settled, false
	s.changes = s.changes[:0]
	var newest outlier.Verdict
	var open *dayTally
	for n := range list {
		t := &list[n]
		if !outlier.Judged(t.sold.Float()) {
			continue
		}
		if open != nil {
			s.learnDay(k, open)
		}
		newest, open = s.judgeDay(k, t), t
		k.open, k.hasOpen = t.day, true
	}
	s.tallies = list[:0]
	return list, newest
}

// judgeDay asks the outlier rule about a day and keeps the answer with its dayTally.
func (s *site) judgeDay(k *sku, t *dayTally) outlier.Verdict {
	t.review = k.history.at(t.day).Verdict
	d := outlier.Day{Day: t.day, Units: t.sold.Float(), Declared: s.declared(k, t.day), Review: t.review}
	v := k.live.Judge(d, s.Priors.At(t.day))
	if v.Suspect {
		e := k.largest(t)
		s.documents.Watch(uint64(e.Document), e.Day, k.index)
		if t.context = s.documents.Context(uint64(e.Document), e.Day, e.mark); t.context != outlier.ContextUnknown {
			d.Context = t.context
			v = k.live.Judge(d, s.Priors.At(t.day))
		}
	}
	if v.Flag || v.Suspect {
		t.suspect = k.suspects(t, v.Expected)
		t.score = float32(v.Score)
	}
	t.flag = v.Flag
	return v
}

// learnDay teaches the live rule a day of the window that is over for the SKU.
func (s *site) learnDay(k *sku, t *dayTally) {
	d := outlier.Day{Day: t.day, Units: t.sold.Float(), Context: t.context, Declared: s.declared(k, t.day), Review: t.review}
	k.live.Learn(d, s.Priors.At(t.day), nil, s.change)
}

// judgeOthers looks again at the suspect days of SKUs but one.
func (s *site) judgeOthers(watchers []uint32, but *sku) {
	for _, i := range watchers {
		if k := s.skus[i]; k != but {
			s.refold(k)
		}
	}
}
