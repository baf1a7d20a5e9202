package stream

import (
	"slices"
	"time"

	"drumbeat/schemas"
)

// stockSource says where the belief about a SKU's stock comes from.
type stockSource uint8

const (
	stockUnknown stockSource = iota // no plan yet: nothing is believed
	stockAssumed                    // started at the safety stock
	stockInitial                    // started at the item's initial inventory
	stockCounted                    // started at a count
)

// stock is what is believed to be on hand: the newest count (or a start that stands for one), rolled
// forward by every movement after it.
type stock struct {
	Source stockSource
	OnHand schemas.Quantity
	// Of the newest count.
	Stamp   stamp
	Day     schemas.Date
	At      int64 // unix seconds, with HasTime
	HasTime bool
	// Found is what was sold or sent out beyond the belief: stock that must have been there.
	Found schemas.Quantity
	// Doubted says that something was found since: what is believed is less than what is there.
	Doubted bool
}

func (st *stock) append(dst []byte) []byte {
	dst = append(dst, byte(st.Source))
	dst = appendVarint(dst, int64(st.OnHand))
	dst = appendVarint(dst, st.Stamp.Time)
	dst = appendString(dst, st.Stamp.ID)
	dst = appendVarint(dst, int64(st.Day))
	dst = appendVarint(dst, st.At)
	dst = appendFlag(dst, st.HasTime)
	dst = appendFlag(dst, st.Doubted)
	return appendVarint(dst, int64(st.Found))
}

func (st *stock) decode(r *reader) {
	st.Source = stockSource(r.byte())
	st.OnHand = schemas.Quantity(r.varint())
	st.Stamp.Time = r.varint()
	st.Stamp.ID = r.string()
	st.Day = schemas.Date(r.varint())
	st.At = r.varint()
	st.HasTime = r.byte() == 1
	st.Doubted = r.byte() == 1
	st.Found = schemas.Quantity(r.varint())
}

// move books a stock movement: a sale (negative), a return or a receipt. What a count already
// contains does not change the belief.
func (s *site) move(k *sku, m movement) {
	if m.Day < s.Today.AddDays(-moveWindow) {
		k.addEarlier(m.Day, m.Quantity) // the window never holds what it would expire
	} else {
		k.moves.add(m)
	}
	if k.stock.Source != stockUnknown && !k.stock.contains(m) {
		k.stock.OnHand = addQuantity(k.stock.OnHand, m.Quantity)
	}
	s.save(k)
}

// unmove takes a movement back.
func (s *site) unmove(k *sku, m movement) {
	if k.stock.Source != stockUnknown && !k.stock.contains(m) {
		k.stock.OnHand = addQuantity(k.stock.OnHand, -m.Quantity)
	}
	s.save(k)
}

// contains says whether the count that the belief started from has the movement in it.
func (st *stock) contains(m movement) bool {
	return st.Source != stockUnknown && m.counted(st.At, !st.HasTime, st.Day)
}

// checkCount refuses a count ahead of the clock, or before the movements that are kept.
func (s *site) checkCount(c *schemas.StockCounted) *fault {
	day, _ := s.countedAt(c)
	if day > s.Today.AddDays(1) {
		return &fault{"future-date", "as_of", c.AsOf.String() + " lies ahead of the site's clock"}
	}
	if oldest := s.Today.AddDays(-keptMoves); day < oldest {
		return &fault{"count-too-old", "as_of", c.AsOf.String() + " is before " + oldest.String() + ", the first day whose movements are kept"}
	}
	return nil
}

func (s *site) countedAt(c *schemas.StockCounted) (schemas.Date, time.Time) {
	if !c.AsOf.HasTime {
		return c.AsOf.Date, time.Time{}
	}
	at := c.AsOf.Instant().In(s.location)
	return schemas.DateOf(at), at
}

// count applies a stock count: the newest one by its own moment holds.
func (s *site) count(k *sku, c *schemas.StockCounted, st stamp) {
	day, at := s.countedAt(c)
	old := &k.stock
	if old.Source == stockCounted {
		older := day < old.Day || day == old.Day && c.AsOf.HasTime && old.HasTime && at.Unix() < old.At
		same := day == old.Day && c.AsOf.HasTime == old.HasTime && at.Unix() == old.At
		if older || same && !st.after(old.Stamp) {
			return
		}
	}
	next := stock{Source: stockCounted, OnHand: c.OnHand, Stamp: st, Day: day, HasTime: c.AsOf.HasTime, Found: old.Found}
	if next.HasTime {
		next.At = at.Unix()
	}
	next.OnHand = addQuantity(next.OnHand, k.moves.after(next.At, !next.HasTime, next.Day))
	for _, e := range k.earlier {
		if e.Day > next.Day {
			next.OnHand = addQuantity(next.OnHand, e.Quantity)
		}
	}
	k.stock = next
	s.save(k)
}

// start gives a SKU that was never counted its first stock. What was booked until now is in it;
// facts that arrive from now on move it if they belong to today or later.
func (s *site) start(k *sku, source stockSource, onHand schemas.Quantity) {
	k.stock = stock{Source: source, OnHand: onHand, Day: s.Today.AddDays(-1), Found: k.stock.Found}
	s.save(k)
}

// A return looks for its sale on its own day and the reverseWindow days before, and a cancellation waits
// as long for its line. Movements are kept by instant for a day more: the site's day may be one ahead of a
// feed that paused or comes after midnight. Later they are summed by day, for as long as a late count may
// refer to them.
const (
	reverseWindow = 7
	moveWindow    = reverseWindow + 1
	keptMoves     = 92
)

// expireMoves sums the movements that leave the window by day.
func (k *sku) expireMoves(today schemas.Date) {
	first := today.AddDays(-moveWindow)
	if k.moves.len() > 0 {
		k.moves.each(func(m movement) bool {
			if m.Day < first {
				k.addEarlier(m.Day, m.Quantity)
			}
			return true
		})
		k.moves.expire(first)
	}
	oldest := today.AddDays(-keptMoves)
	k.earlier = slices.DeleteFunc(k.earlier, func(e dayMove) bool { return e.Day < oldest })
	k.heldSales = slices.DeleteFunc(k.heldSales, func(h heldSale) bool { return h.Day < first })
}

func (k *sku) addEarlier(day schemas.Date, q schemas.Quantity) {
	i, found := slices.BinarySearchFunc(k.earlier, day, func(e dayMove, d schemas.Date) int { return int(e.Day - d) })
	if found {
		k.earlier[i].Quantity = addQuantity(k.earlier[i].Quantity, q)
		return
	}
	k.earlier = slices.Insert(k.earlier, i, dayMove{day, q})
}
