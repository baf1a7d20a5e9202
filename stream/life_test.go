package stream

import (
	"slices"
	"testing"
	"time"

	"drumbeat/schemas"
	"drumbeat/stream/internal/codec"

	"pgregory.net/rapid"
)

// Item events that come up to a week late make the same gaps as in their own order, and the life survives its
// encoding. The clock goes on meanwhile, so that older events are merged.
func TestGapsOfALifeHaveNoOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		type told struct {
			turn
			day, arrives schemas.Date
		}
		var list []told
		for i := range rapid.IntRange(0, 25).Draw(t, "events") {
			d := storyStart + schemas.Date(rapid.IntRange(0, 50).Draw(t, "day"))
			at := d.Time(time.UTC).Unix() + int64(i)
			list = append(list, told{turn{at, rapid.Bool().Draw(t, "ends")}, d, d + schemas.Date(rapid.IntRange(0, 7).Draw(t, "late"))})
		}
		slices.SortStableFunc(list, func(a, b told) int { return int(a.arrives - b.arrives) })
		var l life
		for _, e := range list {
			if !l.define(time.Unix(e.At, 0), e.Ends, e.arrives) {
				t.Fatalf("%+v is not noted", e)
			}
			if rapid.IntRange(0, 3).Draw(t, "again") == 0 {
				l.define(time.Unix(e.At, 0), e.Ends, e.arrives)
			}
		}
		dead := func(d schemas.Date) bool {
			for _, end := range list {
				if end.Ends && end.day < d && !slices.ContainsFunc(list, func(e told) bool { return !e.Ends && e.At > end.At && e.day <= d }) {
					return true
				}
			}
			return false
		}
		l.older = rapid.Bool().Draw(t, "older")
		var again life
		r := codec.Reader{Rest: l.append(nil)}
		if again.decode(&r); r.Err != nil || len(r.Rest) > 0 || again.older != l.older || !slices.Equal(again.turns, l.turns) {
			t.Fatalf("%+v comes back as %+v, %v", l, again, r.Err)
		}
		gaps := again.gaps(time.UTC)
		for d := storyStart; d < storyStart+80; d++ {
			if gaps.has(d) != dead(d) {
				t.Fatalf("%v: in a gap %v\n%+v\n%+v", d, gaps.has(d), l.turns, list)
			}
		}
	})
}

// A SKU whose item comes every night keeps a few events, and one that was never defined keeps a byte.
func TestLifeStaysSmall(t *testing.T) {
	var l life
	if n := len(l.append(nil)); n != 1 {
		t.Errorf("an empty life takes %d bytes", n)
	}
	for d := storyStart; d < storyStart+1130; d++ {
		l.define(d.Time(time.UTC), false, d)
	}
	if n := len(l.append(nil)); n > 48 {
		t.Errorf("%d item events in %d bytes", len(l.turns), n)
	}
}

// A slow SKU whose first sales are older than the kept history has lived since its beginning; one that has sold
// nothing but what is held has not begun.
func TestLifeBeginsWithTheFirstSale(t *testing.T) {
	s, k := stockedSKU()
	held := s.learn("HELD")
	s.amend(held, storyStart, func(e *dayEntry) { e.Held = 5 * schemas.Unit })
	if d, ok := s.firstSale(held); ok {
		t.Errorf("a held sale begins a life on %v", d)
	}
	if d, ok := s.firstSale(k); !ok || d != storyStart {
		t.Errorf("first sale on %v, %v", d, ok)
	}
	s.Today += 1500
	s.amend(k, s.Today-20, func(e *dayEntry) { e.Kept = schemas.Unit })
	s.trim()
	if d, ok := s.firstSale(k); !ok || d != s.Trimmed || k.history.len() != 1 {
		t.Errorf("after three years the life begins on %v, %v, with %d days in the history from %v on", d, ok, k.history.len(), s.Trimmed)
	}
	if n := len(s.activity.skus); n != 1 {
		t.Errorf("%d days of activity are kept", n)
	}
	again, err := decodeSKU("K1", k.append(nil))
	if err != nil || !again.life.older {
		t.Errorf("restored: %+v, %v", again, err)
	}
	if s.trim(); held.life.older {
		t.Error("what was only held made a life older")
	}
}
