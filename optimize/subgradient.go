package optimize

import (
	"context"
	"math"
)

// Constants of the search for first prices. They decide how large the first restricted LP is, never its answer.
const (
	priceSample    = 120  // paths in the sample that first prices are looked for on
	sampleSteps    = 160  // steps on the sample
	wholeSteps     = 24   // steps on all paths from the sample's prices
	stepSmoothing  = 0.7  // share of the last direction in the next one
	stepPatience   = 8    // steps without a better bound before they get shorter,
	stepShortening = 0.6  // by this factor
	sampleReach    = 0.05 // first gap that a Polyak step aims to close, relative to the bound
	wholeReach     = 0.004
	stepLeap       = 0.5 // most that a price moves in one step, relative to the highest, beyond the cost of a unit of room
)

// firstPrices looks for prices with a good bound, from those given: the subgradient method with smoothed
// directions and steps of Polyak's length (Polyak 1969; Camerini, Fratta, Maffioli 1975), first on a sample of the
// paths with a share of the room, then on all.
func (b *bounder) firstPrices(ctx context.Context, prices []float64) error {
	c := b.c
	if _, err := b.at(ctx, prices, nil); err != nil {
		return err
	}
	if c.fits(b.load) {
		return nil
	}
	if c.S >= 4*priceSample {
		all := append([]float64(nil), b.load...)
		for s := range priceSample {
			b.paths = append(b.paths, int32((2*s+1)*c.S/(2*priceSample)))
		}
		b.share = make([]float64, c.K)
		if _, err := b.at(ctx, prices, nil); err != nil {
			return err
		}
		for k := range b.share {
			b.share[k] = float64(priceSample) / float64(c.S)
			if all[k] > 0 && b.load[k] > 0 {
				b.share[k] = b.load[k] / all[k]
			}
		}
		err := b.ascend(ctx, prices, sampleSteps, sampleReach)
		b.paths, b.share = nil, nil
		if err != nil {
			return err
		}
	} else if err := b.ascend(ctx, prices, sampleSteps, sampleReach); err != nil {
		return err
	}
	return b.ascend(ctx, prices, wholeSteps, wholeReach)
}

// fits says whether a load leaves every row as it must be.
func (c *coupled) fits(load []float64) bool {
	for k, v := range load {
		if v > c.limit[k] || (c.equal[k] && v < c.limit[k]) {
			return false
		}
	}
	return true
}

// ascend improves prices in steps.
func (b *bounder) ascend(ctx context.Context, prices []float64, steps int, reach float64) error {
	c := b.c
	best := append([]float64(nil), prices...)
	direction, unit := make([]float64, c.K), c.unitOfRoom()
	bestBound, step, idle := math.Inf(-1), 1.0, 0
	for range steps {
		bound, err := b.at(ctx, prices, nil)
		if err != nil || math.IsInf(bound, 0) {
			copy(prices, best)
			return err
		}
		if bound > bestBound {
			bestBound, idle = bound, 0
			copy(best, prices)
		} else if idle++; idle >= stepPatience {
			step, idle = step*stepShortening, 0
			copy(prices, best)
		}
		norm, missed := 0.0, 0.0
		for k := range direction {
			miss := 0.0
			if !math.IsInf(c.limit[k], 1) {
				miss = b.load[k] - b.room(k)
			}
			if prices[k] == 0 && miss < 0 && !c.equal[k] {
				miss = 0
			}
			direction[k] = stepSmoothing*direction[k] + (1-stepSmoothing)*miss
			norm += direction[k] * direction[k]
			missed += miss * miss
		}
		if missed == 0 { // no better prices
			break
		}
		length := step * reach * math.Abs(bestBound) / math.Max(norm, missed)
		highest, longest := 0.0, 0.0
		for k, v := range prices {
			highest, longest = math.Max(highest, math.Abs(v)), math.Max(longest, math.Abs(direction[k]))
		}
		length = math.Min(length, (unit+stepLeap*highest)/longest)
		for k := range prices {
			prices[k] += length * direction[k]
			if !c.equal[k] {
				prices[k] = math.Max(0, prices[k])
			}
		}
	}
	copy(prices, best)
	return nil
}

// unitOfRoom is what the sources cost that take one unit of a shared row, on average; 1 if they cost nothing.
func (c *coupled) unitOfRoom() float64 {
	sum, n := 0.0, 0
	for i, v := range c.cost {
		for k := c.entry[i]; k < c.entry[i+1]; k++ {
			if c.amount[k] > 0 {
				sum, n = sum+math.Abs(v)/c.amount[k], n+1
			}
		}
	}
	if sum == 0 {
		return 1
	}
	return sum / float64(n)
}
