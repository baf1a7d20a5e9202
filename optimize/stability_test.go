package optimize

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// The stated cost of stability is what a second problem without change prices costs less.
func TestStabilityIsTheDifferenceToAFreePlan(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := randomProblem(t)
		plan := mustSolve(t, NewEngine(newDense, Options{}), p, nil)
		q := *p
		q.SKUs = append([]SKU(nil), p.SKUs...)
		for s := range q.SKUs {
			q.SKUs[s].ChangePrice = nil
		}
		free := mustSolve(t, NewEngine(newDense, Options{}), &q, nil)
		if plan.Status != free.Status {
			t.Fatalf("%s with change prices, %s without", plan.Status, free.Status)
		}
		if plan.Status == Infeasible {
			return
		}
		if free.Cost.Stability != 0 {
			t.Fatalf("stability costs %g where change costs nothing", free.Cost.Stability)
		}
		want := plan.Cost.Total - free.Cost.Total
		if d := math.Abs(plan.Cost.Stability - want); d > 1e-4*(1+math.Abs(free.Cost.Total)) {
			t.Fatalf("stability costs %g, stated is %g", want, plan.Cost.Stability)
		}
	})
}
