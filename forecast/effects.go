package forecast

import "math"

// effect is what an event, or one day of it, did to the demand of one series: demand in its buckets against what the
// model expected at the end of the block before, both summed with a discount a time. A bucket with an event is missing to all else.
//
// The event multiplies demand by
//
//	r = (D + κ R) / (E + κ),   κ = v/τ²
//
// D is the demand, E what was expected, R the effect on all series of the site (see siteEffects), v the variance-to-mean
// ratio of the series: D/E has a variance of about v/E, effects differ between series by about τ = .3, and r is the mean of
// both by their precisions. An event that no other series has met has R = 1 and τ = 1: events are declared because they
// matter. The days of a longer event are shrunk in the same way towards the effect of the whole.
type effect struct {
	effectKey
	times, buckets int32
	demand         float64 // D
	expected       float64 // E
	noise          float64 // Σ v E
}

// effectKey names an event, or one of its days: 0 is all of them together.
type effectKey struct {
	name string
	day  uint8
}

const (
	effectSpread  = .3 // τ between series, and between the days of an event
	unknownSpread = 1  // τ of an event that nobody has met
	// effectMemory is the discount a time: an event of ten times ago has a third of the say.
	effectMemory = .9
	// effectStart is the number of observations before an expectation is worth comparing with.
	effectStart = 7
	// effectLimit keeps the ratio to a forecast of next to nothing finite.
	effectLimit = 1000
)

// teach takes the demand of the next bucket away from the models if an event falls into it, and lets the event learn.
func (m *Model) teach(y float64) float64 {
	i := m.config.First + m.t
	e := m.config.Events
	if len(e[i]) == 0 {
		return y
	}
	if !(math.Abs(y) <= maxValue) || m.seen < effectStart {
		return missing
	}
	expected := m.expected()
	if !(expected > 0) {
		return missing
	}
	y = min(max(y, 0), effectLimit*expected)
	name, day := e.key(i), e.day(i)
	m.learnEffect(effectKey{name, 0}, y, expected, day <= 1)
	if day > 0 {
		m.learnEffect(effectKey{name, day}, y, expected, true)
	}
	return missing
}

func (m *Model) learnEffect(key effectKey, y, expected float64, begins bool) {
	x := m.effect(key)
	if x == nil {
		m.effects = append(m.effects, effect{effectKey: key})
		x = &m.effects[len(m.effects)-1]
	}
	if begins {
		x.times++
		x.demand *= effectMemory
		x.expected *= effectMemory
		x.noise *= effectMemory
	}
	x.buckets++
	x.demand += y
	x.expected += expected
	x.noise += m.errors.counts.ratio(0) * expected
}

func (m *Model) effect(key effectKey) *effect {
	for i := range m.effects {
		if m.effects[i].effectKey == key {
			return &m.effects[i]
		}
	}
	return nil
}

// shrunk is r, towards a ratio that is known to the spread τ, and its relative variance.
func (x *effect) shrunk(to, spread float64) (r, variance float64) {
	if x == nil || x.expected == 0 {
		return to, spread * spread
	}
	v := x.noise / x.expected
	if !(v > 0 && v <= maxValue) {
		return x.demand / x.expected, 0
	}
	k := v / (spread * spread)
	return (x.demand + k*to) / (x.expected + k), v / (x.expected + k)
}

// lift is what the events of bucket i multiply demand by, with its relative variance: that of the several events there
// if they have met before, else the product of each; 1 for what nobody has met.
func (m *Model) lift(i int) (r, variance float64) {
	e := m.config.Events
	if len(e[i]) <= 1 || m.knows(e.key(i)) {
		return m.liftOf(e.key(i), e.day(i))
	}
	r = 1
	for _, name := range e[i] {
		x, v := m.liftOf(name, 0)
		r *= x
		variance += v
	}
	return r, variance
}

func (m *Model) knows(name string) bool {
	if m.effect(effectKey{name, 0}) != nil {
		return true
	}
	_, ok := m.config.Prior.effectOf(name)
	return ok
}

func (m *Model) liftOf(name string, day uint8) (r, variance float64) {
	own := m.effect(effectKey{name, 0})
	site, known := m.config.Prior.effectOf(name)
	spread := effectSpread
	if !known {
		if own == nil {
			return 1, 0
		}
		site, spread = 1, unknownSpread
	}
	r, variance = own.shrunk(site, spread)
	if day == 0 {
		return r, variance
	}
	r *= m.config.Prior.shapeOf(name, day)
	r, _ = m.effect(effectKey{name, day}).shrunk(r, effectSpread)
	return r, variance
}

// liftPath multiplies the path of the next buckets by their events. It returns, in risk's memory, the relative deviations
// of their effects; none where no event is known.
func (m *Model) liftPath(path, risk []float64) []float64 {
	if len(m.config.Events) == 0 || len(m.effects) == 0 && m.config.Prior.noEffects() {
		return risk[:0]
	}
	risk = grow(risk, len(path))
	clear(risk)
	for k := range path {
		if i := m.config.First + m.t + k; len(m.config.Events[i]) > 0 {
			r, v := m.lift(i)
			path[k] *= r
			risk[k] = math.Sqrt(v)
		}
	}
	return risk
}

// liftVariance is the variance of the demand of the steps from+1 … to of the path, whose means are mean[from:to], that comes
// of not knowing the effects of their events better. Buckets of events that follow each other err together.
func (s *spread) liftVariance(mean []float64, from, to int) float64 {
	if len(s.risk) < to {
		return 0
	}
	total, run := 0.0, 0.0
	for k := from; k < to; k++ {
		if risk := s.risk[k]; risk > 0 {
			run += mean[k] * risk
		} else if run != 0 {
			total += run * run
			run = 0
		}
	}
	return total + run*run
}
