package forecast

import "slices"

// countSpread is the width of forecasts of counts: what does not depend on the step.
type countSpread struct {
	m        *Model
	quantum  float64
	own      ownSizes
	known    []float64 // inflation at the end of every lead
	knownBuf [maxHorizon]float64
}

// of reads the width from a model, and the ratio of variance to mean of every step into steps.
func (s *countSpread) of(m *Model, steps []float64) {
	s.m, s.quantum = m, m.quantum()
	s.own.of(&m.recent, s.quantum)
	e := &m.errors.counts
	s.known = s.knownBuf[:m.leads]
	for i := range s.known {
		s.known[i] = e.inflation(i)
	}
	exponent := 0.0
	if last := m.leads - 1; last > 0 && m.seen > 0 {
		exponent = growth(e.ratio(0), e.ratio(last), last*m.stride+1)
	}
	m.spreadSteps(steps, exponent, e.ratio)
}

// window is the law of the sum of the steps from+1 … to, whose means are mean[from:to].
func (s *countSpread) window(mean, steps []float64, from, to int) law {
	v, total := 0.0, 0.0
	for k := from; k < to; k++ {
		v += steps[k] * mean[k]
		total += mean[k]
	}
	l := law{kind: counts, scale: v * inflationOver(s.known, s.m.stride, to-from), quantum: s.quantum}
	if to-from == 1 {
		l.own = &ownSizes{slices.Clone(s.own.sizes), s.own.mean, s.own.share} // a Dist outlives what it comes from
	} else if p := s.m.config.Prior.ofCounts(); p != nil {
		if class := rareClass(total / s.m.errors.counts.size); class < rareClasses {
			l.remap = &p.remap[class]
		}
	}
	return l
}
