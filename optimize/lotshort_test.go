package optimize

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// eachTiny calls f for all lots of a tiny problem that fit capacity and storage, with what each loses and is short of
// and what it costs.
func eachTiny(p *Problem, f func(lost, short [][]float64, cost float64)) {
	T, S := len(p.Periods), len(p.SKUs)
	x, lost, short := matrix(S, T), matrix(S, T), matrix(S, T)
	var try func(i int)
	try = func(i int) {
		if i < S*T {
			s, t := i/T, i%T
			for v := 0.0; v <= 35; v += p.SKUs[s].PackSize {
				if v > 0 && (v < p.SKUs[s].MinOrder || p.SKUs[s].MaxProduction != nil && v > p.SKUs[s].MaxProduction[t]) {
					continue
				}
				x[s][t] = v
				try(i + 1)
			}
			x[s][t] = 0
			return
		}
		cost := 0.0
		for s := range p.SKUs {
			sku, stock, unused := &p.SKUs[s], p.SKUs[s].Opening, p.SKUs[s].Opening
			for t, v := range x[s] {
				stock += v - sku.Demand[t]
				lost[s][t] = math.Max(0, -stock)
				stock, unused = math.Max(0, stock), math.Max(0, unused-sku.Demand[t])
				if sku.StorageCapacity > 0 && stock > math.Max(sku.StorageCapacity, unused) {
					return
				}
				short[s][t] = math.Max(0, sku.SafetyStock[t]-stock)
				cost += sku.ProductionCost*v + sku.HoldingCost*stock
				if v > 0 {
					cost += sku.OrderCost
				}
				if sku.Baseline != nil {
					cost += sku.ChangePrice[t] * math.Abs(v-sku.Baseline[t])
				}
			}
		}
		for t := range T {
			over := -p.Resources[0].Capacity[t]
			for s := range p.SKUs {
				over += x[s][t]
			}
			if over > 0 {
				if p.Resources[0].Overtime == nil || over > p.Resources[0].Overtime[t] {
					return
				}
				cost += over * p.Resources[0].OvertimeCost[t]
			}
		}
		f(lost, short, cost)
	}
	try(0)
}

// The bounds of a plan in lots that is short hold for every plan: that on cost for all that lose the same and are nowhere
// shorter, that on shortage and cost for all.
func TestBoundsOfShortLotsHold(t *testing.T) {
	shorts, gaps, before := 0, 0.0, 0.0
	rapid.Check(t, func(t *rapid.T) {
		p := tinyLots(t)
		p.Mode, p.Resources[0].Overtime, p.Resources[0].OvertimeCost = Elastic, nil, nil
		if len(p.SKUs) == 2 && len(p.Periods) == 3 {
			p.SKUs[0].PackSize, p.SKUs[1].PackSize = p.SKUs[0].PackSize+3, p.SKUs[1].PackSize+3
		}
		for s := range p.SKUs {
			p.SKUs[s].ShortageCost = float64(rapid.IntRange(0, 9).Draw(t, "shortage cost"))
		}
		plan := mustSolve(t, NewEngine(newDense, Options{}), p, nil)
		cert := plan.Certificate
		if !plan.short() {
			return
		}
		shorts++
		gaps += cert.RoundingGap
		without := *plan
		without.CostPrices, without.CostValues = nil, nil
		loose, err := Certify(p, &without)
		if err != nil {
			t.Fatal(err)
		}
		before += loose.RoundingGap
		weigh := func(lost, short [][]float64, cost float64) float64 {
			for s := range p.SKUs {
				sku := &p.SKUs[s]
				for u := range p.Periods {
					cost += plan.Weights.Loss*sku.shortageWeight()*lost[s][u] + p.shortfallPrice(plan.Weights, sku)*short[s][u]
				}
			}
			return cost
		}
		own := weigh(plan.Lost, plan.Shortfall, plan.Objective)
		least := own * (1 - cert.ShortageGap)
		eachTiny(p, func(lost, short [][]float64, cost float64) {
			if w := weigh(lost, short, cost); w < least-1e-5*(1+own) {
				t.Fatalf("weighed %g, the bound is %g", w, least)
			}
			for s := range p.SKUs {
				for u := range p.Periods {
					if math.Abs(lost[s][u]-plan.Lost[s][u]) > 1e-6 || short[s][u] > plan.Shortfall[s][u]+1e-6 {
						return
					}
				}
			}
			if cost < cert.Bound-1e-5*(1+math.Abs(cost)) {
				t.Fatalf("cost %g, the bound is %g", cost, cert.Bound)
			}
		})
	})
	t.Logf("%d plans short, mean gap %.3g, without prices of cost %.3g", shorts, gaps/float64(shorts), before/float64(shorts))
}
