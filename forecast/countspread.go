package forecast

import "math"

// countSpread is the width of forecasts of counts: what does not depend on the step.
type countSpread struct {
	m        *Model
	quantum  float64
	own      *ownSizes
	known    []float64 // inflation at the end of every lead
	growth   float64   // of the steps' variance beyond the leads on record
	knownBuf [maxHorizon]float64
}

func (s *countSpread) of(m *Model) {
	s.m, s.quantum = m, m.quantum()
	s.own = new(ownSizes).of(&m.recent, s.quantum)
	e := &m.errors.counts
	s.known = s.knownBuf[:m.leads]
	for i := range s.known {
		s.known[i] = e.inflation(i)
	}
	if last := m.leads - 1; last > 0 && m.seen > 0 {
		s.growth = growth(e.ratio(0), e.ratio(last), last*m.stride+1)
	}
}

// ratio is the variance-to-mean ratio of step k+1.
func (s *countSpread) ratio(k int) float64 {
	lead := k / s.m.stride
	grown := 1.0
	if last := s.m.leads - 1; lead > last {
		lead = last
		grown = math.Pow(float64(k+1)/float64(s.m.config.Horizon), s.growth)
	}
	return s.m.errors.counts.ratio(lead) * grown
}

// window is the law of the sum of the steps from+1 … to, whose means are mean[from:to].
func (s *countSpread) window(mean []float64, from, to int) law {
	v, total := 0.0, 0.0
	for k := from; k < to; k++ {
		v += s.ratio(k) * mean[k]
		total += mean[k]
	}
	l := law{kind: counts, scale: v * inflationOver(s.known, s.m.stride, to-from), quantum: s.quantum}
	if to-from == 1 {
		l.own = s.own
	} else if p := s.m.config.Prior.ofCounts(); p != nil {
		if class := rareClass(total / s.m.errors.counts.size); class < rareClasses {
			l.remap = &p.remap[class]
		}
	}
	return l
}
