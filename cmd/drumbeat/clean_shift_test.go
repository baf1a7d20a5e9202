package main

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"drumbeat/cmd/drumbeat/internal/generate"
)

// seeds is how many generated data sets a test measures: few, or 100 with DRUMBEAT_LONG=1.
func seeds(few int) uint64 {
	if os.Getenv("DRUMBEAT_LONG") != "" {
		return 100
	}
	return uint64(few)
}

// writeSales writes the rows of days before a day; the zero time is after all.
func writeSales(t *testing.T, rows []generate.Row, before time.Time) (path string, written []generate.Row) {
	t.Helper()
	for _, r := range rows {
		if before.IsZero() || r.Date.Before(before) {
			written = append(written, r)
		}
	}
	var b bytes.Buffer
	if err := generate.WriteCSV(&b, written); err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), "sales.csv")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path, written
}

// scaled multiplies the sales of SKU-001 on days from a day on (all of them with days < 0), and makes them clean.
func scaled(rows []generate.Row, from time.Time, days int, factor float64) []generate.Row {
	rows = append([]generate.Row(nil), rows...)
	for i := range rows {
		r := &rows[i]
		if r.SKU == "SKU-001" && !r.Date.Before(from) && (days < 0 || r.Date.Before(from.AddDate(0, 0, days))) {
			r.Quantity = int64(math.Round(float64(r.Quantity) * factor))
			if r.Dirt != generate.Times50 {
				r.GivenQuantity = strconv.FormatInt(r.Quantity, 10)
				r.GivenDate, r.Dirt = r.Date.Format(time.DateOnly), generate.Clean
			} else {
				r.GivenQuantity = strconv.FormatInt(50*r.Quantity, 10)
			}
		}
	}
	return rows
}

// doubted counts the genuine days of SKU-001 from a day on that are held or noted as low.
func doubted(t *testing.T, rows []generate.Row, before, from time.Time) (held, low int) {
	t.Helper()
	path, written := writeSales(t, rows, before)
	_, cleaned := runClean(t, path)
	for i, r := range written {
		if r.SKU != "SKU-001" || r.Dirt != generate.Clean || r.Date.Before(from) {
			continue
		}
		if cleaned[i].verdict == "flagged" {
			held++
		}
		if strings.Contains(cleaned[i].reason, "low") {
			low++
		}
	}
	return held, low
}

// A level that changes is believed within five days: with the file cut after them no day of the new level is
// held, nor is any with the whole file. Days of 0.3 of the former level are never held; after five days they are not
// even noted as low. A promotion of three days at four times the level is not held once it is over.
func TestCleanBelievesChanges(t *testing.T) {
	takeTurn(t, otherLane)
	var table strings.Builder
	n := seeds(4)
	for _, c := range []struct {
		name   string
		factor float64
		days   int // of the change; -1: to the end
		known  int // days after which it is believed
	}{{"x2 shift", 2, -1, 5}, {"x0.3 shift", .3, -1, 5}, {"x4 promotion of 3 days", 4, 3, 3}} {
		var heldInTime, heldInTheEnd, lowLater, days int
		slowest := 0
		for seed := uint64(1); seed <= n; seed++ {
			from := generate.First.AddDate(1, 2, int(seed*37%200)) // from March to September 2024
			rows := scaled(generate.ThreeSKU(seed), from, c.days, c.factor)
			for k := 1; k <= c.known; k++ {
				if held, _ := doubted(t, rows, from.AddDate(0, 0, k), from); held > 0 {
					slowest = max(slowest, k+1)
				}
			}
			held, _ := doubted(t, rows, from.AddDate(0, 0, c.known), from)
			heldInTime += held
			held, _ = doubted(t, rows, from.AddDate(0, 0, max(c.days, 60)), from)
			heldInTheEnd += held
			_, low := doubted(t, rows, from.AddDate(0, 0, 60), from.AddDate(0, 0, c.known))
			lowLater += low
			days += c.known
		}
		fmt.Fprintf(&table, "\n%-22s  %3d sets  held with the file cut after %d days: %d  in the end: %d  low notes after %d days: %d  believed after at most %d days",
			c.name, n, c.known, heldInTime, heldInTheEnd, c.known, lowLater, max(1, slowest))
		if heldInTime > 0 && c.days < 0 || heldInTheEnd > 0 {
			t.Errorf("%s: %d of %d days held when it should be believed, %d in the end", c.name, heldInTime, days, heldInTheEnd)
		}
	}
	t.Log(table.String())
}
