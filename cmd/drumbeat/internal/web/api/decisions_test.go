package api

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"drumbeat/cmd/drumbeat/internal/web"
	"drumbeat/cmd/drumbeat/internal/web/view"
	"drumbeat/schemas"
)

const (
	eventsPath = "/v1/sites/{site}/events"
	replayPath = "/v1/dead-letters/replay"
)

// TestDecisionsBecomeEvents sends each kind of decision and reads the record as the service will.
func TestDecisionsBecomeEvents(t *testing.T) {
	r, site := newRig(t), golden(t, "decisions")
	bodies := map[schemas.Type]string{
		schemas.TypeOutlierReviewed: `{"sku":"sku-001","date":"2025-11-28","verdict":"reject","by":"someone"}`,
		schemas.TypeDemandOverride:  `{"sku":"SKU-001","from":"2026-01-01","to":"2026-01-31","mode":"scale","factor":1.2,"reason":"fair"}`,
		schemas.TypeProductionPin:   `{"sku":"SKU-001","period":"2026-02","min":10.5,"max":10.5,"site":"other"}`,
		schemas.TypePlanApproved:    `{"revision":1,"through":"2026-02"}`,
		schemas.TypeOperator:        `{"action":"replan"}`,
	}
	for kind := range decisions {
		body := `{"type":"` + kind.String() + `","id":"` + kind.String() + `/1","data":` + bodies[kind] + `}`
		var out eventAnswer
		if a := r.ask("POST", eventsPath, []string{site.name}, "", body); a.status != 202 {
			t.Fatalf("%s: %d %s", kind, a.status, a.body)
		} else {
			a.json(t, &out)
		}
		list := r.sent[schemas.DefaultInputTopic]
		last := list[len(list)-1]
		var decoder schemas.Decoder
		var ev schemas.Event
		if err := decoder.Decode(last.Headers, last.Value, &ev); err != nil {
			t.Fatal(err)
		}
		by := unnamed
		if kind == schemas.TypeOutlierReviewed {
			by = "someone"
		}
		if ev.Type != kind || ev.Site != site.name || ev.ID != kind.String()+"/1" || ev.Source != eventSource || !ev.HasTime || string(last.Key) != site.name ||
			out.By != by || !strings.Contains(string(last.Value), `"by":"`+by+`"`) {
			t.Errorf("%s: %+v, answered %+v: %s", kind, ev, out, last.Value)
		}
		site.raw(string(last.Value)) // the service takes it
	}
	site.plan()
	audit, err := testStore.Audit(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range audit {
		// The site has no sale, so nothing is held that could be reviewed.
		if a.Site == site.name && (a.Read != site.offset || a.Rejected != 1 || a.Reasons["nothing-held"] != 1) {
			t.Errorf("%d read, %d rejected: %v", a.Read, a.Rejected, a.Reasons)
		}
	}
	var p view.LinePage
	if err := planOf(r, site.name, &p); err != nil || p.Revision < 2 {
		t.Errorf("no plan follows: revision %d, %v", p.Revision, err)
	}
}

func planOf(r *rig, site string, p *view.LinePage) error {
	page, err := r.config.Reader.Lines(r.t.Context(), view.LineQuery{Site: site})
	if err == nil {
		*p = *page
	}
	return err
}

// TestWholeCloudEvents: a client that has a CloudEvent sends it as it is.
func TestWholeCloudEvents(t *testing.T) {
	r, site := newRig(t), golden(t, "cloudevents").name
	body := `{"specversion":"1.0","id":"7","source":"/erp/eu","type":"drumbeat.operator.v1","time":"2030-01-01T00:00:00Z",
		"site":"` + site + `","datacontenttype":"application/json","traceparent":"00-1","data":{"action":"replan","by":"ana"}}`
	var out eventAnswer
	if a := r.ask("POST", eventsPath, []string{site}, "", body); a.status != 202 {
		t.Fatalf("%d %s", a.status, a.body)
	} else {
		a.json(t, &out)
	}
	var decoder schemas.Decoder
	var ev schemas.Event
	if err := decoder.Decode(nil, r.sent[schemas.DefaultInputTopic][0].Value, &ev); err != nil {
		t.Fatal(err)
	}
	if ev.ID != "7" || ev.Source != eventSource+"/erp/eu" || out.Source != ev.Source || ev.Time.Year() == 2030 {
		t.Errorf("%+v, answered %+v", ev, out)
	}
	for _, wrong := range []string{strings.Replace(body, "1.0", "0.3", 1), strings.Replace(body, site, "elsewhere", 1)} {
		if a := r.ask("POST", eventsPath, []string{site}, "", wrong); a.status != 422 {
			t.Errorf("%s: %d %s", wrong, a.status, a.body)
		}
	}
}

// TestDecisionsThatAreNone: nothing is written of what the service would refuse.
func TestDecisionsThatAreNone(t *testing.T) {
	r, site := newRig(t), golden(t, "no-decisions").name
	for body, want := range map[string]int{
		`{"type":"drumbeat.sale.v1","data":{"sku":"A","quantity":1,"date":"2026-01-01"}}`:                              422,
		`{"type":"drumbeat.policy.v1","data":{"horizon":5}}`:                                                           422,
		`{"type":"drumbeat.plan-approved.v2","data":{"revision":1,"through":"2026-02"}}`:                               422,
		`{"type":"drumbeat.plan-approved.v1","data":{"revision":1,"through":"soon"}}`:                                  422,
		`{"type":"drumbeat.plan-approved.v1","data":{"through":"2026-02"}}`:                                            422,
		`{"type":"drumbeat.outlier-reviewed.v1","data":{"sku":"A","date":"2025-02-30","verdict":"accept"}}`:            422,
		`{"type":"drumbeat.demand-override.v1","data":{"sku":"A","from":"2026-01-01","to":"2025-01-01","mode":"add"}}`: 422,
		`{"type":"drumbeat.production-pin.v1","data":{"sku":"\u0000","period":"2026-01","min":1}}`:                     422,
		`{"type":"drumbeat.production-pin.v1"}`:                                                                        422,
		`{"data":{}}`:                                                                                                  422, `null`: 422, ``: 400,
	} {
		if out := r.ask("POST", eventsPath, []string{site}, "", body); out.status != want {
			t.Errorf("%s: %d %.300s", body, out.status, out.body)
		}
	}
	if out := r.ask("POST", eventsPath, []string{"nowhere"}, "", `{"type":"drumbeat.operator.v1","data":{"action":"replan"}}`); out.status != 404 {
		t.Errorf("a site that is not there: %d", out.status)
	}
	if len(r.sent) > 0 {
		t.Errorf("written: %v", r.sent)
	}
}

// TestRolesOfDecisions: the name of the token stands in the event, and who may only read or plan is refused
// more.
func TestRolesOfDecisions(t *testing.T) {
	r, site := newRig(t), golden(t, "roles").name
	ask := func(who web.Someone, body string) int {
		t.Helper()
		if _, err := r.decide(web.As(t.Context(), who), site, request(t, body)); err != nil {
			status, ok := err.(interface{ GetStatus() int })
			if !ok {
				t.Fatal(err)
			}
			return status.GetStatus()
		}
		return http.StatusAccepted
	}
	replan := `{"type":"drumbeat.operator.v1","data":{"action":"replan","by":"nobody"}}`
	approve := `{"type":"drumbeat.plan-approved.v1","data":{"revision":1,"through":"2026-02","by":"nobody"}}`
	if got := ask(web.Someone{Name: "paul", Role: web.RolePlan}, replan); got != http.StatusForbidden {
		t.Errorf("a planner asks for a plan: %d", got)
	}
	if got := ask(web.Someone{Name: "paul", Role: web.RolePlan}, approve); got != http.StatusAccepted {
		t.Errorf("a planner approves: %d", got)
	}
	if got := ask(web.Someone{Name: "olga", Role: web.RoleOperate}, replan); got != http.StatusAccepted {
		t.Errorf("an operator asks for a plan: %d", got)
	}
	for i, want := range []string{`"by":"paul"`, `"by":"olga"`} {
		if value := string(r.sent[schemas.DefaultInputTopic][i].Value); !strings.Contains(value, want) || strings.Contains(value, "nobody") {
			t.Errorf("event %d: %s", i, value)
		}
	}
	for pattern, want := range map[string]web.Role{
		"GET /v1/sites/{site}/plan": web.RoleRead, "POST " + whatIfPath: web.RoleRead, "POST " + eventsPath: web.RolePlan, "POST " + replayPath: web.RoleOperate,
	} {
		if r.routes[pattern] != want {
			t.Errorf("%s needs %q, want %q", pattern, r.routes[pattern], want)
		}
	}
}

func request(t *testing.T, body string) *eventRequest {
	t.Helper()
	r := new(eventRequest)
	if err := json.Unmarshal([]byte(body), r); err != nil {
		t.Fatal(err)
	}
	return r
}

// TestReplay sends rejected records again: unchanged, once, and marked.
func TestReplay(t *testing.T) {
	r, site := newRig(t), selling(t, "letters").name
	var before, after view.LetterPage
	r.ask("GET", "/v1/dead-letters", nil, "site="+site, nil).json(t, &before)
	if len(before.Letters) != 2 {
		t.Fatalf("%d dead letters", len(before.Letters))
	}
	if out := r.ask("POST", replayPath, nil, "", `{}`); out.status != 422 {
		t.Errorf("all of them by accident: %d", out.status)
	}
	var out replayAnswer
	// Of the two one is no event, and cannot be fixed: none is sent.
	if refused := r.ask("POST", replayPath, nil, "", map[string]any{"site": site, "set": map[string]any{"date": "2025-10-31"}}); refused.status != 422 || len(r.sent) > 0 {
		t.Errorf("a fix that is not possible: %d %s, sent %v", refused.status, refused.body, r.sent)
	}
	r.ask("POST", replayPath, nil, "", map[string]any{"origins": []view.Origin{before.Letters[0].Origin}}).json(t, &out)
	r.ask("POST", replayPath, nil, "", map[string]any{"site": site}).json(t, &out)
	if out.Sent != 1 || len(r.replayed) != 2 {
		t.Errorf("%+v, marked %v", out, r.replayed)
	}
	var values []string
	for _, list := range r.sent {
		for _, m := range list {
			values = append(values, string(m.Value))
		}
	}
	if !slices.Contains(values, "no JSON at all \xff") || len(values) != 2 {
		t.Errorf("sent %q", values)
	}
	r.ask("GET", "/v1/dead-letters", nil, "waiting=true&site="+site, nil).json(t, &after)
	if len(after.Letters) != 0 {
		t.Errorf("%d still wait", len(after.Letters))
	}
	r.ask("POST", replayPath, nil, "", map[string]any{"site": site, "again": true}).json(t, &out)
	if out.Sent != 2 {
		t.Errorf("again: %+v", out)
	}
	i := slices.IndexFunc(before.Letters, func(l view.Letter) bool { return strings.Contains(l.Value, "31/31/2025") })
	fixed := map[string]any{"origins": []view.Origin{before.Letters[i].Origin}, "again": true, "set": map[string]any{"date": "2025-10-31", "quantity": 7}}
	r.ask("POST", replayPath, nil, "", fixed).json(t, &out)
	r.ask("GET", "/v1/dead-letters", nil, "site="+site, nil).json(t, &after)
	list := r.sent[schemas.DefaultInputTopic]
	if last := string(list[len(list)-1].Value); out.Sent != 1 || after.Letters[i].ReplayedAs != "fixed" || !strings.Contains(last, `"date":"2025-10-31","quantity":7`) {
		t.Errorf("fixed: %+v, marked %q, sent %s", out, after.Letters[i].ReplayedAs, last)
	}
}

// TestReleasedProduction approves a plan: what it starts through the period is released, as JSON and CSV, until
// it has passed.
func TestReleasedProduction(t *testing.T) {
	r, site := newRig(t), golden(t, "released")
	var none, list view.Production
	r.ask("GET", "/v1/sites/{site}/production", []string{site.name}, "", nil).json(t, &none)
	if none.Approved != nil || len(none.Starts) != 0 {
		t.Errorf("before an approval: %+v", none)
	}
	page, err := r.config.Reader.Lines(t.Context(), view.LineQuery{Site: site.name})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]schemas.Quantity{}
	for _, l := range page.Lines {
		for _, p := range l.Periods {
			if p.Period <= "2026-03" && p.Production > 0 {
				want[l.SKU+" "+p.Period] = p.Production
			}
		}
	}
	site.event(&schemas.PlanApproved{Revision: 1, Through: "2026-03", By: "Ada"})
	site.event(&schemas.Resource{Resource: "factory", Capacity: 15500, Per: schemas.PerMonth})
	site.plan()
	r.ask("GET", "/v1/sites/{site}/production", []string{site.name}, "", nil).json(t, &list)
	if a := list.Approved; a == nil || a.By != "Ada" || a.Through != "2026-03" || a.Revision != 1 || list.Revision != 2 {
		t.Fatalf("approved: %+v in revision %d", list.Approved, list.Revision)
	}
	got := map[string]schemas.Quantity{}
	for _, s := range list.Starts {
		if got[s.SKU+" "+s.Period] = s.Quantity; s.Planned != s.Quantity || s.Arrives != s.Period || !slices.Equal(s.Resources, []string{"factory"}) {
			t.Errorf("%+v", s)
		}
	}
	if len(want) == 0 || !maps.Equal(got, want) {
		t.Errorf("released %v, approved %v", got, want)
	}
	rows, err := csv.NewReader(bytes.NewReader(r.ask("GET", "/v1/sites/{site}/production.csv", []string{site.name}, "", nil).body)).ReadAll()
	if err != nil || len(rows) != 1+len(want) {
		t.Fatalf("CSV: %v, %d rows", err, len(rows))
	}
	for _, row := range rows[1:] {
		if want[row[1]+" "+row[2]].String() != row[3] || row[7] != "1" || row[9] != "Ada" || row[11] != "2" {
			t.Errorf("CSV: %v", row)
		}
	}
}

// TestWriteFromAnotherSite: the guard stands before the routes.
func TestWriteFromAnotherSite(t *testing.T) {
	r, site := newRig(t), golden(t, "cross").name
	req := httptest.NewRequest(http.MethodPost, "http://localhost/v1/sites/"+site+"/events", strings.NewReader(`{"type":"drumbeat.operator.v1","data":{"action":"replan"}}`))
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Origin", "https://evil.example")
	w := httptest.NewRecorder()
	r.http.ServeHTTP(w, req)
	if w.Code != http.StatusForbidden || len(r.sent) > 0 {
		t.Errorf("%d, sent %v", w.Code, r.sent)
	}
}
