package stream

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"drumbeat/schemas"
)

// The quantile of sums is that of all stretches, added up one by one.
func TestQuantileOfSums(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		from := schemas.Date(20_000)
		to := from + schemas.Date(rapid.IntRange(1, 60).Draw(t, "stretches"))
		days := rapid.IntRange(1, 30).Draw(t, "days")
		level := rapid.Float64Range(.01, .99).Draw(t, "level")
		var sales []dayMove
		for d := from; d < to.AddDays(days-1); d++ {
			if rapid.IntRange(0, 4).Draw(t, "sells") == 0 {
				sales = append(sales, dayMove{d, schemas.Quantity(rapid.IntRange(1, 9).Draw(t, "units"))})
			}
		}
		var sums []schemas.Quantity
		for d := from; d < to; d++ {
			sum := schemas.Quantity(0)
			for _, v := range sales {
				if v.Day >= d && v.Day < d.AddDays(days) {
					sum += v.Quantity
				}
			}
			sums = append(sums, sum)
		}
		slices.Sort(sums)
		want := sums[int(math.Ceil(level*float64(len(sums))))-1]
		if got := quantileOfSums(sales, from, to, days, level); got != want {
			t.Fatalf("%v, one by one %v of %v", got, want, sums)
		}
	})
}

// The safety stock of a part that sells 24 every ten weeks, which takes seven weeks to come, is that of one or two
// sales, not of six: whatever a daily model thinks of how they cluster.
func TestSafetyStockOfASlowSeller(t *testing.T) {
	p, err := New(benchConfig(), &Snapshot{})
	if err != nil {
		t.Fatal(err)
	}
	s := p.site("plant")
	s.begin(storyStart + 560)
	for i := range 12 {
		k := s.learn("K" + string(rune('A'+i)))
		k.item.Provisional, k.item.LeadTime, k.item.ProductionCost, k.item.HoldingCost = false, 7, 10, .05
		for d := storyStart.AddDays(5 * i); d < s.Today; d += 70 {
			s.amend(k, d, func(e *dayEntry) { e.Kept = 24 * schemas.Unit })
		}
	}
	s.note(triggerSale, "", true)
	for i := range 12 {
		e := s.netted("K" + string(rune('A'+i)))
		cover := 0.0
		for _, q := range e.demand[:9] {
			cover += q.Float()
		}
		if most := cover + e.safety[8].Float(); most < 20 || most > 60 {
			t.Errorf("nine weeks of %s, one sale of 24 in ten: up to %v units, %v of them expected", e.k.name, most, cover)
		}
	}
}
