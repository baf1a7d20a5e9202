package forecast

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// counted draws a history of buckets with season factors of its own, as an expert sees it.
func counted() *rapid.Generator[[]bucket] {
	return rapid.Custom(func(t *rapid.T) []bucket {
		var all []bucket
		for range rapid.IntRange(1, 120).Draw(t, "n") {
			b := bucket{y: math.Floor(max(0, rapid.Float64Range(-30, 30).Draw(t, "y"))), factor: rapid.Float64Range(.05, 3).Draw(t, "factor")}
			if rapid.IntRange(0, 9).Draw(t, "closed") == 0 {
				b.factor = 0
			}
			if rapid.IntRange(0, 9).Draw(t, "hole") == 0 {
				b.y = missing
			}
			all = append(all, b)
		}
		return all
	})
}

// observed is what of a history is not missing.
func observed(all []bucket) []bucket {
	var some []bucket
	for _, b := range all {
		if b.y == b.y {
			some = append(some, b)
		}
	}
	return some
}

// expect feeds all to e and compares its forecast of two steps with l times their factors (1 if it knows no season).
func expect(t *rapid.T, e expert, all []bucket, seasonal bool, l float64) {
	for i := range all {
		e.observe(&all[i])
	}
	ahead := future{factor: []float64{.5, 2}}
	var dst [2]float64
	e.forecast(dst[:], ahead)
	for k, got := range dst {
		want := l
		if seasonal {
			want *= ahead.factor[k]
		}
		if math.IsNaN(want) != math.IsNaN(got) || math.Abs(got-want) > 1e-9*(1+math.Abs(want)) {
			t.Fatalf("%s: step %d is %v, want %v", e.name(), k+1, got, want)
		}
	}
}

// The weights of Brown's exponential smoothing, a(1-a)^j for the observation j before the last, over their sum.
func TestLevelEqualsItsFormula(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := counted().Draw(t, "history")
		a := rapid.SampledFrom([]float64{0, .02, .2, .7, 1}).Draw(t, "a")
		seasonal := rapid.Bool().Draw(t, "seasonal")
		num, den := 0.0, 0.0
		some := observed(all)
		for i, b := range some {
			w := 1.0
			if a > 0 {
				w = a * math.Pow(1-a, float64(len(some)-1-i))
			}
			f := 1.0
			if seasonal {
				f = b.factor
			}
			num += w * b.y
			den += w * f
		}
		want := math.NaN()
		if den > 0 {
			want = num / den
		}
		expect(t, &level{a: a, seasonal: seasonal}, all, seasonal, want)
	})
}
