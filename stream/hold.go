package stream

import (
	"slices"

	"drumbeat/schemas"
	"drumbeat/stream/outlier"
)

// A day that the outlier rule flags is held: its suspect sales, the largest ones, are neither demand nor
// taken from stock until later sales clear it or a person does. What is held of a day follows from the
// day's sales and its flag alone, so it can be taken back as often as the flag changes.

// dayFlag says whether the outlier rule flags a day.
type dayFlag struct {
	day  schemas.Date
	flag bool
}

// noteChange collects what the live rule changes while it learns.
func (s *site) noteChange(day schemas.Date, flag bool) {
	s.changes = append(s.changes, dayFlag{day, flag})
}

// flagsOf are the flags of the days that the live rule has changed or can still change, oldest first;
// newest is its verdict on the newest day, which it has not learnt.
func (s *site) flagsOf(k *sku, newest outlier.Verdict) []dayFlag {
	flags := append(s.flags[:0], s.changes...)
	k.live.Each(func(day schemas.Date, flag bool) { flags = append(flags, dayFlag{day, flag}) })
	slices.SortStableFunc(flags, func(a, b dayFlag) int { return int(a.day - b.day) })
	n := 0
	for i := range flags { // of a day's changes the last one holds
		if i+1 == len(flags) || flags[i+1].day != flags[i].day {
			flags[n] = flags[i]
			n++
		}
	}
	flags = flags[:n]
	if newest.Believed {
		for i := max(0, n-2); i < n; i++ {
			flags[i].flag = flags[i].flag && k.history.at(flags[i].day).Verdict == outlier.Rejected
		}
	}
	s.flags = flags
	return flags
}

// showFlags makes the history follow the flags.
func (s *site) showFlags(k *sku, flags []dayFlag) {
	for _, f := range flags {
		if _, is := slices.BinarySearch(k.flagged, f.day); is != f.flag {
			s.flip(k, f.day, f.flag)
		}
	}
}

// flip holds what is suspect of a day, or keeps it.
func (s *site) flip(k *sku, day schemas.Date, flag bool) {
	h := k.history.at(day)
	t := tallyOf(h)
	t.flag = flag
	for _, e := range k.on(day) { // those that the day's held sales have hidden
		if e.fate == fateHeld && h.Held > 0 {
			t.refuse, t.refused = addQuantity(t.refuse, e.Quantity), e.refusal()
		}
	}
	s.showDay(k, &t)
}

// show makes the history say what the bookings of the window come to.
func (s *site) show(k *sku, list []dayTally) {
	gone := s.gone[:0]
	n := 0
	k.history.each(s.settled()+1, func(h dayEntry) bool {
		for n < len(list) && list[n].day < h.Date {
			n++
		}
		if (n == len(list) || list[n].day != h.Date) && (h.Kept != 0 || h.Held != 0) && !k.isAhead(h.Date) {
			gone = append(gone, h.Date)
		}
		return true
	})
	for _, d := range gone {
		s.showDay(k, &dayTally{day: d})
	}
	s.gone = gone[:0]
	for n := range list {
		s.showDay(k, &list[n])
	}
	s.showReturns(k, list)
}

// showDay makes the history say what a day's bookings come to.
func (s *site) showDay(k *sku, t *dayTally) {
	old := k.history.at(t.day)
	e := old
	e.Held, e.Kept, e.Suspect, e.Score, e.Reason, e.Context = 0, t.sold, t.suspect, t.score, heldNone, t.context
	if t.suspect == 0 {
		e.Score = 0
	}
	flag := t.flag && t.sold > 0 && old.Verdict != outlier.Accepted
	switch {
	case flag:
		if e.Held = t.sold; t.suspect > 0 {
			e.Held = min(t.suspect, t.sold)
		}
		e.Kept = t.sold - e.Held
		e.Reason, e.Score = heldOutlier, t.score
		if old.Verdict == outlier.Rejected {
			e.Reason = heldReview
		}
	case t.refuse > 0 && old.Verdict != outlier.Accepted:
		e.Held, e.Reason = -t.refuse, t.refused
		if old.Verdict == outlier.Rejected {
			e.Reason = heldReview
		}
	}
	k.setFlagged(t.day, flag)
	if e == old {
		return
	}
	s.amend(k, t.day, func(h *dayEntry) { *h = e })
	s.save(k)
	if e.Kept != old.Kept {
		s.moved(k, t.day, old.Kept-e.Kept)
	}
	if e.Kept != old.Kept || e.Held != old.Held {
		s.changedDay(k, t.day)
	} else {
		s.booked(k, t.day)
	}
}

// setFlagged keeps the list of the days that are held by the rule.
func (k *sku) setFlagged(day schemas.Date, flag bool) {
	i, is := slices.BinarySearch(k.flagged, day)
	switch {
	case flag && !is:
		k.flagged = slices.Insert(k.flagged, i, day)
	case !flag && is:
		k.flagged = slices.Delete(k.flagged, i, i+1)
	}
}

