package optimize

import (
	"context"
	"errors"
	"math"
	"sort"
	"sync"
)

// Sandbox answers what-if questions about one plan without touching the Engine that made it. Every question is solved
// by an Engine of its own that starts from the plan; it is kept for the next question. Safe for
// concurrent use. The zero value is of no use; Close frees the solvers.
type Sandbox struct {
	newSolver func() Solver
	opts      Options
	p         *Problem
	plan      *Plan

	mu   sync.Mutex
	idle []*Engine
	done bool
}

// maxIdle is how many engines wait for the next question.
const maxIdle = 4

// NewSandbox returns a Sandbox for plan, which is a plan of p. Neither may change afterwards. It starts nothing.
func NewSandbox(newSolver func() Solver, opts Options, p *Problem, plan *Plan) *Sandbox {
	return &Sandbox{newSolver: newSolver, opts: opts, p: p, plan: plan}
}

// Answer is the plan under overrides beside the one in force. Without one of the two plans (a strict problem may have
// none) what compares them is empty. Baseline figures are those of the plan in force.
type Answer struct {
	Status        Status         `json:"status"`
	Infeasibility *Infeasibility `json:"infeasibility,omitempty"`

	Cost       Cost    `json:"cost"`
	Baseline   Cost    `json:"baseline"`
	Difference Cost    `json:"difference"` // Cost less Baseline
	Short      Missing `json:"short"`
	ShortNow   Missing `json:"short_now"` // of the plan in force

	Loads  []LoadChange `json:"loads"`  // every limited resource and period
	Moves  []Move       `json:"moves"`  // the largest
	Moved  float64      `json:"moved"`  // Σ|new − old|/2 over the SKUs of both
	Shorts []ShortSKU   `json:"shorts"` // SKUs that are short of more, or of less, than in force

	Certificate Certificate `json:"certificate"`
	Problem     *Problem    `json:"-"`
	Plan        *Plan       `json:"-"`
}

// Missing sums up what a plan is short of.
type Missing struct {
	Lost    float64 `json:"lost"`    // units, with what is owed at the end
	Backlog float64 `json:"backlog"` // unit-periods
	Safety  float64 `json:"safety"`  // unit-periods
}

// LoadChange is one resource in one period, new and in force.
type LoadChange struct {
	Resource    string  `json:"resource"`
	Period      string  `json:"period"`
	Capacity    float64 `json:"capacity"`
	CapacityNow float64 `json:"capacity_now"`
	Load        float64 `json:"load"`
	LoadNow     float64 `json:"load_now"`
	Overtime    float64 `json:"overtime"`
	Price       float64 `json:"price"`
	PriceNow    float64 `json:"price_now"`
}

// Move is a production that differs.
type Move struct {
	SKU    string  `json:"sku"`
	Period string  `json:"period"`
	From   float64 `json:"from"`
	To     float64 `json:"to"`
}

// ShortSKU is the lost units of one SKU, with what is owed at the end.
type ShortSKU struct {
	SKU  string  `json:"sku"`
	From float64 `json:"from"`
	To   float64 `json:"to"`
}

// maxMoves is how many moves an Answer lists.
const maxMoves = 20

// WhatIf solves the problem under overrides and compares. Errors are those of Problem.With and Engine.Solve.
func (b *Sandbox) WhatIf(ctx context.Context, o *Overrides) (*Answer, error) {
	q, err := b.p.With(o)
	if err != nil {
		return nil, err
	}
	plan, err := b.solve(ctx, q)
	if err != nil {
		return nil, err
	}
	return compare(b.p, b.plan, q, plan), nil
}

// solve solves q by an idle engine. One that was interrupted has lost where it stood: the next question starts from the
// plan.
func (b *Sandbox) solve(ctx context.Context, q *Problem) (*Plan, error) {
	e, start := b.take()
	plan, err := e.Solve(ctx, q, start)
	if err != nil {
		return nil, errors.Join(err, e.Close())
	}
	return plan, b.give(e)
}

