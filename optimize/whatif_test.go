package optimize

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"sync"
	"testing"

	"pgregory.net/rapid"
)

func TestWhatIfGolden(t *testing.T) {
	p := threeSKU(t, "three_sku.csv", 15000, Strict)
	before, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	b := NewSandbox(newDense, Options{}, p, solve(t, p))
	defer b.Close()
	ask := func(o *Overrides) *Answer {
		t.Helper()
		a, err := b.WhatIf(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	v := func(x float64) *float64 { return &x }
	capacity := func(c float64) *Overrides { return &Overrides{Resources: []ResourceOverride{{Capacity: &c}}} }

	a := ask(capacity(14000))
	near(t, "total at 14,000", a.Cost.Total, 2200298, 0.5)
	near(t, "total in force", a.Baseline.Total, 2128139, 0.5)
	near(t, "difference", a.Difference.Total, 2200298-2128139, 0.5)
	if len(a.Loads) != 13 || len(a.Moves) == 0 || len(a.Shorts) != 0 || a.Loads[3].Capacity != 14000 || a.Loads[3].CapacityNow != 15000 {
		t.Errorf("loads %v, moves %v, shorts %v", a.Loads, a.Moves, a.Shorts)
	}
	a = ask(capacity(13000))
	if a.Status != Infeasible || a.Infeasibility.FirstShortPeriod == "" || a.Infeasibility.FirstShortPeriod != solve(t, threeSKU(t, "three_sku.csv", 13000, Strict)).Infeasibility.FirstShortPeriod {
		t.Fatalf("13,000: %s %+v", a.Status, a.Infeasibility)
	}
	near(t, "smallest capacity", a.Infeasibility.SmallestCapacity[0], 13558.56, 0.005)
	near(t, "50 to hold SKU-001", ask(&Overrides{SKUs: []SKUOverride{{SKU: "SKU-001", HoldingCost: v(50)}}}).Cost.Total, 2330217, 0.5)
	near(t, "nothing changed", ask(&Overrides{}).Cost.Total, 2128139, 0.5)

	a = ask(&Overrides{Mode: Elastic, Resources: []ResourceOverride{{Resource: "factory", Capacity: v(12000)}}})
	near(t, "lost at 12,000", a.Short.Lost, 14830, 1e-4)
	if len(a.Shorts) == 0 {
		t.Error("nobody is short")
	}
	a = ask(&Overrides{Added: []AddedSKU{{SKU: "new", Demand: []float64{100, 200}, ProductionCost: 5, HoldingCost: 1, Resource: "factory"}}})
	if a.Status != Optimal || sum(a.Plan.Production[3]) != 1900 || a.Difference.Total <= 1900*5 {
		t.Errorf("added: %s, makes %v, costs %g more", a.Status, a.Plan.Production[3], a.Difference.Total)
	}
	a = ask(&Overrides{SKUs: []SKUOverride{{SKU: "SKU-003", DemandPercent: v(-10)}, {SKU: "SKU-002", Demand: v(7), Periods: []string{"2026-03"}}}})
	if a.Problem.SKUs[1].Demand[3] != 7 || math.Abs(sum(a.Problem.SKUs[2].Demand)-0.9*sum(p.SKUs[2].Demand)) > 1e-4 || a.Difference.Total >= 0 {
		t.Errorf("less demand: %+v", a.Difference)
	}
	for _, o := range []*Overrides{
		{Resources: []ResourceOverride{{Resource: "mill"}}}, {SKUs: []SKUOverride{{SKU: "x"}}}, {Resources: []ResourceOverride{{Periods: []string{"2031-01"}}}},
		{Resources: []ResourceOverride{{Capacity: v(-1)}}}, {Added: []AddedSKU{{SKU: "SKU-001", Demand: []float64{1}}}}, {Added: []AddedSKU{{SKU: "new"}}},
		{Added: []AddedSKU{{SKU: "new", Demand: []float64{1}, Resource: "mill"}}}, {SKUs: []SKUOverride{{DemandPercent: v(math.NaN())}}},
	} {
		if _, err := b.WhatIf(t.Context(), o); !errors.Is(err, ErrProblem) {
			t.Errorf("%+v: %v", o, err)
		}
	}
	if after, err := json.Marshal(p); err != nil || string(after) != string(before) {
		t.Errorf("the problem itself has changed: %v", err)
	}
	if _, err := json.Marshal(a); err != nil {
		t.Error(err)
	}
}

// Several callers at once get what one alone gets.
func TestWhatIfConcurrently(t *testing.T) {
	p := threeSKU(t, "three_sku.csv", 15000, Strict)
	b := NewSandbox(newDense, Options{}, p, solve(t, p))
	defer b.Close()
	var wait sync.WaitGroup
	for i := range 8 {
		wait.Add(1)
		go func() {
			defer wait.Done()
			for _, c := range []struct{ capacity, total float64 }{{14000, 2200298}, {16000, 2068085}, {18000, 2003805}} {
				a, err := b.WhatIf(context.Background(), &Overrides{Resources: []ResourceOverride{{Capacity: &c.capacity}}})
				if err != nil || math.Abs(a.Cost.Total-c.total) > 0.5 {
					t.Errorf("caller %d at %g: %v", i, c.capacity, err)
				}
			}
		}()
	}
	wait.Wait()
}

// An answer is the plan that a cold solve of the changed problem finds.
func TestWhatIfIsASolve(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := randomProblem(t)
		b := NewSandbox(newDense, Options{}, p, mustSolve(t, NewEngine(newDense, Options{}), p, nil))
		percent, extra := float64(rapid.IntRange(-50, 80).Draw(t, "percent")), float64(rapid.IntRange(0, 30).Draw(t, "capacity"))
		for _, o := range []*Overrides{
			{SKUs: []SKUOverride{{DemandPercent: &percent}}},
			{Resources: []ResourceOverride{{Capacity: &extra}}},
			{Added: []AddedSKU{{SKU: "added", Demand: []float64{3}, ProductionCost: 1, HoldingCost: 1, Resource: p.Resources[0].Name}}},
		} {
			a, err := b.WhatIf(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			want := mustSolve(t, NewEngine(newDense, Options{}), a.Problem, nil)
			if a.Status != want.Status {
				t.Fatalf("%s, a cold solve says %s", a.Status, want.Status)
			}
			if want.Status == Optimal {
				samePlan(t, want, a.Plan)
			}
		}
	})
}

// At 19,933 the last unit of June saves what one more would not.
func TestCapacityValue(t *testing.T) {
	for _, c := range []struct {
		capacity, more, less float64
		period               int
	}{{19933, 0, 2, 6}, {15000, 16, 16, 8}, {15000, 2, 2, 1}, {15000, 0, 0, 12}} {
		p := threeSKU(t, "three_sku.csv", c.capacity, Strict)
		b := NewSandbox(newDense, Options{}, p, solve(t, p))
		v, err := b.CapacityValue(t.Context(), 0, c.period)
		if err != nil {
			t.Fatal(err)
		}
		if v.ValueOfOneMore != c.more || v.CostOfOneLess == nil || *v.CostOfOneLess != c.less || *v.PriceRange[0] != c.more || *v.PriceRange[1] != c.less {
			t.Errorf("%g in %s: more %g, less %v, range %v %v", c.capacity, v.Period, v.ValueOfOneMore, *v.CostOfOneLess, *v.PriceRange[0], *v.PriceRange[1])
		}
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	}
	p := threeSKU(t, "three_sku.csv", 122027.0/9, Strict)
	b := NewSandbox(newDense, Options{}, p, solve(t, p))
	defer b.Close()
	if v, err := b.CapacityValue(t.Context(), 0, 3); err != nil || v.CostOfOneLess != nil || v.PriceRange[1] != nil || v.ValueOfOneMore <= 0 {
		t.Errorf("at the smallest capacity: %+v, %v", v, err)
	}
}

func BenchmarkWhatIf(b *testing.B) {
	p := threeSKU(b, "three_sku.csv", 15000, Strict)
	box := NewSandbox(newDense, Options{}, p, solve(b, p))
	defer box.Close()
	b.ReportAllocs()
	for i := range b.N {
		c := 15000 - float64(i%50)*20
		if _, err := box.WhatIf(context.Background(), &Overrides{Resources: []ResourceOverride{{Capacity: &c}}}); err != nil {
			b.Fatal(err)
		}
	}
}
