package optimize

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
)

// restricted is the LP of the contested decisions: free sources move, all others stay where the base plan has
// them. Its rows are the shared rows, and for every path with a free source one row per period in which free
// sources arrive: between two of them nothing moves but by what is carried, so the cuts of the whole interval add up
// to one curve of the free amount carried over it,
//
//	carried[g−1] + Σ free x − carried[g] = 0,   cost of carried[g] = Σ over the interval of cut(fixed level + carried[g]).
//
// That is exact, and has some thousand rows where the whole has hundreds of thousands. Each shared row may be
// overdrawn at a price above the present one and be given away at one below: that box keeps the duals near
// prices that are known to be good.
type restricted struct {
	lp     LP
	basis  Basis
	source []int32 // by column: the source, −1 for what is carried
	rowAt  []int32 // by shared row of the coupled LP, −1 where it needs none
	shared int     // the first column of c.shared,
	box    int     // and of over and under of every row
	fixed  float64 // cost of what does not move

	kept []carriedPath // by path: places of the carried columns in the last basis

	level    []float64 // of the path being written: what is fixed on every cut,
	arrivals []int     // and its rows' first nodes
	breaks   []breakpoint
}

// carriedPath remembers the basis of the carried columns of a path while its free sources stay the same.
type carriedPath struct {
	free    int // number of free sources; 0: none known
	columns []VarStatus
}

// box bounds the price of a shared row: room beyond the limit costs high, room left over earns low.
type box struct {
	low, high, width float64
	over, under      VarStatus // the columns' last places, if known
	known            bool
}

// build writes the LP around the base plan of in, at the values of its present plan, which differs in free sources only.
func (r *restricted) build(in *rounds) error {
	c := in.c
	r.lp.Cost, r.lp.Lower, r.lp.Upper = r.lp.Cost[:0], r.lp.Lower[:0], r.lp.Upper[:0]
	r.lp.Start, r.lp.Index, r.lp.Value = append(r.lp.Start[:0], 0), r.lp.Index[:0], r.lp.Value[:0]
	r.lp.RowLower, r.lp.RowUpper = r.lp.RowLower[:0], r.lp.RowUpper[:0]
	r.basis.Columns, r.basis.Rows = r.basis.Columns[:0], r.basis.Rows[:0]
	r.source, r.fixed = r.source[:0], c.offset
	for _, j := range c.idle {
		r.fixed += c.idleCost(j)
	}
	if len(r.kept) != c.S {
		r.kept = make([]carriedPath, c.S)
	}
	r.rowAt = resized(r.rowAt, c.K)
	for k, limit := range c.limit {
		r.rowAt[k] = -1
		if !math.IsInf(limit, 1) {
			r.rowAt[k] = int32(r.row(limit-in.load[k], AtLower))
		}
	}
	used := make([]float64, c.K) // by what is free
	for s := range c.S {
		if !in.loose[s] {
			r.fixed += in.cost[s]
			continue
		}
		if err := r.path(in, s, used); err != nil {
			return err
		}
	}
	r.sharedColumns(in, used)
	return nil
}

// row adds an equality.
func (r *restricted) row(value float64, place VarStatus) int {
	r.lp.RowLower, r.lp.RowUpper = append(r.lp.RowLower, value), append(r.lp.RowUpper, value)
	r.basis.Rows = append(r.basis.Rows, place)
	return len(r.lp.RowLower) - 1
}

func (r *restricted) column(cost, room float64, source int32, place VarStatus) {
	r.lp.addColumn(cost, 0, room)
	r.source = append(r.source, source)
	r.basis.Columns = append(r.basis.Columns, place)
}

// give returns q units of source i to the room of the shared rows.
func (r *restricted) give(c *coupled, i int32, q float64) {
	for k := c.entry[i]; k < c.entry[i+1]; k++ {
		row := r.rowAt[c.row[k]]
		r.lp.RowLower[row] += c.amount[k] * q
		r.lp.RowUpper[row] = r.lp.RowLower[row]
	}
}

