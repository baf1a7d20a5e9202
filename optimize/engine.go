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
	// Workers is how many components are solved at once; 0 means one a core. Plans do not depend on it.
	Workers int
	// GuidedRows is the number of stock rows from which on a component that shares capacity is solved by prices
	// rather than as a whole; 0 means 2,000, negative never. Plans do not depend on it.
	GuidedRows int
	// ConfirmEvery solves every so many-th warm problem again without a start, on solvers of its own, and counts
	// disagreements in Stats; 0: never. The cold plan is returned where they differ.
	ConfirmEvery int
}

// guidedRows is the size from which on prices are faster than a whole LP that is kept warm.
const guidedRows = 2000

// guides says whether m is solved by prices.
func (o *Options) guides(m *model) bool {
	least := o.GuidedRows
	if least == 0 {
		least = guidedRows
	}
	return least > 0 && len(m.p.SKUs)*m.T >= least
}

// Engine solves one site's problems one after the other. Each is split into components: SKUs that share limited
// resources are one LP, which stays loaded in a Solver, so that a problem that differs from the last
// one only in numbers is a change of numbers and a few simplex steps; an SKU without limited resources is
// solved alone, as a flow on a path. One goroutine at a time.
type Engine struct {
	newSolver func() Solver
	opts      Options

	sessions map[string]*session // of coupled components, by the name of their first resource
	start    *Start              // the last bases by names
	unsplit  bool                // one LP for everything, for tests
	lots     *Engine             // plans what follows from chosen lots; nil until it is needed

	warm, disagreements int // warm solves, and those that a cold one did not confirm
}

// NewEngine returns an Engine on solvers made by newSolver. It starts nothing.
func NewEngine(newSolver func() Solver, opts Options) *Engine {
	return &Engine{newSolver: newSolver, opts: opts}
}

// Close frees the solvers. The Engine can be used again and then starts cold.
func (e *Engine) Close() error {
	var errs []error
	for _, s := range e.sessions {
		errs = append(errs, s.close())
	}
	if e.lots != nil {
		errs = append(errs, e.lots.Close())
	}
	e.sessions, e.start, e.lots = nil, nil, nil
	return errors.Join(errs...)
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
	if inf := p.impossibleSKU(); inf != nil {
		return &Plan{Status: Infeasible, Infeasibility: inf}, nil
	}
	solve := e.plan
	if p.lots() {
		solve = e.planLots
	}
	plan, err := solve(ctx, p, start)
	if err == nil {
		err = ctx.Err()
	}
	if err == nil && plan.Status == Optimal {
		plan.Certificate, err = certify(ctx, p, plan)
	}
	if err != nil {
		return nil, e.failed(err)
	}
	if plan, err = e.confirm(ctx, p, plan); err != nil {
		return nil, e.failed(err)
	}
	plan.Stats.Seconds = time.Since(began).Seconds()
	return plan, nil
}

// failed forgets the solvers' state, so that the next solve starts cold, and marks err.
func (e *Engine) failed(err error) error {
	err = errors.Join(err, e.Close())
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, ErrSolver) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrSolver, err)
}

// plan solves the components and puts their plans together.
func (e *Engine) plan(ctx context.Context, p *Problem, start *Start) (*Plan, error) {
	run := &solving{engine: e, p: p, plan: newPlan(p)}
	own := start == nil || start == e.start
	if own {
		start = e.start
	}
	if start != nil {
		run.known = start.index()
	}
	components := p.components()
	if e.unsplit && len(p.SKUs) > 0 {
		components = p.together()
	}
	run.tasks = make([]task, len(components))
	sessions := make(map[string]*session)
	for i, c := range components {
		k := &run.tasks[i]
		k.component = c
		if len(c.resources) == 0 && !e.unsplit {
			continue
		}
		name := ""
		if len(c.resources) > 0 {
			name = p.Resources[c.resources[0]].Name
		}
		if k.session = e.sessions[name]; k.session == nil {
			k.session = &session{newSolver: e.newSolver, opts: e.opts}
		}
		k.own = own
		sessions[name] = k.session
	}
	for name, s := range e.sessions {
		if sessions[name] == nil {
			if err := s.close(); err != nil {
				return nil, err
			}
		}
	}
	e.sessions = sessions
	if err := run.all(ctx); err != nil {
		return nil, err
	}
	return run.collect(ctx)
}
