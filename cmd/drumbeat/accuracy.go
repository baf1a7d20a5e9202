package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"maps"
	"math"
	"os"
	"slices"
	"strings"

	"drumbeat/cmd/drumbeat/internal/terminal"
	"drumbeat/stream"
)

// horizons are the horizons of the accuracy, the shortest first.
var horizons = []string{"1d", "7d", "28d", "cover"}

// accuracyBySite adds up the rows of a site by horizon.
func accuracyBySite(rows []stream.AccuracyRow) []terminal.Accuracy {
	var list []terminal.Accuracy
	for _, horizon := range horizons {
		var sums stream.AccuracySums
		x := terminal.Accuracy{Horizon: horizon}
		for i := range rows {
			if r := &rows[i]; r.Horizon == horizon {
				x.SKUs++
				x.Windows += r.Windows
				sums.Add(r.AccuracySums)
			}
		}
		if x.SKUs == 0 {
			continue
		}
		x.WAPE, x.NaiveWAPE, x.Bias = known(sums.WAPE()), known(sums.NaiveWAPE()), known(sums.Bias())
		x.Coverage80, x.Coverage95 = known(sums.Coverage80()), known(sums.Coverage95())
		list = append(list, x)
	}
	return list
}

// known is nil for a figure that is not known, which JSON has no number for.
func known(v float64) *float64 {
	if math.IsNaN(v) {
		return nil
	}
	return &v
}

// accuracyKey is what the newest row of holds.
type accuracyKey struct{ site, sku, horizon string }

// accuracyRows are the newest rows of a replay.
type accuracyRows map[accuracyKey]stream.AccuracyRow

func (rows accuracyRows) take(list []stream.AccuracyRow) {
	for _, r := range list {
		rows[accuracyKey{r.Site, r.SKU, r.Horizon}] = r
	}
}

// sorted are the rows by site, SKU and horizon.
func (rows accuracyRows) sorted() []stream.AccuracyRow {
	return slices.SortedFunc(maps.Values(rows), func(a, b stream.AccuracyRow) int {
		return cmp.Or(strings.Compare(a.Site, b.Site), strings.Compare(a.SKU, b.SKU),
			slices.Index(horizons, a.Horizon)-slices.Index(horizons, b.Horizon))
	})
}

// accuracyLine is a row of forecast-accuracy.jsonl, with the names of the table's columns.
type accuracyLine struct {
	Site       string   `json:"site"`
	SKU        string   `json:"sku"`
	Horizon    string   `json:"horizon"`
	Days       int      `json:"horizon_days"`
	Class      string   `json:"class"`
	Through    string   `json:"through_date"`
	Windows    int64    `json:"windows"`
	Demand     float64  `json:"demand"`
	Forecast   float64  `json:"forecast"`
	WAPE       *float64 `json:"wape"`
	NaiveWAPE  *float64 `json:"naive_wape"`
	Bias       *float64 `json:"bias"`
	Coverage80 *float64 `json:"coverage_80"`
	Coverage95 *float64 `json:"coverage_95"`
}

// write writes the rows as lines of JSON.
func (rows accuracyRows) write(path string) error {
	var b bytes.Buffer
	lines := json.NewEncoder(&b)
	for _, r := range rows.sorted() {
		if err := lines.Encode(accuracyLine{
			Site: r.Site, SKU: r.SKU, Horizon: r.Horizon, Days: r.Days, Class: r.Class, Through: r.Through.String(), Windows: r.Windows,
			Demand: r.Demand, Forecast: r.Forecast, WAPE: known(r.WAPE()), NaiveWAPE: known(r.NaiveWAPE()), Bias: known(r.Bias()),
			Coverage80: known(r.Coverage80()), Coverage95: known(r.Coverage95()),
		}); err != nil {
			return err
		}
	}
	return os.WriteFile(path, b.Bytes(), 0o644)
}
