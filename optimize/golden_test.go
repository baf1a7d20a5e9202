package optimize

import (
	"context"
	"encoding/csv"
	"math"
	"os"
	"strconv"
	"testing"
)

// published reads a demand table of testdata: periods in calendar order, and demand by SKU.
func published(t testing.TB, file string) (periods []string, demand map[string][]float64) {
	t.Helper()
	f, err := os.Open("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	at := map[string]int{}
	demand = map[string][]float64{}
	for _, row := range rows[1:] {
		if _, ok := at[row[1]]; !ok {
			at[row[1]] = len(periods)
			periods = append(periods, row[1])
		}
	}
	for _, row := range rows[1:] {
		if demand[row[0]] == nil {
			demand[row[0]] = make([]float64, len(periods))
		}
		v, err := strconv.ParseFloat(row[2], 64)
		if err != nil {
			t.Fatal(err)
		}
		demand[row[0]][at[row[1]]] = v
	}
	return periods, demand
}

func constant(v float64, n int) []float64 {
	s := make([]float64, n)
	for i := range s {
		s[i] = v
	}
	return s
}

// threeSKU is the published problem of three products and one factory.
func threeSKU(t testing.TB, file string, capacity float64, mode Mode) *Problem {
	periods, demand := published(t, file)
	T := len(periods)
	p := &Problem{Periods: periods, Mode: mode, Resources: []Resource{{Name: "factory", Capacity: constant(capacity, T)}}}
	for _, s := range []SKU{
		{Name: "SKU-001", ProductionCost: 10, HoldingCost: 2, Opening: 500, SafetyStock: constant(200, T)},
		{Name: "SKU-002", ProductionCost: 50, HoldingCost: 5, Opening: 20, SafetyStock: constant(5, T)},
		{Name: "SKU-003", ProductionCost: 15, HoldingCost: 3, Opening: 300, SafetyStock: constant(100, T)},
	} {
		s.Demand = demand[s.Name]
		s.Uses = []Use{{0, 1}}
		p.SKUs = append(p.SKUs, s)
	}
	return p
}

// oneSKU is the published problem of one product.
func oneSKU(t testing.TB) *Problem {
	periods, demand := published(t, "one_sku.csv")
	T := len(periods)
	return &Problem{Periods: periods, Mode: Strict, Resources: []Resource{{Name: "factory", Capacity: constant(500, T)}},
		SKUs: []SKU{{Name: "product", Demand: demand["product"], SafetyStock: constant(29.75, T), Opening: 100,
			ProductionCost: 10, HoldingCost: 1.5, Uses: []Use{{0, 1}}, StorageCapacity: 5000}}}
}

func newDense() Solver { return &Dense{} }

// solve solves p both ways, as a whole and by prices, which must agree.
func solve(t testing.TB, p *Problem) *Plan {
	t.Helper()
	whole, guided := solveBy(t, p, -1), solveBy(t, p, 1)
	if whole.Status != guided.Status || !samePlans(whole, guided) {
		t.Errorf("%s at %g as a whole, %s at %g by prices", whole.Status, whole.Objective, guided.Status, guided.Objective)
	}
	return whole
}

func solveBy(t testing.TB, p *Problem, guidedRows int) *Plan {
	t.Helper()
	e := NewEngine(newDense, Options{GuidedRows: guidedRows})
	defer e.Close()
	plan, err := e.Solve(context.Background(), p, nil)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

func near(t testing.TB, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance) {
		t.Errorf("%s is %.9g, want %.9g", what, got, want)
	}
}

func TestGoldenTotals(t *testing.T) {
	for _, c := range []struct{ capacity, total, fullTable float64 }{
		{13559, 2232923, 2284358}, {13600, 2229848, 2281283}, {14000, 2200298, 2251733}, {14500, 2164139, 2215574},
		{15000, 2128139, 2179574}, {16000, 2068085, 2119520}, {18000, 2003805, 2055240}, {19000, 1989357, 2040792},
		{19933, 1983951, 2035386}, {30000, 1983951, 2035386},
	} {
		for _, mode := range []Mode{Strict, Elastic} {
			for file, want := range map[string]float64{"three_sku.csv": c.total, "three_sku_full_table.csv": c.fullTable} {
				plan := solve(t, threeSKU(t, file, c.capacity, mode))
				if plan.Status != Optimal {
					t.Fatalf("%s %s at %g: %s", file, mode, c.capacity, plan.Status)
				}
				near(t, file+" total", plan.Cost.Total, want, 0.5)
				if g := plan.Certificate.Gap; math.Abs(g) > 1e-9 {
					t.Errorf("gap %g", g)
				}
			}
		}
	}
}

func TestGoldenPlanAt15000(t *testing.T) {
	for _, mode := range []Mode{Strict, Elastic} {
		p := threeSKU(t, "three_sku.csv", 15000, mode)
		plan := solve(t, p)
		near(t, "production cost", plan.Cost.Production, 1973660, 0.5)
		near(t, "holding cost", plan.Cost.Holding, 154479, 0.5)
		for s, want := range []struct{ production, stock, cost float64 }{
			{70579, 5754.0, 855394}, {128, 5.77, 6775}, {84098, 115.38, 1265970},
		} {
			made, stock := 0.0, 0.0
			for u := range p.Periods {
				made += plan.Production[s][u]
				stock += plan.Inventory[s][u] / 13
			}
			production, holding := plan.SKUCost(p, s)
			near(t, p.SKUs[s].Name+" production", made, want.production, 1e-6)
			near(t, p.SKUs[s].Name+" average stock", stock, want.stock, 0.05)
			near(t, p.SKUs[s].Name+" cost", production+holding, want.cost, 0.5)
		}
		equal(t, "production of SKU-001", plan.Production[0], 2027, 14545, 6120, 9589, 5309, 2471, 841, 1225, 4023, 5755, 5928, 7563, 5183)
		equal(t, "stock of SKU-001", plan.Inventory[0], 2335, 10671, 11329, 15132, 14852, 11254, 6321, 1908, 200, 200, 200, 200, 200)
		equal(t, "stock of SKU-002", plan.Inventory[1], 15, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5)
		equal(t, "stock of SKU-003", plan.Inventory[2], 300, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100)
		equal(t, "load", plan.Load(p)[0], 2027, 15000, 15000, 15000, 15000, 15000, 15000, 15000, 15000, 13108, 6895, 7575, 5200)
		equal(t, "prices", plan.Prices[0], 0, 2, 4, 6, 8, 10, 12, 14, 16, 0, 0, 0, 0)
	}
}

func equal(t testing.TB, what string, got []float64, want ...float64) {
	t.Helper()
	for i := range want {
		near(t, what+" in period "+strconv.Itoa(i), got[i], want[i], 1e-5)
	}
}

func TestGoldenHoldingCostOf50(t *testing.T) {
	for _, c := range []struct {
		skus  []int
		total float64
	}{{[]int{0}, 2330217}, {[]int{1}, 2131514}, {[]int{2}, 2198639}, {[]int{0, 1, 2}, 5792510}} {
		for _, mode := range []Mode{Strict, Elastic} {
			p := threeSKU(t, "three_sku.csv", 15000, mode)
			for _, s := range c.skus {
				p.SKUs[s].HoldingCost = 50
			}
			plan := solve(t, p)
			near(t, "total", plan.Cost.Total, c.total, 0.5)
			if len(c.skus) == 1 && c.skus[0] == 0 {
				near(t, "peak stock of SKU-003 in March", plan.Inventory[2][3], 15032, 1e-5)
			}
		}
	}
}

func TestGoldenInfeasible(t *testing.T) {
	for _, c := range []struct {
		capacity, missing float64
		first, peak       string
	}{{12000, 15135, "2026-06", "2026-09"}, {10000, 35135, "", "2026-09"}, {13558, -1, "", ""}} {
		plan := solve(t, threeSKU(t, "three_sku.csv", c.capacity, Strict))
		if plan.Status != Infeasible {
			t.Fatalf("%g is %s", c.capacity, plan.Status)
		}
		inf := plan.Infeasibility
		if inf.Cause != "capacity" || inf.Resource != "factory" || inf.Factor == nil || inf.UniformExtra == nil {
			t.Fatalf("explained as %+v", inf)
		}
		near(t, "smallest capacity", inf.SmallestCapacity[0], 122027.0/9, 1e-6)
		near(t, "factor", *inf.Factor*c.capacity, 122027.0/9, 1e-6)
		near(t, "uniform extra", *inf.UniformExtra+c.capacity, 122027.0/9, 1e-6)
		if n := len(inf.BindingPeriods); n != 9 || inf.BindingPeriods[0] != "2025-12" || inf.BindingPeriods[8] != "2026-08" {
			t.Errorf("binding periods %v", inf.BindingPeriods)
		}
		if c.missing >= 0 {
			near(t, "missing", inf.Missing, c.missing, 1e-6)
			if inf.PeakPeriod != c.peak || (c.first != "" && inf.FirstShortPeriod != c.first) {
				t.Errorf("%g: first %s, peak %s", c.capacity, inf.FirstShortPeriod, inf.PeakPeriod)
			}
		}
	}
}

func TestGoldenElasticLosesWhatCapacityLacks(t *testing.T) {
	plan := solve(t, threeSKU(t, "three_sku.csv", 12000, Elastic))
	lost := 0.0
	for _, row := range plan.Lost {
		for _, v := range row {
			lost += v
		}
	}
	near(t, "lost", lost, 14830, 1e-5)
}

func TestGoldenOneSKU(t *testing.T) {
	for _, c := range []struct {
		name              string
		whole             bool
		cost, holding     float64
		total, production float64
	}{
		{"continuous", false, 10, 1.5, 2213.00, 1677.50},
		{"whole", true, 10, 1.5, 2220, 1680},
		{"holding 50, whole", true, 10, 50, 19680, 1680},
		{"holding 50", false, 10, 50, 19527.50, 1677.50},
		{"production cost 1", false, 1, 1.5, 703.25, 167.75},
	} {
		for _, mode := range []Mode{Strict, Elastic} {
			p := oneSKU(t)
			p.Mode = mode
			p.SKUs[0].ProductionCost, p.SKUs[0].HoldingCost = c.cost, c.holding
			want := []float64{120.75, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 39}
			if c.whole {
				p.SKUs[0].PackSize = 1
				want[0] = 121
			}
			plan := solve(t, p)
			near(t, c.name+" total", plan.Cost.Total, c.total, 1e-4)
			near(t, c.name+" production", plan.Cost.Production, c.production, 1e-4)
			equal(t, c.name+" plan", plan.Production[0], want...)
			near(t, c.name+" gap", plan.Certificate.Gap, 0, 1e-9)
			near(t, c.name+" rounding gap", plan.Certificate.RoundingGap, 0, 1e-9)
		}
	}
}
