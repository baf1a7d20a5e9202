package forecast

import "math"

// sizes winsorises the sizes of counted demand: one order of a hundred in a product that sells two at a time would lift
// every level for months. An order counts at most
//
//	exp(μ + 2.5 σ)
//
// with μ the discounted mean of the logarithm of the (already capped) sizes and σ their standard deviation, shrunk
// towards .8, the spread of sizes within a typical series; 2.5 is close to unbiased (tried 2 to 3 on half a year of daily
// sales of a gift shop). Since what is capped enters μ capped, a true change of size gets through within a few orders.
type sizes struct {
	n          float64 // discounted number of sizes
	sum        float64 // discounted sum of log sizes
	dev, count float64 // squared deviations from the mean known before, and their number
}

const (
	sizeDiscount = .97 // per order
	sizeWidth    = 2.5 // σ
	sizePrior    = .8  // σ before anything is known
	sizePriorN   = 8   // orders that the prior is worth
	sizeMinimum  = 3   // orders before anything is capped
)

// observe books the demand y and returns it, capped.
func (s *sizes) observe(y float64) float64 {
	if y <= 0 {
		return y
	}
	x := math.Log(y)
	if s.count >= sizeMinimum {
		mean := s.sum / s.n
		sigma := math.Sqrt((s.dev + sizePriorN*sizePrior*sizePrior) / (s.count + sizePriorN))
		if top := mean + sizeWidth*sigma; x > top {
			x = top
			y = math.Exp(x)
		}
		s.dev += (x - mean) * (x - mean)
	}
	s.n = sizeDiscount*s.n + 1
	s.sum = sizeDiscount*s.sum + x
	s.count++
	return y
}
