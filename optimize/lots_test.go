package optimize

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// inLots is the published problem of three products with packs and least lots.
func inLots(t testing.TB, packs, least [3]float64) *Problem {
	p := threeSKU(t, "three_sku.csv", 15000, Strict)
	for s := range p.SKUs {
		p.SKUs[s].PackSize, p.SKUs[s].MinOrder = packs[s], least[s]
	}
	return p
}

func TestGoldenLots(t *testing.T) {
	for _, c := range []struct {
		packs, least [3]float64
		total        float64
	}{
		{[3]float64{100, 5, 100}, [3]float64{}, 2132694},
		{[3]float64{500, 5, 250}, [3]float64{}, 2150044},
	} {
		for _, mode := range []Mode{Strict, Elastic} {
			p := inLots(t, c.packs, c.least)
			p.Mode = mode
			plan := solve(t, p)
			if plan.Status != Optimal {
				t.Fatalf("%v in %s mode: %s", c.packs, mode, plan.Status)
			}
			near(t, "total", plan.Cost.Total, c.total, 0.5)
			if g := plan.Certificate.RoundingGap; g < 0 || g > 0.001 {
				t.Errorf("%v: gap %g", c.packs, g)
			}
		}
	}
}

// Every problem with lots has a certified plan or an explanation; its bound is one, and lots cost at least what
// any quantity does.
func TestLotsAreCertified(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := randomProblem(t)
		for s := range p.SKUs {
			p.SKUs[s].EmergencyCost = 0
		}
		relaxed := mustSolve(t, NewEngine(newDense, Options{}), p, nil)
		randomLots(t, p)
		plan := mustSolve(t, NewEngine(newDense, Options{}), p, nil)
		if plan.Status == Infeasible {
			if p.Mode != Strict {
				t.Fatal("an elastic problem is infeasible")
			}
			if relaxed.Status == Optimal && p.lots() && plan.Infeasibility.Cause != "rounding" {
				t.Fatalf("lots alone have no plan because of %s", plan.Infeasibility.Cause)
			}
			return
		}
		if len(plan.RaisedRows) > 0 {
			return // what is pinned comes to more in lots, and capacity gives way to it
		}
		if relaxed.Status == Infeasible {
			t.Fatalf("lots have a plan where nothing has: %+v", relaxed.Infeasibility)
		}
		c := plan.Certificate
		if c.Bound > plan.Objective+1e-5*(1+math.Abs(plan.Objective))+grain*plan.Weights.Loss*50 {
			t.Fatalf("bound %g above the objective %g", c.Bound, plan.Objective)
		}
		short := total(plan.Lost) + total(plan.Backlog) + total(plan.Shortfall)
		if short == 0 && plan.Objective < relaxed.Objective-1e-5*(1+relaxed.Objective) {
			t.Fatalf("lots cost %g, any quantity %g", plan.Objective, relaxed.Objective)
		}
		if plan.FrozenMoves != 0 {
			t.Fatalf("%d frozen values moved", plan.FrozenMoves)
		}
	})
}

// tinyLots draws a strict problem whose lots can all be tried.
func tinyLots(t *rapid.T) *Problem {
	T := rapid.IntRange(2, 3).Draw(t, "periods")
	p := &Problem{Mode: Strict, Resources: []Resource{{Name: "r"}}}
	for i := range T {
		p.Periods = append(p.Periods, string(rune('a'+i)))
		p.Resources[0].Capacity = append(p.Resources[0].Capacity, float64(rapid.IntRange(5, 25).Draw(t, "capacity")))
	}
	if rapid.IntRange(0, 2).Draw(t, "overtime") == 0 {
		p.Resources[0].Overtime, p.Resources[0].OvertimeCost = constant(5, T), constant(2, T)
	}
	for i := range rapid.IntRange(1, 2).Draw(t, "skus") {
		s := SKU{Name: string(rune('A' + i)), SafetyStock: constant(float64(rapid.IntRange(0, 4).Draw(t, "safety"))/2, T), Opening: float64(rapid.IntRange(0, 12).Draw(t, "opening")),
			ProductionCost: float64(rapid.IntRange(0, 5).Draw(t, "c")), HoldingCost: float64(rapid.IntRange(0, 4).Draw(t, "h")) / 2,
			PackSize: float64(rapid.IntRange(2, 6).Draw(t, "pack")), MinOrder: float64(rapid.IntRange(0, 9).Draw(t, "least")),
			OrderCost: float64(rapid.IntRange(0, 15).Draw(t, "order")), Uses: []Use{{0, 1}}}
		for range T {
			s.Demand = append(s.Demand, float64(rapid.IntRange(0, 20).Draw(t, "demand"))/2)
		}
		if rapid.IntRange(0, 3).Draw(t, "has baseline") == 0 {
			s.Baseline, s.ChangePrice = constant(4, T), constant(math.Min(1, s.ProductionCost), T)
		}
		if rapid.IntRange(0, 3).Draw(t, "storage") == 0 {
			s.StorageCapacity = float64(rapid.IntRange(4, 20).Draw(t, "room"))
		}
		if rapid.IntRange(0, 3).Draw(t, "most") == 0 {
			s.MaxProduction = constant(float64(rapid.IntRange(5, 20).Draw(t, "max")), T)
		}
		p.SKUs = append(p.SKUs, s)
	}
	return p
}

