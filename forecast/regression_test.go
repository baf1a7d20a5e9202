package forecast

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"
)

// denseFit solves the same problem at once: all days, all regressors, by weighted least squares with ridge. It returns the
// fitted values of the days from … to, day 0 being the newest of x.
func denseFit(x []float64, harmonics int, lined bool, from, to int) []float64 {
	row := func(tau float64) []float64 {
		v := []float64{1}
		for i := 1; i <= 3; i++ {
			s, c := math.Sincos(2 * math.Pi * float64(i) * tau / 7)
			v = append(v, c, s)
		}
		for i := 1; i <= harmonics; i++ {
			s, c := math.Sincos(2 * math.Pi * float64(i) * tau / yearDays)
			v = append(v, c, s)
		}
		if lined {
			v = append(v, tau/lineUnit)
		}
		return v
	}
	p := len(row(0))
	normal, right := mat.NewDense(p, p, nil), mat.NewVecDense(p, nil)
	for i := 1; i < p; i++ {
		normal.Set(i, i, fitRidge)
	}
	for i, v := range x {
		age := float64(len(x) - 1 - i)
		w := math.Exp2(-age / fitHalfLife)
		r := row(-age)
		for a := range p {
			right.SetVec(a, right.AtVec(a)+w*r[a]*v)
			for b := range p {
				normal.Set(a, b, normal.At(a, b)+w*r[a]*r[b])
			}
		}
	}
	var theta mat.VecDense
	if err := theta.SolveVec(normal, right); err != nil {
		panic(err)
	}
	var out []float64
	for tau := from; tau <= to; tau++ {
		out = append(out, mat.Dot(mat.NewVecDense(p, row(float64(tau))), &theta))
	}
	return out
}

func TestRegressionIsLeastSquares(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(fitMinimum, fitMinimum+200).Draw(t, "days")
		log := rapid.Bool().Draw(t, "log")
		size := rapid.Float64Range(.01, 1e4).Draw(t, "size")
		phase := rapid.Float64Range(0, 365).Draw(t, "phase")
		seed := rapid.Uint32().Draw(t, "seed")
		hole := rapid.IntRange(5, 400).Draw(t, "hole")
		fit := rapid.IntRange(0, 2*len(yearWaves)-1).Draw(t, "fit")
		r := regression{log: log}
		e := &waves{of: &r, fit: fit}
		x := make([]float64, n)    // as the regression is told
		seen := make([]float64, n) // NaN where missing
		for i := range n {
			seed = seed*1664525 + 1013904223
			v := size * (2 + math.Sin((float64(i)+phase)/58) + float64(seed>>8)/(1<<24))
			b := bucket{y: v, log: math.Log(v), filled: v, filledLog: math.Log(v)}
			if i%hole == hole-1 {
				b.y, b.log = math.NaN(), math.NaN()
			}
			x[i], seen[i] = b.filled, b.y
			if log {
				x[i], seen[i] = b.filledLog, b.log
			}
			r.observe(&b)
			e.observe(&b)
		}
		since := n % 7
		const h = 400
		fitted := denseFit(x[:n-since], yearWaves[fit/2], fit%2 == 1, -6, since+h)
		// The residual's level knows the last complete week and the open one only through the weeks before: start it there.
		var got [7 + 7 + h]float64
		r.fits[fit].path(got[:7+since+h], -6)
		for k, want := range fitted {
			if math.Abs(got[k]-want) > 1e-7*(math.Abs(want)+math.Abs(fitted[0])) {
				t.Fatalf("day %d: %v, least squares say %v", k-6, got[k], want)
			}
		}
		a, phi := e.level()
		level := e.r
		for i := range since {
			level *= phi
			if v := seen[n-since+i]; v == v {
				level += a * (v - fitted[7+i] - level)
			}
		}
		var path [h]float64
		e.forecast(path[:], future{})
		for k, f := range path {
			level *= phi
			want := fitted[7+since+k] + level
			if log {
				want = math.Exp(want)
			}
			near := 1e-6*math.Abs(want) + 1e-9*size
			if k >= maxHorizon { // interpolated
				near = 1e-3 * (math.Abs(want) + size)
			}
			if math.Abs(f-want) > near {
				t.Fatalf("step %d: %v, want %v", k+1, f, want)
			}
		}
	})
}

// A season and a line without noise are found exactly, whatever the phase, and gaps in them do no harm.
func TestRegressionFindsASeason(t *testing.T) {
	law := func(i int) float64 {
		x := float64(i)
		return 100 + .02*x + 30*math.Sin(2*math.Pi*(x+40)/yearDays) + 10*math.Cos(2*math.Pi*2*x/yearDays) + 5*math.Sin(2*math.Pi*x/7)
	}
	m := New(Config{Season: 7})
	for i := range 1000 {
		if i%31 == 5 {
			m.Append(missing)
		} else {
			m.Append(law(i))
		}
	}
	var p Path
	m.Forecast(&p, 28)
	for k, f := range p.Mean {
		if want := law(1000 + k); math.Abs(f-want) > .01*want {
			t.Errorf("step %d: %.2f, want %.2f", k+1, f, want)
		}
	}
}
