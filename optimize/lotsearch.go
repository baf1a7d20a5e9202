package optimize

import (
	"context"
	"math"
	"slices"
)

// lotSearch looks for a good plan in lots of one component: SKU after SKU is taken out and put back by the
// oracle into the capacity that the others leave. What is made in any quantity stays as the relaxed
// plan has it; the last LP moves it.
type lotSearch struct {
	p      *Problem
	l      []*lotting  // by SKU; nil: any quantity
	lotted []int       // the others
	room   [][]float64 // of every capacity row without overtime; +Inf: no limit
	below  float64     // the price of a unit and period under a requirement; +Inf: none may be

	penalty float64     // of a unit of load beyond all capacity: dearer than anything else
	price   [][]float64 // of capacity: what guides the search, never what it costs
	oracle  lotOracle
	random  uint64
	noise   float64   // how far chance changes charges, in periods of holding cost
	effort  int       // states that may still be looked at
	sampled []bool    // by SKU; nil: prices are looked for on all
	share   []float64 // of every resource's room that is the sample's

	now, best lotPlan
}

// lotPlan is where a search stands.
type lotPlan struct {
	x    [][]float64
	own  []float64   // cost of each SKU, overtime left out
	load [][]float64 // by resource and period
	cost float64     // with overtime and penalties
	over float64     // load beyond capacity and overtime
}

// newLotSearch prepares a search. It takes quantities from the relaxed plan and no prices: quantities are the same however
// the plan was found, prices need not be.
func newLotSearch(p *Problem, relaxed *Plan, effort int) *lotSearch {
	T := len(p.Periods)
	q := &lotSearch{p: p, l: make([]*lotting, len(p.SKUs)), below: math.Inf(1), room: matrix(len(p.Resources), T),
		price: matrix(len(p.Resources), T), random: 1, effort: effort}
	dear, least := 1.0, math.Inf(1)
	forced := matrix(len(p.Resources), T)
	for s := range p.SKUs {
		sku := &p.SKUs[s]
		lower, _ := sku.production(p)
		if sku.lotted() {
			q.l[s] = p.lotting(s, relaxed)
			q.lotted = append(q.lotted, s)
			lower = q.l[s].must
		}
		dear = math.Max(dear, sku.ProductionCost+float64(T)*sku.HoldingCost+sku.OrderCost)
		for _, u := range sku.Uses {
			least = math.Min(least, u.Amount)
			for t := range T {
				forced[u.Resource][t] += u.Amount * lower[t]
			}
		}
	}
	for r := range p.Resources {
		res := &p.Resources[r]
		for t := range T {
			q.room[r][t] = math.Max(res.Capacity[t]-at(res.Load, t), forced[r][t]-at(res.Overtime, t))
			if res.Unlimited != nil && res.Unlimited[t] {
				q.room[r][t] = math.Inf(1)
			}
			dear = math.Max(dear, at(res.OvertimeCost, t))
		}
	}
	states := 0
	for _, s := range q.lotted {
		states += T * (q.l[s].steps + 1)
	}
	q.effort = max(effort, lotPasses*states)
	q.penalty = 100 * dear / math.Min(1, least)
	q.now.x, q.now.own, q.now.load = matrix(len(p.SKUs), T), make([]float64, len(p.SKUs)), matrix(len(p.Resources), T)
	q.best.cost, q.best.over = math.Inf(1), math.Inf(1) // none yet
	for s := range p.SKUs {
		copy(q.now.x[s], relaxed.Production[s])
		if q.l[s] != nil {
			for t := range T {
				if q.now.x[s][t] = 0; q.l[s].given[t] {
					q.now.x[s][t] = q.l[s].fixed[t]
				}
			}
		}
		q.add(s, 1)
	}
	return q
}

// add adds the load of SKU s, or takes it away.
func (q *lotSearch) add(s int, sign float64) {
	for _, u := range q.p.SKUs[s].Uses {
		for t, x := range q.now.x[s] {
			q.now.load[u.Resource][t] += sign * u.Amount * x
		}
	}
}

// set takes x for the free production of SKU s.
func (q *lotSearch) set(s int, x []float64) {
	q.add(s, -1)
	for t := range x {
		if !q.l[s].given[t] {
			q.now.x[s][t] = x[t]
		}
	}
	q.add(s, 1)
	q.now.own[s] = q.ownCost(s, q.now.x[s])
}

// ownCost is what SKU s costs, overtime left out.
func (q *lotSearch) ownCost(s int, x []float64) float64 {
	l, sku, p := q.l[s], &q.p.SKUs[s], q.p
	cost, made := 0.0, 0.0
	for t := range x {
		if !l.given[t] && x[t] > 0 {
			cost += sku.OrderCost
		}
		if !l.given[t] && (x[t] > 0 || !l.may0[t]) {
			cost += q.penalty * math.Max(0, math.Max(l.low[t]-x[t], x[t]-l.high[t])-l.slack-1e-9*(1+x[t])) // no lot
		}
		cost += sku.ProductionCost * x[t]
		if sku.hasBaseline(t) {
			cost += at(sku.ChangePrice, t) * math.Abs(x[t]-sku.Baseline[t])
		}
		if u := t - sku.LeadTime; u >= 0 && !l.given[u] {
			made += x[u]
		}
		if short := l.need[t] - made; short > 1e-7*(1+made) {
			cost += math.Min(q.below, q.penalty) * short
		}
		cost += p.holding(sku, t) * math.Max(0, l.net[t]+made)
	}
	return cost
}

