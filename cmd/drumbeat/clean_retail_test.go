package main

import (
	"cmp"
	"encoding/csv"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"drumbeat/cmd/drumbeat/internal/terminal"
	"drumbeat/stream"
)

// retailMapAlone leaves out what explains the size of a bulk order.
const retailMapAlone = "sku=StockCode,quantity=Quantity,date=InvoiceDate,customer=CustomerID,document=,unit_price="

// retailDays are the sale days of products: the rows of each that sold something.
func retailDays(t *testing.T, rows []retailRow) map[dailySale][]int {
	t.Helper()
	product := map[string]bool{}
	days := map[dailySale][]int{}
	for i := range rows {
		r := &rows[i]
		sku := r.canonical()
		is, known := product[sku]
		if !known {
			is = !matchesAny(t, stream.DefaultSettings().DemandItems, sku)
			product[sku] = is
		}
		if is && r.quantity[0] != '-' {
			day := dailySale{sku: sku, date: r.at[:10]}
			days[day] = append(days[day], i)
		}
	}
	return days
}

// busiest are the n products with most sale days.
func busiest(days map[dailySale][]int, n int) map[string]bool {
	count := map[string]int{}
	for d := range days {
		count[d.sku]++
	}
	var skus []string
	for sku := range count {
		skus = append(skus, sku)
	}
	slices.SortFunc(skus, func(a, b string) int { return cmp.Or(cmp.Compare(count[b], count[a]), cmp.Compare(a, b)) })
	top := map[string]bool{}
	for _, sku := range skus[:n] {
		top[sku] = true
	}
	return top
}

