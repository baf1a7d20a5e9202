package forecast

import (
	"fmt"
	"math"
)

// window is the mean of the last n observed buckets, with or without season factors f:
//
//	forecast of step k: f_k (y_t + … + y_(t-n+1)) / (f_t + … + f_(t-n+1))
//
// A level forgets by degrees; a window keeps a season or a fashion whole and then drops it at once. The sums are taken
// anew whenever a forecast is asked for: sums kept up to date would gather rounding errors for ever.
// Source: the moving average of any textbook (Brown, 1959).
type window struct {
	seasonal bool
	y, f     []float64 // rings
	n        int       // observed buckets
}

func newWindow(n int, seasonal bool) *window {
	x := make([]float64, 2*n)
	return &window{seasonal: seasonal, y: x[:n:n], f: x[n:]}
}

func (e *window) observe(b *bucket) {
	if b.y != b.y {
		return
	}
	i := e.n % len(e.y)
	e.y[i], e.f[i] = b.y, 1
	if e.seasonal {
		e.f[i] = b.factor
	}
	e.n++
}

func (e *window) forecast(dst []float64, ahead future) {
	num, den := 0.0, 0.0
	for i, y := range e.y {
		num += y
		den += e.f[i]
	}
	l := math.NaN()
	if den > 0 {
		l = num / den
	}
	for k := range dst {
		dst[k] = l
		if e.seasonal {
			dst[k] *= ahead.factor[k]
		}
	}
}

func (e *window) name() string {
	if e.seasonal {
		return fmt.Sprintf("season*window(%d)", len(e.y))
	}
	return fmt.Sprintf("window(%d)", len(e.y))
}
