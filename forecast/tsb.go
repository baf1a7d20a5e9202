package forecast

import (
	"fmt"
	"math"
)

// tsb forecasts intermittent demand as the product of two smoothed series, the probability p of a demand (updated in
// every bucket, so it falls while nothing sells) and its size z (updated when there is one):
//
//	p ← p + a (1{y≠0} - p),   z ← z + b (y - z) if y ≠ 0,   forecast of every step: p z
//
// Source: Teunter, Syntetos and Babai (2011), Intermittent demand: linking forecasting to inventory obsolescence.
// It starts at the first demand: z is its size, p one over the buckets waited for it.
type tsb struct {
	a, b float64
	p, z float64
	n    int // observed buckets
	sold bool
}

func (e *tsb) observe(b *bucket) {
	if b.y != b.y {
		return
	}
	e.n++
	switch {
	case b.y == 0:
		e.p -= e.a * e.p
	case !e.sold:
		e.sold, e.z, e.p = true, b.y, 1/float64(e.n)
	default:
		e.z += e.b * (b.y - e.z)
		e.p += e.a * (1 - e.p)
	}
}

func (e *tsb) multiple() (profile, float64) {
	if e.n == 0 {
		return flat, math.NaN()
	}
	return flat, e.p * e.z
}

func (e *tsb) forecast(dst []float64, _ future) {
	_, f := e.multiple()
	for k := range dst {
		dst[k] = f
	}
}

func (e *tsb) name() string { return fmt.Sprintf("tsb(%g,%g)", e.a, e.b) }