// cleanRetail runs the command over rows with some quantities replaced.
func cleanRetail(t *testing.T, rows []retailRow, spoiled map[int]string, columns string) []cleanedRow {
	t.Helper()
	path := filepath.Join(t.TempDir(), "sales.csv")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	w := csv.NewWriter(file)
	lines := [][]string{{"InvoiceNo", "StockCode", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID"}}
	for i := range rows {
		r := &rows[i]
		quantity, ok := spoiled[i]
		if !ok {
			quantity = r.quantity
		}
		lines = append(lines, []string{r.invoice, r.sku, quantity, r.at, r.price, r.customer})
	}
	if err := w.WriteAll(lines); err != nil {
		t.Fatal(err)
	}
	_, cleaned := runClean(t, path, "--map", columns)
	return cleaned
}

// retailCleaned is what became of the file as it is.
var retailCleaned struct {
	once  sync.Once
	audit terminal.Audit
	rows  []cleanedRow
}

// cleanedRetail cleans the whole file, with documents and prices, once for all tests.
func cleanedRetail(t *testing.T) (terminal.Audit, []cleanedRow) {
	t.Helper()
	retailRows(t, 1) // skips where the file is not here
	c := &retailCleaned
	c.once.Do(func() { c.audit, c.rows = runClean(t, retailFile, "--map", retailMap) })
	if c.rows == nil {
		t.Fatal("the file could not be cleaned for another test")
	}
	return c.audit, c.rows
}

// Half a year of a web shop: what is held of it, and how many errors put on it are found, with and without
// documents and prices. Nobody knows which of its own days are errors, so every flag counts as false. With
// DRUMBEAT_LONG=1 all cases and six draws of errors; else one draw of x50, with documents and prices.
func TestCleanRetailFigures(t *testing.T) {
	takeTurn(t, otherLane)
	if testing.Short() {
		t.Skip("cleans the whole file several times")
	}
	rows := retailRows(t, -1)
	days := retailDays(t, rows)
	top := busiest(days, 300)
	draws, all := 1, os.Getenv("DRUMBEAT_LONG") != ""
	if all {
		draws = 6
	}
	for _, c := range []struct {
		name, columns string
		flags, units  float64 // most: of 1,000 sale days, share of units
		x50, x1000    float64 // least recall
	}{
		{"quantities alone", retailMapAlone, 2.5, .04, .42, .93},
		{"with document and price", retailMap, 2.5, .04, .65, .95},
	} {
		if !all && c.columns != retailMap {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, cleaned := cleanedRetail(t)
			if c.columns != retailMap {
				cleaned = cleanRetail(t, rows, nil, c.columns)
			}
			var top300, flagged, units, held float64
			for day, list := range days {
				if !top[day.sku] {
					continue
				}
				top300++
				is := false
				for _, i := range list {
					q, err := strconv.ParseFloat(rows[i].quantity, 64)
					if err != nil {
						t.Fatal(err)
					}
					units += q
					if cleaned[i].verdict == "flagged" {
						is = true
						held += q
					}
				}
				if is {
					flagged++
				}
			}
			table := fmt.Sprintf("\nheld of the top 300: %.2f of 1,000 sale days, %.2f %% of the units", 1000*flagged/top300, 100*held/units)
			if 1000*flagged/top300 > c.flags || held/units > c.units {
				t.Errorf("%s: %.2f of 1,000 sale days are held, %.3f of the units", c.name, 1000*flagged/top300, held/units)
			}
			for _, e := range []struct {
				factor int64
				least  float64
			}{{50, c.x50}, {1000, c.x1000}} {
				if !all && e.factor != 50 {
					continue
				}
				found, put := 0, 0
				for draw := range draws {
					spoiled := spoilRows(rows, days, uint64(draw), e.factor)
					cleaned := cleanRetail(t, rows, spoiled, c.columns)
					for i := range spoiled {
						put++
						if cleaned[i].verdict == "flagged" {
							found++
						}
					}
				}
				recall := float64(found) / float64(put)
				table += fmt.Sprintf("\nx%d put on a line of %.1f %% of the sale days: %d of %d held, recall %.3f", e.factor, .5, found, put, recall)
				if recall < e.least {
					t.Errorf("%s: x%d: recall %.3f, want %.2f", c.name, e.factor, recall, e.least)
				}
			}
			t.Log(table)
		})
	}
}

// spoilRows multiplies a random line on about one of 200 sale days.
func spoilRows(rows []retailRow, days map[dailySale][]int, seed uint64, factor int64) map[int]string {
	random := rand.New(rand.NewPCG(seed, 7))
	list := make([]dailySale, 0, len(days))
	for d := range days {
		list = append(list, d)
	}
	slices.SortFunc(list, func(a, b dailySale) int { return cmp.Or(cmp.Compare(a.date, b.date), cmp.Compare(a.sku, b.sku)) })
	spoiled := map[int]string{}
	for _, d := range list {
		if random.Float64() >= .005 {
			continue
		}
		i := days[d][random.IntN(len(days[d]))]
		if n, err := strconv.ParseInt(rows[i].quantity, 10, 64); err == nil && n > 0 {
			spoiled[i] = strconv.FormatInt(n*factor, 10)
		}
	}
	return spoiled
}

// What became of the cancellations of the web shop, of its order of 74,215 units, and of codes that differ by
// case alone.
func TestCleanRetailOrders(t *testing.T) {
	takeTurn(t, otherLane)
	rows := retailRows(t, -1)
	_, cleaned := cleanedRetail(t)

	const great = 61_621 // its line
	if r := cleaned[great-2]; r.sku != "23166" || r.quantity != "74215" || r.verdict != "flagged" || !strings.HasPrefix(r.reason, "outlier") {
		t.Errorf("the order of 74,215 came out as %+v", r)
	}
	for i := great - 1; i < len(rows); i++ {
		if rows[i].quantity == "-74215" {
			if r := cleaned[i]; !strings.HasPrefix(r.reason, "reversed") {
				t.Errorf("its cancellation came out as %+v", r)
			}
		}
	}
	atOnce := cleanRetail(t, rows[:great-1], nil, retailMap)
	if r := atOnce[great-2]; r.verdict != "flagged" {
		t.Errorf("when it comes it is %+v", r)
	}

	fates, spellings, codes := map[string]int{}, map[string]bool{}, map[string]bool{}
	cancelled := 0
	for i, r := range cleaned {
		if rows[i].invoice[0] == 'C' {
			cancelled++
			reason, _, _ := strings.Cut(r.reason, ";")
			fates[r.verdict+" "+reason]++
		}
		if r.sku != rows[i].canonical() {
			t.Fatalf("%s came out as %+v", rows[i].sku, r)
		}
		spellings[strings.TrimSpace(rows[i].sku)], codes[r.sku] = true, true
	}
	var table strings.Builder
	for fate, n := range fates {
		fmt.Fprintf(&table, "\n%5d %s", n, fate)
	}
	t.Logf("%d cancellation rows:%s\n%d spellings of %d codes", cancelled, &table, len(spellings), len(codes))
	if cancelled != 4494 || len(codes) >= len(spellings) {
		t.Errorf("%d cancellation rows, %d spellings of %d codes", cancelled, len(spellings), len(codes))
	}
}
