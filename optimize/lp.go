package optimize

import (
	"fmt"
	"math"
	"slices"
)

// LP is a linear programme with bounds on columns and rows:
//
//	minimise  Offset + Cost·x   subject to   Lower <= x <= Upper,  RowLower <= A x <= RowUpper
//
// A is stored by columns: the entries of column j are Index[Start[j]:Start[j+1]] (rows) and Value.
// Infinite bounds are ±math.Inf.
//
// The first Paths·PathLength rows are stock rows: as many paths (SKUs) of PathLength rows (periods), one after the
// other. The rows after them are shared (capacity). The columns of a path stand together, in the order of the paths; what is
// on no path may stand among them and behind the last. A solver that does not care need not look.
type LP struct {
	Cost, Lower, Upper []float64
	Start              []int32
	Index              []int32
	Value              []float64
	RowLower, RowUpper []float64
	Offset             float64
	Paths, PathLength  int
}

// Rows returns the number of rows, Columns the number of columns.
func (lp *LP) Rows() int    { return len(lp.RowLower) }
func (lp *LP) Columns() int { return len(lp.Cost) }

// addColumn appends a column without entries and returns its index; addEntry appends to the last column.
func (lp *LP) addColumn(cost, lower, upper float64) int32 {
	if lp.Start == nil {
		lp.Start = []int32{0}
	}
	lp.Cost = append(lp.Cost, cost)
	lp.Lower = append(lp.Lower, lower)
	lp.Upper = append(lp.Upper, upper)
	lp.Start = append(lp.Start, int32(len(lp.Index)))
	return int32(len(lp.Cost) - 1)
}

// reserve makes room for columns and entries.
func (lp *LP) reserve(columns, entries int) {
	lp.Cost, lp.Lower, lp.Upper = slices.Grow(lp.Cost, columns), slices.Grow(lp.Lower, columns), slices.Grow(lp.Upper, columns)
	lp.Start = slices.Grow(lp.Start, columns+1)
	lp.Index, lp.Value = slices.Grow(lp.Index, entries), slices.Grow(lp.Value, entries)
}

func (lp *LP) addEntry(row int, value float64) {
	lp.Index = append(lp.Index, int32(row))
	lp.Value = append(lp.Value, value)
	lp.Start[len(lp.Start)-1]++
}

// sameMatrix says whether both LPs have the same coefficients, so that one can take the other's
// place by changing numbers only.
func (lp *LP) sameMatrix(o *LP) bool {
	return lp.Rows() == o.Rows() && slices.Equal(lp.Start, o.Start) &&
		slices.Equal(lp.Index, o.Index) && slices.Equal(lp.Value, o.Value)
}

// clone copies the numbers that a stage may change and shares the matrix.
func (lp *LP) clone() *LP {
	c := *lp
	flat := make([]float64, 0, 3*lp.Columns()+2*lp.Rows())
	for _, v := range []*[]float64{&c.Cost, &c.Lower, &c.Upper, &c.RowLower, &c.RowUpper} {
		from := len(flat)
		flat = append(flat, *v...)
		*v = flat[from:len(flat):len(flat)]
	}
	return &c
}

// Check reports the first number that a solver must not see: NaN, an infinite cost or coefficient,
// a bound on the wrong side, or a finite number beyond 1e20.
func (lp *LP) Check() error {
	const huge = 1e20
	finite := func(v float64) bool { return math.Abs(v) <= huge }
	n, m := lp.Columns(), lp.Rows()
	if len(lp.Lower) != n || len(lp.Upper) != n || len(lp.RowUpper) != m || (n > 0 && len(lp.Start) != n+1) ||
		len(lp.Index) != len(lp.Value) {
		return fmt.Errorf("optimize: LP of %d columns and %d rows has arrays of other lengths", n, m)
	}
	for j := range n {
		if !finite(lp.Cost[j]) || !boundsOK(lp.Lower[j], lp.Upper[j], huge) {
			return fmt.Errorf("optimize: LP column %d: cost %g, bounds %g to %g", j, lp.Cost[j], lp.Lower[j], lp.Upper[j])
		}
	}
	for i := range m {
		if !boundsOK(lp.RowLower[i], lp.RowUpper[i], huge) {
			return fmt.Errorf("optimize: LP row %d: bounds %g to %g", i, lp.RowLower[i], lp.RowUpper[i])
		}
	}
	for k, v := range lp.Value {
		if !finite(v) || int(lp.Index[k]) >= m || lp.Index[k] < 0 {
			return fmt.Errorf("optimize: LP entry %d: row %d, value %g", k, lp.Index[k], v)
		}
	}
	return nil
}

// boundsOK wants lower <= upper, no NaN, and infinities on their own side only.
func boundsOK(lower, upper, huge float64) bool {
	return lower <= upper && (math.Abs(lower) <= huge || math.IsInf(lower, -1)) &&
		(math.Abs(upper) <= huge || math.IsInf(upper, 1))
}
