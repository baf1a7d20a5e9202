package simulate

import (
	"context"
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
func (c *clairvoyant) lost(k *SKU) float64 {
	if k.Backlog > 0 {
		return k.Lost
	}
	return k.Lost + c.goodwill
}

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

// add orders what arrives on a day and starts on another.
func (c *clairvoyant) add(i int, from, arrival schemas.Date, units float64) {
	if q := quantity(units); q > 0 {
		o := Order{SKU: i, Quantity: q, From: from, To: from + 1, Due: arrival, End: arrival + 1, unpaid: !c.alone(i)}
		c.orders[from] = append(c.orders[from], o)
	}
}

// wait is the shortest time in days in which an order of any policy arrives: one that starts on the last day of a
// period comes from the first day on of the period that lies the lead time after.
func (c *clairvoyant) wait(i int) int {
	lead := c.set.SKUs[i].Lead
	if lead == 0 {
		return 0
	}
	least := math.MaxInt
	for d := c.set.From; d < c.set.Until; d++ {
		least = min(least, int(c.set.after(d, lead).start-d))
	}
	return least
}

// earliest is the first day on which something that is ordered can arrive.
func (c *clairvoyant) earliest(i int) schemas.Date {
	if lead := c.set.SKUs[i].Lead; lead > 0 {
		return c.set.after(c.set.From, lead).start
	}
	return c.set.From
}

// whole keeps the engine from solving by prices: capacity by days binds on hundreds of rows at once, where one LP is faster.
const whole = -1

// limited solves the SKUs that share capacity, with days for periods.
func (c *clairvoyant) limited(ctx context.Context) error {
	n := c.set.days()
	p := &optimize.Problem{Shortages: optimize.Economic}
	for t := range n {
		p.Periods = append(p.Periods, c.set.From.AddDays(t).String())
	}
	for r := range c.set.Resources {
		v := optimize.Resource{Name: c.set.Resources[r].Name}
		for t := range n {
			plain, most := c.set.capacity(r, c.set.From.AddDays(t))
			v.Capacity = append(v.Capacity, plain)
			if most > plain {
				v.Overtime = append(v.Overtime, most-plain)
				v.OvertimeCost = append(v.OvertimeCost, c.set.Resources[r].OvertimeCost)
			}
		}
		p.Resources = append(p.Resources, v)
	}
	p.Resources = append(p.Resources, unlimited(n))
	var index []int
	for i := range c.set.SKUs {
		k := &c.set.SKUs[i]
		if c.alone(i) {
			continue
		}
		index = append(index, i)
		s := optimize.SKU{
			Name: k.Name, Opening: k.Opening.Float(), ProductionCost: k.Cost, HoldingCost: k.Holding, ShortageCost: c.lost(k),
			BacklogCost: k.Backlog, LeadTime: c.wait(i), SafetyStock: make([]float64, n),
			Uses: []optimize.Use{{Resource: len(p.Resources) - 1, Amount: 1}},
		}
		if k.Resource >= 0 {
			s.Uses[0] = optimize.Use{Resource: k.Resource, Amount: k.Usage}
		}
		for t := range n {
			s.Demand = append(s.Demand, c.set.demand(i, c.set.From.AddDays(t)).Float())
		}
		p.SKUs = append(p.SKUs, s)
	}
	if len(index) == 0 {
		return nil
	}
	engine := optimize.NewEngine(c.solver, optimize.Options{GuidedRows: whole})
	plan, err := engine.Solve(ctx, p, nil)
	if err != nil {
		return err
	}
	for s, i := range index {
		for t, x := range plan.Production[s] {
			c.add(i, c.set.From.AddDays(t), c.set.From.AddDays(t+c.wait(i)), x)
		}
	}
	return engine.Close()
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
				c.add(i, from, min(e.day, last), e.units)
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
