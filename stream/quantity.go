package stream

import (
	"math"

	"drumbeat/schemas"
)

// addQuantity adds and stays at the ends of int64 where the sum would leave it: one absurd event
// must not turn a stock into its opposite.
func addQuantity(a, b schemas.Quantity) schemas.Quantity {
	sum := a + b
	switch {
	case a > 0 && b > 0 && sum < 0:
		return math.MaxInt64
	case a < 0 && b < 0 && sum >= 0:
		return math.MinInt64
	}
	return sum
}
