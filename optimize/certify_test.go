package optimize

import (
	"encoding/json"
	"errors"
	"math"
	"testing"

	"pgregory.net/rapid"
)

// Any visible change of a plan is noticed: it breaks a balance or a bound, or the stated cost.
func TestCertifyNoticesTampering(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := randomProblem(t)
		plan := mustSolve(t, NewEngine(newDense, Options{}), p, nil)
		if plan.Status == Infeasible {
			return
		}
		s, u := rapid.IntRange(0, len(p.SKUs)-1).Draw(t, "sku"), rapid.IntRange(0, len(p.Periods)-1).Draw(t, "period")
		by := float64(rapid.IntRange(1, 5).Draw(t, "by"))
		switch rapid.IntRange(0, 3).Draw(t, "what") {
		case 0:
			plan.Inventory[s][u] += by
		case 1:
			plan.Lost[s][u] += by
		case 2:
			plan.Objective += by
		case 3:
			plan.Production[s][u] = math.NaN()
		}
		if _, err := Certify(p, plan); !errors.Is(err, ErrCertificate) {
			t.Fatalf("not noticed: %v", err)
		}
	})
}

// A figure that is no number has no certificate, also a price, which the bound could do without.
func TestCertifyRefusesWhatIsNoNumber(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := randomProblem(t)
		if rapid.Bool().Draw(t, "in lots") {
			randomLots(t, p)
		}
		plan := mustSolve(t, NewEngine(newDense, Options{}), p, nil)
		if plan.Status == Infeasible {
			return
		}
		if _, err := Certify(p, plan); err != nil {
			t.Fatal(err)
		}
		places := []*float64{&plan.Objective, &plan.Weights.Loss, &plan.Weights.Shortfall}
		for _, m := range [][][]float64{plan.Production, plan.Inventory, plan.Lost, plan.Backlog, plan.Shortfall, plan.Overtime,
			plan.Emergency, plan.Prices, plan.Values, plan.CostPrices, plan.CostValues} {
			if len(m) > 0 {
				row := m[rapid.IntRange(0, len(m)-1).Draw(t, "row")]
				places = append(places, &row[rapid.IntRange(0, len(row)-1).Draw(t, "period")])
			}
		}
		at := rapid.IntRange(0, len(places)-1).Draw(t, "place")
		*places[at] = rapid.SampledFrom([]float64{math.NaN(), math.Inf(1), math.Inf(-1)}).Draw(t, "value")
		if _, err := Certify(p, plan); !errors.Is(err, ErrCertificate) {
			t.Fatalf("%g in place %d: %v", *places[at], at, err)
		}
	})
}

// A feasible plan that is dearer than it need be has no certificate, whatever prices it states.
func TestCertifyRefusesADearPlan(t *testing.T) {
	p := threeSKU(t, "three_sku.csv", 15000, Strict)
	plan := solve(t, p)
	before := plan.Objective
	plan.Production[1][3]++ // one unit of SKU-002 a period early
	plan.Production[1][4]--
	plan.Inventory[1][3]++
	plan.Production[0][3]-- // capacity was full
	plan.Production[0][0]++
	for u := range 3 {
		plan.Inventory[0][u]++
	}
	plan.Cost = Cost{}
	plan.costs(p)
	cert, err := Certify(p, plan)
	if !errors.Is(err, ErrCertificate) || plan.Objective <= before || cert.PrimalInfeasibility > 1e-9 || cert.Gap <= 0 {
		t.Errorf("objective %g after %g: %v, %+v", plan.Objective, before, err, cert)
	}
}

