package optimize

import (
	"context"
	"math"
	"testing"

	"pgregory.net/rapid"
)

// By prices or as a whole, cold, warm or from stored prices: the same answer, the same cost, the same plan.
func TestGuidedIsWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := randomProblem(t)
		want := mustSolve(t, NewEngine(newDense, Options{GuidedRows: -1}), p, nil)
		e := NewEngine(newDense, Options{GuidedRows: 1})
		got := mustSolve(t, e, p, nil)
		if got.Status != want.Status {
			t.Fatalf("guided %s, whole %s", got.Status, want.Status)
		}
		if got.Status == Infeasible {
			return
		}
		samePlan(t, want, got)
		if math.Abs(got.Objective-want.Objective) > 1e-9*(1+math.Abs(want.Objective)) {
			t.Fatalf("guided costs %.12g, whole %.12g", got.Objective, want.Objective)
		}
		samePlan(t, want, mustSolve(t, e, p, nil))
		samePlan(t, want, mustSolve(t, NewEngine(newDense, Options{GuidedRows: 1}), p, throughJSON(t, got.Start)))
	})
}

// The solver alone, on the LP and on its variations, with almost nothing free at first so that there are rounds.
func TestGuidedSolverAgreesWithDense(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := randomProblem(t)
		m := formulate(p, p.defaultWeights())
		if m.conflict {
			return
		}
		debugGuided = dbgOn
		g := newGuided(newDense)
		g.eps = 1e-9
		loss, _ := m.stageCosts()
		second := m.lp.clone()
		second.Cost = loss
		for _, lp := range []*LP{m.lp, second} {
			if err := g.Load(lp); err != nil {
				t.Fatal(err)
			}
			got, err := g.Solve(context.Background(), nil, DualSimplex, 0)
			if err != nil {
				t.Fatal(err)
			}
			dense := &Dense{}
			if err := dense.Load(lp); err != nil {
				t.Fatal(err)
			}
			want, err := dense.Solve(context.Background(), m.justInTime(), DualSimplex, 0)
			if err != nil {
				t.Skip("the oracle gave up: ", err)
			}
			if got.Status != want.Status {
				t.Fatalf("%v, the simplex method finds it %v", got.Status, want.Status)
			}
			if got.Status != LPOptimal {
				continue
			}
			if math.Abs(got.Objective-want.Objective) > 1e-9*(1+math.Abs(want.Objective)) {
				t.Fatalf("%.12g, the simplex method finds %.12g", got.Objective, want.Objective)
			}
			inBounds(t, lp, got.X)
		}
	})
}

// inBounds wants x within the bounds of columns and rows.
func inBounds(t *rapid.T, lp *LP, x []float64) {
	row, size := make([]float64, lp.Rows()), 1.0
	within := func(what string, i int, v, low, high float64) {
		if !(math.Max(low-v, v-high) <= 1e-9*size) {
			t.Fatalf("%s %d is %.12g, bounds %g and %g", what, i, v, low, high)
		}
	}
	for j, v := range x {
		size = math.Max(size, math.Abs(v))
		within("column", j, v, lp.Lower[j], lp.Upper[j])
		for k := lp.Start[j]; k < lp.Start[j+1]; k++ {
			row[lp.Index[k]] += lp.Value[k] * v
		}
	}
	for i, v := range row {
		within("row", i, v, lp.RowLower[i], lp.RowUpper[i])
	}
}
