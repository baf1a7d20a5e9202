package optimize

import (
	"context"
	"errors"
	"fmt"
)

// session solves LPs one after the other and keeps the last one in its Solver. One goroutine at a time.
type session struct {
	newSolver func() Solver
	opts      Options
	guided    bool // the LPs are solved by prices, with solvers from newSolver inside

	solver Solver
	loaded *LP    // what the solver holds; nil: nothing
	model  *model // the last model that was solved to an optimum, and
	basis  *Basis // its basis

	aside   *session // of the problem without change prices, by prices; nil until it is needed
	kept    *model   // what the solver by prices has read last, if it is to be written on
	rewrote []int32  // its SKUs that have been written since; nil: any

	periods []uint64 // tie seeds of the periods
	named   []string // whose seeds they are
}

// close frees the solver. The session can be used again and then starts cold.
func (e *session) close() error {
	e.loaded, e.model, e.basis, e.kept, e.rewrote = nil, nil, nil, nil, nil
	var err error
	if e.aside != nil {
		err, e.aside = e.aside.close(), nil
	}
	if s := e.solver; s != nil {
		e.solver = nil
		err = errors.Join(err, s.Close())
	}
	return err
}

// by makes the session solve by prices or as a whole.
func (e *session) by(guided bool) error {
	if e.guided == guided {
		return nil
	}
	e.guided = guided
	return e.close()
}

// formulate writes p as an LP: by prices, on the last one where only numbers have changed.
func (e *session) formulate(ctx context.Context, p *Problem, w Weights) (*model, error) {
	m := e.kept
	e.kept = nil
	if m != nil {
		var ok bool
		if e.rewrote, ok = m.reformulate(p, w); ok {
			return m, nil
		}
		m.release()
	}
	return formulateWithin(ctx, p, w)
}

// keep keeps a model that was solved by prices for the next problem.
func (e *session) keep(m *model) {
	if m.frame == 0 {
		m.remember()
	}
	if g, ok := e.solver.(*guided); ok {
		g.last = nil
	}
	m.p = nil
	e.kept, e.model, e.loaded = m, nil, nil
}

// result is an optimum in the LP's terms.
type result struct {
	infeasible bool
	m          *model
	duals      *Solution // the optimum that prices come from
	x          []float64 // the canonical optimum
	stats      Stats
	least      *leastShortage
}

// optimum finds the lexicographic optimum of m's problem, ties broken, from basis. The result's model has larger
// weights where m's do not reach the least shortage. least is what is known of that already.
func (e *session) optimum(ctx context.Context, m *model, basis *Basis, least *leastShortage) (*result, error) {
	if m.conflict {
		return nil, fmt.Errorf("contradictory bounds in a problem that passed its checks")
	}
	r := &result{m: m, least: least}
	r.stats.Rows, r.stats.Columns = m.lp.Rows(), m.lp.Columns()
	for raises := 0; ; raises++ {
		sol, err := e.run(ctx, m.lp, basis, DualSimplex, &r.stats)
		if err != nil {
			return nil, err
		}
		if sol.Status == LPInfeasible {
			r.infeasible = true
			return r, nil
		}
		r.m, r.duals = m, sol
		if err := e.breakTies(ctx, r); err != nil {
			return nil, err
		}
		raised, err := e.checkStages(ctx, r)
		if err != nil {
			return nil, err
		}
		if raised == m.weights {
			break
		}
		if raises == 6 {
			return nil, fmt.Errorf("shortage prices of %g and %g times the shortage cost do not reach the least shortage",
				m.weights.Shortfall, m.weights.Loss)
		}
		basis = least.raised(sol.Basis, m.weights, raised)
		if m, err = formulateWithin(ctx, m.p, raised); err != nil {
			return nil, err
		}
	}
	e.model, e.basis = r.m, r.duals.Basis
	return r, nil
}

// fits says whether the last basis is one of m as it stands.
func (e *session) fits(m *model) bool {
	return e.model != nil && e.basis != nil && e.model.lp.sameMatrix(m.lp) && sameNames(e.model.p, m.p)
}

func sameNames(a, b *Problem) bool {
	if len(a.Periods) != len(b.Periods) || len(a.SKUs) != len(b.SKUs) {
		return false
	}
	for t := range a.Periods {
		if a.Periods[t] != b.Periods[t] {
			return false
		}
	}
	for s := range a.SKUs {
		if a.SKUs[s].Name != b.SKUs[s].Name {
			return false
		}
	}
	return true
}

// run solves lp, by a change of numbers if the solver holds the same matrix.
func (e *session) run(ctx context.Context, lp *LP, start *Basis, method Method, stats *Stats) (*Solution, error) {
	if err := ctx.Err(); err != nil { // reading an LP takes time as well
		return nil, err
	}
	if e.solver == nil {
		e.loaded = nil
		if e.guided {
			e.solver = newGuided(e.newSolver)
		} else {
			e.solver = e.newSolver()
		}
	}
	var err error
	rewrote := e.rewrote
	e.rewrote = nil
	if g, ok := e.solver.(*guided); ok && rewrote != nil {
		err = g.Rewritten(lp, rewrote)
	} else if e.loaded != nil && e.loaded.sameMatrix(lp) {
		err = e.solver.Change(lp)
	} else {
		err = e.solver.Load(lp)
	}
	if err != nil {
		e.loaded = nil
		return nil, err
	}
	e.loaded = lp
	limit := e.limit(lp)
	sol, err := e.solver.Solve(ctx, start, method, limit)
	if err != nil {
		return nil, err
	}
	stats.Iterations += sol.Iterations
	stats.Stages++
	switch sol.Status {
	case LPOptimal, LPInfeasible:
		return sol, nil
	case LPStopped:
		return nil, fmt.Errorf("no optimum within %d iterations", limit)
	}
	return nil, fmt.Errorf("the LP is %v", sol.Status)
}

// limit is the most iterations that lp may take.
func (e *session) limit(lp *LP) int {
	if e.opts.MaxIterations != 0 {
		return e.opts.MaxIterations
	}
	return 100_000 + 10*lp.Rows()
}
