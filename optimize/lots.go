package optimize

import "math"

// Lots are chosen among so many quantities: the requirement of an SKU without packs is cut into lotFine steps (an LP
// sets the exact quantities afterwards), and where one with packs needs more than lotGrid, several
// packs make a step.
const (
	lotFine = 500
	lotGrid = 2000
)

// lotted says whether the production of s comes in lots: packs, a least quantity or a cost per order.
func (s *SKU) lotted() bool { return s.PackSize > 0 || s.MinOrder > 0 || s.OrderCost > 0 }

// setups says whether it matters to s in how many periods it is made.
func (s *SKU) setups() bool { return s.MinOrder > s.PackSize || s.OrderCost > 0 }

// lots says whether any SKU is made in lots.
func (p *Problem) lots() bool {
	for s := range p.SKUs {
		if p.SKUs[s].lotted() {
			return true
		}
	}
	return false
}

// lotsUp and lotsDown round to packs; a quantity that is packs but for rounding errors stays it.
func (s *SKU) lotsUp(v float64) float64 {
	if s.PackSize == 0 {
		return v
	}
	return s.PackSize * math.Ceil(v/s.PackSize-1e-7)
}

func (s *SKU) lotsDown(v float64) float64 {
	if s.PackSize == 0 || math.IsInf(v, 1) {
		return v
	}
	return s.PackSize * math.Floor(v/s.PackSize+1e-7)
}

// leastLot is the least production of a period with any.
func (s *SKU) leastLot() float64 {
	if s.PackSize > 0 {
		return math.Max(s.PackSize, s.lotsUp(s.MinOrder))
	}
	return s.MinOrder
}

// lotting is one SKU as lots see it: what is free, in which steps, and what it must come to.
type lotting struct {
	sku   *SKU
	step  float64 // production is chosen in multiples of it
	given []bool  // no choice: frozen, pinned to a quantity (or to a range that holds no lot), after the horizon
	fixed []float64
	must  []float64 // the least production
	low   []float64 // bounds of the other production where there is any, in lots
	high  []float64
	may0  []bool    // whether nothing may be made
	net   []float64 // stock less stock owed at the end of t without the free production
	need  []float64 // what the free production arriving by t must come to
	most  []float64 // and must not exceed; nil: no storage capacity
	slack float64   // how far a quantity may be off that is no pack: the last LP sets it
	steps int       // no plan worth looking at makes more
}

// lotting works out what lots mean for SKU s. short is a plan whose shortages of s are taken as given; nil: nothing
// may be short from the first period that new supply reaches.
func (p *Problem) lotting(s int, short *Plan) *lotting {
	sku, T := &p.SKUs[s], len(p.Periods)
	l := &lotting{sku: sku, given: make([]bool, T), fixed: make([]float64, T), must: make([]float64, T),
		low: make([]float64, T), high: make([]float64, T),
		may0: make([]bool, T), net: make([]float64, T), need: make([]float64, T)}
	lower, upper := sku.production(p)
	least, forced := sku.leastLot(), 0.0
	for t := range T {
		low, high := math.Max(sku.lotsUp(lower[t]), least), sku.lotsDown(upper[t])
		l.may0[t] = lower[t] == 0
		switch {
		case lower[t] == upper[t], low > high && lower[t] > 0, low > high && p.pinned(s, t):
			l.given[t], l.fixed[t] = true, lower[t]
		default:
			l.low[t], l.high[t] = low, high // low > high: nothing but 0
		}
		switch {
		case l.given[t]:
			l.must[t] = lower[t]
		case !l.may0[t]:
			l.must[t] = low
			forced += low
		}
	}
	limit := sku.storage(p, l.must)
	if limit != nil {
		l.most = make([]float64, T)
	}
	position, largest := sku.Opening, 0.0
	for t := range T {
		position += at(sku.Receipts, t) - sku.Demand[t]
		if u := t - sku.LeadTime; u >= 0 && l.given[u] {
			position += l.fixed[u]
		}
		below, late := 0.0, t >= sku.reach(p)
		if late {
			below = sku.SafetyStock[t]
		}
		tight := true
		if short != nil {
			position += short.Lost[s][t]
			if v := short.Shortfall[s][t]; v > grain && late {
				below, tight = sku.SafetyStock[t]-v, false
			}
			if short.Backlog != nil && short.Backlog[s][t] > grain {
				below, tight = -short.Backlog[s][t], false
			}
			tight = tight && short.Lost[s][t] <= grain
		}
		l.net[t] = position
		switch v := below - position; {
		case v <= 1e-7*(1+math.Abs(position)) || !late && short == nil && p.Mode != Strict:
		case tight:
			l.need[t] = sku.lotsUp(v)
		default:
			l.need[t] = sku.lotsDown(v)
		}
		largest = math.Max(largest, l.need[t])
		if limit != nil {
			l.most[t] = math.Max(limit[t], 0) - position
		}
	}
	span := largest + forced
	grid := math.Max(span, least) // a lot that is far above what is asked has no more steps than that
	l.step = sku.PackSize
	if l.step == 0 {
		if l.step = grid / lotFine; span == 0 {
			l.step = math.Max(1, least)
		}
		if fine := least / math.Ceil(least/l.step); least > 0 && fine*lotGrid >= grid { // of which least is a multiple
			l.step = fine
		}
		l.slack = l.step
	} else if packs := grid / l.step; packs > lotGrid {
		l.step *= math.Ceil(packs / lotGrid)
	}
	l.steps = int(math.Ceil((span+math.Max(least, l.step))/l.step - 1e-9))
	return l
}

