package main

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// verdictsOf cleans rows (the first is the header) and lists what became of each, told by what it says: rows that
// say the same may change places.
func verdictsOf(t *testing.T, rows [][]string, args ...string) []string {
	t.Helper()
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	if err := w.WriteAll(rows); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "sales.csv")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	_, cleaned := runClean(t, path, args...)
	return tellVerdicts(t, rows, cleaned)
}

// tellVerdicts lists what became of rows, the first of which is the header.
func tellVerdicts(t *testing.T, rows [][]string, cleaned []cleanedRow) []string {
	t.Helper()
	told := make([]string, len(cleaned))
	for i, r := range cleaned {
		if r.row != i+2 {
			t.Fatalf("line %d came out as %+v", i+2, r)
		}
		told[i] = strings.Join(rows[i+1], ",") + ": " + strings.Join([]string{r.date, r.quantity, r.verdict, r.reason}, ",")
	}
	slices.Sort(told)
	return told
}

// mustAgree wants the same verdicts in both orders.
func mustAgree(t *testing.T, a, b []string) {
	t.Helper()
	wrong := 0
	for i := range a {
		if a[i] != b[i] {
			if wrong++; wrong <= 5 {
				t.Errorf("%s\nin another order %s", a[i], b[i])
			}
		}
	}
	if wrong > 0 {
		t.Errorf("%d rows differ", wrong)
	}
}

// The order of a file cannot be seen in its verdicts: sales, bulk orders, errors and returns of a few SKUs, with
// or without instants, customers, documents and prices.
func TestCleanAnyOrderOfLines(t *testing.T) {
	takeTurn(t, otherLane)
	rapid.Check(t, func(rt *rapid.T) {
		rows := [][]string{{"sku", "date", "quantity", "document", "customer", "unit_price"}}
		instants := rapid.Bool().Draw(rt, "instants")
		for n := rapid.IntRange(1, 60).Draw(rt, "rows"); n > 0; n-- {
			date := fmt.Sprintf("2024-03-%02d", rapid.IntRange(1, 28).Draw(rt, "day"))
			if instants && rapid.Bool().Draw(rt, "instant") {
				date += fmt.Sprintf("T%02d:00:00Z", rapid.IntRange(8, 17).Draw(rt, "hour"))
			}
			document := rapid.SampledFrom([]string{"", "D1", "D2", "D3"}).Draw(rt, "document")
			rows = append(rows, []string{
				rapid.SampledFrom([]string{"A", "B", "C"}).Draw(rt, "sku"), date,
				rapid.SampledFrom([]string{"5", "5", "6", "7", "40", "400", "0", "-5", "-6", "-40", "-400"}).Draw(rt, "quantity"),
				document, rapid.SampledFrom([]string{"", "X", "Y"}).Draw(rt, "customer"),
				rapid.SampledFrom([]string{"", "2.5", "1.1"}).Draw(rt, "price"),
			})
		}
		inOrder := verdictsOf(t, rows)
		shuffled := append(rows[:1:1], rapid.Permutation(rows[1:]).Draw(rt, "order")...)
		other := verdictsOf(t, shuffled)
		for i := range inOrder {
			if inOrder[i] != other[i] {
				rt.Fatalf("%s\nin another order %s\n%v\n%v", inOrder[i], other[i], rows, shuffled)
			}
		}
	})
}

// The same for half a year of a web shop.
func TestCleanOnlineRetailInAnyOrder(t *testing.T) {
	takeTurn(t, otherLane)
	if testing.Short() {
		t.Skip("reads the whole file")
	}
	rows := [][]string{{"InvoiceNo", "StockCode", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID"}}
	for _, r := range retailRows(t, -1) {
		rows = append(rows, []string{r.invoice, r.sku, r.quantity, r.at, r.price, r.customer})
	}
	_, cleaned := cleanedRetail(t)
	inOrder := tellVerdicts(t, rows, cleaned)
	rng := rand.New(rand.NewPCG(4, 4))
	rng.Shuffle(len(rows)-1, func(i, j int) { rows[i+1], rows[j+1] = rows[j+1], rows[i+1] })
	mustAgree(t, inOrder, verdictsOf(t, rows, "--map", retailMap))
}
