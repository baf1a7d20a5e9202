package stream

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"testing"

	"drumbeat/schemas"

	"pgregory.net/rapid"
)

// saleEvent draws a sale of small quantities, so that none is an outlier, with all that makes it a
// correction, a duplicate, a return or a dead letter.
func saleEvent(t *rapid.T, n int, day schemas.Date) schemas.Event {
	ev := schemas.Event{ID: fmt.Sprint(n), Source: "test", Type: schemas.TypeSale}
	text := func(of ...string) schemas.Field {
		if s := rapid.SampledFrom(of).Draw(t, "text"); s != "" {
			return schemas.TextField(s)
		}
		return schemas.Field{}
	}
	ev.Sale = schemas.Sale{
		SKU:      text("A", "B", "b ", "POST", "A", ""),
		Quantity: text("1", "2", "3", "4", "5", "2", "-2", "-1", "0", "", "1,5"),
		Document: text("", "", "1", "2", "3"), Line: text("", "1", "2"), Version: text("", "", "1", "2", "x"),
		Customer: text("", "X", "Y"),
	}
	ev.Sale.Date = schemas.TextField(day.String())
	if rapid.IntRange(0, 15).Draw(t, "spoiled") == 0 {
		ev.Sale.Date = text("", "03/04/2024", "31/12/24")
	}
	return ev
}

// In the order of dates a file gets from a Cleaner what the Processor makes of it.
func TestCleanerAgreesWithTheProcessor(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		settings := DefaultSettings()
		settings.Clock = schemas.ClockEvent
		p, err := New(Config{DefaultSite: "default", Settings: settings, PlanEvery: "end"}, &Snapshot{})
		if err != nil {
			t.Fatal(err)
		}
		c, err := NewCleaner(CleanConfig{})
		if err != nil {
			t.Fatal(err)
		}
		day, _ := schemas.NewDate(2024, 1, 1)
		for n := range rapid.IntRange(1, 60).Draw(t, "rows") {
			day += schemas.Date(rapid.IntRange(0, 4).Draw(t, "days"))
			ev := saleEvent(t, n, day)
			if n%5 == 0 { // a sound one now and then, so that the stream's clock follows
				ev.Sale = schemas.Sale{SKU: schemas.TextField("C"), Quantity: schemas.TextField("1"), Date: schemas.TextField(day.String())}
			}
			value, err := schemas.Encode(&ev)
			if err != nil {
				t.Fatal(err)
			}
			if done, err := p.Step(Record{Offset: int64(n), Key: []byte("default"), Value: value}); err != nil || !done {
				t.Fatal(done, err)
			}
			if err := c.Add(n, &ev); err != nil {
				t.Fatal(err)
			}
		}
		c.Finish()
		got, want := c.Audit(), p.site("default").Audit.total("")
		// The Processor counts the repairs of repeated lines too; the notes of low sales are a Cleaner's.
		for _, r := range []*AuditRow{&got, &want} {
			maps.DeleteFunc(r.Reasons, func(reason string, n int64) bool {
				return n == 0 || reason == reasonLow || slices.Contains(repairNames[:], reason)
			})
			r.Repaired, r.OriginTopic = 0, ""
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("cleaner  %+v\nstream   %+v", got, want)
		}
		demand := map[string]schemas.Quantity{}
		for i := range c.rows {
			if r := &c.rows[i]; r.fact.fault == nil {
				demand[r.fact.sku+" "+r.fact.day.String()] += r.demand()
			}
		}
		for _, k := range p.site("default").skus {
			k.history.each(never, func(e dayEntry) bool {
				key := k.name + " " + e.Date.String()
				if demand[key] != e.Kept+max(0, e.Held) {
					t.Fatalf("%s: the cleaner is left with %v, the stream with %v and %v held", key, demand[key], e.Kept, e.Held)
				}
				delete(demand, key)
				return true
			})
		}
		for key, left := range demand {
			if left != 0 {
				t.Fatalf("%s: the cleaner is left with %v, the stream with nothing", key, left)
			}
		}
	})
}

