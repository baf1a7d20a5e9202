package main

import (
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"drumbeat/cmd/drumbeat/internal/generate"
)

// A yearly event that the calendar declares is forecast a year ahead, from the two times that it has been seen: the
// Black-Friday weeks of the generated SKU-001, whose demand is three times the usual. One week of it has a standard
// deviation of 6 % of itself, twenty of 1.3 %.
func TestDeclaredEventIsForecast(t *testing.T) {
	events := "name,ds\n"
	inEvent := func(d time.Time) bool { return d.Month() == time.November && d.Day() >= 22 && d.Day() <= 28 }
	for d := time.Date(2023, 1, 1, 0, 0, 0, 0, time.UTC); d.Year() < 2026; d = d.AddDate(0, 0, 1) {
		if inEvent(d) {
			events += "Black Friday," + d.Format(time.DateOnly) + "\n"
		}
	}
	file := filepath.Join(t.TempDir(), "events.csv")
	write(t, file, []byte(events))
	const seeds = 20
	var text strings.Builder
	text.WriteString(header)
	truth := 0.0
	for seed := range uint64(seeds) {
		for _, r := range generate.ThreeSKU(seed) {
			switch {
			case r.SKU != "SKU-001":
			case r.Date.Year() < 2025:
				fmt.Fprintf(&text, "s%d,%s,%d\n", seed, r.Date.Format(time.DateOnly), r.Quantity)
			case inEvent(r.Date):
				truth += float64(r.Quantity)
			}
		}
	}
	for _, alone := range []bool{false, true} {
		input := text.String()
		if alone { // nobody to share with: the weeks of one series, and a wider tolerance
			input, _, _ = strings.Cut(input, "s1,")
		}
		paths, _, status, out, errs := runForecast(t, input, "--freq", "D", "--horizon", "365", "--events", file, "--explain")
		if status != 0 {
			t.Fatalf("exit %d: %s", status, errs)
		}
		if !strings.Contains(out, "Black Friday, day 7") {
			t.Errorf("--explain does not tell of the event: %.2000s", out)
		}
		week, others, n := 0.0, 0.0, 0.0
		for _, row := range paths[1:] {
			d, err := time.Parse(time.DateOnly, row[1])
			if err != nil {
				t.Fatal(err)
			}
			if inEvent(d) {
				week += number(t, row[2])
			} else {
				others += number(t, row[2])
				n++
			}
		}
		want, tolerance := truth, .03
		if alone {
			want, tolerance = 4200, .15
		}
		t.Logf("the week %.0f, truth %.0f (%+.1f %%); other days %.1f", week, want, 100*(week/want-1), others/n)
		if math.Abs(week/want-1) > tolerance {
			t.Errorf("the week is forecast at %.0f, truth %.0f", week, want)
		}
		if math.Abs(others/n-200) > 10 {
			t.Errorf("other days are forecast at %.1f, truth 200", others/n)
		}
	}
}
