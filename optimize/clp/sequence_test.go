package clp_test

import (
	"fmt"
	"math"
	"reflect"
	"runtime"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"drumbeat/optimize"
	"drumbeat/optimize/clp"
)

// A site changes step by step: demand, capacity, costs, items that go and come, features on and off, the horizon rolled,
// nothing at all. One engine solves every step from the last one; its plan is that of an engine which starts cold.
func TestSequenceOfChangesIsCold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.Uint64Range(0, 1<<20).Draw(t, "seed")
		p := site(seed, rapid.IntRange(5, 24).Draw(t, "SKUs"), rapid.IntRange(3, 9).Draw(t, "periods"), rapid.IntRange(1, 3).Draw(t, "resources"))
		warm := optimize.NewEngine(clp.New, optimize.Options{GuidedRows: 1})
		defer closed(t, warm)
		for step := range 6 {
			if step > 0 {
				p = nextStep(t, p, step)
			}
			cold := optimize.NewEngine(clp.New, optimize.Options{GuidedRows: 1})
			want, err := cold.Solve(t.Context(), p, nil)
			closed(t, cold)
			if err != nil {
				t.Fatal(err)
			}
			got, err := warm.Solve(t.Context(), p, nil)
			if err != nil {
				t.Fatal(err)
			}
			sameMatrices(t, want, got)
		}
	})
}

func closed(t *rapid.T, e *optimize.Engine) {
	if err := e.Close(); err != nil {
		t.Error(err)
	}
}

func sameMatrices(t *rapid.T, want, got *optimize.Plan) {
	if want.Status != got.Status {
		t.Fatalf("%s, cold %s", got.Status, want.Status)
	}
	if math.Abs(want.Objective-got.Objective) > 1e-9*(1+math.Abs(want.Objective)) {
		t.Errorf("costs %.12g, cold %.12g", got.Objective, want.Objective)
	}
	for name, m := range map[string][2][][]float64{"production": {want.Production, got.Production}, "inventory": {want.Inventory, got.Inventory},
		"lost": {want.Lost, got.Lost}, "backlog": {want.Backlog, got.Backlog}, "overtime": {want.Overtime, got.Overtime},
		"emergency": {want.Emergency, got.Emergency}} {
		for i := range m[0] {
			for u, x := range m[0][i] {
				if y := m[1][i][u]; math.Abs(x-y) > 3e-6 {
					t.Fatalf("%s of %d in period %d is %.9g, cold %.9g", name, i, u, y, x)
				}
			}
		}
	}
}

// newItem is an SKU without a plan in force.
func newItem(seed, periods, resources int) optimize.SKU {
	k := site(uint64(seed), 1, periods, resources).SKUs[0]
	k.Fixed = nil
	return k
}

