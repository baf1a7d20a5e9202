package optimize

import (
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestExplainGolden(t *testing.T) {
	p := threeSKU(t, "three_sku.csv", 15000, Strict)
	plan := solve(t, p)
	for s, want := range []string{"made 8 periods early: factory full in 2026-01..2026-08, price 16.00", "just in time", "just in time"} {
		if got := Explain(p, plan, s); got != want {
			t.Errorf("%s: %s", p.SKUs[s].Name, got)
		}
	}
	short := threeSKU(t, "three_sku.csv", 12000, Elastic)
	plan = solve(t, short)
	found := false
	for s := range short.SKUs {
		text := Explain(short, plan, s)
		for _, k := range plan.Shortages(s) {
			if k.Kind != "lost" {
				continue
			}
			found = true
			if !strings.HasPrefix(text, "short ") || !strings.Contains(text, "factory full, price ") {
				t.Errorf("%s: %s", short.SKUs[s].Name, text)
			}
			if r, price, _ := DisplacedBy(short, plan, s, k.Period); r != 0 || price <= 0 {
				t.Errorf("%s in %s: resource %d at %g", short.SKUs[s].Name, short.Periods[k.Period], r, price)
			}
		}
	}
	if !found {
		t.Error("nothing is lost at 12,000")
	}
}

func TestExplainLeadTimeAndFrozen(t *testing.T) {
	p := oneSKU(t)
	p.Mode = Elastic
	p.SKUs[0].LeadTime = 1
	if got, want := Explain(p, solve(t, p), 0), "short 91 in 2025-01: new supply cannot arrive before 2025-02"; got != want {
		t.Errorf("lead time: %s", got)
	}
	p = oneSKU(t)
	p.Frozen = 1
	p.SKUs[0].Fixed = []float64{125}
	if got, want := Explain(p, solve(t, p), 0), "frozen through 2025-01, then made 4 periods early"; !strings.HasPrefix(got, want) {
		t.Errorf("frozen: %s", got)
	}
}

// Every SKU of every plan has a sentence of one line.
func TestExplainAlwaysSaysSomething(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := randomProblem(t)
		plan := mustSolve(t, NewEngine(newDense, Options{}), p, nil)
		for s := range p.SKUs {
			if text := Explain(p, plan, s); text == "" || strings.Contains(text, "\n") {
				t.Fatalf("%s: %q", p.SKUs[s].Name, text)
			}
		}
	})
}

// Whatever a reason claims is derived again from quantities, prices and values alone.
func TestReasonsHold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := randomProblem(t)
		if rapid.IntRange(0, 2).Draw(t, "in lots") == 0 {
			randomLots(t, p)
		}
		plan := mustSolve(t, NewEngine(newDense, Options{}), p, nil)
		if plan.Status == Infeasible {
			return
		}
		load := plan.Load(p)
		period := func(name string) int { return slices.Index(p.Periods, name) }
		for s := range p.SKUs {
			sku, r := &p.SKUs[s], ReasonOf(p, plan, s)
			short := plan.Lost[s]
			switch r.Kind {
			case Late:
				short = plan.Backlog[s]
			case BelowSafety:
				short = plan.Shortfall[s]
			}
			switch r.Kind {
			case Lost, Late, BelowSafety:
				if u := period(r.Period); short[u] != r.Quantity || r.Quantity <= 0 {
					t.Fatalf("%s: %v is short of %v", r, sku.Name, short)
				}
				for _, v := range short {
					if v > r.Quantity {
						t.Fatalf("%s: %v has a greater shortage", r, short)
					}
				}
			case NoDemand, Covered:
				if sum(plan.Production[s]) >= visible || (r.Kind == NoDemand) != (sum(sku.Demand) < visible) {
					t.Fatalf("%s: makes %v for %v", r, plan.Production[s], sku.Demand)
				}
			case MadeEarly:
				to := period(r.Period)
				from := to - r.Early
				if u := from - sku.LeadTime; u < 0 || plan.Production[s][u] < visible {
					t.Fatalf("%s: makes %v", r, plan.Production[s])
				}
				for u := from; u < to; u++ {
					if plan.Inventory[s][u] <= sku.SafetyStock[u] {
						t.Fatalf("%s: stock %v over %v", r, plan.Inventory[s], sku.SafetyStock)
					}
				}
				economic(t, p, plan, s, r, from-sku.LeadTime, to-sku.LeadTime)
			case JustInTime:
				for u := sku.reach(p); u < len(p.Periods); u++ {
					v := u - sku.LeadTime
					if plan.Production[s][v] > visible && plan.Inventory[s][u] > sku.SafetyStock[u]+sku.PackSize+visible && u+1 < len(p.Periods) {
						t.Fatalf("%s: makes %v, stock %v over %v", r, plan.Production[s], plan.Inventory[s], sku.SafetyStock)
					}
				}
			case Follows:
				for u, x := range plan.Production[s] {
					if sku.hasBaseline(u) && math.Abs(x-sku.Baseline[u]) > visible {
						t.Fatalf("%s: makes %v, made %v", r, plan.Production[s], sku.Baseline)
					}
				}
			}
			switch r.Cause {
			case ByCapacity:
				i := slices.IndexFunc(p.Resources, func(v Resource) bool { return v.Name == r.Resource })
				highest := 0.0
				if r.Kind == MadeEarly {
					for u := period(r.From); u <= period(r.To); u++ {
						highest = math.Max(highest, plan.Prices[i][u])
					}
				} else {
					highest = slices.Max(plan.Prices[i])
				}
				if i < 0 || sku.usage(i) == 0 || r.Price <= 0 || r.Price > highest {
					t.Fatalf("%s: prices %v", r, plan.Prices)
				}
				for u, v := range plan.Prices[i] { // complementary slackness: what has a price is full; lots leave gaps
					if res := &p.Resources[i]; !p.lots() && v > visible && plan.Weights.Loss*1e-6 < v && load[i][u] < res.Capacity[u]-1e-3 {
						t.Fatalf("%s: price %g in %s, load %g of %g", r, v, p.Periods[u], load[i][u], res.Capacity[u])
					}
				}
				for _, name := range r.Displaced {
					j := slices.IndexFunc(p.SKUs, func(v SKU) bool { return v.Name == name })
					if j < 0 || j == s || p.SKUs[j].usage(i) == 0 || sum(plan.Production[j]) < visible {
						t.Fatalf("%s: %s displaces nobody", r, name)
					}
				}
			case ByMaxProduction:
				if !slices.ContainsFunc(p.Periods, func(name string) bool {
					u := period(name)
					return plan.Production[s][u] >= sku.MaxProduction[u]-visible
				}) {
					t.Fatalf("%s: makes %v of %v", r, plan.Production[s], sku.MaxProduction)
				}
			case ByStorage:
				if slices.Max(plan.Inventory[s]) < sku.StorageCapacity-visible {
					t.Fatalf("%s: stock %v", r, plan.Inventory[s])
				}
			case ByPin:
				if len(sku.Pins) == 0 {
					t.Fatalf("%s without pins", r)
				}
			case ByFrozen:
				if sku.Fixed == nil || p.Frozen == 0 {
					t.Fatalf("%s without frozen production", r)
				}
			case ByLeadTime:
				if period(r.Period) >= sku.reach(p) {
					t.Fatalf("%s: supply arrives from %d on", r, sku.reach(p))
				}
			case ByOrders, ByLots:
				if !sku.lotted() {
					t.Fatalf("%s, but there are no lots", r)
				}
			}
		}
	})
}

