package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const planGolden = "testdata/plan/"

// runPlan runs `drumbeat plan` in-process.
func runPlan(args ...string) (status int, out, err string) {
	var o, e bytes.Buffer
	status = run(context.Background(), append([]string{"plan"}, args...), streams{strings.NewReader(""), &o, &e})
	return status, o.String(), e.String()
}

func goldenArgs(dir string, more ...string) []string {
	return append([]string{"--items", planGolden + dir + "/items.csv", "--demand", planGolden + dir + "/demand.csv"}, more...)
}

// planJSON is what the tests read of a plan message.
type planJSON struct {
	Status string
	Cost   struct{ Total, Production, Holding float64 }
	Lines  []struct {
		SKU, Reason string
		Cost        float64
		Periods     []struct {
			Period                                                                          string
			Demand, Opening, Receipts, Production, Arrivals, Inventory, Shortage, Shortfall float64
			Frozen                                                                          bool
		}
	}
	Resources     []struct{ Load, Price, Capacity float64 }
	Infeasibility *struct {
		Cause, Resource  string
		FirstShortPeriod string    `json:"first_short_period"`
		PeakPeriod       string    `json:"peak_period"`
		SmallestCapacity []float64 `json:"smallest_capacity"`
		BindingPeriods   []string  `json:"binding_periods"`
		Missing          float64
	}
	Certificate struct {
		Gap, Bound  float64
		RoundingGap float64 `json:"rounding_gap"`
		Checked     bool
	}
	ShortageTotal float64 `json:"shortage_total"`
	Checksum      string
	FrozenMoves   int     `json:"frozen_moves"`
	MovedUnits    float64 `json:"moved_units"`
}

func parsePlan(t *testing.T, out string) planJSON {
	t.Helper()
	var p planJSON
	if err := json.Unmarshal([]byte(out), &p); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return p
}

func wantNear(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance) {
		t.Errorf("%s is %.9g, want %.9g", what, got, want)
	}
}

func TestPlanGoldenTotals(t *testing.T) {
	for _, c := range []struct {
		capacity     string
		total, whole float64
	}{
		{"13559", 2232923, 2284358}, {"13600", 2229848, 2281283}, {"14000", 2200298, 2251733}, {"14500", 2164139, 2215574}, {"15000", 2128139, 2179574},
		{"16000", 2068085, 2119520}, {"18000", 2003805, 2055240}, {"19000", 1989357, 2040792}, {"19933", 1983951, 2035386}, {"25000", 1983951, 2035386},
	} {
		for _, mode := range []string{"strict", "elastic"} {
			for file, want := range map[string]float64{"demand.csv": c.total, "demand_full_table.csv": c.whole} {
				status, out, err := runPlan("--items", planGolden+"three_sku/items.csv", "--demand", planGolden+"three_sku/"+file,
					"--capacity", c.capacity, "--mode", mode, "--json")
				if status != 0 {
					t.Fatalf("status %d: %s", status, err)
				}
				p := parsePlan(t, out)
				wantNear(t, file+" at "+c.capacity, p.Cost.Total, want, 0.5)
				if !p.Certificate.Checked || math.Abs(p.Certificate.Gap) > 1e-9 || p.ShortageTotal != 0 {
					t.Errorf("certificate %+v, shortage %g", p.Certificate, p.ShortageTotal)
				}
			}
		}
	}
}

