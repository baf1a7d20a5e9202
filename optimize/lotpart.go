package optimize

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"sync"
	"sync/atomic"
)

// lotPart is a component with lots and what was chosen for it: nil production if nothing fits.
type lotPart struct {
	component
	x, price, values [][]float64
	over             Row // nothing fits: what the best attempt exceeds first
	stats            Stats
	err              error
}

// priced writes the prices of k into plan.
func (k *lotPart) priced(plan *Plan) {
	for j, r := range k.resources {
		plan.Prices[r] = k.price[j]
	}
	if k.values == nil {
		return
	}
	for j, s := range k.skus {
		plan.Values[s] = k.values[j]
	}
}

// chooseLots chooses the lots of every component that has some, several at once.
func (e *Engine) chooseLots(ctx, search context.Context, p, q *Problem, relaxed *Plan) ([]lotPart, error) {
	var parts []lotPart
	for _, c := range p.components() {
		if p.part(c).lots() {
			parts = append(parts, lotPart{component: c})
		}
	}
	workers := e.opts.Workers
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	var next atomic.Int64
	var wait sync.WaitGroup
	for range min(workers, len(parts)) {
		wait.Add(1)
		go func() {
			defer wait.Done()
			for {
				i := int(next.Add(1) - 1)
				if i >= len(parts) {
					return
				}
				k := &parts[i]
				k.err = e.choose(ctx, search, k, p.part(k.component), q.part(k.component), relaxed.part(k.component), relaxed.Weights)
			}
		}()
	}
	wait.Wait()
	for i := range parts {
		if parts[i].err != nil {
			return nil, parts[i].err
		}
	}
	return parts, nil
}

// choose fills in k for component p with relaxed form q and relaxed plan. It looks for lots while within lasts: where
// the relaxed plan is short of nothing, first for those that are not either; else for the least of shortage and cost together.
func (e *Engine) choose(ctx, within context.Context, k *lotPart, p, q *Problem, relaxed *Plan, weights Weights) error {
	search := newLotSearch(p, relaxed, lotEffort)
	search.begin(within, relaxed)
	c := &lotChoosing{e: e, k: k, p: p, q: q, weights: weights, search: search}
	found, proved := search.found(), false
	small := len(k.resources) > 0 && search.choices() <= lotVariables
	priced := relaxed.short() // then lots are shorter by parts of packs here and there, and what that costs decides
	var err error
	if small && !priced && search.choices() <= lotVariables/2 {
		if found, proved, err = c.branch(within, q, true, found); err != nil {
			return err
		}
	}
	if !proved {
		search.improve(within)
		better := search.found()
		switch {
		case small && !priced && within.Err() == nil:
			if found, _, err = c.branch(within, q, false, found, better); err != nil {
				return err
			}
		case better != nil:
			found = better
		}
	}
	if found == nil && p.Mode == Strict && within.Err() != nil {
		return fmt.Errorf("no plan in lots found in time: %w", within.Err())
	}
	if found == nil && p.Mode != Strict {
		search.allowShortage(relaxed, weights)
		search.polish(within)
		search.improve(within)
		if search.best.over > 0 {
			return errors.New("no plan in lots found")
		}
		found, priced = search.best.x, true
	}
	if small && priced && within.Err() == nil {
		if found, _, err = c.branch(within, p.unrounded(q), false, found); err != nil {
			return err
		}
	}
	if p.Mode != Strict {
		for _, s := range search.lotted {
			p.trim(s, found[s])
		}
	}
	k.x, k.over = found, search.overload()
	if k.price = relaxed.Prices; search.setups() && within.Err() == nil && !search.certify(within, relaxed.Prices) {
		k.price = search.price
		k.values = e.lotValues(ctx, p, q, weights, search.price)
	}
	return ctx.Err()
}

// allowShortage begins a search anew in which less may be made than is asked, at a price.
func (q *lotSearch) allowShortage(relaxed *Plan, weights Weights) {
	q.below = weights.Loss * q.worth()
	q.penalty = 1e5 * q.below * q.most() // no shortage is worth any overload
	q.best.cost, q.best.over = math.Inf(1), math.Inf(1)
	q.shrink(relaxed)
	q.effort = max(q.effort, lotEffort/10)
}

// lotChoosing is one call of choose.
type lotChoosing struct {
	e       *Engine
	k       *lotPart
	p, q    *Problem
	weights Weights
	search  *lotSearch
}

// branch looks for a better plan than those known, some of which may be nil, and says whether the one returned is the best. Problem q is
// the relaxed form, in which nothing may be short, or another one, which prices shortages.
func (c *lotChoosing) branch(ctx context.Context, q *Problem, first bool, known ...[][]float64) (best [][]float64, proved bool, err error) {
	session := &session{newSolver: c.e.newSolver, opts: c.e.opts}
	b := newLotBranch(session, c.p, q, c.weights)
	for _, x := range known {
		if x != nil {
			best = x
		}
	}
	switch rows := b.m.lp.Rows(); {
	case first:
		b.limit = lotLook / rows
	case best == nil && c.p.Mode == Strict:
		b.limit = lotProof / rows
	default:
		b.limit, b.stale, b.gap = lotWork/rows, lotWork/16/rows, lotGap
	}
	err = errors.Join(b.search(ctx, known, c.p.Mode != Strict && q == c.q), session.close())
	c.k.stats.Stages += b.stats.Stages
	c.k.stats.Iterations += b.stats.Iterations
	if err != nil && ctx.Err() == nil {
		return nil, false, err
	}
	if b.x != nil {
		best = matrix(len(c.p.SKUs), len(c.p.Periods))
		for s := range best {
			copy(best[s], c.search.now.x[s])
		}
		b.found(best)
	}
	return best, err == nil && b.gap == 0 && b.nodes < b.limit, nil
}
