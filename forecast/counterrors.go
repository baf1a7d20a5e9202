package forecast

// countErrors is what the combination's past errors say of the width of its forecasts of counts: by lead, the ratio of
// squared errors to forecasts, of single steps and of sums. The variance of a count goes with its mean, so this ratio
// is what stays when the level moves.
type countErrors struct {
	stride        int
	seen          int // observations
	steps, totals []leadRatio
}

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
	own := ratio(first.sq, first.f)
	if lead == 0 || first.f == 0 {
		return own
	}
	prior := leadPrior * first.f / first.n // worth of forecasts
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
