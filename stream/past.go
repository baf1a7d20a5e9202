package stream

import (
	"cmp"
	"math"
	"slices"

	"drumbeat/schemas"
)

// A model knows of a slow seller little more than its rate and the sizes of a few sales; what it sold in any stretch of
// the cover's length says more of such a sum. Both are wrong in their own way, so quantiles of the two are averaged
// (Vincent, Psychological Review 19, 1912), the past's with pastWeight.
const (
	pastWeight = .75
	slowDays   = 7   // a slow seller sells on less than one in so many days with demand
	pastDays   = 366 // on which the stretches begin that are looked at
	pastCovers = 2   // so many covers must have passed since the first sale
)

// pastSum is the quantile of what a slow seller sold in a stretch as long as the cover, over all stretches of the last
// year that are over; the first one ends with the first sale. It is false for a SKU that is no slow seller, or too young.
func (s *site) pastSum(k *sku, a span) (units float64, ok bool) {
	first, ok := s.firstSale(k)
	days := a.reach
	if !ok || days <= 0 || s.Today < first.AddDays(pastCovers*days) {
		return 0, false
	}
	from := max(first.AddDays(1-days), s.Today.AddDays(1-pastDays-days))
	gaps := k.life.gaps(s.location)
	var sales []dayMove
	k.history.each(max(from, first), func(e dayEntry) bool {
		if e.Date < s.Today && e.Kept > 0 && !gaps.has(e.Date) {
			sales = append(sales, dayMove{e.Date, e.Kept})
		}
		return e.Date < s.Today
	})
	if open := int(s.Today-max(from, first)) * a.cover / days; len(sales)*slowDays >= open {
		return 0, false
	}
	return quantileOfSums(sales, from, s.Today.AddDays(1-days), days, a.level).Float(), true
}

// quantileOfSums is the least sum that the sums of a share `level` of the stretches do not exceed: of so many days each,
// beginning on the days [from, to).
func quantileOfSums(sales []dayMove, from, to schemas.Date, days int, level float64) schemas.Quantity {
	// A sale is in the stretches that begin in the days up to it.
	steps := make([]dayMove, 0, 2*len(sales)+1)
	for _, v := range sales {
		steps = append(steps, dayMove{max(from, v.Day.AddDays(1-days)), v.Quantity})
		if v.Day+1 < to {
			steps = append(steps, dayMove{v.Day + 1, -v.Quantity})
		}
	}
	steps = append(steps, dayMove{to, 0})
	slices.SortFunc(steps, func(a, b dayMove) int { return cmp.Compare(a.Day, b.Day) })
	type stretch struct {
		sum   schemas.Quantity
		count int
	}
	sums := make([]stretch, 0, len(steps))
	at, sum := from, schemas.Quantity(0)
	for _, v := range steps {
		if v.Day > at {
			sums = append(sums, stretch{sum, int(v.Day - at)})
			at = v.Day
		}
		sum += v.Quantity
	}
	slices.SortFunc(sums, func(a, b stretch) int { return cmp.Compare(a.sum, b.sum) })
	left := int(math.Ceil(level*float64(to-from))) - 1 // stretches below it
	for _, v := range sums {
		if left -= v.count; left < 0 {
			return v.sum
		}
	}
	return 0
}
