package forecast

import "math"

// sizes winsorises the sizes of counted demand: one order of a hundred in a product that sells two at a time would lift
// every level for months. An order counts at most
//
//	exp(μ + 2.5 σ)
//
// with μ the discounted mean of the logarithm of the (already capped) sizes and σ their standard deviation, both shrunk
// towards those of the site (sizePrior). 2.5 is close to unbiased (tried 2 to 3 on half a year of daily sales of a gift
// shop). Since what is capped enters μ capped, a true change of size gets through within a few orders.
//
// What is cut off is demand all the same; see excessShare for the part of it that goes back into the mean.
type sizes struct {
	n, sum       float64 // discounted number of sizes, and sum of their logarithms
	dev, count   float64 // squared deviations from the mean known before, and their number
	excess, kept float64 // discounted sums of what was cut off and what was left
	site         sizePrior
}

// sizePrior is what is known of log sizes before a series has orders of its own: their mean, worth meanN orders, and
// their standard deviation within a series, worth sigmaN.
type sizePrior struct {
	mean, meanN   float64
	sigma, sigmaN float64
}

// sizesAlone is for a series without site: a spread typical of shops and spare parts, a mean that nobody knows.
var sizesAlone = sizePrior{sigma: .8, sigmaN: 8}

const (
	sizeDiscount   = .97 // per order
	sizeWidth      = 2.5 // σ
	sizeMinimum    = 3   // orders of one's own before anything is capped, if the site's mean is not known
	siteMeanN      = 2   // the site's sizes differ too much between products to be worth more
	siteSigmaN     = 100 // the spread is a property of the trade: 30 and 300 are alike
	excessDiscount = .995
)

// observe books the demand y and returns it, capped.
func (s *sizes) observe(y float64) float64 {
	if y <= 0 {
		return y
	}
	whole := y
	x := math.Log(y)
	if s.count+s.site.meanN >= sizeMinimum {
		mean := (s.sum + s.site.meanN*s.site.mean) / (s.n + s.site.meanN)
		sigma := math.Sqrt((s.dev + s.site.sigmaN*s.site.sigma*s.site.sigma) / (s.count + s.site.sigmaN))
		if top := mean + sizeWidth*sigma; x > top {
			x = top
			y = math.Exp(x)
		}
		s.dev += (x - mean) * (x - mean)
	}
	s.n = sizeDiscount*s.n + 1
	s.sum = sizeDiscount*s.sum + x
	s.count++
	s.excess = excessDiscount*s.excess + (whole - y)
	s.kept = excessDiscount*s.kept + y
	return y
}

// siteSizes is the prior that the sizes of many series make: the mean of their means, the root mean square of all
// deviations.
func siteSizes(models []*Model) sizePrior {
	p := sizePrior{meanN: siteMeanN, sigmaN: siteSigmaN}
	series, orders := 0., float64(sizesAlone.sigmaN)
	dev := orders * sizesAlone.sigma * sizesAlone.sigma
	for _, m := range models {
		if s := &m.sizes; s.n > 0 {
			p.mean += s.sum / s.n
			series++
			dev += s.dev
			orders += s.count
		}
	}
	if series == 0 {
		return sizesAlone
	}
	p.mean /= series
	p.sigma = math.Sqrt(dev / orders)
	p.sigmaN *= series / (series + priorSeries)
	return p
}
