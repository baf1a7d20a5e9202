package optimize

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
)

// coupled is an LP read as paths that share rows: what the price-guided engine works on. Path s has the nodes
// s·T … s·T+T−1. Every column is one of
//
//	source   one unit into a node (coefficient 1), and any amounts of shared rows: production, a lost sale
//	arc      flow between a node and the next one of its path, either way: stock carried, stock owed
//	shared   only amounts of shared rows: overtime
//
// Sources are kept above their lower bounds, which are taken off what the nodes need and what the shared rows
// have room for. All arcs between two nodes together are one convex curve of the net flow, a [cut].
// What cannot move (bounds that are equal) is not kept.
type coupled struct {
	lp      *LP
	S, T, K int // paths, nodes of each, shared rows
	width   int // columns

	first  []int32 // sources of node n: first[n] … first[n+1]−1
	cost   []float64
	room   []float64
	column []int32
	entry  []int32 // shared entries of source i: entry[i] … entry[i+1]−1 of row and amount
	row    []int32
	amount []float64
	twin   []int32 // the first source of its node that uses the shared rows the same way

	need  []float64 // by node
	base  []float64 // by path: cost of lower bounds and of the cuts' anchors
	dust  []float64 // by path: a quantity that is rounding error
	cuts  []cut     // by node: the arcs to the next one; of the last, out of the path
	tied  []bool    // by path: twins or arcs cost nearly the same, so that even one flow may be written in two ways
	plain []bool    // by path: stock has least amounts only, sources have no limits
	piece []cutPiece

	limit  []float64 // by shared row: the room left; +Inf: none is needed
	equal  []bool    // the room must be used exactly
	shared []int32   // columns that can move
	full   []int32   // arcs that every optimum uses to the full
	idle   []int32   // columns without entries
	offset float64   // cost of what cannot move and is on no path
	unit   float64   // unitOfRoom; 0: not yet worked out

	own     []int32 // columns of path s: own[s] … own[s+1]−1
	lowered []bool  // by path: some of its columns that are no arcs have lower bounds
	apart   []int32 // those among them that are not on the path: they arrive behind its end

	sort struct { // of a path's columns by node
		first, at, order, next []int32
		back                   []bool
	}
	memory rounds // of the last solve
}

// nearTie is a difference of cost above which the flow knows a dearer source or arc from a cheaper one.
const nearTie = 1e-4

// dustShare is the share of all that a path needs which counts as rounding error.
const dustShare = 1e-13

// read takes lp. The error says what does not fit.
func (c *coupled) read(ctx context.Context, lp *LP) error {
	c.lp, c.S, c.T, c.width = lp, lp.Paths, lp.PathLength, lp.Columns()
	nodes := c.S * c.T
	c.K = lp.Rows() - nodes
	if nodes == 0 || c.K < 0 {
		return fmt.Errorf("optimize: LP of %d rows is not made of %d paths of %d", lp.Rows(), c.S, c.T)
	}
	c.need, c.limit = resized(c.need, nodes), append(c.limit[:0], lp.RowUpper[nodes:]...)
	c.equal = resized(c.equal, c.K)
	for k := range c.K {
		lower, upper := lp.RowLower[nodes+k], lp.RowUpper[nodes+k]
		c.equal[k] = lower == upper
		if !c.equal[k] && !math.IsInf(lower, -1) {
			return fmt.Errorf("optimize: shared row %d is bounded from below", k)
		}
	}
	for i := range nodes {
		if lp.RowLower[i] != lp.RowUpper[i] {
			return fmt.Errorf("optimize: row %d of a path is no equality", i)
		}
	}
	c.base, c.dust = resized(c.base, c.S), resized(c.dust, c.S)
	c.plain, c.lowered, c.tied = resized(c.plain, c.S), resized(c.lowered, c.S), resized(c.tied, c.S)
	return c.columns(ctx)
}

// isPlain says whether all sources of path s are unlimited and every cut is a single ray to the right, at no negative slope.
func (c *coupled) isPlain(s int) bool {
	for n := s * c.T; n < (s+1)*c.T; n++ {
		k := &c.cuts[n]
		if k.ray >= 0 || k.last != k.first+1 || c.piece[k.first].slope < 0 || !math.IsInf(c.piece[k.first].length, 1) {
			return false
		}
	}
	for _, room := range c.room[c.first[s*c.T]:c.first[(s+1)*c.T]] {
		if !math.IsInf(room, 1) {
			return false
		}
	}
	return true
}

