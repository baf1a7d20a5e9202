package streamtest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"drumbeat/schemas"
	"drumbeat/stream"

	"pgregory.net/rapid"
)

// horizon is the key of an accuracy.
type horizon struct {
	pair
	name string
}

// saveAccuracy adds rows of the accuracy of a SKU to a batch, and of its model.
func (m *model) saveAccuracy(rt *rapid.T, b *stream.Batch, at pair) {
	figure := rapid.Custom(func(t *rapid.T) float64 { return float64(rapid.Float32Range(0, 1e30).Draw(t, "figure")) })
	for _, name := range rapid.SliceOfN(rapid.SampledFrom([]string{"1d", "7d", "28d", "cover"}), 0, 3).Draw(rt, "horizons") {
		r := stream.AccuracyRow{
			Site: at.site, SKU: at.sku, Class: rapid.SampledFrom([]string{"count", "sparse"}).Draw(rt, "class"), Horizon: name,
			Days: rapid.IntRange(1, 91).Draw(rt, "days"), Through: day + schemas.Date(rapid.IntRange(-3, 3).Draw(rt, "through")),
			Windows: rapid.Int64Range(1, 1<<32).Draw(rt, "windows"),
			AccuracySums: stream.AccuracySums{
				Weight: figure.Draw(rt, "weight"), Demand: figure.Draw(rt, "demand"), Forecast: figure.Draw(rt, "forecast"),
				AbsError: figure.Draw(rt, "absolute"), SquaredError: figure.Draw(rt, "squared"), NaiveError: figure.Draw(rt, "naive"),
				Whole: figure.Draw(rt, "whole"), Covered80: figure.Draw(rt, "80"), Covered95: figure.Draw(rt, "95"), Pinball95: figure.Draw(rt, "pinball"),
			},
		}
		b.Accuracy = append(b.Accuracy, r)
		m.accuracy[horizon{at, name}] = r
	}
	for range rapid.IntRange(0, 2).Draw(rt, "models") {
		r := stream.ModelRow{
			Site: at.site, SKU: at.sku, Kind: "count", Through: day, StepError: figure.Draw(rt, "step"), SumError: figure.Draw(rt, "sum"), Horizon: 28,
			Models: fmt.Appendf(nil, `[{"name":"level .1","weight":%.2f,"step_error":1.25,"sum_error":null}]`, rapid.Float64Range(0, 1).Draw(rt, "weight")),
		}
		b.Models = append(b.Models, r)
		m.models[at] = r
	}
}

// readAccuracy compares what readers see of the accuracy and the models of a site.
func (m *model) readAccuracy(rt *rapid.T, site string) {
	rows, err := m.store.Accuracy(rt.Context(), site)
	if err != nil {
		rt.Fatal(err)
	}
	want := slices.SortedFunc(maps.Values(m.accuracy), func(a, b stream.AccuracyRow) int {
		return cmp.Or(cmp.Compare(a.SKU, b.SKU), cmp.Compare(a.Horizon, b.Horizon))
	})
	want = slices.DeleteFunc(want, func(r stream.AccuracyRow) bool { return r.Site != site })
	if !slices.Equal(rows, want) {
		rt.Fatalf("accuracy is %+v, want %+v", rows, want)
	}

	models, err := m.store.Models(rt.Context(), site)
	if err != nil {
		rt.Fatal(err)
	}
	wanted := slices.SortedFunc(maps.Values(m.models), func(a, b stream.ModelRow) int { return cmp.Compare(a.SKU, b.SKU) })
	wanted = slices.DeleteFunc(wanted, func(r stream.ModelRow) bool { return r.Site != site })
	if !slices.EqualFunc(models, wanted, sameModel) {
		rt.Fatalf("models are %+v, want %+v", models, wanted)
	}
}

// sameModel compares the experts as JSON values: a store may keep them as such.
func sameModel(a, b stream.ModelRow) bool {
	var x, y any
	if json.Unmarshal(a.Models, &x) != nil || json.Unmarshal(b.Models, &y) != nil {
		return false
	}
	a.Models, b.Models = nil, nil
	return reflect.DeepEqual(x, y) && reflect.DeepEqual(a, b)
}
