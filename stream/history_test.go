package stream

import (
	"bytes"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"drumbeat/schemas"
	"drumbeat/stream/outlier"

	"pgregory.net/rapid"
)

// drawQuantity draws what a feed may hold, from whole units to the ends of int64.
func drawQuantity(t *rapid.T, name string) schemas.Quantity {
	return rapid.OneOf(
		rapid.Just(schemas.Quantity(0)),
		rapid.Map(rapid.Int64Range(-300, 3000), func(v int64) schemas.Quantity { return schemas.Quantity(v) * schemas.Unit }),
		rapid.Map(rapid.Int64Range(1, 99999), func(v int64) schemas.Quantity { return schemas.Quantity(v) * 1000 }),
		rapid.Map(rapid.Int64(), func(v int64) schemas.Quantity { return schemas.Quantity(v) }),
		rapid.SampledFrom([]schemas.Quantity{1, -1, math.MaxInt64, math.MinInt64, schemas.MaxQuantity}),
	).Draw(t, name)
}

// A history against the plainest thing that could do its work: a map and a sort.
func TestHistoryAgainstMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var h history
		model := map[schemas.Date]dayEntry{}
		day := func() schemas.Date {
			return schemas.Date(rapid.OneOf(rapid.Int32Range(20000, 20100), rapid.Int32Range(20000, 20400), rapid.Int32()).Draw(t, "day"))
		}
		next := schemas.Date(20000)
		t.Repeat(map[string]func(*rapid.T){
			"append": func(t *rapid.T) {
				for range rapid.IntRange(1, 40).Draw(t, "days") {
					next += schemas.Date(rapid.Int32Range(1, 9).Draw(t, "gap"))
					q := schemas.Quantity(rapid.Int64Range(1, 500).Draw(t, "units")) * schemas.Unit
					h.update(next, func(e *dayEntry) { e.Kept += q })
					e := model[next]
					e.Date = next
					e.Kept += q
					model[next] = e
					if e.empty() {
						delete(model, next)
					}
				}
			},
			"change": func(t *rapid.T) {
				d := day()
				e := dayEntry{
					Date: d, Kept: drawQuantity(t, "kept"), Held: drawQuantity(t, "held"),
					Missing: rapid.Bool().Draw(t, "missing"), Censored: rapid.Bool().Draw(t, "censored"), Verdict: outlier.Review(rapid.IntRange(0, 2).Draw(t, "verdict")),
					Score:  rapid.SampledFrom([]float32{0, 0, 6.25, -7, math.MaxFloat32}).Draw(t, "score"),
					Reason: heldReason(rapid.Uint8Range(0, uint8(heldReasons)).Draw(t, "reason")),
				}
				h.update(d, func(old *dayEntry) {
					if was, ok := model[d]; ok && *old != was || !ok && *old != (dayEntry{Date: d}) {
						t.Fatalf("update of %v was given %+v, want %+v", d, *old, was)
					}
					*old = e
				})
				if model[d] = e; e.empty() {
					delete(model, d)
				}
			},
			"remove": func(t *rapid.T) {
				d := day()
				h.update(d, func(e *dayEntry) { *e = dayEntry{} })
				delete(model, d)
			},
			"trim": func(t *rapid.T) {
				before := day()
				h.trim(before)
				maps.DeleteFunc(model, func(d schemas.Date, _ dayEntry) bool { return d < before })
			},
			"restart": func(t *rapid.T) {
				saved := h.append(nil)
				again, rest, err := decodeHistory(append(slices.Clone(saved), 1, 2, 3), true)
				if err != nil || !bytes.Equal(rest, []byte{1, 2, 3}) {
					t.Fatalf("decode: %v, rest %v", err, rest)
				}
				if !bytes.Equal(again.append(nil), saved) {
					t.Fatal("a restored history saves other bytes")
				}
				h = again
			},
			"": func(t *rapid.T) {
				days := slices.Sorted(maps.Keys(model))
				if h.len() != len(days) {
					t.Fatalf("len %d, want %d", h.len(), len(days))
				}
				first, ok := h.first()
				last, okLast := h.last()
				if ok != (len(days) > 0) || okLast != ok || ok && (first != days[0] || last != days[len(days)-1]) {
					t.Fatalf("first %v %v, last %v %v, want the ends of %v", first, ok, last, okLast, days)
				}
				from := day()
				var got []schemas.Date
				stop := rapid.IntRange(0, 50).Draw(t, "stop")
				h.each(from, func(e dayEntry) bool {
					if e != model[e.Date] {
						t.Fatalf("each gives %+v, want %+v", e, model[e.Date])
					}
					got = append(got, e.Date)
					return len(got) <= stop
				})
				i, _ := slices.BinarySearch(days, from)
				if want := days[i:min(len(days), i+stop+1)]; !slices.Equal(got, want) {
					t.Fatalf("each from %v gives %v, want %v", from, got, want)
				}
				d := day()
				want := model[d]
				want.Date = d
				if e := h.at(d); e != want {
					t.Fatalf("at %v gives %+v, want %+v", d, e, want)
				}
			},
		})
	})
}

