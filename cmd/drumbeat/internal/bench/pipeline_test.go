package bench

import (
	"testing"

	memorystore "drumbeat/stream/memory"
)

// metrics runs a benchmark and returns its figures by metric.
func metrics(t *testing.T, run func(report func(Row)) error) map[string]float64 {
	t.Helper()
	got := map[string]float64{}
	if err := run(func(r Row) { got[r.Metric] = r.Value }); err != nil {
		t.Fatal(err)
	}
	return got
}

func TestProcessor(t *testing.T) {
	got := metrics(t, func(report func(Row)) error {
		return processor(t.Context(), report, load{skus: 20, days: 30}, 0)
	})
	if got["events_per_second"] <= 0 || got["ns_per_event"] <= 0 {
		t.Errorf("%v", got)
	}
}

// A dense SKU sells more often, so that it takes more.
func TestMemory(t *testing.T) {
	figures := func(s shape) map[string]float64 {
		return metrics(t, func(report func(Row)) error { return memory(t.Context(), report, load{50, 120, s}) })
	}
	d, i := figures(dense), figures(intermittent)
	if d["events_per_sku"] < 3*i["events_per_sku"] || d["state_bytes_per_sku"] <= i["state_bytes_per_sku"] || i["state_bytes_per_sku"] <= 0 {
		t.Errorf("dense %v, intermittent %v", d, i)
	}
}

// The first change makes a larger model; the one after it starts from the last basis.
func TestSolve(t *testing.T) {
	got := metrics(t, func(report func(Row)) error { return solve(t.Context(), report, load{skus: 40, days: 60}, 1) })
	for _, metric := range []string{"cold_seconds", "first_change_seconds", "warm_1pct_seconds", "cold_to_warm"} {
		if got[metric] <= 0 {
			t.Errorf("%s is %g", metric, got[metric])
		}
	}
}

// What is gathered from many batches comes back as it was, models included.
func TestRecovery(t *testing.T) {
	store := memorystore.NewStore()
	if err := FillRecovery(t.Context(), store, 30); err != nil {
		t.Fatal(err)
	}
	got := metrics(t, func(report func(Row)) error { return Recovery(t.Context(), store, 30, report) })
	if got["ready_seconds"] <= 0 || got["state_megabytes"] <= 0 || got["model_megabytes"] <= 0 {
		t.Errorf("%v", got)
	}
}

// The history of a SKU that sells more is longer, and part of its state; the file has as many rows as sales.
func TestClean(t *testing.T) {
	size := func(monthly bool) map[string]float64 {
		return metrics(t, func(report func(Row)) error {
			return cleanSizes(t.Context(), report, saleLoad{skus: 30, days: 200, monthly: monthly})
		})
	}
	busy, sparse := size(false), size(true)
	if busy["history_bytes_mean"] <= sparse["history_bytes_mean"] || busy["history_bytes_max"] >= busy["state_bytes_max"] ||
		busy["sale_days_per_sku"] < 40 || sparse["sale_days_per_sku"] > 12 {
		t.Errorf("web shop %v, monthly %v", busy, sparse)
	}
	got := metrics(t, func(report func(Row)) error {
		l := saleLoad{skus: 50, days: 40, steady: true}
		if err := cleanFile(t.Context(), report, l); err != nil {
			return err
		}
		return cleanSales(t.Context(), report, l, 2)
	})
	if got["rows"] == 0 || got["rows"] != got["sales"] || got["rows_per_second"] <= 0 || got["cpu_ns_of_a_duplicate"] <= 0 {
		t.Errorf("%v", got)
	}
}
