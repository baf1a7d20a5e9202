package optimize

import (
	"context"
	"math"
)

// Constants of the search for first prices. They decide how large the first restricted LP is, never its answer.
const (
	priceSample     = 120  // paths in the sample that first prices are looked for on, if there are
	sampleLeast     = 4    // times as many
	sampleLooks     = 60   // evaluations of the bound of the sample,
	wholeLooks      = 50   // and of all paths, from the sample's prices
	largeShare      = 8    // of many paths, a sample of this share comes between, with as many looks,
	lastLooks       = 15   // and then so many are enough for all;
	aloneLooks      = 90   // without a sample;
	risingLooks     = 400  // while every one of them still raises the bound by
	rising          = 0.01 // this share
	curvatureMemory = 12   // moves that describe the curvature
	firstMove       = 0.05 // of the first move: how far prices go, relative to the highest and a unit of room,
	lineTries       = 4    // points that are tried along a direction, each
	lineShrink      = 0.3  // times as far as the one before
	moveLeap        = 2    // most that a price moves at once, relative to the highest, beyond a unit of room
)

// firstPrices looks for prices with a good bound, from those given, first on a sample of the paths with a share of
// the room, of many paths on a larger one, then on all.
func (b *bounder) firstPrices(ctx context.Context, prices []float64) error {
	c := b.c
	if _, err := b.at(ctx, prices, nil); err != nil {
		return err
	}
	if c.fits(b.load) {
		return nil
	}
	if c.S < sampleLeast*priceSample {
		return b.climb(ctx, prices, aloneLooks)
	}
	if err := b.climbSample(ctx, prices, priceSample, sampleLooks); err != nil {
		return err
	}
	large := c.S / largeShare
	if large < sampleLeast*priceSample {
		return b.climb(ctx, prices, wholeLooks)
	}
	if _, err := b.at(ctx, prices, nil); err != nil {
		return err
	}
	if err := b.climbSample(ctx, prices, large, wholeLooks); err != nil {
		return err
	}
	return b.climb(ctx, prices, lastLooks)
}

