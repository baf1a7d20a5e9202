package forecast

import "math"

// Outlook is what a model says, at the moment when it is asked, of the buckets to come: for whoever wants the path and the
// sums of many windows, since what these have in common (weights, widths, shapes) is worked out once. It owns its
// memory, which the next question reuses; a goroutine needs one, whatever the number of its models.
type Outlook struct {
	mean   []float64
	spread spread
}

// Outlook asks the model for the next h buckets. The answer holds until the model goes on.
func (m *Model) Outlook(o *Outlook, h int) {
	s := scratches.Get().(*scratch)
	defer scratches.Put(s)
	m.outlook(o, s, h)
}

func (m *Model) outlook(o *Outlook, s *scratch, h int) {
	h = max(h, 0)
	o.mean = grow(o.mean, h)
	m.experts(o.mean, s, nil)
	o.spread.risk = m.liftPath(o.mean, o.spread.risk)
	m.liftAnniversaries(o.mean)
	o.spread.of(m, h)
}

// Path writes the forecast of the first h buckets, as far as the outlook reaches, into dst, whose slices are reused.
func (o *Outlook) Path(dst *Path, h int) {
	h = min(max(h, 0), len(o.mean))
	for _, x := range []*[]float64{&dst.Mean, &dst.Median, &dst.Lo80, &dst.Hi80, &dst.Lo95, &dst.Hi95} {
		*x = grow(*x, h)
	}
	copy(dst.Mean, o.mean[:h])
	p := [5]float64{.025, .1, .5, .9, .975}
	o.spread.quantiles(dst.Mean, p[:], dst.Lo95, dst.Lo80, dst.Median, dst.Hi80, dst.Hi95)
}

// Interval writes the means of the first len(mean) buckets, as many as were asked for at most, and their quantiles p and
// 1-p, 0 < p <= 1/2, into slices of the same length.
func (o *Outlook) Interval(mean, lower, upper []float64, p float64) {
	copy(mean, o.mean[:len(mean)])
	q := [2]float64{p, 1 - p}
	o.spread.quantiles(mean, q[:], lower, upper)
}

// answered is what was worked out for a step of a forecast of counts.
type answered struct {
	mean, variance float64
	q              [5]float64
}

// sameStep is how far the mean and, twice as far, the variance may be from those of an answered step that speaks for another.
const sameStep = .03

func (a *answered) speaksFor(mean, variance float64) bool {
	return math.Abs(mean-a.mean) <= sameStep*a.mean && math.Abs(variance-a.variance) <= 2*sameStep*a.variance
}

// quantiles writes the quantiles of every bucket at the ascending probabilities p, a slice for each of them.
//
// Of counts, summing probabilities is most of the work, and beyond the horizon next to none of it is worth its time: there
// a step takes the quantiles of the newest one worked out a whole number of weeks before it, if it differs little.
func (s *spread) quantiles(mean, p []float64, dst ...[]float64) {
	if s.m.seen == 0 {
		for _, x := range dst {
			copy(x, mean)
		}
		return
	}
	d := Dist{law: law{kind: counts, quantum: s.counted.quantum, own: &s.counted.own}}
	var space, scores [5]float64
	q, z := space[:len(p)], scores[:len(p)]
	if !s.count {
		for i := range p {
			z[i] = s.one.at(normalQuantile(p[i]))
		}
	}
	var answers [daysOfWeek]answered
	before := 0.0
	for k, f := range mean {
		lifts := s.liftVariance(mean, k, k+1)
		switch {
		case k > 0 && lifts == before && f == mean[k-1] && s.steps[k] == s.steps[k-1]:
			// Neighbouring steps of a flat forecast share their quantiles.
		case s.count:
			d.Mean, d.law.scale = f, s.steps[k]*f+lifts
			a := &answers[k%daysOfWeek]
			if k < s.m.config.Horizon || !a.speaksFor(d.Mean, d.law.scale) {
				a.mean, a.variance = d.Mean, d.law.scale
				copy(q, p)
				d.quantiles(q)
				copy(a.q[:], q)
			}
			copy(q, a.q[:])
		default:
			scale := math.Sqrt(s.steps[k]*math.Abs(f) + lifts/(normalScale*normalScale))
			for i := range q {
				q[i] = f + scale*z[i]
				if !s.m.config.Real {
					q[i] = max(q[i], 0)
				}
			}
		}
		before = lifts
		for i := range q {
			dst[i][k] = q[i]
		}
	}
}

// Sum is the distribution of the demand summed over the steps from+1 … to, 0 <= from < to, as far as the outlook reaches.
// An empty window is 0.
func (o *Outlook) Sum(from, to int) Dist {
	from, to = max(from, 0), min(to, len(o.mean))
	if to <= from {
		return Dist{}
	}
	d := Dist{law: o.spread.window(o.mean, from, to)}
	for _, x := range o.mean[from:to] {
		d.Mean += x
	}
	return d
}
