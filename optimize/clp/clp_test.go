package clp_test

import (
	"context"
	"errors"
	"math"
	"testing"

	"drumbeat/optimize"
	"drumbeat/optimize/clp"

	"pgregory.net/rapid"
)

// randomLP draws a small LP with all sorts of bounds, ties and degenerate rows.
func randomLP(t *rapid.T) *optimize.LP {
	rows, columns := rapid.IntRange(1, 7).Draw(t, "rows"), rapid.IntRange(1, 10).Draw(t, "columns")
	num := func(name string, low, high int) float64 { return float64(rapid.IntRange(low, high).Draw(t, name)) }
	bounds := func(name string) (float64, float64) {
		low := num(name, -5, 10)
		up := low + num(name+" width", 0, 10)
		switch rapid.IntRange(0, 5).Draw(t, name+" kind") {
		case 0:
			low = math.Inf(-1)
		case 1, 2:
			up = math.Inf(1)
		}
		return low, up
	}
	lp := &optimize.LP{Start: []int32{0}}
	for range rows {
		low, up := bounds("row")
		lp.RowLower, lp.RowUpper = append(lp.RowLower, low), append(lp.RowUpper, up)
	}
	for range columns {
		low, up := bounds("column")
		lp.Lower, lp.Upper = append(lp.Lower, low), append(lp.Upper, up)
		lp.Cost = append(lp.Cost, num("cost", -6, 12))
		for i := range rows {
			if v := num("value", -3, 3); v != 0 && rapid.Bool().Draw(t, "there") {
				lp.Index, lp.Value = append(lp.Index, int32(i)), append(lp.Value, v)
			}
		}
		lp.Start = append(lp.Start, int32(len(lp.Index)))
	}
	if len(lp.Index) == 0 {
		t.Skip("no entries")
	}
	return lp
}

func solve(t *rapid.T, s optimize.Solver, start *optimize.Basis, m optimize.Method) *optimize.Solution {
	sol, err := s.Solve(context.Background(), start, m, 0)
	if err != nil {
		t.Fatal(err)
	}
	return sol
}

func same(t *rapid.T, what string, a, b *optimize.Solution) {
	if a.Status != b.Status {
		// An LP that is both infeasible and unbounded in its recession cone may be called either.
		if a.Status != optimize.LPOptimal && b.Status != optimize.LPOptimal {
			return
		}
		t.Fatalf("%s: %v and %v", what, a.Status, b.Status)
	}
	if a.Status == optimize.LPOptimal && math.Abs(a.Objective-b.Objective) > 1e-6*(1+math.Abs(a.Objective)) {
		t.Fatalf("%s: %.9g and %.9g", what, a.Objective, b.Objective)
	}
}

// CLP and the dense simplex agree, cold and after a change of numbers, from either's basis.
func TestAgreesWithDense(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lp := randomLP(t)
		fast, slow := clp.New(), &optimize.Dense{}
		defer fast.Close()
		for _, s := range []optimize.Solver{fast, slow} {
			if err := s.Load(lp); err != nil {
				t.Fatal(err)
			}
		}
		a, b := solve(t, fast, nil, optimize.DualSimplex), solve(t, slow, nil, optimize.PrimalSimplex)
		same(t, "cold", a, b)

		changed := *lp
		changed.Cost = append([]float64(nil), lp.Cost...)
		changed.RowLower, changed.RowUpper = append([]float64(nil), lp.RowLower...), append([]float64(nil), lp.RowUpper...)
		for j := range changed.Cost {
			changed.Cost[j] += float64(rapid.IntRange(-1, 2).Draw(t, "cost change"))
		}
		for i := range changed.RowLower {
			d := float64(rapid.IntRange(-2, 2).Draw(t, "row change"))
			changed.RowLower[i] += d
			changed.RowUpper[i] += d
		}
		for _, s := range []optimize.Solver{fast, slow} {
			if err := s.Change(&changed); err != nil {
				t.Fatal(err)
			}
		}
		method := optimize.Method(rapid.IntRange(0, 1).Draw(t, "method"))
		warm := solve(t, fast, nil, method)
		same(t, "warm", warm, solve(t, slow, nil, method))
		if b.Status == optimize.LPOptimal {
			same(t, "from the other's basis", solve(t, fast, b.Basis, method), warm)
		}
	})
}

