package optimize

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// A problem solved by components has the same answer, cost, and plan to the grain, as one LP with everything in
// it, whatever the number of workers.
func TestSplitIsWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := randomProblem(t)
		unsplit := NewEngine(newDense, Options{})
		unsplit.unsplit = true
		want := mustSolve(t, unsplit, p, nil)
		got := mustSolve(t, NewEngine(newDense, Options{Workers: rapid.IntRange(1, 3).Draw(t, "workers")}), p, nil)
		if got.Status != want.Status {
			t.Fatalf("split %s, whole %s", got.Status, want.Status)
		}
		if got.Status == Infeasible {
			a, b := *got.Infeasibility, *want.Infeasibility
			if a.Cause != b.Cause || a.SKU != b.SKU || (a.Resource == b.Resource && math.Abs(a.Missing-b.Missing) > 1e-6) {
				t.Fatalf("split: %+v, whole: %+v", a, b)
			}
			return
		}
		samePlan(t, want, got)
		if math.Abs(got.Objective-want.Objective) > 1e-7*(1+math.Abs(want.Objective)) {
			t.Fatalf("split costs %.12g, whole %.12g", got.Objective, want.Objective)
		}
		if len(got.RaisedRows) != len(want.RaisedRows) {
			t.Fatalf("raised rows: split %v, whole %v", got.RaisedRows, want.RaisedRows)
		}
		for _, row := range got.RaisedRows {
			if !slices.ContainsFunc(want.RaisedRows, func(o Row) bool {
				return o.Resource == row.Resource && o.Period == row.Period && math.Abs(o.By-row.By) < 1e-9
			}) {
				t.Fatalf("raised rows: split %v, whole %v", got.RaisedRows, want.RaisedRows)
			}
		}
	})
}

// Components are a partition, and nothing limited is shared between two of them.
func TestComponentsShareNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := randomProblem(t)
		ofSKU, ofResource := map[int]int{}, map[int]int{}
		for i, c := range p.components() {
			for _, s := range c.skus {
				if _, twice := ofSKU[s]; twice {
					t.Fatalf("SKU %d is in two components", s)
				}
				ofSKU[s] = i
			}
			for _, r := range c.resources {
				if _, twice := ofResource[r]; twice || !p.Resources[r].limited() {
					t.Fatalf("resource %d is in two components or has no limit", r)
				}
				ofResource[r] = i
			}
			if !slices.IsSorted(c.skus) || !slices.IsSorted(c.resources) || len(c.skus) == 0 {
				t.Fatalf("component %+v", c)
			}
			if len(c.resources) == 0 && len(c.skus) > 1 {
				t.Fatalf("nothing couples %v", c.skus)
			}
		}
		for s := range p.SKUs {
			if _, in := ofSKU[s]; !in {
				t.Fatalf("SKU %d is in no component", s)
			}
			for _, u := range p.SKUs[s].Uses {
				if p.Resources[u.Resource].limited() && ofResource[u.Resource] != ofSKU[s] {
					t.Fatalf("SKU %d and its resource %d are apart", s, u.Resource)
				}
			}
		}
	})
}

// The same on quantities and costs that are no round numbers, over a horizon of 26 periods.
func TestSplitIsWholeOverALongHorizon(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := uncoupled(3, 26, rapid.Uint64().Draw(t, "seed"))
		p.SKUs[0].LeadTime = rapid.IntRange(0, 4).Draw(t, "lead time")
		p.SKUs[1].StorageCapacity = 1.5 * p.SKUs[1].Demand[3]
		p.SKUs[2].BacklogCost = p.SKUs[2].ProductionCost / 10
		unsplit := NewEngine(newDense, Options{})
		unsplit.unsplit = true
		want, got := mustSolve(t, unsplit, p, nil), mustSolve(t, NewEngine(newDense, Options{}), p, nil)
		samePlan(t, want, got)
		if got.Stats.Components != 3 || got.Stats.Iterations != 0 {
			t.Fatalf("%+v", got.Stats)
		}
	})
}

// refusing is a path solver that takes nothing.
type refusing struct{ path }

func (*refusing) Load(*LP) error { return errors.New("no path") }

// An SKU that the path solver refuses is solved by the ordinary one: the same plan.
func TestWhatIsNoPathIsSolvedAnyway(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := freeSKUs(randomProblem(t))
		e := NewEngine(newDense, Options{})
		want := mustSolve(t, e, p, nil)
		if want.Status == Infeasible {
			return
		}
		run := &solving{engine: e, p: p, plan: newPlan(p), weights: want.Weights}
		alone := &session{newSolver: func() Solver { return &refusing{} }}
		for s := range p.SKUs {
			if err := run.solve(context.Background(), &task{component: component{skus: []int{s}}}, alone); err != nil {
				t.Fatal(err)
			}
		}
		samePlan(t, want, run.plan)
	})
}
