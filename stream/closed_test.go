package stream

import (
	"testing"

	"drumbeat/schemas"

	"pgregory.net/rapid"
)

// A set of days against a map.
func TestDaySetAgainstMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var list []daySpan
		want := map[schemas.Date]bool{}
		for range rapid.IntRange(0, 12).Draw(t, "stretches") {
			first := schemas.Date(rapid.Int32Range(20000, 20060).Draw(t, "first"))
			last := first + schemas.Date(rapid.Int32Range(-1, 9).Draw(t, "length"))
			list = append(list, daySpan{first, last})
			for d := first; d <= last; d++ {
				want[d] = true
			}
		}
		set := newDaySet(list)
		for i, e := range set {
			if e.last < e.first || i > 0 && e.first <= set[i-1].last+1 {
				t.Fatalf("stretches %v", set)
			}
		}
		from := schemas.Date(rapid.Int32Range(19990, 20080).Draw(t, "from"))
		to := from + schemas.Date(rapid.Int32Range(-2, 40).Draw(t, "days"))
		n := 0
		early := set.until(from)
		for d := schemas.Date(19980); d < 20100; d++ {
			if set.has(d) != want[d] {
				t.Fatalf("%v in %v: %v", d, set, set.has(d))
			}
			if early.has(d) != (want[d] && d < from) {
				t.Fatalf("%v in %v before %v: %v", d, set, from, early.has(d))
			}
			if want[d] && from <= d && d < to {
				n++
			}
		}
		if got := set.count(from, to); got != n {
			t.Fatalf("%d days of %v in [%v, %v), want %d", got, set, from, to, n)
		}
	})
}

// What calendars close and declare, by site and by SKU, in whatever order they come.
func TestCalendarDaysOfSiteAndSKU(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, err := New(benchConfig(), &Snapshot{})
		if err != nil {
			t.Fatal(err)
		}
		s := p.newSite("plant")
		s.Entries = map[string]entry{}
		skus := []*sku{s.learn("A"), s.learn("B")}
		type key struct {
			sku int
			day schemas.Date
		}
		closed, events := map[key]bool{}, map[key]bool{}
		site := map[schemas.Date]bool{}
		for range rapid.IntRange(0, 6).Draw(t, "entries") {
			c := schemas.Calendar{Name: rapid.StringMatching(`[a-f]`).Draw(t, "name"), Effect: schemas.EffectClosed}
			if _, ok := s.Entries[c.Name]; ok {
				continue
			}
			marks := closed
			if rapid.Bool().Draw(t, "event") {
				c.Effect, marks = schemas.EffectEvent, events
			}
			of := rapid.IntRange(0, 2).Draw(t, "of") // 2: all
			if of < 2 {
				c.SKUs = []string{[]string{" a", "b"}[of]}
			}
			from := schemas.Date(rapid.Int32Range(20000, 20030).Draw(t, "from"))
			to := from + schemas.Date(rapid.Int32Range(0, 9).Draw(t, "days"))
			c.From, c.To = &from, &to
			if rapid.Bool().Draw(t, "one more") {
				c.Dates = []schemas.Date{schemas.Date(rapid.Int32Range(20000, 20030).Draw(t, "date"))}
			}
			mark := func(d schemas.Date) {
				for i := range skus {
					if of == 2 || of == i {
						marks[key{i, d}] = true
					}
				}
				site[d] = site[d] || of == 2 && c.Effect == schemas.EffectClosed
			}
			for d := from; d <= to; d++ {
				mark(d)
			}
			for _, d := range c.Dates {
				mark(d)
			}
			s.Entries[c.Name] = entry{Calendar: c}
		}
		if err := s.configure(); err != nil {
			t.Fatal(err)
		}
		open := 0
		for d := schemas.Date(19990); d < 20060; d++ {
			for i, k := range skus {
				if s.closedFor(k, d) != closed[key{i, d}] || s.declared(k, d) != events[key{i, d}] {
					t.Fatalf("%s on %v: closed %v, event %v", k.name, d, s.closedFor(k, d), s.declared(k, d))
				}
			}
			if !site[d] {
				open++
			}
		}
		if got := s.openDays(19990, 20060); got != open {
			t.Fatalf("%d open days, want %d", got, open)
		}
	})
}
