package api

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"drumbeat/cmd/drumbeat/internal/web/view"
	"drumbeat/schemas"
)

// TestEveryRouteAnswers asks every route that is described, for a site with strange SKUs, one with definitions
// only and one that is not there. The rig holds each answer against the document.
func TestEveryRouteAnswers(t *testing.T) {
	r := newRig(t)
	sites := map[string]int{selling(t, "routes").name: 200, golden(t, "routes-golden").name: 200, "nowhere": 404}
	for site, want := range sites {
		for _, path := range []string{"plan", "plan.csv", "plan/lines", "plan/diff", "plan/history", "actions", "actions.csv", "production", "production.csv", "forecast", "forecast.csv",
			"audit", "audit.csv", "accuracy"} {
			out := r.ask("GET", "/v1/sites/{site}/"+path, []string{site}, "", nil)
			if out.status != want {
				t.Errorf("%s of %s: %d %.300s", path, site, out.status, out.body)
			}
			if want == 200 && strings.HasSuffix(path, ".csv") {
				if rows, err := csv.NewReader(bytes.NewReader(out.body)).ReadAll(); err != nil || len(rows) == 0 {
					t.Errorf("%s of %s: %v", path, site, err)
				}
			}
		}
	}
	for path, out := range map[string]*result{
		"sites":   r.ask("GET", "/v1/sites", nil, "", nil),
		"letters": r.ask("GET", "/v1/dead-letters", nil, "site=routes", nil),
		"healthz": r.ask("GET", "/healthz", nil, "", nil),
		"readyz":  r.ask("GET", "/readyz", nil, "", nil),
		"metrics": r.ask("GET", "/metrics", nil, "", nil),
		"openapi": r.ask("GET", documentPath, nil, "", nil),
		"what-if": r.ask("POST", whatIfPath, []string{"routes"}, "", `{"added":[{"sku":"NEW","demand":[1,2],"production_cost":3,"holding_cost":1,"resource":"factory"}]}`),
	} {
		if out.status != 200 {
			t.Errorf("%s: %d %.300s", path, out.status, out.body)
		}
	}
}

// TestRefusedRequests asks for what no route takes.
func TestRefusedRequests(t *testing.T) {
	r, site := newRig(t), golden(t, "refused").name
	for _, c := range []struct {
		path, query string
		want        int
	}{
		{"plan", "revision=2", 404}, {"plan", "revision=9223372036854775807", 404}, {"plan", "revision=-1", 422}, {"plan", "revision=x", 422},
		{"plan", "rev=1", 422}, {"plan", "revision=", 422}, {"plan/lines", "after=", 200}, {"plan.csv", "revision=7", 404}, {"plan/lines", "limit=0", 422}, {"plan/lines", "limit=1001", 422},
		{"plan/lines", "after=%00", 200}, {"plan/lines", "contains=%FF", 200}, {"plan/diff", "from=1&to=9", 404},
		{"plan/diff", "to=9223372036854775807", 404}, {"plan/history", "before=9223372036854775807", 200},
	} {
		if out := r.ask("GET", "/v1/sites/{site}/"+c.path, []string{site}, c.query, nil); out.status != c.want {
			t.Errorf("%s?%s: %d %.300s", c.path, c.query, out.status, out.body)
		}
	}
	if out := r.ask("GET", "/v1/sites/{site}/plan", []string{"no such/site"}, "", nil); out.status != 422 {
		t.Errorf("a name that is no site's: %d", out.status)
	}
	if out := r.ask("GET", "/v1/dead-letters", nil, "until=yesterday", nil); out.status != 422 {
		t.Errorf("until=yesterday: %d", out.status)
	}
}