// Two processes that apply the same changes save the same bytes, however often one was restarted.
func TestHistorySavesTheSameAfterRestarts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var steady, restarted history
		for range rapid.IntRange(1, 80).Draw(t, "changes") {
			d := schemas.Date(rapid.Int32Range(20000, 20060).Draw(t, "day"))
			q := drawQuantity(t, "quantity")
			before := schemas.Date(rapid.Int32Range(19900, 20030).Draw(t, "trim"))
			for _, h := range []*history{&steady, &restarted} {
				h.update(d, func(e *dayEntry) { e.Kept, e.Held = q, 0 })
				h.trim(before)
			}
			if !bytes.Equal(steady.append(nil), restarted.append(nil)) {
				t.Fatal("a restart shows in the saved bytes")
			}
			var err error
			if restarted, _, err = decodeHistory(restarted.append(nil), true); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// sellingDays fills a history of 1,130 days with sales of log-normal sizes.
func sellingDays(seed uint64, share, median, deviation float64) *history {
	rng := rand.New(rand.NewPCG(seed, 4))
	h := new(history)
	for d := schemas.Date(19000); d < 19000+1130; d++ {
		if rng.Float64() >= share {
			continue
		}
		q := schemas.Quantity(math.Ceil(median*math.Exp(deviation*rng.NormFloat64()))) * schemas.Unit
		h.update(d, func(e *dayEntry) { e.Kept = q })
	}
	return h
}

func TestHistorySize(t *testing.T) {
	for _, c := range []struct {
		name                     string
		share, median, deviation float64
		most                     int
	}{
		{"busy in a web shop", .8, 60, .9, 1300},
		{"every day, hundreds", 1, 200, .15, 1500},
		{"every day, tens of thousands", 1, 30000, .5, 2700}, // 16 bits of surprise a day
		{"monthly", 1. / 30, 8, .8, 120},
	} {
		h := sellingDays(1, c.share, c.median, c.deviation)
		n := len(h.append(nil))
		t.Logf("%s: %d days with sales in %d bytes", c.name, h.len(), n)
		if n > c.most {
			t.Errorf("%s: %d bytes, want at most %d", c.name, n, c.most)
		}
	}
}

// What a person or a table sees of a held day has a name.
func TestHeldReasonNames(t *testing.T) {
	seen := map[string]bool{}
	for r := heldNone; r < heldReasons; r++ {
		if seen[r.String()] || r != heldNone && r.String() == "" {
			t.Errorf("reason %d is called %q", r, r.String())
		}
		seen[r.String()] = true
	}
	if s := heldReasons.String(); s != "unknown" {
		t.Errorf("a reason that does not exist is called %q", s)
	}
}

func FuzzDecodeHistory(f *testing.F) {
	f.Add(new(history).append(nil))
	f.Add(sellingDays(2, .5, 30, .5).append(nil))
	var odd history
	odd.update(19000, func(e *dayEntry) { e.Kept, e.Held, e.Score, e.Reason = -5, 1, 9.5, heldOutlier })
	odd.update(19400, func(e *dayEntry) { e.Missing, e.Verdict = true, outlier.Rejected })
	f.Add(odd.append(nil))
	f.Add(sellingDays(3, .9, 40, .5).append(nil))
	f.Fuzz(func(t *testing.T, data []byte) {
		h, _, err := decodeHistory(data, true)
		if err != nil {
			h, _, err = decodeHistory(data, false) // behind a bookmark nothing passes the checksum
		}
		if err != nil {
			return
		}
		again, rest, err := decodeHistory(h.append(nil), true)
		if err != nil || len(rest) > 0 || !bytes.Equal(again.append(nil), h.append(nil)) {
			t.Fatalf("does not survive its own encoding: %v", err)
		}
		if last, ok := h.last(); ok {
			h.update(last, func(e *dayEntry) { e.Kept = 1 })
		}
	})
}

func BenchmarkHistoryAppend(b *testing.B) {
	h := sellingDays(1, .8, 60, .9)
	d, _ := h.last()
	b.ReportAllocs()
	for b.Loop() {
		d++
		h.update(d, func(e *dayEntry) { e.Kept = 55 * schemas.Unit })
	}
}

func BenchmarkHistoryChangeOldDay(b *testing.B) {
	h := sellingDays(1, .8, 60, .9)
	b.ReportAllocs()
	for b.Loop() {
		h.update(19100, func(e *dayEntry) { e.Kept += schemas.Unit })
	}
}

func BenchmarkHistoryShuffled(b *testing.B) {
	days := rand.New(rand.NewPCG(1, 1)).Perm(1130)
	b.ReportAllocs()
	for b.Loop() {
		var h history
		for i, d := range days {
			h.update(schemas.Date(19000+d), func(e *dayEntry) { e.Kept = schemas.Quantity(50+d%30) * schemas.Unit })
			if i%100 == 0 {
				h.append(nil)
			}
		}
	}
}

func BenchmarkHistorySave(b *testing.B) {
	h := sellingDays(1, .8, 60, .9)
	var dst []byte
	b.ReportAllocs()
	for b.Loop() {
		dst = h.append(dst[:0])
	}
}

func BenchmarkHistoryLoad(b *testing.B) {
	saved := sellingDays(1, .8, 60, .9).append(nil)
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := decodeHistory(saved, true); err != nil {
			b.Fatal(err)
		}
	}
}

