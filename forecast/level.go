package forecast

import (
	"fmt"
	"math"
)

// level is simple exponential smoothing as a ratio of sums, with or without season factors f:
//
//	N ← (1-a) N + a y,   D ← (1-a) D + a f,   forecast of step k: f_k N/D
//
// N/D needs no starting value (D corrects the weight that has not been handed out yet), and a bucket with a factor
// near zero (a shop closed on Sundays) can disturb nothing. a = 0 keeps plain sums: the mean of all buckets.
// Source: Brown (1959) for the smoothing; the ratio is the usual bias correction of a discounted mean.
type level struct {
	a        float64
	seasonal bool
	num, den float64
}

func (e *level) observe(b *bucket) {
	if b.y != b.y {
		return
	}
	f := 1.0
	if e.seasonal {
		f = b.factor
	}
	if e.a == 0 {
		e.num += b.y
		e.den += f
		return
	}
	e.num += e.a * (b.y - e.num)
	e.den += e.a * (f - e.den)
}

func (e *level) multiple() (profile, float64) {
	l := math.NaN()
	if e.den > 0 {
		l = e.num / e.den
	}
	if e.seasonal {
		return ofSeason, l
	}
	return flat, l
}

func (e *level) forecast(dst []float64, ahead future) {
	p, l := e.multiple()
	if p == ofSeason {
		for k := range dst {
			dst[k] = l * ahead.factor[k]
		}
		return
	}
	for k := range dst {
		dst[k] = l
	}
}

func (e *level) name() string {
	if e.seasonal {
		return fmt.Sprintf("season*level(%g)", e.a)
	}
	return fmt.Sprintf("level(%g)", e.a)
}
