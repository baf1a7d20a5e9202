package forecast

import (
	"fmt"
	"math"
)

// smooth is additive exponential smoothing in error-correction form, with an optional trend and an optional additive
// season, of y or of its logarithm (which makes trend and season multiplicative):
//
//	p = l + φ b + δ,  e = x - p - s,  l ← p + a e,  b ← φ b + a β e,  s ← s + γ (1-a) e
//
// δ is the slope of a discounted regression of x - s on time (straight), a trend that does not follow noise;
// the smoothed trend is damped by φ instead. Source: Gardner (2006), Exponential smoothing: the state of the art II;
// Hyndman et al. (2008) for the error-correction form. The season starts from the first two seasons: a line through
// their means, seasonals from the mean deviations, and then both are replayed.
type smooth struct {
	season, pos int32 // season 1: none
	log, ready  bool
	a           float64
	beta        float64 // 0: no smoothed trend
	phi         float64
	gamma       float64
	trend       *slope // nil unless the trend is straight

	l, b float64
	s    []float64 // the first two seasons until they are complete, then the season
}

func (e *smooth) observe(b *bucket) {
	x := b.y
	if e.log {
		x = b.log
	}
	if e.ready {
		e.step(x)
		return
	}
	if e.season <= 1 {
		if x == x {
			e.l, e.ready = x, true
		}
		return
	}
	if e.s == nil {
		e.s = make([]float64, 0, 2*e.season)
	}
	if e.s = append(e.s, x); len(e.s) == cap(e.s) {
		e.start()
	}
}

// start sets level, trend and season from the first two seasons and replays them.
func (e *smooth) start() {
	m, first := int(e.season), e.s
	mean := [2]float64{}
	for i := range mean {
		n := 0.0
		for _, x := range first[i*m : (i+1)*m] {
			if x == x {
				mean[i] += x
				n++
			}
		}
		if n == 0 { // a whole season is missing: wait for the next
			copy(first, first[m:])
			e.s = first[:m]
			return
		}
		mean[i] /= n
	}
	slope := (mean[1] - mean[0]) / float64(m)
	at := mean[0] - slope*float64(m-1)/2
	e.s = make([]float64, m)
	for i := range e.s {
		n := 0.0
		for j := i; j < 2*m; j += m {
			if x := first[j]; x == x {
				e.s[i] += x - (at + slope*float64(j))
				n++
			}
		}
		if n > 0 {
			e.s[i] /= n
		}
	}
	e.l = at - slope
	if e.beta > 0 {
		e.b = slope
	}
	e.ready = true
	for _, x := range first {
		e.step(x)
	}
}

func (e *smooth) step(x float64) {
	s := 0.0
	pos := e.pos
	if e.season > 1 {
		s = e.s[pos]
		if e.pos++; e.pos == e.season {
			e.pos = 0
		}
	}
	p := e.l + e.phi*e.b
	if e.trend != nil {
		p += e.trend.value()
	}
	if x != x {
		e.l = p
		e.b *= e.phi
		if e.trend != nil {
			e.trend.skip()
		}
		return
	}
	err := x - p - s
	e.l = p + e.a*err
	if e.beta > 0 {
		e.b = e.phi*e.b + e.a*e.beta*err
	}
	if e.season > 1 {
		e.s[pos] = s + e.gamma*(1-e.a)*err
	}
	if e.trend != nil {
		e.trend.add(x - s)
	}
}

func (e *smooth) forecast(dst []float64, _ future) {
	if !e.ready {
		for k := range dst {
			dst[k] = math.NaN()
		}
		return
	}
	l, damp, drift, pos := e.l, e.phi, 0.0, e.pos
	if e.trend != nil {
		drift = e.trend.value()
	}
	for k := range dst {
		l += damp*e.b + drift
		damp *= e.phi
		x := l
		if e.season > 1 {
			x += e.s[pos]
			if pos++; pos == e.season {
				pos = 0
			}
		}
		if e.log {
			x = math.Exp(x)
		}
		dst[k] = x
	}
}

// slope is that of a regression on time with weights that fall by slopeMemory a bucket; time is counted backwards from now, so
// that its sums stay bounded.
type slope struct {
	n, t, tt, x, tx float64 // discounted sums of 1, τ, τ², x, τx with τ = 0 now, -1 one bucket ago …
	count           int
}

const slopeMemory = .99

func (r *slope) skip() {
	r.tt += r.n - 2*r.t
	r.t -= r.n
	r.tx -= r.x
}

func (r *slope) add(x float64) {
	r.skip()
	r.n = slopeMemory*r.n + 1
	r.t *= slopeMemory
	r.tt *= slopeMemory
	r.x = slopeMemory*r.x + x
	r.tx *= slopeMemory
	r.count++
}

func (r *slope) value() float64 {
	d := r.n*r.tt - r.t*r.t
	if r.count < 4 || d <= 1e-9 {
		return 0
	}
	return (r.n*r.tx - r.t*r.x) / d
}

func (e *smooth) name() string {
	name := inLogs(e.log)
	switch {
	case e.season <= 1:
		return name + fmt.Sprintf("holt(%g,%g,%g)", e.a, e.beta, e.phi)
	case e.trend != nil:
		return name + fmt.Sprintf("seasonal line(%g,%g)", e.a, e.gamma)
	case e.beta > 0:
		return name + fmt.Sprintf("seasonal damped(%g,%g,%g,%g)", e.a, e.beta, e.phi, e.gamma)
	}
	return name + fmt.Sprintf("seasonal(%g,%g)", e.a, e.gamma)
}

func inLogs(log bool) string {
	if log {
		return "log "
	}
	return ""
}
