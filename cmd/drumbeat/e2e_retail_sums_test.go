package main

import (
	"compress/gzip"
	"encoding/csv"
	"errors"
	"hash/fnv"
	"io"
	"os"
	"path"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// retailFile is a file of real sales; it is no part of the repository.
const retailFile = repository + "/../shared/data/online_retail_2010-12_2011-06.csv.gz"

// retailRow is a row of the file.
type retailRow struct {
	line                              int
	invoice, sku, quantity, at, price string
	customer                          string
}

// retailRows are the first rows of the file, all of them with most < 0. Tests share them, and change nothing.
func retailRows(t *testing.T, most int) []retailRow {
	t.Helper()
	rows, err := readRetail()
	if errors.Is(err, os.ErrNotExist) {
		t.Skipf("%s is not here: the data set is no part of the repository", retailFile)
	}
	if err != nil {
		t.Fatal(err)
	}
	if most < 0 {
		most = len(rows)
	}
	return rows[:most:most]
}

var readRetail = sync.OnceValues(func() (rows []retailRow, err error) {
	file, err := os.Open(retailFile)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	if err != nil {
		return nil, err
	}
	r := csv.NewReader(unzipped)
	if _, err := r.Read(); err != nil {
		return nil, err
	}
	for {
		c, err := r.Read()
		if err == io.EOF {
			return rows, nil
		}
		if err != nil {
			return nil, err
		}
		rows = append(rows, retailRow{
			line: len(rows) + 2, invoice: c[0], sku: c[1], quantity: c[3], at: c[4], price: c[5], customer: c[6],
		})
	}
})

// site is where a row is sold: all spellings of a SKU at one site.
func (r *retailRow) site(sites []string) string {
	h := fnv.New32a()
	h.Write([]byte(r.canonical()))
	return sites[h.Sum32()%uint32(len(sites))]
}

func (r *retailRow) canonical() string { return strings.ToUpper(strings.TrimSpace(r.sku)) }

// dailySale is the demand of a SKU on a day.
type dailySale struct{ site, sku, date string }

// dailySums is the contract's demand, from the rows alone, as plainly as it can be said:
//
//   - A code that matches a pattern is no product.
//   - A positive quantity is demand of its day, whether it was held or not.
//   - A negative quantity with a customer takes back the latest standing sale of the same customer, SKU and
//     quantity of the last seven days, from the day of that sale. Any other negative quantity is a return or
//     held, and leaves demand as it was.
//
// The rows are in the order of time, which the file is.
func dailySums(t *testing.T, rows []retailRow, sites, noProduct []string) map[dailySale]int64 {
	t.Helper()
	type buyer struct {
		sku, customer string
		quantity      int64
	}
	type standing struct {
		at  time.Time
		day dailySale
	}
	var newest time.Time
	sums := map[dailySale]int64{}
	sales := map[buyer][]standing{}
	for i := range rows {
		r := &rows[i]
		sku := r.canonical()
		if matchesAny(t, noProduct, sku) {
			continue
		}
		quantity, err := strconv.ParseInt(r.quantity, 10, 64)
		if err != nil {
			t.Fatalf("line %d: %v", r.line, err)
		}
		at, err := time.Parse(time.DateTime, r.at)
		if err != nil {
			t.Fatalf("line %d: %v", r.line, err)
		}
		if at.Before(newest) {
			t.Fatalf("line %d goes back in time", r.line)
		}
		newest = at
		if quantity > 0 {
			day := dailySale{r.site(sites), sku, at.Format(time.DateOnly)}
			sums[day] += quantity
			who := buyer{sku, r.customer, quantity}
			sales[who] = append(sales[who], standing{at, day})
			continue
		}
		if r.customer == "" {
			continue
		}
		who := buyer{sku, r.customer, -quantity}
		bought := sales[who]
		first := at.Truncate(24*time.Hour).AddDate(0, 0, -7) // seven days back, by days
		if n := len(bought); n > 0 && !bought[n-1].at.Before(first) {
			sums[bought[n-1].day] += quantity
			sales[who] = bought[:n-1]
		}
	}
	return sums
}

func matchesAny(t *testing.T, patterns []string, name string) bool {
	t.Helper()
	for _, p := range patterns {
		ok, err := path.Match(p, name)
		if err != nil {
			t.Fatal(err)
		}
		if ok {
			return true
		}
	}
	return false
}