// path adds the rows and columns of path s: a row where free sources arrive, with what is carried from there to
// the next such row.
func (r *restricted) path(in *rounds, s int, used []float64) error {
	c, base, now, free := in.c, in.base, in.now, in.free
	r.fixed += c.base[s]
	begin, end := s*c.T, (s+1)*c.T
	n, level := 0, 0.0
	r.level, r.arrivals = r.level[:0], r.arrivals[:0]
	for node := begin; node < end; node++ {
		before := n
		for i := c.first[node]; i < c.first[node+1]; i++ {
			switch {
			case free[i]:
				r.give(c, i, base.x[i])
				n++
			case base.x[i] != 0:
				level += base.x[i]
				r.fixed += base.x[i] * c.cost[i]
			}
		}
		if n > before {
			r.arrivals = append(r.arrivals, node)
		}
		level -= c.need[node]
		r.level = append(r.level, level)
		if n == 0 {
			r.fixed += c.costOf(&c.cuts[node], level)
		}
	}
	kept := &r.kept[s]
	known := n > 0 && kept.free == n
	kept.free = n
	old := kept.columns
	kept.columns = kept.columns[:0]
	carried, before, rooted := 0.0, 0.0, false
	for g, node := range r.arrivals {
		row := r.row(0, AtLower)
		for i := c.first[node]; i < c.first[node+1]; i++ {
			if free[i] {
				r.freeSource(c, i, row, now.x[i], in.place, used)
				carried += now.x[i]
				rooted = rooted || r.basis.Columns[len(r.basis.Columns)-1] == Basic
			}
		}
		to, last := end, g+1 == len(r.arrivals)
		if !last {
			to = r.arrivals[g+1]
		}
		from := len(r.source)
		least, err := r.carry(c, s, node, to, row, last, carried)
		if err != nil {
			return err
		}
		columns := r.basis.Columns[from:]
		if known && len(kept.columns)+len(columns) <= len(old) {
			copy(columns, old[len(kept.columns):])
		} else {
			known = false
		}
		kept.columns = append(kept.columns, columns...)
		r.lp.RowLower[row] += least - before
		r.lp.RowUpper[row] = r.lp.RowLower[row]
		before = least
		// What is basic along a path is a forest, and every tree of it needs a root: a source, or the way out behind
		// the last row. Where there is none, the row itself is basic, at a value of 0.
		linked := slices.Contains(columns, Basic)
		rooted = rooted || (linked && last)
		if !linked || last {
			if !rooted {
				r.basis.Rows[row] = Basic
			}
			rooted = false
		}
	}
	return nil
}

func (r *restricted) freeSource(c *coupled, i int32, row int, x float64, place []VarStatus, used []float64) {
	where := AtLower
	switch {
	case place[i] != unknownPlace:
		where = place[i]
	case x >= c.room[i]:
		where = AtUpper
	case x > 0:
		where = Basic
	}
	r.column(c.cost[i], c.room[i], i, where)
	for k := c.entry[i]; k < c.entry[i+1]; k++ {
		r.lp.addEntry(int(r.rowAt[c.row[k]]), c.amount[k])
		used[c.row[k]] += c.amount[k] * x
	}
	r.lp.addEntry(row, 1)
}

// unknownPlace marks a source that has not been in a basis.
const unknownPlace VarStatus = 255

// startError is how far outside of its domain, relative to it, what is carried at the start may be: CLP leaves errors of 1e-12
// whatever the size of the numbers. They decide where the basis starts and nothing else.
const startError = 1e-9

