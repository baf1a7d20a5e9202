package generate

import (
	"math"
	"time"
)

// Expected is the mean of the distribution from which ThreeSKU draws a SKU's sales of a day: the best forecast there is.
func Expected(sku string, day time.Time) float64 {
	switch sku {
	case "SKU-001":
		if friday(day) {
			return 600
		}
		return 200
	case "SKU-002":
		return .3 * (2 + math.Exp(-2)) // a Poisson of mean 2 that is 0 counts as 1
	}
	return 250 * season(day)
}
