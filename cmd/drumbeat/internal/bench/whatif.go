package bench

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"drumbeat/optimize"
	"drumbeat/optimize/clp"
)

// whatIfQuestions is how many questions are asked.
const whatIfQuestions = 2000

// WhatIf measures a what-if question on a small site, one caller: three SKUs that share a factory which is short of
// capacity in their season, 13 months, each time at another capacity. A question is model, LPs, ties,
// certificate and comparison.
func WhatIf(ctx context.Context, report func(Row)) (err error) {
	p := smallSite()
	engine := optimize.NewEngine(clp.New, optimize.Options{})
	defer func() { err = errors.Join(err, engine.Close()) }()
	plan, err := engine.Solve(ctx, p, nil)
	if err != nil {
		return fmt.Errorf("bench: what-if: %w", err)
	}
	box := optimize.NewSandbox(clp.New, optimize.Options{}, p, plan)
	defer func() { err = errors.Join(err, box.Close()) }()
	began := time.Now()
	for i := range whatIfQuestions {
		capacity := 14500 - 50*float64(i%50)
		a, err := box.WhatIf(ctx, &optimize.Overrides{Resources: []optimize.ResourceOverride{{Capacity: &capacity}}})
		if err == nil && (a.Status != optimize.Optimal || len(a.Loads) != len(p.Periods)) {
			err = fmt.Errorf("status %s", a.Status)
		}
		if err != nil {
			return fmt.Errorf("bench: what-if: %w", err)
		}
	}
	report(Row{Bench: "what-if", Case: "3x13", Metric: "warm_milliseconds", Value: 1000 * time.Since(began).Seconds() / whatIfQuestions, Unit: "ms"})
	return nil
}

// smallSite is what WhatIf asks about.
func smallSite() *optimize.Problem {
	const months = 13
	p := &optimize.Problem{Mode: optimize.Elastic, Resources: []optimize.Resource{{Name: "factory"}}}
	for i, mean := range []float64{5000, 10, 6500} {
		sku := optimize.SKU{Name: fmt.Sprintf("SKU-%03d", i+1), ProductionCost: 10 + 5*float64(i), HoldingCost: 2, Opening: mean / 10,
			Uses: []optimize.Use{{Resource: 0, Amount: 1}}}
		for t := range months {
			sku.Demand = append(sku.Demand, math.Round(mean*(1+0.9*math.Sin(2*math.Pi*float64(t-4)/12+0.2*float64(i)))))
			sku.SafetyStock = append(sku.SafetyStock, math.Round(mean/30))
		}
		p.SKUs = append(p.SKUs, sku)
	}
	for t := range months {
		p.Periods = append(p.Periods, fmt.Sprintf("m%02d", t+1))
		p.Resources[0].Capacity = append(p.Resources[0].Capacity, 13500)
	}
	return p
}