// carry adds the columns of what is carried over the nodes from ... to−1, one a stretch of the sum of their cuts,
// beyond the least that must be, which it returns. now is what is carried at present.
func (r *restricted) carry(c *coupled, s, from, to, row int, last bool, now float64) (least float64, err error) {
	begin, dust := s*c.T, c.dust[s]
	most := math.Inf(1)
	for n := from; n < to; n++ {
		low, high := c.domain(&c.cuts[n])
		least, most = max(least, low-r.level[n-begin]), min(most, high-r.level[n-begin])
	}
	if off := startError * (1 + math.Abs(now)); least > most+2*dust || now < least-off || now > most+off {
		return 0, fmt.Errorf("%w: a path carries %g, which must be from %g to %g", errNoFlow, now, least, most)
	}
	slope := 0.0
	r.breaks = r.breaks[:0]
	for n := from; n < to; n++ {
		k, x := &c.cuts[n], least+r.level[n-begin]
		r.fixed += c.costOf(k, x)
		at, end, i := k.left, k.anchor, k.first
		for ; i < k.last && x >= end-dust; i++ {
			at, end = c.piece[i].slope, end+c.piece[i].length
		}
		if math.IsInf(at, -1) {
			continue // a single point
		}
		slope += at
		for ; i < k.last; i++ {
			r.breaks = append(r.breaks, breakpoint{end - r.level[n-begin], c.piece[i].slope - at})
			at, end = c.piece[i].slope, end+c.piece[i].length
		}
	}
	slices.SortStableFunc(r.breaks, func(a, b breakpoint) int { return cmp.Compare(a.at, b.at) })
	low := least
	stretch := func(high float64) {
		if high <= low+dust {
			return
		}
		place := AtLower
		switch {
		case now >= high-dust:
			place = AtUpper
		case now > low+dust:
			place = Basic
		}
		r.column(slope, high-low, nobody, place)
		r.lp.addEntry(row, -1)
		if !last {
			r.lp.addEntry(row+1, 1)
		}
		low = high
	}
	for _, b := range r.breaks {
		if b.at >= most {
			break
		}
		stretch(b.at)
		slope += b.rise
	}
	stretch(most)
	return least, nil
}

// breakpoint is where the slope of a sum of cuts rises.
type breakpoint struct{ at, rise float64 }

// errNoFlow marks a plan that does not keep to the cuts of a path.
var errNoFlow = errors.New("optimize: not a flow")

// sharedColumns adds the shared columns of the LP and two columns a shared row: room beyond the limit at the
// price's upper end, room given away at its lower end. One of the two is basic, so that the rows hold at the
// present values.
func (r *restricted) sharedColumns(in *rounds, used []float64) {
	c, now, places := in.c, in.now, in.shared
	r.shared = len(r.source)
	for m, j := range c.shared {
		room, place := c.lp.Upper[j]-c.lp.Lower[j], AtLower
		switch {
		case places[m] != unknownPlace:
			place = places[m]
		case now.shared[m] >= room:
			place = AtUpper
		case now.shared[m] > 0:
			place = Basic
		}
		c.addShared(j, now.shared[m], used)
		r.column(c.lp.Cost[j], room, nobody, place)
		for e := c.lp.Start[j]; e < c.lp.Start[j+1]; e++ {
			if row := r.rowAt[int(c.lp.Index[e])-c.S*c.T]; row >= 0 {
				r.lp.addEntry(int(row), c.lp.Value[e])
			}
		}
	}
	r.box = len(r.source)
	for k, row := range r.rowAt {
		if row < 0 {
			continue
		}
		over, under := AtLower, Basic
		if used[k] > r.lp.RowUpper[row] {
			over, under = Basic, AtLower
		}
		b := &in.boxes[k]
		if b.known {
			over, under = b.over, b.under
		}
		most := [2]float64{math.Inf(1), math.Inf(1)}
		if !in.boxed { // the rows as they are
			most[0] = 0
			if c.equal[k] {
				most[1] = 0
			}
		}
		r.column(b.high, most[0], nobody, over)
		r.lp.addEntry(int(row), -1)
		r.column(-b.low, most[1], nobody, under)
		r.lp.addEntry(int(row), 1)
	}
}

// keep notes the places of carried columns for the next LP.
func (r *restricted) keep(c *coupled, b *Basis) {
	j := 0
	for s := range r.kept {
		kept := r.kept[s].columns
		n := 0
		for seen := 0; seen < r.kept[s].free || n < len(kept); j++ {
			if r.source[j] >= 0 {
				seen++
			} else {
				kept[n] = b.Columns[j]
				n++
			}
		}
	}
}
