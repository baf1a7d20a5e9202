package forecast

import "math"

// pits counts where past sums of rare demand fell in the distributions that had been forecast for them (probability
// integral transforms), by bins between pitEdges. A negative binomial with the right variance is still the wrong shape
// for products that hardly sell: most go on sleeping, some wake up and sell more than any of their past would have it.
// One product wakes up too seldom to know; the site's products together show it.
//
// Of a count the transform is drawn between the probabilities below and at it, here by the golden ratio's sequence, which
// is as even as chance and always the same.
type pits struct {
	bins [rareClasses][pitBins]float64
	draw float64
}

const (
	pitBins      = 9
	rareClasses  = 2    // less than one order is expected, or less than rareOrders
	rareOrders   = 4    // beyond, the variance says enough
	pitDiscount  = .99  // per sum
	pitWarmUp    = 3    // horizons
	pitOrders    = 4    // orders that a product must have had
	pitPrior     = 100. // sums that "as forecast" is worth to a site
	goldenStride = .6180339887498949
)

var pitEdges = [pitBins + 1]float64{0, .1, .25, .5, .75, .9, .95, .975, .99, 1}

// rareClass is the class of a sum in which the given number of orders is expected, rareClasses for none.
func rareClass(orders float64) int {
	switch {
	case orders < 1:
		return 0
	case orders < rareOrders:
		return 1
	}
	return rareClasses
}

// observe books the sum y that had been forecast with a mean and variance, both in quanta.
func (p *pits) observe(class int, mean, variance, y float64) {
	below, at := countCDF(mean, variance, y)
	p.draw += goldenStride
	p.draw -= math.Floor(p.draw)
	u := below + p.draw*at
	bins := &p.bins[class]
	i := 0
	for i < pitBins-1 && u > pitEdges[i+1] {
		i++
	}
	for j := range bins {
		bins[j] *= pitDiscount
	}
	bins[i]++
}

// recalibrate books the sum up to the end of a lead of an origin.
func (m *Model) recalibrate(o *origin, lead int) {
	e := &m.errors.counts
	if lead != m.leads-1 && lead != m.leads/2 || !m.isCount() || m.t < pitWarmUp*m.config.Horizon || m.seen-m.zeros < pitOrders {
		return
	}
	class := rareClass(o.forecast / e.size)
	if class == rareClasses {
		return
	}
	v := 0.0
	for k, f := range o.path[:(lead+1)*m.stride] {
		v += e.ratio(k/m.stride) * float64(f)
	}
	v *= o.known()
	q := m.quantum()
	m.pits.observe(class, o.forecast/q, v*e.inflation(lead)/(q*q), o.sold/q)
}

// countCDF is the probability of less than the count x, and that of x itself, for a negative binomial; of a variance that
// is no larger than the mean it takes a Poisson distribution, for large counts a gamma distribution (Wilson and Hilferty, 1931).
func countCDF(mean, variance, x float64) (below, at float64) {
	if !(mean > 1e-9) {
		if x > 0 {
			return 1, 0
		}
		return 0, 1
	}
	if mean > largeCount || variance > largeSpread*largeSpread {
		c := variance / (9 * mean * mean)
		return normalCDF((math.Cbrt(x/mean) - 1 + c) / math.Sqrt(c)), 0
	}
	if x > mean+60*math.Sqrt(variance)+50 { // as in sumUp
		return 1, 0
	}
	p, next := math.Exp(-mean), func(k float64) float64 { return mean / (k + 1) }
	if ratio := variance / mean; ratio > 1+1e-6 {
		r, up := mean/(ratio-1), 1-1/ratio
		p, next = math.Exp(-r*math.Log(ratio)), func(k float64) float64 { return up * (r + k) / (k + 1) }
	}
	for k := 0.0; k < math.Round(x); k++ {
		below += p
		p *= next(k)
	}
	return min(below, 1), p
}

// remap is how often the sums of a site stayed below the edges.
type remap [pitBins + 1]float64

// siteRemap pools the transforms of many series.
func siteRemap(models []*Model) (all [rareClasses]remap) {
	for class := range all {
		var bins [pitBins]float64
		n := pitPrior
		for _, m := range models {
			for i, x := range m.pits.bins[class] {
				bins[i] += x
				n += x
			}
		}
		for i, x := range bins {
			all[class][i+1] = all[class][i] + (x+pitPrior*(pitEdges[i+1]-pitEdges[i]))/n
		}
	}
	return all
}

// at is the probability at which the forecast distribution has to be read for what is to hold with probability p.
func (r *remap) at(p float64) float64 {
	i := 1
	for i < pitBins && r[i] < p {
		i++
	}
	if r[i] <= r[i-1] {
		return pitEdges[i]
	}
	return min(pitEdges[i-1]+(pitEdges[i]-pitEdges[i-1])*(p-r[i-1])/(r[i]-r[i-1]), 1)
}