// economic checks that what is made early for lack of capacity is not dearer than making it when it is needed: the
// prices and the stock between make up for it.
func economic(t *rapid.T, p *Problem, plan *Plan, s int, r Reason, a, b int) {
	sku := &p.SKUs[s]
	if r.Cause != ByCapacity || p.lots() || sku.Pins != nil || sku.Fixed != nil || sku.MaxProduction != nil || sku.Baseline != nil || sku.StorageCapacity > 0 {
		return
	}
	early, late := 0.0, 0.0
	for _, u := range sku.Uses {
		early += u.Amount * plan.Prices[u.Resource][a]
		late += u.Amount * plan.Prices[u.Resource][b]
	}
	for u := a + sku.LeadTime; u < b+sku.LeadTime; u++ {
		early += p.holding(sku, u)
	}
	// The last period of a stretch may end it at the horizon, where nothing is needed of it.
	if b+sku.LeadTime+1 < len(p.Periods) && early > late+1e-6*(1+plan.Weights.Loss*sku.shortageWeight()) {
		t.Fatalf("%s: early costs %g, late %g", r, early, late)
	}
}

// Each cause with the sentence it gives.
func TestReasonSentences(t *testing.T) {
	build := func(change func(p *Problem, s *SKU)) *Problem {
		p := &Problem{Periods: []string{"a", "b", "c", "d"}, Mode: Elastic, Resources: []Resource{{Name: "saw", Capacity: constant(100, 4)}},
			SKUs: []SKU{{Name: "x", Demand: []float64{10, 10, 10, 10}, SafetyStock: constant(0, 4), ProductionCost: 5, HoldingCost: 1, Uses: []Use{{0, 1}}}}}
		change(p, &p.SKUs[0])
		return p
	}
	for _, c := range []struct {
		want   string
		change func(p *Problem, s *SKU)
	}{
		{"just in time", func(_ *Problem, _ *SKU) {}},
		{"no demand", func(_ *Problem, s *SKU) { s.Demand = constant(0, 4) }},
		{"stock and open orders cover demand", func(_ *Problem, s *SKU) { s.Opening = 40 }},
		{"made 3 periods early: saw full in b..d, price 3.00", func(p *Problem, _ *SKU) { p.Resources[0].Capacity = []float64{100, 10, 10, 5} }},
		{"made 1 period early: maximum production reached later", func(_ *Problem, s *SKU) { s.MaxProduction = []float64{50, 50, 50, 5} }},
		{"made 1 period early: pinned", func(_ *Problem, s *SKU) { s.Pins = []Pin{{Period: 2, Min: 20, Max: -1}} }},
		{"made 3 periods early: one order covers them", func(_ *Problem, s *SKU) { s.OrderCost = 500 }},
		{"made 3 periods early: lots are larger than what is needed", func(_ *Problem, s *SKU) { s.MinOrder = 40 }},
		{"just in time, rounded to packs of 8", func(_ *Problem, s *SKU) { s.PackSize = 8 }},
		{"made 1 period early: moving it costs more than the stock", func(_ *Problem, s *SKU) {
			s.Baseline, s.ChangePrice = []float64{10, 10, 20, 0}, constant(2, 4)
		}},
		{"frozen through b, then made 2 periods early: frozen", func(p *Problem, s *SKU) { p.Frozen, s.Fixed = 2, []float64{10, 30} }},
		{"short 30 in b: maximum production reached", func(_ *Problem, s *SKU) { s.Demand[1], s.MaxProduction = 55, constant(17.5, 4) }},
		{"late with 20 in b: maximum production reached", func(_ *Problem, s *SKU) {
			s.Demand[1], s.BacklogCost, s.MaxProduction = 50, 1, constant(20, 4)
		}},
		{"short 10 in a: new supply cannot arrive before b", func(_ *Problem, s *SKU) { s.LeadTime = 1 }},
	} {
		p := build(c.change)
		if got := Explain(p, solve(t, p), 0); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}
