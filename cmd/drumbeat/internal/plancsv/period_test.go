package plancsv

import (
	"testing"
	"time"
)

func TestPeriods(t *testing.T) {
	for _, c := range []struct {
		text  string
		start string
		of    granularity
	}{
		{"2026-01", "2026-01-01", months}, {"2026-W01", "2025-12-29", weeks}, {"2026-W53", "2026-12-28", weeks},
		{"2026-01-31", "2026-01-31", dates},
	} {
		start, of, err := parsePeriod(c.text)
		if err != nil || start.Format("2006-01-02") != c.start || of != c.of {
			t.Errorf("%s: %v, %d, %v", c.text, start, of, err)
		}
	}
	for _, text := range []string{"", "2026", "2026-00", "2026-13", "2025-W53", "2026-W00", "2026-02-30", "31/01/2026", "2026-W5"} {
		if _, _, err := parsePeriod(text); err == nil {
			t.Errorf("%q is a period", text)
		}
	}
}

// A week or month that no SKU has demand in is still a period; dates are taken as they come.
func TestCalendar(t *testing.T) {
	for _, c := range []struct {
		texts  []string
		names  []string
		date   string
		period int
	}{
		{[]string{"2026-03", "2025-12"}, []string{"2025-12", "2026-01", "2026-02", "2026-03"}, "2026-02-28", 2},
		{[]string{"2025-W52", "2026-W02"}, []string{"2025-W52", "2026-W01", "2026-W02"}, "2026-01-12", 3},
		{[]string{"2026-01-31", "2026-02-28"}, []string{"2026-01-31", "2026-02-28"}, "2026-01-01", -1},
	} {
		seen := map[time.Time]bool{}
		var of granularity
		for _, text := range c.texts {
			start, g, err := parsePeriod(text)
			if err != nil {
				t.Fatal(err)
			}
			seen[start], of = true, g
		}
		cal, err := newCalendar(of, seen)
		if err != nil {
			t.Fatal(err)
		}
		if len(cal.names) != len(c.names) {
			t.Fatalf("%v", cal.names)
		}
		for i := range c.names {
			if cal.names[i] != c.names[i] {
				t.Errorf("%v", cal.names)
			}
		}
		if i, err := cal.at(c.date); err != nil || i != c.period {
			t.Errorf("%s is in period %d of %v, want %d (%v)", c.date, i, c.names, c.period, err)
		}
	}
}

func TestSafetyStockInMonths(t *testing.T) {
	got := monthsOfDemand([]float64{10, 20, 30}, 2)
	for i, want := range []float64{50, 60, 60} {
		if got[i] != want {
			t.Errorf("%v", got)
		}
	}
}

// The price of a change falls over the horizon and stays below the production cost.
func TestChangePrice(t *testing.T) {
	if got := changePrice(2, 1, 100, 2, 12, 2); got != 2 {
		t.Errorf("first free period: %g", got)
	}
	if got := changePrice(2, 1, 100, 11, 12, 2); got != 0.2 {
		t.Errorf("last period: %g", got)
	}
	if got := changePrice(2, 100, 10, 0, 12, 0); got >= 10 {
		t.Errorf("not below the production cost: %g", got)
	}
}
