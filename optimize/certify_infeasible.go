package optimize

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
)

// RefuteInfeasible looks for a plan of a strict problem that is said to have none. It returns an error that wraps
// ErrCertificate if it finds one, which is a proof, and nil if it finds none.
//
// The plan makes everything as late as capacity lets it, and goes back in time: in each period, what is owed by then goes
// first to the SKUs that can be made no earlier. Without limits of production and storage, in any quantity and on at most
// one resource a SKU, this finds a plan wherever there is one; else it may miss one. How the plan was found does not
// matter to the proof: it is checked as Certify checks plans, without a word of the solver's.
func RefuteInfeasible(p *Problem) error {
	c := certifier{ctx: context.Background(), p: p, T: len(p.Periods)}
	c.plan = c.latest()
	if c.plan == nil {
		return nil
	}
	c.violation = 0
	c.eachSKU(func(c *certifier, s int) float64 { c.boundsOfProduction(s); c.stock(s); return 0 })
	c.capacity()
	if c.violation <= certifyFeasible {
		return fmt.Errorf("%w: it is said to be infeasible and has a plan", ErrCertificate)
	}
	return nil
}

// latest is the plan of RefuteInfeasible, which may still owe something; nil if something is due before production can
// arrive.
func (c *certifier) latest() *Plan {
	p, S, T := c.p, len(c.p.SKUs), c.T
	c.lo, c.hi = matrix(S, T), matrix(S, T)
	c.plan = &Plan{
		Production: matrix(S, T), Inventory: matrix(S, T), Lost: matrix(S, T), Shortfall: matrix(S, T), Emergency: matrix(S, T),
		Overtime: matrix(len(p.Resources), T),
	}
	c.eachSKU(func(c *certifier, s int) float64 { c.boundsOfProduction(s); return 0 })
	c.must = c.forced()
	for s := range p.SKUs {
		copy(c.plan.Production[s], c.must[s])
	}
	load := c.loads(c.must)
	room := matrix(len(p.Resources), T) // left, with overtime
	for r := range room {
		for t := range room[r] {
			room[r][t] = c.room(load, r, t) + opt(p.Resources[r].Overtime, t) - load[r][t]
		}
	}
	due, begin, order := matrix(S, T), make([]int, S), make([]int, S)
	for s := range p.SKUs {
		order[s] = s
		if !c.due(s, due[s]) {
			return nil
		}
		for begin[s] < T && c.hi[s][begin[s]] <= c.lo[s][begin[s]] {
			begin[s]++
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(begin[b], begin[a]) })
	owed := make([]float64, S)
	for t := T - 1; t >= 0; t-- {
		for _, s := range order {
			sku := &p.SKUs[s]
			owed[s] += due[s][t]
			more := min(owed[s], c.hi[s][t]-c.plan.Production[s][t])
			for _, u := range sku.Uses {
				more = min(more, room[u.Resource][t]/u.Amount)
			}
			if !(more > 0) {
				continue
			}
			owed[s] -= more
			c.plan.Production[s][t] += more
			for _, u := range sku.Uses {
				room[u.Resource][t] -= u.Amount * more
			}
		}
	}
	c.complete()
	return c.plan
}

// due writes what must be started by the end of each period beyond what must be made, and buys what a last resort has to
// bring. It says no if something is due before production can arrive.
func (c *certifier) due(s int, due []float64) bool {
	sku := &c.p.SKUs[s]
	level, covered := sku.Opening, 0.0
	for t := range c.T {
		level += opt(sku.Receipts, t) - sku.Demand[t]
		if u := t - sku.LeadTime; u >= 0 {
			level += c.must[s][u]
		}
		least := 0.0
		if !c.mayShort(s, t) {
			least = sku.SafetyStock[t]
		}
		missing := least - level - covered
		if missing <= 0 {
			continue
		}
		covered += missing
		switch u := t - sku.LeadTime; {
		case sku.EmergencyCost > 0:
			c.plan.Emergency[s][t] = missing
		case u >= 0:
			due[u] += missing
		case missing > certifyFeasible*max(1, sku.Demand[t], sku.SafetyStock[t]):
			return false
		}
	}
	return true
}

// complete derives stock, shortfall and overtime from production.
func (c *certifier) complete() {
	plan := c.plan
	for s := range c.p.SKUs {
		sku := &c.p.SKUs[s]
		level := sku.Opening
		for t := range c.T {
			level += opt(sku.Receipts, t) + plan.Emergency[s][t] - sku.Demand[t]
			if u := t - sku.LeadTime; u >= 0 {
				level += plan.Production[s][u]
			}
			plan.Inventory[s][t] = level
			if c.mayShort(s, t) {
				plan.Shortfall[s][t] = math.Max(0, sku.SafetyStock[t]-level)
			}
		}
	}
	load, must := c.loads(plan.Production), c.loads(c.must)
	for r := range c.p.Resources {
		for t := range c.T {
			over := max(0, load[r][t]-c.room(must, r, t))
			plan.Overtime[r][t] = min(over, opt(c.p.Resources[r].Overtime, t))
		}
	}
}
