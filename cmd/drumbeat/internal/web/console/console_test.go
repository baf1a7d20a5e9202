package console

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"html"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"drumbeat/cmd/drumbeat/internal/web"
	"drumbeat/optimize"
	"drumbeat/optimize/clp"
	"drumbeat/schemas"
)

// sent is what forms asked for.
type sent struct {
	kind schemas.Type
	data any
	err  error // the answer
}

// answers gives every question the plan of p, but that little capacity is too little.
func answers(t testing.TB, p *optimize.Problem) func(o *optimize.Overrides) (*optimize.Answer, error) {
	engine := optimize.NewEngine(clp.New, optimize.Options{})
	plan, err := engine.Solve(context.Background(), p, nil)
	if err = errors.Join(err, engine.Close()); err != nil {
		t.Fatal(err)
	}
	return func(o *optimize.Overrides) (*optimize.Answer, error) {
		if len(o.Resources) > 0 && o.Resources[0].Capacity != nil && *o.Resources[0].Capacity < 100 {
			return &optimize.Answer{Status: optimize.Infeasible, Infeasibility: &optimize.Infeasibility{
				Cause: "capacity", Resource: hostile, FirstShortPeriod: "2026-W05", Missing: 5135, PeakPeriod: "2026-W09", SmallestCapacity: []float64{13558.5555, 13558.5555},
			}}, nil
		}
		return &optimize.Answer{Status: optimize.Optimal, Problem: p, Plan: plan, Cost: optimize.Cost{Total: 15000}, Difference: optimize.Cost{Total: 2654.4}}, nil
	}
}