// Numbers that would abort the process are refused before CLP sees them.
func TestPoisonIsRefused(t *testing.T) {
	for name, spoil := range map[string]func(*optimize.LP){
		"NaN cost":      func(lp *optimize.LP) { lp.Cost[0] = math.NaN() },
		"huge cost":     func(lp *optimize.LP) { lp.Cost[0] = 1e26 },
		"infinite cost": func(lp *optimize.LP) { lp.Cost[0] = math.Inf(1) },
		"NaN bound":     func(lp *optimize.LP) { lp.Lower[0] = math.NaN() },
		"NaN row":       func(lp *optimize.LP) { lp.RowUpper[0] = math.NaN() },
		"NaN value":     func(lp *optimize.LP) { lp.Value = []float64{math.NaN()} },
		"crossed":       func(lp *optimize.LP) { lp.Lower[0], lp.Upper[0] = 2, 1 },
		"row index":     func(lp *optimize.LP) { lp.Index = []int32{1} },
	} {
		lp := &optimize.LP{Cost: []float64{1}, Lower: []float64{0}, Upper: []float64{1}, Start: []int32{0, 1},
			Index: []int32{0}, Value: []float64{1}, RowLower: []float64{0}, RowUpper: []float64{1}}
		s := clp.New()
		if err := s.Load(lp); err != nil {
			t.Fatal(err)
		}
		spoil(lp)
		if s.Load(lp) == nil || s.Change(lp) == nil {
			t.Errorf("%s is accepted", name)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if s.Close() != nil || s.Load(lp) == nil {
			t.Errorf("closed solver: second Close must do nothing and Load must fail")
		}
	}
}

func TestStopsAtLimitAndContext(t *testing.T) {
	p := planProblem(200, 20)
	e := optimize.NewEngine(clp.New, optimize.Options{MaxIterations: 3})
	defer e.Close()
	if _, err := e.Solve(context.Background(), p, nil); err == nil {
		t.Error("an optimum within 3 iterations")
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := optimize.NewEngine(clp.New, optimize.Options{}).Solve(ctx, p, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("after cancel: %v", err)
	}
}

// planProblem is a site whose peaks exceed its capacity.
func planProblem(S, T int) *optimize.Problem {
	p := &optimize.Problem{Mode: optimize.Elastic}
	for t := range T {
		p.Periods = append(p.Periods, string(rune('A'+t)))
	}
	load := 0.0
	for s := range S {
		sku := optimize.SKU{Name: string(rune('A'+s%26)) + string(rune('A'+s/26)), ProductionCost: 5 + float64(s%17), HoldingCost: 0.1 + float64(s%7)/20,
			Uses: []optimize.Use{{Resource: 0, Amount: 1 + float64(s%3)/2}}, Opening: float64(s % 50)}
		for t := range T {
			d := math.Round(float64(20+s%60) * (1 + 0.7*math.Sin(float64(t)/3+float64(s%5)/9)))
			sku.Demand = append(sku.Demand, d)
			sku.SafetyStock = append(sku.SafetyStock, math.Round(d/10))
			load += d * sku.Uses[0].Amount
		}
		p.SKUs = append(p.SKUs, sku)
	}
	r := optimize.Resource{Name: "line"}
	for range T {
		r.Capacity = append(r.Capacity, math.Round(load/float64(T)*1.02))
	}
	p.Resources = []optimize.Resource{r}
	return p
}

// Warm, cold and restarted solves of a site of some size give the same plan.
func TestWarmPlanEqualsColdPlan(t *testing.T) {
	p := planProblem(150, 20)
	warm := optimize.NewEngine(clp.New, optimize.Options{})
	defer warm.Close()
	first, err := warm.Solve(context.Background(), p, nil)
	if err != nil {
		t.Fatal(err)
	}
	for s := 0; s < len(p.SKUs); s += 3 {
		p.SKUs[s].Demand = append([]float64(nil), p.SKUs[s].Demand...)
		for i := range p.SKUs[s].Demand {
			p.SKUs[s].Demand[i] += float64((s + i) % 5)
		}
	}
	cold := optimize.NewEngine(clp.New, optimize.Options{})
	defer cold.Close()
	restarted := optimize.NewEngine(clp.New, optimize.Options{})
	defer restarted.Close()
	want, err := cold.Solve(context.Background(), p, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, solve := range map[string]func() (*optimize.Plan, error){
		"warm":      func() (*optimize.Plan, error) { return warm.Solve(context.Background(), p, nil) },
		"restarted": func() (*optimize.Plan, error) { return restarted.Solve(context.Background(), p, first.Start) },
	} {
		got, err := solve()
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %d iterations in %d stages, cold %d", name, got.Stats.Iterations, got.Stats.Stages, want.Stats.Iterations)
		if !got.Stats.Warm {
			t.Errorf("%s did not start warm", name)
		}
		for s := range want.Production {
			for u := range want.Production[s] {
				if math.Abs(want.Production[s][u]-got.Production[s][u]) > 2e-6 {
					t.Fatalf("%s: SKU %d period %d: %.9g, cold %.9g", name, s, u, got.Production[s][u], want.Production[s][u])
				}
			}
		}
	}
}