// TestPlanIsWhatWasPublished compares head, pages of lines and CSV with the bytes in the database.
func TestPlanIsWhatWasPublished(t *testing.T) {
	r, site := newRig(t), selling(t, "published").name
	_, head, _, err := testStore.Head(t.Context(), site)
	if err != nil {
		t.Fatal(err)
	}
	out := r.ask("GET", "/v1/sites/{site}/plan", []string{site}, "", nil)
	if !bytes.HasPrefix(out.body, bytes.TrimSuffix(head, []byte("}"))) {
		t.Errorf("head: %.200s\npublished: %.200s", out.body, head)
	}
	want, err := testStore.Lines(t.Context(), site)
	if err != nil {
		t.Fatal(err)
	}
	if len(want) != len(strange) {
		t.Fatalf("%d lines", len(want))
	}
	var got []json.RawMessage
	for after := ""; ; {
		var page struct {
			PlanID string            `json:"plan_id"`
			Age    *float64          `json:"age_seconds"`
			Total  int               `json:"total"`
			Lines  []json.RawMessage `json:"lines"`
			Next   string            `json:"next"`
		}
		r.ask("GET", "/v1/sites/{site}/plan/lines", []string{site}, "limit=3&after="+escaped(after), nil).json(t, &page)
		if page.Total != len(want) || len(page.Lines) > 3 || page.PlanID != site+":1" || page.Age == nil {
			t.Fatalf("page behind %q: %+v", after, page)
		}
		got = append(got, page.Lines...)
		if after = page.Next; after == "" {
			break
		}
	}
	var cells [][]string
	for i, l := range want {
		if i >= len(got) || !bytes.Equal(got[i], l.Value) {
			t.Fatalf("line %d of %d differs from what was published", i, len(got))
		}
		var line schemas.Line
		if err := json.Unmarshal(l.Value, &line); err != nil {
			t.Fatal(err)
		}
		for _, p := range line.Periods {
			cells = append(cells, []string{line.SKU, p.Period, p.Demand.String(), p.Production.String(), p.Inventory.String(), line.Reason})
		}
	}
	for _, out := range []*result{
		r.ask("GET", "/v1/sites/{site}/plan.csv", []string{site}, "", nil),
		r.ask("GET", "/v1/sites/{site}/plan", []string{site}, "", nil, "Accept", "text/html, text/csv;q=0.9, application/json;q=0.1"),
	} {
		rows, err := csv.NewReader(bytes.NewReader(out.body)).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		var table [][]string
		for _, row := range rows[1:] {
			table = append(table, []string{row[2], row[3], row[4], row[10], row[11], row[17]})
		}
		if fmt.Sprint(table) != fmt.Sprint(cells) {
			t.Errorf("CSV %.300v\nwant %.300v", table, cells)
		}
	}
}

func escaped(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		fmt.Fprintf(&b, "%%%02X", c)
	}
	return b.String()
}

// TestStrangeSKUs asks for each SKU by its name in the path.
func TestStrangeSKUs(t *testing.T) {
	r, site := newRig(t), selling(t, "strange").name
	for _, name := range strange {
		var sku view.SKU
		r.ask("GET", "/v1/sites/{site}/skus/{sku}", []string{site, name}, "days=0", nil).json(t, &sku)
		if sku.SKU != name || sku.Line == nil || len(sku.History) != 90 || sku.Forecast == nil || sku.Reason == "" || sku.Revision != 1 {
			t.Errorf("%q: %q, line %v, %d days, reason %q", name, sku.SKU, sku.Line != nil, len(sku.History), sku.Reason)
		}
		held := 0
		for _, d := range sku.History {
			if d.Held > 0 {
				held++
			}
		}
		if want := map[bool]int{true: 1}[name == "A-1"]; held != want {
			t.Errorf("%q: %d days are held", name, held)
		}
	}
	for _, name := range []string{"a/b ", "ärger 100 %"} { // in another form
		if out := r.ask("GET", "/v1/sites/{site}/skus/{sku}", []string{site, name}, "", nil); out.status != 200 {
			t.Errorf("%q: %d", name, out.status)
		}
	}
	for _, name := range []string{"NONE", "\x00", "A\nB", strings.Repeat("X", 200)} {
		if out := r.ask("GET", "/v1/sites/{site}/skus/{sku}", []string{site, name}, "", nil); out.status != 404 {
			t.Errorf("%q: %d", name, out.status)
		}
	}
}

// TestNotModified: a reader who has the plan is not sent it again, until there is another one.
func TestNotModified(t *testing.T) {
	r, site := newRig(t), golden(t, "etag")
	for _, path := range []string{"plan", "plan/lines", "plan.csv", "plan/diff", "plan/history", "actions", "production", "skus/{sku}", "forecast", "audit", "accuracy"} {
		path = "/v1/sites/{site}/" + path
		parts := []string{site.name, "SKU-001"}[:strings.Count(path, "{")]
		first := r.ask("GET", path, parts, "", nil)
		tag := first.header.Get("ETag")
		if first.status != 200 || tag == "" {
			t.Fatalf("%s: %d, tag %q", path, first.status, tag)
		}
		for _, have := range []string{tag, strings.TrimPrefix(tag, "W/"), `"other", ` + tag, "*"} {
			if out := r.ask("GET", path, parts, "", nil, "If-None-Match", have); out.status != 304 || len(out.body) > 0 || out.header.Get("ETag") != tag {
				t.Errorf("%s with %s: %d", path, have, out.status)
			}
		}
		if out := r.ask("GET", path, parts, "", nil, "If-None-Match", `"etag:0"`); out.status != 200 {
			t.Errorf("%s with another tag: %d", path, out.status)
		}
	}
}
