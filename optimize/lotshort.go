package optimize

import (
	"context"
	"errors"
	"math"
)

// priceShort gives plan, in lots and short of something, prices of its cost alone. The prices of the relaxed plan contain
// the price of a shortage, thousands of times what anything costs, and the room that lots leave unused would
// count at it. Any prices give a valid bound; those of the problem that asks for no more than the plan serves give a near one.
func (e *Engine) priceShort(ctx context.Context, p, q *Problem, plan *Plan) error {
	spare := NewEngine(e.newSolver, e.opts)
	served, err := spare.plan(ctx, p.served(q, plan), nil)
	if err = errors.Join(err, spare.Close()); ctx.Err() != nil {
		return err
	}
	if err == nil && served.Status == Optimal { // else the certificate does with the prices there are
		plan.CostPrices, plan.CostValues = served.Prices, served.Values
	}
	return nil
}

// servedRoom is how much more room than there is served problems have, so that dust does not make them infeasible.
const servedRoom = 1e-5

// served is the strict problem that asks for what plan serves, when it serves it, and for the stock that it does not
// lack, in lots where p has them. q is the relaxed form of p.
func (p *Problem) served(q *Problem, plan *Plan) *Problem {
	g := *q
	g.Mode = Strict
	g.SKUs, g.Resources = append([]SKU(nil), q.SKUs...), append([]Resource(nil), q.Resources...)
	for r := range g.Resources {
		res := &g.Resources[r]
		res.Capacity = append([]float64(nil), res.Capacity...)
		for t := range res.Capacity {
			res.Capacity[t] += servedRoom * (1 + res.Capacity[t])
		}
	}
	for s := range g.SKUs {
		sku, asked := &g.SKUs[s], &p.SKUs[s]
		var l *lotting
		if asked.lotted() {
			l = p.lotting(s, plan)
		}
		owedOf := func(t int) float64 {
			switch {
			case t < 0:
				return math.Max(0, -asked.Opening)
			case plan.Backlog == nil:
				return 0
			}
			return plan.Backlog[s][t]
		}
		sku.Demand, sku.SafetyStock = make([]float64, len(p.Periods)), make([]float64, len(p.Periods))
		for t := range p.Periods {
			owed := owedOf(t)
			sku.Demand[t] = math.Max(0, asked.Demand[t]-plan.Lost[s][t]+owedOf(t-1)-owed)
			if owed > 0 {
				continue
			}
			level := asked.SafetyStock[t] - plan.Shortfall[s][t]
			if l != nil && l.need[t] > 0 && t >= asked.reach(p) {
				level = math.Max(level, l.need[t]+l.net[t])
			}
			sku.SafetyStock[t] = math.Max(0, math.Min(level, plan.Inventory[s][t]))
		}
		sku.Opening = math.Max(0, asked.Opening)
	}
	return &g
}
