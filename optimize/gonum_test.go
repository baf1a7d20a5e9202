package optimize

import (
	"context"
	"math"
	"testing"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/optimize/convex/lp"
	"pgregory.net/rapid"
)

// standardForm writes p, whose columns have lower bounds, as min c·y, A y = b, y >= 0: lower bounds are shifted to 0, upper
// bounds and inequalities are rows with a slack. Columns that cannot move and rows without a limit are left out.
func standardForm(p *LP) (c []float64, a *mat.Dense, b []float64, offset float64) {
	type entry struct {
		row, column int
		value       float64
	}
	var entries []entry
	offset = p.Offset
	shift, place := make([]float64, p.Rows()), make([]int, p.Rows())
	for i := range place {
		place[i] = -1
		if !math.IsInf(p.RowUpper[i], 1) {
			place[i] = len(b)
			b = append(b, p.RowUpper[i])
			if p.RowLower[i] != p.RowUpper[i] {
				entries = append(entries, entry{place[i], len(c), 1})
				c = append(c, 0)
			}
		}
	}
	for j, cost := range p.Cost {
		offset += cost * p.Lower[j]
		column := len(c)
		if p.Upper[j] > p.Lower[j] {
			c = append(c, cost)
		}
		for k := p.Start[j]; k < p.Start[j+1]; k++ {
			i := p.Index[k]
			shift[i] += p.Value[k] * p.Lower[j]
			if place[i] >= 0 && p.Upper[j] > p.Lower[j] {
				entries = append(entries, entry{place[i], column, p.Value[k]})
			}
		}
		if room := p.Upper[j] - p.Lower[j]; room > 0 && !math.IsInf(room, 1) {
			entries = append(entries, entry{len(b), column, 1}, entry{len(b), len(c), 1})
			b, c = append(b, room), append(c, 0)
		}
	}
	for i, k := range place {
		if k >= 0 {
			b[k] -= shift[i]
		}
	}
	a = mat.NewDense(len(b), max(1, len(c)), nil)
	for _, e := range entries {
		a.Set(e.row, e.column, e.value)
	}
	return c, a, b, offset
}

// A third opinion: where gonum's simplex method finds an optimum, it is the one found by prices. It wants full row rank
// and stops at some degenerate points; those problems do not count, but most do.
func TestGuidedAgreesWithGonum(t *testing.T) {
	tried, agreed := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		p := randomProblem(t)
		p.SKUs = p.SKUs[:min(2, len(p.SKUs))]
		m := formulate(p, p.defaultWeights())
		if m.conflict {
			return
		}
		c, a, b, offset := standardForm(m.lp)
		if rows, columns := a.Dims(); columns < rows || len(c) != columns {
			return
		}
		tried++
		optimum, _, err := lp.Simplex(c, a, b, 1e-10, nil)
		if err != nil {
			return
		}
		g := newGuided(newDense)
		if err := g.Load(m.lp); err != nil {
			t.Fatal(err)
		}
		sol, err := g.Solve(context.Background(), nil, DualSimplex, 0)
		if err != nil {
			t.Fatal(err)
		}
		if want := optimum + offset; sol.Status != LPOptimal || math.Abs(sol.Objective-want) > 1e-7*(1+math.Abs(want)) {
			t.Fatalf("%v at %.12g, gonum finds %.12g", sol.Status, sol.Objective, want)
		}
		agreed++
	})
	if t.Logf("%d of %d", agreed, tried); agreed < tried/5 {
		t.Errorf("gonum solved %d of %d", agreed, tried)
	}
}