// What a restart leaves unread is what was saved: reading on from a bookmark finds the days that reading from the start
// does, and a changed bit before it is noticed.
func TestHistoryBookmark(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := *sellingDays(uint64(rapid.IntRange(1, 100).Draw(t, "seed")), rapid.SampledFrom([]float64{.05, .5, 1}).Draw(t, "share"), 60, .9)
		for range rapid.IntRange(0, 70).Draw(t, "taken back at the end") {
			last, _ := h.last()
			h.update(last, func(e *dayEntry) { *e = dayEntry{} })
		}
		saved := h.append(nil)
		again, _, err := decodeHistory(saved, true)
		if err != nil {
			t.Fatal(err)
		}
		first, _ := h.first()
		from := first.AddDays(rapid.IntRange(-2, 1200).Draw(t, "from"))
		list := func(h *history, from schemas.Date) (days []dayEntry) {
			h.each(from, func(e dayEntry) bool { days = append(days, e); return true })
			return days
		}
		all := list(&h, never)
		all = all[slices.IndexFunc(append(all, dayEntry{Date: schemas.MaxDate}), func(e dayEntry) bool { return e.Date >= from }):]
		if !slices.Equal(list(&again, from), all) || !slices.Equal(list(&h, from), all) {
			t.Fatalf("from %v on other days", from)
		}
		if bookmarkOf(h.len()) == 0 {
			return
		}
		bits := saved[bytes.Index(saved, h.packed.bits[:8]):]
		at := rapid.IntRange(0, (len(h.packed.bits)-1)*8*(h.len()-2*bookmarkEvery)/h.len()).Draw(t, "bit")
		bits[at/8] ^= 1 << (at % 8)
		if _, _, err := decodeHistory(saved, true); err == nil {
			t.Fatalf("bit %d of %d before the bookmark has changed, and nobody has seen it", at, 8*len(bits))
		}
	})
}
