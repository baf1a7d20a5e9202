package optimize

import (
	"context"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
)

// Dense is a Solver for small LPs (some hundred rows) in plain Go: the bounded-variable primal simplex
// method with an explicit dense inverse of the basis. It exists so that everything above the port can be
// tested without cgo, and as an oracle for faster solvers. The zero value is ready.
//
// Every row i gets a logical variable r_i = (A x)_i with the row's bounds, so the system is
// A x − r = 0 and the slack basis is −I. Phase 1 minimises the sum of infeasibilities of the basic
// variables, phase 2 the cost. Entering: largest reduced cost (Dantzig); after a run of degenerate
// steps the lowest index (Bland 1977), which cannot cycle.
//
// gonum's lp.Simplex is not used: it wants standard form with full row rank and gives up on degenerate
// and redundant rows, which stock and capacity rows are full of.
type Dense struct {
	lp    *LP
	n, m  int
	place []VarStatus // of n columns, then m rows
	basic []int       // variable that is basic in position i
	value []float64   // of every variable
	inv   *mat.Dense  // inverse of the basis
	steps int         // since inv was computed afresh
}

const (
	denseRefresh = 40   // pivots between fresh inverses
	densePivot   = 1e-9 // smallest pivot accepted
	denseFeas    = 1e-9 // bound violation accepted, relative to 1+|bound|
	denseStall   = 30   // degenerate steps before Bland's rule
	denseCancel  = 64   // iterations between looks at the context
)

// Load takes lp.
func (d *Dense) Load(lp *LP) error {
	if err := lp.Check(); err != nil {
		return err
	}
	d.lp, d.n, d.m = lp.clone(), lp.Columns(), lp.Rows()
	d.place = make([]VarStatus, d.n+d.m)
	for i := d.n; i < d.n+d.m; i++ {
		d.place[i] = Basic
	}
	return nil
}

// Change takes the numbers of lp.
func (d *Dense) Change(lp *LP) error {
	if err := lp.Check(); err != nil {
		return err
	}
	if d.lp == nil || !d.lp.sameMatrix(lp) {
		return fmt.Errorf("optimize: Change to an LP with another matrix")
	}
	d.lp = lp.clone()
	return nil
}

// Close does nothing.
func (d *Dense) Close() error { return nil }

// Solve runs the primal method whatever the method asked for.
func (d *Dense) Solve(ctx context.Context, start *Basis, _ Method, limit int) (*Solution, error) {
	if start != nil {
		if len(start.Columns) != d.n || len(start.Rows) != d.m {
			return nil, fmt.Errorf("optimize: basis of %d columns and %d rows for an LP of %d and %d",
				len(start.Columns), len(start.Rows), d.n, d.m)
		}
		copy(d.place, start.Columns)
		copy(d.place[d.n:], start.Rows)
	}
	d.install()
	d.refresh()
	stall := 0
	for it := 0; ; it++ {
		if it%denseCancel == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if limit > 0 && it >= limit {
			return &Solution{Status: LPStopped, Iterations: it}, nil
		}
		if d.steps >= denseRefresh {
			d.refresh()
		}
		cost, feasible := d.phase()
		y := d.duals(cost)
		enter, direction := d.entering(cost, y, feasible, stall > denseStall)
		if enter < 0 {
			if d.steps > 0 { // believe it only on a fresh inverse
				d.refresh()
				d.steps = 0
				continue
			}
			if !feasible {
				return &Solution{Status: LPInfeasible, Iterations: it}, nil
			}
			return d.solution(it), nil
		}
		step, ok := d.step(enter, direction, feasible, stall > denseStall)
		if !ok {
			if feasible {
				return &Solution{Status: LPUnbounded, Iterations: it}, nil
			}
			return nil, fmt.Errorf("%w: dense simplex lost its basis", ErrSolver)
		}
		if step > 1e-12 {
			stall = 0
		} else {
			stall++
		}
		if it > 50000+200*(d.n+d.m) {
			return nil, fmt.Errorf("%w: dense simplex does not end", ErrSolver)
		}
	}
}

// phase returns the cost of every basic variable in the phase that the values are in.
func (d *Dense) phase() (cost []float64, feasible bool) {
	cost, feasible = make([]float64, d.m), true
	for i, v := range d.basic {
		lower, upper := d.bounds(v)
		if d.value[v] < lower-denseFeas*(1+math.Abs(lower)) {
			cost[i], feasible = -1, false
		} else if d.value[v] > upper+denseFeas*(1+math.Abs(upper)) {
			cost[i], feasible = 1, false
		}
	}
	if feasible {
		for i, v := range d.basic {
			if v < d.n {
				cost[i] = d.lp.Cost[v]
			}
		}
	}
	return cost, feasible
}

// duals solves yᵀ B = costᵀ.
func (d *Dense) duals(cost []float64) []float64 {
	y := make([]float64, d.m)
	for i, c := range cost {
		if c != 0 {
			for k, b := range d.inv.RawRowView(i) {
				y[k] += c * b
			}
		}
	}
	return y
}

