package forecast

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// The distribution function and the quantiles of counts are those of one distribution, but for a count or a twentieth of
// the deviation where quantiles are approximate.
func TestCountCDFAgreesWithQuantiles(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		mean := rapid.Float64Range(.01, 60).Draw(t, "mean")
		variance := mean * rapid.Float64Range(1.01, 30).Draw(t, "ratio")
		p := rapid.Float64Range(.01, .99).Draw(t, "p")
		q := []float64{p}
		countQuantiles(mean, variance, q)
		off := 0.0
		if mean > manyCounts {
			off = math.Ceil(max(1, .05*math.Sqrt(variance)))
		}
		below, _ := countCDF(mean, variance, max(q[0]-off, 0))
		above, at := countCDF(mean, variance, q[0]+off)
		if below > p+1e-9 || above+at < p-1e-9 {
			t.Fatalf("quantile %v is %v, where the distribution goes from %v to %v", p, q[0], below, above+at)
		}
	})
}

// A site whose sums fell where they were forecast changes nothing; otherwise the map rises from 0 to 1.
func TestRemap(t *testing.T) {
	for class, r := range siteRemap(nil) {
		for _, p := range []float64{.01, .1, .3, .5, .77, .95, .999} {
			if math.Abs(r.at(p)-p) > 1e-9 {
				t.Errorf("class %d: nothing is known and %v becomes %v", class, p, r.at(p))
			}
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		m := New(Config{Season: 7})
		for range rapid.IntRange(0, 300).Draw(t, "sums") {
			m.pits.observe(0, rapid.Float64Range(0, 5).Draw(t, "mean"), 6, float64(rapid.IntRange(0, 40).Draw(t, "y")))
		}
		r := siteRemap([]*Model{m})[0]
		last := 0.0
		for p := .005; p < 1; p += .01 {
			u := r.at(p)
			if !(u >= last && u <= 1) {
				t.Fatalf("%v becomes %v after %v", p, u, last)
			}
			last = u
		}
	})
}

// Products that sleep for months and then wake up for a while: the 95 % quantile of a month's sum comes nearer to holding
// with the site's shape.
func TestSleepingProducts(t *testing.T) {
	c := Config{Season: 7}
	sleeper := func(seed uint64, n int) []float64 {
		r := rand.New(rand.NewPCG(seed, 11))
		y := make([]float64, n)
		for awake, i := false, 0; i < n; i++ {
			if r.Float64() < 1./40 {
				awake = !awake && r.Float64() < .4
			}
			if awake {
				y[i] = 3 * poisson(r, .4)
			}
		}
		return y
	}
	const n, h, runs = 300, 28, 400
	var models []*Model
	for seed := range uint64(150) {
		models = append(models, Fit(c, sleeper(seed, n)))
	}
	prior := NewPrior(c, models)
	cover := func(p *Prior) float64 {
		covered := 0.0
		for seed := range uint64(runs) {
			y := sleeper(1000+seed, n+h)
			total := 0.0
			for _, v := range y[n:] {
				total += v
			}
			if total <= Fit(Config{Season: 7, Prior: p}, y[:n]).Sum(0, h).Quantile(.95) {
				covered++
			}
		}
		return covered / runs
	}
	flat := *prior.counts
	flat.remap = siteRemap(nil)
	with, less := cover(prior), cover(&Prior{season: prior.season, real: prior.real, profile: prior.profile, effects: prior.effects, counts: &flat})
	t.Logf("covers %.3f, without the shape %.3f", with, less)
	if with < .9 || with < less+.03 {
		t.Errorf("the 95 %% quantile covers %.3f, without the shape %.3f", with, less)
	}
	if !slices.IsSorted(prior.counts.remap[0][:]) {
		t.Errorf("shape %v", prior.counts.remap[0])
	}
}
