package optimize

import "math"

// certifyStates is how many pairs of states the bound of all lots may look at, certifyCells how many cells are enough.
const (
	certifyStates = 100_000_000
	certifyCells  = 1000
)

// lotRange says what production of SKU s in t may be: given, or nothing if zero, or packs from least to most.
func (c *certifier) lotRange(s int, lo, hi float64) (least, most float64, zero, given bool) {
	sku := &c.p.SKUs[s]
	least, most = math.Max(lo, sku.MinOrder), hi
	if q := sku.PackSize; q > 0 {
		least = q * math.Max(1, math.Ceil(least/q-1e-7))
		if !math.IsInf(hi, 1) {
			most = q * math.Floor(hi/q+1e-7)
		}
	}
	return least, most, lo == 0, lo == hi || lo > 0 && least > most
}

// lot checks that the production of SKU s in t is one.
func (c *certifier) lot(s, t int, lo, hi float64) {
	sku, x := &c.p.SKUs[s], c.plan.Production[s][t]
	if sku.PackSize == 0 && sku.MinOrder == 0 {
		return
	}
	least, most, zero, given := c.lotRange(s, lo, hi)
	switch {
	case given:
		c.want(x, lo, lo, x, "production", sku.Name, t)
	case zero && x == 0:
	default:
		c.want(x, least, most, x, "least lot", sku.Name, t)
		if q := sku.PackSize; q > 0 {
			packs := q * math.Round(x/q)
			c.want(x, packs, packs, x, "packs", sku.Name, t)
		}
	}
}

// forced is the least production there can be: what must be made, in lots.
func (c *certifier) forced() [][]float64 {
	least := append([][]float64(nil), c.lo...)
	for s := range c.p.SKUs {
		if !c.p.SKUs[s].lotted() {
			continue
		}
		least[s] = append([]float64(nil), c.lo[s]...)
		for t := range least[s] {
			if lot, _, zero, given := c.lotRange(s, c.lo[s][t], c.hi[s][t]); !zero && !given {
				least[s][t] = lot
			}
		}
	}
	return least
}

// boundLots bounds the objective of every plan in lots that loses and owes the same and is nowhere shorter of
// stock: the least of every SKU on its own at the plan's prices, less what capacity is worth at them. SKUs that are
// not made in lots are bounded as in plans without any; with given, as if the plan's shortages were given for them too,
// which is for prices that do not contain the price of a shortage.
func (c *certifier) boundLots(given bool) float64 {
	total := 0.0
	price := make([][]float64, len(c.p.Resources))
	loads, lotted := c.loads(c.must), 0
	for s := range c.p.SKUs {
		if c.p.SKUs[s].lotted() {
			lotted++
		}
	}
	for r := range price {
		price[r] = make([]float64, c.T)
		if c.used(r) == 0 {
			continue
		}
		res := &c.p.Resources[r]
		for t := range c.T {
			room, pi := c.room(loads, r, t), c.plan.Prices[r][t]
			if math.IsInf(room, 1) {
				continue
			}
			if !(pi >= 0) || math.IsInf(pi, 1) {
				c.clip(pi, 0)
				pi = 0
			}
			price[r][t] = pi
			total += math.Min(0, (opt(res.OvertimeCost, t)-pi)*opt(res.Overtime, t)) - pi*room
		}
	}
	return total + c.eachSKU(func(c *certifier, s int) float64 {
		sku := &c.p.SKUs[s]
		if !sku.lotted() && (!given || sku.EmergencyCost > 0) {
			if c.p.Shortages == Economic {
				return c.boundSKU(s, price)
			}
			return c.boundSKU(s, price) - c.shortageOf(s)
		}
		b := c.lotBound(s, price)
		least := b.flow(c)
		if sku.OrderCost > 0 || sku.MinOrder > 0 {
			least = math.Max(least, b.cells(certifyStates/float64(lotted*c.T)))
		}
		if c.p.Shortages == Economic {
			least += c.shortageOf(s)
		}
		return least
	})
}

// shortageOf is the weighted shortage of SKU s in the plan.
func (c *certifier) shortageOf(s int) float64 {
	sku, w, total := &c.p.SKUs[s], c.weight(s), 0.0
	for t := range c.T {
		owed := optRow(c.plan.Backlog, s, t)
		total += c.plan.Weights.Loss*(w*c.plan.Lost[s][t]+sku.BacklogCost*owed) + c.shortPrice(s)*c.plan.Shortfall[s][t]
		if t == c.T-1 {
			total += c.plan.Weights.Loss * w * owed
		}
	}
	return total
}

