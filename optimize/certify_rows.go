package optimize

import "math"

// boundsOfProduction derives what each x[s][t] may be, from the rules of the model.
func (c *certifier) boundsOfProduction(s int) {
	sku, lo, hi := &c.p.SKUs[s], c.lo[s], c.hi[s]
	for t := range c.T {
		most := math.Inf(1)
		if len(sku.MaxProduction) > 0 {
			most = sku.MaxProduction[t]
		}
		lo[t], hi[t] = 0, most
		if sku.Fixed != nil && t < c.p.Frozen {
			lo[t], hi[t] = sku.Fixed[t], sku.Fixed[t]
		}
		for _, pin := range sku.Pins {
			if pin.Period != t {
				continue
			}
			lo[t], hi[t] = pin.Min, most
			if pin.Max >= 0 {
				hi[t] = pin.Max
				if !(sku.Fixed != nil && t < c.p.Frozen) {
					hi[t] = min(pin.Max, most)
				}
			}
		}
		if hi[t] < lo[t] || t+sku.LeadTime >= c.T {
			hi[t] = lo[t]
		}
		x := c.plan.Production[s][t]
		c.want(x, lo[t], hi[t], x, "production", sku.Name, t)
		c.lot(s, t, lo[t], hi[t])
	}
}

// unavoidable is the stock of SKU s if only what must be made is made, never below 0 without backlog. It lasts until
// the next call.
func (c *certifier) unavoidable(s int) []float64 {
	sku := &c.p.SKUs[s]
	c.level = resized(c.level, c.T)
	level, now := c.level, sku.Opening
	for t := range c.T {
		now += opt(sku.Receipts, t) - sku.Demand[t]
		if u := t - sku.LeadTime; u >= 0 {
			now += c.must[s][u]
		}
		if now < 0 && sku.BacklogCost == 0 {
			now = 0
		}
		level[t] = now
	}
	return level
}

// mayShort says whether safety stock may be short in t.
func (c *certifier) mayShort(s, t int) bool {
	sku := &c.p.SKUs[s]
	first := sku.LeadTime
	if sku.Fixed != nil {
		first += c.p.Frozen
	}
	return c.p.Mode != Strict || t < first
}

// stock checks the balance of SKU s and the bounds on everything in it.
func (c *certifier) stock(s int) {
	sku, plan := &c.p.SKUs[s], c.plan
	before := sku.Opening
	level := c.unavoidable(s)
	for t := range c.T {
		held, owed := plan.Inventory[s][t], optRow(plan.Backlog, s, t)
		lost, short, extra := plan.Lost[s][t], plan.Shortfall[s][t], optRow(plan.Emergency, s, t)
		arrives := 0.0
		if u := t - sku.LeadTime; u >= 0 {
			arrives = plan.Production[s][u]
		}
		after := before + arrives + opt(sku.Receipts, t) + lost + extra - sku.Demand[t]
		size := max(math.Abs(before), max(sku.Demand[t], math.Abs(after)))
		c.want(held-owed, after, after, size, "stock balance", sku.Name, t)
		c.want(min(held, owed), 0, 0, 1, "stock beside backlog", sku.Name, t)
		c.want(held, 0, math.Inf(1), 1, "stock", sku.Name, t)
		c.want(short, max(0, sku.SafetyStock[t]-held), math.Inf(1), sku.SafetyStock[t], "safety stock", sku.Name, t)
		if sku.StorageCapacity > 0 {
			c.want(held, 0, max(sku.StorageCapacity, level[t]), sku.StorageCapacity, "storage", sku.Name, t)
		}
		mostShort, mostLost, mostOwed, mostExtra := sku.SafetyStock[t], sku.Demand[t], 0.0, 0.0
		if sku.BacklogCost > 0 {
			mostLost, mostOwed = 0, math.Inf(1)
		}
		if sku.EmergencyCost > 0 {
			mostExtra = math.Inf(1)
		}
		if c.p.Mode == Strict {
			mostLost, mostOwed = 0, 0
		}
		if !c.mayShort(s, t) {
			mostShort = 0
		}
		c.want(short, 0, mostShort, sku.SafetyStock[t], "shortfall", sku.Name, t)
		c.want(lost, 0, mostLost, sku.Demand[t], "lost sales", sku.Name, t)
		c.want(owed, 0, mostOwed, sku.Demand[t], "backlog", sku.Name, t)
		c.want(extra, 0, mostExtra, 1, "emergency supply", sku.Name, t)
		before = held - owed
	}
}

// used is what one unit of every SKU takes of resource r, 0 if none uses it: plans are rounded to a grain of each.
func (c *certifier) used(r int) (sum float64) {
	for s := range c.p.SKUs {
		for _, u := range c.p.SKUs[s].Uses {
			if u.Resource == r {
				sum += u.Amount
			}
		}
	}
	return sum
}

// room is what capacity row (r, t) leaves for production without overtime; a load that cannot be
// avoided raises it. Infinite where there is no limit.
func (c *certifier) room(forced [][]float64, r, t int) float64 {
	res := &c.p.Resources[r]
	if len(res.Unlimited) > 0 && res.Unlimited[t] {
		return math.Inf(1)
	}
	return max(res.Capacity[t]-opt(res.Load, t), forced[r][t]-opt(res.Overtime, t))
}

// loads is Σ a·x for the given production.
func (c *certifier) loads(x [][]float64) [][]float64 {
	load := make([][]float64, len(c.p.Resources))
	for r := range load {
		load[r] = make([]float64, c.T)
	}
	for s := range c.p.SKUs {
		for _, u := range c.p.SKUs[s].Uses {
			for t := range c.T {
				load[u.Resource][t] += u.Amount * x[s][t]
			}
		}
	}
	return load
}

func (c *certifier) capacity() {
	load, forced := c.loads(c.plan.Production), c.loads(c.must)
	for r := range c.p.Resources {
		res := &c.p.Resources[r]
		used := c.used(r)
		for t := range c.T {
			over := c.plan.Overtime[r][t]
			c.want(over, 0, opt(res.Overtime, t), opt(res.Overtime, t), "overtime", res.Name, t)
			if used > 0 {
				c.want(load[r][t]-over, math.Inf(-1), c.room(forced, r, t), max(res.Capacity[t], load[r][t], used),
					"capacity", res.Name, t)
			}
		}
	}
}
