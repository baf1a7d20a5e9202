package optimize

import (
	"context"
	"errors"
	"fmt"
	"math"
)

// leastShortage is the least weighted loss of a problem and, with that, the least weighted shortfall: the minima of two LPs
// that differ from the problem's in their costs alone. They depend on no price of shortage or of change.
type leastShortage struct {
	loss, shortfall float64 // NaN: not known

	lossPrices, shortfallPrices []float64 // of shared rows, where they were found by prices
}

// unknownShortage knows nothing yet.
func unknownShortage() *leastShortage { return &leastShortage{loss: math.NaN(), shortfall: math.NaN()} }

// findLeast works out r.least from the two costs, the shortfall only if it is asked for. Each stage starts at the optimum of
// the one before: usually no step is needed. Between them the optimal face of the first is kept by fixing what has a reduced
// cost (strict complementarity is not needed: any optimal dual describes the whole face).
func (e *session) findLeast(ctx context.Context, r *result, loss, shortfall []float64, lossOnly bool) error {
	at := e
	if e.guided {
		var leave func()
		if at, leave = e.beside(); at == nil {
			return errors.New("no plan to begin the stages at")
		}
		defer leave()
	}
	lp := r.m.lp.clone()
	lp.Cost, lp.Offset = loss, 0
	first, err := at.stage(ctx, lp, r.duals.Basis, r)
	if err != nil {
		return fmt.Errorf("the loss stage: %w", err)
	}
	r.least.loss = first.Objective
	if e.guided {
		r.least.lossPrices = first.Basis.Prices
	}
	if lossOnly {
		return nil
	}
	lp = lp.clone()
	fixFace(lp, first)
	lp.Cost = shortfall
	second, err := at.stage(ctx, lp, first.Basis, r)
	if err != nil {
		return fmt.Errorf("the shortfall stage: %w", err)
	}
	r.least.shortfall = second.Objective
	if e.guided {
		r.least.shortfallPrices = second.Basis.Prices
	}
	return nil
}

// stage solves one stage, which has an optimum: the plan in r keeps to its rows. By prices it begins at the last plan.
func (e *session) stage(ctx context.Context, lp *LP, start *Basis, r *result) (*Solution, error) {
	if e.guided {
		start = nil
	}
	sol, err := e.run(ctx, lp, start, PrimalSimplex, &r.stats)
	if err == nil && sol.Status != LPOptimal {
		err = fmt.Errorf("is %v", sol.Status)
	}
	return sol, err
}

// beside is a session by prices for other costs and bounds of the LP that e has just solved. It begins at e's plan and leaves e's
// memory as it is. leave ends it.
func (e *session) beside() (s *session, leave func()) {
	g, ok := e.solver.(*guided)
	if !ok || g.last == nil {
		return nil, nil
	}
	other := &guided{inner: g.inner, solver: g.solver, eps: g.eps, lp: g.lp, last: g.last}
	return &session{newSolver: e.newSolver, opts: e.opts, guided: true, solver: other, loaded: e.loaded}, func() {
		g.solver, other.solver = other.solver, nil
		_ = other.Close() // holds no solver
	}
}

// raised is where to begin at other weights, from the prices b at present ones. Prices are the sum of the stages': weights times
// what a unit of room saves of loss, of shortfall, and of cost.
func (l *leastShortage) raised(b *Basis, from, to Weights) *Basis {
	if b == nil || b.Prices == nil {
		return b
	}
	b = b.Clone()
	for k := range b.Prices {
		b.Prices[k] += (to.Loss-from.Loss)*at(l.lossPrices, k) + (to.Shortfall-from.Shortfall)*at(l.shortfallPrices, k)
	}
	return b
}
