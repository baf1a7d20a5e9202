package optimize

import (
	"container/heap"
	"context"
	"math"
	"slices"
)

// lotVariables is how many lots a component may have to choose for branch and bound to be tried on it, and
// lotNodes how many LPs it may take: three products over 13 months need a few thousand.
const (
	lotVariables = 150
	lotNodes     = 20_000

	lotFiner = 4 // lots so much finer than others on the same resource are branched on by whether there is one at all
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
	limit int // of nodes
	best  float64
	x     []float64 // of the LP; nil: none found yet
	bound float64   // no plan in lots costs less
}

// lotChoice is the production of one SKU in one period and what is known of it at a node.
type lotChoice struct {
	s, t      int
	low, high float64
	on        bool // there is an order
}

// lotRow is what capacity leaves for those SKUs whose lots are multiples of the same load: with 5 units of one
// made, 15,000 units hold 149 packs of 100 of the others. The LP cannot see that; the row tells it.
type lotRow struct {
	row    int32
	unit   float64 // the common load
	room   float64 // capacity less what is given
	others []int   // choices that take from it
	usage  []float64
}

// newLotBranch prepares component p, whose relaxed form is q.
func newLotBranch(e *session, p, q *Problem, weights Weights) *lotBranch {
	b := &lotBranch{e: e, m: formulate(q, weights), l: make([]*lotting, len(p.SKUs)), best: math.Inf(1)}
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
	b.packRows(p, q)
	return b
}

// packRows adds the rows of common packs.
func (b *lotBranch) packRows(p, q *Problem) {
	b.mixed = make([]bool, len(b.free))
	type entry struct {
		column int32
		value  float64
	}
	var rows [][]entry
	for r := range q.Resources {
		for t := range b.m.T {
			row := b.m.index(kindCapacityRow, r, t)
			if row < 0 || at(q.Resources[r].Overtime, t) > 0 || math.IsInf(b.m.lp.RowUpper[row], 1) {
				continue
			}
			room := b.m.lp.RowUpper[row]
			for s := range q.SKUs {
				if a := q.SKUs[s].usage(r); a > 0 && b.l[s] != nil && b.l[s].given[t] {
					room -= a * b.l[s].fixed[t]
				}
			}
			var users []int
			var units []float64
			for i := range b.free {
				if c := &b.free[i]; c.t == t && c.high > 0 && q.SKUs[c.s].usage(r) > 0 {
					users = append(users, i)
					units = append(units, q.SKUs[c.s].usage(r)*p.SKUs[c.s].PackSize)
				}
			}
			for k, unit := range units {
				if unit == 0 || slices.Contains(units[:k], unit) {
					continue
				}
				common := lotRow{room: room, unit: unit, row: int32(b.m.lp.Rows() + len(rows))}
				var entries []entry
				for i, load := range units {
					c := &b.free[users[i]]
					a := q.SKUs[c.s].usage(r)
					if load > 0 && math.Abs(load/unit-math.Round(load/unit)) < 1e-9 {
						entries = append(entries, entry{b.m.index(kindMore, c.s, t), a})
						if j := b.m.index(kindKeep, c.s, t); j >= 0 {
							entries = append(entries, entry{j, a})
						}
						continue
					}
					common.others, common.usage = append(common.others, users[i]), append(common.usage, a)
					b.mixed[users[i]] = b.mixed[users[i]] || load < unit/lotFiner
				}
				rows, b.packs = append(rows, entries), append(b.packs, common)
			}
		}
	}
	old := b.m.lp
	lp := &LP{Offset: old.Offset, RowLower: append([]float64(nil), old.RowLower...), RowUpper: append([]float64(nil), old.RowUpper...)}
	more := make(map[int32][]entry)
	for i, row := range rows {
		lp.RowLower, lp.RowUpper = append(lp.RowLower, math.Inf(-1)), append(lp.RowUpper, math.Inf(1))
		for _, v := range row {
			more[v.column] = append(more[v.column], entry{int32(old.Rows() + i), v.value})
		}
	}
	for j := range old.Cost {
		lp.addColumn(old.Cost[j], old.Lower[j], old.Upper[j])
		for k := old.Start[j]; k < old.Start[j+1]; k++ {
			lp.addEntry(int(old.Index[k]), old.Value[k])
		}
		for _, v := range more[int32(j)] {
			lp.addEntry(int(v.column), v.value)
		}
	}
	b.m.lp = lp
}

