package forecast

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// Teunter, Syntetos and Babai's two smoothed series as weighted sums over the whole history: p over all buckets since
// the first demand, z over the demands.
func TestTSBEqualsItsFormula(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := counted().Draw(t, "history")
		a := rapid.Float64Range(.01, 1).Draw(t, "a")
		b := rapid.Float64Range(.01, 1).Draw(t, "b")
		some := observed(all)
		first := 0
		for first < len(some) && some[first].y == 0 {
			first++
		}
		want := 0.0
		switch {
		case len(some) == 0:
			want = math.NaN()
		case first < len(some):
			p := math.Pow(1-a, float64(len(some)-1-first)) / float64(first+1)
			var sizes []float64
			for i, x := range some[first:] {
				if x.y == 0 {
					continue
				}
				sizes = append(sizes, x.y)
				if i > 0 {
					p += a * math.Pow(1-a, float64(len(some)-1-first-i))
				}
			}
			z := math.Pow(1-b, float64(len(sizes)-1)) * sizes[0]
			for i, s := range sizes[1:] {
				z += b * math.Pow(1-b, float64(len(sizes)-2-i)) * s
			}
			want = p * z
		}
		expect(t, &tsb{a: a, b: b}, all, false, want)
	})
}
