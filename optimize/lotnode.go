package optimize

import (
	"container/heap"
	"context"
	"math"
)

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
		b.take(sol.Objective, sol.X)
		return nil, nil
	}
	if whole < b.best && b.lotsOnly(free, sol.X) {
		b.take(whole, sol.X)
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
