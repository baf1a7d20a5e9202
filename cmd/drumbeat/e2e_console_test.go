package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"drumbeat/cmd/drumbeat/internal/web/chart"
	"drumbeat/cmd/drumbeat/internal/web/view"
	"drumbeat/optimize"
	"drumbeat/schemas"
)

// scriptSKU is a product whose name is a script; the canonical form is in capitals.
const scriptSKU = "<SCRIPT>ALERT(1)</SCRIPT>"

// consoleWorld is a demo that has ended its feed, with its console in a browser.
type consoleWorld struct {
	world
	*browser
	address string
	demo    *child
	sales   int // sent
}

// TestConsole looks at the demo's console with a real browser, as a planner would.
func TestConsole(t *testing.T) {
	takeTurn(t, otherLane)
	requirePostgres(t)
	w := &consoleWorld{browser: newBrowser(t), address: freeAddress(t), world: world{home: publicDir(t)}}
	w.demo = start(t, w.world, "demo", "demo", "--data", filepath.Join(w.home, "data"), "--address", w.address, "--pace", "1ms")
	hint := regexp.MustCompile(`--topic (\S+) --kafka-brokers (\S+)`)
	eventually(t, "the feed has ended", 5*time.Minute, func() (bool, string) {
		found := hint.FindStringSubmatch(w.demo.err.String())
		if found != nil {
			w.broker = found[2]
		}
		return found != nil, lastLines(w.demo.err.String(), 1)
	})
	w.golden(t)
	t.Run("numbers", w.numbers)
	t.Run("live", w.live)
	t.Run("what if", w.whatIf)
	t.Run("review", w.review)
	t.Run("decide", w.decide)
	t.Run("approve", w.approve)
	t.Run("script", w.script)
	t.Run("pictures", w.pictures)
	w.demo.stop(t, 20*time.Second)
}

// golden makes the golden site by its script.
func (w *consoleWorld) golden(t *testing.T) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	reader, writer, err := os.Pipe() // tells the commands, which are this binary, that their parent lives
	if err != nil {
		t.Fatal(err)
	}
	defer writer.Close()
	defer reader.Close()
	cmd := exec.Command(filepath.Join(repository, "deploy", "golden-site"), "--topic", "erp.people")
	cmd.Env = append(w.environment(), "DRUMBEAT="+self)
	cmd.ExtraFiles = []*os.File{reader}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("golden-site: %v\n%s", err, out)
	}
	eventually(t, "the golden plan", time.Minute, func() (bool, string) {
		h := w.head("golden")
		return h != nil && h.Cost.Total == 2_128_139, fmt.Sprintf("%+v", h)
	})
}

func (w *consoleWorld) url(path string) string { return "http://" + w.address + path }

func (w *consoleWorld) open(t *testing.T, path string) {
	t.Helper()
	w.do(t, chromedp.Navigate(w.url(path)))
}