// take returns an engine and, if it has not solved anything, where it starts.
func (b *Sandbox) take() (*Engine, *Start) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if n := len(b.idle); n > 0 {
		e := b.idle[n-1]
		b.idle = b.idle[:n-1]
		return e, nil
	}
	return NewEngine(b.newSolver, b.opts), b.plan.Start
}

func (b *Sandbox) give(e *Engine) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.done || len(b.idle) == maxIdle {
		return e.Close()
	}
	b.idle = append(b.idle, e)
	return nil
}

// Close frees the engines; those that still solve are freed when they are done.
func (b *Sandbox) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	var errs []error
	for _, e := range b.idle {
		errs = append(errs, e.Close())
	}
	b.idle, b.done = nil, true
	return errors.Join(errs...)
}

// missing sums up the shortages of plan.
func (plan *Plan) missing() Missing {
	var m Missing
	for s := range plan.Lost {
		m.Lost += plan.lost(s)
		m.Safety += sum(plan.Shortfall[s])
		if plan.Backlog != nil {
			m.Backlog += sum(plan.Backlog[s])
		}
	}
	return m
}

// lost is what SKU s loses, with what is owed at the end.
func (plan *Plan) lost(s int) float64 {
	total := sum(plan.Lost[s])
	if plan.Backlog != nil && len(plan.Backlog[s]) > 0 {
		total += plan.Backlog[s][len(plan.Backlog[s])-1]
	}
	return total
}

// compare writes the answer: plan of q beside now, the plan of p in force.
func compare(p *Problem, now *Plan, q *Problem, plan *Plan) *Answer {
	a := &Answer{Status: plan.Status, Infeasibility: plan.Infeasibility, Problem: q, Plan: plan, Certificate: plan.Certificate,
		Cost: plan.Cost, Baseline: now.Cost, Short: plan.missing(), ShortNow: now.missing()}
	if plan.Status == Infeasible || now.Status == Infeasible {
		return a
	}
	a.Difference = Cost{Total: a.Cost.Total - a.Baseline.Total, Production: a.Cost.Production - a.Baseline.Production,
		Holding: a.Cost.Holding - a.Baseline.Holding, Overtime: a.Cost.Overtime - a.Baseline.Overtime,
		Shortage: a.Cost.Shortage - a.Baseline.Shortage, Stability: a.Cost.Stability - a.Baseline.Stability, Orders: a.Cost.Orders - a.Baseline.Orders}
	load, loadNow := plan.Load(q), now.Load(p)
	for r := range q.Resources {
		res := &q.Resources[r]
		for t, period := range q.Periods {
			if res.Unlimited != nil && res.Unlimited[t] {
				continue
			}
			a.Loads = append(a.Loads, LoadChange{Resource: res.Name, Period: period, Capacity: res.Capacity[t], CapacityNow: p.Resources[r].Capacity[t],
				Load: load[r][t], LoadNow: loadNow[r][t], Overtime: plan.Overtime[r][t], Price: plan.Prices[r][t], PriceNow: now.Prices[r][t]})
		}
	}
	for s := range q.SKUs { // those of p stand first, in their order
		from, lostNow := make([]float64, len(q.Periods)), 0.0
		if s < len(p.SKUs) {
			from, lostNow = now.Production[s], now.lost(s)
		}
		for t, to := range plan.Production[s] {
			if d := math.Abs(to - from[t]); d > visible {
				a.Moves = append(a.Moves, Move{SKU: q.SKUs[s].Name, Period: q.Periods[t], From: from[t], To: to})
				if s < len(p.SKUs) {
					a.Moved += d / 2
				}
			}
		}
		if lost := plan.lost(s); math.Abs(lost-lostNow) > visible {
			a.Shorts = append(a.Shorts, ShortSKU{SKU: q.SKUs[s].Name, From: lostNow, To: lost})
		}
	}
	sort.SliceStable(a.Moves, func(i, j int) bool {
		return math.Abs(a.Moves[i].To-a.Moves[i].From) > math.Abs(a.Moves[j].To-a.Moves[j].From)
	})
	a.Moves = a.Moves[:min(len(a.Moves), maxMoves)]
	return a
}