// sequence feeds sales, one a day, through the rule and returns what it thinks at the end.
func sequence(units ...float64) []judgedSale {
	var f sizeFilter
	var prior sitePrior
	var sales []judgedSale
	for i, u := range units {
		d := schemas.Date(20_000 + i)
		v := f.judge(d, u, &prior)
		sales = append(sales, judgedSale{Day: d, Units: u, verdict: v, Cold: f.sales < coldSales})
		f.learn(d, u, v, &prior)
		f.revise(sales)
	}
	return sales
}

func around(level float64, n int) []float64 {
	units := make([]float64, n)
	for i := range units {
		units[i] = math.Round(level * (1 + .1*math.Sin(float64(i)*2.3)))
	}
	return units
}

func TestRevise(t *testing.T) {
	for _, c := range []struct {
		name    string
		units   []float64
		flagged []int
	}{
		{"nothing is wrong", around(100, 60), nil},
		{"an error among many", slices.Concat(around(100, 30), []float64{5000}, around(100, 20)), []int{30}},
		{"an error at the very end", slices.Concat(around(100, 30), []float64{5000}), []int{30}},
		{"the first sale", slices.Concat([]float64{5000}, around(100, 20)), []int{0}},
		{"the first sale, before anything tells", []float64{5000, 100, 100}, []int{}},
		{"the second sale", slices.Concat([]float64{100, 5000}, around(100, 20)), []int{1}},
		{"a new level is believed", slices.Concat(around(100, 30), around(1000, 30)), nil},
		{"two errors apart", slices.Concat(around(100, 30), []float64{5000}, around(100, 4), []float64{4000}, around(100, 10)), []int{30, 35}},
	} {
		var flagged []int
		for i, s := range sequence(c.units...) {
			if s.Flag {
				flagged = append(flagged, i)
			}
		}
		if !slices.Equal(flagged, c.flagged) {
			t.Errorf("%s: flagged %v, want %v", c.name, flagged, c.flagged)
		}
	}
}

// Revision needs the last fifteen sales alone, and leaves all older ones as they are.
func TestReviseNeedsARingOnly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var f sizeFilter
		var prior sitePrior
		var all, ring []judgedSale
		day := schemas.Date(20_000)
		for range rapid.IntRange(1, 60).Draw(t, "sales") {
			day += schemas.Date(rapid.IntRange(1, 5).Draw(t, "gap"))
			u := float64(rapid.SampledFrom([]int{1, 2, 3, 4, 5, 6, 90, 120, 300, 5000}).Draw(t, "units"))
			v := f.judge(day, u, &prior)
			s := judgedSale{Day: day, Units: u, verdict: v, Cold: f.sales < coldSales}
			f.learn(day, u, v, &prior)
			before := f
			all, ring = append(all, s), append(ring, s)
			ring = ring[max(0, len(ring)-reviseLast-1):]
			was := slices.Clone(all)
			changed := f.revise(all)
			f.revise(ring)
			if !slices.Equal(all[len(all)-len(ring):], ring) {
				t.Fatalf("with all sales %+v\nwith the last ones %+v", all[len(all)-len(ring):], ring)
			}
			for i := range all {
				if (all[i].Flag != was[i].Flag) != slices.Contains(changed, i) {
					t.Fatalf("changed %v, but sale %d was %v and is %v", changed, i, was[i].Flag, all[i].Flag)
				}
			}
			if before.level != f.level || before.logPhi != f.logPhi || before.weekday != f.weekday {
				t.Fatal("the revision has taught the filter")
			}
		}
	})
}

func TestCleanerTakesSalesOnly(t *testing.T) {
	c, err := NewCleaner(CleanConfig{})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Add(2, &schemas.Event{Type: schemas.TypeItem}); err == nil {
		t.Error("an item was taken for a sale")
	}
	if rows := c.Finish(); len(rows) != 0 || c.Audit().Read != 0 {
		t.Errorf("%+v, %+v", rows, c.Audit())
	}
	if _, err := NewCleaner(CleanConfig{Settings: Settings{Horizon: 1, TimeZone: "Mars/North"}}); err == nil {
		t.Error("a time zone that nobody knows was taken")
	}
}
