package forecast

import (
	"math"
	"slices"
)

// sizeRing holds the newest order sizes, not winsorised.
type sizeRing struct {
	y [sizeRingSize]float32
	n int // orders seen
}

const (
	sizeRingSize  = 64
	sizeRingPrior = 10 // orders after which the own sizes have half of their say
	sizeRingShare = .5 // which is this share of the distribution: .5 and .8 are alike
	maxOccurrence = .98
	// largeSpread is the standard deviation, in quanta, from which summing probabilities takes too long.
	largeSpread = 1000
)

func (r *sizeRing) push(y float64) {
	r.y[r.n%sizeRingSize] = float32(y)
	r.n++
}

// ownSizes is the empirical distribution of the demand of a bucket: with probability mean/E(size) an order, as large as
// one of the past orders. It knows what no negative binomial does, that a product sells by the dozen. If the mean is
// near or above that of an order, all sizes are scaled instead.
//
// The distribution functions, not the quantiles, of both are averaged: the average of a zero and a dozen is six.
type ownSizes struct {
	sizes []float64 // ascending, in quanta
	mean  float64
	share float64
}

// of reads the sizes from a ring, reusing o's memory.
func (o *ownSizes) of(r *sizeRing, quantum float64) {
	n := min(r.n, sizeRingSize)
	o.sizes, o.mean = o.sizes[:0], 0
	for _, y := range r.y[:n] {
		y := float64(y)
		o.sizes = append(o.sizes, y/quantum)
		o.mean += y / quantum / float64(n)
	}
	slices.Sort(o.sizes)
	o.share = sizeRingShare * float64(n) / float64(n+sizeRingPrior)
}

// quantiles replaces the ascending probabilities in q by the quantiles of the mixture with a negative binomial, and says
// whether it could: not for larger counts, which are as good as continuous, nor for less than Poisson noise.
func (o *ownSizes) quantiles(mean, variance float64, q []float64) bool {
	ratio := variance / mean
	if len(o.sizes) == 0 || !(mean > 1e-9 && mean <= largeCount/4 && ratio > 1+1e-6 && variance <= largeSpread*largeSpread) {
		return false
	}
	r, up := mean/(ratio-1), 1-1/ratio
	p := math.Exp(-r * math.Log(ratio))
	sell := min(mean/o.mean, maxOccurrence)
	scale := mean / (sell * o.mean)
	each := sell / float64(len(o.sizes))
	x, cdf, own, next := 0.0, p, 1-sell, 0
	limit := mean + 60*math.Sqrt(variance) + 50
	for i, want := range q {
		for {
			for next < len(o.sizes) && o.sizes[next]*scale < x+.5 { // rounded, it is at most x
				own += each
				next++
			}
			if (1-o.share)*cdf+o.share*own >= want || x >= limit {
				break
			}
			p *= up * (r + x) / (x + 1)
			x++
			cdf += p
		}
		q[i] = x
	}
	return true
}