// pinned says whether a pin bounds the production of SKU s in t.
func (p *Problem) pinned(s, t int) bool {
	for _, pin := range p.SKUs[s].Pins {
		if pin.Period == t {
			return true
		}
	}
	return false
}

// relaxed is p without lots, but with requirements, bounds and pins rounded to packs: if what is made by t must
// come to at least 120.75 units and is a whole number, it comes to 121. Written as safety stock, which grows by
// less than a pack. Every plan in lots satisfies it, and where only packs matter its LP is fractional
// only where capacity splits a pack.
func (p *Problem) relaxed() *Problem {
	q := *p
	q.SKUs = append([]SKU(nil), p.SKUs...)
	for s := range q.SKUs {
		sku := &q.SKUs[s]
		if !sku.lotted() {
			continue
		}
		l := p.lotting(s, nil)
		if sku.PackSize > 0 {
			sku.SafetyStock = append([]float64(nil), sku.SafetyStock...)
			for t := range sku.SafetyStock {
				if l.need[t] > 0 && t >= sku.reach(p) {
					sku.SafetyStock[t] = math.Max(sku.SafetyStock[t], l.need[t]+l.net[t])
				}
			}
			if sku.MaxProduction != nil {
				sku.MaxProduction = append([]float64(nil), sku.MaxProduction...)
				for t, v := range sku.MaxProduction {
					sku.MaxProduction[t] = sku.lotsDown(v)
				}
			}
		}
		sku.Pins = append([]Pin(nil), sku.Pins...)
		for i := range sku.Pins {
			pin := &sku.Pins[i]
			switch t := pin.Period; {
			case l.given[t]:
				pin.Min, pin.Max = l.fixed[t], l.fixed[t]
			case !l.may0[t]:
				pin.Min = l.low[t]
			}
			if pin.Max >= 0 && !l.given[pin.Period] {
				pin.Max = sku.lotsDown(pin.Max)
			}
		}
		sku.PackSize, sku.MinOrder, sku.OrderCost = 0, 0, 0
	}
	return &q
}

// unrounded is the relaxed problem q with requirements as they are.
func (p *Problem) unrounded(q *Problem) *Problem {
	u := *q
	u.SKUs = append([]SKU(nil), q.SKUs...)
	for s := range u.SKUs {
		u.SKUs[s].SafetyStock = p.SKUs[s].SafetyStock
	}
	return &u
}

// withLots is the relaxed problem q with the production of the SKUs of p that come in lots pinned to x. An SKU that
// may be made in any quantity is pinned only to where it is made.
func (p *Problem) withLots(q *Problem, x [][]float64) *Problem {
	fixed := p.unrounded(q)
	for s := range p.SKUs {
		asked := &p.SKUs[s]
		if !asked.lotted() {
			continue
		}
		sku, l := &fixed.SKUs[s], p.lotting(s, nil)
		sku.Pins = nil
		for t := range p.Periods {
			pin := Pin{Period: t, Min: x[s][t], Max: x[s][t]}
			if asked.PackSize == 0 && !l.given[t] && x[s][t] > 0 {
				pin.Min, pin.Max = l.low[t], -1
				if !math.IsInf(l.high[t], 1) {
					pin.Max = l.high[t]
				}
			}
			sku.Pins = append(sku.Pins, pin)
		}
	}
	return fixed
}