// tryAllLots is the least objective over all lots that lose nothing and are short of nothing, and whether there is a plan at all.
func tryAllLots(p *Problem) (float64, bool) {
	best := math.Inf(1)
	eachTiny(p, func(lost, short [][]float64, cost float64) {
		for s := range p.SKUs {
			if sum(lost[s]) > 0 || sum(short[s]) > 0 {
				return
			}
		}
		best = math.Min(best, cost)
	})
	return best, !math.IsInf(best, 1)
}

// Tiny problems get the optimum that trying all lots finds, and no plan only where there is none.
func TestTinyLotsAreOptimal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := tinyLots(t)
		if len(p.SKUs) == 2 && len(p.Periods) == 3 {
			p.SKUs[0].PackSize, p.SKUs[1].PackSize = p.SKUs[0].PackSize+2, p.SKUs[1].PackSize+2
		}
		want, exists := tryAllLots(p)
		plan := mustSolve(t, NewEngine(newDense, Options{}), p, nil)
		if (plan.Status == Optimal) != exists {
			t.Fatalf("%s, but a plan exists: %v", plan.Status, exists)
		}
		if exists && math.Abs(plan.Objective-want) > 1e-6*(1+want) {
			t.Fatalf("objective %.9g, the least is %.9g", plan.Objective, want)
		}
		if exists && plan.Certificate.Bound > want+1e-6*(1+want) {
			t.Fatalf("bound %.9g above the optimum %.9g", plan.Certificate.Bound, want)
		}
	})
}

// Lots do not depend on where the relaxed problem was solved from.
func TestWarmLotsAreColdLots(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := randomProblem(t)
		randomLots(t, p)
		warm := NewEngine(newDense, Options{})
		first := *p
		first.SKUs = append([]SKU(nil), p.SKUs...)
		for s := range first.SKUs {
			first.SKUs[s].Demand = constant(float64(s+1), len(p.Periods))
		}
		mustSolve(t, warm, &first, nil)
		got, want := mustSolve(t, warm, p, nil), mustSolve(t, NewEngine(newDense, Options{}), p, nil)
		if got.Status != want.Status {
			t.Fatalf("warm %s, cold %s", got.Status, want.Status)
		}
		if want.Status == Optimal {
			samePlan(t, want, got)
		}
	})
}

// However little is asked beside the least lot or a pack, and however much, the steps of lots are few.
func TestStepsOfLotsAreFew(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := func(name string) float64 {
			return math.Pow(10, rapid.Float64Range(-7, 9).Draw(t, name))
		}
		sku := SKU{Name: "S", Demand: []float64{size("demand"), size("demand")}, SafetyStock: []float64{0, 0}, Uses: []Use{{0, 1}}}
		if rapid.Bool().Draw(t, "packs") {
			sku.PackSize = size("pack")
		}
		if sku.PackSize == 0 || rapid.Bool().Draw(t, "least") {
			sku.MinOrder = size("least lot")
		}
		p := &Problem{Periods: []string{"1", "2"}, Mode: Elastic, SKUs: []SKU{sku}, Resources: []Resource{{Name: "R", Capacity: []float64{1, 1}}}}
		if l := p.lotting(0, nil); l.steps > 2*lotGrid+2 {
			t.Fatalf("%d steps of %v for %v in lots of %v from %v", l.steps, l.step, sku.Demand, sku.PackSize, sku.MinOrder)
		}
	})
}

// The search of lots ends when nothing gets better for a while: the effort that it may spend is for problems that are large.
func TestSearchOfLotsEnds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := tinyLots(t)
		p.Mode = Elastic
		e := NewEngine(newDense, Options{})
		defer e.Close()
		relaxed, err := e.plan(t.Context(), p.relaxed(), nil)
		if err != nil {
			t.Fatal(err)
		}
		search := newLotSearch(p, relaxed, lotEffort)
		search.begin(t.Context(), relaxed)
		search.improve(t.Context())
		search.allowShortage(relaxed, relaxed.Weights)
		search.polish(t.Context())
		search.improve(t.Context())
		if spent := lotEffort - search.effort; spent > lotEffort/20 {
			t.Fatalf("%d of %d states looked at", spent, lotEffort)
		}
	})
}
