package solver

import (
	"fmt"
	"math"
	"slices"

	"drumbeat/optimize"
)

// errWrong marks an answer that is no plan of the problem.
var errWrong = fmt.Errorf("%w: wrong answer of the solver process", optimize.ErrSolver)

// check accepts a plan that a process answered with: its certificate is found anew and put in place of the one that
// came, and every figure that is published is recomputed. It shares nothing with the solver.
//
// An infeasible answer brings no certificate. Only a strict problem may have one, and it is believed unless a plan is
// easily found.
func check(p *optimize.Problem, plan *optimize.Plan) error {
	switch plan.Status {
	case optimize.Infeasible:
		if p.Mode != optimize.Strict || plan.Infeasibility == nil {
			return fmt.Errorf("%w: infeasible, mode %q", errWrong, p.Mode)
		}
		if err := optimize.RefuteInfeasible(p); err != nil {
			return fmt.Errorf("%w: %w", errWrong, err)
		}
		return nil
	case optimize.Optimal:
	default:
		return fmt.Errorf("%w: status %q", errWrong, plan.Status)
	}
	certificate, err := optimize.Certify(p, plan)
	if err != nil {
		return fmt.Errorf("%w: %w", errWrong, err)
	}
	plan.Certificate = certificate
	return checkFigures(p, plan)
}

// checkFigures compares costs and moves with what the quantities say. The certificate has found the objective right.
func checkFigures(p *optimize.Problem, plan *optimize.Plan) error {
	var production, holding, overtime, change, moved, shortage float64
	frozen := 0
	for s := range p.SKUs {
		a, b := plan.SKUCost(p, s)
		production, holding = production+a, holding+b
		v := movesOf(p, &p.SKUs[s], plan.Production[s])
		change, moved, frozen = change+v.cost, moved+v.units, frozen+v.frozen
	}
	for r := range p.Resources {
		for t, cost := range p.Resources[r].OvertimeCost {
			overtime += cost * plan.Overtime[r][t]
		}
	}
	if p.Shortages == optimize.Economic {
		shortage = plan.Objective - production - holding - overtime - change
	}
	for _, v := range [...]struct {
		name        string
		said, found float64
	}{
		{"production cost", plan.Cost.Production, production}, {"holding cost", plan.Cost.Holding, holding},
		{"overtime cost", plan.Cost.Overtime, overtime}, {"shortage cost", plan.Cost.Shortage, shortage},
		{"total cost", plan.Cost.Total, production + holding + overtime + shortage},
		{"moved units", plan.MovedUnits, moved}, {"frozen moves", float64(plan.FrozenMoves), float64(frozen)},
	} {
		if !(math.Abs(v.said-v.found) <= figureTolerance*max(1, math.Abs(v.found), math.Abs(plan.Objective))) {
			return fmt.Errorf("%w: %s %g, its quantities say %g", errWrong, v.name, v.said, v.found)
		}
	}
	if v := plan.Cost.Stability; math.IsNaN(v) || math.IsInf(v, 0) {
		return fmt.Errorf("%w: stability %g", errWrong, v)
	}
	return nil
}

// figureTolerance is how far sums in another order may be apart, relative to the objective.
const figureTolerance = 1e-9

type skuMoves struct {
	cost, units float64
	frozen      int
}

// movesOf measures the production x of an SKU against its baseline and what is frozen.
func movesOf(p *optimize.Problem, sku *optimize.SKU, x []float64) (v skuMoves) {
	for t := range x {
		if sku.Baseline != nil && (sku.HasBaseline == nil || sku.HasBaseline[t]) {
			off := math.Abs(x[t] - sku.Baseline[t])
			v.units += off / 2
			if sku.ChangePrice != nil {
				v.cost += sku.ChangePrice[t] * off
			}
		}
		pinned := slices.ContainsFunc(sku.Pins, func(pin optimize.Pin) bool { return pin.Period == t })
		if t < p.Frozen && t < len(sku.Fixed) && !pinned && math.Abs(x[t]-sku.Fixed[t]) > frozenGrain {
			v.frozen++
		}
	}
	return v
}

// frozenGrain is the step in which quantities are published.
const frozenGrain = 1e-6
