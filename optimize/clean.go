package optimize

import (
	"context"
	"math"
)

// grain is the smallest quantity a plan states.
const grain = 1e-6

func rounded(v float64) float64 { return math.RoundToEven(v/grain) * grain }

// newPlan is an empty plan of p, without weights and costs.
func newPlan(p *Problem) *Plan {
	S, T, R := len(p.SKUs), len(p.Periods), len(p.Resources)
	plan := &Plan{Status: Optimal, Production: matrix(S, T), Inventory: matrix(S, T), Lost: matrix(S, T), Shortfall: matrix(S, T),
		Overtime: matrix(R, T), Prices: matrix(R, T), Values: matrix(S, T)}
	for s := range p.SKUs {
		if p.SKUs[s].BacklogCost > 0 && plan.Backlog == nil {
			plan.Backlog = matrix(S, T)
		}
		if p.SKUs[s].EmergencyCost > 0 && plan.Emergency == nil {
			plan.Emergency = matrix(S, T)
		}
	}
	return plan
}

// clean writes r into the empty plan: quantities on the grain, solver dust gone, stock recomputed by the
// balance. p is the problem asked, before any rounding up of requirements. The error is that of ctx.
func (r *result) clean(ctx context.Context, p *Problem, plan *Plan) error {
	for s := range p.SKUs {
		if err := ended(ctx, s, 256); err != nil {
			return err
		}
		r.cleanSKU(p, plan, s)
	}
	for i := range p.Resources {
		for t := range p.Periods {
			if row := r.m.index(kindCapacityRow, i, t); row >= 0 {
				plan.Prices[i][t] = max(0, -r.duals.Duals[row])
			}
		}
	}
	r.overtime(p, plan)
	return nil
}

func matrix(rows, columns int) [][]float64 {
	flat := make([]float64, rows*columns)
	m := make([][]float64, rows)
	for i := range m {
		m[i] = flat[i*columns : (i+1)*columns : (i+1)*columns]
	}
	return m
}

// value is the LP's value of a column, 0 where there is none.
func (r *result) value(k kind, entity, t int) float64 {
	if j := r.m.index(k, entity, t); j >= 0 {
		return r.x[j]
	}
	return 0
}

// cleanSKU rounds the running totals of every source, not the single values, so that errors do not add up;
// what is missing to a bound on stock by a few grains then is made where something is made anyway.
func (r *result) cleanSKU(p *Problem, plan *Plan, s int) {
	sku, T := &p.SKUs[s], len(p.Periods)
	x, lost := plan.Production[s], plan.Lost[s]
	lower, upper := sku.production(p)
	r.total(x, s, lower, upper, kindKeep, kindMore)
	for t := range T {
		if lower[t] == upper[t] {
			x[t] = lower[t]
		}
	}
	if r.m.at[kindLost] != nil && sku.BacklogCost == 0 {
		r.total(lost, s, nil, sku.Demand, kindLost)
	}
	var extra []float64
	if sku.EmergencyCost > 0 {
		extra = plan.Emergency[s]
		r.total(extra, s, nil, nil, kindEmergency)
	}
	copy(plan.Values[s], r.duals.Duals[s*T:(s+1)*T])

	stock := sku.Opening
	for t := range T {
		stock += at(sku.Receipts, t) - sku.Demand[t] + lost[t] + at(extra, t)
		if t >= sku.LeadTime {
			stock += x[t-sku.LeadTime]
		}
		stock = math.RoundToEven(stock*1e9) / 1e9
		least := sku.SafetyStock[t]
		if r.value(kindShortfall, s, t) > 1e-7*(1+least) {
			least = 0
			if sku.BacklogCost > 0 {
				least = math.Inf(-1)
			}
		}
		if missing := least - stock; missing > 0 && missing < 10*grain*(1+1e-6*least) {
			stock += topUp(missing, t, sku.LeadTime, x, upper, extra, lost, sku.Demand)
			if missing = least - stock; missing > 0 && missing < 1e-8 {
				stock = least
			}
		}
		if stock < 0 && sku.BacklogCost == 0 && p.Mode != Strict {
			lost[t] -= stock
			stock = 0
		}
		plan.Inventory[s][t] = max(0, stock)
		if sku.BacklogCost > 0 {
			plan.Backlog[s][t] = max(0, -stock)
		}
		plan.Shortfall[s][t] = max(0, sku.SafetyStock[t]-plan.Inventory[s][t])
	}
}

// total writes the values of the kinds, added up, to dst, which is 0, on the grain and within bounds.
func (r *result) total(dst []float64, s int, lower, upper []float64, of ...kind) {
	for _, k := range of {
		if at := r.m.at[k]; at != nil {
			for t, j := range at[s*r.m.T : (s+1)*r.m.T] {
				if j >= 0 {
					dst[t] += r.x[j]
				}
			}
		}
	}
	exact, stated := 0.0, 0.0
	for t, v := range dst {
		if v < grain/2 {
			dst[t] = 0
			continue
		}
		exact += v
		dst[t] = max(rounded(rounded(exact)-stated), at(lower, t))
		if upper != nil {
			dst[t] = min(dst[t], upper[t])
		}
		stated = rounded(stated + dst[t])
	}
}

