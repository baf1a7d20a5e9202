package optimize

import (
	"container/heap"
	"context"
	"math"
	"slices"
)

// lotVariables is how many lots a component may have to choose for branch and bound to be tried on it. The others are how many rows
// its LPs may have together; a second of one core solves 400,000. A first look ends at the optimum or at lotLook. A search with a plan to improve takes
// lotWork at most, ends within lotGap of the bound, and when a sixteenth of lotWork has brought less than that share of the cost.
// Before a strict problem is said to have no plan in lots, lotProof are looked at.
const (
	lotVariables = 150
	lotLook      = 30_000
	lotWork      = 200_000
	lotProof     = 800_000
	lotGap       = 1e-4
)

// lotBranch is branch and bound over the LP of one component: a production that is no lot is split into what is
// below and what is above, an order that is paid in part into none and a whole one. The node with the
// least bound is next, and from it the nearer side, down to a plan.
type lotBranch struct {
	e     *session
	m     *model
	l     []*lotting
	free  []lotChoice
	packs []lotRow
	mixed []bool // by free choice: its lots are finer than those of others on the same resource
	stats Stats
	nodes int
	limit int     // of nodes
	stale int     // of nodes that bring no better plan; 0: limit
	since int     // nodes at the last better plan
	gap   float64 // a share of the cost without shortages that no search is worth
	best  float64
	x     []float64 // of the LP; nil: none found yet
	bound float64   // no plan in lots costs less
	least float64   // what could be better must cost less
}

// lotChoice is the production of one SKU in one period and what is known of it at a node.
type lotChoice struct {
	s, t      int
	low, high float64
	on        bool // there is an order
}

// newLotBranch prepares component p, whose relaxed form is q.
func newLotBranch(e *session, p, q *Problem, weights Weights) *lotBranch {
	b := &lotBranch{e: e, m: formulate(q, weights), l: make([]*lotting, len(p.SKUs)), best: math.Inf(1), least: math.Inf(1)}
	for s := range p.SKUs {
		if !p.SKUs[s].lotted() {
			continue
		}
		l := p.lotting(s, nil)
		b.l[s] = l
		for t := range p.Periods {
			if l.given[t] {
				continue
			}
			c := lotChoice{s: s, t: t, low: l.low[t], high: math.Min(l.high[t], float64(l.steps)*l.step), on: !l.may0[t]}
			for _, u := range q.SKUs[s].Uses {
				if row := b.m.index(kindCapacityRow, u.Resource, t); row >= 0 {
					room := b.m.lp.RowUpper[row] + at(q.Resources[u.Resource].Overtime, t)
					c.high = math.Min(c.high, l.sku.lotsDown(room/u.Amount*(1+1e-12)))
				}
			}
			if l.may0[t] {
				c.low = 0
			}
			if c.high < l.low[t] {
				c.low, c.high = 0, 0
			}
			b.free = append(b.free, c)
		}
	}
	packs := b.packRows(p, q)
	cuts, lower := b.packCuts(q)
	b.addRows(append(packs, cuts...), append(slices.Repeat([]float64{math.Inf(-1)}, len(packs)), lower...))
	return b
}

// at writes the LP of a node. An order that may be is paid in proportion to what is made of the most that can be.
func (b *lotBranch) at(free []lotChoice) *LP {
	lp := b.m.lp.clone()
	for _, c := range free {
		order := b.l[c.s].sku.OrderCost
		low, high := c.low, c.high
		if c.on {
			low = math.Max(low, b.l[c.s].low[c.t])
			lp.Offset += order
			order = 0
		}
		keep, more := b.m.index(kindKeep, c.s, c.t), b.m.index(kindMore, c.s, c.t)
		base := 0.0
		if order > 0 && high > 0 {
			lp.Cost[more] += order / high
		}
		if keep >= 0 {
			if order > 0 && high > 0 {
				lp.Cost[keep] += order / high
			}
			base = b.m.p.SKUs[c.s].Baseline[c.t]
			lp.Lower[keep] = math.Max(lp.Lower[keep], math.Min(low, base))
			lp.Upper[keep] = math.Min(lp.Upper[keep], math.Min(high, base))
		}
		lp.Lower[more] = math.Max(lp.Lower[more], math.Max(0, low-base))
		lp.Upper[more] = math.Min(lp.Upper[more], math.Max(0, high-base))
	}
	for i := range b.packs {
		p, room := &b.packs[i], b.packs[i].room
		for k, c := range p.others {
			if low := free[c].low; free[c].on {
				room -= p.usage[k] * math.Max(low, b.l[free[c].s].low[free[c].t])
			} else {
				room -= p.usage[k] * low
			}
		}
		lp.RowUpper[p.row] = p.unit * math.Floor(room/p.unit+1e-9)
	}
	return lp
}

