package forecast

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// profileAt is the factor of the week that begins a year after day 7w, from the whole history y with weekday factors f
// and variance-to-mean ratio v, of the year that ends with the last complete week.
func profileAt(y, f []float64, v float64, w int) float64 {
	last := len(y) / 7 // weeks
	week := func(x int) (n, d float64) {
		// x weeks after the beginning, moved by whole years into the last one
		x = last - weeksPerYear + mod(x-last, weeksPerYear)
		for i := 7 * x; i < 7*x+7; i++ {
			if y[i] == y[i] {
				n += y[i]
				d += f[i]
			}
		}
		return n, d
	}
	n, d := 0.0, 0.0
	for x := range weeksPerYear {
		a, b := week(x)
		n, d = n+a, d+b
	}
	level := n / d
	around := func(w int) (a, b float64) {
		for i, weight := range [5]float64{1, 2, 3, 2, 1} {
			n, d := week(w + i - 2)
			a, b = a+weight*n, b+weight*d*level
		}
		return a, b
	}
	prior := v * yearPriorRatio
	a, b := around(w)
	return (a + prior) / (b + prior)
}

func TestYearlyFromWholeHistory(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(366, 900).Draw(t, "days")
		seed := rapid.Uint32().Draw(t, "seed")
		v := rapid.Float64Range(.1, 30).Draw(t, "v")
		a := rapid.SampledFrom([]float64{.02, .2}).Draw(t, "a")
		e := &yearly{a: a, year: newYear()}
		y, f := make([]float64, n), make([]float64, n)
		num, den := 0.0, 0.0
		for i := range n {
			seed = seed*1664525 + 1013904223
			y[i] = 20*(1+math.Sin(float64(i)/58)) + 10*float64(seed>>8)/(1<<24)
			f[i] = 1 + .3*float64(i%7-3)/3
			if seed%19 == 0 {
				y[i] = math.NaN()
			}
			e.observe(&bucket{y: y[i], factor: f[i], year: e.year.now})
			if known := i / 7 * 7; known >= 7*weeksPerYear && y[i] == y[i] {
				g := f[i] * profileAt(y[:known], f, v, i/7)
				num += a * (g*y[i] - num)
				den += a * (g*g - den)
			}
			e.year.observe(y[i], f[i], v)
		}
		ahead := future{factor: make([]float64, 400), year: make([]float64, 400)}
		for k := range ahead.factor {
			ahead.factor[k] = 1 + .3*float64((n+k)%7-3)/3
		}
		e.year.ahead(ahead.year)
		got := make([]float64, 400)
		e.forecast(got, ahead)
		known := n / 7 * 7
		level, d := 0.0, 0.0
		for i := known - 7*weeksPerYear; i < known; i++ {
			if y[i] == y[i] {
				level += y[i]
				d += f[i]
			}
		}
		if den == 0 {
			return
		}
		level = (num + yearLevelPrior*level/d) / (den + yearLevelPrior)
		for k, x := range got {
			want := level * ahead.factor[k] * profileAt(y[:known], f, v, (n+k)/7)
			if math.Abs(x-want) > 1e-7*(1+want) {
				t.Fatalf("step %d: %v, want %v", k+1, x, want)
			}
		}
	})
}
