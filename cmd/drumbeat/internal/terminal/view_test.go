package terminal

import (
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"drumbeat/schemas"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares text with a file of testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs (-update writes it anew); got:\n%s", path, got)
	}
}

// units makes a quantity.
func units(v float64) schemas.Quantity {
	q, ok := schemas.FromFloat(v)
	if !ok {
		panic(v)
	}
	return q
}

// months names n months from 2026-01 on.
func months(n int) []string {
	var names []string
	for i := range n {
		names = append(names, time.Date(2026, time.Month(1+i), 1, 0, 0, 0, 0, time.UTC).Format(time.DateOnly))
	}
	return names
}

// threeSKU is a plan of the shape of the demo's: a bottleneck for seven months.
func threeSKU() *View {
	periods := months(13)
	v := &View{
		Title: "drumbeat demo: three SKUs, one factory",
		Feed:  Feed{Events: 2301, Total: 3288, Rate: 1204, Lag: 12, Day: "2025-02-03"},
		Audit: Audit{Read: 2301, Kept: 2206, Flagged: 33, Rejected: 62, Repaired: 19,
			ByReason: map[string]int64{"missing-date": 17, "missing-quantity": 28, "negative-without-document": 11, "ambiguous-date": 6, "date-dmy": 10, "date-compact": 9, "outlier": 33}},
		Latency: Latency{Last: 1312 * time.Millisecond, Median: 1180 * time.Millisecond, P99: 2040 * time.Millisecond, Plans: 41},
		Notes:   []string{"console http://127.0.0.1:8080   stop with Ctrl-C"},
	}
	v.Head = &schemas.Head{
		Site: "demo", Revision: 42, PlanID: "demo:42", Status: schemas.PlanOptimal, Baseline: 41, Periods: periods,
		Cost: schemas.Cost{Total: 2128139, Production: 1973660, Holding: 154479}, Objective: 2129037,
		Certificate: schemas.Certificate{Bound: 2129037, Gap: 2e-16, Checked: true},
		Cause:       schemas.Cause{Trigger: "sale", SKUs: []string{"SKU-001"}, Detail: "demand of 2026-02 moved by 3.1 %"},
		MovedUnits:  units(412), ChangedLines: 2,
	}
	production := []float64{2027, 14545, 6120, 9589, 5309, 2471, 841, 1225, 4023, 5755, 5928, 7563, 5183}
	for i, sku := range []string{"SKU-001", "SKU-002", "SKU-003"} {
		line := schemas.Line{Site: "demo", SKU: sku, Revision: 42}
		for p, period := range periods {
			x := schemas.LinePeriod{Period: period}
			switch i {
			case 0:
				demand := 5400 + 700*math.Sin(float64(p))
				x.Demand, x.DemandLow, x.DemandHigh = units(demand), units(demand-380), units(demand+391)
				x.Production, x.Inventory = units(production[p]), units(11329-900*float64(p))
			case 1:
				x.Demand, x.DemandLow, x.DemandHigh = units(11), units(4), units(19)
				x.Production, x.Inventory = units(11), units(5)
			case 2:
				demand := 7600 * (1 + math.Sin(2*math.Pi*float64(p-3)/12))
				x.Demand, x.DemandLow, x.DemandHigh = units(demand), units(demand*.95), units(demand*1.05)
				x.Production, x.Inventory = units(demand), units(100)
			}
			line.Periods = append(line.Periods, x)
		}
		v.Lines = append(v.Lines, line)
	}
	for p, period := range periods {
		r := schemas.ResourceLoad{Resource: "factory", Period: period, Capacity: units(16500), Load: units(16500)}
		switch {
		case p == 0 || p > 8:
			r.Load = units(float64(2027 + 1000*p))
		default:
			r.Price = float64(2 * p)
		}
		v.Head.Resources = append(v.Head.Resources, r)
	}
	return v
}