// resized is v with n zero elements.
func resized[E any](v []E, n int) []E {
	v = slices.Grow(v[:0], n)[:n]
	clear(v)
	return v
}

// place says what column j is: the node it belongs to, −1 for none; whether it is an arc to the next node, and
// whether it goes backward.
func (c *coupled) place(j int) (node int, arc, backward bool, err error) {
	lp, nodes := c.lp, int32(c.S*c.T)
	from, to := int32(-1), int32(-1)
	on, off := 0, 0
	for k := lp.Start[j]; k < lp.Start[j+1]; k++ {
		row, v := lp.Index[k], lp.Value[k]
		switch {
		case row >= nodes:
			off++
		case v == 1:
			to = row
			on++
		case v == -1:
			from = row
			on++
		default:
			return 0, false, false, fmt.Errorf("optimize: column %d moves %g units of a path", j, v)
		}
	}
	T := int32(c.T)
	switch {
	case on == 0:
		return -1, false, false, nil
	case on == 1 && to >= 0:
		return int(to), false, false, nil
	case off > 0:
	case on == 1 && (from+1)%T == 0:
		return int(from), true, false, nil
	case on == 2 && from >= 0 && to == from+1 && to%T != 0:
		return int(from), true, false, nil
	case on == 2 && to >= 0 && from == to+1 && from%T != 0:
		return int(to), true, true, nil
	}
	return 0, false, false, fmt.Errorf("optimize: column %d is neither source nor arc", j)
}

// columns reads the paths one after the other, then what is left.
func (c *coupled) columns(ctx context.Context) error {
	lp := c.lp
	c.first, c.cost, c.room, c.column = append(c.first[:0], 0), c.cost[:0], c.room[:0], c.column[:0]
	c.entry, c.row, c.amount, c.twin = append(c.entry[:0], 0), c.row[:0], c.amount[:0], c.twin[:0]
	c.cuts, c.piece, c.own = c.cuts[:0], c.piece[:0], append(c.own[:0], 0)
	c.apart, c.full = c.apart[:0], c.full[:0]
	for s := range c.S {
		if err := ended(ctx, s, 256); err != nil {
			return err
		}
		end, err := c.path(s, int(c.own[s]))
		if err != nil {
			return err
		}
		c.own = append(c.own, int32(end))
	}
	for j := int(c.own[c.S]); j < lp.Columns(); j++ {
		if node, _, _, err := c.place(j); err != nil || node >= 0 {
			return errors.Join(err, fmt.Errorf("optimize: column %d stands behind those of later paths", j))
		}
	}
	c.others()
	return nil
}

// path reads path s, whose columns begin at from: sources and cuts, by node. It returns where they end.
func (c *coupled) path(s, from int) (end int, err error) {
	lp, T := c.lp, c.T
	nodes, begin := c.S*T, s*T
	w := &c.sort
	w.first, w.at, w.back = resized(w.first, 2*T+1), w.at[:0], w.back[:0] // place 2t: sources of the node of t, 2t+1: its arcs
	base, dust := 0.0, 0.0
	copy(c.need[begin:begin+T], lp.RowLower[begin:])
	c.lowered[s], c.tied[s] = false, false
	end = from
	for j := from; j < lp.Columns(); j++ {
		node, arc, backward, err := c.place(j)
		if err != nil {
			return 0, err
		}
		if node >= begin+T {
			break
		}
		low, room := lp.Lower[j], lp.Upper[j]-lp.Lower[j]
		at := int32(nobody)
		switch {
		case math.IsInf(low, -1):
			return 0, fmt.Errorf("optimize: column %d has no lower bound", j)
		case node < 0:
			at = outside
		case node < begin:
			return 0, fmt.Errorf("optimize: column %d stands behind those of later paths", j)
		case arc:
			at = int32(2*(node-begin) + 1)
		case room > 0:
			at = int32(2 * (node - begin))
		}
		if node >= 0 {
			end = j + 1
			if !arc && low != 0 {
				c.need[node] -= low
				base += lp.Cost[j] * low
				dust += dustShare * math.Abs(low)
			}
		}
		w.at, w.back = append(w.at, at), append(w.back, backward)
		if at >= 0 {
			w.first[at+1]++
		}
	}
	w.at = w.at[:end-from]
	for i := range 2 * T {
		w.first[i+1] += w.first[i]
	}
	w.order, w.next = resized(w.order, int(w.first[2*T])), append(w.next[:0], w.first[:2*T]...)
	for i, place := range w.at {
		j := int32(from + i)
		if place >= 0 {
			w.order[w.next[place]] = j
			w.next[place]++
		} else if place == outside {
			c.apart = append(c.apart, j)
		}
		if place < 0 || place%2 == 0 {
			c.lowered[s] = c.lowered[s] || lp.Lower[j] != 0
		}
	}
	c.base[s], c.dust[s] = base, dust
	for t := range T {
		c.dust[s] += dustShare * math.Abs(c.need[begin+t])
		for _, j := range w.order[w.first[2*t]:w.first[2*t+1]] {
			c.source(s, j, nodes)
		}
		c.first = append(c.first, int32(len(c.cost)))
		if err := c.cutOf(begin+t, from, w.order[w.first[2*t+1]:w.first[2*t+2]], w.back); err != nil {
			return 0, err
		}
	}
	c.plain[s] = c.isPlain(s)
	return end, nil
}

