package optimize

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Options tune an Engine. The zero value is what the service uses.
type Options struct {
	// MaxIterations limits each LP; 0 means 100,000 plus ten per row. A solve that reaches it fails with ErrSolver.
	MaxIterations int
}

// Engine solves one site's problems one after the other. It keeps the last model loaded in its Solver, so
// a problem that differs from the last one only in numbers is a change of numbers and a few simplex
// steps. One goroutine at a time.
type Engine struct {
	newSolver func() Solver
	opts      Options

	solver Solver
	loaded *LP    // what the solver holds; nil: nothing
	model  *model // the last solved model, and
	basis  *Basis // its optimal basis
	start  *Start // the same by names
}

// NewEngine returns an Engine on solvers made by newSolver. It starts nothing.
func NewEngine(newSolver func() Solver, opts Options) *Engine {
	return &Engine{newSolver: newSolver, opts: opts}
}

// Close frees the solver. The Engine can be used again and then starts cold.
func (e *Engine) Close() error {
	e.loaded, e.model, e.basis, e.start = nil, nil, nil, nil
	if e.solver == nil {
		return nil
	}
	s := e.solver
	e.solver = nil
	return s.Close()
}

// Solve returns the certified optimum of p, or a Plan with status Infeasible when p is strict and has
// no plan. start is where to begin: a stored [Plan.Start]; nil means the Engine's own last solve,
// and without one the just-in-time basis. The plan does not depend on it, only the time does.
//
// Errors: ErrProblem when p does not pass Check, ErrSolver when the solver failed or its answer did
// not pass the certificate, ctx.Err() when ctx ended.
func (e *Engine) Solve(ctx context.Context, p *Problem, start *Start) (*Plan, error) {
	began := time.Now()
	if err := p.Check(); err != nil {
		return nil, err
	}
	if len(p.SKUs) == 0 {
		return e.finish(p, emptyPlan(p), nil, began)
	}
	asked := p
	var gap float64
	if p.whole() {
		p = p.roundedUp()
	}
	if inf := p.impossibleSKU(); inf != nil {
		return &Plan{Status: Infeasible, Infeasibility: inf}, nil
	}
	r, err := e.optimum(ctx, p, start)
	if err != nil && ctx.Err() == nil && (start != nil || e.start != nil) { // a bad start must not cost the plan
		if err = e.Close(); err == nil {
			r, err = e.optimum(ctx, p, nil)
		}
	}
	if err == nil && r.infeasible {
		inf, err := e.explainCapacity(ctx, p)
		if err != nil {
			return nil, e.failed(err)
		}
		r.stats.Seconds = time.Since(began).Seconds()
		return &Plan{Status: Infeasible, Infeasibility: inf, Stats: r.stats}, nil
	}
	if err != nil {
		return nil, e.failed(err)
	}
	if asked.whole() {
		if r, gap, err = e.wholeUnits(ctx, r); err != nil {
			return nil, e.failed(err)
		}
		if r.infeasible {
			return &Plan{Status: Infeasible, Infeasibility: &Infeasibility{Cause: "rounding"}, Stats: r.stats}, nil
		}
	}
	plan := r.clean(asked)
	plan.Certificate.RoundingGap = gap
	return e.finish(asked, plan, r, began)
}

// finish certifies the plan.
func (e *Engine) finish(p *Problem, plan *Plan, r *result, began time.Time) (*Plan, error) {
	gap := plan.Certificate.RoundingGap
	cert, err := Certify(p, plan)
	if err != nil {
		return nil, e.failed(err)
	}
	cert.RoundingGap = gap
	plan.Certificate = cert
	if r != nil {
		plan.Stats = r.stats
		plan.Start = r.start
	}
	plan.Stats.Seconds = time.Since(began).Seconds()
	return plan, nil
}

// failed forgets the solver's state, so that the next solve starts cold, and marks err.
func (e *Engine) failed(err error) error {
	err = errors.Join(err, e.Close())
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, ErrSolver) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrSolver, err)
}

// result is an optimum in the LP's terms.
type result struct {
	infeasible bool
	m          *model
	duals      *Solution // the optimum that prices come from
	x          []float64 // the canonical optimum
	start      *Start
	stats      Stats
}

// optimum finds the lexicographic optimum of p, ties broken.
func (e *Engine) optimum(ctx context.Context, p *Problem, start *Start) (*result, error) {
	m := formulate(p, p.defaultWeights())
	if m.conflict {
		return nil, fmt.Errorf("contradictory bounds in a problem that passed its checks")
	}
	r := &result{m: m}
	basis := e.startingBasis(m, start, &r.stats)
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
		m, basis = formulate(p, raised), sol.Basis
	}
	e.model, e.basis, e.start = r.m, r.duals.Basis, r.m.pack(r.duals.Basis)
	r.start = e.start
	return r, nil
}

// startingBasis chooses where to begin.
func (e *Engine) startingBasis(m *model, start *Start, stats *Stats) *Basis {
	switch {
	case (start == nil || start == e.start) && e.model != nil && e.model.lp.sameMatrix(m.lp) && sameNames(e.model.p, m.p):
		stats.Warm = true
		return e.basis
	case start == nil && e.start != nil:
		start = e.start
		fallthrough
	case start != nil:
		stats.Warm = true
		return m.unpack(start)
	}
	return m.justInTime()
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
func (e *Engine) run(ctx context.Context, lp *LP, start *Basis, method Method, stats *Stats) (*Solution, error) {
	if e.solver == nil {
		e.solver, e.loaded = e.newSolver(), nil
	}
	var err error
	if e.loaded != nil && e.loaded.sameMatrix(lp) {
		err = e.solver.Change(lp)
	} else {
		err = e.solver.Load(lp)
	}
	if err != nil {
		e.loaded = nil
		return nil, err
	}
	e.loaded = lp
	limit := e.opts.MaxIterations
	if limit == 0 {
		limit = 100_000 + 10*lp.Rows()
	}
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

// emptyPlan is the plan of a problem without SKUs.
func emptyPlan(p *Problem) *Plan {
	R, T := len(p.Resources), len(p.Periods)
	return &Plan{Status: Optimal, Weights: p.defaultWeights(), Overtime: matrix(R, T), Prices: matrix(R, T)}
}