func TestPlanGoldenAt15000(t *testing.T) {
	for _, mode := range []string{"strict", "elastic"} {
		status, out, _ := runPlan(goldenArgs("three_sku", "--capacity", "15000", "--mode", mode, "--json")...)
		p := parsePlan(t, out)
		if status != 0 || p.Status != "optimal" || len(p.Lines) != 3 || len(p.Checksum) != 64 {
			t.Fatalf("status %d, %s", status, out)
		}
		wantNear(t, "production cost", p.Cost.Production, 1973660, 0.5)
		wantNear(t, "holding cost", p.Cost.Holding, 154479, 0.5)
		production := []float64{2027, 14545, 6120, 9589, 5309, 2471, 841, 1225, 4023, 5755, 5928, 7563, 5183}
		stock := []float64{2335, 10671, 11329, 15132, 14852, 11254, 6321, 1908, 200, 200, 200, 200, 200}
		load := []float64{2027, 15000, 15000, 15000, 15000, 15000, 15000, 15000, 15000, 13108, 6895, 7575, 5200}
		price := []float64{0, 2, 4, 6, 8, 10, 12, 14, 16, 0, 0, 0, 0}
		for u := range production {
			wantNear(t, "production of SKU-001", p.Lines[0].Periods[u].Production, production[u], 1e-6)
			wantNear(t, "stock of SKU-001", p.Lines[0].Periods[u].Inventory, stock[u], 1e-6)
			wantNear(t, "load", p.Resources[u].Load, load[u], 1e-6)
			wantNear(t, "price", p.Resources[u].Price, price[u], 1e-6)
		}
		for s, want := range []struct{ made, average, cost float64 }{{70579, 5754.0, 855394}, {128, 5.77, 6775}, {84098, 115.38, 1265970}} {
			line, made, held := p.Lines[s], 0.0, 0.0
			for _, u := range line.Periods {
				made, held = made+u.Production, held+u.Inventory/13
				wantNear(t, "balance", u.Opening+u.Receipts+u.Arrivals-u.Demand+u.Shortage, u.Inventory, 1e-9)
			}
			wantNear(t, line.SKU+" production", made, want.made, 1e-6)
			wantNear(t, line.SKU+" average stock", held, want.average, 0.05)
			wantNear(t, line.SKU+" cost", line.Cost, want.cost, 0.5)
		}
	}
	status, out, _ := runPlan(goldenArgs("three_sku", "--capacity", "15000", "--mode", "strict")...)
	for _, want := range []string{"2,128,139.00", "1,973,660.00", "154,479.00", "14,545", "16.00", "bottleneck in 8 of 13 periods", "144,188.00", "gap "} {
		if status != 0 || !strings.Contains(out, want) {
			t.Errorf("the table lacks %s:\n%s", want, out)
		}
	}
}

func TestPlanGoldenInfeasible(t *testing.T) {
	status, out, err := runPlan(goldenArgs("three_sku", "--capacity", "12000", "--mode", "strict", "--json")...)
	p := parsePlan(t, out)
	inf := p.Infeasibility
	if status != 3 || p.Status != "infeasible" || len(p.Lines) != 0 || inf == nil || strings.Count(err, "\n") != 1 {
		t.Fatalf("status %d, stderr %q, %s", status, err, out)
	}
	wantNear(t, "smallest capacity", inf.SmallestCapacity[0], 122027.0/9, 1e-5)
	wantNear(t, "missing", inf.Missing, 15135, 1e-6)
	if inf.FirstShortPeriod != "2026-06" || inf.PeakPeriod != "2026-09" || inf.Cause != "capacity" || inf.Resource != "factory" || len(inf.BindingPeriods) != 9 {
		t.Errorf("infeasibility %+v", inf)
	}
	status, out, _ = runPlan(goldenArgs("three_sku", "--capacity", "12000", "--mode", "strict")...)
	for _, want := range []string{"13,558.56", "15,135", "2026-06", "2026-09"} {
		if status != 3 || !strings.Contains(out, want) {
			t.Errorf("status %d, the table lacks %s:\n%s", status, want, out)
		}
	}
	if status, _, _ := runPlan(goldenArgs("three_sku", "--capacity", "13558", "--mode", "strict")...); status != 3 {
		t.Errorf("13,558 ends with %d", status)
	}
	status, out, _ = runPlan(goldenArgs("three_sku", "--capacity", "12000", "--json")...)
	p = parsePlan(t, out)
	lost := 0.0
	for _, l := range p.Lines {
		for _, u := range l.Periods {
			lost += u.Shortage
		}
	}
	if status != 0 || math.Abs(lost-14830) > 1e-5 {
		t.Errorf("elastic by default: status %d, loses %g", status, lost)
	}
}

