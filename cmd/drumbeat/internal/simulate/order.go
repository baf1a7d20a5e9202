package simulate

import (
	"math"

	"drumbeat/schemas"
)

// Order is supply that a policy starts: it loads its resource evenly over the days [From, To) and arrives evenly over
// [Due, DueEnd).
type Order struct {
	SKU      int
	Quantity schemas.Quantity
	From, To schemas.Date
	Due, End schemas.Date
	received schemas.Quantity
	unpaid   bool // it pays no order cost, for it is part of a bound
}

// order is one that starts over [from, to). Without a lead time it arrives as it is made, else evenly over the periods that lie
// the lead time after those in which it starts: never before it is made. What no resource limits is bought at once, where
// it takes a lead time to come.
func (s *Set) order(i int, quantity schemas.Quantity, from, to schemas.Date) Order {
	k := &s.SKUs[i]
	if k.Lead > 0 && k.Resource < 0 {
		to = from + 1
	}
	o := Order{SKU: i, Quantity: quantity, From: from, To: to, Due: from, End: to}
	if k.Lead > 0 {
		o.Due, o.End = s.after(from, k.Lead).start, s.after(to-1, k.Lead).end
	}
	return o
}

// arrive is what comes of an order on a day: shares are taken of the sum so far, so that nothing is lost by rounding.
func (o *Order) arrive(d schemas.Date) schemas.Quantity {
	if d < o.Due || d >= o.End {
		return 0
	}
	sum := o.Quantity
	if d+1 < o.End {
		sum = o.Quantity * schemas.Quantity(d+1-o.Due) / schemas.Quantity(o.End-o.Due)
	}
	come := sum - o.received
	o.received = sum
	return come
}

// lot is the least quantity of whole packs from the least order on that covers a need; 0 for none.
func (k *SKU) lot(need float64) schemas.Quantity {
	if need <= 0 {
		return 0
	}
	q := max(quantity(need), k.Least)
	if k.Pack > 0 {
		q = (q + k.Pack - 1) / k.Pack * k.Pack
	}
	return q
}

// quantity rounds to millionths of a unit.
func quantity(v float64) schemas.Quantity {
	q, ok := schemas.FromFloat(v)
	if !ok {
		return schemas.MaxQuantity / 1000
	}
	return q
}

// fits is the tolerance of a load, of a unit of capacity and relative to it: quantities are rounded to millionths, and so are
// sums of plans.
const fits = 1e-6

// ration cuts what orders ask of a resource to what is left of it on each of their days, all by one factor, to whole
// packs. It returns the orders that remain.
func (w *world) ration(list []Order) []Order {
	for r := range w.set.Resources {
		asked := map[schemas.Date]float64{}
		for i := range list {
			o := &list[i]
			if k := &w.set.SKUs[o.SKU]; k.Resource == r {
				for d := o.From; d < o.To; d++ {
					asked[d] += o.Quantity.Float() * k.Usage / float64(o.To-o.From)
				}
			}
		}
		share := 1.0
		for d, load := range asked {
			_, most := w.set.capacity(r, d)
			if left := most - w.loadOn(r, d); load > left+fits*(1+most) {
				share = min(share, max(0, left)/load)
			}
		}
		if share == 1 {
			continue
		}
		for i := range list {
			o := &list[i]
			k := &w.set.SKUs[o.SKU]
			if k.Resource != r {
				continue
			}
			w.ledger.Cut += o.Quantity
			o.Quantity = schemas.Quantity(math.Floor(float64(o.Quantity) * share))
			if k.Pack > 0 && !o.unpaid { // a bound leaves packs out
				o.Quantity -= o.Quantity % k.Pack
			}
			w.ledger.Cut -= o.Quantity
		}
	}
	n := 0
	for _, o := range list {
		if o.Quantity > 0 {
			list[n] = o
			n++
		}
	}
	return list[:n]
}