// asShort keeps every shortage at what it is in solution x: none may be greater.
func (b *lotBranch) asShort(x []float64) {
	for _, k := range []kind{kindLost, kindBacklog, kindShortfall} {
		for _, j := range b.m.at[k] {
			if j >= 0 {
				b.m.lp.Upper[j] = math.Max(b.m.lp.Lower[j], math.Min(b.m.lp.Upper[j], x[j]+1e-9*(1+x[j])))
			}
		}
	}
}

// made is what solution x makes of c.
func (b *lotBranch) made(x []float64, c *lotChoice) float64 {
	sum := x[b.m.index(kindMore, c.s, c.t)]
	if j := b.m.index(kindKeep, c.s, c.t); j >= 0 {
		sum += x[j]
	}
	return sum
}

// search solves the root and what is below it, from plans known to be in lots (nil: none). With asShort it looks for no
// plan that is shorter of anything than the LP.
func (b *lotBranch) search(ctx context.Context, known [][][]float64, asShort bool) error {
	root, err := b.e.run(ctx, b.at(b.free), b.m.justInTime(), DualSimplex, &b.stats)
	if err != nil {
		return err
	}
	if root.Status != LPOptimal {
		return nil
	}
	b.bound = root.Objective
	if asShort {
		b.asShort(root.X)
	}
	for _, plan := range known {
		if plan != nil {
			if err := b.try(ctx, plan, root.Basis); err != nil {
				return err
			}
		}
	}
	open := &lotHeap{{append([]lotChoice(nil), b.free...), root.Basis, root.Objective}}
	for open.Len() > 0 {
		b.bound = (*open)[0].bound
		if b.closed(b.bound) || b.nodes >= b.limit || b.stale > 0 && b.nodes-b.since >= b.stale {
			break
		}
		for node := heap.Pop(open).(*lotNode); node != nil; {
			if node, err = b.node(ctx, node, open); err != nil {
				return err
			}
		}
	}
	return nil
}

// try takes plan if it is better than the best one known, with everything that is not in lots as good as can be beside it.
func (b *lotBranch) try(ctx context.Context, plan [][]float64, basis *Basis) error {
	fixed := append([]lotChoice(nil), b.free...)
	for i := range fixed {
		c := &fixed[i]
		c.low, c.high = plan[c.s][c.t], plan[c.s][c.t]
		c.on = c.high > 0
		if b.l[c.s].sku.PackSize == 0 && c.on {
			c.low, c.high = b.free[i].low, b.free[i].high
		}
	}
	lp := b.at(fixed)
	if !lotOpen(lp) {
		return nil
	}
	sol, err := b.e.run(ctx, lp, basis, DualSimplex, &b.stats)
	if err == nil && sol.Status == LPOptimal && sol.Objective < b.best {
		b.take(sol.Objective, sol.X)
	}
	return err
}

// take notes the best plan known.
func (b *lotBranch) take(cost float64, x []float64) {
	if cost < b.least {
		b.since = b.nodes
	}
	b.best, b.x = cost, x
	for _, k := range []kind{kindLost, kindBacklog, kindShortfall} {
		for _, j := range b.m.at[k] {
			if j >= 0 {
				cost -= b.m.lp.Cost[j] * x[j]
			}
		}
	}
	b.least = b.best - math.Max(1e-9*math.Abs(b.best), b.gap*math.Abs(cost))
}

// closed says whether a node of that bound cannot hold a plan that is better by enough than the best one known.
func (b *lotBranch) closed(bound float64) bool { return bound >= b.least }

// found writes what was found into x.
func (b *lotBranch) found(x [][]float64) {
	for i := range b.free {
		c := &b.free[i]
		sku := b.l[c.s].sku
		v := b.made(b.x, c)
		if q := sku.PackSize; q > 0 {
			v = q * math.Round(v/q)
		} else if v < 1e-6 {
			v = 0
		}
		x[c.s][c.t] = v
	}
}