// nextStep is p after a change; p stays as it is.
func nextStep(t *rapid.T, p *optimize.Problem, step int) *optimize.Problem {
	q := *p
	q.SKUs, q.Resources = slices.Clone(p.SKUs), slices.Clone(p.Resources)
	T := len(p.Periods)
	factor := rapid.Float64Range(.5, 1.6)
	scaled := func(v []float64, f float64) []float64 {
		out := slices.Clone(v)
		for i := range out {
			out[i] = math.Round(f * out[i])
		}
		return out
	}
	some := func() *optimize.SKU { return &q.SKUs[rapid.IntRange(0, len(q.SKUs)-1).Draw(t, "SKU")] }
	changes := map[string]func(){
		"nothing": func() {},
		"demand": func() {
			for range rapid.IntRange(1, 4).Draw(t, "how many") {
				k := some()
				k.Demand = scaled(k.Demand, factor.Draw(t, "factor"))
			}
		},
		"no demand for a time": func() {
			k := some()
			k.Demand = slices.Clone(k.Demand)
			k.Demand[rapid.IntRange(0, T-1).Draw(t, "period")] = 0
		},
		"all demand": func() {
			for s := range q.SKUs {
				q.SKUs[s].Demand = scaled(q.SKUs[s].Demand, factor.Draw(t, "factor"))
			}
		},
		"capacity": func() {
			r := &q.Resources[rapid.IntRange(0, len(q.Resources)-1).Draw(t, "resource")]
			r.Capacity = scaled(r.Capacity, factor.Draw(t, "factor"))
		},
		"overtime": func() {
			r := &q.Resources[0]
			r.Overtime = scaled(r.Overtime, factor.Draw(t, "factor"))
		},
		"no limit for a time": func() {
			r := &q.Resources[0]
			r.Unlimited = make([]bool, T)
			r.Unlimited[rapid.IntRange(0, T-1).Draw(t, "period")] = true
		},
		"stock":        func() { some().Opening += math.Round(50 * factor.Draw(t, "factor")) },
		"cost":         func() { some().HoldingCost *= factor.Draw(t, "factor") },
		"lead time":    func() { some().LeadTime = rapid.IntRange(0, 3).Draw(t, "lead time") },
		"another item": func() { *some() = newItem(1000+step, T, len(q.Resources)) },
		"no storage":   func() { some().StorageCapacity = 0 },
		"storage":      func() { some().StorageCapacity = 100 },
		"no backlog":   func() { k := some(); k.BacklogCost, k.Opening = 0, max(0, k.Opening) },
		"backlog":      func() { k := some(); k.BacklogCost = 3 * k.HoldingCost },
		"no emergency": func() { some().EmergencyCost = 0 },
		"emergency":    func() { k := some(); k.EmergencyCost = 3 * k.ProductionCost },
		"no most":      func() { some().MaxProduction = nil },
		"most":         func() { k := some(); k.MaxProduction = scaled(k.Demand, 1.5) },
		"no pin":       func() { some().Pins = nil },
		"pin": func() {
			some().Pins = []optimize.Pin{{Period: rapid.IntRange(0, T-1).Draw(t, "period"), Min: 5, Max: -1}}
		},
		"no baseline": func() { k := some(); k.Baseline, k.HasBaseline, k.ChangePrice, k.Fixed = nil, nil, nil, nil },
		"baseline": func() {
			k := some()
			k.Baseline, k.HasBaseline, k.ChangePrice, k.Fixed = scaled(k.Demand, 1.1), nil, nil, nil
		},
		"economic":      func() { q.Shortages = optimize.Economic },
		"lexicographic": func() { q.Shortages = optimize.Lexicographic },
		"item gone": func() {
			if s := rapid.IntRange(0, len(q.SKUs)-1).Draw(t, "SKU"); len(q.SKUs) > 1 {
				q.SKUs = slices.Delete(q.SKUs, s, s+1)
			}
		},
		"item new": func() {
			k := newItem(2000+step, T, len(q.Resources))
			k.Name = fmt.Sprintf("n%03d.%d", step, len(q.SKUs))
			q.SKUs = slices.Insert(q.SKUs, rapid.IntRange(0, len(q.SKUs)).Draw(t, "where"), k)
		},
		"rolled": func() {
			q.Periods = append(slices.Clone(p.Periods[1:]), fmt.Sprintf("x%02d", step))
			for s := range q.SKUs {
				k := &q.SKUs[s]
				k.Demand = append(slices.Clone(k.Demand[1:]), k.Demand[0])
			}
		},
	}
	names := make([]string, 0, len(changes))
	for name := range changes {
		names = append(names, name)
	}
	slices.Sort(names)
	for range rapid.IntRange(1, 2).Draw(t, "changes") {
		changes[rapid.SampledFrom(names).Draw(t, "change")]()
	}
	for s := range q.SKUs { // an item that replaced another keeps the name of its place
		if q.SKUs[s].Name == "s000" && s > 0 {
			q.SKUs[s].Name = fmt.Sprintf("a%03d.%d", s, step)
		}
	}
	return &q
}

// Cold and warm, a plan is the same to the last bit on any number of cores.
func TestPlansDoNotDependOnCores(t *testing.T) {
	p := site(3, 200, 12, 1)
	q := *p
	q.SKUs = slices.Clone(p.SKUs)
	for s := range 5 {
		q.SKUs[s*40].Demand = slices.Clone(p.SKUs[s*40].Demand)
		q.SKUs[s*40].Demand[5] += 10
	}
	var first []*optimize.Plan
	for _, cores := range []int{1, 4} {
		was := runtime.GOMAXPROCS(cores)
		e := optimize.NewEngine(clp.New, optimize.Options{GuidedRows: 1})
		for i, problem := range []*optimize.Problem{p, &q, p} {
			plan := solved(t, e, problem, nil)
			if cores == 1 {
				first = append(first, plan)
			} else if !reflect.DeepEqual(plan.Production, first[i].Production) || !reflect.DeepEqual(plan.Values, first[i].Values) {
				t.Errorf("solve %d differs between 1 and %d cores", i, cores)
			}
		}
		if err := e.Close(); err != nil {
			t.Error(err)
		}
		runtime.GOMAXPROCS(was)
	}
}