// Packs and least lots of the three products, with the optimum that integer solvers find.
func TestPlanGoldenLots(t *testing.T) {
	for _, c := range []struct {
		packs, least [3]string
		total        float64
	}{
		{[3]string{"100", "5", "100"}, [3]string{}, 2132694},
		{[3]string{"500", "5", "250"}, [3]string{}, 2150044},
		{[3]string{"100", "5", "100"}, [3]string{"1000", "10", "1000"}, 2135769},
	} {
		text := "sku,production_cost,holding_cost,initial_inventory,safety_stock,pack_size,min_order\n"
		for i, item := range []string{"SKU-001,10,2,500,200", "SKU-002,50,5,20,5", "SKU-003,15,3,300,100"} {
			text += item + "," + c.packs[i] + "," + c.least[i] + "\n"
		}
		status, out, err := runPlan("--items", writeFile(t, "items.csv", text), "--demand", planGolden+"three_sku/demand.csv", "--capacity", "15000", "--mode", "strict", "--json")
		if status != 0 {
			t.Fatal(err)
		}
		p := parsePlan(t, out)
		wantNear(t, "total", p.Cost.Total, c.total, 0.5)
		if g := p.Certificate.RoundingGap; !p.Certificate.Checked || g <= 0 || g > 0.001 {
			t.Errorf("packs %v: gap %g", c.packs, g)
		}
	}
}

func TestPlanGoldenOneSKU(t *testing.T) {
	edit := func(column, value string) string {
		text := "sku,production_cost,holding_cost,initial_inventory,safety_stock,storage_capacity\nproduct,10,1.5,100,29.75,5000\n"
		return writeFile(t, "items.csv", strings.Replace(text, column, value, 1))
	}
	for _, c := range []struct {
		name, items string
		whole       bool
		total       float64
		first       float64
	}{
		{"continuous", edit("", ""), false, 2213, 120.75},
		{"whole", edit("", ""), true, 2220, 121},
		{"holding cost 50, whole", edit(",1.5,", ",50,"), true, 19680, 121},
		{"holding cost 50", edit(",1.5,", ",50,"), false, 19527.50, 120.75},
		{"production cost 1", edit(",10,", ",1,"), false, 703.25, 120.75},
	} {
		for _, mode := range []string{"strict", "elastic"} {
			args := []string{"--items", c.items, "--demand", planGolden + "one_sku/demand.csv", "--capacity", "500", "--mode", mode, "--json"}
			if c.whole {
				args = append(args, "--whole")
			}
			status, out, err := runPlan(args...)
			if status != 0 {
				t.Fatalf("%s: %s", c.name, err)
			}
			p := parsePlan(t, out)
			wantNear(t, c.name, p.Cost.Total, c.total, 1e-4)
			for u, want := range []float64{c.first, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 39} {
				wantNear(t, c.name+" plan", p.Lines[0].Periods[u].Production, want, 1e-6)
			}
		}
	}
}