// manySKU is a plan of 1,200 SKUs on three resources over 26 weeks, with shortages.
func manySKU() *View {
	var periods []string
	for i := range 26 {
		periods = append(periods, time.Date(2026, 1, 5+7*i, 0, 0, 0, 0, time.UTC).Format(time.DateOnly))
	}
	v := &View{
		Title: "drumbeat demo: online_retail_2010-12_2011-06.csv.gz",
		Feed:  Feed{Events: 245903, Total: 245903, Idle: true, Day: "2011-06-30"},
		Audit: Audit{Read: 245903, Kept: 240001, Flagged: 1902, Rejected: 3990, Duplicate: 10},
		Head: &schemas.Head{
			Site: "shop", Revision: 187, PlanID: "shop:187", Status: schemas.PlanOptimal, Periods: periods,
			Cost:          schemas.Cost{Total: 1234567.5, Production: 1200000, Holding: 30000.25, Overtime: 4567.25, Stability: 120},
			Objective:     1234567.5,
			Certificate:   schemas.Certificate{Bound: 1234567.4, Gap: 8e-8, PrimalInfeasibility: 3e-10, Checked: true},
			Cause:         schemas.Cause{Trigger: "roll-over", SKUs: []string{"A", "B", "C", "D", "E", "F"}},
			ShortageTotal: units(1520),
			State:         schemas.PlanState{AssumedStock: 1200, ProvisionalItems: 1200},
			Excluded:      []schemas.Excluded{{SKU: "POST", Reason: "no product"}},
		},
	}
	for i := range 1200 {
		line := schemas.Line{SKU: fmt.Sprintf("SKU-%05d", i)}
		for p, period := range periods {
			d := float64((i*37+p*11)%400) + 0.25
			line.Periods = append(line.Periods, schemas.LinePeriod{Period: period, Demand: units(d), DemandLow: units(d / 2), DemandHigh: units(d * 1.5), Production: units(d), Inventory: units(20)})
		}
		v.Lines = append(v.Lines, line)
	}
	v.Lines[36].SKU = "A VERY LONG CODE OF A PRODUCT\twith a tab"
	for _, name := range []string{"assembly", "paint", "press"} {
		for p, period := range periods {
			r := schemas.ResourceLoad{Resource: name, Period: period, Capacity: units(300000 + float64(1000*(p%3))), Load: units(200000 + float64(3000*p))}
			if name == "press" {
				r.Capacity, r.Price = units(200000+float64(3000*p)), 1.5
			}
			if name == "paint" {
				r.Capacity = schemas.Unlimited
			}
			v.Head.Resources = append(v.Head.Resources, r)
		}
	}
	for i := range 7 {
		v.Head.Shortages = append(v.Head.Shortages, schemas.Shortage{SKU: fmt.Sprintf("SKU-%05d", i), Period: periods[2], Quantity: units(float64(500 - 20*i)), Kind: schemas.ShortageLost, Resource: "press", Price: 1.5, DisplacedBy: []string{"SKU-00100", "SKU-00200"}})
	}
	v.Lines[36].Periods[2].Shortage = units(120)
	return v
}

// unlimited is a plan on a resource without limit, some of whose stock is below its safety level.
func unlimited() *View {
	v := manySKU()
	v.Lines, v.Head.Resources = v.Lines[:30], v.Head.Resources[26:52]
	for i := range v.Head.Resources {
		v.Head.Resources[i].Capacity = schemas.Unlimited
	}
	v.Lines[0].Periods[1].Shortfall, v.Lines[0].Periods[1].Inventory = units(4), units(16)
	v.Head.ShortageTotal = 0
	v.Head.Shortages = []schemas.Shortage{{SKU: "SKU-00000", Period: v.Head.Periods[1], Quantity: units(4), Kind: schemas.ShortageSafety}}
	return v
}

