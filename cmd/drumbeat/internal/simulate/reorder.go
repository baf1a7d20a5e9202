package simulate

import (
	"context"
	"math"
	"slices"
	"time"

	"drumbeat/schemas"
)

// reorder is an (s, Q) policy: when stock and orders fall to the reorder point s, it orders Q. s is the quantile of what
// sold within a lead time and a week, over all such stretches of the last year, taken anew each Monday. Q is the
// economic order quantity where an order costs something, else what sells in a week.
type reorder struct {
	simple
	set   *Set
	level float64
	point []float64
	lot   []float64
}

func newReorder(set *Set, level float64) *reorder {
	return &reorder{set: set, level: level, point: make([]float64, len(set.SKUs)), lot: make([]float64, len(set.SKUs))}
}

// Morning implements [Policy].
func (r *reorder) Morning(_ context.Context, p *Past) (list []Order, err error) {
	r.reviewed(p.Today)
	if p.Today.Weekday() == time.Monday || p.Today == r.set.From {
		for i := range r.set.SKUs {
			r.review(i, p.Sold[i])
		}
	}
	for i := range r.set.SKUs {
		k := &r.set.SKUs[i]
		position := p.position(i)
		if r.lot[i] == 0 || position > r.point[i] {
			continue
		}
		lots := math.Floor((r.point[i]-position)/r.lot[i]) + 1
		list = append(list, r.set.order(i, k.lot(lots*r.lot[i]), p.Today, p.Today+7))
	}
	return list, nil
}

// review takes the reorder point and the lot of a SKU anew.
func (r *reorder) review(i int, sold []schemas.Quantity) {
	k := &r.set.SKUs[i]
	days := int(math.Round(float64(k.Lead)*r.set.daysPerPeriod())) + 7
	sold = sold[max(0, len(sold)-366-days):]
	var sums []float64
	sum := 0.0
	for d, q := range sold {
		sum += q.Float()
		if d >= days {
			sum -= sold[d-days].Float()
		}
		if d >= days-1 {
			sums = append(sums, sum)
		}
	}
	daily := mean(sold, len(sold))
	r.lot[i] = 7 * daily
	if k.OrderCost > 0 {
		r.lot[i] = max(r.lot[i], math.Sqrt(2*k.OrderCost*daily/k.Holding))
	}
	r.point[i] = daily * float64(days)
	if len(sums) > 0 {
		slices.Sort(sums)
		r.point[i] = sums[min(len(sums)-1, int(r.level*float64(len(sums))))]
	}
}

// mean is that of the last n days, of those that there are.
func mean(sold []schemas.Quantity, n int) float64 {
	sold = sold[max(0, len(sold)-n):]
	var sum schemas.Quantity
	for _, q := range sold {
		sum += q
	}
	return sum.Float() / float64(max(1, len(sold)))
}
