package optimize

import (
	"context"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"testing"

	"pgregory.net/rapid"
)

// Every problem that passes Check gets a certified plan or, in strict mode, an explanation.
func TestEveryProblemHasACertifiedAnswer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := randomProblem(t)
		plan := mustSolve(t, NewEngine(newDense, Options{}), p, nil)
		if plan.Status == Infeasible {
			if p.Mode != Strict {
				t.Fatalf("elastic problem is infeasible")
			}
			return
		}
		// Rounding a quantity to a grain is worth up to the largest shortage price.
		if g := plan.Certificate.Gap * math.Max(1, plan.Objective); math.Abs(g) > 1e-5*(1+plan.Objective)+grain*plan.Weights.Loss*50 {
			t.Fatalf("gap %g", plan.Certificate.Gap)
		}
		if plan.FrozenMoves != 0 {
			t.Fatalf("%d frozen values moved", plan.FrozenMoves)
		}
	})
}

// Elastic mode gives nothing up where nothing has to be given up.
func TestElasticIsStrictWhereStrictIsFeasible(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := randomProblem(t)
		p.Shortages = Lexicographic
		p.Mode = Strict
		strict := mustSolve(t, NewEngine(newDense, Options{}), p, nil)
		p.Mode = Elastic
		elastic := mustSolve(t, NewEngine(newDense, Options{}), p, nil)
		if strict.Status == Infeasible {
			if total(elastic.Lost)+total(elastic.Backlog)+total(elastic.Shortfall) == 0 {
				t.Fatalf("strict is infeasible by %+v, elastic is short of nothing", strict.Infeasibility)
			}
			return
		}
		if math.Abs(strict.Cost.Total-elastic.Cost.Total) > 1e-5*(1+strict.Cost.Total) {
			t.Fatalf("strict costs %.9g, elastic %.9g", strict.Cost.Total, elastic.Cost.Total)
		}
		samePlan(t, strict, elastic)
	})
}

// A plan does not depend on where its solve started.
func TestWarmAndColdPlansAgree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := randomProblem(t)
		warm := NewEngine(newDense, Options{})
		first := mustSolve(t, warm, p, nil)
		q := *p
		q.SKUs = append([]SKU(nil), p.SKUs...)
		for s := range q.SKUs {
			if rapid.Bool().Draw(t, "changed") {
				d := append([]float64(nil), q.SKUs[s].Demand...)
				for i := range d {
					d[i] += float64(rapid.IntRange(0, 4).Draw(t, "more"))
				}
				q.SKUs[s].Demand = d
			}
		}
		got := mustSolve(t, warm, &q, nil)
		want := mustSolve(t, NewEngine(newDense, Options{}), &q, nil)
		stored := mustSolve(t, NewEngine(newDense, Options{}), &q, throughJSON(t, first.Start))
		if got.Status != want.Status || stored.Status != want.Status {
			t.Fatalf("warm %s, stored %s, cold %s", got.Status, stored.Status, want.Status)
		}
		if want.Status == Optimal {
			samePlan(t, want, got)
			samePlan(t, want, stored)
		}
	})
}

// A rolled horizon with a SKU gone and another one come starts from what it knows.
func TestStartFitsARolledHorizon(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := randomProblem(t)
		first := mustSolve(t, NewEngine(newDense, Options{}), p, nil)
		q := *p
		q.Periods = append(append([]string(nil), p.Periods[1:]...), "new")
		q.SKUs = append([]SKU(nil), p.SKUs[1:]...)
		added := p.SKUs[0]
		added.Name = "added"
		q.SKUs = append(q.SKUs, added)
		warm := mustSolve(t, NewEngine(newDense, Options{}), &q, first.Start)
		cold := mustSolve(t, NewEngine(newDense, Options{}), &q, nil)
		if warm.Status != cold.Status {
			t.Fatalf("warm %s, cold %s", warm.Status, cold.Status)
		}
		if first.Status == Optimal && cold.Status == Optimal {
			if !warm.Stats.Warm {
				t.Fatalf("did not start warm")
			}
			samePlan(t, cold, warm)
		}
	})
}

func mustSolve(t *rapid.T, e *Engine, p *Problem, start *Start) *Plan {
	plan, err := e.Solve(context.Background(), p, start)
	if err != nil {
		data, _ := json.Marshal(p)
		t.Fatalf("%v\n%s", err, data)
	}
	return plan
}

func throughJSON(t *rapid.T, start *Start) *Start {
	if start == nil {
		return nil
	}
	data, err := json.Marshal(start)
	if err != nil {
		t.Fatal(err)
	}
	var back Start
	if err := json.Unmarshal(data, &back); err != nil {
		t.Fatal(err)
	}
	return &back
}

func total(m [][]float64) float64 {
	sum := 0.0
	for _, row := range m {
		for _, v := range row {
			sum += v
		}
	}
	return sum
}

func samePlan(t *rapid.T, want, got *Plan) {
	for name, m := range map[string][2][][]float64{
		"production": {want.Production, got.Production}, "inventory": {want.Inventory, got.Inventory}, "lost": {want.Lost, got.Lost},
		"backlog": {want.Backlog, got.Backlog}, "shortfall": {want.Shortfall, got.Shortfall}, "overtime": {want.Overtime, got.Overtime},
	} {
		for i := range m[0] {
			for u := range m[0][i] {
				if a, b := m[0][i][u], m[1][i][u]; math.Abs(a-b) > 3e-6 {
					t.Fatalf("%s of %d in period %d: %.9g and %.9g; objectives %.12g and %.12g, weights %v and %v", name, i, u, a, b, want.Objective, got.Objective, want.Weights, got.Weights)
				}
			}
		}
	}
}

// With economic prices safety stock is held where a period of holding it costs less than it is expected to save, however long
// the horizon is.
func TestEconomicSafetyStock(t *testing.T) {
	for _, periods := range []int{3, 12, 80} {
		for _, c := range []struct{ holding, stock float64 }{{.04, 5}, {.06, 0}} {
			p := &Problem{Shortages: Economic, SKUs: []SKU{{
				Name: "A", ProductionCost: .6, ShortageCost: 1, HoldingCost: c.holding,
				Demand: slices.Repeat([]float64{10}, periods), SafetyStock: slices.Repeat([]float64{5}, periods),
			}}}
			for i := range periods {
				p.Periods = append(p.Periods, strconv.Itoa(i))
			}
			plan, err := NewEngine(newDense, Options{}).Solve(t.Context(), p, nil)
			if err != nil {
				t.Fatal(err)
			}
			if got := plan.Inventory[0][0]; math.Abs(got-c.stock) > 1e-9 {
				t.Errorf("%d periods, holding %v: %v in stock, want %v", periods, c.holding, got, c.stock)
			}
		}
	}
}