// topUp adds a missing amount of dust to the latest source that arrives by t and carries something.
func topUp(missing float64, t, lead int, x, upper, extra, lost, demand []float64) float64 {
	for u := t; u >= 0; u-- {
		if v := u - lead; v >= 0 && x[v] > 0 && x[v]+missing <= upper[v] {
			x[v] += missing
			return missing
		}
		if at(extra, u) > 0 {
			extra[u] += missing
			return missing
		}
		if u == t && lost[u] > 0 && lost[u]+missing <= demand[u] {
			lost[u] += missing
			return missing
		}
	}
	return 0
}

// overtime fills in the least that the stated production needs.
func (r *result) overtime(p *Problem, plan *Plan) {
	load := plan.load(p)
	for i := range p.Resources {
		res := &p.Resources[i]
		for t := range p.Periods {
			if r.m.index(kindOvertime, i, t) < 0 || (res.Unlimited != nil && res.Unlimited[t]) {
				continue
			}
			over := load[i][t] + at(res.Load, t) - res.Capacity[t]
			// Where the optimum needs none, what is over is rounding.
			if over > 1e-9*(1+res.Capacity[t]) && r.value(kindOvertime, i, t) > 1e-9*(1+res.Capacity[t]) {
				plan.Overtime[i][t] = min(res.Overtime[t], over)
			}
		}
	}
}

// load is Σ a·x by resource and period, without Resource.Load.
func (plan *Plan) load(p *Problem) [][]float64 {
	load := matrix(len(p.Resources), len(p.Periods))
	for s := range p.SKUs {
		for _, u := range p.SKUs[s].Uses {
			for t, x := range plan.Production[s] {
				load[u.Resource][t] += u.Amount * x
			}
		}
	}
	return load
}

// Load returns the load of every resource in every period, open orders included, in units of capacity.
func (plan *Plan) Load(p *Problem) [][]float64 {
	load := plan.load(p)
	for r := range p.Resources {
		for t := range p.Periods {
			load[r][t] += at(p.Resources[r].Load, t)
		}
	}
	return load
}

// SKUCost is the production and holding cost of SKU s in the plan; orders are part of the former.
func (plan *Plan) SKUCost(p *Problem, s int) (production, holding float64) {
	sku := &p.SKUs[s]
	for t, x := range plan.Production[s] {
		production += sku.ProductionCost * x
		if x > 0 {
			production += sku.OrderCost
		}
		if plan.Emergency != nil {
			production += sku.EmergencyCost * plan.Emergency[s][t]
		}
		holding += p.holding(sku, t) * plan.Inventory[s][t]
	}
	return production, holding
}

// costs fills Cost and Objective.
func (plan *Plan) costs(p *Problem) {
	c := &plan.Cost
	change := 0.0
	for s := range p.SKUs {
		sku := &p.SKUs[s]
		production, holding := plan.SKUCost(p, s)
		c.Production += production
		c.Holding += holding
		for t, x := range plan.Production[s] {
			if x > 0 {
				c.Orders += sku.OrderCost
			}
			if sku.hasBaseline(t) {
				change += at(sku.ChangePrice, t) * math.Abs(x-sku.Baseline[t])
			}
		}
	}
	for i := range p.Resources {
		for t, v := range plan.Overtime[i] {
			if v > 0 {
				c.Overtime += v * p.Resources[i].OvertimeCost[t]
			}
		}
	}
	if p.Shortages == Economic {
		c.Shortage = plan.weightedShortage(p)
	}
	c.Total = c.Production + c.Holding + c.Overtime + c.Shortage
	plan.Objective = c.Total + change
}

// weightedShortage prices lost sales, backlog and shortfall at the plan's weights.
func (plan *Plan) weightedShortage(p *Problem) float64 {
	total := 0.0
	for s := range p.SKUs {
		sku := &p.SKUs[s]
		w := sku.shortageWeight()
		for t := range p.Periods {
			total += plan.Weights.Loss*w*plan.Lost[s][t] + p.shortfallPrice(plan.Weights, sku)*plan.Shortfall[s][t]
			if plan.Backlog != nil {
				total += plan.Weights.Loss * sku.BacklogCost * plan.Backlog[s][t]
			}
		}
		if plan.Backlog != nil {
			total += plan.Weights.Loss * w * plan.Backlog[s][len(p.Periods)-1]
		}
	}
	return total
}

// short says whether anything is lost, owed or below safety stock.
func (plan *Plan) short() bool {
	for _, m := range [][][]float64{plan.Lost, plan.Backlog, plan.Shortfall} {
		for _, row := range m {
			for _, v := range row {
				if v > 0 {
					return true
				}
			}
		}
	}
	return false
}

// moves fills MovedUnits and FrozenMoves.
func (plan *Plan) moves(p *Problem) {
	for s := range p.SKUs {
		sku := &p.SKUs[s]
		pinned := make(map[int]bool, len(sku.Pins))
		for _, pin := range sku.Pins {
			pinned[pin.Period] = true
		}
		for t, x := range plan.Production[s] {
			if sku.hasBaseline(t) {
				plan.MovedUnits += math.Abs(x-sku.Baseline[t]) / 2
			}
			if t < sku.frozenPeriods(p) && !pinned[t] && math.Abs(x-sku.Fixed[t]) > grain {
				plan.FrozenMoves++
			}
		}
	}
}
