package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"drumbeat/cmd/drumbeat/internal/generate"
	"drumbeat/cmd/drumbeat/internal/terminal"
	"drumbeat/schemas"
	"drumbeat/stream"
)

// retailMap is how the columns of the retail file become fields.
const retailMap = "sku=StockCode,quantity=Quantity,date=InvoiceDate,document=InvoiceNo,customer=CustomerID,unit_price=UnitPrice"

// demoDocument is what demo --once --json prints.
type demoDocument struct {
	Audit     terminal.Audit
	Forecasts []struct {
		SKU             string
		Mean, Low, High []float64
	}
	Plan    *schemas.Plan
	Seconds struct{ Ingest, Plan float64 }

	Accuracy []terminal.Accuracy `json:"forecast_accuracy"`
}

// The first thing that anybody tries: one command, nothing but the binary and an installed PostgreSQL.
func TestDemoOnce(t *testing.T) {
	takeTurn(t, otherLane)
	requirePostgres(t)
	t.Run("generated", func(t *testing.T) {
		rows := generate.ThreeSKU(1)
		demoTwice(t, len(rows), map[string]bool{"SKU-001": true, "SKU-002": true, "SKU-003": true}, 13, "--plan-every", "week")
	})
	t.Run("retail", func(t *testing.T) {
		rows := retailRows(t, 5000)
		path, sold := writeRetail(t, rows)
		demoTwice(t, len(rows), sold, 26, "--from", path, "--map", retailMap)
	})
}

// demoTwice runs the demo on one data directory: the second run repeats nothing and says the same.
func demoTwice(t *testing.T, rows int, skus map[string]bool, periods int, args ...string) {
	t.Helper()
	w := world{home: publicDir(t)}
	args = append([]string{"demo", "--once", "--json", "--data", filepath.Join(w.home, "data")}, args...)
	first := drumbeat(t, w, 2*time.Minute, args...)
	var d demoDocument
	if err := json.Unmarshal([]byte(first), &d); err != nil {
		t.Fatalf("%v: %.300s", err, first)
	}
	a := d.Audit
	if a.Read != int64(rows) || a.Kept+a.Flagged+a.Rejected+a.Duplicate != a.Read {
		t.Errorf("audit %+v: want %d rows read, each counted once", a, rows)
	}
	if d.Plan == nil || len(d.Plan.Lines) != len(skus) || d.Plan.Head.Lines != len(skus) || len(d.Forecasts) != len(skus) {
		t.Fatalf("%d forecasts and plan %+v: want %d SKUs", len(d.Forecasts), d.Plan, len(skus))
	}
	if len(d.Plan.Periods) != periods || d.Plan.Cost.Total <= 0 || len(d.Plan.Resources) == 0 {
		t.Errorf("plan over %d periods at %v with %d loads: want %d periods", len(d.Plan.Periods), d.Plan.Cost.Total, len(d.Plan.Resources), periods)
	}
	published := map[string][]byte{}
	for i := range d.Plan.Lines {
		published[d.Plan.Lines[i].SKU] = d.Plan.Lines[i].Append(nil)
		if f := &d.Forecasts[i]; f.SKU != d.Plan.Lines[i].SKU || len(f.Mean) != periods || len(f.Low) != periods || len(f.High) != periods {
			t.Errorf("forecast %+v beside the line of %s", f, d.Plan.Lines[i].SKU)
		}
		if !skus[d.Plan.Lines[i].SKU] {
			t.Errorf("%s is in the plan, but never sold", d.Plan.Lines[i].SKU)
		}
	}
	checkAccuracy(t, len(skus), periods == 13, d.Accuracy)
	if sum := schemas.Checksum(published); sum != d.Plan.Checksum {
		t.Errorf("the lines have checksum %s, the head says %s", sum, d.Plan.Checksum)
	}
	t.Logf("%d rows, revision %d, %.2f s to ingest, %.2f s to plan", a.Read, d.Plan.Revision, d.Seconds.Ingest, d.Seconds.Plan)

	began := time.Now()
	second := drumbeat(t, w, 2*time.Minute, args...)
	t.Logf("the second run took %v", time.Since(began).Round(time.Millisecond))
	if x, y := withoutSeconds(t, first), withoutSeconds(t, second); !bytes.Equal(x, y) {
		t.Errorf("the second run says\n%.2000s\nthe first said\n%.2000s", y, x)
	}
}

