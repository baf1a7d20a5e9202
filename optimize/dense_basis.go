package optimize

import (
	"math"

	"gonum.org/v1/gonum/mat"
)

// bounds are those of variable v: a column, or the activity of row v−n.
func (d *Dense) bounds(v int) (lower, upper float64) {
	if v < d.n {
		return d.lp.Lower[v], d.lp.Upper[v]
	}
	return d.lp.RowLower[v-d.n], d.lp.RowUpper[v-d.n]
}

// column writes variable v's column of [A, −I] into dst.
func (d *Dense) column(v int, dst []float64) {
	clear(dst)
	if v >= d.n {
		dst[v-d.n] = -1
		return
	}
	for k := d.lp.Start[v]; k < d.lp.Start[v+1]; k++ {
		dst[d.lp.Index[k]] += d.lp.Value[k]
	}
}

// install chooses m independent basic variables, those marked Basic first, then logicals, by Gaussian
// elimination, and moves nonbasic ones to a bound.
func (d *Dense) install() {
	d.basic = d.basic[:0]
	type pivot struct {
		row int
		col []float64
	}
	var done []pivot
	rowUsed := make([]bool, d.m)
	w := make([]float64, d.m)
	try := func(v int) bool {
		d.column(v, w)
		for _, p := range done {
			if f := w[p.row]; f != 0 {
				for i := range w {
					w[i] -= f * p.col[i]
				}
			}
		}
		best := -1
		for i := range w {
			if !rowUsed[i] && (best < 0 || math.Abs(w[i]) > math.Abs(w[best])) {
				best = i
			}
		}
		if best < 0 || math.Abs(w[best]) < 1e-7 {
			return false
		}
		col := make([]float64, d.m)
		for i := range w {
			col[i] = w[i] / w[best]
		}
		done = append(done, pivot{best, col})
		rowUsed[best] = true
		d.basic = append(d.basic, v)
		return true
	}
	for pass := range 2 {
		for v := d.n + d.m - 1; v >= 0 && len(d.basic) < d.m; v-- {
			if pass == 0 && d.place[v] == Basic {
				if !try(v) {
					d.place[v] = AtLower
				}
			} else if pass == 1 && v >= d.n && d.place[v] != Basic && try(v) {
				d.place[v] = Basic
			}
		}
	}
	in := make([]bool, d.n+d.m)
	for _, v := range d.basic {
		in[v] = true
	}
	for v := range d.place {
		lower, upper := d.bounds(v)
		switch {
		case in[v]:
			d.place[v] = Basic
		case math.IsInf(lower, -1) && math.IsInf(upper, 1):
			d.place[v] = FreeNonbasic
		case math.IsInf(lower, -1):
			d.place[v] = AtUpper
		case math.IsInf(upper, 1) || d.place[v] != AtUpper:
			d.place[v] = AtLower
		}
	}
}

// refresh computes the inverse and all values afresh.
func (d *Dense) refresh() {
	d.steps = 0
	d.value = append(d.value[:0], make([]float64, d.n+d.m)...)
	if d.m == 0 {
		for v := range d.place {
			d.value[v] = d.resting(v)
		}
		return
	}
	B := mat.NewDense(d.m, d.m, nil)
	col := make([]float64, d.m)
	rhs := make([]float64, d.m)
	for i, v := range d.basic {
		d.column(v, col)
		B.SetCol(i, col)
	}
	for v, pl := range d.place {
		if pl == Basic {
			continue
		}
		if d.value[v] = d.resting(v); d.value[v] != 0 {
			d.column(v, col)
			for i := range rhs {
				rhs[i] -= col[i] * d.value[v]
			}
		}
	}
	d.inv = mat.NewDense(d.m, d.m, nil)
	_ = d.inv.Inverse(B) // an ill-conditioned basis is still usable; the answer is checked by the caller
	var x mat.VecDense
	x.MulVec(d.inv, mat.NewVecDense(d.m, rhs))
	for i, v := range d.basic {
		d.value[v] = x.AtVec(i)
	}
}

// resting is the value of nonbasic variable v.
func (d *Dense) resting(v int) float64 {
	lower, upper := d.bounds(v)
	switch d.place[v] {
	case AtLower:
		return lower
	case AtUpper:
		return upper
	}
	return 0
}