// others takes the columns that are on no path, and what all columns use at least off the room of the shared rows.
func (c *coupled) others() {
	lp, nodes := c.lp, c.S*c.T
	copy(c.limit, lp.RowUpper[nodes:])
	c.offset, c.shared, c.idle, c.unit = lp.Offset, c.shared[:0], c.idle[:0], 0
	for s := range c.S {
		if c.lowered[s] {
			for j := c.own[s]; j < c.own[s+1]; j++ {
				c.load(int(j), lp.Lower[j])
			}
		}
	}
	for _, j := range c.apart {
		c.other(j)
	}
	for j := c.own[c.S]; j < int32(lp.Columns()); j++ {
		c.load(int(j), lp.Lower[j])
		c.other(j)
	}
}

// other takes a column that is on no path.
func (c *coupled) other(j int32) {
	lp := c.lp
	if lp.Start[j] == lp.Start[j+1] {
		c.idle = append(c.idle, j)
		return
	}
	c.offset += lp.Cost[j] * lp.Lower[j]
	if lp.Upper[j] > lp.Lower[j] {
		c.shared = append(c.shared, j)
	}
}

// load takes by units of column j off the room of shared rows.
func (c *coupled) load(j int, by float64) {
	if by == 0 {
		return
	}
	nodes := int32(c.S * c.T)
	for k := c.lp.Start[j]; k < c.lp.Start[j+1]; k++ {
		if row := c.lp.Index[k]; row >= nodes {
			c.limit[row-nodes] -= by * c.lp.Value[k]
		}
	}
}

func (c *coupled) source(s int, j int32, nodes int) {
	lp := c.lp
	c.cost = append(c.cost, lp.Cost[j])
	c.room = append(c.room, lp.Upper[j]-lp.Lower[j])
	c.column = append(c.column, j)
	for k := lp.Start[j]; k < lp.Start[j+1]; k++ {
		if row := int(lp.Index[k]); row >= nodes && !math.IsInf(c.limit[row-nodes], 1) {
			c.row, c.amount = append(c.row, int32(row-nodes)), append(c.amount, lp.Value[k])
		}
	}
	c.entry = append(c.entry, int32(len(c.row)))
	i := int32(len(c.cost) - 1)
	twin := i
	if at := c.first[len(c.first)-1]; i > at && c.alike(i-1, i) {
		twin = c.twin[i-1]
		for k := twin; k < i; k++ {
			c.tied[s] = c.tied[s] || math.Abs(c.cost[k]-c.cost[i]) <= nearTie
		}
	}
	c.twin = append(c.twin, twin)
}

// alike says whether two sources use the shared rows the same way.
func (c *coupled) alike(a, b int32) bool {
	return slices.Equal(c.row[c.entry[a]:c.entry[a+1]], c.row[c.entry[b]:c.entry[b+1]]) &&
		slices.Equal(c.amount[c.entry[a]:c.entry[a+1]], c.amount[c.entry[b]:c.entry[b+1]])
}
