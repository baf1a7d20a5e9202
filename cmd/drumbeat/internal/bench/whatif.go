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

const (
	whatIfQuestions = 2000 // are asked
	whatIfCold      = 20   // every so many-th of them also of a peer that knows nothing
)

// WhatIf measures a what-if question on a small site, one caller: three SKUs that share a factory which is short of
// capacity in their season, 13 months, each time at another capacity. A question is model, LPs, ties,
// certificate and comparison. If highs is not nil, HiGHS solves the same LPs in turns, each from the last basis after its bounds
// changed, and some from nothing: LPs are all it is asked for. It fails where the optima differ.
func WhatIf(ctx context.Context, highs *Highs, report func(Row)) (err error) {
	p := whatIfProblem()
	engine := optimize.NewEngine(clp.New, optimize.Options{})
	defer func() { err = errors.Join(err, engine.Close()) }()
	plan, err := engine.Solve(ctx, p, nil)
	if err != nil {
		return fmt.Errorf("bench: what-if: %w", err)
	}
	box := optimize.NewSandbox(clp.New, optimize.Options{}, p, plan)
	defer func() { err = errors.Join(err, box.Close()) }()
	var lp *optimize.LP // what HiGHS holds
	if highs != nil {
		lp = plainLP(p, plan.Weights)
		if err = highs.load(ctx, lp); err == nil {
			_, err = highs.cold(ctx, "simplex")
		}
		if err != nil {
			return err
		}
	}
	clock, processor, peer, peerProcessor, peerCold := 0.0, 0.0, 0.0, 0.0, 0.0
	for i := range whatIfQuestions {
		capacity := 14500 - 50*float64(i%50)
		began, used := time.Now(), cpu()
		a, err := box.WhatIf(ctx, &optimize.Overrides{Resources: []optimize.ResourceOverride{{Capacity: &capacity}}})
		clock, processor = clock+since(began), processor+(cpu()-used).Seconds()
		if err == nil && (a.Status != optimize.Optimal || len(a.Loads) != len(p.Periods)) {
			err = fmt.Errorf("status %s", a.Status)
		}
		if err != nil {
			return fmt.Errorf("bench: what-if: %w", err)
		}
		if highs == nil {
			continue
		}
		next := plainLP(a.Problem, plan.Weights)
		b, err := highs.warm(ctx, lp, next)
		if err != nil {
			return err
		}
		ours := weighted(a.Problem, a.Plan, plan.Weights)
		if off := math.Abs(ours-b.Objective) / b.Objective; !b.Optimal || off > besideOff {
			return fmt.Errorf("bench: what-if: capacity %g: %.12g, %v finds %.12g", capacity, ours, highs, b.Objective)
		}
		lp, peer, peerProcessor = next, peer+b.seconds(), peerProcessor+b.Processor
		if i%whatIfCold == 0 {
			if err = highs.load(ctx, next); err == nil {
				b, err = highs.cold(ctx, "simplex")
			}
			if err != nil {
				return err
			}
			peerCold += b.seconds() * whatIfCold
		}
	}
	row := func(name, metric string, value float64, unit string) {
		report(Row{Bench: "what-if", Case: name, Metric: metric, Value: value, Unit: unit})
	}
	row("3x13", "warm_milliseconds", 1000*clock/whatIfQuestions, "ms")
	row("3x13", "warm_processor_milliseconds", 1000*processor/whatIfQuestions, "ms")
	if highs != nil {
		name := fmt.Sprintf("3x13 beside %v", highs)
		row(name, "peer_warm_milliseconds", 1000*peer/whatIfQuestions, "ms")
		row(name, "peer_warm_processor_milliseconds", 1000*peerProcessor/whatIfQuestions, "ms")
		row(name, "peer_cold_milliseconds", 1000*peerCold/whatIfQuestions, "ms")
		row(name, "warm_ratio", peer/clock, "1")
		row(name, "warm_processor_ratio", peerProcessor/processor, "1")
		row(name, "cold_ratio", peerCold/clock, "1")
	}
	return nil
}

// whatIfProblem is the site with its present capacity.
func whatIfProblem() *optimize.Problem {
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
