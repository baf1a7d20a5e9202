package optimize

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// Every cause, with its figures.
func TestInfeasibleCauses(t *testing.T) {
	for _, c := range []struct {
		cause, first string
		missing      float64
		change       func(p *Problem, s *SKU)
	}{
		{"capacity", "b", 15, func(p *Problem, _ *SKU) { p.Resources[0].Capacity = []float64{10, 5, 5, 5} }},
		{"capacity", "a", 30, func(p *Problem, _ *SKU) { p.Resources[0].Capacity = []float64{0, 0, 0, 10} }},
		{"lead_time", "a", 10, func(_ *Problem, s *SKU) { s.LeadTime = 1 }},
		{"lead_time", "a", 20, func(_ *Problem, s *SKU) { s.LeadTime = 2 }},
		{"frozen", "a", 6, func(p *Problem, s *SKU) { p.Frozen, s.Fixed = 2, []float64{5, 9} }},
		{"max_production", "a", 4, func(_ *Problem, s *SKU) { s.MaxProduction = constant(9, 4) }},
		{"storage", "a", 5, func(_ *Problem, s *SKU) { s.SafetyStock[0], s.StorageCapacity = 15, 10 }},
		{"storage", "b", 4, func(_ *Problem, s *SKU) {
			s.Pins = []Pin{{Period: 1, Min: 10, Max: -1}}
			s.SafetyStock[1], s.StorageCapacity = 9, 5
		}},
		{"rounding", "a", 7, func(_ *Problem, s *SKU) { s.PackSize, s.StorageCapacity = 12, 1 }},
		{"rounding", "", 0, func(p *Problem, s *SKU) { s.PackSize, p.Resources[0].Capacity = 6, constant(10, 4) }},
		{"rounding", "", 0, func(p *Problem, s *SKU) { s.MinOrder, p.Resources[0].Capacity = 15, constant(14, 4) }},
		{"rounding", "", 0, func(_ *Problem, s *SKU) { s.PackSize, s.MaxProduction = 12, constant(10, 4) }},
	} {
		p := &Problem{Periods: []string{"a", "b", "c", "d"}, Mode: Strict, Resources: []Resource{{Name: "saw", Capacity: constant(100, 4)}},
			SKUs: []SKU{{Name: "x", Demand: constant(10, 4), SafetyStock: constant(0, 4), ProductionCost: 5, HoldingCost: 1, Uses: []Use{{0, 1}}}}}
		c.change(p, &p.SKUs[0])
		plan := solve(t, p)
		if plan.Status != Infeasible || plan.Infeasibility.Cause != c.cause {
			t.Errorf("%s: %s %+v", c.cause, plan.Status, plan.Infeasibility)
			continue
		}
		inf := plan.Infeasibility
		if inf.SKU == "" && inf.Resource == "" {
			t.Errorf("%s names neither SKU nor resource", c.cause)
		}
		if c.first != "" {
			if inf.FirstShortPeriod != c.first {
				t.Errorf("%s: first in %s, not %s", c.cause, inf.FirstShortPeriod, c.first)
			}
			near(t, c.cause+" missing", inf.Missing, c.missing, 1e-6)
		}
	}
}

func TestRepairGolden(t *testing.T) {
	plan := solve(t, threeSKU(t, "three_sku.csv", 12000, Strict))
	extra := 0.0
	for _, v := range plan.Infeasibility.Repair {
		extra += v.Extra
	}
	near(t, "extra capacity", extra, 15135, 1e-3)
}

// With the extra capacity of the repair there is a plan; with a tenth less of all of it there is none or the same
// capacity was not needed at all.
func TestRepairRepairs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := randomProblem(t)
		p.Mode = Strict
		plan := mustSolve(t, NewEngine(newDense, Options{GuidedRows: rapid.SampledFrom([]int{-1, 1}).Draw(t, "guided rows")}), p, nil)
		if plan.Status != Infeasible || plan.Infeasibility.Cause != "capacity" || plan.Infeasibility.Repair == nil {
			return
		}
		repaired := func(share float64) Status {
			q := *p
			q.Resources = append([]Resource(nil), p.Resources...)
			for _, v := range plan.Infeasibility.Repair {
				for r := range q.Resources {
					for u, name := range q.Periods {
						if q.Resources[r].Name != v.Resource || name != v.Period {
							continue
						}
						c := append([]float64(nil), q.Resources[r].Capacity...)
						// A row that what is fixed exceeds is raised to it: what the row lacks is below its room.
						base := c[u] - at(q.Resources[r].Load, u)
						forced := 0.0
						for s := range q.SKUs {
							lower, _ := q.SKUs[s].production(&q)
							forced += q.SKUs[s].usage(r) * lower[u]
						}
						c[u] += math.Max(0, forced-at(q.Resources[r].Overtime, u)-base) + share*v.Extra
						q.Resources[r].Capacity = c
					}
				}
			}
			return mustSolve(t, NewEngine(newDense, Options{}), &q, nil).Status
		}
		if got := repaired(1 + 1e-6); got != Optimal {
			t.Fatalf("repaired by %+v: %s", plan.Infeasibility.Repair, got)
		}
		if got := repaired(0.9); got != Infeasible {
			t.Fatalf("nine tenths of %+v are enough", plan.Infeasibility.Repair)
		}
	})
}
