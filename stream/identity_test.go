package stream

import (
	"runtime"
	"strconv"
	"testing"

	"drumbeat/schemas"

	"pgregory.net/rapid"
)

// seen asks about an event and remembers it.
func seen(s *identities, source, id string, day schemas.Date) bool {
	e := identityOf(source, id)
	if s.has(e, day) {
		return true
	}
	s.remember(e, day)
	return false
}

// Within a page's worth of events nothing is forgotten: the set answers as a map does, restarts
// included.
func TestIdentitiesAgainstMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := new(identities)
		model := map[[2]string]bool{}
		store := pageStore{}
		text := rapid.SampledFrom([]string{"", "a", "ab", "b", "abc", "c", "shop", "a\x00b"})
		day := schemas.Date(20000)
		for range rapid.IntRange(0, 60).Draw(t, "events") {
			key := [2]string{text.Draw(t, "source"), text.Draw(t, "id")}
			day += schemas.Date(rapid.SampledFrom([]int32{0, 0, 1, 30}).Draw(t, "days"))
			if got := seen(s, key[0], key[1], day); got != model[key] {
				t.Fatalf("%q: seen %v, want %v", key, got, model[key])
			}
			model[key] = true
			if rapid.IntRange(0, 9).Draw(t, "restart") == 0 {
				store.save(s.dirtyPages("s"))
				s = new(identities)
				for _, p := range store.inOrder() {
					if err := s.restore(p); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
	})
}

// The last million of events is remembered, and not much more than that.
func TestIdentitiesWindow(t *testing.T) {
	if testing.Short() {
		t.Skip("1.2 million events")
	}
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	const events = identityWindow + 200_000
	var s identities
	id := func(i int) string { return strconv.Itoa(i) }
	for i := range events {
		if seen(&s, "shop", id(i), 20000) {
			t.Fatalf("event %d is new", i)
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	perID := float64(after.HeapAlloc-before.HeapAlloc) / float64(s.set.len())
	t.Logf("%d identities, %.1f bytes each", s.set.len(), perID)
	if perID > 32 {
		t.Errorf("%.1f bytes an identity, want at most 32", perID)
	}
	for i := events - 1; i >= events-identityWindow; i-- {
		if !seen(&s, "shop", id(i), 20000) {
			t.Fatalf("event %d of the last %d is forgotten", i, identityWindow)
		}
	}
	if n := s.set.len(); n > identityWindow+pageSize {
		t.Errorf("%d identities are remembered", n)
	}
	if seen(&s, "shop", id(0), 20000) {
		t.Error("the oldest of 1.2 million events is still remembered")
	}
}

// A quiet site does not carry last year's events, and never forgets those of the last seven days.
func TestIdentitiesAge(t *testing.T) {
	var s identities
	for i := range 3 * pageSize {
		seen(&s, "shop", strconv.Itoa(i), schemas.Date(20000+i/pageSize))
	}
	if !seen(&s, "shop", "0", 20000+identityDays) {
		t.Error("an event is forgotten after seven days")
	}
	if seen(&s, "shop", "0", 20001+identityDays) {
		t.Error("an event of eight days ago is still remembered")
	}
	_, drops := s.dirtyPages("s")
	if len(drops) != 1 || drops[0] != (DropPages{Site: "s", Kind: IdentityPage, Before: 1}) {
		t.Errorf("dropped: %v", drops)
	}
	if _, drops = s.dirtyPages("s"); drops != nil {
		t.Errorf("dropped again: %v", drops)
	}
}

func BenchmarkIdentitySeen(b *testing.B) {
	ids := make([]string, 1<<16)
	for i := range ids {
		ids[i] = "0b1f6d1e-57a0-4a0c-9d7a-" + strconv.Itoa(100000000000+i)
	}
	var s identities
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		seen(&s, "/erp/sales", ids[i%len(ids)], 20000)
		i++
	}
}
