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
}

func (st *stock) append(dst []byte) []byte {
	dst = append(dst, byte(st.Source))
	dst = appendVarint(dst, int64(st.OnHand))
	dst = appendVarint(dst, st.Stamp.Time)
	dst = appendString(dst, st.Stamp.ID)
	dst = appendVarint(dst, int64(st.Day))
	dst = appendVarint(dst, st.At)
	dst = appendFlag(dst, st.HasTime)
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
	st.Found = schemas.Quantity(r.varint())
}

// moved says that the net flow of a SKU on a day has changed by delta.
func (s *site) moved(k *sku, d schemas.Date, delta schemas.Quantity) {
	if k.stock.Source != stockUnknown && d > k.stock.Day {
		k.stock.OnHand = addQuantity(k.stock.OnHand, delta)
	}
	s.save(k)
}

// addOther books a stock movement of a day that is no sale.
func (s *site) addOther(k *sku, d schemas.Date, q schemas.Quantity) {
	i, found := slices.BinarySearchFunc(k.others, d, func(e dayMove, d schemas.Date) int { return int(e.Day - d) })
	if found {
		if k.others[i].Quantity = addQuantity(k.others[i].Quantity, q); k.others[i].Quantity == 0 {
			k.others = slices.Delete(k.others, i, i+1)
		}
	} else {
		k.others = slices.Insert(k.others, i, dayMove{d, q})
	}
	s.moved(k, d, q)
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
	k.stock = next
	s.save(k)
}

// start gives a SKU that was never counted its first stock. What was booked until now is in it;
// facts that arrive from now on move it if they belong to today or later.
func (s *site) start(k *sku, source stockSource, onHand schemas.Quantity) {
	k.stock = stock{Source: source, OnHand: onHand, Day: s.Today.AddDays(-1), Found: k.stock.Found}
	s.save(k)
}

const keptMoves = 92
