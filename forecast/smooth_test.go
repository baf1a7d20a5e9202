package forecast

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// gappy draws a series with a level, a season and holes.
func gappy(t *rapid.T, season int) []float64 {
	n := rapid.IntRange(1, 6*season+40).Draw(t, "n")
	seed := rapid.Uint32().Draw(t, "seed")
	hole := rapid.IntRange(2, 50).Draw(t, "hole")
	y := make([]float64, n)
	for i := range y {
		seed = seed*1664525 + 1013904223
		y[i] = 50 + .3*float64(i) + 20*math.Sin(2*math.Pi*float64(i)/float64(season)) + float64(seed>>8)/(1<<24)
		if i%hole == hole-1 {
			y[i] = math.NaN()
		}
	}
	return y
}

func feed(e expert, y []float64) {
	for _, v := range y {
		e.observe(&bucket{y: v, log: math.Log(v), factor: 1, year: math.NaN()})
	}
}

// slopeOf is the slope of weighted least squares over the whole history, weights falling by slopeMemory.
func slopeOf(x []float64) float64 {
	var n, st, sx, count float64
	weight := func(i int) float64 { // by observations: a hole does not age what is known
		w := 1.0
		for _, v := range x[i+1:] {
			if v == v {
				w *= slopeMemory
			}
		}
		return w
	}
	for i, v := range x {
		if v == v {
			w := weight(i)
			n, st, sx, count = n+w, st+w*float64(i), sx+w*v, count+1
		}
	}
	if count < 4 {
		return 0
	}
	var up, down float64
	for i, v := range x {
		if v == v {
			d := float64(i) - st/n
			up += weight(i) * d * (v - sx/n)
			down += weight(i) * d * d
		}
	}
	if down <= 1e-9 {
		return 0
	}
	return up / down
}

func TestSlopeIsLeastSquares(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := gappy(t, 12)
		var r slope
		for _, v := range x {
			if v == v {
				r.add(v)
			} else {
				r.skip()
			}
		}
		if want := slopeOf(x); math.Abs(r.value()-want) > 1e-6*(1+math.Abs(want)) {
			t.Fatalf("slope %v, least squares say %v", r.value(), want)
		}
	})
}

// smoothed is the forecast of exponential smoothing without season by the sum of its definition: with φ = 1 and no trend
// the level is a weighted mean of all observations.
func TestSmoothIsAWeightedMean(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := rapid.Float64Range(.05, 1).Draw(t, "a")
		y := gappy(t, 12)
		e := &smooth{season: 1, a: a, phi: 1}
		feed(e, y)
		var got [1]float64
		e.forecast(got[:], future{})
		want, left := 0.0, 1.0
		first := math.NaN()
		for i := len(y) - 1; i >= 0; i-- {
			if v := y[i]; v == v {
				want += left * a * v
				left *= 1 - a
				first = v
			}
		}
		want += left * first
		if first == first && math.Abs(got[0]-want) > 1e-9*math.Abs(want) || first != first && got[0] == got[0] {
			t.Fatalf("%v, want %v", got[0], want)
		}
	})
}

// seasonalBatch is the error-correction form written down over whole arrays, from the third season on.
func seasonalBatch(y []float64, m int, a, beta, phi, gamma float64, straight bool, h int) []float64 {
	half := func(from int) (mean float64) {
		n := 0.0
		for _, v := range y[from : from+m] {
			if v == v {
				mean += v
				n++
			}
		}
		return mean / n
	}
	one, two := half(0), half(m)
	trend := (two - one) / float64(m)
	at := func(i int) float64 { return one + trend*(float64(i)-float64(m-1)/2) }
	season := make([]float64, len(y)+h+m) // season[i] is known before bucket i
	for i := range m {
		n := 0.0
		for _, j := range []int{i, i + m} {
			if v := y[j]; v == v {
				season[i] += v - at(j)
				n++
			}
		}
		season[i] /= max(n, 1)
	}
	level, slope := at(-1), 0.0
	if beta > 0 {
		slope = trend
	}
	free := make([]float64, 0, len(y)) // without season
	for i, v := range y {
		drift := phi * slope
		if straight {
			drift += slopeOf(free)
		}
		season[i+m] = season[i]
		free = append(free, v-season[i])
		p := level + drift
		e := v - p - season[i]
		if e != e {
			level, slope = p, phi*slope
			continue
		}
		level = p + a*e
		slope = phi*slope + a*beta*e
		if beta == 0 {
			slope = 0
		}
		season[i+m] += gamma * (1 - a) * e
	}
	out := make([]float64, h)
	damp := phi
	for k := range out {
		level += damp * slope
		damp *= phi
		if straight {
			level += slopeOf(free)
		}
		out[k] = level + season[len(y)+k]
		season[len(y)+k+m] = season[len(y)+k]
	}
	return out
}

func TestSeasonalSmoothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := rapid.SampledFrom([]int{7, 12}).Draw(t, "season")
		y := gappy(t, m)
		e := &smooth{season: int32(m), a: rapid.Float64Range(.05, .9).Draw(t, "a"), phi: 1, gamma: rapid.Float64Range(0, .5).Draw(t, "gamma")}
		switch rapid.IntRange(0, 2).Draw(t, "trend") {
		case 1:
			e.beta, e.phi = .1, .97
		case 2:
			e.trend = new(slope)
		}
		feed(e, y)
		var got [20]float64
		e.forecast(got[:], future{})
		if len(y) < 2*m {
			if got[0] == got[0] {
				t.Fatalf("a forecast after %d buckets", len(y))
			}
			return
		}
		for k, want := range seasonalBatch(y, m, e.a, e.beta, e.phi, e.gamma, e.trend != nil, len(got)) {
			if math.Abs(got[k]-want) > 1e-6*(1+math.Abs(want)) {
				t.Fatalf("step %d: %v, want %v", k+1, got[k], want)
			}
		}
	})
}
