package forecast

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// Where counts are many, their quantiles are those of summed probabilities, to one count or a small part of their deviation.
func TestManyCountsAreSummedCounts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		mean := rapid.Float64Range(manyCounts+1e-3, largeCount).Draw(t, "mean")
		ratio := rapid.Float64Range(1.001, mean/4).Draw(t, "ratio")
		p := rapid.Float64Range(.01, .995).Draw(t, "p")
		got, want := [1]float64{p}, [1]float64{p}
		countQuantiles(mean, mean*ratio, got[:])
		up := 1 - 1/ratio
		r := mean / (ratio - 1)
		sumUp(math.Exp(-r*math.Log(ratio)), up, up*(r-1), mean, mean*ratio, want[:])
		if d := math.Abs(got[0] - want[0]); d > max(1, .05*math.Sqrt(mean*ratio)) {
			t.Fatalf("%v, summed %v", got, want)
		}
	})
}
