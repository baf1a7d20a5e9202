package api

import (
	"math"
	"strings"
	"sync"
	"testing"

	"drumbeat/optimize"
	"drumbeat/schemas"
)

const whatIfPath = "/v1/sites/{site}/what-if"

func capacity(v float64) *optimize.Overrides {
	return &optimize.Overrides{Resources: []optimize.ResourceOverride{{Capacity: &v}}}
}

// TestGoldenWhatIf asks the golden site, whose plan with 14,000 a month is known, and which 13,558.56 would
// just do for.
func TestGoldenWhatIf(t *testing.T) {
	r, site := newRig(t), golden(t, "golden-what-if")
	var a whatIfAnswer
	r.ask("POST", whatIfPath, []string{site.name}, "", capacity(14000)).json(t, &a)
	if a.Status != optimize.Optimal || math.Round(a.Cost.Total) != 2200298 || a.Revision != 1 || a.PlanID != "golden-what-if:1" {
		t.Errorf("14,000: %s, cost %v, plan %s", a.Status, a.Cost.Total, a.PlanID)
	}
	var now struct {
		Cost optimize.Cost `json:"cost"`
	}
	r.ask("GET", "/v1/sites/{site}/plan", []string{site.name}, "", nil).json(t, &now)
	if math.Abs(a.Baseline.Total-now.Cost.Total) > 1e-3 || math.Abs(a.Difference.Total-(a.Cost.Total-a.Baseline.Total)) > 1e-3 || len(a.Loads) != 13 || a.Moved <= 0 {
		t.Errorf("baseline %v of %v, difference %v, %d loads, moved %v", a.Baseline.Total, now.Cost.Total, a.Difference.Total, len(a.Loads), a.Moved)
	}
	r.ask("POST", whatIfPath, []string{site.name}, "", capacity(13000)).json(t, &a)
	if a.Status != optimize.Infeasible || a.Infeasibility == nil || a.Infeasibility.FirstShortPeriod == "" ||
		math.Abs(a.Infeasibility.SmallestCapacity[0]-13558.56) > 0.005 {
		t.Errorf("13,000: %s %+v", a.Status, a.Infeasibility)
	}
	// Without any capacity no factor on it helps.
	r.ask("POST", whatIfPath, []string{site.name}, "", capacity(0)).json(t, &a)
	if a.Status != optimize.Infeasible || a.Infeasibility.Factor != nil || len(a.Infeasibility.SmallestCapacity) > 0 {
		t.Errorf("no capacity: %s %+v", a.Status, a.Infeasibility)
	}
	csv := r.ask("POST", whatIfPath, []string{site.name}, "", capacity(14000), "Accept", "text/csv")
	if lines := strings.Count(string(csv.body), "\n"); lines != 1+3*13 || csv.status != 200 {
		t.Errorf("%d %d lines of CSV", csv.status, lines)
	}
	if revision, err := testStore.NewestRevision(t.Context(), site.name); err != nil || revision != 1 {
		t.Errorf("a question has stored something: revision %d, %v", revision, err)
	}
}

// TestWhatIfRefusals asks what cannot be answered.
func TestWhatIfRefusals(t *testing.T) {
	r, site := newRig(t), golden(t, "golden-refusals")
	for body, want := range map[string]int{
		`{"resources":[{"resource":"mill","capacity":1}]}`: 422,
		`{"resources":[{"capacity":-1}]}`:                  422,
		`{"resources":[{"capacity":1e308}]}`:               422,
		`{"resources":[{"capacity":"many"}]}`:              422,
		`{"resources":[{"capcity":1}]}`:                    422,
		`{"skus":[{"sku":"NONE","demand":1}]}`:             422,
		`{"added":[{"sku":"NEW"}]}`:                        422,
		`{"mode":"hopeful"}`:                               422,
		`{`:                                                400,
		`[]`:                                               422,
		`{"skus":[` + strings.Repeat(`{"sku":"SKU-001","demand":1},`, 50000) + `{}]}`: 413,
		`{}`: 200,
	} {
		if out := r.ask("POST", whatIfPath, []string{site.name}, "", body); out.status != want {
			t.Errorf("%.60s: %d %.300s", body, out.status, out.body)
		}
	}
	if out := r.ask("POST", whatIfPath, []string{"nowhere"}, "", `{}`); out.status != 404 {
		t.Errorf("a site that is not there: %d", out.status)
	}
	if out := r.ask("POST", whatIfPath, []string{site.name}, "", `<x/>`, "Content-Type", "text/xml"); out.status != 415 {
		t.Errorf("XML: %d", out.status)
	}
}

// TestSandboxes asks many sites at once, more than are kept ready, while one of them gets new plans.
func TestSandboxes(t *testing.T) {
	r := newRig(t)
	var names []string
	moving := golden(t, "golden-moving")
	for _, name := range []string{"a", "b", "c", "d", "e", "f", "g", "h"} {
		names = append(names, golden(t, "golden-box-"+name).name)
	}
	names = append(names, moving.name)
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			for n := range names {
				var a whatIfAnswer
				name := names[(n+i*2)%len(names)]
				r.ask("POST", whatIfPath, []string{name}, "", capacity(14000)).json(t, &a)
				if math.Round(a.Cost.Total) != 2200298 && name != moving.name {
					t.Errorf("%s: cost %v", name, a.Cost.Total)
				}
			}
		})
	}
	all.Wait()
	limit := 14500.0
	moving.event(&schemas.Resource{Resource: "factory", Capacity: limit, Per: schemas.PerMonth})
	moving.plan()
	var a whatIfAnswer
	r.ask("POST", whatIfPath, []string{moving.name}, "", `{}`).json(t, &a)
	if a.Revision != 2 || len(a.Loads) == 0 || a.Loads[0].CapacityNow != limit || a.Difference.Total != 0 || a.Moved != 0 {
		t.Errorf("after a new plan: revision %d, difference %v, moved %v, %+v", a.Revision, a.Difference.Total, a.Moved, a.Loads)
	}
	if n := len(r.sandboxes.sites); n != maxSandboxes {
		t.Errorf("%d sandboxes are kept", n)
	}
}
