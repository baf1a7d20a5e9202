package optimize

import (
	"context"
	"math"
)

// repair finds the cheapest overtime beyond what p has that gives a strict problem a plan: the LP with such
// overtime in every limited period. A unit costs what the resource's dearest overtime does; where it
// has none, as much as making what a unit of capacity makes, on the average of its SKUs. Of equally cheap
// mixes the one with the cheapest plan is taken. Nil if no capacity would do.
func (e *session) repair(ctx context.Context, p *Problem) ([]Extra, error) {
	m := formulate(p, p.defaultWeights())
	costs := append([]float64(nil), m.lp.Cost...)
	clear(m.lp.Cost)
	lp, first := m.lp, m.lp.Columns()
	var where []Extra
	for r := range p.Resources {
		price := p.extraPrice(r)
		for t := range m.T {
			row := m.index(kindCapacityRow, r, t)
			if row < 0 || math.IsInf(lp.RowUpper[row], 1) {
				continue
			}
			lp.addColumn(price, 0, math.Inf(1))
			lp.addEntry(int(row), -1)
			where = append(where, Extra{Resource: p.Resources[r].Name, Period: p.Periods[t]})
		}
	}
	var stats Stats
	sol, err := e.run(ctx, lp, m.justInTime(), DualSimplex, &stats)
	if err != nil || sol.Status != LPOptimal {
		return nil, err
	}
	lp = lp.clone()
	fixFace(lp, sol)
	clear(lp.Cost)
	copy(lp.Cost, costs)
	if cheapest, err := e.run(ctx, lp, sol.Basis, PrimalSimplex, &stats); err != nil {
		return nil, err
	} else if cheapest.Status == LPOptimal { // else the face is empty by a tolerance
		sol = cheapest
	}
	var list []Extra
	for i, v := range where {
		if v.Extra = rounded(sol.X[first+i]); v.Extra > visible {
			list = append(list, v)
		}
	}
	return list, nil
}

// extraPrice is what a unit of overtime of resource r is taken to cost where there is none.
func (p *Problem) extraPrice(r int) float64 {
	dearest := 0.0
	for _, v := range p.Resources[r].OvertimeCost {
		dearest = math.Max(dearest, v)
	}
	if dearest > 0 {
		return dearest
	}
	cost, users := 0.0, 0.0
	for s := range p.SKUs {
		for _, u := range p.SKUs[s].Uses {
			if u.Resource == r {
				cost += p.SKUs[s].ProductionCost / u.Amount
				users++
			}
		}
	}
	return math.Max(1e-3, cost/math.Max(1, users))
}
