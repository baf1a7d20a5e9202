package forecast

import (
	"math"
	"math/rand/v2"
	"testing"
)

// poisson draws by multiplication of uniforms; mean at most a few dozen.
func poisson(r *rand.Rand, mean float64) float64 {
	n, p, end := 0.0, r.Float64(), math.Exp(-mean)
	for p > end {
		p *= r.Float64()
		n++
	}
	return n
}

// gammaWhole draws a gamma variate with a whole shape k and mean 1.
func gammaWhole(r *rand.Rand, k int) float64 {
	s := 0.0
	for range k {
		s += r.ExpFloat64()
	}
	return s / float64(k)
}

// Coverage of simulated demand whose law is known: share of true values inside the intervals, over fixed seeds.
func TestCoverage(t *testing.T) {
	week := [7]float64{.8, .9, 1, 1, 1.2, 1.6, .5}
	cases := []struct {
		name   string
		config Config
		n, h   int
		draw   func(r *rand.Rand, i int) float64
		over   float64 // counts cannot hit a level exactly: by how much they may cover more
	}{
		{"poisson .3", Config{Season: 7}, 365, 28, func(r *rand.Rand, _ int) float64 { return poisson(r, .3) }, .2},
		{"poisson 4", Config{Season: 7}, 365, 28, func(r *rand.Rand, _ int) float64 { return poisson(r, 4) }, .1},
		{"negative binomial 5", Config{Season: 7}, 365, 28, func(r *rand.Rand, _ int) float64 { return poisson(r, 5*gammaWhole(r, 2)) }, .08},
		{"weekdays 12", Config{Season: 7}, 365, 28, func(r *rand.Rand, i int) float64 { return poisson(r, 12*week[i%7]) }, .08},
		{"normal 200", Config{Season: 7}, 365, 28, func(r *rand.Rand, _ int) float64 { return math.Round(200 + 30*r.NormFloat64()) }, .04},
		{"multiplicative weekdays 200", Config{Season: 7}, 365, 28, func(r *rand.Rand, i int) float64 {
			return math.Round(200 * week[i%7] * math.Exp(.2*r.NormFloat64()))
		}, .04},
		{"monthly season", Config{Season: 12}, 72, 12, func(r *rand.Rand, i int) float64 {
			return 500 * (1 + .4*math.Sin(float64(i)*math.Pi/6)) * (1 + .1*r.NormFloat64())
		}, .06},
		{"real", Config{Season: 1, Real: true}, 200, 12, func(r *rand.Rand, _ int) float64 { return r.NormFloat64() }, .04},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			const runs = 150
			var in80, in95, steps, sum95, bias, volume float64
			var p Path
			for seed := range uint64(runs) {
				r := rand.New(rand.NewPCG(seed, 7))
				m := New(c.config)
				for i := range c.n {
					m.Append(c.draw(r, i))
				}
				m.Forecast(&p, c.h)
				d := m.Sum(0, c.h)
				total := 0.0
				for k := range c.h {
					y := c.draw(r, c.n+k)
					volume += math.Abs(y)
					total += y
					steps++
					if p.Lo80[k] <= y && y <= p.Hi80[k] {
						in80++
					}
					if p.Lo95[k] <= y && y <= p.Hi95[k] {
						in95++
					}
				}
				bias += d.Mean - total
				if total <= d.Quantile(.95) {
					sum95++
				}
			}
			t.Logf("80 %%: %.3f, 95 %%: %.3f, sums at most q95: %.3f, bias %+.3f", in80/steps, in95/steps, sum95/runs, bias/volume)
			if x := in80 / steps; x < .76 || x > .84+c.over {
				t.Errorf("80 %% interval covers %.3f", x)
			}
			if x := in95 / steps; x < .925 || x > .975+c.over {
				t.Errorf("95 %% interval covers %.3f", x)
			}
			if x := sum95 / runs; x < .90 {
				t.Errorf("95 %% quantile of the sum covers %.3f", x)
			}
			if x := math.Abs(bias / volume); x > .04 {
				t.Errorf("bias %.3f", x)
			}
		})
	}
}

func BenchmarkFit(b *testing.B) {
	for _, c := range []struct {
		name   string
		config Config
		n      int
		mean   float64
	}{{"1000 days counts", Config{Season: 7}, 1000, 2}, {"1000 days continuous", Config{Season: 7}, 1000, 50}, {"156 weeks", Config{Season: 52}, 156, 50}, {"96 months", Config{Season: 12}, 96, 50}} {
		r := rand.New(rand.NewPCG(1, 1))
		y := make([]float64, c.n)
		for i := range y {
			y[i] = poisson(r, c.mean)
		}
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Fit(c.config, y)
			}
		})
		m := Fit(c.config, y)
		b.Run(c.name+"/update and sums", func(b *testing.B) {
			var p Path
			for b.Loop() {
				m.Append(c.mean)
				m.Forecast(&p, 28)
				m.Sum(0, 28).Quantile(.95)
			}
		})
	}
}
