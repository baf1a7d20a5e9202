package optimize

import (
	"context"
	"errors"
	"fmt"
	"math"
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

// found is a copy of the best plan if it is one; nil: it is none.
func (q *lotSearch) found() [][]float64 {
	if !q.fits() {
		return nil
	}
	x := matrix(len(q.best.x), len(q.p.Periods))
	for s := range x {
		copy(x[s], q.best.x[s])
	}
	return x
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
