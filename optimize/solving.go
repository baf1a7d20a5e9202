package optimize

import (
	"context"
	"errors"
	"math"
	"runtime"
	"sync"
	"sync/atomic"
)

// solving is one call of Solve.
type solving struct {
	engine  *Engine
	p       *Problem
	plan    *Plan
	weights Weights
	known   *startIndex // nil: cold
	tasks   []task
}

// task is one component of a solve and what became of it.
type task struct {
	component
	session *session // nil: an SKU on its own
	own     bool     // the session's last basis may be used

	err              error
	infeasible       bool
	cold             bool // although a start was known
	guided, fallback bool // solved by prices; meant to be
	written          bool // its part of the plan, at lower weights
	weights          Weights
	raised           []Row
	stability        float64 // NaN: not worked out
	stats            Stats
	blocks           []Block
	least            *leastShortage
	prices           *Basis // at the weights of the last pass, by prices
}

// all solves every component at the same shortage prices: if one needs higher ones, the others that are short of anything
// are solved again at those, as the plan states one pair that proves all of it.
func (s *solving) all(ctx context.Context) error {
	s.weights = s.p.defaultWeights()
	if s.known != nil && s.p.Shortages != Economic { // what the last plan had to be raised to
		s.weights.Shortfall = math.Max(s.weights.Shortfall, s.known.weights.Shortfall)
		s.weights.Loss = math.Max(s.weights.Loss, s.known.weights.Loss)
	}
	for {
		if err := s.pass(ctx); err != nil {
			return err
		}
		most := s.weights
		for i := range s.tasks {
			most.Shortfall = math.Max(most.Shortfall, s.tasks[i].weights.Shortfall)
			most.Loss = math.Max(most.Loss, s.tasks[i].weights.Loss)
		}
		s.weights = most
		done := true
		for i := range s.tasks {
			if k := &s.tasks[i]; k.written && k.weights != most && !s.plan.part(k.component).short() {
				k.weights = most // where nothing is short, its price does not matter
			}
			done = done && (s.tasks[i].infeasible || s.tasks[i].weights == most)
		}
		if done {
			return nil
		}
	}
}

// pass solves the tasks that are not solved at the present weights, each worker the next one that is left.
func (s *solving) pass(ctx context.Context) error {
	workers := s.engine.opts.Workers
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	var next atomic.Int64
	var failed atomic.Bool
	var wait sync.WaitGroup
	for range min(workers, len(s.tasks)) {
		wait.Add(1)
		go func() {
			defer wait.Done()
			alone := &session{newSolver: func() Solver { return &path{} }, opts: s.engine.opts}
			for !failed.Load() {
				i := int(next.Add(1) - 1)
				if i >= len(s.tasks) {
					return
				}
				k := &s.tasks[i]
				if k.infeasible || k.weights == s.weights {
					continue
				}
				if k.err = s.solve(ctx, k, alone); k.err != nil {
					failed.Store(true)
				}
			}
		}()
	}
	wait.Wait()
	for i := range s.tasks {
		if s.tasks[i].err != nil {
			return s.tasks[i].err
		}
	}
	return nil
}

// solve solves one component and writes its part of the plan. alone is the worker's session for single SKUs.
func (s *solving) solve(ctx context.Context, k *task, alone *session) (err error) {
	if err := ctx.Err(); err != nil {
		return err
	}
	p := s.p.part(k.component)
	if k.session != nil && p.overdrawn() {
		k.infeasible, k.weights, k.stability = true, s.weights, math.NaN()
		return nil
	}
	at, basis := alone, (*Basis)(nil)
	if k.session != nil {
		at = k.session
	}
	m, err := at.formulate(ctx, p, s.weights)
	if err != nil {
		return err
	}
	if k.session != nil {
		k.guided = at.opts.guides(m)
		if err := at.by(k.guided); err != nil {
			return err
		}
		switch {
		case at.guided && k.prices != nil:
			basis = k.least.raised(k.prices, k.weights, s.weights)
		case at.guided && s.known == nil:
		case at.guided:
			basis = m.unpackPrices(s.known)
		case k.own && at.fits(m):
			basis = at.basis
		case s.known != nil:
			basis = m.unpack(s.known)
		default:
			basis = m.justInTime()
		}
	}
	if k.least == nil {
		k.least = unknownShortage()
	}
	r, err := at.optimum(ctx, m, basis, k.least)
	if err != nil && ctx.Err() == nil { // a bad start must not cost the plan, nor an SKU that is no path
		if k.session == nil {
			spare := &session{newSolver: s.engine.newSolver, opts: s.engine.opts}
			defer func() { err = errors.Join(err, spare.close()) }()
			at = spare
		} else if err = errors.Join(at.by(false), at.close()); err != nil {
			return err
		}
		k.cold, k.fallback = k.session != nil, k.session != nil && k.guided
		k.guided = false
		r, err = at.optimum(ctx, m, m.justInTime(), k.least)
	}
	if err == nil && !r.infeasible && (k.session == nil || m.affordable(at.guided)) {
		k.stability, err = at.stability(ctx, r)
	} else {
		k.stability = math.NaN()
	}
	if err != nil {
		return err
	}
	k.infeasible, k.weights, k.stats = r.infeasible, r.m.weights, r.stats
	if r.infeasible {
		return nil
	}
	k.raised = r.m.raised
	switch {
	case k.session != nil && at.guided:
		k.blocks, k.prices = r.m.packPrices(r.duals.Basis.Prices), r.duals.Basis
	case k.session != nil:
		k.blocks = r.m.pack(r.duals.Basis)
	}
	part := s.plan.part(k.component)
	if k.written {
		part.clear()
	}
	k.written = true
	if err := r.clean(ctx, p, part); err != nil {
		return err
	}
	if k.guided {
		at.keep(r.m)
	}
	return nil
}

// collect finishes the plan, or says why there is none.
func (s *solving) collect(ctx context.Context) (*Plan, error) {
	plan := s.plan
	plan.Weights = s.weights
	plan.Stats.Warm = s.known != nil
	start := &Start{Periods: append([]string(nil), s.p.Periods...)}
	infeasible := false
	for i := range s.tasks {
		k := &s.tasks[i]
		plan.Stats.Components++
		if k.guided {
			plan.Stats.Guided++
		}
		if k.fallback {
			plan.Stats.Fallbacks++
		}
		plan.Stats.Rows += k.stats.Rows
		plan.Stats.Columns += k.stats.Columns
		plan.Stats.Iterations += k.stats.Iterations
		plan.Stats.Stages += k.stats.Stages
		plan.Stats.Warm = plan.Stats.Warm && !k.cold
		infeasible = infeasible || k.infeasible
		for _, row := range k.raised {
			row.Resource = k.resources[row.Resource]
			plan.RaisedRows = append(plan.RaisedRows, row)
		}
		start.Blocks = append(start.Blocks, k.blocks...)
	}
	if infeasible {
		inf, err := s.explain(ctx)
		return &Plan{Status: Infeasible, Infeasibility: inf, Stats: plan.Stats}, err
	}
	if plan.short() {
		start.Weights = s.weights
	}
	plan.costs(s.p)
	for i := range s.tasks {
		plan.Cost.Stability += s.tasks[i].stability
	}
	if math.IsNaN(plan.Cost.Stability) {
		plan.Cost.Stability = 0
	}
	plan.moves(s.p)
	plan.Start, s.engine.start = start, start
	return plan, nil
}