// backlogged is a plan whose first SKU is delivered late, its second not at all.
func backlogged() *View {
	v := threeSKU()
	p := v.Lines[0].Periods
	p[1].Inventory, p[1].Shortage = units(-412), units(412)
	q := v.Lines[2].Periods
	q[1].Inventory, q[1].Shortage = 0, units(120.5)
	v.Head.ShortageTotal = units(532.5)
	v.Lines[0].Periods[0].Overdue, v.Lines[2].Periods[0].Overdue = units(40), units(120)
	v.Lines[1].Found = units(2.5)
	share := func(v float64) *float64 { return &v }
	v.Accuracy = []Accuracy{
		{Horizon: "7d", SKUs: 3, Windows: 84, WAPE: share(.21), NaiveWAPE: share(.305), Bias: share(.034), Coverage80: share(.79), Coverage95: share(.96)},
		{Horizon: "28d", SKUs: 3, Windows: 1020, WAPE: share(.09), NaiveWAPE: share(.2), Bias: share(-.02), Coverage80: nil, Coverage95: nil},
	}
	return v
}

func infeasible() *View {
	factor, extra := 1.1301, 1558.56
	return &View{
		Title: "drumbeat demo",
		Audit: Audit{Read: 10, Kept: 10},
		Feed:  Feed{Events: 10, Rate: 2.5},
		Head: &schemas.Head{
			Site: "demo", Revision: 2, PlanID: "demo:2", Status: schemas.PlanInfeasible, Periods: months(13),
			Infeasibility: &schemas.Infeasibility{Cause: "capacity", Resource: "factory", FirstShortPeriod: "2026-06-01", PeakPeriod: "2026-09-01", Missing: 15135, Factor: &factor, UniformExtra: &extra},
		},
	}
}

func TestFrames(t *testing.T) {
	for name, v := range map[string]*View{
		"empty": {Title: "drumbeat demo"}, "three": threeSKU(), "many": manySKU(), "infeasible": infeasible(),
		"unlimited": unlimited(), "backlogged": backlogged(),
	} {
		golden(t, name+".txt", strings.Join(v.Frame(Style{Unicode: true}, 100), "\n")+"\n")
		golden(t, name+"-ascii-80.txt", strings.Join(v.Frame(Style{}, 80), "\n")+"\n")
		colored := v.Frame(Style{Unicode: true, Color: true}, 100)
		for i, line := range v.Frame(Style{Unicode: true}, 100) {
			if plain := strip(colored[i]); strings.TrimRight(plain, " ") != line {
				t.Errorf("%s: line %d is %q, in colour %q", name, i, line, plain)
			}
		}
	}
}

// strip removes colour codes.
func strip(s string) string {
	var b strings.Builder
	for {
		before, after, found := strings.Cut(s, "\x1b[")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		_, s, _ = strings.Cut(after, "m")
	}
}

func TestFramesFit(t *testing.T) {
	for columns := 60; columns <= 120; columns += 5 {
		for _, v := range []*View{threeSKU(), manySKU(), infeasible(), unlimited(), backlogged()} {
			for _, line := range v.Frame(Style{Color: true, Unicode: true}, columns) {
				if width(line) > columns {
					t.Errorf("%d columns: a line of %d: %s", columns, width(line), line)
				}
			}
		}
	}
}

// TestFit: a low window keeps the result in sight.
func TestFit(t *testing.T) {
	for rows := 60; rows >= 20; rows-- {
		lines := threeSKU().Fit(Style{}, 100, rows)
		if len(lines) > rows || !strings.Contains(strings.Join(lines, "\n"), "-- result --") {
			t.Errorf("%d rows: a frame of %d", rows, len(lines))
		}
	}
	full, low := threeSKU().Frame(Style{}, 100), threeSKU().Fit(Style{}, 100, 1)
	if len(low) >= len(full) {
		t.Errorf("one row: a frame of %d, the full one has %d", len(low), len(full))
	}
}

func TestSummary(t *testing.T) {
	for _, c := range []struct {
		view *View
		want string
	}{
		{&View{}, "0 events read; no plan yet"},
		{threeSKU(), "2,301 of 3,288 events read, 2,206 kept, 33 flagged, 62 rejected, 0 duplicate; revision 42 optimal, cost 2,128,139, 1.3 s after the sale"},
		{manySKU(), "245,903 of 245,903 events read, 240,001 kept, 1,902 flagged, 3,990 rejected, 10 duplicate; revision 187 optimal, cost 1,234,568, short of 1,520"},
	} {
		if got := c.view.Summary(); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}
