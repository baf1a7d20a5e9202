package optimize

import (
	"context"
	"math"
)

// lotDust is more than what the same relaxed plan differs by when it is found in another way.
const lotDust = 1e-5

// floored starts from the relaxed plan with its running totals rounded down to lots, which still meets the
// requirements, as those are rounded up. False if some SKU then makes less than its least lot or more than it may.
func (q *lotSearch) floored(relaxed *Plan) bool {
	fits := true
	for _, s := range q.lotted {
		l, total, before := q.l[s], 0.0, 0.0
		x := make([]float64, len(q.p.Periods))
		for t := range x {
			if l.given[t] {
				continue
			}
			total += relaxed.Production[s][t]
			now := q.p.SKUs[s].lotsDown(total + lotDust)
			if q.p.SKUs[s].PackSize == 0 {
				now = total
			}
			x[t] = math.Max(0, now-before)
			before += x[t]
			if x[t] > 0 || !l.may0[t] {
				fits = fits && x[t] >= l.low[t]-1e-6 && x[t] <= l.high[t]+1e-6
			}
		}
		q.set(s, x)
	}
	q.total()
	return fits
}

// repair relieves overloaded periods from the last to the first by the cheapest moves of packs to periods with room.
func (q *lotSearch) repair(ctx context.Context) {
	T := len(q.p.Periods)
	for t := T - 1; t >= 0; t-- {
		for r := range q.p.Resources {
			limit := q.room[r][t] + at(q.p.Resources[r].Overtime, t)
			for tries := 0; tries < 4*len(q.lotted)+100 && ctx.Err() == nil; tries++ {
				over := q.now.load[r][t] - limit
				if over <= 1e-7*(1+limit) || !q.relieve(r, t, over) {
					break
				}
			}
		}
	}
	q.total()
	q.keep()
}

// relieve makes the move that takes load from (r, t) at the least cost per unit of load.
func (q *lotSearch) relieve(r, t int, over float64) bool {
	best, move, bestS, bestU := math.Inf(1), 0.0, -1, -1
	for _, s := range q.lotted {
		l, sku, x := q.l[s], &q.p.SKUs[s], q.now.x[s]
		usage := 0.0
		for _, u := range sku.Uses {
			if u.Resource == r {
				usage = u.Amount
			}
		}
		if usage == 0 || l.given[t] || x[t] <= 0 || sku.PackSize == 0 {
			continue
		}
		slack, excess, cost := math.Inf(1), math.Inf(1), 0.0
		made := make([]float64, len(x)) // free production arrived by the period
		sum := 0.0
		for v := range x {
			if u := v - sku.LeadTime; u >= 0 {
				if !l.given[u] {
					sum += x[u]
				}
			}
			made[v] = sum
		}
		try := func(u int, limit, perUnit float64) {
			if l.given[u] {
				return
			}
			quantity := math.Min(sku.lotsUp(over/usage), x[t])
			if left := x[t] - quantity; left > 0 && left < l.low[t] || left == 0 && !l.may0[t] {
				if quantity = x[t]; !l.may0[t] {
					return
				}
			}
			limit = math.Min(limit, l.high[u]-x[u])
			for _, use := range sku.Uses {
				limit = math.Min(limit, (q.room[use.Resource][u]+at(q.p.Resources[use.Resource].Overtime, u)-q.now.load[use.Resource][u])/use.Amount)
			}
			if quantity = math.Min(quantity, sku.lotsDown(limit)); quantity <= 0 {
				return
			}
			if left := x[t] - quantity; x[u]+quantity < l.low[u] || left > 0 && left < l.low[t] {
				return
			}
			extra := perUnit * quantity
			if x[u] == 0 {
				extra += sku.OrderCost
			}
			if x[t] == quantity {
				extra -= sku.OrderCost
			}
			for _, v := range [2]struct {
				t  int
				by float64
			}{{u, quantity}, {t, -quantity}} {
				if sku.hasBaseline(v.t) {
					extra += at(sku.ChangePrice, v.t) * (math.Abs(x[v.t]+v.by-sku.Baseline[v.t]) - math.Abs(x[v.t]-sku.Baseline[v.t]))
				}
			}
			if score := extra / (usage * math.Min(quantity, over/usage)); score < best {
				best, move, bestS, bestU = score, quantity, s, u
			}
		}
		for u := t - 1; u >= 0; u-- { // earlier: more stock between
			if v := u + sku.LeadTime; v < len(x) {
				cost += q.p.holding(sku, v)
				if l.most != nil {
					slack = math.Min(slack, l.most[v]-made[v])
				}
			}
			try(u, slack, cost)
		}
		cost = 0
		for u := t + 1; u+sku.LeadTime < len(x); u++ { // later: less, down to what is needed
			v := u - 1 + sku.LeadTime
			excess = math.Min(excess, made[v]-l.need[v])
			if excess <= 0 {
				break
			}
			cost -= q.p.holding(sku, v)
			try(u, excess, cost)
		}
	}
	if bestS < 0 {
		return false
	}
	x := append([]float64(nil), q.now.x[bestS]...)
	x[t] -= move
	x[bestU] += move
	q.set(bestS, x)
	return true
}
