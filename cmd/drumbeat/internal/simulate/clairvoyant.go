package simulate

import (
	"context"
	"errors"
	"fmt"
	"math"

	"drumbeat/optimize"
	"drumbeat/schemas"
)

// clairvoyant knows the demand of every day. SKUs that share capacity are one linear programme by days; an SKU without
// limit is solved exactly with its order cost (Wagner and Whitin, Management Science 5, 1958, with lost sales). Both
// leave out packs and least orders, and order costs where capacity is shared, so what it costs is a lower bound for every policy.
// With goodwill it decides as if each lost unit cost so much more, and serves more than pays: the least cost of losing no
// more units than it does.
type clairvoyant struct {
	simple
	set      *Set
	goodwill float64 // of a lost unit, where demand does not wait
	solver   func() optimize.Solver
	orders   map[schemas.Date][]Order
}

func newClairvoyant(set *Set, goodwill float64, solver func() optimize.Solver) *clairvoyant {
	return &clairvoyant{set: set, goodwill: goodwill, solver: solver}
}

// lost is what a lost unit counts in its decisions.
func (c *clairvoyant) lost(k *SKU) float64 { return k.Lost + c.goodwill }

// Morning implements [Policy].
func (c *clairvoyant) Morning(ctx context.Context, p *Past) ([]Order, error) {
	if c.orders == nil {
		c.orders = map[schemas.Date][]Order{}
		if err := c.limited(ctx); err != nil {
			return nil, fmt.Errorf("clairvoyant: %w", err)
		}
		for i := range c.set.SKUs {
			if c.alone(i) {
				c.free(i)
			}
		}
	}
	return c.orders[p.Today], nil
}

// alone says that a SKU is solved exactly, without the others.
func (c *clairvoyant) alone(i int) bool {
	return c.set.SKUs[i].Resource < 0 && c.set.SKUs[i].Backlog == 0
}

// earliest is the first day on which something that is ordered can arrive.
func (c *clairvoyant) earliest(i int) schemas.Date {
	if lead := c.set.SKUs[i].Lead; lead > 0 {
		return c.set.after(c.set.From, lead).start
	}
	return c.set.From
}

// limited solves the SKUs that share capacity.
func (c *clairvoyant) limited(ctx context.Context) (err error) {
	var list []int
	for i := range c.set.SKUs {
		if !c.alone(i) {
			list = append(list, i)
		}
	}
	if list == nil {
		return nil
	}
	solver := c.solver()
	defer func() { err = errors.Join(err, solver.Close()) }()
	orders, err := newBound(c.set, list, c.goodwill).solve(ctx, solver)
	for _, o := range orders {
		c.orders[o.From] = append(c.orders[o.From], o)
	}
	return err
}

// need is demand of an unlimited SKU that its opening stock does not cover.
type need struct {
	day   schemas.Date
	units float64
}

// free solves one SKU without limits: an order is best made to arrive on the day of a need, and it covers needs that
// follow one another, but for those that are left to be lost.
func (c *clairvoyant) free(i int) {
	k := &c.set.SKUs[i]
	stock := k.Opening
	var needs []need
	first := c.earliest(i)
	for d := c.set.From; d < c.set.Until; d++ {
		q := c.set.demand(i, d)
		used := min(stock, q)
		stock -= used
		if left := q - used; left > 0 && d >= first {
			needs = append(needs, need{d, left.Float()})
		}
	}
	// best[j] is the least cost of the first j needs; order[j] is the first need of the order that covers need j-1, j if
	// that is lost. Within an order it may still pay to leave a need: lost against making and holding it.
	n := len(needs)
	best, order := make([]float64, n+1), make([]int, n+1)
	for j := range n {
		best[j+1] = math.Inf(1)
	}
	for a := range n {
		if lost := best[a] + c.lost(k)*needs[a].units; lost < best[a+1] {
			best[a+1], order[a+1] = lost, a+1
		}
		cost := best[a] + k.OrderCost
		for j := a; j < n; j++ {
			cost += c.kept(k, needs[a].day, needs[j])
			if cost < best[j+1] {
				best[j+1], order[j+1] = cost, a
			}
		}
	}
	for j := n; j > 0; {
		a := order[j]
		if a == j {
			j--
			continue
		}
		from, last := c.arrives(k, needs[a].day)
		for _, e := range needs[a:j] {
			if c.kept(k, needs[a].day, e) < c.lost(k)*e.units {
				due := min(e.day, last)
				o := Order{SKU: i, Quantity: quantity(e.units), From: from, To: from + 1, Due: due, End: due + 1}
				c.orders[from] = append(c.orders[from], o)
			}
		}
		j = a
	}
}

// arrives is the start of an order that arrives in the period of a day, and the last day on which it can: what starts in
// one period pays one order cost and may arrive on any day of another.
func (c *clairvoyant) arrives(k *SKU, day schemas.Date) (from, last schemas.Date) {
	p := c.set.period(day)
	last = p.end - 1
	for range k.Lead {
		p = c.set.period(p.start - 1)
	}
	return max(p.start, c.set.From), last
}

// kept is what a need costs that an order of the period of a day covers, or its loss where that is less.
func (c *clairvoyant) kept(k *SKU, day schemas.Date, e need) float64 {
	held := max(0, e.day-(c.set.period(day).end-1))
	return min(c.lost(k), k.Cost+k.Holding*float64(held)) * e.units
}
