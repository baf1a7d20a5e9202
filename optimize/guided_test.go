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
		if got.Stats.Fallbacks > 0 || (got.Stats.Guided == 0 && p.limited()) {
			t.Fatalf("solved as a whole: %+v", got.Stats)
		}
		samePlan(t, want, mustSolve(t, e, p, nil))
		samePlan(t, want, mustSolve(t, NewEngine(newDense, Options{GuidedRows: 1}), p, throughJSON(t, got.Start)))
	})
}

// What an SKU spends on what is decided already does not hide that it could do better elsewhere: the solver finds the optimum
// of the rest, although nearly all of the cost is of one frozen period and almost nothing is free at first.
func TestGuidedBesideALargeCost(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := randomProblem(t)
		for s := range p.SKUs {
			sku := &p.SKUs[s]
			sku.HoldingCost *= 1e-5
			if sku.LeadTime == 0 && sku.Fixed != nil && p.Frozen > 0 && len(sku.Pins) == 0 {
				sku.Fixed[0], sku.Demand[0] = sku.Fixed[0]+1e6, sku.Demand[0]+1e6
				for _, u := range sku.Uses {
					p.Resources[u.Resource].Capacity[0] += u.Amount * 1e6
				}
			}
		}
		m := formulate(p, Weights{Shortfall: 1, Loss: 20})
		if m.conflict {
			return
		}
		g := newGuided(newDense)
		g.eps = 1e-9
		if err := g.Load(m.lp); err != nil {
			t.Fatal(err)
		}
		got, want := solvedBoth(t, g, m, m.lp, DualSimplex)
		if got == nil {
			return
		}
		more := 0.0
		for j, cost := range m.lp.Cost {
			more += cost * (got.X[j] - want.X[j])
		}
		if math.Abs(more) > 1e-6 {
			t.Fatalf("costs %g more than what the simplex method finds", more)
		}
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
		g := newGuided(newDense)
		g.eps = 1e-9
		loss, _ := m.stageCosts()
		second := m.lp.clone()
		second.Cost = loss
		for _, lp := range []*LP{m.lp, second} {
			if err := g.Load(lp); err != nil {
				t.Fatal(err)
			}
			solvedAsDense(t, g, m, lp, DualSimplex)
		}
	})
}

// Paths that share nothing are an LP without shared rows: nothing to price, and sources are free all the same, from the start
// and when it is solved again in the same memory.
func TestGuidedWithoutSharedRows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := newGuided(newDense)
		g.eps = rapid.SampledFrom([]float64{1e-9, 0, 10}).Draw(t, "eps")
		for range 2 {
			p := randomProblem(t)
			for s := range p.SKUs {
				p.SKUs[s].Uses = nil
			}
			m := formulate(p, p.defaultWeights())
			if m.conflict {
				return
			}
			loss, _ := m.stageCosts()
			second := m.lp.clone()
			second.Cost = loss
			for _, lp := range []*LP{m.lp, second} {
				if err := g.Load(lp); err != nil {
					t.Fatal(err)
				}
				solvedAsDense(t, g, m, lp, rapid.SampledFrom([]Method{DualSimplex, PrimalSimplex}).Draw(t, "method"))
			}
		}
	})
}

// solvedBoth is the optimum that g, which has loaded lp of m, finds, and that of Dense; nil where both say that there is none.
func solvedBoth(t *rapid.T, g *guided, m *model, lp *LP, method Method) (got, want *Solution) {
	got, err := g.Solve(context.Background(), nil, method, 0)
	if err != nil {
		t.Fatal(err)
	}
	dense := &Dense{}
	if err := dense.Load(lp); err != nil {
		t.Fatal(err)
	}
	want, err = dense.Solve(context.Background(), m.justInTime(), DualSimplex, 0)
	if err != nil {
		t.Skip("the oracle gave up: ", err)
	}
	if got.Status != want.Status {
		t.Fatalf("%v, the simplex method finds it %v", got.Status, want.Status)
	}
	if got.Status != LPOptimal {
		return nil, nil
	}
	return got, want
}

// solvedAsDense wants of g, which has loaded lp of m, what Dense finds.
func solvedAsDense(t *rapid.T, g *guided, m *model, lp *LP, method Method) {
	got, want := solvedBoth(t, g, m, lp, method)
	if got == nil {
		return
	}
	if math.Abs(got.Objective-want.Objective) > 1e-9*(1+math.Abs(want.Objective)) {
		t.Fatalf("%.12g, the simplex method finds %.12g", got.Objective, want.Objective)
	}
	inBounds(t, lp, got.X)
	if dual := dualObjective(lp, got.Duals); math.Abs(dual-got.Objective) > 1e-8*(1+math.Abs(got.Objective)) {
		t.Fatalf("%.12g, its dual %.12g", got.Objective, dual)
	}
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

// limited says whether any SKU uses a resource with a limit.
func (p *Problem) limited() bool {
	for s := range p.SKUs {
		for _, u := range p.SKUs[s].Uses {
			if p.Resources[u.Resource].limited() {
				return true
			}
		}
	}
	return false
}

// dualObjective is the value of the LP's dual at duals y, which is the optimum if and only if y is optimal: y at the row
// bounds it pulls at, and reduced costs at the column bounds they push against.
func dualObjective(lp *LP, y []float64) float64 {
	total := lp.Offset
	worth := func(v, low, high float64) float64 {
		switch {
		case math.Abs(v) < 1e-9:
			return 0
		case v > 0:
			return v * low
		}
		return v * high
	}
	for i, v := range y {
		total += worth(v, lp.RowLower[i], lp.RowUpper[i])
	}
	for j, r := range lp.Cost {
		for k := lp.Start[j]; k < lp.Start[j+1]; k++ {
			r -= lp.Value[k] * y[lp.Index[k]]
		}
		total += worth(r, lp.Lower[j], lp.Upper[j])
	}
	return total
}