// lotBound is one SKU of a plan in lots, as its bound sees it. Its free production by t, X, must lie in
// [need, most]; the stock is net + X.
type lotBound struct {
	c              *certifier
	s              int
	charge         []float64 // c + a·π
	least, top     []float64
	zero, given    []bool
	net, need, cap []float64
	spent          float64 // on what is given
	span           float64 // X beyond it cannot pay
}

func (c *certifier) lotBound(s int, price [][]float64) *lotBound {
	sku, T := &c.p.SKUs[s], c.T
	b := &lotBound{c: c, s: s, charge: make([]float64, T), least: make([]float64, T), top: make([]float64, T), zero: make([]bool, T),
		given: make([]bool, T), net: make([]float64, T), need: make([]float64, T), cap: make([]float64, T)}
	forced := 0.0
	for t := range T {
		b.charge[t] = sku.ProductionCost
		for _, u := range sku.Uses {
			b.charge[t] += u.Amount * price[u.Resource][t]
		}
		b.least[t], b.top[t], b.zero[t], b.given[t] = c.lotRange(s, c.lo[s][t], c.hi[s][t])
		base, k := c.change(s, t)
		if x := c.lo[s][t]; b.given[t] {
			b.spent += b.charge[t]*x + k*math.Abs(x-base)
			if x > 0 {
				b.spent += sku.OrderCost
			}
		} else if !b.zero[t] {
			forced += b.least[t]
		}
	}
	level, position := c.unavoidable(s), sku.Opening
	for t := range T {
		position += opt(sku.Receipts, t) + c.plan.Lost[s][t] - sku.Demand[t]
		if u := t - sku.LeadTime; u >= 0 && b.given[u] {
			position += c.lo[s][u]
		}
		below := sku.SafetyStock[t] - c.plan.Shortfall[s][t]
		if owed := optRow(c.plan.Backlog, s, t); owed > 0 {
			below = -owed
		}
		b.net[t], b.need[t], b.cap[t] = position, math.Max(0, below-position-1e-6*(1+math.Abs(position))), math.Inf(1)
		if q := sku.PackSize; q > 0 {
			b.need[t] = q * math.Ceil(b.need[t]/q-1e-7)
		}
		if sku.StorageCapacity > 0 {
			b.cap[t] = math.Max(0, math.Max(sku.StorageCapacity, level[t])-position) + 1e-6*(1+math.Abs(position))
		}
		b.span = math.Max(b.span, b.need[t])
	}
	b.span += forced + math.Max(sku.PackSize, sku.MinOrder) + sku.PackSize
	return b
}

// flow is the bound of the flow without lots, each decision at the plan's values of stock: the LP's.
func (b *lotBound) flow(c *certifier) float64 {
	sku, T := &c.p.SKUs[b.s], c.T
	v := c.values(b.s, b.charge, sku.StorageCapacity > 0)
	total, before := b.spent, 0.0
	for t := range T {
		total -= v[t] * (b.net[t] - before) // the stock without what is free; given production arrives with it
		before = b.net[t]
		next := 0.0
		if t+1 < T {
			next = v[t+1]
		}
		at := func(x float64) float64 {
			return c.hold(b.s, t)*math.Max(0, b.net[t]+x) + (v[t]-next)*(b.net[t]+x)
		}
		least := math.Min(at(b.need[t]), at(math.Max(b.need[t], math.Min(b.cap[t], -b.net[t]))))
		if !math.IsInf(b.cap[t], 1) {
			least = math.Min(least, at(math.Max(b.need[t], b.cap[t])))
		}
		total += least
		if b.given[t] {
			continue
		}
		worth := 0.0
		if u := t + sku.LeadTime; u < T {
			worth = v[u]
		}
		base, k := c.change(b.s, t)
		cost := func(x float64) float64 { return sku.OrderCost + (b.charge[t]-worth)*x + k*math.Abs(x-base) }
		cheapest := math.Inf(1)
		if b.zero[t] {
			cheapest = k * base
		}
		if b.least[t] <= b.top[t] {
			cheapest = math.Min(cheapest, cost(b.least[t]))
			cheapest = math.Min(cheapest, cost(math.Max(b.least[t], math.Min(b.top[t], base))))
			if !math.IsInf(b.top[t], 1) {
				cheapest = math.Min(cheapest, cost(b.top[t]))
			}
		}
		total += cheapest
	}
	return total
}

