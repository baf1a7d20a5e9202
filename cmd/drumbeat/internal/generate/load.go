package generate

import (
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"time"
)

// Pattern is the shape of a SKU's demand.
type Pattern int

// The patterns that Load mixes.
const (
	Dense        Pattern = iota // Poisson with a trend of up to ±20 % a year
	Weekly                      // Poisson with a weekly season, weak on weekends
	Yearly                      // Poisson with a yearly season
	Intermittent                // nothing on most days, else 1 + Poisson
)

// pattern of SKU i: of ten SKUs two are dense, two weekly, one yearly and five intermittent, near the
// shares of a retailer's or a spare-parts range.
func pattern(i int) Pattern {
	return [10]Pattern{Dense, Intermittent, Weekly, Intermittent, Yearly, Intermittent, Dense, Intermittent, Weekly, Intermittent}[i%10]
}

// LoadConfig sizes a Load.
type LoadConfig struct {
	SKUs  int
	Days  int
	First time.Time // the first day; zero: 2023-01-01
	Seed  uint64
}

// LoadSKU is the name of SKU i of a Load, counted from 0.
func LoadSKU(i int) string { return fmt.Sprintf("SKU-%06d", i+1) }

// Load yields clean rows day by day, within a day by SKU, and none for a day without demand. The demand
// of one SKU depends on Seed and its number only: more SKUs leave those before them as they were.
func Load(c LoadConfig) iter.Seq[Row] {
	return func(yield func(Row) bool) {
		first := c.First
		if first.IsZero() {
			first = First
		}
		skus := make([]demand, c.SKUs)
		for i := range skus {
			skus[i] = newDemand(i, c.Seed)
		}
		for n := range c.Days {
			day := first.AddDate(0, 0, n)
			for i := range skus {
				if q := skus[i].next(n, day); q > 0 && !yield(row(skus[i].sku, day, q)) {
					return
				}
			}
		}
	}
}

// demand draws the daily demand of one SKU.
type demand struct {
	sku     string
	random  *rand.Rand
	pattern Pattern
	level   float64 // mean of a day; for Intermittent the mean size of a demand
	trend   float64 // a day, relative to level
	share   float64 // of days with demand (Intermittent)
	phase   float64 // day of the year on which a Yearly SKU rises through its mean
}

func newDemand(i int, seed uint64) demand {
	r := rand.New(rand.NewPCG(seed, uint64(i)+1<<32))
	return demand{
		sku:     LoadSKU(i),
		random:  r,
		pattern: pattern(i),
		level:   math.Exp(1 + 1.2*r.NormFloat64()), // long-tailed: a few SKUs sell most
		trend:   (r.Float64() - 0.5) * 0.4 / 365,
		share:   0.02 + 0.2*r.Float64(),
		phase:   365 * r.Float64(),
	}
}

// next draws day n of the series, whose date is day.
func (d *demand) next(n int, day time.Time) int64 {
	mean := d.level
	switch d.pattern {
	case Dense:
		mean *= math.Max(0.1, 1+d.trend*float64(n))
	case Weekly:
		mean *= [7]float64{0.4, 1.1, 1.2, 1.1, 1.2, 1.4, 0.6}[day.Weekday()]
	case Yearly:
		mean *= 1 + 0.8*math.Sin(2*math.Pi*(float64(day.YearDay())-d.phase)/365)
	case Intermittent:
		if d.random.Float64() >= d.share {
			return 0
		}
		return 1 + poisson(d.random, mean/2)
	}
	return poisson(d.random, mean)
}

// poisson draws from a Poisson distribution: by multiplying uniforms (Knuth, The Art of Computer
// Programming 2, 3.4.1) for small means, by the rounded normal approximation above 30.
func poisson(r *rand.Rand, mean float64) int64 {
	if mean > 30 {
		return max(0, int64(math.Round(mean+math.Sqrt(mean)*r.NormFloat64())))
	}
	limit, product := math.Exp(-mean), r.Float64()
	var n int64
	for product > limit {
		product *= r.Float64()
		n++
	}
	return n
}