// climbSample improves prices, at which all paths have just been looked at, on a sample of size paths: it has the share of
// a row's room that it has of its load.
func (b *bounder) climbSample(ctx context.Context, prices []float64, size, looks int) error {
	c := b.c
	all := append([]float64(nil), b.load...)
	defer func() { b.paths, b.share = nil, nil }()
	b.paths, b.share = make([]int32, size), make([]float64, c.K)
	for i := range b.paths {
		b.paths[i] = int32((2*i + 1) * c.S / (2 * size))
	}
	if _, err := b.at(ctx, prices, nil); err != nil {
		return err
	}
	for k := range b.share {
		b.share[k] = float64(size) / float64(c.S)
		if all[k] > 0 && b.load[k] > 0 {
			b.share[k] = b.load[k] / all[k]
		}
	}
	return b.climb(ctx, prices, looks)
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

// climb improves prices by a quasi-Newton method (limited-memory BFGS, Nocedal 1980, on the prices that are not held at
// zero). The bound of a thousand paths is concave with so many faces that it is nearly smooth, and its curvature says
// how a price gives way when its neighbour rises, which a subgradient method learns in hundreds of steps only.
func (b *bounder) climb(ctx context.Context, prices []float64, evaluations int) error {
	c := b.c
	n := len(prices)
	slope := func() []float64 {
		g := make([]float64, n)
		for k := range g {
			if !math.IsInf(c.limit[k], 1) {
				g[k] = b.load[k] - b.room(k)
			}
		}
		return g
	}
	value, err := b.at(ctx, prices, nil)
	if err != nil || math.IsInf(value, 0) {
		return err
	}
	gradient := slope()
	var memory []curvature
	unit := c.unitOfRoom()
	trial := make([]float64, n)
	from := value
	for used := 1; used < evaluations || (used < risingLooks && value-from > rising*math.Abs(value)); {
		if used >= evaluations {
			from = value
		}
		d := append([]float64(nil), gradient...)
		held := func(k int) bool { return !c.equal[k] && prices[k] <= 0 && gradient[k] <= 0 }
		for k := range d {
			if held(k) {
				d[k] = 0
			}
		}
		newton(memory, d)
		along, longest, highest := 0.0, 0.0, 0.0
		for k := range d {
			if held(k) {
				d[k] = 0
			}
			along += d[k] * gradient[k]
			longest, highest = math.Max(longest, math.Abs(d[k])), math.Max(highest, math.Abs(prices[k]))
		}
		if longest == 0 {
			return nil
		}
		if along <= 0 {
			if len(memory) == 0 {
				return nil
			}
			memory = memory[:0]
			continue
		}
		step := math.Min(1, (unit+moveLeap*highest)/longest)
		if len(memory) == 0 {
			step = math.Min(firstMove*(unit+highest)/longest, firstMove*math.Abs(value)/along)
		}
		better := false
		for try := 0; try < lineTries; try++ {
			for k := range trial {
				trial[k] = prices[k] + step*d[k]
				if !c.equal[k] {
					trial[k] = math.Max(0, trial[k])
				}
			}
			v, err := b.at(ctx, trial, nil)
			if err != nil {
				return err
			}
			used++
			at := slope()
			memory = remember(memory, prices, trial, gradient, at)
			if v > value {
				value, gradient, better = v, at, true
				copy(prices, trial)
				break
			}
			step *= lineShrink
		}
		if !better {
			if len(memory) == 0 {
				return nil
			}
			memory = memory[:0]
		}
	}
	return nil
}

// curvature is a move and how the gradient fell along it.
type curvature struct {
	move, fall []float64
	product    float64
}

func remember(memory []curvature, from, to, gradientFrom, gradientTo []float64) []curvature {
	m := curvature{make([]float64, len(from)), make([]float64, len(from)), 0}
	size := 0.0
	for k := range from {
		m.move[k], m.fall[k] = to[k]-from[k], gradientFrom[k]-gradientTo[k]
		m.product += m.move[k] * m.fall[k]
		size += m.fall[k] * m.fall[k]
	}
	if m.product <= 1e-12*size || m.product <= 0 {
		return memory
	}
	if len(memory) == curvatureMemory {
		memory = append(memory[:0], memory[1:]...)
	}
	return append(memory, m)
}

// newton multiplies d by the inverse curvature that memory describes (the two-loop recursion).
func newton(memory []curvature, d []float64) {
	if len(memory) == 0 {
		return
	}
	share := make([]float64, len(memory))
	for i := len(memory) - 1; i >= 0; i-- {
		m := &memory[i]
		share[i] = dot(m.move, d) / m.product
		for k := range d {
			d[k] -= share[i] * m.fall[k]
		}
	}
	last := &memory[len(memory)-1]
	scale := last.product / dot(last.fall, last.fall)
	for k := range d {
		d[k] *= scale
	}
	for i := range memory {
		m := &memory[i]
		back := dot(m.fall, d) / m.product
		for k := range d {
			d[k] += (share[i] - back) * m.move[k]
		}
	}
}

// unitOfRoom is what the sources cost that take one unit of a shared row, on average; 1 if they cost nothing.
func (c *coupled) unitOfRoom() float64 {
	if c.unit == 0 {
		c.unit = c.meanUnit()
	}
	return c.unit
}

func (c *coupled) meanUnit() float64 {
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

// miss is how far from complementary slackness the load at prices is, as a share of the bound: what is used beyond
// the room at its price or a unit's cost, whichever is more, and what is left over at its price.
func (b *bounder) miss(prices []float64, bound float64) float64 {
	c, unit, total := b.c, b.c.unitOfRoom(), 0.0
	for k, v := range prices {
		if d := b.load[k] - c.limit[k]; d > 0 {
			total += math.Max(math.Abs(v), unit) * d
		} else if v != 0 {
			total -= math.Abs(v) * d
		}
	}
	return total / math.Max(1, math.Abs(bound))
}