// usage is the capacity of resource r that a unit needs.
func (s *SKU) usage(r int) float64 {
	for _, u := range s.Uses {
		if u.Resource == r {
			return u.Amount
		}
	}
	return 0
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

// search solves the node and what is below it. plan is production known to be in lots; nil: none.
func (b *lotBranch) search(ctx context.Context, plan [][]float64, elastic bool) error {
	basis := b.m.justInTime()
	root, err := b.e.run(ctx, b.at(b.free), basis, DualSimplex, &b.stats)
	if err != nil {
		return err
	}
	if root.Status != LPOptimal {
		return nil
	}
	b.bound = root.Objective
	if elastic {
		b.asShort(root.X)
	}
	if plan != nil {
		known := append([]lotChoice(nil), b.free...)
		for i := range known {
			c := &known[i]
			c.low, c.high = plan[c.s][c.t], plan[c.s][c.t]
			c.on = c.high > 0
			if b.l[c.s].sku.PackSize == 0 && c.on {
				c.low, c.high = b.free[i].low, b.free[i].high
			}
		}
		if lp := b.at(known); lotOpen(lp) {
			sol, err := b.e.run(ctx, lp, root.Basis, DualSimplex, &b.stats)
			if err != nil {
				return err
			}
			if sol.Status == LPOptimal {
				b.best, b.x = sol.Objective, sol.X
			}
		}
	}
	open := &lotHeap{{append([]lotChoice(nil), b.free...), root.Basis, root.Objective}}
	for open.Len() > 0 {
		if b.bound = (*open)[0].bound; b.closed(b.bound) || b.nodes >= b.limit {
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

// closed says whether a node of that bound cannot hold a better plan than the best one known.
func (b *lotBranch) closed(bound float64) bool { return bound >= b.best-1e-9*math.Abs(b.best) }

// lotNode is a part of the plans that is still to be looked at.
type lotNode struct {
	free  []lotChoice
	basis *Basis
	bound float64 // of the node it comes from
}

// lotHeap gives out the node with the least bound.
type lotHeap []*lotNode

func (h lotHeap) Len() int           { return len(h) }
func (h lotHeap) Less(i, j int) bool { return h[i].bound < h[j].bound }
func (h lotHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *lotHeap) Push(v any)        { *h = append(*h, v.(*lotNode)) }
func (h *lotHeap) Pop() any {
	old := *h
	v := old[len(old)-1]
	*h = old[:len(old)-1]
	return v
}

// lotOpen says whether no column has lost all room.
func lotOpen(lp *LP) bool {
	for j := range lp.Lower {
		if lp.Lower[j] > lp.Upper[j] {
			return false
		}
	}
	return true
}

// node solves a node and returns the side to go on with; the other one waits in open.
func (b *lotBranch) node(ctx context.Context, node *lotNode, open *lotHeap) (*lotNode, error) {
	if b.closed(node.bound) {
		return nil, nil
	}
	b.nodes++
	free := node.free
	lp := b.at(free)
	if !lotOpen(lp) {
		return nil, nil
	}
	sol, err := b.e.run(ctx, lp, node.basis, DualSimplex, &b.stats)
	if err != nil || sol.Status != LPOptimal || b.closed(sol.Objective) {
		return nil, err
	}
	worst, split, cut, whole := -1, 1e-6, 0.0, sol.Objective
	for i := range free {
		c := &free[i]
		if c.high == 0 {
			continue
		}
		v, l := b.made(sol.X, c), b.l[c.s]
		off, at := 0.0, v
		if l.sku.PackSize > 0 {
			packs := v / l.sku.PackSize
			off = math.Abs(packs - math.Round(packs))
			at = l.sku.PackSize * math.Floor(packs)
		}
		if v > 1e-6 && !c.on {
			if v < l.low[c.t]-1e-6 {
				off, at = 1+math.Min(v, l.low[c.t]-v)/l.low[c.t], 0
			}
			if paid := v / c.high; l.sku.OrderCost > 0 && paid < 1-1e-9 {
				whole += l.sku.OrderCost * (1 - paid)
				off, at = 2+(1-paid), 0
			}
			if b.mixed[i] && off < 2 {
				off, at = 4+math.Min(v/l.low[c.t], 1), 0
			}
		}
		if off > split {
			worst, split, cut = i, off, at
		}
	}
	if worst < 0 {
		b.best, b.x = sol.Objective, sol.X
		return nil, nil
	}
	if whole < b.best && b.lotsOnly(free, sol.X) {
		b.best, b.x = whole, sol.X
	}
	c := free[worst]
	down, up := c, c
	down.high = cut
	if cut == 0 {
		up.on = true
	} else {
		up.low, up.on = cut+b.l[c.s].sku.PackSize, true
	}
	v, least := b.made(sol.X, &c), math.Max(b.l[c.s].low[c.t], b.l[c.s].sku.PackSize)
	if v-cut > least/2 {
		down, up = up, down
	}
	other := append([]lotChoice(nil), free...)
	free[worst], other[worst] = down, up
	heap.Push(open, &lotNode{other, sol.Basis, sol.Objective})
	return &lotNode{free, sol.Basis, sol.Objective}, nil
}

// lotsOnly says whether every production is a lot, whatever is paid for orders.
func (b *lotBranch) lotsOnly(free []lotChoice, x []float64) bool {
	for i := range free {
		c := &free[i]
		v, sku := b.made(x, c), b.l[c.s].sku
		if q := sku.PackSize; q > 0 && math.Abs(v/q-math.Round(v/q)) > 1e-6 {
			return false
		}
		if v > 1e-6 && v < b.l[c.s].low[c.t]-1e-6 {
			return false
		}
	}
	return true
}

// production writes what was found into x.
func (b *lotBranch) production(x [][]float64) {
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
