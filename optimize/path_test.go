package optimize

import (
	"context"
	"math"
	"testing"

	"pgregory.net/rapid"
)

// freeSKUs is p without capacity: what is left are paths.
func freeSKUs(p *Problem) *Problem {
	q := *p
	q.Resources = nil
	q.SKUs = append([]SKU(nil), p.SKUs...)
	for s := range q.SKUs {
		q.SKUs[s].Uses = nil
	}
	return &q
}

// On the LP of any problem without capacity, with its own costs, random ones and those of both stages, on the
// whole polyhedron and on the optimal face: the same status and optimum as the dense simplex method.
func TestPathAgreesWithDense(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := freeSKUs(randomProblem(t))
		if rapid.IntRange(0, 9).Draw(t, "generous bounds") == 0 { // finite, but no more than words
			p.SKUs[0].StorageCapacity = 1e15
			p.SKUs[0].MaxProduction = constant(1e15, len(p.Periods))
		}
		m := formulate(p, p.defaultWeights())
		if m.conflict {
			return
		}
		fast, slow := &path{}, &Dense{}
		for i, s := range []Solver{fast, slow} {
			if err := s.Load(m.lp); err != nil {
				t.Fatal(i, err)
			}
		}
		both := func(what string, lp *LP) *Solution {
			if err := fast.Change(lp); err != nil {
				t.Fatal(err)
			}
			if err := slow.Change(lp); err != nil {
				t.Fatal(err)
			}
			got, err := fast.Solve(context.Background(), nil, DualSimplex, 0)
			if err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			want, err := slow.Solve(context.Background(), m.justInTime(), DualSimplex, 0)
			if err != nil {
				t.Skip("the oracle gave up: ", err)
			}
			if got.Status != want.Status {
				t.Fatalf("%s: %v, the simplex method finds it %v", what, got.Status, want.Status)
			}
			if got.Status != LPOptimal {
				return nil
			}
			if math.Abs(got.Objective-want.Objective) > 1e-9*(1+math.Abs(want.Objective)) {
				t.Fatalf("%s: %.12g, the simplex method finds %.12g", what, got.Objective, want.Objective)
			}
			feasible(t, lp, got.X)
			return got
		}
		sol := both("cost", m.lp)
		if sol == nil {
			return
		}
		face := m.lp.clone()
		fixFace(face, sol)
		loss, shortfall := m.stageCosts()
		for what, cost := range map[string][]float64{"loss": loss, "shortfall": shortfall} {
			lp := m.lp.clone()
			lp.Cost = cost
			both(what, lp)
		}
		for j := range face.Cost {
			face.Cost[j] = float64(rapid.IntRange(0, 8).Draw(t, "cost"))
		}
		both("face", face)
		lp := m.lp.clone()
		lp.Cost = face.Cost
		both("any cost", lp)
	})
}

func feasible(t *rapid.T, lp *LP, x []float64) {
	row := make([]float64, lp.Rows())
	for j, v := range x {
		if v < lp.Lower[j]-1e-9 || v > lp.Upper[j]+1e-9 {
			t.Fatalf("column %d is %g, not from %g to %g", j, v, lp.Lower[j], lp.Upper[j])
		}
		for k := lp.Start[j]; k < lp.Start[j+1]; k++ {
			row[lp.Index[k]] += lp.Value[k] * v
		}
	}
	for i, v := range row {
		if math.Abs(v-lp.RowLower[i]) > 1e-7 {
			t.Fatalf("row %d is %g, not %g", i, v, lp.RowLower[i])
		}
	}
}

// What is no path is refused, not solved wrongly.
func TestPathRefusesCapacity(t *testing.T) {
	m := formulate(threeSKU(t, "three_sku.csv", 15000, Strict), Weights{Shortfall: 10, Loss: 260})
	if err := (&path{}).Load(m.lp); err == nil {
		t.Error("a capacity row was taken for a node")
	}
}
