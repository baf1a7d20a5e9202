package bench

import (
	"testing"

	"drumbeat/optimize"
	"drumbeat/optimize/clp"
)

// A dear change moves less than a free one, and frozen production never moves.
func TestStabilitySweep(t *testing.T) {
	moved := map[string]float64{}
	err := Stability(12)(t.Context(), func(r Row) {
		if r.Metric == "moved_units" {
			moved[r.Case] = r.Value
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if free, dear := moved["12 SKUs, k 0"], moved["12 SKUs, k 4"]; !(free > 0 && dear < 0.9*free) {
		t.Errorf("units moved: %v", moved)
	}
}

// The instances of lot sizing are what they say: within reach of overtime, and planned close to their bound.
func TestLotCases(t *testing.T) {
	for _, load := range []float64{0.75, 1.05} {
		c := lotCase{skus: 5, periods: 8, load: load, tbo: 2}
		engine := optimize.NewEngine(clp.New, optimize.Options{})
		plan, err := engine.Solve(t.Context(), c.problem(), nil)
		if err != nil || engine.Close() != nil {
			t.Fatal(err)
		}
		if g := plan.Certificate.RoundingGap; plan.Status != optimize.Optimal || plan.Cost.Orders <= 0 || g < 0 || g > 0.1 {
			t.Errorf("%v: %s, orders %g, gap %g", c, plan.Status, plan.Cost.Orders, g)
		}
	}
}
