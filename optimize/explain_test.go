package optimize

import (
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
