package bench

import (
	"math"

	"drumbeat/optimize"
)

// plainLP writes p as an LP in the way one would for any solver: by SKU and period production, stock with the safety stock as its
// lower bound, what is short of it and lost at the prices of w (elastic), and emergency purchases; a stock row by SKU and
// period, then a capacity row by resource and period. It knows no more of the model than the measured problems have.
func plainLP(p *optimize.Problem, w optimize.Weights) *optimize.LP {
	S, T, inf := len(p.SKUs), len(p.Periods), math.Inf(1)
	lp := &optimize.LP{Start: []int32{0}}
	type entry struct {
		row   int
		value float64
	}
	column := func(cost, lower, upper float64, entries ...entry) {
		lp.Cost, lp.Lower, lp.Upper = append(lp.Cost, cost), append(lp.Lower, lower), append(lp.Upper, upper)
		for _, e := range entries {
			lp.Index, lp.Value = append(lp.Index, int32(e.row)), append(lp.Value, e.value)
		}
		lp.Start = append(lp.Start, int32(len(lp.Index)))
	}
	for s := range p.SKUs {
		sku := &p.SKUs[s]
		for t := range T {
			row := s*T + t
			supply := []entry{{row, 1}}
			for _, u := range sku.Uses {
				supply = append(supply, entry{S*T + u.Resource*T + t, u.Amount})
			}
			stock, short := []entry{{row, -1}}, []entry{{row, 1}}
			if t+1 < T {
				stock, short = append(stock, entry{row + 1, 1}), append(short, entry{row + 1, -1})
			}
			safety, need := sku.SafetyStock[t], sku.Demand[t]
			if t == 0 {
				need -= sku.Opening
			}
			column(sku.ProductionCost, 0, inf, supply...)
			column(sku.HoldingCost, safety, inf, stock...)
			if p.Mode == optimize.Elastic {
				column(w.Shortfall*sku.ProductionCost-sku.HoldingCost, 0, safety, short...)
				column(w.Loss*sku.ProductionCost, 0, sku.Demand[t], entry{row, 1})
			}
			if sku.EmergencyCost > 0 {
				column(sku.EmergencyCost, 0, inf, entry{row, 1})
			}
			lp.RowLower, lp.RowUpper = append(lp.RowLower, need), append(lp.RowUpper, need)
		}
	}
	for r := range p.Resources {
		for _, c := range p.Resources[r].Capacity {
			lp.RowLower, lp.RowUpper = append(lp.RowLower, -inf), append(lp.RowUpper, c)
		}
	}
	return lp
}

// weighted is what plan costs in plainLP.
func weighted(p *optimize.Problem, plan *optimize.Plan, w optimize.Weights) float64 {
	total := plan.Objective
	if p.Mode != optimize.Elastic {
		return total
	}
	for s := range p.SKUs {
		for t := range p.Periods {
			total += p.SKUs[s].ProductionCost * (w.Loss*plan.Lost[s][t] + w.Shortfall*plan.Shortfall[s][t])
		}
	}
	return total
}