// api reads an answer of the API; false while there is none.
func (w *consoleWorld) api(path string, into any) bool {
	res, err := http.Get(w.url(path))
	if err != nil {
		return false
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return err == nil && res.StatusCode == http.StatusOK && json.Unmarshal(body, into) == nil
}

func (w *consoleWorld) head(site string) *schemas.Head {
	var h schemas.Head
	if !w.api("/v1/sites/"+site+"/plan", &h) {
		return nil
	}
	return &h
}

// sell sends one sale by produce.
func (w *consoleWorld) sell(t *testing.T, sku string, quantity int) {
	t.Helper()
	w.sales++
	path := filepath.Join(w.home, fmt.Sprintf("sale%d.csv", w.sales)) // a sale's identity is its file and row
	if err := os.WriteFile(path, fmt.Appendf(nil, "sku,quantity,date\n%s,%d,2026-01-01\n", sku, quantity), 0o644); err != nil {
		t.Fatal(err)
	}
	drumbeat(t, w.world, time.Minute, "produce", "--from", path, "--site", "demo", "--topic", "erp.people", "--kafka-brokers", w.broker)
}

// shows waits until the element says the text.
func (w *consoleWorld) shows(t *testing.T, what, selector, text string) {
	t.Helper()
	eventually(t, what, 30*time.Second, func() (bool, string) {
		now := w.text(t, selector)
		return strings.Contains(now, text), fmt.Sprintf("%s says %q, not %q", selector, now, text)
	})
}

// numbers: the page says what the API says.
func (w *consoleWorld) numbers(t *testing.T) {
	w.open(t, "/sites/demo")
	h := w.head("demo")
	facts := w.text(t, "#headline")
	for _, want := range []string{chart.Whole(h.Cost.Total), chart.Whole(h.Cost.Production), chart.Number(h.ShortageTotal.Float()), chart.Number(float64(h.Revision))} {
		if !strings.Contains(facts, want) {
			t.Errorf("the headline has no %s: %s", want, facts)
		}
	}
	rows := js[[][]string](t, w.browser, `[...document.querySelectorAll("#fold-load tbody tr")].map(r => [...r.cells].map(c => c.textContent.replaceAll(",", "")))`)
	if len(rows) != len(h.Resources) {
		t.Fatalf("%d rows of load, want %d", len(rows), len(h.Resources))
	}
	for i, r := range h.Resources {
		if rows[i][0] != r.Period || !sameNumber(rows[i][1], r.Capacity.Float()) || !sameNumber(rows[i][2], r.Load.Float()) {
			t.Errorf("row %v, want %+v", rows[i], r)
		}
	}
	// The bars of a period come to its load.
	titles := js[[]string](t, w.browser, `[...document.querySelectorAll("#load .chart rect title")].map(t => t.textContent)`)
	drawn := map[string]float64{}
	bar := regexp.MustCompile(`^(.*) in (\S+): (.*)$`)
	for _, title := range titles {
		if m := bar.FindStringSubmatch(title); m != nil && !strings.Contains(m[1], "price") && m[1] != "demand not met" && m[1] != "overtime" {
			var v float64
			if _, err := fmt.Sscan(strings.ReplaceAll(m[3], ",", ""), &v); err != nil {
				t.Errorf("%q: %v", title, err)
			}
			drawn[m[2]] += v
		}
	}
	for _, r := range h.Resources {
		if d := drawn[r.Period] - r.Load.Float(); d > .05 || d < -.05 {
			t.Errorf("the bars of %s come to %v, the load is %v", r.Period, drawn[r.Period], r.Load.Float())
		}
	}
	w.silent(t, "the site")
}

// sameNumber compares a shown number, whose two decimals are rounded.
func sameNumber(shown string, v float64) bool {
	var got float64
	_, err := fmt.Sscan(strings.ReplaceAll(shown, "·", "0"), &got)
	return err == nil && got-v < .0051 && v-got < .0051
}

// live: a sale changes an open page, which is never loaded anew.
func (w *consoleWorld) live(t *testing.T) {
	w.open(t, "/sites/demo")
	w.shows(t, "the stream is open", "#live", "live")
	js[bool](t, w.browser, "window.sameDocument = true")
	before := w.head("demo").Revision
	w.sell(t, "SKU-001", 900)
	eventually(t, "a new revision on the page", 30*time.Second, func() (bool, string) {
		h := w.head("demo")
		state := w.text(t, "#state")
		return h.Revision > before && strings.Contains(state, fmt.Sprint("revision ", h.Revision)) &&
			strings.Contains(w.text(t, "#headline"), chart.Whole(h.Cost.Total)), state
	})
	if !js[bool](t, w.browser, "window.sameDocument === true") {
		t.Error("the page was loaded anew")
	}
	w.silent(t, "the live site")
}

// slide moves a slider as a finger does.
func (w *consoleWorld) slide(t *testing.T, value int) {
	t.Helper()
	js[bool](t, w.browser, fmt.Sprintf(`(() => {
		const slider = document.querySelector('input[type="range"][data-for="capacity"]');
		slider.value = %d;
		return slider.dispatchEvent(new Event("input", {bubbles: true}));
	})()`, value))
}

func (w *consoleWorld) whatIf(t *testing.T) {
	w.open(t, "/sites/golden/what-if")
	w.shows(t, "the plan", "#answer", "2,128,139")
	began := time.Now()
	w.slide(t, 14000)
	w.shows(t, "less capacity", ".verdict", "2,200,298")
	t.Logf("the slider's answer is there after %v", time.Since(began).Round(time.Millisecond))
	w.slide(t, 13000)
	w.shows(t, "too little capacity", ".verdict", "13,558.56")
	if verdict := w.text(t, ".verdict"); !strings.Contains(verdict, "Infeasible") {
		t.Errorf("13,000 says %q", verdict)
	}
	// The address is the scenario: a link shows the same, and two stand side by side.
	link := js[string](t, w.browser, "location.href")
	w.do(t, chromedp.Navigate(link+"&s="+url.QueryEscape("capacity=14000")))
	w.shows(t, "the same by link", ".verdict", "13,558.56")
	w.shows(t, "two side by side", "#answer table", "2,200,298")
	var file struct {
		Answer struct{ Cost struct{ Total float64 } }
	}
	if !w.api("/sites/golden/what-if.json?capacity=14000", &file) || chart.Whole(file.Answer.Cost.Total) != "2,200,298" {
		t.Errorf("the download says %+v", file)
	}
	w.beside(t)
	w.silent(t, "what if")
}

// beside keeps a scenario, asks a second one with a new product beside it, and takes both along as a link and as files.
func (w *consoleWorld) beside(t *testing.T) {
	w.open(t, "/sites/golden/what-if")
	w.slide(t, 14000)
	w.shows(t, "the first scenario", ".verdict", "2,200,298")
	w.do(t, chromedp.Click(chromedp.CSS("#answer .links a.button")))
	w.shows(t, "it stands beside an empty form", ".chips", "capacity 14,000")
	js[bool](t, w.browser, `(() => {
		document.getElementById("fold-new").open = true;
		for (const [name, value] of Object.entries({new_sku: "gadget", new_demand: "100, 120", new_production_cost: "7", new_resource: "factory"}))
			document.querySelector('[name="' + name + '"]').value = value;
		return document.querySelector('[name="new_demand"]').dispatchEvent(new Event("input", {bubbles: true}));
	})()`)
	w.shows(t, "the new product has a column", "#answer table", "new gadget")
	w.shows(t, "the first one has not gone", "#answer table", "2,200,298")
	var file struct {
		Overrides optimize.Overrides
		Answer    struct{ Status string }
	}
	fetched := func(link string) string {
		return js[string](t, w.browser, `fetch([...document.querySelectorAll("#answer a")].find(a => a.textContent === "`+link+`").href).then(r => r.text())`)
	}
	if err := json.Unmarshal([]byte(fetched("JSON")), &file); err != nil || len(file.Overrides.Added) != 1 || file.Answer.Status != "optimal" {
		t.Errorf("the scenario as JSON: %v, %+v", err, file)
	}
	demand := []string{}
	for _, row := range strings.Split(fetched("Its plan as CSV"), "\n") {
		if cells := strings.Split(row, ","); strings.EqualFold(cells[0], "gadget") {
			demand = append(demand, cells[2])
		}
	}
	if want := "100 120 100 120 100 120 100 120 100 120 100 120 100"; strings.Join(demand, " ") != want {
		t.Errorf("the profile repeats as %v", demand)
	}
	columns := w.text(t, "#answer thead")
	link := js[string](t, w.browser, `[...document.querySelectorAll("#answer a")].find(a => a.textContent === "Link to share").href`)
	w.do(t, chromedp.Navigate(link))
	if again := w.text(t, "#answer thead"); again != columns || !strings.Contains(columns, "capacity 14,000") {
		t.Errorf("the link shows %q, the page showed %q", again, columns)
	}
	if name := js[string](t, w.browser, `document.querySelector('[name="new_sku"]').value`); name != "gadget" {
		t.Errorf("the form of the link has %q", name)
	}
}

// review: a planner accepts a day that was held back; the demand, the forecast and the plan follow.
func (w *consoleWorld) review(t *testing.T) {
	w.open(t, "/sites/demo/sku?code=SKU-001&days=0")
	var before, after view.SKU
	if !w.api("/v1/sites/demo/skus/SKU-001?days=0", &before) {
		t.Fatal("no SKU-001")
	}
	value := js[string](t, w.browser, `[...document.querySelectorAll("#flagged button.accept")].map(b => b.value).find(v => v.endsWith("2025-11-20")) ?? ""`)
	_, date, _ := strings.Cut(value, " ")
	if date == "" {
		t.Fatal("no day is flagged")
	}
	press := func(verdict string) {
		t.Helper()
		w.do(t, chromedp.SetValue(chromedp.CSS(`#flagged .name input`), "Ada"))
		w.do(t, chromedp.Click(chromedp.CSS(fmt.Sprintf(`#flagged button[value="%s %s"]`, verdict, date))))
		w.shows(t, "the event is sent", ".notice", "Sent")
	}
	held := func(s *view.SKU) (v schemas.Quantity) {
		for _, d := range s.History {
			if d.Date.String() == date {
				v = d.Held
			}
		}
		return v
	}
	press("reject")
	eventually(t, "the rejection is in the state", 30*time.Second, func() (bool, string) {
		ok := w.api("/v1/sites/demo/skus/SKU-001?days=0", &after)
		for _, d := range after.History {
			if d.Date.String() == date {
				return ok && d.Reason == "rejected-by-review", d.Reason
			}
		}
		return false, "no such day"
	})
	press("accept")
	eventually(t, "the accepted day is demand, and the plan another", 30*time.Second, func() (bool, string) {
		ok := w.api("/v1/sites/demo/skus/SKU-001?days=0", &after)
		return ok && held(&after) == 0 && after.Revision > before.Revision && !equalForecasts(before.Forecast, after.Forecast),
			fmt.Sprintf("held %v, revision %d", held(&after), after.Revision)
	})
	if held(&before) == 0 {
		t.Errorf("%s was not held before", date)
	}
	w.open(t, "/sites/demo/sku?code=SKU-001&days=0")
	if js[bool](t, w.browser, fmt.Sprintf(`document.querySelector('#flagged button[value="accept %s"]') !== null`, date)) {
		t.Errorf("%s still waits for a ruling", date)
	}
	w.silent(t, "the SKU")
}

func equalForecasts(a, b *view.Forecast) bool {
	return a != nil && b != nil && fmt.Sprint(a.Mean) == fmt.Sprint(b.Mean)
}

// decide: an override from the form is demand in the next plan, with the planner's name on the event.
func (w *consoleWorld) decide(t *testing.T) {
	w.open(t, "/sites/golden/actions")
	before := w.head("golden")
	today := time.Now().UTC().AddDate(0, 0, 40).Format(time.DateOnly)
	form := `form:has(input[value="demand-override"]) `
	for name, value := range map[string]string{"sku": "SKU-002", "from": today, "to": today, "amount": "250", "by": "Ada", "reason": "a fair"} {
		w.do(t, chromedp.SetValue(chromedp.CSS(form+`input[name="`+name+`"]`), value))
	}
	w.do(t, chromedp.SetValue(chromedp.CSS(form+`select[name="mode"]`), "add"), chromedp.Click(chromedp.CSS(form+"button")))
	w.shows(t, "the event is sent", ".notice", "Sent")
	eventually(t, "the next plan has the override", 30*time.Second, func() (bool, string) {
		h := w.head("golden")
		return h.Revision > before.Revision && h.Cost.Total > before.Cost.Total, fmt.Sprint(h.Revision, " ", h.Cost.Total)
	})
	w.silent(t, "actions")
}

// approve: what a planner approves is released: on the page, as CSV, and in the plan that is published.
func (w *consoleWorld) approve(t *testing.T) {
	w.open(t, "/sites/golden/actions")
	through := w.head("golden").Periods[2]
	form := `form:has(input[value="plan-approved"]) `
	w.do(t, chromedp.SetValue(chromedp.CSS(form+`select[name="through"]`), through), chromedp.SetValue(chromedp.CSS(form+`input[name="by"]`), "Ada"),
		chromedp.Click(chromedp.CSS(form+"button")))
	w.shows(t, "the page says what is released", "#released", "approved through "+through+" by Ada")
	var list view.Production
	if !w.api("/v1/sites/golden/production", &list) || list.Approved == nil || list.Approved.By != "Ada" || len(list.Starts) == 0 {
		t.Fatalf("released: %+v", list)
	}
	var line schemas.Line
	rows := js[[][]string](t, w.browser, `fetch(document.querySelector("#released a[download]").href).then(r => r.text()).then(t => t.trim().split("\n").map(l => l.split(",")))`)
	if len(rows) != len(list.Starts)+1 {
		t.Fatalf("%d rows of CSV, %d of the API", len(rows)-1, len(list.Starts))
	}
	for i, s := range list.Starts {
		if row := rows[i+1]; row[0] != s.SKU || row[1] != s.Period || row[2] != s.Quantity.String() || s.Period > through {
			t.Errorf("CSV %v, API %+v", row, s)
		}
		var sku struct{ Line *schemas.Line }
		if line.SKU != s.SKU && w.api("/v1/sites/golden/skus/"+url.PathEscape(s.SKU), &sku) {
			line = *sku.Line
		}
		for _, p := range line.Periods {
			if p.Period == s.Period && (p.Approved != s.Quantity || p.Production != s.Quantity || !p.Frozen) {
				t.Errorf("published %+v, released %v", p, s.Quantity)
			}
		}
	}
	w.silent(t, "approval")
}

// script: a product named as a script is text everywhere.
func (w *consoleWorld) script(t *testing.T) {
	w.sell(t, "<script>alert(1)</script>", 90)
	eventually(t, "the product is planned", 30*time.Second, func() (bool, string) {
		var s view.SKU
		ok := w.api("/v1/sites/demo/skus/"+url.PathEscape(scriptSKU), &s)
		return ok && s.Line != nil, fmt.Sprint(ok)
	})
	for _, path := range w.paths() {
		w.open(t, path)
		if n := js[int](t, w.browser, `document.querySelectorAll("script").length`); n != 1 {
			t.Errorf("%s has %d scripts", path, n)
		}
	}
	w.open(t, "/sites/demo/sku?code="+url.QueryEscape(scriptSKU))
	if h1 := w.text(t, "h1"); h1 != scriptSKU {
		t.Errorf("the heading says %q", h1)
	}
	w.silent(t, "a product named as a script")
}

// paths are all views of the demo and what is special about the golden site.
func (w *consoleWorld) paths() []string {
	return []string{
		"/", "/sites/demo", "/sites/demo/skus", "/sites/demo/sku?code=SKU-001", "/sites/demo/sku?code=" + url.QueryEscape(scriptSKU), "/sites/demo/what-if",
		"/sites/golden/what-if?capacity=16000&s=capacity%3D15500", "/sites/golden/what-if?capacity=13000", "/sites/demo/feed", "/sites/demo/actions", "/sites/demo/history?from=1&to=2",
		"/sites/golden", "/sites/golden/actions",
	}
}

// pictures looks at every view in both colour schemes and on a telephone: no fault of accessibility, nothing
// wider than the window, no table beside another one cut off; and keeps the pictures.
func (w *consoleWorld) pictures(t *testing.T) {
	for i, path := range w.paths() {
		name := fmt.Sprintf("%02d-%s", i, strings.Trim(regexp.MustCompile(`[^a-z0-9]+`).ReplaceAllString(strings.ToLower(path), "-"), "-"))
		for _, scheme := range []string{"light", "dark"} {
			w.look(t, scheme, 1280)
			w.open(t, path)
			if cut := js[int](t, w.browser, `[...document.querySelectorAll(".fit .scroll")].filter(e => e.scrollWidth > e.clientWidth).length`); cut > 0 {
				t.Errorf("%s: %d tables do not fit", path, cut)
			}
			w.accessible(t, path+" "+scheme)
			w.keep(t, name+"-"+scheme)
		}
		w.look(t, "light", 380)
		w.open(t, path)
		if wide := js[int](t, w.browser, "document.documentElement.scrollWidth"); wide > 380 {
			t.Errorf("%s is %d wide in a window of 380", path, wide)
		}
		w.accessible(t, path+" narrow")
		w.keep(t, name+"-narrow")
		w.silent(t, path)
	}
}
