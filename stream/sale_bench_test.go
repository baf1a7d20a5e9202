package stream

import (
	"math/rand/v2"
	"testing"

	"drumbeat/schemas"
)

// BenchmarkCleanSale is what a clean sale costs from its decoded fields to its place in the books: line
// index, cleaning, history, and its share of the days that settle, without decoding, planning and saving.
// A SKU sells on two days of three, in one or two lines.
func BenchmarkCleanSale(b *testing.B) {
	const skus, days = 1000, 200
	rng := rand.New(rand.NewPCG(1, 2))
	settings := DefaultSettings()
	settings.Clock = schemas.ClockEvent
	names := make([]string, skus)
	for i := range names {
		names[i] = "SKU-" + string(rune('a'+i%26)) + string(rune('a'+i/26%26)) + string(rune('a'+i/676))
	}
	var facts []fact
	first := schemas.Date(20458)
	for d := range schemas.Date(days) {
		for i := range skus {
			for n := rng.IntN(3); n > 0; n-- {
				units := schemas.Unit * schemas.Quantity(10+rng.IntN(10))
				facts = append(facts, fact{
					sku: names[i], hasSKU: true, quantity: units, day: first + d, at: (first + d).Time(nil), hasDay: true,
					line: rng.Uint64() | 1, document: uint32(len(facts)/7) + 1, customer: uint32(rng.IntN(500)) + 1, price: 5,
				})
			}
		}
	}
	var s *site
	next := len(facts)
	b.ReportAllocs()
	for b.Loop() {
		if next == len(facts) {
			b.StopTimer()
			p, err := New(Config{DefaultSite: "plant", Settings: settings, PlanEvery: "end"}, &Snapshot{})
			if err != nil {
				b.Fatal(err)
			}
			s, next = p.site("plant"), 0
			b.StartTimer()
		}
		f := &facts[next]
		next++
		if !s.advance(f) {
			b.Fatal("a plan is due")
		}
		if v := s.sale(f); v.kind == outcomeRejected {
			b.Fatal(v.fault)
		}
	}
}