func newServer(t testing.TB, s *shelf, forms *sent) http.Handler {
	t.Helper()
	problem, err := s.Problem(context.Background(), "hall-2")
	if err != nil {
		t.Fatal(err)
	}
	ask := answers(t, problem.Problem)
	c, err := New(Config{
		Reader: s, Log: slog.New(slog.DiscardHandler),
		Ask: func(_ context.Context, _ string, o *optimize.Overrides) (*optimize.Answer, error) {
			return ask(o)
		},
		Submit: func(_ context.Context, _ string, kind schemas.Type, data any) error {
			forms.kind, forms.data = kind, data
			return forms.err
		},
		Resend: func(_ context.Context, _, reason string) (int, error) {
			forms.data = reason
			return 3, forms.err
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	server := web.New(web.Config{Log: slog.New(slog.DiscardHandler)})
	c.Routes(server.HandleFor)
	return server.Handler()
}

func get(t testing.TB, h http.Handler, path string) (status int, body string) {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.Host = "localhost"
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

// views are all pages of the site.
var views = []string{
	"/", "/sites/hall-2", "/sites/hall-2/skus", "/sites/hall-2/sku?code=" + url.QueryEscape(hostile), "/sites/hall-2/what-if",
	"/sites/hall-2/what-if?capacity=14000&name=" + url.QueryEscape(hostile) + "&s=" + url.QueryEscape("capacity=50&new_sku="+url.QueryEscape(hostile)),
	"/sites/hall-2/what-if?capacity=" + url.QueryEscape(hostile), "/sites/hall-2/feed?reason=" + url.QueryEscape(hostile),
	"/sites/hall-2/actions?code=" + url.QueryEscape(hostile) + "&wrong=" + url.QueryEscape(hostile), "/sites/hall-2/history",
	"/sites/empty", "/sites/empty/skus", "/sites/empty/what-if", "/sites/empty/actions",
}

var scripts = regexp.MustCompile(`(?i)<script[^>]*>`)

// Whatever an event or an address says is text.
func TestNamesAreText(t *testing.T) {
	h := newServer(t, newShelf(3), &sent{})
	for _, path := range views {
		status, body := get(t, h, path)
		if status != http.StatusOK {
			t.Errorf("%s: %d", path, status)
		}
		if found := scripts.FindAllString(body, -1); len(found) != 1 || !strings.Contains(found[0], `src="/assets/console.`) {
			t.Errorf("%s: scripts %q", path, found)
		}
		if strings.Contains(body, "style=") || regexp.MustCompile(`\son[a-z]+=`).MatchString(body) {
			t.Errorf("%s has what the policy for content forbids", path)
		}
		if strings.Contains(path, "SCRIPT") && !strings.Contains(html.UnescapeString(body), hostile) {
			t.Errorf("%s does not show the name", path)
		}
	}
}

var download = regexp.MustCompile(`href="([^"]*csv=[^"]*)"`)

// Every table has a download with the same columns and all of its rows.
func TestEveryTableDownloads(t *testing.T) {
	h := newServer(t, newShelf(120), &sent{})
	tables := regexp.MustCompile(`<table>`)
	for _, path := range views {
		_, body := get(t, h, path)
		links := download.FindAllStringSubmatch(body, -1)
		if n := len(tables.FindAllString(body, -1)); n > len(links)+1 { // dead letters by reason are counts of a table
			t.Errorf("%s: %d tables, %d downloads", path, n, len(links))
		}
		for _, l := range links {
			status, text := get(t, h, html.UnescapeString(l[1]))
			rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
			if status != http.StatusOK || err != nil || len(rows) < 2 {
				t.Errorf("%s: %d, %d rows, %v", l[1], status, len(rows), err)
			}
			if strings.HasSuffix(l[1], "/skus?csv=skus") && len(rows) != 121 || strings.HasSuffix(l[1], "/skus?csv=plan") && len(rows) != 120*26+1 {
				t.Errorf("%s: %d rows", l[1], len(rows))
			}
		}
	}
	if status, _ := get(t, h, "/sites/hall-2?csv=nothing"); status != http.StatusNotFound {
		t.Errorf("an unknown table: %d", status)
	}
}

// A page of a site with 2,000 SKUs stays small.
func TestPagesAreSmall(t *testing.T) {
	h := newServer(t, newShelf(2000), &sent{})
	for _, path := range views {
		if _, body := get(t, h, path); len(body) > 200_000 {
			t.Errorf("%s has %d bytes", path, len(body))
		}
	}
	if _, body := get(t, h, "/sites/hall-2/sku?days=0&code=SKU-00007"); len(body) > 200_000 {
		t.Errorf("a SKU with all of its history has %d bytes", len(body))
	}
}

func TestNotFound(t *testing.T) {
	h := newServer(t, newShelf(1), &sent{})
	for _, path := range []string{"/sites/nowhere", "/sites/hall-2/sku?code=nothing", "/assets/nothing.js"} {
		if status, _ := get(t, h, path); status != http.StatusNotFound {
			t.Errorf("%s: %d", path, status)
		}
	}
}

// Assets stand at the address that the page names, and may be kept.
func TestAssets(t *testing.T) {
	h := newServer(t, newShelf(1), &sent{})
	_, body := get(t, h, "/")
	found := regexp.MustCompile(`"(/assets/[^"]+)"`).FindAllStringSubmatch(body, -1)
	if len(found) < 3 {
		t.Fatalf("%d assets", len(found))
	}
	for _, f := range found {
		if status, text := get(t, h, f[1]); status != http.StatusOK || text == "" {
			t.Errorf("%s: %d", f[1], status)
		}
	}
}

func post(h http.Handler, path string, values url.Values) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(values.Encode()))
	r.Host = "localhost"
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func pointer[T any](v T) *T { return &v }

func date(t *testing.T, s string) schemas.Date {
	t.Helper()
	d, err := schemas.ParseDate(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// Forms become events with the planner's name; what is wrong with them is said where they stand.
func TestForms(t *testing.T) {
	day := date(t, "2026-01-07")
	for _, c := range []struct {
		form  string
		want  any
		wrong string
	}{
		{"type=outlier-reviewed&sku=A&ruling=accept+2026-01-07&by=Ada", &schemas.OutlierReviewed{SKU: "A", Date: day, Verdict: schemas.VerdictAccept, By: "Ada"}, ""},
		{"type=outlier-reviewed&sku=A&date=2026-01-07&verdict=reject&by=Ada", &schemas.OutlierReviewed{SKU: "A", Date: day, Verdict: schemas.VerdictReject, By: "Ada"}, ""},
		{"type=outlier-reviewed&sku=A&date=2026-01-07&verdict=reject&by=+", nil, "your name is missing"},
		{"type=demand-override&sku=A&from=2026-01-07&to=2026-01-08&mode=scale&amount=120&by=Ada&reason=fair",
			&schemas.DemandOverride{SKU: "A", From: day, To: day + 1, Mode: schemas.OverrideScale, Factor: pointer(1.2), By: "Ada", Reason: "fair"}, ""},
		{"type=demand-override&sku=A&from=2026-01-07&to=2026-01-07&mode=add&amount=-1,250.5&by=Ada&expires=2026-01-08",
			&schemas.DemandOverride{SKU: "A", From: day, To: day, Mode: schemas.OverrideAdd, Quantity: pointer(schemas.Quantity(-1250_500_000)), By: "Ada", Expires: pointer(day + 1)}, ""},
		{"type=demand-override&sku=A&from=2026-01-08&to=2026-01-07&mode=add&amount=1&by=Ada", nil, "the last day is before the first"},
		{"type=demand-override&sku=A&from=2026-01-08&to=2026-01-09&mode=add&amount=much&by=Ada", nil, `the quantity is no number: "much"`},
		{"type=production-pin&sku=A&period=2026-W02&min=5&max=5&by=Ada", &schemas.ProductionPin{SKU: "A", Period: "2026-W02", Min: pointer(5 * schemas.Unit), Max: pointer(5 * schemas.Unit), By: "Ada"}, ""},
		{"type=production-pin&sku=A&period=2026-W02&by=Ada", nil, "a pin needs a least or a largest quantity, or both"},
		{"type=production-pin&sku=A&period=2026-W02&min=6&max=5&by=Ada", nil, "the least quantity is above the largest"},
		{"type=plan-approved&revision=7&through=2026-W03&by=Ada", &schemas.PlanApproved{Revision: 7, Through: "2026-W03", By: "Ada"}, ""},
		{"type=plan-approved&revision=0&through=2026-W03&by=Ada", nil, "the revision is no number"},
		{"type=heartbeat&by=Ada", nil, "the form is of no known kind"},
	} {
		values, err := url.ParseQuery(c.form + "&back=/sites/hall-2/feed")
		if err != nil {
			t.Fatal(err)
		}
		var forms sent
		w := post(newServer(t, newShelf(1), &forms), "/sites/hall-2/events", values)
		to, err := url.Parse(w.Header().Get("Location"))
		if err != nil || w.Code != http.StatusSeeOther || to.Path != "/sites/hall-2/feed" || to.Query().Get("wrong") != c.wrong {
			t.Errorf("%s: %d to %s", c.form, w.Code, to)
		}
		if c.want != nil && !reflect.DeepEqual(forms.data, c.want) || c.want == nil && forms.data != nil {
			t.Errorf("%s: sent %+v, want %+v", c.form, forms.data, c.want)
		}
	}
}

func TestFormsThatFail(t *testing.T) {
	form := url.Values{"type": {"plan-approved"}, "revision": {"7"}, "through": {"2026-W03"}, "by": {"Ada"}, "back": {"https://elsewhere.example/"}}
	for _, c := range []struct {
		err  error
		want string
	}{
		{fmt.Errorf("%w: no such period", ErrRefused), "no such period"},
		{context.DeadlineExceeded, "This could not be sent; the log says why. Try again."},
	} {
		w := post(newServer(t, newShelf(1), &sent{err: c.err}), "/sites/hall-2/events", form)
		to, err := url.Parse(w.Header().Get("Location"))
		if err != nil || to.Host != "" || to.Path != "/sites/hall-2/actions" || to.Query().Get("wrong") != c.want {
			t.Errorf("%v leads to %s", c.err, to)
		}
	}
	var forms sent
	w := post(newServer(t, newShelf(1), &forms), "/sites/hall-2/replay", url.Values{"reason": {"missing-date"}, "back": {"/sites/hall-2/feed"}})
	if forms.data != "missing-date" || !strings.Contains(w.Header().Get("Location"), "3+records+sent+again") {
		t.Errorf("replay of %v leads to %s", forms.data, w.Header().Get("Location"))
	}
}

// A scenario's address is the scenario.
func TestScenarioByLink(t *testing.T) {
	periods := []string{"2026-01", "2026-02", "2026-03"}
	genNumber := rapid.Map(rapid.IntRange(-50, 1e6), func(n int) string { return fmt.Sprint(n) })
	rapid.Check(t, func(t *rapid.T) {
		q := url.Values{}
		for _, f := range scenarioFields {
			switch {
			case !rapid.Bool().Draw(t, f):
			case f == "from" || f == "to":
				q.Set(f, rapid.SampledFrom(periods).Draw(t, f))
			case f == "mode":
				q.Set(f, "strict")
			case strings.HasSuffix(f, "name") || strings.HasSuffix(f, "sku") || strings.HasSuffix(f, "resource"):
				q.Set(f, rapid.SampledFrom([]string{"A", hostile, "a b&c=d"}).Draw(t, f))
			default:
				q.Set(f, genNumber.Draw(t, f))
			}
		}
		s := readScenario(q)
		want, wantErr := s.overrides(periods)
		to, err := url.Parse(withScenarios("/sites/x/what-if", nil, []string{s.encode(), "capacity=1"}))
		if err != nil {
			t.Fatal(err)
		}
		inner, err := url.ParseQuery(to.Query()["s"][0])
		if err != nil {
			t.Fatal(err)
		}
		got, gotErr := readScenario(inner).overrides(periods)
		if !reflect.DeepEqual(got, want) || fmt.Sprint(gotErr) != fmt.Sprint(wantErr) {
			t.Fatalf("%+v %v, want %+v %v", got, gotErr, want, wantErr)
		}
	})
}

func TestInfeasibleSaysWhatWouldDo(t *testing.T) {
	_, body := get(t, newServer(t, newShelf(2), &sent{}), "/sites/hall-2/what-if?capacity=50")
	if !strings.Contains(body, "The smallest capacity that would do is 13,558.56 a period.") || !strings.Contains(body, "from 2026-W05 on") {
		t.Error("the page does not say what capacity would do, or when it is short first")
	}
}

// Numbers of a column have the same decimals; the download is exact.
func TestColumnsStandInLine(t *testing.T) {
	table := Table{Columns: columns("Name", "#Value")}
	table.add(text("=1+2"), number(8404.2812345))
	table.add(text("b"), number(12))
	table.add(text("c"), nonzero(number(0)))
	table.layOut()
	if a, b, c := table.Rows[0][1].Text, table.Rows[1][1].Text, table.Rows[2][1].Text; a != "8,404.28" || b != "12.00" || c != "·" {
		t.Errorf("%q %q %q", a, b, c)
	}
	var out strings.Builder
	if err := table.writeCSV(&out); err != nil || out.String() != "name,value\n'=1+2,8404.2812345\nb,12\nc,0\n" {
		t.Errorf("%v %q", err, out.String())
	}
}