// Any prices give a bound, only a weaker one: it never exceeds the optimum.
func TestCertifyBoundIsABound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := randomProblem(t)
		plan := mustSolve(t, NewEngine(newDense, Options{}), p, nil)
		if plan.Status == Infeasible {
			return
		}
		honest := plan.Certificate.Bound
		for _, m := range [][][]float64{plan.Prices, plan.Values} {
			for i := range m {
				for u := range m[i] {
					m[i][u] += float64(rapid.IntRange(-3, 3).Draw(t, "shift"))
				}
			}
		}
		cert, err := Certify(p, plan)
		if err != nil && cert.Bound <= honest+1e-6*(1+math.Abs(honest))+grain*plan.Weights.Loss*100 {
			return // weaker, and refused for it
		}
		if err != nil {
			t.Fatalf("bound %g with changed prices, %g before: %v", cert.Bound, honest, err)
		}
	})
}

// A stored plan is judged as well as a fresh one, and garbage does not panic.
func TestCertifyStoredPlan(t *testing.T) {
	p := threeSKU(t, "three_sku.csv", 12000, Elastic)
	data, err := json.Marshal(solve(t, p))
	if err != nil {
		t.Fatal(err)
	}
	var plan Plan
	if err := json.Unmarshal(data, &plan); err != nil {
		t.Fatal(err)
	}
	if _, err := Certify(p, &plan); err != nil {
		t.Error(err)
	}
	for _, broken := range []*Plan{{}, {Production: plan.Production}, {Status: Optimal, Prices: [][]float64{{1}}}} {
		if _, err := Certify(p, broken); !errors.Is(err, ErrCertificate) {
			t.Errorf("broken plan: %v", err)
		}
	}
}

// A capacity of about one unit a period is kept to the grain of the plan times what a unit takes of it.
func TestCertifyKnowsTheGrainOfATinyCapacity(t *testing.T) {
	p := &Problem{Resources: []Resource{{Name: "P"}}, SKUs: []SKU{{
		Name: "A", ProductionCost: 1, HoldingCost: .60875, Uses: []Use{{Resource: 0, Amount: 1.9999999999999998}},
	}}}
	demand := []float64{16.597062396666775, 37.7886221245073, 52.49322350200081, 68.6233915230689, 81.4447933296113, 100.6800034213821,
		114.28724105870057, 126.31955485983327, 147.09197967731853, 155.68730260577036, 177.76066190605457, 192.19961587462325}
	days := []float64{20, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31, 31}
	for i := range demand {
		p.Periods = append(p.Periods, string(rune('a'+i)))
		p.SKUs[0].Demand = append(p.SKUs[0].Demand, demand[i])
		p.SKUs[0].SafetyStock = append(p.SKUs[0].SafetyStock, 52.95722717831407)
		p.Resources[0].Capacity = append(p.Resources[0].Capacity, days[i]/28)
	}
	solve(t, p)
}

// Who says infeasible of a problem with a plan is refuted: always where every SKU uses one resource and has no other limits,
// and never where there is none.
func TestRefuteInfeasible(t *testing.T) {
	refuted, simple := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		p := randomProblem(t)
		p.Mode = Strict
		plain := rapid.Bool().Draw(t, "plain")
		for s := range p.SKUs {
			if sku := &p.SKUs[s]; plain {
				sku.MaxProduction, sku.StorageCapacity, sku.Pins = nil, 0, nil
				sku.Uses = sku.Uses[:min(1, len(sku.Uses))]
			}
		}
		if !plain && rapid.Bool().Draw(t, "in lots") {
			randomLots(t, p)
		}
		plan := mustSolve(t, NewEngine(newDense, Options{}), p, nil)
		err := RefuteInfeasible(p)
		switch {
		case err != nil && !errors.Is(err, ErrCertificate):
			t.Fatal(err)
		case plan.Status == Infeasible && err != nil:
			t.Fatalf("%+v: %v", plan.Infeasibility, err)
		case plan.Status == Optimal && err != nil:
			refuted++
		case plan.Status == Optimal && plain:
			t.Fatal("there is a plan, and it was not found")
		}
		if plain && plan.Status == Optimal {
			simple++
		}
	})
	if simple == 0 || refuted <= simple && !testing.Short() { // few are drawn then
		t.Errorf("%d refuted, %d of them plain", refuted, simple)
	}
}
