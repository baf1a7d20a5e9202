package forecast

import (
	"math"
	"math/rand/v2"
	"testing"
)

// shop draws the days of a product from its first sale on: orders come at a rate, shaped by the weekday, and have
// exponential sizes. The day of that sale is told too.
func shop(seed uint64, n int, rate, size float64) (y []float64, first int) {
	week := [7]float64{.6, .8, .9, 1, 1.3, 1.8, .6}
	r := rand.New(rand.NewPCG(seed, 5))
	for day := int(seed); len(y) < n; day++ {
		v := 0.0
		for range int(poisson(r, rate*week[day%7])) {
			v += 1 + math.Floor(-size*math.Log(1-r.Float64()))
		}
		if v > 0 && len(y) == 0 {
			first = day
		}
		if v > 0 || len(y) > 0 {
			y = append(y, v)
		}
	}
	return y, first
}

// A product in its first four weeks: what the site knows makes its mean nearer the truth and its quantiles hold.
func TestNewcomersKnowTheirSite(t *testing.T) {
	rates := []float64{.05, .1, .2, .5, 1, 2}
	sizes := []float64{1, 3, 8}
	c := Config{Season: 7}
	var models []*Model
	for i := range 60 {
		var y []float64
		y, c.First = shop(uint64(i), 200+i, rates[i%6], sizes[i%3])
		models = append(models, Fit(c, y))
	}
	prior := NewPrior(c, models)
	type score struct{ miss, bias, covered, in float64 }
	run := func(p *Prior, known int) (s score) {
		const runs, h = 300, 28
		volume := 0.0
		var path Path
		for i := range runs {
			y, first := shop(1000+uint64(i), known+h, rates[i%6], sizes[i%3])
			m := Fit(Config{Season: 7, First: first, Prior: p}, y[:known])
			d := m.Sum(0, h)
			m.Forecast(&path, h)
			total := 0.0
			for k, v := range y[known:] {
				total += v
				if path.Lo80[k] <= v && v <= path.Hi80[k] {
					s.in += 1. / h / runs
				}
			}
			volume += total
			s.miss += math.Abs(d.Mean - total)
			s.bias += d.Mean - total
			if total <= d.Quantile(.95) {
				s.covered += 1. / runs
			}
		}
		s.miss /= volume
		s.bias /= volume
		return s
	}
	for _, known := range []int{1, 3, 7, 14, 28} {
		alone, site := run(nil, known), run(prior, known)
		t.Logf("%2d days: alone %.3f, with the site %.3f", known, alone, site)
		if !(site.miss < alone.miss) {
			t.Errorf("%d days known: misses %.3f with the site, %.3f alone", known, site.miss, alone.miss)
		}
		if math.Abs(site.bias) > .15 {
			t.Errorf("%d days known: bias %+.3f, alone %+.3f", known, site.bias, alone.bias)
		}
		if site.covered < .88 || site.in < .8 || site.in < alone.in {
			t.Errorf("%d days known: the 95 %% quantile of the sum covers %.3f, 80 %% of a day %.3f; alone %.3f, %.3f", known, site.covered, site.in, alone.covered, alone.in)
		}
	}
}
