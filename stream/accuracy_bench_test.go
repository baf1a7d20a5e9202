package stream

import (
	"slices"
	"testing"

	"drumbeat/schemas"
)

// accurateSite is a site of one SKU that has sold on every one of so many days.
func accurateSite(tb testing.TB, days int) (*site, *sku) {
	tb.Helper()
	p, err := New(benchConfig(), &Snapshot{})
	if err != nil {
		tb.Fatal(err)
	}
	for i := range days {
		sellOn(tb, p, storyStart+schemas.Date(i))
	}
	s := p.site("plant")
	return s, s.known("A")
}

// sellOn sells about a hundred of the SKU on a day.
func sellOn(tb testing.TB, p *Processor, day schemas.Date) {
	tb.Helper()
	sale := schemas.Event{Type: schemas.TypeSale, ID: day.String(), Source: "/erp", Sale: schemas.Sale{
		SKU: schemas.TextField("A"), Quantity: schemas.NumberField(quantity(float64(100 + 7*day%20))), Date: schemas.TextField(day.String()),
	}}
	value, err := schemas.Encode(&sale)
	if err != nil {
		tb.Fatal(err)
	}
	if _, err := p.Step(Record{Offset: int64(day), Key: []byte("plant"), Value: value}); err != nil {
		tb.Fatal(err)
	}
}

// issueNow issues the forecast of the open day as a plan does.
func issueNow(s *site, k *sku, t *terms) *issued {
	s.look()
	s.fit(k)
	x := expect(k.model, span{cuts: []int{7 * 26}}, 0)
	plain := slices.Clone(x.mean)
	s.adjust(k, &x)
	return s.issue(k, t, &x, plain)
}

// A SKU keeps a few hundred bytes, however long its plans go on and whatever its lead time, and none before its
// first plan.
func TestAccuracyStaysSmall(t *testing.T) {
	for _, c := range []struct{ lead, limit int }{{0, 600}, {3, 600}, {20, 750}} {
		s, k := accurateSite(t, 60)
		if len(k.accuracy.bytes) > 0 {
			t.Errorf("%d bytes before any plan", len(k.accuracy.bytes))
		}
		terms := s.terms(k)
		terms.lead = c.lead
		most := 0
		for range 400 {
			if s.isOrigin(s.Today) {
				s.published(k, issueNow(s, k, &terms))
				s.Origin = s.Today
			}
			most = max(most, len(k.accuracy.bytes))
			sellOn(t, s.p, s.Today+1)
		}
		if a := k.accuracy.unpack(); a.spans[spanDay].windows < 30 || a.spans[spanCover].windows == 0 {
			t.Errorf("%d windows of a day, %d of the cover", a.spans[spanDay].windows, a.spans[spanCover].windows)
		}
		if most > c.limit {
			t.Errorf("lead time of %d weeks: %d bytes, more than %d", c.lead, most, c.limit)
		}
		t.Logf("lead time of %d weeks: at most %d bytes", c.lead, most)
	}
}

// What an origin and the closing of a window cost a SKU with three years of days.
func BenchmarkAccuracy(b *testing.B) {
	s, k := accurateSite(b, 1100)
	terms := s.terms(k)
	s.look()
	s.fit(k)
	x := expect(k.model, span{cuts: []int{7 * 26}}, 0)
	plain := slices.Clone(x.mean)
	s.adjust(k, &x)
	b.Run("issue", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			s.issue(k, &terms, &x, plain)
		}
	})
	e := s.issue(k, &terms, &x, plain)
	b.Run("publish", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			k.accuracy = packedAccuracy{closes: schemas.MaxDate}
			s.published(k, e)
		}
	})
	e.day -= 40
	k.accuracy = packedAccuracy{closes: schemas.MaxDate}
	s.published(k, e)
	open := k.accuracy
	b.Run("close", func(b *testing.B) { // three windows, of 1, 7 and 14 days
		b.ReportAllocs()
		for b.Loop() {
			k.accuracy = open
			s.closeWindows(e.day + 14)
			s.p.accuracy = s.p.accuracy[:0]
		}
	})
	b.Run("sums", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			s.p.Accuracy("plant")
		}
	})
}
