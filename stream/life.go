package stream

import (
	"cmp"
	"slices"
	"time"

	"drumbeat/schemas"
	"drumbeat/stream/internal/codec"
)

// life says on which days a SKU is in the range of its site: from its first sale on, but for the days between
// an item event with discontinued and the next one without it. Demand of such a gap is unknown, what is sold in
// it included: the last pieces sold off say nothing of what customers would have asked for.
type life struct {
	older bool   // it has sold before the kept history
	turns []turn // by time
}

// turn is an item event.
type turn struct {
	At   int64 // unix seconds
	Ends bool  // discontinued
}

// turnDays is for how many days item events are kept one by one, so that one that comes late still finds the
// one that it stands before. Of older ones that say the same in a row the first is enough.
const turnDays = lateDays + 1

// define notes an item event, newest or not. It returns false if the event is already there.
func (l *life) define(at time.Time, ends bool, today schemas.Date) bool {
	t := turn{at.Unix(), ends}
	i, found := slices.BinarySearchFunc(l.turns, t, turn.compare)
	if found {
		return false
	}
	l.turns = slices.Insert(l.turns, i, t)
	oldest := today.AddDays(-turnDays).Time(time.UTC).Unix()
	for i := 1; i < len(l.turns) && l.turns[i].At < oldest; {
		if l.turns[i].Ends == l.turns[i-1].Ends {
			l.turns = slices.Delete(l.turns, i, i+1)
		} else {
			i++
		}
	}
	return true
}

// compare puts the end first of two turns of one second, so that the SKU lives on.
func (t turn) compare(o turn) int {
	c := cmp.Compare(t.At, o.At)
	if c == 0 && t.Ends != o.Ends {
		c = 1
		if t.Ends {
			c = -1
		}
	}
	return c
}

// gaps are the days after the day that ends the SKU and before the day that begins it again.
func (l *life) gaps(zone *time.Location) daySet {
	var list []daySpan
	for i := 0; i < len(l.turns); i++ {
		if !l.turns[i].Ends {
			continue
		}
		gap := daySpan{first: l.turns[i].day(zone) + 1, last: schemas.MaxDate}
		for i++; i < len(l.turns); i++ {
			if !l.turns[i].Ends {
				gap.last = l.turns[i].day(zone) - 1
				break
			}
		}
		list = append(list, gap)
	}
	return newDaySet(list)
}

func (t turn) day(zone *time.Location) schemas.Date {
	return schemas.DateOf(time.Unix(t.At, 0).In(zone))
}

// firstSale is the first day of a SKU's demand, false where it has sold nothing yet. What is held is no sale.
func (s *site) firstSale(k *sku) (d schemas.Date, ok bool) {
	if k.life.older {
		return s.Trimmed, true
	}
	k.history.each(never, func(e dayEntry) bool {
		d, ok = e.Date, e.Kept > 0
		return !ok
	})
	return d, ok
}

// append encodes the life in one byte for most SKUs, and two to five more for an item event.
func (l *life) append(dst []byte) []byte {
	dst = codec.AppendUvarint(dst, uint64(len(l.turns))<<1|flag(l.older))
	before := int64(0)
	for _, t := range l.turns {
		dst = codec.AppendVarint(dst, (t.At-before)<<1|int64(flag(t.Ends)))
		before = t.At
	}
	return dst
}

func (l *life) decode(r *codec.Reader) {
	head := r.Uvarint()
	l.older = head&1 == 1
	before := int64(0)
	for n := head >> 1; n > 0 && r.Err == nil; n-- {
		v := r.Varint()
		before += v >> 1
		l.turns = append(l.turns, turn{At: before, Ends: v&1 == 1})
	}
}

// live notes an item event in the life of a SKU. Where it moves a gap among the days that the model has
// learnt, that is to be fitted anew. Days that are no longer of the life lose their mark of being censored; for
// days that are of it again, censor is to be asked.
func (s *site) live(k *sku, st stamp, ends bool) {
	before := k.life.gaps(s.location)
	if !k.life.define(time.Unix(0, st.Time), ends, s.Today) {
		return
	}
	s.save(k)
	gaps := k.life.gaps(s.location)
	if slices.Equal(before, gaps) {
		return
	}
	if k.model != nil && !slices.Equal(before.until(k.through), gaps.until(k.through)) {
		k.forget()
	}
	var marked []schemas.Date
	k.history.each(never, func(e dayEntry) bool {
		if e.Censored && gaps.has(e.Date) {
			marked = append(marked, e.Date)
		}
		return true
	})
	for _, d := range marked {
		s.amend(k, d, func(e *dayEntry) { e.Censored = false })
	}
}
