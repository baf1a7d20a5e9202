package optimize

import "math"

// needed is the chance that a period needs the last unit of a safety stock of 95 %, the default service level: what this
// unit saves of a lost one (the critical ratio of the newsvendor: Arrow, Harris and Marschak, Econometrica 19, 1951).
const needed = .05

// defaultWeights are the first shortage prices tried. Lexicographic: λ = 10 shortage costs for a unit
// and period below safety stock, and 2Tλ for a lost unit, so that no unit is given up for the sake
// of T unit-periods of its own safety stock. A unit owed must cost more than one short of safety stock as
// well, or the LP would hold stock and owe demand at the same time. Economic: the real price of a lost
// unit, and what a unit of safety stock is expected to save of it in a period.
func (p *Problem) defaultWeights() Weights {
	T := float64(len(p.Periods))
	if p.Shortages == Economic {
		return Weights{Shortfall: needed, Loss: 1}
	}
	w := Weights{Shortfall: 10, Loss: 20 * T}
	for s := range p.SKUs {
		if sku := &p.SKUs[s]; sku.BacklogCost > 0 {
			w.Loss = max(w.Loss, 2*w.Shortfall*sku.shortageWeight()/sku.BacklogCost)
		}
	}
	return w
}

// shortfallPrice is the price of a unit and period below the safety stock of SKU s. Economic prices of
// SKUs that backlog are at most the price of owing, for the reason given at defaultWeights.
func (p *Problem) shortfallPrice(w Weights, s *SKU) float64 {
	price := w.Shortfall * s.shortageWeight()
	if p.Shortages == Economic && s.BacklogCost > 0 {
		price = min(price, s.BacklogCost)
	}
	return price
}

// shortageWeight is w: what losing a unit weighs against losing another SKU's.
func (s *SKU) shortageWeight() float64 {
	switch {
	case s.ShortageCost > 0:
		return s.ShortageCost
	case s.ProductionCost > 0:
		return s.ProductionCost
	}
	return 1
}

// frozenPeriods is F for this SKU.
func (s *SKU) frozenPeriods(p *Problem) int {
	if s.Fixed == nil {
		return 0
	}
	return p.Frozen
}

// reach is the first period that new supply can arrive in; T or more: none can.
func (s *SKU) reach(p *Problem) int { return s.frozenPeriods(p) + s.LeadTime }

// hasBaseline says whether x̄[t] is known.
func (s *SKU) hasBaseline(t int) bool {
	return s.Baseline != nil && (s.HasBaseline == nil || s.HasBaseline[t])
}

func at(v []float64, t int) float64 {
	if v == nil {
		return 0
	}
	return v[t]
}

// holding is h[t] after HoldingShare.
func (p *Problem) holding(s *SKU, t int) float64 {
	if p.HoldingShare == nil {
		return s.HoldingCost
	}
	return s.HoldingCost * p.HoldingShare[t]
}

// production returns the bounds of x[t] for every start period. Pins override frozen production, both
// override MaxProduction. What would arrive after the horizon is left out unless it is fixed or pinned.
func (s *SKU) production(p *Problem) (lower, upper []float64) {
	T := len(p.Periods)
	lower, upper = make([]float64, T), make([]float64, T)
	frozen := s.frozenPeriods(p)
	for t := range T {
		upper[t] = math.Inf(1)
		if s.MaxProduction != nil {
			upper[t] = s.MaxProduction[t]
		}
		if t < frozen {
			lower[t], upper[t] = s.Fixed[t], s.Fixed[t]
		}
	}
	for _, pin := range s.Pins {
		t := pin.Period
		lower[t] = pin.Min
		switch {
		case pin.Max >= 0 && t < frozen:
			upper[t] = pin.Max
		case pin.Max >= 0:
			upper[t] = min(upper[t], pin.Max)
		case t < frozen:
			upper[t] = math.Inf(1)
			if s.MaxProduction != nil {
				upper[t] = s.MaxProduction[t]
			}
		}
		upper[t] = max(upper[t], lower[t])
	}
	for t := max(0, T-s.LeadTime); t < T; t++ {
		upper[t] = lower[t]
	}
	return lower, upper
}

// storage returns the bound on stock at the end of every period, nil for none. Stock that is there or
// on its way whatever is decided raises it.
func (s *SKU) storage(p *Problem, lower []float64) []float64 {
	if s.StorageCapacity == 0 {
		return nil
	}
	limit := make([]float64, len(p.Periods))
	stock := s.Opening
	for t := range limit {
		stock += at(s.Receipts, t) - s.Demand[t]
		if t >= s.LeadTime {
			stock += lower[t-s.LeadTime]
		}
		limit[t] = max(s.StorageCapacity, stock)
		if s.BacklogCost == 0 {
			stock = max(0, stock)
		}
	}
	return limit
}

// soft says whether the safety stock of t may be short: always in elastic mode, in strict mode only
// before new supply can arrive.
func (p *Problem) soft(s *SKU, t int) bool { return p.Mode != Strict || t < s.reach(p) }
