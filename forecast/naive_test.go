package forecast

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// The seasonal naive forecast from the whole history: S looks back over whole seasons to the newest value, l is the
// weighted mean of all x - S.
func TestNaiveFromWholeHistory(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := rapid.SampledFrom([]int{7, 12, 52}).Draw(t, "season")
		y := gappy(t, m)
		e := &naive{lags: newLags(m), a: rapid.SampledFrom([]float64{0, .05, .5}).Draw(t, "a"), smoothed: rapid.Bool().Draw(t, "121")}
		for _, v := range y {
			b := bucket{y: v, log: math.Log(v)}
			e.observe(&b)
			e.lags.observe(&b)
		}
		// newest value at position i's place in the season of what was known before bucket n
		place := func(i, n int) float64 {
			for j := n - 1 - mod(n-1-i, m); j >= 0; j -= m {
				if y[j] == y[j] {
					return y[j]
				}
			}
			return math.NaN()
		}
		season := func(i, n int) float64 {
			v, before, after := place(i, n), place(i-1, n), place(i+1, n)
			if e.smoothed && before == before && after == after {
				return (before + 2*v + after) / 4
			}
			return v
		}
		num, den, left := 0.0, 0.0, 1.0
		for i := len(y) - 1; i >= 0 && e.a > 0; i-- {
			if d := y[i] - season(i, i); d == d {
				num += left * e.a * d
				den += left * e.a
				left *= 1 - e.a
			}
		}
		var got [60]float64
		e.forecast(got[:], future{})
		for k, f := range got {
			want := season(len(y)+k, len(y))
			if e.a > 0 {
				want += num / den
			}
			if math.Abs(f-want) > 1e-8*(1+math.Abs(want)) || (f == f) != (want == want) {
				t.Fatalf("step %d: %v, want %v", k+1, f, want)
			}
		}
	})
}

func mod(a, b int) int { return (a%b + b) % b }
