package forecast

import (
	"fmt"
	"math"
)

// naive is the seasonal naive forecast with an adaptive level, of y or of its logarithm:
//
//	x̂(t+k) = S(t+k) + l,   S(t) = x(t-m),   l = discounted mean of x - S with smoothing a (a = 0: l = 0, seasonal naive)
//
// smoothed averages S with its neighbours, (1 2 1)/4: weeks of a year do not fall on the same days.
type naive struct {
	lags     *lags
	a        float64
	log      bool
	smoothed bool
	num, den float64
}

func (e *naive) observe(b *bucket) {
	x := b.y
	if e.log {
		x = b.log
	}
	if e.a == 0 || x != x {
		return
	}
	if s := e.lags.at(0, e.log, e.smoothed); s == s {
		e.num += e.a * (x - s - e.num)
		e.den += e.a * (1 - e.den)
	}
}

func (e *naive) forecast(dst []float64, _ future) {
	l := 0.0
	if e.a > 0 {
		l = math.NaN()
		if e.den > 0 {
			l = e.num / e.den
		}
	}
	for k := range dst {
		x := l + e.lags.at(k, e.log, e.smoothed)
		if e.log {
			x = math.Exp(x)
		}
		dst[k] = x
	}
}

// lags is the ring of the last season, shared by the experts of one series. A missing bucket keeps the value of the
// season before.
type lags struct {
	y, log []float64
	pos    int // of the next bucket, which is also where its value one season ago stands
}

func newLags(season int) *lags {
	r := &lags{y: make([]float64, season), log: make([]float64, season)}
	for i := range r.y {
		r.y[i], r.log[i] = math.NaN(), math.NaN()
	}
	return r
}

// observe closes the next bucket; to be called after the experts have seen it.
func (r *lags) observe(b *bucket) {
	if b.y == b.y {
		r.y[r.pos] = b.y
	}
	if b.log == b.log {
		r.log[r.pos] = b.log
	}
	if r.pos++; r.pos == len(r.y) {
		r.pos = 0
	}
}

// at is the newest value that stands a whole number of seasons before the bucket k steps after the next.
func (r *lags) at(k int, log, smoothed bool) float64 {
	x := r.y
	if log {
		x = r.log
	}
	m := len(x)
	i := (r.pos + k) % m
	v := x[i]
	if smoothed {
		before, after := x[(i+m-1)%m], x[(i+1)%m]
		// The bucket after the last one known is a season older than its neighbours: good enough for an average.
		if before == before && after == after {
			return (before + 2*v + after) / 4
		}
	}
	return v
}

func (e *naive) name() string {
	name := "seasonal naive"
	if e.smoothed {
		name += " 121"
	}
	return inLogs(e.log) + fmt.Sprintf("%s(%g)", name, e.a)
}
