package forecast

import "math"

// law is what a distribution is beside its mean.
type law struct {
	kind    lawKind
	scale   float64 // empirical: mean absolute error; counts: variance
	quantum float64 // counts: size of one
	real    bool
	shape   shape     // empirical
	own     *ownSizes // counts, of a single bucket; nil: none
	remap   *remap    // counts, of a sum; nil: none
}

type lawKind uint8

const (
	point     lawKind = iota
	empirical         // mean + scale × shape
	counts            // see counts.go
)

// spread is the width of the forecasts of a model as it stands: everything that does not depend on the step.
type spread struct {
	m         *Model
	count     bool
	counted   countSpread
	one, many shape
	known     []float64 // inflation at the end of every lead
	first     float64   // exponent of growth of the steps' variance beyond the leads on record
	knownBuf  [maxHorizon]float64
	sortedBuf [ringSize]float64
}

func (m *Model) spread() *spread {
	s := &spread{m: m, count: m.isCount()}
	if s.count {
		s.counted.of(m)
		return s
	}
	e := &m.errors
	s.one.of(&e.shape, 1, s.sortedBuf[:])
	// Of every horizon, its leads push about four sums, all of the same buckets.
	s.many.of(&e.sumShape, float64(m.leads), s.sortedBuf[:])
	s.known = s.knownBuf[:m.leads]
	for i := range s.known {
		s.known[i] = e.inflation(i)
	}
	if last := m.leads - 1; last > 0 && m.seen > 0 {
		a, b := e.stepScale(0), e.stepScale(last)
		s.first = growth(a*a, b*b, last*m.stride+1)
	}
	return s
}

// growth is the exponent of the variance in the number of the step: from a at the first to b at step n, never faster than
// a random walk.
func growth(a, b float64, n int) float64 {
	if !(a > 0 && b > 0) {
		return 0
	}
	return min(max(math.Log(b/a)/math.Log(float64(n)), 0), 1)
}

// variance is the factor of the variance of step k+1, in units of g².
func (s *spread) variance(k int) float64 {
	lead := k / s.m.stride
	grown := 1.0
	if last := s.m.leads - 1; lead > last {
		lead = last
		grown = math.Pow(float64(k+1)/float64(s.m.config.Horizon), s.first)
	}
	x := s.m.errors.stepScale(lead)
	return x * x * grown
}

// inflationOver is the inflation of a sum over h steps, known being that at the end of every lead: linear between the
// leads on record, then along the straight line from one step through the last lead, at most proportional to h.
func inflationOver(known []float64, stride, h int) float64 {
	if h <= 1 {
		return 1
	}
	x, block := float64(h), float64(stride)
	last := len(known) - 1
	top := block * float64(last+1)
	if x >= top {
		r := known[last]
		if top > 1 {
			r += max(0, (known[last]-1)/(top-1)) * (x - top)
		}
		return r
	}
	i := (h - 1) / stride
	left, at := 1.0, 1.0
	if i > 0 {
		left, at = known[i-1], block*float64(i)
	}
	right := block * float64(i+1)
	if right == at {
		return known[i]
	}
	return left + (known[i]-left)*(x-at)/(right-at)
}

// window is the law of the sum of the steps from+1 … to, whose means are mean[from:to].
func (s *spread) window(mean []float64, from, to int) law {
	if s.m.seen == 0 {
		return law{}
	}
	lifts := s.m.liftVariance(mean, from, to)
	if s.count {
		l := s.counted.window(mean, from, to)
		l.scale += lifts
		return l
	}
	v := 0.0
	for k := from; k < to; k++ {
		g := noise(mean[k])
		v += s.variance(k) * g * g
	}
	v *= inflationOver(s.known, s.m.stride, to-from)
	v += lifts / (normalScale * normalScale)
	l := law{kind: empirical, scale: math.Sqrt(v), real: s.m.config.Real, shape: s.one}
	if to-from > 1 {
		l.shape = s.many
	}
	return l
}