// checkAccuracy wants figures of years of published forecasts, and none of a few days.
func checkAccuracy(t *testing.T, skus int, years bool, list []terminal.Accuracy) {
	t.Helper()
	if !years {
		if len(list) > 0 {
			t.Errorf("accuracy of windows that cannot have closed: %+v", list)
		}
		return
	}
	var horizons []string
	for _, x := range list {
		horizons = append(horizons, x.Horizon)
		if x.SKUs != skus || x.Windows < int64(10*skus) || x.WAPE == nil || x.NaiveWAPE == nil || x.Bias == nil || x.Coverage80 == nil || x.Coverage95 == nil {
			t.Errorf("accuracy over %s: %+v", x.Horizon, x)
			continue
		}
		if *x.WAPE > 0.25 || *x.WAPE > *x.NaiveWAPE || *x.Bias < -0.1 || *x.Bias > 0.1 || *x.Coverage80 < 0.65 || *x.Coverage95 < 0.8 {
			t.Errorf("over %s the forecast errs by %.3f (naive %.3f), bias %.3f, coverage %.2f and %.2f", x.Horizon, *x.WAPE, *x.NaiveWAPE, *x.Bias, *x.Coverage80, *x.Coverage95)
		}
	}
	if want := []string{"1d", "7d", "28d", "cover"}; !slices.Equal(horizons, want) {
		t.Errorf("accuracy over %v, want %v", horizons, want)
	}
}

// withoutSeconds is a document less what depends on the machine.
func withoutSeconds(t *testing.T, document string) []byte {
	t.Helper()
	var d map[string]json.RawMessage
	if err := json.Unmarshal([]byte(document), &d); err != nil {
		t.Fatal(err)
	}
	delete(d, "seconds")
	out, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// requirePostgres skips where no PostgreSQL server is installed.
func requirePostgres(t *testing.T) {
	t.Helper()
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := exec.LookPath("initdb"); err != nil && len(found) == 0 {
		t.Skip("no PostgreSQL server is installed: ./deploy/setup installs one")
	}
}

// writeRetail writes rows of the retail file as a file of their own, and returns the products that sold.
func writeRetail(t *testing.T, rows []retailRow) (path string, sold map[string]bool) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "sales.csv")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	w := csv.NewWriter(file)
	lines := [][]string{{"InvoiceNo", "StockCode", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID"}}
	sold = map[string]bool{}
	for i := range rows {
		r := &rows[i]
		lines = append(lines, []string{r.invoice, r.sku, r.quantity, r.at, r.price, r.customer})
		if r.quantity[0] != '-' && !matchesAny(t, stream.DefaultSettings().DemandItems, r.canonical()) {
			sold[r.canonical()] = true
		}
	}
	if err := w.WriteAll(lines); err != nil {
		t.Fatal(err)
	}
	return path, sold
}

// In event time the same input gives the same plans, byte for byte.
func TestReplayTwiceIdentical(t *testing.T) {
	takeTurn(t, otherLane)
	w := world{home: t.TempDir()}
	path := filepath.Join(w.home, "sales.csv")
	var file bytes.Buffer
	if err := generate.WriteCSV(&file, generate.ThreeSKU(7)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, file.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	run := func(name string) string {
		t.Helper()
		out := filepath.Join(w.home, name)
		drumbeat(t, w, 2*time.Minute, "replay", "--from", path, "--out", out, "--plan-every", "week", "--capacity-share", "1.05")
		return out
	}
	first, second := run("first"), run("second")
	for _, name := range []string{"plans.jsonl", "dead-letters.jsonl", "forecast-accuracy.jsonl", "audit.json"} {
		x, err := os.ReadFile(filepath.Join(first, name))
		if err != nil {
			t.Fatal(err)
		}
		y, err := os.ReadFile(filepath.Join(second, name))
		if err != nil {
			t.Fatal(err)
		}
		if len(x) == 0 || !bytes.Equal(x, y) {
			t.Errorf("%s: %d bytes, then %d, and they differ", name, len(x), len(y))
		}
	}
}
