package stream

import (
	"context"
	"math"
	"slices"

	"drumbeat/schemas"
	"drumbeat/stream/outlier"
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
		s.closeWindows(first - 1)
		for _, k := range s.skus {
			if len(k.window) > 0 && k.window[0].Day == first {
				s.settle(k, first)
			}
		}
		s.Priors.Close(first)
	}
	s.Priors.Close(x)
	s.closeWindows(x)
	s.documents.Expire(x + 1)
	s.freshen(context.Background())
}

// settle closes a day, the oldest of the SKU's window.
func (s *site) settle(k *sku, d schemas.Date) {
	k.arrange()
	if k.hasOpen && k.open <= d {
		s.closeOpen(k)
	}
	var v outlier.Verdict
	if day := s.saleDay(k, k.history.at(d)); outlier.Judged(day.Units) {
		v = k.settled.Learn(day, s.Priors.At(d), s.Priors.Learning(), nil)
	}
	lines := s.saleLines[:0]
	for _, b := range k.on(d) {
		if b.kind == bookedSale {
			lines = append(lines, b.line())
		}
	}
	k.usual.Learn(d, lines)
	s.saleLines = lines
	if s.onClose != nil {
		s.onClose(k, v, k.on(d))
	}
	s.takenEarly(k, d)
	if st := &k.stock; d > s.Today-settledAge && st.Day <= d && !st.Settled && st.Source != stockUnknown {
		k.settleCount(s.Today)
	}
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
		k.settled.Each(func(day schemas.Date, _ bool) { oldest = min(oldest, day) })
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

// recall derives what is not saved from what is, when a site has been restored.
func (s *site) recall() {
	for _, k := range s.skus {
		for i := range k.window {
			if e := &k.window[i]; e.kind == bookedSale {
				s.noteLine(e, 1)
			}
		}
	}
	for _, k := range s.skus {
		s.recallSKU(k)
	}
}

// recallSKU reads the window of a SKU, which changes nothing of what is saved.
func (s *site) recallSKU(k *sku) {
	list, _ := s.reread(k)
	for i := range list {
		if t := &list[i]; t.returned > 0 {
			k.returned = append(k.returned, dayMove{t.day, t.returned})
		}
	}
	if k.stale {
		s.stale = append(s.stale, k)
	}
	if s.started() {
		k.expireStock(s.Today) // what the clock has passed since the SKU was saved last
	}
}