// showReturns adds the returns of the window to stock as their fates say.
func (s *site) showReturns(k *sku, list []dayTally) {
	for i := len(k.returned) - 1; i >= 0; i-- {
		if d := k.returned[i].Day; !slices.ContainsFunc(list, func(t dayTally) bool { return t.day == d && t.returned > 0 }) {
			s.returnedOn(k, d, 0)
		}
	}
	for n := range list {
		if t := &list[n]; t.returned > 0 {
			s.returnedOn(k, t.day, t.returned)
		}
	}
}

// returnedOn books the returns of a day of the window, in place of what was booked before.
func (s *site) returnedOn(k *sku, d schemas.Date, q schemas.Quantity) {
	i, is := slices.BinarySearchFunc(k.returned, d, func(m dayMove, d schemas.Date) int { return int(m.Day - d) })
	var was schemas.Quantity
	if is {
		was = k.returned[i].Quantity
	}
	switch {
	case was == q:
		return
	case !is:
		k.returned = slices.Insert(k.returned, i, dayMove{d, q})
	case q == 0:
		k.returned = slices.Delete(k.returned, i, i+1)
	default:
		k.returned[i].Quantity = q
	}
	s.addOther(k, d, q-was)
	s.weigh(k, triggerSale)
}

// heldBecause says why a booking of the window is held.
func (k *sku) heldBecause(e *booking) heldReason {
	h := k.history.at(e.Day)
	switch {
	case e.fate == fateHeld:
		return e.refusal()
	case e.kind != bookedSale || h.Held <= 0:
		return heldNone
	}
	if h.Suspect > 0 { // the largest sales of the day are
		var larger schemas.Quantity
		for _, o := range k.on(e.Day) {
			if o.left > e.left {
				larger = addQuantity(larger, o.left)
			}
		}
		if larger >= h.Held {
			return heldNone
		}
	}
	return h.Reason
}

// holdAhead shows what is dated too far ahead of the clock; it is booked when its day is near.
func (s *site) holdAhead(k *sku, e booking) {
	k.ahead = append(k.ahead, e)
	slices.SortStableFunc(k.ahead, func(a, b booking) int { return a.compare(&b) })
	s.showAhead(k, e.Day)
}

// showAhead makes the history say what is held ahead on a day.
func (s *site) showAhead(k *sku, d schemas.Date) {
	var sold, returned schemas.Quantity
	for i := range k.ahead {
		switch e := &k.ahead[i]; {
		case e.Day != d:
		case e.kind == bookedSale:
			sold = addQuantity(sold, e.Quantity)
		case e.kind == bookedReturn:
			returned = addQuantity(returned, e.Quantity)
		}
	}
	held := sold
	if sold == 0 {
		held = -returned
	}
	s.amend(k, d, func(h *dayEntry) {
		h.Held, h.Reason = held, heldFuture
		if held == 0 {
			h.Reason = heldNone
		}
	})
	s.changedDay(k, d)
}

// aheadOf is the place of the sale (or of what is not a sale) of a document line among those held ahead, -1 if
// there is none.
func (k *sku) aheadOf(line uint64, sale bool) int {
	return slices.IndexFunc(k.ahead, func(b booking) bool { return b.Line == line && (b.kind == bookedSale) == sale })
}

// isAhead says that bookings are held ahead on a day.
func (k *sku) isAhead(d schemas.Date) bool {
	return slices.ContainsFunc(k.ahead, func(e booking) bool { return e.Day == d })
}

// mature books what was dated ahead of the clock once its day is near, as if it came now.
func (s *site) mature(k *sku) {
	for len(k.ahead) > 0 && k.ahead[0].Day <= s.Today.AddDays(1) {
		s.bookAhead(k, k.ahead[0].Day)
	}
}

// bookAhead books what was held ahead on a day.
func (s *site) bookAhead(k *sku, d schemas.Date) {
	var due []booking
	k.ahead = slices.DeleteFunc(k.ahead, func(e booking) bool {
		if e.Day == d {
			due = append(due, e)
		}
		return e.Day == d
	})
	s.showAhead(k, d)
	for _, e := range due {
		s.book(k, e)
	}
}

// review applies a person's verdict on what is held.
func (s *site) review(k *sku, e *schemas.OutlierReviewed) {
	accept := e.Verdict == schemas.VerdictAccept
	verdict := outlier.Rejected
	if accept {
		verdict = outlier.Accepted
	}
	h := k.history.at(e.Date)
	if h.Held < 0 && !accept {
		return // a return that is held stays so
	}
	s.amend(k, e.Date, func(d *dayEntry) { d.Verdict = verdict })
	k.settled.Review(e.Date, verdict)
	switch {
	case h.Reason == heldFuture && accept:
		s.bookAhead(k, e.Date)
	case h.Reason == heldFuture:
		s.amend(k, e.Date, func(d *dayEntry) { d.Reason = heldReview })
	case e.Date > s.settled():
		s.refold(k)
	default:
		k.live.Review(e.Date, verdict)
		s.flip(k, e.Date, !accept)
		if accept && h.Held < 0 {
			s.addOther(k, e.Date, -h.Held)
		}
	}
	s.changedDay(k, e.Date)
	s.note(triggerReview, k.name, true)
}
