package forecast

import "math"

// Dist is the distribution of the demand of a bucket or a window. The zero value is the constant 0. A Dist does not
// change when its model goes on.
type Dist struct {
	Mean float64
	law  law
}

// Quantile is the smallest demand that is reached with probability p at most 1-p: 0 < p < 1, clipped to [1e-6, 1-1e-6].
// It does not fall with p and is never below 0 unless the series is Real.
func (d Dist) Quantile(p float64) float64 {
	q := [1]float64{p}
	d.quantiles(q[:])
	return q[0]
}

// WithMean is the distribution of demand of the same kind with another mean: the variance follows it, as it does between
// the buckets of a series (a busier day has more customers of the same kind).
func (d Dist) WithMean(mean float64) Dist {
	f := 0.0
	if d.Mean > 0 {
		f = max(mean, 0) / d.Mean
	}
	d.Mean = mean
	switch d.law.kind {
	case empirical:
		d.law.scale *= math.Sqrt(f)
	case counts:
		d.law.scale *= f
	}
	return d
}

// Normal is the normal distribution of demand with a mean and a standard deviation, cut off at 0.
func Normal(mean, deviation float64) Dist {
	l := law{kind: empirical, scale: deviation / normalScale}
	l.shape.of(nil, 1)
	return Dist{Mean: mean, law: l}
}

// quantiles replaces the ascending probabilities in q by their quantiles.
func (d *Dist) quantiles(q []float64) {
	for i, p := range q {
		if !(p > 1e-6) { // also NaN
			p = 1e-6
		}
		q[i] = min(p, 1-1e-6)
	}
	switch d.law.kind {
	case counts:
		if d.law.remap != nil {
			for i, p := range q {
				q[i] = min(max(d.law.remap.at(p), 1e-6), 1-1e-6)
			}
		}
		mean, variance := d.Mean/d.law.quantum, d.law.scale/(d.law.quantum*d.law.quantum)
		if d.law.own == nil || !d.law.own.quantiles(mean, variance, q) {
			countQuantiles(mean, variance, q)
		}
		for i := range q {
			q[i] *= d.law.quantum
		}
	case empirical:
		for i, p := range q {
			q[i] = d.Mean + d.law.scale*d.law.shape.at(normalQuantile(p))
			if !d.law.real {
				q[i] = max(q[i], 0)
			}
		}
	default:
		for i := range q {
			q[i] = d.Mean
		}
	}
}

func normalCDF(u float64) float64 { return .5 * math.Erfc(-u/math.Sqrt2) }

// usualScores are the normal scores of the probabilities that plans and scores ask for, over and over.
var usualScores = func() (s [len(usual)]float64) {
	for i, p := range usual {
		s[i] = math.Sqrt2 * math.Erfinv(2*p-1)
	}
	return s
}()

var usual = [...]float64{.025, .1, .5, .9, .975, .8, .95, .98, .99}

func normalQuantile(p float64) float64 {
	for i, x := range usual {
		if p == x {
			return usualScores[i]
		}
	}
	return math.Sqrt2 * math.Erfinv(2*p-1)
}
