package forecast

import "math"

// countErrors is what the combination's past errors say of the width of its forecasts of counts: by lead, the ratio of
// squared errors to forecasts, of single steps and of sums. The variance of a count goes with its mean, so this ratio
// is what stays when the level moves.
//
// Demand in whole orders, arriving at random, has the ratio E(s²)/E(s) of its order sizes s. So the site's guess at the
// ratio of a series is its mean size times a number c of the site, worth ratioPrior orders: over the series of shops and
// of makers of spare parts, by days, weeks and months, the logarithm of the ratio rises with that of the size by .8 to
// 1.2. Without a site there is no guess: demand that is one bucket's sum of many small orders has no such ratio.
type countErrors struct {
	stride        int
	seen          int // observations
	steps, totals []leadRatio
	size          float64 // mean size of the series' orders
	perSize       float64 // c; 0: no site
}

const (
	ratioPrior   = 10 // 20 and 30 are alike in series of one site, but make one quiet product of a noisy site too wide
	ratioMinimum = 4  // orders that a series must have to tell the site of its ratio
	ratioSeries  = 5  // series that c = 1 is worth
	maxRatio     = 1e6
)

// leadRatio are discounted sums; sq/f is the variance-to-mean ratio.
type leadRatio struct {
	n     float64 // errors
	sq, f float64 // e², f
}

func newCountErrors(leads, stride int) countErrors {
	x := make([]leadRatio, 2*leads)
	return countErrors{stride: stride, steps: x[:leads:leads], totals: x[leads:]}
}

func (x *leadRatio) add(e, f float64) {
	x.n++
	x.sq += e * e
	x.f += f
}

// start makes a first guess from the first demand y > 0: Poisson noise for whole numbers, a coefficient of variation of
// 1 for sparse fractions.
func (c *countErrors) start(y float64, fraction bool) {
	unit := 1.0
	if fraction {
		unit = y
	}
	c.steps[0] = leadRatio{n: startErrors, sq: startErrors * y * unit, f: startErrors * y}
}

func (c *countErrors) age(discount float64) {
	for _, x := range [][]leadRatio{c.steps, c.totals} {
		for i := range x {
			x[i].n *= discount
			x[i].sq *= discount
			x[i].f *= discount
		}
	}
}

// ratio is the variance-to-mean ratio of single steps at a lead, shrunk to that of the first.
func (c *countErrors) ratio(lead int) float64 {
	first := &c.steps[0]
	guess := 0.0 // worth of forecasts
	if c.perSize > 0 {
		guess = ratioPrior * c.size
	}
	own := ratio(first.sq+guess*c.perSize*c.size, first.f+guess)
	if lead == 0 || first.f == 0 {
		return own
	}
	prior := leadPrior * first.f / first.n
	return (c.steps[lead].sq + prior*own) / (c.steps[lead].f + prior)
}

// inflation is the variance of the error of a sum up to the end of a lead over the sum of the variances of its steps.
func (c *countErrors) inflation(lead int) float64 {
	h := float64((lead + 1) * c.stride)
	prior := 1 + (drift+1/float64(max(c.seen, 1)))*(h-1)
	own := prior
	v := 0.0
	for i := 0; i <= lead; i++ {
		v += c.ratio(i)
	}
	if t := &c.totals[lead]; v > 0 && t.f > 0 {
		own = t.sq / t.f / (v / float64(lead+1))
	}
	return shrunkInflation(own, prior, c.totals[lead].n, h, c.stride)
}

// siteRatio is c, the geometric mean over many series of their ratio over their mean size.
func siteRatio(models []*Model) float64 {
	sum, n := 0.0, float64(ratioSeries)
	for _, m := range models {
		c := &m.errors.counts
		if first := &c.steps[0]; m.seen-m.zeros >= ratioMinimum && first.f > 0 && first.sq > 0 {
			sum += math.Log(first.sq / first.f / c.size)
			n++
		}
	}
	return min(max(math.Exp(sum/n), 1/maxRatio), maxRatio)
}