// reduced is the reduced cost of variable v.
func (d *Dense) reduced(v int, y []float64, feasible bool) float64 {
	if v >= d.n {
		return y[v-d.n]
	}
	c := 0.0
	if feasible {
		c = d.lp.Cost[v]
	}
	for k := d.lp.Start[v]; k < d.lp.Start[v+1]; k++ {
		c -= d.lp.Value[k] * y[d.lp.Index[k]]
	}
	return c
}

// entering picks the nonbasic variable that improves and the direction it moves in; -1: none does.
func (d *Dense) entering(_, y []float64, feasible, bland bool) (enter int, direction float64) {
	scale := 1.0
	for _, v := range y {
		scale = math.Max(scale, math.Abs(v))
	}
	tolerance := 1e-9 + 1e-13*scale
	enter, best := -1, tolerance
	for v, pl := range d.place {
		lower, upper := d.bounds(v)
		if pl == Basic || lower == upper {
			continue
		}
		r := d.reduced(v, y, feasible)
		var gain, dir float64
		switch {
		case r < 0 && pl != AtUpper:
			gain, dir = -r, 1
		case r > 0 && pl != AtLower:
			gain, dir = r, -1
		}
		if gain > best {
			enter, direction, best = v, dir, gain
			if bland {
				return enter, direction
			}
		}
	}
	return enter, direction
}

// step moves variable enter as far as it can go and exchanges it with the variable that stops it.
// It is false if nothing does.
func (d *Dense) step(enter int, direction float64, feasible, bland bool) (float64, bool) {
	col := make([]float64, d.m)
	d.column(enter, col)
	w := make([]float64, d.m) // change of basic values per unit of enter, negated
	for i := range w {
		for k, b := range d.inv.RawRowView(i) {
			w[i] += b * col[k]
		}
	}
	lower, upper := d.bounds(enter)
	longest := upper - lower // a bound flip
	leave, leaveAt := -1, AtLower
	for i, v := range d.basic {
		rate := -direction * w[i]
		if math.Abs(rate) < densePivot {
			continue
		}
		lo, up := d.bounds(v)
		x := d.value[v]
		below := x < lo-denseFeas*(1+math.Abs(lo))
		above := x > up+denseFeas*(1+math.Abs(up))
		stop, at := math.Inf(1), AtLower
		switch {
		case rate > 0 && below && !feasible:
			stop, at = (lo-x)/rate, AtLower
		case rate > 0 && !above:
			stop, at = (up-x)/rate, AtUpper
		case rate < 0 && above && !feasible:
			stop, at = (up-x)/rate, AtUpper
		case rate < 0 && !below:
			stop, at = (lo-x)/rate, AtLower
		}
		stop = math.Max(0, stop)
		better := stop < longest-1e-12
		if !better && leave >= 0 && stop <= longest+1e-12 {
			if bland {
				better = v < d.basic[leave]
			} else {
				better = math.Abs(w[i]) > math.Abs(w[leave])
			}
		}
		if better {
			longest, leave, leaveAt = math.Min(stop, longest), i, at
		}
	}
	if math.IsInf(longest, 1) {
		return 0, false
	}
	for i, v := range d.basic {
		d.value[v] -= direction * w[i] * longest
	}
	d.value[enter] += direction * longest
	if leave < 0 {
		if d.place[enter] == AtLower {
			d.place[enter] = AtUpper
		} else {
			d.place[enter] = AtLower
		}
		d.value[enter] = d.resting(enter)
		return longest, true
	}
	out := d.basic[leave]
	d.place[out], d.place[enter] = leaveAt, Basic
	d.value[out] = d.resting(out)
	d.basic[leave] = enter
	pivotRow := d.inv.RawRowView(leave)
	for k := range pivotRow {
		pivotRow[k] /= w[leave]
	}
	for i := range w {
		if i == leave || w[i] == 0 {
			continue
		}
		row := d.inv.RawRowView(i)
		for k, b := range pivotRow {
			row[k] -= w[i] * b
		}
	}
	d.steps++
	return longest, true
}

// solution reads the optimum off the basis.
func (d *Dense) solution(iterations int) *Solution {
	cost, _ := d.phase()
	y := d.duals(cost)
	s := &Solution{Status: LPOptimal, Objective: d.lp.Offset, Iterations: iterations,
		X: append([]float64(nil), d.value[:d.n]...), Duals: y, Reduced: make([]float64, d.n),
		Basis: &Basis{Columns: append([]VarStatus(nil), d.place[:d.n]...), Rows: append([]VarStatus(nil), d.place[d.n:]...)}}
	for j := range d.n {
		s.Objective += d.lp.Cost[j] * s.X[j]
		s.Reduced[j] = d.reduced(j, y, true)
	}
	return s
}