func writeFile(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// A frozen plan keeps its first periods, and a change price keeps what need not move.
func TestPlanFrozenAndChangePrice(t *testing.T) {
	_, out, _ := runPlan(goldenArgs("three_sku", "--capacity", "15000", "--json")...)
	previous := writeFile(t, "plan.json", out)
	old := parsePlan(t, out)
	status, out, err := runPlan("--items", planGolden+"three_sku/items.csv", "--demand", planGolden+"three_sku/demand_full_table.csv",
		"--capacity", "15000", "--json", "--frozen", "2", "--previous", previous, "--change-price", "2")
	if status != 0 {
		t.Fatal(err)
	}
	p := parsePlan(t, out)
	for s, line := range p.Lines {
		for u, period := range line.Periods[:2] {
			if !period.Frozen || period.Production != old.Lines[s].Periods[u].Production {
				t.Errorf("%s in %s: %g, was %g", line.SKU, period.Period, period.Production, old.Lines[s].Periods[u].Production)
			}
		}
	}
	if p.FrozenMoves != 0 || p.MovedUnits == 0 {
		t.Errorf("%d frozen moves, %g units moved", p.FrozenMoves, p.MovedUnits)
	}
}

// The other files: several resources, overtime, open orders, gzip, byte order mark, CRLF, quotes.
func TestPlanReadsTheOtherFiles(t *testing.T) {
	items := writeFile(t, "items.csv", "\xef\xbb\xbfsku,production_cost,holding_cost,initial_inventory,safety_stock,lead_time,backlog_cost\r\n\"a, b\",10,1,20,0,1,\r\nc,5,1,0,0,,2\r\n")
	demand := writeFile(t, "demand.csv", "sku,period,quantity\n\"A, B\",2026-W02,10\n\"a, b\",2026-W04,10\nc,2026-W03,5\n")
	capacity := writeFile(t, "capacity.csv", "resource,period,capacity,overtime_capacity,overtime_cost\n"+
		"saw,2026-W02,10,,\nsaw,2026-W03,10,5,3\nsaw,2026-W04,10,,\noven,2026-W02,4,,\noven,2026-W03,4,2,1\noven,2026-W04,4,,\n")
	routings := writeFile(t, "routings.csv", "sku,resource,usage\nc,saw,1\nc,oven,1\n\"a, b\",saw,2\n")
	receipts := writeFile(t, "receipts.csv", "order,sku,quantity,date\n7,\"A, B\",3,2026-01-20\n")
	zipped := filepath.Join(t.TempDir(), "demand.csv.gz")
	data, err := os.ReadFile(demand)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(data); err != nil || z.Close() != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(zipped, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	status, out, stderr := runPlan("--items", items, "--demand", zipped, "--capacity-file", capacity, "--routings", routings, "--receipts", receipts, "--json")
	if status != 0 {
		t.Fatal(stderr)
	}
	p := parsePlan(t, out)
	if len(p.Lines) != 2 || p.Lines[0].SKU != "A, B" || p.Lines[0].Periods[2].Receipts != 3 {
		t.Fatalf("%s", out)
	}
	if p.ShortageTotal != 0 || len(p.Resources) != 6 {
		t.Errorf("short of %g, %d resource rows", p.ShortageTotal, len(p.Resources))
	}
}

// Exports differ in byte order mark, line ends, separator and the case of the header; nobody has to have open orders.
func TestPlanReadsExports(t *testing.T) {
	const items = "sku,production_cost,holding_cost,initial_inventory,safety_stock\na,10,1,0,5\n"
	const demand = "sku,period,quantity\na,2026-01,10\n"
	receipts := writeFile(t, "receipts.csv", "order,sku,quantity,date\n")
	for _, change := range []func(string) string{
		func(s string) string { return s },
		func(s string) string { return "\ufeff" + strings.ReplaceAll(s, "\n", "\r\n") },
		func(s string) string { return strings.ReplaceAll(s, ",", ";") },
		func(s string) string { return strings.ReplaceAll(s, ",", "\t") },
		strings.ToUpper,
	} {
		status, out, errs := runPlan("--items", writeFile(t, "items.csv", change(items)), "--demand", writeFile(t, "demand.csv", change(demand)),
			"--receipts", receipts, "--capacity", "20", "--json")
		if status != 0 {
			t.Fatalf("%q: status %d, %s", change(items), status, errs)
		}
		wantNear(t, "total", parsePlan(t, out).Cost.Total, 155, 1e-9)
	}
}

// Whatever is wrong with the input is one line that names file, line and field, and exit status 2.
func TestPlanRefusesSpoiledInput(t *testing.T) {
	const items = "sku,production_cost,holding_cost,initial_inventory,safety_stock\na,10,1,0,5\nb,5,1,0,0\n"
	const demand = "sku,period,quantity\na,2026-01,10\nb,2026-02,5\n"
	const capacity = "resource,period,capacity\nfactory,2026-01,10\nfactory,2026-02,10\n"
	for _, c := range []struct {
		name, file, text string
		want             []string
	}{
		{"wrong header", "items.csv", "SKU,cost\na,1\n", []string{"items.csv", "line 1", "production_cost"}},
		{"missing column", "items.csv", strings.Replace(items, ",safety_stock", "", 1), []string{"items.csv", "line 1", "safety_stock"}},
		{"misspelt column", "items.csv", strings.ReplaceAll(strings.Replace(items, "safety_stock\n", "safety_stock,lead_tme\n", 1), "\nb,5,1,0,0", ""), []string{"lead_tme", "lead_time"}},
		{"text", "items.csv", strings.Replace(items, "a,10", "a,ten", 1), []string{"items.csv", "line 2", "production_cost", "ten"}},
		{"NaN", "items.csv", strings.Replace(items, "a,10", "a,NaN", 1), []string{"items.csv", "line 2", "production_cost"}},
		{"infinite", "items.csv", strings.Replace(items, "a,10", "a,1e999", 1), []string{"items.csv", "line 2", "production_cost"}},
		{"negative", "items.csv", strings.Replace(items, "b,5,1", "b,5,-1", 1), []string{"items.csv", "line 3", "holding_cost", "negative"}},
		{"empty cell", "items.csv", strings.Replace(items, "b,5,1", "b,,1", 1), []string{"items.csv", "line 3", "production_cost", "empty"}},
		{"duplicate item", "items.csv", items + "A,1,1,1,1\n", []string{"items.csv", "line 4", "sku", "line 2"}},
		{"short row", "items.csv", items + "c,1,1\n", []string{"items.csv", "line 4", "3 fields"}},
		{"quote", "items.csv", items + "\"c,1,1,1,1\n", []string{"items.csv", "line"}},
		{"no rows", "items.csv", "sku,production_cost,holding_cost,initial_inventory,safety_stock\n", []string{"items.csv", "no rows"}},
		{"empty file", "items.csv", "", []string{"items.csv", "empty"}},
		{"binary", "items.csv", "\x00\x01\x02\xff", []string{"items.csv", "text"}},
		{"latin 1", "items.csv", items + "caf\xe9,1,1,1,1\n", []string{"items.csv", "line 4", "UTF-8"}},
		{"broken gzip", "items.csv", "\x1f\x8bjunk", []string{"items.csv"}},
		{"pack size", "items.csv", "sku,production_cost,holding_cost,initial_inventory,safety_stock,pack_size\na,1,1,1,1,-12\nb,1,1,1,1,\n", []string{"line 2", "pack_size"}},
		{"whole packs", "items.csv", "sku,production_cost,holding_cost,initial_inventory,safety_stock,pack_size,whole\na,1,1,1,1,2.5,yes\nb,1,1,1,1,,\n", []string{"line 2", "pack_size", "whole"}},
		{"minimum order", "items.csv", "sku,production_cost,holding_cost,initial_inventory,safety_stock,min_order\na,1,1,1,1,\nb,1,1,1,1,few\n", []string{"line 3", "min_order"}},
		{"order cost", "items.csv", "sku,production_cost,holding_cost,initial_inventory,safety_stock,order_cost\na,1,1,1,1,\nb,1,1,1,1,-5\n", []string{"line 3", "order_cost"}},
		{"service level", "items.csv", "sku,production_cost,holding_cost,initial_inventory,safety_stock,safety_stock_rule\na,1,1,1,1,service_level\nb,1,1,1,1,\n", []string{"line 2", "safety_stock_rule"}},
		{"open backlog", "items.csv", strings.Replace(items, "a,10,1,0", "a,10,1,-3", 1), []string{"line 2", "initial_inventory", "negative"}},
		{"unknown SKU", "demand.csv", demand + "z,2026-01,1\n", []string{"demand.csv", "line 4", "sku", "\"Z\""}},
		{"bad period", "demand.csv", demand + "a,2026-13,1\n", []string{"demand.csv", "line 4", "period", "2026-13"}},
		{"mixed periods", "demand.csv", demand + "a,2026-W05,1\n", []string{"demand.csv", "line 4", "period"}},
		{"duplicate cell", "demand.csv", demand + "a,2026-01,1\n", []string{"demand.csv", "line 4", "line 2"}},
		{"negative demand", "demand.csv", demand + "a,2026-03,-1\n", []string{"demand.csv", "line 4", "quantity", "negative"}},
		{"endless horizon", "demand.csv", demand + "a,9026-03,1\n", []string{"demand.csv", "period", "2000"}},
		{"missing capacity", "capacity.csv", "resource,period,capacity\nfactory,2026-01,10\n", []string{"capacity.csv", "capacity", "factory", "2026-02"}},
		{"unknown resource", "capacity.csv", strings.ReplaceAll(capacity, "factory", "mill"), []string{"capacity.csv", "resource", "factory"}},
		{"capacity text", "capacity.csv", strings.Replace(capacity, "01,10", "01,lots", 1), []string{"capacity.csv", "line 2", "capacity"}},
		{"duplicate capacity", "capacity.csv", capacity + "factory,2026-01,9\n", []string{"capacity.csv", "line 4", "line 2"}},
		{"overtime without cost", "capacity.csv", "resource,period,capacity,overtime_capacity,overtime_cost\nfactory,2026-01,10,3,\nfactory,2026-02,10,,\n", []string{"capacity.csv", "line 2", "overtime_cost"}},
		{"routing of unknown SKU", "routings.csv", "sku,resource,usage\nz,factory,1\n", []string{"routings.csv", "line 2", "sku"}},
		{"routing to unknown resource", "routings.csv", "sku,resource,usage\na,mill,1\n", []string{"capacity.csv", "mill"}},
		{"usage", "routings.csv", "sku,resource,usage\na,factory,0\n", []string{"routings.csv", "line 2", "usage"}},
		{"receipt date", "receipts.csv", "order,sku,quantity,date\n1,a,5,soon\n", []string{"receipts.csv", "line 2", "date"}},
		{"previous is no JSON", "previous.json", "{]", []string{"previous.json", "line 1"}},
		{"previous is another thing", "previous.json", "{}", []string{"previous.json", "lines"}},
		{"previous is negative", "previous.json", `{"lines":[{"sku":"A","periods":[{"period":"2026-01","production":-1}]}]}`, []string{"previous.json", "lines[0].periods[0].production"}},
	} {
		files := map[string]string{"items.csv": items, "demand.csv": demand, "capacity.csv": capacity}
		files[c.file] = c.text
		flags := map[string]string{"items.csv": "--items", "demand.csv": "--demand", "capacity.csv": "--capacity-file", "routings.csv": "--routings", "receipts.csv": "--receipts", "previous.json": "--previous"}
		var args []string
		for name, text := range files {
			args = append(args, flags[name], writeFile(t, name, text))
		}
		status, out, err := runPlan(args...)
		if status != 2 || out != "" || strings.Count(err, "\n") != 1 {
			t.Errorf("%s: status %d, stdout %q, stderr %q", c.name, status, out, err)
		}
		for _, want := range c.want {
			if !strings.Contains(err, want) {
				t.Errorf("%s: %q does not say %q", c.name, err, want)
			}
		}
	}
	for name, args := range map[string][]string{
		"no capacity":       goldenArgs("three_sku"),
		"two capacities":    goldenArgs("three_sku", "--capacity", "1", "--capacity-file", "x"),
		"negative capacity": goldenArgs("three_sku", "--capacity=-1"),
		"NaN capacity":      goldenArgs("three_sku", "--capacity", "NaN"),
		"mode":              goldenArgs("three_sku", "--capacity", "1", "--mode", "loose"),
		"frozen, no plan":   goldenArgs("three_sku", "--capacity", "1", "--frozen", "1"),
		"negative frozen":   goldenArgs("three_sku", "--capacity", "1", "--frozen=-1"),
		"change of no plan": goldenArgs("three_sku", "--capacity", "1", "--change-price", "1"),
		"file that is not":  {"--items", "nowhere.csv", "--demand", "nowhere.csv", "--capacity", "1"},
		"directory":         {"--items", ".", "--demand", ".", "--capacity", "1"},
		"no files":          {"--capacity", "1"},
		"something unknown": goldenArgs("three_sku", "--capacity", "1", "--fast"),
	} {
		if status, _, err := runPlan(args...); status != 2 || !strings.Contains(err, "drumbeat: ") {
			t.Errorf("%s: status %d, stderr %q", name, status, err)
		}
	}
}
