package optimize

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// lotEffort is how many states the search of lots may look at in one component: about a second of one core.
// Of many SKUs each is looked at so many times.
const (
	lotEffort = 100_000_000
	lotPasses = 6
)

// planLots plans a problem with lots: the relaxed problem first, then lots for every component, then an LP that
// fixes them and lets everything else follow. It does not matter which engine solves the relaxed problem.
func (e *Engine) planLots(ctx context.Context, p *Problem, start *Start) (*Plan, error) {
	q := p.relaxed()
	if inf := q.impossibleSKU(); inf != nil {
		inf.Cause = "rounding"
		return &Plan{Status: Infeasible, Infeasibility: inf}, nil
	}
	began := time.Now()
	relaxed, err := e.plan(ctx, q, start)
	if err != nil {
		return nil, err
	}
	if relaxed.Status == Infeasible {
		return relaxed, e.blameRounding(ctx, p, relaxed.Infeasibility)
	}
	search, cancel := searchTime(ctx, time.Since(began))
	defer cancel()
	parts, err := e.chooseLots(ctx, search, p, q, relaxed)
	if err != nil {
		return nil, err
	}
	x := make([][]float64, len(p.SKUs))
	plan := &Plan{}
	for i := range parts {
		k := &parts[i]
		if k.x == nil {
			inf := &Infeasibility{Cause: "rounding"}
			if len(k.resources) > 0 {
				inf.Resource = p.Resources[k.resources[max(0, k.over.Resource)]].Name
			}
			if k.over.By > 0 {
				inf.FirstShortPeriod, inf.PeakPeriod, inf.Missing = p.Periods[k.over.Period], p.Periods[k.over.Period], k.over.By
			}
			if len(k.skus) == 1 {
				inf.SKU = p.SKUs[k.skus[0]].Name
			}
			return &Plan{Status: Infeasible, Infeasibility: inf, Stats: relaxed.Stats}, nil
		}
		for j, s := range k.skus {
			x[s] = k.x[j]
		}
		plan.Stats.Stages += k.stats.Stages
		plan.Stats.Iterations += k.stats.Iterations
	}
	if e.lots == nil {
		e.lots = NewEngine(e.newSolver, e.opts)
	}
	made, err := e.lots.plan(ctx, p.withLots(q, x), nil)
	if err == nil && made.Status == Infeasible {
		err = fmt.Errorf("the lots chosen have no plan: %s", made.Infeasibility.Cause)
	}
	if err != nil {
		return nil, err
	}
	stats := relaxed.Stats
	stats.Stages, stats.Iterations = stats.Stages+made.Stats.Stages+plan.Stats.Stages, stats.Iterations+made.Stats.Iterations+plan.Stats.Iterations
	made.Stats, made.Start, made.RaisedRows = stats, relaxed.Start, relaxed.RaisedRows
	made.Prices, made.Values = relaxed.Prices, relaxed.Values
	if made.short() {
		if err := e.priceShort(ctx, p, q, made); err != nil {
			return nil, err
		}
	} else {
		for i := range parts {
			parts[i].priced(made)
		}
	}
	made.Cost = Cost{Stability: relaxed.Cost.Stability}
	made.MovedUnits, made.FrozenMoves = 0, 0
	made.costs(p)
	made.moves(p)
	return made, nil
}

// searchTime is ctx with what is left of its time once the chosen lots are planned, which takes about as long as the relaxed
// problem did, and checked. Lots found by then are the plan.
func searchTime(ctx context.Context, took time.Duration) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, deadline.Add(-2*took-time.Until(deadline)/10))
}

// blameRounding says rounding where the problem without lots has a plan; what capacity would do stays as it is
// with them.
func (e *Engine) blameRounding(ctx context.Context, p *Problem, inf *Infeasibility) error {
	free := *p
	free.SKUs = append([]SKU(nil), p.SKUs...)
	for s := range free.SKUs {
		sku := &free.SKUs[s]
		sku.PackSize, sku.MinOrder, sku.OrderCost = 0, 0, 0
	}
	spare := NewEngine(e.newSolver, e.opts)
	plan, err := spare.plan(ctx, &free, nil)
	if err == nil && plan.Status != Infeasible {
		inf.Cause = "rounding"
	}
	return errors.Join(err, spare.Close())
}

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