// total fills in the cost of the present plan.
func (q *lotSearch) total() {
	q.now.cost, q.now.over = 0, 0
	for _, v := range q.now.own {
		q.now.cost += v
	}
	for r := range q.p.Resources {
		res := &q.p.Resources[r]
		for t, load := range q.now.load[r] {
			beyond := load - q.room[r][t]
			if beyond <= certifyFeasible*(1+load) {
				continue
			}
			overtime := math.Min(beyond, at(res.Overtime, t))
			q.now.cost += overtime * at(res.OvertimeCost, t)
			if beyond -= overtime; beyond > certifyFeasible*(1+load) {
				q.now.over += beyond
				q.now.cost += q.penalty * beyond
			}
		}
	}
}

// insert puts SKU s where it is cheapest beside the others. guide times the capacity prices are charged on top.
func (q *lotSearch) insert(s int, guide float64) {
	l, sku := q.l[s], &q.p.SKUs[s]
	q.add(s, -1)
	var list []knee
	knees := func(t int) []knee {
		list = list[:0]
		for _, u := range sku.Uses {
			room := q.room[u.Resource][t] - q.now.load[u.Resource][t]
			if math.IsInf(room, 1) {
				continue
			}
			res := &q.p.Resources[u.Resource]
			overtime, dear := at(res.Overtime, t), 0.0
			if overtime > 0 {
				dear = at(res.OvertimeCost, t)
				list = append(list, knee{math.Max(0, room/u.Amount), u.Amount * dear})
			}
			list = append(list, knee{math.Max(0, (room+overtime)/u.Amount), u.Amount * (q.penalty - dear)})
		}
		return list
	}
	cost, x := q.oracle.best(q.p, l, q.charge(s, guide), knees, q.below)
	q.effort -= (l.steps + 1) * len(x)
	q.add(s, 1)
	if !math.IsInf(cost, 1) {
		q.set(s, x)
	}
}

// charge is the cost of a unit of SKU s started in every period, with guide times the price of capacity.
func (q *lotSearch) charge(s int, guide float64) []float64 {
	charge := slices.Repeat([]float64{q.p.SKUs[s].ProductionCost}, len(q.p.Periods))
	if guide != 0 {
		for _, u := range q.p.SKUs[s].Uses {
			for t := range charge {
				charge[t] += guide * u.Amount * q.price[u.Resource][t]
			}
		}
	}
	if q.noise > 0 {
		for t := range charge {
			charge[t] += q.noise * q.p.holding(&q.p.SKUs[s], t) * float64(q.next(1000)) / 1000
		}
	}
	return charge
}

// polish puts every SKU back once, as long as that helps.
func (q *lotSearch) polish(ctx context.Context) {
	for pass := 0; pass < 3 && q.effort > 0 && ctx.Err() == nil; pass++ {
		before := q.now.cost
		for _, s := range q.lotted {
			if ctx.Err() != nil || q.effort <= 0 {
				break
			}
			q.insert(s, 0)
		}
		if q.total(); !(q.now.cost < before-1e-9*math.Abs(before)) {
			break
		}
	}
	q.keep()
}

// keep notes the present plan if it is the best, and says whether it is.
func (q *lotSearch) keep() bool {
	if q.best.over == 0 && q.now.over > 0 {
		return false
	}
	better := q.now.cost < q.best.cost-1e-9*math.Abs(q.best.cost) || math.IsInf(q.best.cost, 1) || q.best.over > 0 && q.now.over == 0
	if better {
		q.best.from(&q.now)
	}
	return better
}

func (a *lotPlan) from(b *lotPlan) {
	if a.x == nil {
		a.x, a.own, a.load = matrix(len(b.x), len(b.x[0])), make([]float64, len(b.own)), matrix(len(b.load), len(b.x[0]))
	}
	for s := range b.x {
		copy(a.x[s], b.x[s])
	}
	for r := range b.load {
		copy(a.load[r], b.load[r])
	}
	copy(a.own, b.own)
	a.cost, a.over = b.cost, b.over
}

// next is a random number below n, from splitmix64: the same search for the same problem.
func (q *lotSearch) next(n int) int {
	q.random++
	return int(tieWeight(q.random, 1) * float64(n))
}

// improve takes a few SKUs out at a time and puts them back in another order, those that come first at charges that
// capacity prices and chance change, and goes on from what is at most a little dearer than the best, ever
// less so (ruin and recreate with threshold accepting: Schrimpf et al., J. Comput. Phys. 159, 2000).
func (q *lotSearch) improve(ctx context.Context) {
	if len(q.lotted) < 2 {
		return
	}
	q.now.from(&q.best)
	var former lotPlan
	former.from(&q.best)
	nothing, patience := make([]float64, len(q.p.Periods)), 600+30*len(q.lotted)
	for stale := 0; stale < patience && q.effort > 0 && ctx.Err() == nil; stale++ {
		out := make([]int, 0, 5)
		for n := min(len(q.lotted), 2+q.next(3)); len(out) < n; {
			s := q.lotted[q.next(len(q.lotted))]
			fresh := true
			for _, v := range out {
				fresh = fresh && v != s
			}
			if fresh {
				out = append(out, s)
			}
		}
		for _, s := range out {
			q.set(s, nothing)
		}
		guide, noise := float64(q.next(5))/4, float64(q.next(4))
		for i, s := range out[:len(out)-1] {
			q.noise = noise / float64(i+1)
			q.insert(s, guide)
		}
		q.noise = 0
		q.insert(out[len(out)-1], 0)
		for _, s := range out {
			q.insert(s, 0)
		}
		if q.total(); q.keep() {
			stale = 0
		}
		if left := 1 - float64(stale)/float64(patience); q.now.cost < former.cost || q.now.cost < q.best.cost*(1+0.01*left*left) {
			former.from(&q.now)
		} else {
			q.now.from(&former)
		}
	}
}
