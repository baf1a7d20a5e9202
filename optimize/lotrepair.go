package optimize

import (
	"container/heap"
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
			q.relieve(ctx, r, t)
		}
	}
	q.total()
	q.keep()
}

// lotMove takes packs of SKU s to period u at a score, the cost per unit of load.
type lotMove struct {
	s, u            int
	quantity, score float64
}

// lotMoves gives out the move with the least score.
type lotMoves []lotMove

func (h lotMoves) Len() int           { return len(h) }
func (h lotMoves) Less(i, j int) bool { return h[i].score < h[j].score }
func (h lotMoves) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *lotMoves) Push(v any)        { *h = append(*h, v.(lotMove)) }
func (h *lotMoves) Pop() any {
	old := *h
	v := old[len(old)-1]
	*h = old[:len(old)-1]
	return v
}

// relieve takes load from (r, t) until it fits, by moves of the least cost per unit of load. A move's cost is worked out anew
// when its turn comes, as others have taken room since.
func (q *lotSearch) relieve(ctx context.Context, r, t int) {
	limit := q.room[r][t] + at(q.p.Resources[r].Overtime, t)
	over := q.now.load[r][t] - limit
	if over <= 1e-7*(1+limit) {
		return
	}
	var moves lotMoves
	for _, s := range q.lotted {
		if m := q.move(s, r, t, over); m.quantity > 0 {
			moves = append(moves, m)
		}
	}
	heap.Init(&moves)
	for tries := 0; tries < 8*len(q.lotted)+100 && len(moves) > 0 && over > 1e-7*(1+limit) && ctx.Err() == nil; tries++ {
		m := q.move(moves[0].s, r, t, over)
		switch {
		case m.quantity <= 0:
			heap.Pop(&moves)
			continue
		case m.score > moves[0].score:
			moves[0] = m
			heap.Fix(&moves, 0)
			continue
		}
		x := append([]float64(nil), q.now.x[m.s]...)
		x[t] -= m.quantity
		x[m.u] += m.quantity
		q.set(m.s, x)
		over = q.now.load[r][t] - limit
	}
}

// move is the cheapest move that takes load of SKU s from (r, t), where over is too much; none has no quantity.
func (q *lotSearch) move(s, r, t int, over float64) lotMove {
	best := lotMove{s: s, score: math.Inf(1)}
	l, sku, x := q.l[s], &q.p.SKUs[s], q.now.x[s]
	usage := 0.0
	for _, u := range sku.Uses {
		if u.Resource == r {
			usage = u.Amount
		}
	}
	if usage == 0 || l.given[t] || x[t] <= 0 || sku.PackSize == 0 {
		return best
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
		if score := extra / (usage * math.Min(quantity, over/usage)); score < best.score {
			best.u, best.quantity, best.score = u, quantity, score
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
	return best
}
