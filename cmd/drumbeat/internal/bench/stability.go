package bench

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"drumbeat/optimize"
	"drumbeat/optimize/clp"
)

// The rolling run of the stability sweep.
const (
	rollHorizon   = 26 // weeks planned
	rollWeeks     = 26 // re-plans
	rollResources = 4
	rollFrozen    = 1
	rollSlack     = 1.1  // capacity over the mean load
	rollRevision  = 0.05 // standard deviation by which a forecast changes in a week, of itself
	rollError     = 0.2  // and by which the demand of a week differs from its last forecast
)

// changePrices are what the sweep tries, in periods of holding cost; 2 is the default of a site.
var changePrices = []float64{0, 0.5, 1, 2, 4}

// Stability measures what plans that people can follow cost: the same weeks are planned again and again, each time with
// forecasts that have changed, at several prices of change. Cost is what the executed weeks cost: production and
// holding, lost sales at their production cost. It fails if frozen production moves.
func Stability(skus int) func(ctx context.Context, report func(Row)) error {
	return func(ctx context.Context, report func(Row)) error {
		free := 0.0
		for _, k := range changePrices {
			r, err := roll(ctx, skus, k)
			if err != nil {
				return fmt.Errorf("bench: stability: %w", err)
			}
			if k == 0 {
				free = r.cost
			}
			name := fmt.Sprintf("%d SKUs, k %g", skus, k)
			for _, v := range []Row{{Metric: "moved", Value: 100 * r.moved / r.planned, Unit: "%"}, {Metric: "moved_units", Value: r.moved, Unit: "units"},
				{Metric: "cost", Value: r.cost, Unit: "money"}, {Metric: "cost_change", Value: 100 * (r.cost/free - 1), Unit: "%"},
				{Metric: "lost", Value: 100 * r.lost / r.demand, Unit: "%"}, {Metric: "frozen_moves", Value: float64(r.frozen), Unit: "1"},
				{Metric: "seconds", Value: r.seconds / rollWeeks, Unit: "s"}} {
				v.Bench, v.Case = "stability", name
				report(v)
			}
			if r.frozen != 0 {
				return fmt.Errorf("bench: stability: %d frozen values moved at k %g", r.frozen, k)
			}
		}
		return nil
	}
}

// rolled sums up a rolling run.
type rolled struct {
	moved, planned, cost, lost, demand, seconds float64
	frozen                                      int
}

// roll plans rollWeeks weeks, one after the other. The random numbers are the same for every change price.
func roll(ctx context.Context, skus int, k float64) (out rolled, err error) {
	r := rand.New(rand.NewPCG(uint64(skus), 26))
	forecast, stock := make([][]float64, skus), make([]float64, skus)
	base := &optimize.Problem{Mode: optimize.Elastic, Frozen: rollFrozen}
	load := make([]float64, rollResources)
	for i := range skus {
		mean := math.Exp(3 + 1.2*r.NormFloat64())
		phase, swing := 2*math.Pi*r.Float64()/4, 0.4*r.Float64() // seasons that peak within a quarter of a year of each other
		cost := math.Exp(2 + 0.7*r.NormFloat64())
		sku := optimize.SKU{Name: fmt.Sprintf("sku-%05d", i), ProductionCost: cost, HoldingCost: 0.005 * cost,
			Uses: []optimize.Use{{Resource: i % rollResources, Amount: 0.5 + r.Float64()}}, SafetyStock: make([]float64, rollHorizon)}
		for t := range rollWeeks + rollHorizon {
			forecast[i] = append(forecast[i], mean*(1+swing*math.Sin(2*math.Pi*float64(t)/52+phase)))
		}
		for t := range rollHorizon {
			sku.SafetyStock[t] = mean / 2
		}
		load[i%rollResources] += sku.Uses[0].Amount * mean
		stock[i] = mean * (1 + r.Float64())
		base.SKUs = append(base.SKUs, sku)
	}
	for i := range rollResources {
		res := optimize.Resource{Name: fmt.Sprintf("line-%d", i+1)}
		for range rollHorizon {
			res.Capacity = append(res.Capacity, rollSlack*load[i])
		}
		base.Resources = append(base.Resources, res)
	}
	engine := optimize.NewEngine(clp.New, optimize.Options{})
	defer func() { err = errors.Join(err, engine.Close()) }()
	var last *optimize.Plan
	for week := range rollWeeks {
		p := *base
		p.Periods = nil
		for t := range rollHorizon {
			p.Periods = append(p.Periods, fmt.Sprintf("w%02d", week+t+1))
		}
		p.SKUs = append([]optimize.SKU(nil), base.SKUs...)
		for i := range p.SKUs {
			sku := &p.SKUs[i]
			sku.Opening = stock[i]
			for t := range rollHorizon {
				sku.Demand = append(sku.Demand[:t:t], forecast[i][week+t])
			}
			if last != nil {
				anchor(sku, last.Production[i], k)
			}
		}
		began := time.Now()
		plan, err := engine.Solve(ctx, &p, nil)
		if err != nil {
			return out, err
		}
		out.seconds += time.Since(began).Seconds()
		out.moved += plan.MovedUnits
		out.frozen += plan.FrozenMoves
		for i := range p.SKUs {
			sku := &p.SKUs[i]
			for _, x := range plan.Production[i] {
				if last != nil {
					out.planned += x
				}
			}
			demand := forecast[i][week] * math.Max(0, 1+rollError*r.NormFloat64())
			lost := math.Max(0, demand-stock[i]-plan.Production[i][0])
			stock[i] = math.Max(0, stock[i]+plan.Production[i][0]-demand)
			out.demand, out.lost = out.demand+demand, out.lost+lost
			out.cost += sku.ProductionCost*(plan.Production[i][0]+lost) + sku.HoldingCost*stock[i]
			for t := week + 1; t < len(forecast[i]); t++ {
				forecast[i][t] *= math.Max(0.5, 1+rollRevision*r.NormFloat64())
			}
		}
		last = plan
	}
	return out, nil
}

// anchor ties sku to the plan of the week before: its production moves up by a week, the first is frozen, and
// change costs k periods of holding, less and less to the end of the horizon.
func anchor(sku *optimize.SKU, former []float64, k float64) {
	n := len(former)
	sku.Baseline, sku.HasBaseline, sku.ChangePrice = make([]float64, n), make([]bool, n), make([]float64, n)
	for t := range n - 1 {
		sku.Baseline[t], sku.HasBaseline[t] = former[t+1], true
		if t >= rollFrozen {
			sku.ChangePrice[t] = math.Min(k*sku.HoldingCost*float64(n-t)/float64(n-rollFrozen), 0.9*sku.ProductionCost)
		}
	}
	sku.Fixed = sku.Baseline[:rollFrozen]
}