// cells is the bound of a dynamic programme over X, in cells of equal width: a single quantity where the packs are
// few enough, else all quantities of the cell, each cost at the cheapest of them. Σ charge·x is
// written as Σ (charge[t] − charge of the next free period)·X[t], so that it depends on cells, not on steps between.
func (b *lotBound) cells(pairs float64) float64 {
	c, sku, T := b.c, &b.c.p.SKUs[b.s], b.c.T
	most := math.Max(50, math.Sqrt(2*pairs))
	if b.running() {
		most = math.Max(most, math.Min(pairs, certifyCells))
	}
	pitch, width := sku.PackSize, 0.0
	if n := b.span / math.Max(pitch, 1e-300); n > most {
		pitch *= math.Ceil(n / most)
		width = pitch - sku.PackSize
	}
	if sku.PackSize == 0 {
		pitch = b.span / most
		width = pitch
	}
	if !(pitch > 0) {
		return math.Inf(-1)
	}
	n := int(math.Ceil(b.span/pitch)) + 1
	f, g := make([]float64, n), make([]float64, n)
	for j := 1; j < n; j++ {
		f[j] = math.Inf(1)
	}
	slope, after := make([]float64, T), 0.0
	for t := T - 1; t >= 0; t-- {
		if !b.given[t] {
			slope[t], after = b.charge[t]-after, b.charge[t]
		}
	}
	for t := range T {
		if !b.given[t] {
			b.step(f, g, t, pitch, width)
			f, g = g, f
		}
		u := t + sku.LeadTime
		for j := range f {
			low, high := float64(j)*pitch, float64(j)*pitch+width
			if u >= T {
				f[j] += math.Min(slope[t]*low, slope[t]*high)
				continue
			}
			low, high = math.Max(low, b.need[u]), math.Min(high, b.cap[u])
			if low > high+1e-9*(1+high) {
				f[j] = math.Inf(1)
				continue
			}
			cost := func(x float64) float64 {
				return slope[t]*x + c.hold(b.s, u)*math.Max(0, b.net[u]+x)
			}
			kink := math.Max(low, math.Min(high, -b.net[u]))
			f[j] += math.Min(cost(low), math.Min(cost(kink), cost(math.Max(low, high))))
		}
	}
	best := math.Inf(1)
	for _, v := range f {
		best = math.Min(best, v)
	}
	best += b.spent
	for t := range min(sku.LeadTime, T) {
		best += c.hold(b.s, t) * math.Max(0, b.net[t])
	}
	return best
}

// running says whether every step is a running minimum, which takes a look a cell rather than one a pair of cells.
func (b *lotBound) running() bool {
	for t := range b.c.T {
		_, k := b.c.change(b.s, t)
		if !b.given[t] && b.least[t] <= b.top[t] && (k != 0 || !math.IsInf(b.top[t], 1)) {
			return false
		}
	}
	return true
}

// step sets g to the least cost of every cell after the production of t, f being that before.
func (b *lotBound) step(f, g []float64, t int, pitch, width float64) {
	sku := &b.c.p.SKUs[b.s]
	base, k := b.c.change(b.s, t)
	for j := range g {
		g[j] = math.Inf(1)
		if b.zero[t] || width > 0 && b.least[t] <= width {
			g[j] = f[j] + k*math.Max(0, base-width)
		}
		if width == 0 && b.zero[t] {
			g[j] = f[j] + k*base
		}
	}
	if b.least[t] > b.top[t] {
		return
	}
	first := max(1, int(math.Ceil((b.least[t]-width)/pitch-1e-7)))
	if math.IsInf(b.top[t], 1) && k == 0 {
		least := math.Inf(1)
		for j := first; j < len(g); j++ {
			least = math.Min(least, f[j-first])
			g[j] = math.Min(g[j], least+sku.OrderCost)
		}
		return
	}
	spent := make([]float64, len(g)) // on the production of so many cells
	last := first - 1
	for m := first; m < len(g); m++ {
		x := float64(m) * pitch
		if x-width > b.top[t]*(1+1e-9)+1e-9 {
			break
		}
		spent[m], last = sku.OrderCost+k*max(0, x-width-base, base-x-width), m
	}
	for j := first; j < len(g); j++ {
		least := g[j]
		for m := first; m <= min(j, last); m++ {
			if v := f[j-m] + spent[m]; v < least {
				least = v
			}
		}
		g[j] = least
	}
}