// overload is the first capacity row that the best plan exceeds.
func (q *lotSearch) overload() Row {
	for t := range q.p.Periods {
		for r := range q.best.load {
			if by := q.best.load[r][t] - q.room[r][t] - at(q.p.Resources[r].Overtime, t); by > certifyFeasible*(1+q.best.load[r][t]) {
				return Row{Resource: r, Period: t, By: by}
			}
		}
	}
	return Row{}
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

// choices is how many lots there are to choose.
func (q *lotSearch) choices() int {
	n := 0
	for _, s := range q.lotted {
		for _, given := range q.l[s].given {
			if !given {
				n++
			}
		}
	}
	return n
}

// begin looks for a plan in lots and for prices.
func (q *lotSearch) begin(ctx context.Context, relaxed *Plan) {
	if q.floored(relaxed) {
		q.keep()
	}
	q.repair(ctx)
	q.polish(ctx)
	if q.setups() {
		q.findPrices(ctx)
	}
}

// fits says whether the best plan is one: within capacity and nowhere under its requirements.
func (q *lotSearch) fits() bool {
	if q.best.x == nil || q.best.over > 0 {
		return false
	}
	for _, s := range q.lotted {
		l, made := q.l[s], 0.0
		for t, x := range q.best.x[s] {
			if !l.given[t] && (x > 0 || !l.may0[t]) && (x < l.low[t]-l.slack-1e-6 || x > l.high[t]+l.slack+1e-6) {
				return false
			}
			if u := t - l.sku.LeadTime; u >= 0 && !l.given[u] {
				made += q.best.x[s][u]
			}
			if l.need[t]-made > 1e-6*(1+made) || l.most != nil && made > 0 && made-l.most[t] > 1e-6*(1+made) {
				return false
			}
		}
	}
	return true
}

// setups says whether some SKU of the component minds in how many periods it is made.
func (q *lotSearch) setups() bool {
	for _, s := range q.lotted {
		if q.p.SKUs[s].setups() {
			return true
		}
	}
	return false
}

// most is the greatest unit-periods that one SKU could be short of.
func (q *lotSearch) most() float64 {
	most := 1.0
	for _, s := range q.lotted {
		most = math.Max(most, float64(len(q.p.Periods))*float64(q.l[s].steps)*q.l[s].step)
	}
	return most
}

// worth is the greatest weight of a lost unit.
func (q *lotSearch) worth() float64 {
	most := 0.0
	for _, s := range q.lotted {
		most = math.Max(most, q.p.SKUs[s].shortageWeight())
	}
	return most
}

// shrink starts from the relaxed plan with every production rounded down, which fits any capacity.
func (q *lotSearch) shrink(relaxed *Plan) {
	for _, s := range q.lotted {
		x := make([]float64, len(q.p.Periods))
		for t := range x {
			if x[t] = q.p.SKUs[s].lotsDown(relaxed.Production[s][t]); x[t] < q.l[s].low[t] {
				x[t] = 0
			}
			if x[t] == 0 && !q.l[s].may0[t] {
				x[t] = q.l[s].low[t]
			}
		}
		q.set(s, x)
	}
	q.total()
	q.keep()
}

// trim takes lots out of the production x of SKU s that storage does not hold once what cannot be served is lost:
// the search counted with the losses of the relaxed plan.
func (p *Problem) trim(s int, x []float64) {
	sku, l := &p.SKUs[s], p.lotting(s, nil)
	limit := sku.storage(p, l.must)
	if limit == nil {
		return
	}
	for again := true; again; {
		again = false
		stock := sku.Opening
		for t := range limit {
			if stock += at(sku.Receipts, t) - sku.Demand[t]; t >= sku.LeadTime {
				stock += x[t-sku.LeadTime]
			}
			if stock < 0 && sku.BacklogCost == 0 {
				stock = 0
			}
			excess := stock - math.Max(0, limit[t])
			for u := t - sku.LeadTime; u >= 0 && excess > 1e-7*(1+stock) && !again; u-- {
				if l.given[u] || x[u] == 0 || !l.may0[u] && x[u] <= l.low[u] {
					continue
				}
				left := sku.lotsDown(math.Max(0, x[u]-excess))
				if left < l.low[u] {
					left = 0
					if !l.may0[u] {
						left = l.low[u]
					}
				}
				x[u], again = left, true
			}
			if again {
				break
			}
		}
	}
}

// lotValues are the values of stock of every SKU on its own at the given prices of capacity.
func (e *Engine) lotValues(ctx context.Context, p, q *Problem, weights Weights, price [][]float64) [][]float64 {
	values := matrix(len(p.SKUs), len(p.Periods))
	alone := &session{newSolver: func() Solver { return &path{} }, opts: e.opts}
	var stats Stats
	for s := range p.SKUs {
		if ctx.Err() != nil {
			break
		}
		m := formulate(q.part(component{skus: []int{s}}), weights)
		for _, u := range p.SKUs[s].Uses {
			for t := range p.Periods {
				for _, kind := range []kind{kindKeep, kindMore} {
					if j := m.index(kind, 0, t); j >= 0 {
						m.lp.Cost[j] += u.Amount * price[u.Resource][t]
					}
				}
			}
		}
		if sol, err := alone.run(ctx, m.lp, nil, DualSimplex, &stats); err == nil && sol.Status == LPOptimal {
			copy(values[s], sol.Duals)
		}
	}
	return values
}
