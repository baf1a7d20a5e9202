package forecast

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// Explanation says how a forecast came about.
type Explanation struct {
	Kind    string // "none" (nothing seen), "count", "sparse" or "continuous"
	Buckets int    // seen, also missing ones
	Missing int
	Zeros   int
	// Factors is the season profile (mean 1), nil without season.
	Factors []float64
	// Models are the experts that may speak for the series as it is, heaviest first.
	Models []ModelWeight
	// StepError and SumError are the discounted mean absolute errors of the combination one block ahead and of its sum
	// over Horizon, at the present level.
	StepError, SumError float64
	Horizon             int
	// Events are those that the series has met, in the order of their names.
	Events []EventEffect
}

// EventEffect is the effect of an event on a series.
type EventEffect struct {
	Name string // with the number of its day, for those of longer events
	// Times is how often the series has met it, Buckets in how many buckets.
	Times, Buckets int
	// Ratio is its demand over what was expected without it, Factor what the forecast is multiplied by.
	Ratio, Factor float64
}

// ModelWeight is the part of one expert.
type ModelWeight struct {
	Name   string  // with its fixed parameters
	Weight float64 // all weights sum to 1
	// Step and Sum are discounted mean losses in back-testing: mean absolute errors for continuous series, root mean
	// squared ones for counts; of single steps, and of the sum over the horizon. NaN: none yet.
	Step, Sum float64
}

// Explain tells which experts carry the forecast, and how they did in the past.
func (m *Model) Explain() Explanation {
	x := Explanation{Kind: "none", Buckets: m.t, Missing: m.t - m.seen, Zeros: m.zeros, Horizon: m.config.Horizon}
	x.Events = m.explainEvents()
	if m.factors != nil {
		x.Factors = make([]float64, len(m.factors.raw))
		m.factors.ahead(x.Factors)
	}
	if m.seen == 0 {
		return x
	}
	x.Kind = "continuous"
	count := m.isCount()
	if count {
		x.Kind = "count"
		if m.asks(forSparse) {
			x.Kind = "sparse"
		}
	}
	w := make([]float64, len(m.pool))
	m.weights(w)
	for i, p := range m.pool {
		l := &m.losses.each[i]
		if !l.ready || !m.asks(l.grade) {
			continue
		}
		part := ModelWeight{Name: p.name(), Weight: w[i], Step: l.step(count), Sum: l.sum(count)}
		if count {
			part.Step, part.Sum = math.Sqrt(part.Step), math.Sqrt(part.Sum)
		}
		x.Models = append(x.Models, part)
	}
	slices.SortStableFunc(x.Models, func(a, b ModelWeight) int { return cmp.Compare(b.Weight, a.Weight) })
	g := noise(m.Sum(0, 1).Mean)
	if m.errors.started {
		x.StepError, x.SumError = g*m.errors.stepScale(0), g*m.errors.totalScale(m.leads-1)
	}
	return x
}

func (m *Model) explainEvents() (list []EventEffect) {
	for i := range m.effects {
		e := &m.effects[i]
		name := e.name
		if e.day > 0 {
			name = fmt.Sprintf("%s, day %d", name, e.day)
		}
		factor, _ := m.liftOf(e.name, e.day)
		list = append(list, EventEffect{name, int(e.times), int(e.buckets), e.demand / e.expected, factor})
	}
	slices.SortFunc(list, func(a, b EventEffect) int { return cmp.Compare(a.Name, b.Name) })
	return list
}
