package forecast

import "math"

// countQuantiles replaces the ascending probabilities in q by the quantiles of a count with the given mean and variance:
// a negative binomial if the variance exceeds the mean, a binomial if it is a little below, both by summing their
// probabilities upwards; a rounded normal for counts that are nearly certain. Means from manyCounts on, unless they are very
// uncertain, take a gamma distribution with the skewness of the count, moved to its mean (Pearson's type III): its quantiles are
// one count or a twentieth of the deviation away at most. Beyond largeCount it is a plain gamma distribution, whatever the variance.
func countQuantiles(mean, variance float64, q []float64) {
	switch ratio := variance / mean; {
	case !(mean > 1e-9):
		clear(q)
	case mean > manyCounts && ratio > .5+1e-6 && ratio <= mean/4:
		// Skewness of a binomial, Poisson and negative binomial distribution alike.
		deviation := math.Sqrt(variance)
		skewness := (2*ratio - 1) / deviation
		for i, p := range q {
			q[i] = max(0, math.Round(mean+deviation*pearson(skewness, normalQuantile(p))))
		}
	case mean > largeCount || mean > largeCount/4 && ratio > mean/4:
		for i, p := range q {
			q[i] = math.Round(gammaQuantile(mean, variance, p))
		}
	case ratio > 1+1e-6:
		// P(0) = v^-r, P(x)/P(x-1) = (1-1/v)(1+(r-1)/x), v = variance/mean, r = mean/(v-1)
		r, up := mean/(ratio-1), 1-1/ratio
		sumUp(math.Exp(-r*math.Log(ratio)), up, up*(r-1), mean, variance, q)
	case ratio > 1-1e-6:
		sumUp(math.Exp(-mean), 0, mean, mean, variance, q)
	case ratio < .5:
		for i, p := range q {
			q[i] = max(0, math.Round(mean+math.Sqrt(variance)*normalQuantile(p)))
		}
	default:
		// n trials with success p = 1 - variance/mean, n rounded up to a whole number, p = mean/n
		n := math.Ceil(mean/(1-ratio) - 1e-9)
		p := mean / n
		odds := p / (1 - p)
		sumUp(math.Pow(1-p, n), -odds, (n+1)*odds, mean, variance, q)
	}
}

// manyCounts is the mean from which a sum of probabilities would cost more than it tells.
const manyCounts = 20

// largeCount is the mean from which counts are taken for continuous: summing their probabilities would take long and, for
// a Poisson distribution, begin at a P(0) near the smallest float64.
const largeCount = 300

// sumUp finds quantiles by summing probabilities, the first of which is p0, by the recursion that all three laws have,
// P(x) = P(x-1) (a + b/x). Source: Panjer (1981), Recursive evaluation of a family of compound distributions.
func sumUp(p0, a, b, mean, variance float64, q []float64) {
	x, p, cdf := 0.0, p0, p0
	limit := mean + 60*math.Sqrt(variance) + 50 // the sum may never reach 1-1e-6 for rounding
	for i, want := range q {
		for cdf < want && x < limit {
			x++
			p *= a + b/x
			cdf += p
		}
		q[i] = x
	}
}

// pearson is the quantile of a gamma distribution with mean 0, variance 1 and the given skewness > 0 at a normal score, by
// the cube-root transformation of Wilson and Hilferty (1931).
func pearson(skewness, score float64) float64 {
	x := max(0, 1+skewness/6*(score-skewness/6))
	return 2 / skewness * (x*x*x - 1)
}

func gammaQuantile(mean, variance, p float64) float64 {
	if variance <= 0 {
		return mean
	}
	c := variance / (9 * mean * mean)
	x := max(1-c+normalQuantile(p)*math.Sqrt(c), 0)
	return mean * x * x * x
}
