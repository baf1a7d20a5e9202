package forecast

import (
	"fmt"
	"math"
)

// waves is the forecast of a fit with a discounted level of its residuals that fades by φ a day:
//
//	r ← φ r + a (x - θ'φ(0) - φ r),   forecast of step k: θ'φ(k) + φ^k r
type waves struct {
	of  *regression
	fit int     // index in of.fits
	r   float64 // at the end of the last complete week
}

// residuals are a and φ of fits without and with line: a line needs a level that stays, and little of it.
var residuals = [2]struct{ a, phi float64 }{{.3, .99}, {.1, 1}}

func (e *waves) level() (a, phi float64) {
	x := &residuals[e.fit%2]
	return x.a, x.phi
}

func (e *waves) observe(*bucket) {
	switch {
	case !e.of.ready():
		e.r = 0
	case e.of.days%7 == 0:
		e.r = e.residual(7, -6)
	}
}

// residual is r after the first n days of the week, the first of which is at τ = from.
func (e *waves) residual(n, from int) float64 {
	r := e.r
	a, phi := e.level()
	var expected [7]float64
	e.of.fits[e.fit].path(expected[:n], from)
	for i, x := range e.of.week[:n] {
		r *= phi
		if x == x {
			r += a * (x - expected[i] - r)
		}
	}
	return r
}

func (e *waves) forecast(dst []float64, _ future) {
	if !e.of.ready() {
		for k := range dst {
			dst[k] = math.NaN()
		}
		return
	}
	since := e.of.days % 7
	r := e.r
	if since > 0 {
		r = e.residual(since, 1)
	}
	_, phi := e.level()
	f := &e.of.fits[e.fit]
	head := dst[:min(len(dst), maxHorizon)]
	f.path(head, since+1)
	for k := range head {
		r *= phi
		head[k] += r
		if e.of.log {
			head[k] = math.Exp(head[k])
		}
	}
	if len(dst) > len(head) {
		e.beyond(dst, since+1, r)
	}
}

// knotDays is the distance of the knots between which the tail of a path is interpolated: a ninth of the shortest wave.
const knotDays = 4

// knotWeights are those of Lagrange's cubic through four knots, for the days from the second knot to the third.
var knotWeights = func() (w [knotDays][4]float64) {
	for i := range w {
		u := float64(i) / knotDays
		w[i] = [4]float64{-u * (u - 1) * (u - 2) / 6, (u + 1) * (u - 1) * (u - 2) / 2, -(u + 1) * u * (u - 2) / 2, (u + 1) * u * (u - 1) / 6}
	}
	return w
}()

// beyond writes the path from step maxHorizon on, the first of which is at τ = from: the week of each day, and the year
// interpolated, whose waves change little from day to day. r is that of step maxHorizon.
func (e *waves) beyond(dst []float64, from int, r float64) {
	f := &e.of.fits[e.fit]
	week := f.weekly(from)
	if e.of.log {
		for i, x := range week {
			week[i] = math.Exp(x)
		}
	}
	_, phi := e.level()
	fade := math.Pow(phi, knotDays)
	at := maxHorizon - knotDays
	r *= math.Pow(phi, 1-knotDays)
	next := func() float64 {
		x := f.yearly(from+at) + r
		at += knotDays
		r *= fade
		if e.of.log {
			x = math.Exp(x)
		}
		return x
	}
	a, b, c := next(), next(), next()
	for k := maxHorizon; k < len(dst); {
		d := next()
		for i := 0; i < knotDays && k < len(dst); i++ {
			w := &knotWeights[i]
			x := w[0]*a + w[1]*b + w[2]*c + w[3]*d
			if e.of.log {
				x *= week[k%7]
			} else {
				x += week[k%7]
			}
			dst[k] = x
			k++
		}
		a, b, c = b, c, d
	}
}

func (e *waves) name() string {
	s := inLogs(e.of.log) + fmt.Sprintf("waves(%d", yearWaves[e.fit/2])
	if e.fit%2 == 1 {
		s += ",line"
	}
	a, phi := e.level()
	return s + fmt.Sprintf(",%g,%g)", a, phi)
}
