package optimize

import "math"

// weight is the shortage cost in force.
func (c *certifier) weight(s int) float64 {
	sku := &c.p.SKUs[s]
	if sku.ShortageCost > 0 {
		return sku.ShortageCost
	}
	if sku.ProductionCost > 0 {
		return sku.ProductionCost
	}
	return 1
}

// shortPrice is the price of a unit and period below safety stock; with economic prices never above
// that of a unit owed.
func (c *certifier) shortPrice(s int) float64 {
	price := c.plan.Weights.Shortfall * c.weight(s)
	if owed := c.p.SKUs[s].BacklogCost; c.p.Shortages == Economic && owed > 0 && owed < price {
		return owed
	}
	return price
}

func (c *certifier) hold(s, t int) float64 {
	h := c.p.SKUs[s].HoldingCost
	if len(c.p.HoldingShare) > 0 {
		h *= c.p.HoldingShare[t]
	}
	return h
}

// change returns baseline and change price of (s, t); price 0 where there is no baseline.
func (c *certifier) change(s, t int) (base, price float64) {
	sku := &c.p.SKUs[s]
	if len(sku.Baseline) == 0 || (len(sku.HasBaseline) > 0 && !sku.HasBaseline[t]) {
		return 0, 0
	}
	return sku.Baseline[t], opt(sku.ChangePrice, t)
}

// objective recomputes the objective and the weighted shortage from the plan's quantities. In economic
// plans the shortage is part of the objective.
func (c *certifier) objective() (objective, shortage float64) {
	plan := c.plan
	for s := range c.p.SKUs {
		sku, w := &c.p.SKUs[s], c.weight(s)
		for t := range c.T {
			x := plan.Production[s][t]
			base, price := c.change(s, t)
			if x > 0 {
				objective += sku.OrderCost
			}
			objective += sku.ProductionCost*x + price*math.Abs(x-base) + c.hold(s, t)*plan.Inventory[s][t] +
				sku.EmergencyCost*optRow(plan.Emergency, s, t)
			owed := optRow(plan.Backlog, s, t)
			shortage += plan.Weights.Loss*(w*plan.Lost[s][t]+sku.BacklogCost*owed) + c.shortPrice(s)*plan.Shortfall[s][t]
			if t == c.T-1 {
				shortage += plan.Weights.Loss * w * owed
			}
		}
	}
	for r := range c.p.Resources {
		for t := range c.T {
			objective += opt(c.p.Resources[r].OvertimeCost, t) * plan.Overtime[r][t]
		}
	}
	if c.p.Shortages == Economic {
		objective += shortage
	}
	return objective, shortage
}

// bound is the Lagrangian bound on the weighted objective.
func (c *certifier) bound() float64 {
	total := 0.0
	price := make([][]float64, len(c.p.Resources))
	forced := c.loads(c.must)
	for r := range price {
		price[r] = make([]float64, c.T)
		if c.used(r) == 0 {
			continue
		}
		res := &c.p.Resources[r]
		for t := range c.T {
			room := c.room(forced, r, t)
			if math.IsInf(room, 1) {
				continue
			}
			pi := c.plan.Prices[r][t]
			if !(pi >= 0) || math.IsInf(pi, 1) {
				c.clip(pi, 0)
				pi = 0
			}
			price[r][t] = pi
			total -= pi * room
			total += min(0, (opt(res.OvertimeCost, t)-pi)*opt(res.Overtime, t))
		}
	}
	return total + c.eachSKU(func(c *certifier, s int) float64 { return c.boundSKU(s, price) })
}

// clip notes that a price had to be changed.
func (c *certifier) clip(from, to float64) {
	d := math.Abs(from-to) / max(1, math.Abs(to))
	if math.IsNaN(d) {
		d = math.Inf(1)
	}
	c.clipped = max(c.clipped, d)
}

// boundSKU is the least of one SKU's cost at capacity prices, less v times each balance.
func (c *certifier) boundSKU(s int, price [][]float64) float64 {
	sku, w := &c.p.SKUs[s], c.weight(s)
	T := c.T
	c.charge = resized(c.charge, T)
	charge := c.charge // c + a·π of a unit started in t
	for t := range charge {
		charge[t] = sku.ProductionCost
		for _, u := range sku.Uses {
			charge[t] += u.Amount * price[u.Resource][t]
		}
	}
	limited := sku.StorageCapacity > 0
	v := c.values(s, charge, limited)
	level := c.unavoidable(s)
	weights, short := c.plan.Weights, c.shortPrice(s)
	total, demand := 0.0, max(0, -sku.Opening)
	next := func(t int) float64 {
		if t+1 < T {
			return v[t+1]
		}
		return 0
	}
	for t := range T {
		need := sku.Demand[t] - opt(sku.Receipts, t)
		if t == 0 {
			need -= sku.Opening
		}
		total += v[t] * need
		demand += sku.Demand[t]

		worth := 0.0
		if t+sku.LeadTime < T {
			worth = v[t+sku.LeadTime]
		}
		base, k := c.change(s, t)
		make := func(x float64) float64 { return (charge[t]-worth)*x + k*math.Abs(x-base) }
		cheapest := make(c.lo[s][t])
		if b := max(c.lo[s][t], min(c.hi[s][t], base)); b != c.lo[s][t] {
			cheapest = min(cheapest, make(b))
		}
		if hi := c.hi[s][t]; !math.IsInf(hi, 1) {
			cheapest = min(cheapest, make(hi))
		}
		total += cheapest

		if c.p.Mode != Strict {
			if sku.BacklogCost > 0 {
				cost := weights.Loss * sku.BacklogCost
				if t == T-1 {
					cost += weights.Loss * w
				}
				total += min(0, (cost-v[t]+next(t))*demand)
			} else {
				total += min(0, (weights.Loss*w-v[t])*sku.Demand[t])
			}
		}

		carry := c.hold(s, t) + v[t] - next(t)
		safety := sku.SafetyStock[t]
		hold := func(i float64) float64 { return carry*i + short*max(0, safety-i) }
		most := math.Inf(1)
		if limited {
			most = max(sku.StorageCapacity, level[t])
		}
		least := min(safety, most)
		best := hold(least)
		if c.mayShort(s, t) {
			best = min(best, hold(0))
		}
		if !math.IsInf(most, 1) {
			best = min(best, hold(most))
		}
		total += best
	}
	return total
}

// values returns the plan's values of stock, lowered (or raised) where an unbounded decision would
// otherwise have a negative reduced cost. They last until the next call.
func (c *certifier) values(s int, charge []float64, limited bool) []float64 {
	sku, T := &c.p.SKUs[s], c.T
	c.value = append(c.value[:0], c.plan.Values[s]...)
	v := c.value
	if !limited { // left-over stock must not pay: v[t] >= −Σ h from t on
		floor := 0.0
		for t := T - 1; t >= 0; t-- {
			floor -= c.hold(s, t)
			if !(v[t] >= floor) {
				c.clip(v[t], floor)
				v[t] = floor
			}
		}
	}
	for t := range T {
		most := math.Inf(1)
		if t > 0 && !limited {
			most = v[t-1] + c.hold(s, t-1)
		}
		if u := t - sku.LeadTime; u >= 0 && math.IsInf(c.hi[s][u], 1) {
			_, k := c.change(s, u)
			most = min(most, charge[u]+k)
		}
		if sku.EmergencyCost > 0 {
			most = min(most, sku.EmergencyCost)
		}
		if v[t] > most {
			c.clip(v[t], most)
			v[t] = most
		}
	}
	return v
}
