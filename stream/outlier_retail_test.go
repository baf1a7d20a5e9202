package stream

import (
	"compress/gzip"
	"encoding/csv"
	"errors"
	"io"
	"os"
	"slices"
	"testing"
	"time"

	"drumbeat/schemas"
)

// Half a year of a web shop without known truth: few sale days of its busiest SKUs may be flagged.
func TestOutlierRuleOnOnlineRetail(t *testing.T) {
	days := onlineRetail(t, "../../shared/data/online_retail_2010-12_2011-06.csv.gz")
	sales := map[string]int{}
	for _, s := range days {
		sales[s.sku]++
	}
	skus := make([]string, 0, len(sales))
	for sku := range sales {
		skus = append(skus, sku)
	}
	slices.SortFunc(skus, func(a, b string) int { return sales[b] - sales[a] })
	top := map[string]bool{}
	for _, sku := range skus[:300] {
		top[sku] = true
	}
	var site sitePrior
	filters := map[string]*sizeFilter{}
	var flagged, judged, firsts int
	absurd := false
	for _, s := range days {
		f := filters[s.sku]
		if f == nil {
			f = new(sizeFilter)
			filters[s.sku] = f
		}
		first := f.sales == 0
		v := f.judge(s.date, s.units, &site)
		f.learn(s.date, s.units, v, &site)
		if first && v.Flag {
			firsts++
			absurd = absurd || s.sku == "23166" && s.units > 74000
		}
		if top[s.sku] {
			judged++
			if v.Flag {
				flagged++
			}
		}
	}
	rate := 1000 * float64(flagged) / float64(judged)
	t.Logf("%d SKUs; top 300: %d of %d sale days flagged at once, %.2f in 1,000; %d first sales flagged", len(filters), flagged, judged, rate, firsts)
	if rate > 3.5 {
		t.Errorf("%.2f of 1,000 sale days flagged, want at most 3.5", rate)
	}
	if !absurd || firsts > 1 {
		t.Errorf("first sales flagged: %d, the one of 74,215 among them: %v; want it alone", firsts, absurd)
	}
}

type retailDay struct {
	sku   string
	date  schemas.Date
	units float64
}

// onlineRetail reads the sales of products by SKU and day, in the order of days.
func onlineRetail(t *testing.T, name string) []retailDay {
	file, err := os.Open(name)
	if errors.Is(err, os.ErrNotExist) {
		t.Skipf("%s is not here: the data set is no part of the repository", name)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	r := csv.NewReader(unzipped)
	r.ReuseRecord = true
	if _, err := r.Read(); err != nil {
		t.Fatal(err)
	}
	type key struct {
		sku  string
		date schemas.Date
	}
	at := map[key]int{}
	var days []retailDay
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return days
		}
		if err != nil {
			t.Fatal(err)
		}
		sku, quantity := row[1], float(t, row[3])
		if quantity <= 0 || len(sku) < 5 || sku[0] < '0' || sku[0] > '9' {
			continue
		}
		sku, err = schemas.CanonicalSKU(sku)
		if err != nil {
			t.Fatal(err)
		}
		d, _, _, _, err := parseDay(row[4], false, time.UTC)
		if err != nil {
			t.Fatal(err)
		}
		i, ok := at[key{sku, d}]
		if !ok {
			i = len(days)
			at[key{sku, d}] = i
			days = append(days, retailDay{sku: sku, date: d})
		}
		days[i].units += quantity
	}
}
