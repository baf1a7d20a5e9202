package optimize

import (
	"context"
	"fmt"
	"sync"
)

// guided is a Solver for LPs of many paths that share a few rows: SKUs coupled by capacity. The paths know of one
// another only through the prices of the shared rows. So it guesses prices, finds every path's optimum at them (oracle),
// leaves the few decisions that are nearly tied there to a restricted LP, prices all paths with its duals, frees what
// they would do otherwise, and repeats:
//
//	upper bound   cost of the restricted LP's plan, once no row is overdrawn
//	lower bound   Σ paths' optima at prices π − π·room   (Lagrange)
//
// Equality of the two is the proof of optimality; it does not lean on the solver of the restricted LPs. A restricted
// LP has some thousand rows where the LP has hundreds of thousands, because a path has rows only where its contested
// supply arrives.
//
// It starts from prices alone ([Basis.Prices]), or from its last plan where only costs or bounds changed that the plan
// keeps to. Its own Basis holds prices and nothing else.
type guided struct {
	inner func() Solver // of the restricted LPs

	solver  Solver
	lp      *LP
	c       *coupled
	read    bool // c is lp
	last    *lastFlow
	changed []int32 // paths that differ from the last solve's; nil: any
	eps     float64 // how near a tie frees a source; 0: tieShare. Tests set it
}

// lastFlow is a plan by columns of the LP.
type lastFlow struct {
	x    []float64
	free []bool
}

// The constants of the search. None of them changes the answer.
const (
	tieShare       = 0.003  // a swap that loses this share of a unit's cost is contested,
	laterShare     = 0.1    // and that share of it in later rounds
	boxShare       = 0.006  // half-width of the box around a price, relative to it and to the mean price,
	boxFloor       = 0.0015 // and to the cost of making what a unit of room makes
	boxGrowth      = 2.5    // of a box that was left
	boxLeap        = 10     // of one that is overdrawn in a late round,
	leapRound      = 6      // which begins here
	maxRounds      = 100
	feasibleRounds = 2     // in which infeasibility is not looked for: most solves need no more
	exactGap       = 1e-14 // relative gap at which nothing is left to do,
	guidedGap      = 1e-9  // and the most that is accepted
	pathLoss       = 1e-13 // relative loss of a path that counts as none
	overdrawn      = 1e-9  // use of box columns, relative to the largest room, that counts as none
	staleMiss      = 0.05  // distance from complementary slackness above which prices to start from are improved first
	freeAll        = 20000 // sources that may swap at all, up to which all are free from the start
)

func newGuided(inner func() Solver) *guided { return &guided{inner: inner} }

// coupledPool keeps the memory of LPs that have been read: components follow one another.
var coupledPool = sync.Pool{New: func() any { return new(coupled) }}

// Load takes lp, which must not change while it is solved.
func (g *guided) Load(lp *LP) error {
	g.last = nil
	return g.numbers(lp)
}

// Change takes the numbers of lp.
func (g *guided) Change(lp *LP) error {
	if g.lp == nil || g.lp.Columns() != lp.Columns() || g.lp.Rows() != lp.Rows() {
		return fmt.Errorf("optimize: Change to an LP with another matrix")
	}
	return g.numbers(lp)
}

// Rewritten takes lp, which is the one it has but for the numbers of some paths and of what is on none.
func (g *guided) Rewritten(lp *LP, paths []int32) error {
	if g.lp != lp || !g.read || !g.c.reread(lp, paths) {
		return g.Load(lp)
	}
	g.last, g.changed = nil, paths
	return nil
}

func (g *guided) numbers(lp *LP) error {
	g.changed = nil
	if err := lp.Check(); err != nil {
		return err
	}
	if g.c == nil {
		g.c = coupledPool.Get().(*coupled)
	}
	g.lp, g.read = lp, false
	return nil
}

// Close frees the inner solver.
func (g *guided) Close() error {
	g.last = nil
	if g.c != nil {
		g.c.lp, g.lp, g.c.memory.g = nil, nil, nil
		coupledPool.Put(g.c)
		g.c = nil
	}
	if g.solver == nil {
		return nil
	}
	s := g.solver
	g.solver = nil
	return s.Close()
}

// Solve finds the optimum. limit bounds the inner solver's steps of each round.
func (g *guided) Solve(ctx context.Context, start *Basis, method Method, limit int) (*Solution, error) {
	if !g.read {
		if err := g.c.read(ctx, g.lp); err != nil {
			return nil, err
		}
		g.read = true
	}
	r := newRounds(g, limit, method == DualSimplex)
	priced := start != nil && start.Prices != nil && len(start.Prices) == g.c.K
	if priced {
		r.startAt(start.Prices)
	}
	if err := r.begin(ctx, method == PrimalSimplex, priced); err != nil {
		if r.status == LPInfeasible {
			return &Solution{Status: LPInfeasible}, nil
		}
		return nil, err
	}
	if err := r.run(ctx); err != nil {
		return nil, err
	}
	if r.status != LPOptimal {
		return &Solution{Status: r.status, Iterations: r.iterations}, nil
	}
	return r.solution(ctx)
}
