package bench

import (
	"context"
	"math"
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
	for _, metric := range []string{"objective", "cold_seconds", "warm_1pct_seconds", "warm_100pct_seconds", "peak_bytes"} {
		if got[metric] <= 0 {
			t.Errorf("%s is %g", metric, got[metric])
		}
	}
	t.Log(got)
}

// Seconds that grow as SKUs to the power of 1.1 have that exponent.
func TestGrowth(t *testing.T) {
	g := growth{}
	for _, skus := range []int{1000, 10000, 100000} {
		g.add(skus, Row{Metric: "objective", Value: 7})
		g.add(skus, Row{Metric: "cold_processor_seconds", Value: 0.3 * math.Pow(float64(skus), 1.1)})
	}
	var rows []Row
	g.report(func(r Row) { rows = append(rows, r) })
	if len(rows) != 1 || rows[0].Metric != "cold_exponent" || math.Abs(rows[0].Value-1.1) > 1e-9 || rows[0].Case != "growth from 1000 to 100000 SKUs" {
		t.Errorf("%+v", rows)
	}
}
