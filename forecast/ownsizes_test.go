package forecast

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// The quantiles of the mixture are the smallest counts at which the average of both distribution functions, each summed
// from its definition, reaches the probability.
func TestOwnSizesMixDistributions(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var r sizeRing
		for range rapid.IntRange(1, 100).Draw(t, "orders") {
			r.push(float64(rapid.IntRange(1, 40).Draw(t, "size")))
		}
		var o ownSizes
		o.of(&r, 1)
		mean := rapid.Float64Range(.01, 60).Draw(t, "mean")
		v := rapid.Float64Range(1.1, 20).Draw(t, "ratio")
		q := []float64{.025, .1, .5, .9, .975}
		got := append([]float64(nil), q...)
		if !o.quantiles(mean, v*mean, got) {
			t.Fatal("no quantiles")
		}
		sell := min(mean/o.mean, maxOccurrence)
		cdf := func(x float64) float64 {
			k := mean / (v - 1)
			nb := 0.0
			for y := 0.0; y <= x; y++ {
				a, _ := math.Lgamma(k + y)
				b, _ := math.Lgamma(k)
				c, _ := math.Lgamma(y + 1)
				nb += math.Exp(a - b - c - k*math.Log(v) + y*math.Log(1-1/v))
			}
			own := 1 - sell
			for _, s := range o.sizes {
				if math.Round(s*mean/(sell*o.mean)) <= x {
					own += sell / float64(len(o.sizes))
				}
			}
			return (1-o.share)*nb + o.share*own
		}
		for i, p := range q {
			if got[i] > 0 && cdf(got[i]-1) > p+1e-9 || cdf(got[i]) < p-1e-9 {
				t.Fatalf("quantile %v is %v, where the distribution reaches %v (%v just below)", p, got[i], cdf(got[i]), cdf(got[i]-1))
			}
		}
	})
}

// A product that sells by the dozen: the step's upper quantile is a dozen or nothing.
func TestOrdersByTheDozen(t *testing.T) {
	m := New(Config{Season: 7})
	for i := range 400 {
		y := 0.0
		if i%4 == 0 {
			y = 12
		}
		m.Append(y)
	}
	var p Path
	m.Forecast(&p, 7)
	for k := range p.Hi80 {
		if p.Median[k] != 0 || p.Hi80[k] != 12 {
			t.Errorf("day %d: median %v, 90 %% quantile %v", k+1, p.Median[k], p.Hi80[k])
		}
	}
}
