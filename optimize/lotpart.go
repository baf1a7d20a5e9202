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

// choose fills in k for component p with relaxed form q and relaxed plan. It looks for lots while within lasts.
func (e *Engine) choose(ctx, within context.Context, k *lotPart, p, q *Problem, relaxed *Plan, weights Weights) error {
	search := newLotSearch(p, relaxed, lotEffort)
	search.begin(within, relaxed)
	var found [][]float64
	if search.fits() {
		found = search.best.x
	}
	small := len(k.resources) > 0 && search.choices() <= lotVariables
	proved := false
	if small && search.choices() <= lotVariables/2 {
		best, done, err := e.branch(within, k, p, q, weights, search, found, lotNodes/20)
		if err != nil {
			return err
		}
		if proved = done; done {
			found = best
		}
	}
	if !proved {
		search.improve(within)
		if search.fits() {
			found = search.best.x
		}
		if small && within.Err() == nil {
			var err error
			if found, _, err = e.branch(within, k, p, q, weights, search, found, lotNodes); err != nil {
				return err
			}
		}
	}
	if found == nil && p.Mode == Strict && within.Err() != nil {
		return fmt.Errorf("no plan in lots found in time: %w", within.Err())
	}
	if found == nil && p.Mode != Strict {
		search.below = weights.Loss * search.worth()
		search.penalty = 1e5 * search.below * search.most() // no shortage is worth any overload
		search.best.cost, search.best.over = math.Inf(1), math.Inf(1)
		search.shrink(relaxed)
		search.effort = max(search.effort, lotEffort/10)
		search.polish(within)
		search.improve(within)
		if search.best.over > 0 {
			return errors.New("no plan in lots found")
		}
		found = search.best.x
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

// branch looks for a better plan than found, which may be nil, and says whether there is none better than the one returned.
func (e *Engine) branch(ctx context.Context, k *lotPart, p, q *Problem, weights Weights, search *lotSearch, found [][]float64, nodes int) (best [][]float64, proved bool, err error) {
	session := &session{newSolver: e.newSolver, opts: e.opts}
	b := newLotBranch(session, p, q, weights)
	b.limit = nodes
	err = errors.Join(b.search(ctx, found, p.Mode != Strict), session.close())
	k.stats.Stages += b.stats.Stages
	k.stats.Iterations += b.stats.Iterations
	if err != nil && ctx.Err() == nil {
		return nil, false, err
	}
	proved = err == nil && b.nodes < nodes
	if b.x == nil {
		return found, proved, nil
	}
	if best = matrix(len(p.SKUs), len(p.Periods)); found == nil {
		found = search.now.x
	}
	for s := range best {
		copy(best[s], found[s])
	}
	b.production(best)
	return best, proved, nil
}
