package bench

import (
	"context"
	"testing"
)

// The generator still makes the instances whose optima are published: the smallest case has the first
// figures of the stream, and a solve of a small instance of the same kind is reported whole.
func TestPlanInstance(t *testing.T) {
	in := newPlanInstance(40, 13, 2, true)
	engine := planCase{skus: 40, periods: 13, resources: 2, correlated: true}
	p := in.problem(in.demand)
	if err := p.Check(); err != nil {
		t.Fatal(err)
	}
	changed := 0
	for s := range in.demand {
		for u := range in.demand[s] {
			if in.demand1[s][u] != in.demand[s][u] {
				changed++
				break
			}
		}
	}
	if changed != 1 {
		t.Errorf("%d SKUs changed, want 1", changed)
	}
	if err := engine.run(context.Background(), func(Row) {}); err == nil {
		t.Error("a wrong optimum is not noticed")
	}
}

// The smallest published case: known optimum, and every metric of the contract.
func TestPlanCase(t *testing.T) {
	if testing.Short() {
		t.Skip("a solve of a second")
	}
	got := map[string]float64{}
	if err := planCases[0].run(context.Background(), func(r Row) { got[r.Metric] = r.Value }); err != nil {
		t.Fatal(err)
	}
	for _, metric := range []string{"objective", "cold_seconds", "warm_1pct_seconds", "warm_100pct_seconds"} {
		if got[metric] <= 0 {
			t.Errorf("%s is %g", metric, got[metric])
		}
	}
	t.Log(got)
}
