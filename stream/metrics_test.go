package stream

import (
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"drumbeat/optimize"
	"drumbeat/schemas"
)

// A process that no longer owns a partition shows nothing of it: the one that does shows the same counters,
// which a sum over all processes would count twice.
func TestMetricsFollowTheOwner(t *testing.T) {
	registry := prometheus.NewRegistry()
	m := NewMetrics(registry)
	series := func() (n int) {
		t.Helper()
		families, err := registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range families {
			for _, sample := range f.Metric {
				if len(sample.Label) > 0 {
					n++
				}
			}
		}
		return n
	}
	record := func(origin string) Record {
		return Record{Key: []byte("plant"), Value: []byte("junk"), Headers: []schemas.Header{
			{Key: schemas.HeaderOriginTopic, Value: []byte("erp.sales")},
			{Key: schemas.HeaderOriginPartition, Value: []byte("0")},
			{Key: schemas.HeaderOriginOffset, Value: []byte(origin)},
		}}
	}
	before := series()
	var p *Processor
	for range 2 { // the second time the Processor counts its resends from zero again
		var err error
		if p, err = New(Config{}, &Snapshot{}); err != nil {
			t.Fatal(err)
		}
		for _, origin := range []string{"7", "7"} {
			if _, err := p.Step(record(origin)); err != nil {
				t.Fatal(err)
			}
		}
		m.loaded(3, 0)
		m.owned(3, 1, p)
		m.lag(3, 5)
		b := p.Ready()
		p.Advance(b)
		m.saved(3, b, p, time.Now())
		m.plan(&schemas.Head{Site: "plant", Revision: 1})
		if series() < before+10 {
			t.Errorf("%d labelled series while the partition is ours", series())
		}
		m.left(3, p)
		if n := series(); n != before {
			t.Errorf("%d labelled series are left, %d before", n, before)
		}
	}
}

// The accuracy is shown by class and horizon, of the sites that are ours.
func TestMetricsOfAccuracy(t *testing.T) {
	registry := prometheus.NewRegistry()
	m := NewMetrics(registry)
	p, err := New(Config{}, &Snapshot{})
	if err != nil {
		t.Fatal(err)
	}
	s := p.site("plant")
	for name, class := range map[string]seriesClass{"A": classCount, "B": classCount, "C": classSparse} {
		a := accuracy{class: class}
		week := &a.spans[spanWeek]
		week.add(&window{days: 7, mean: 12, low: 8, high: 11, top: 14, naive: 20}, 20000, 10, 1)
		if name == "B" {
			week.add(&window{days: 7, mean: 8, low: 6, high: 11, top: 9, naive: 9}, 20007, 10, 1)
		}
		s.keepAccuracy(s.learn(name), &a)
	}
	m.owned(3, 1, p)
	const keep = 1 - 1.0/26
	want := map[string]float64{
		"drumbeat_forecast_wape_ratio count 7d":           (2 + 2*keep + 2) / (20 + 10*keep),
		"drumbeat_forecast_wape_ratio sparse 7d":          .2,
		"drumbeat_forecast_naive_wape_ratio count 7d":     (10 + 10*keep + 1) / (20 + 10*keep),
		"drumbeat_forecast_naive_wape_ratio sparse 7d":    1,
		"drumbeat_forecast_bias_ratio count 7d":           (2 + 2*keep - 2) / (20 + 10*keep),
		"drumbeat_forecast_bias_ratio sparse 7d":          .2,
		"drumbeat_forecast_coverage_ratio count 7d 0.8":   1,
		"drumbeat_forecast_coverage_ratio sparse 7d 0.8":  1,
		"drumbeat_forecast_coverage_ratio count 7d 0.95":  (1 + keep) / (2 + keep),
		"drumbeat_forecast_coverage_ratio sparse 7d 0.95": 1,
	}
	check := func(want map[string]float64) {
		t.Helper()
		families, err := registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		seen := 0
		for _, f := range families {
			for _, sample := range f.Metric {
				if !strings.HasPrefix(f.GetName(), "drumbeat_forecast_") {
					continue
				}
				key := f.GetName()
				for _, l := range sample.Label { // in byte order of name: class, horizon, level, site
					if l.GetName() != "site" {
						key += " " + l.GetValue()
					}
				}
				seen++
				if v, ok := want[key]; !ok || math.Abs(sample.Gauge.GetValue()-v) > 1e-6 {
					t.Errorf("%s is %v, want %v", key, sample.Gauge.GetValue(), v)
				}
			}
		}
		if seen != len(want) {
			t.Errorf("%d series of accuracy, want %d", seen, len(want))
		}
	}
	check(want)
	m.saved(3, &Batch{Accuracy: []AccuracyRow{{Site: "plant"}}}, p, time.Now())
	check(want)
	m.left(3, p)
	check(nil)
}

// The number of series does not depend on the number of SKUs.
func TestMetricsAreBounded(t *testing.T) {
	series := func(skus int) (n int) {
		registry := prometheus.NewRegistry()
		m := NewMetrics(registry)
		p, err := New(Config{}, &Snapshot{})
		if err != nil {
			t.Fatal(err)
		}
		day := schemas.Date(20458)
		p.Tick(day.Time(nil))
		for i := range skus {
			sku := schemas.TextField("S" + strconv.Itoa(i))
			ev := schemas.Event{ID: strconv.Itoa(i), Source: "/erp", Type: schemas.TypeSale}
			ev.Sale = schemas.Sale{SKU: sku, Quantity: schemas.NumberField(schemas.Unit), Date: schemas.TextField((day - 20).String())}
			if i%5 == 0 {
				ev.Sale.Quantity = sku // no number
			}
			value, err := schemas.Encode(&ev)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := p.Step(Record{Offset: int64(i), Key: []byte("plant"), Value: value}); err != nil {
				t.Fatal(err)
			}
		}
		m.owned(3, 1, p)
		m.ticked(3, p, time.Time{})
		b := p.Ready()
		p.Advance(b)
		m.saved(3, b, p, day.Time(nil))
		m.plan(&schemas.Head{Site: "plant", Revision: 1, Status: schemas.PlanOptimal, Lines: skus, Resources: []schemas.ResourceLoad{
			{Resource: "press", Period: "1", Capacity: schemas.Unit, Load: schemas.Unit, Price: 2}, {Resource: "hall", Capacity: schemas.Unlimited},
		}})
		m.solve(Outcome{Plan: &optimize.Plan{Status: optimize.Optimal}}, time.Second)
		got := labelled(t, registry)
		for name, want := range map[string]float64{
			"drumbeat_dirty_skus 3": float64(skus) * 4 / 5, "drumbeat_late_records_total plant": float64(skus) * 4 / 5,
			"drumbeat_material_changes_total": 1, "drumbeat_resource_load_ratio press plant": 1, "drumbeat_resource_price press plant": 2,
			"drumbeat_plan_status plant optimal": 1, "drumbeat_plan_status plant degraded": 0, "drumbeat_plans_total plant optimal": 1,
		} {
			if got[name] != want {
				t.Errorf("%d SKUs: %s is %v, want %v", skus, name, got[name], want)
			}
		}
		return len(got)
	}
	few, many := series(10), series(10_000)
	t.Logf("%d series of 10 SKUs, %d of 10,000", few, many)
	if few != many || few > 150 {
		t.Errorf("%d series of 10 SKUs, %d of 10,000, want as many and at most 150", few, many)
	}
}

// labelled are the values of gauges and counters by name and labels, in byte order of theirs.
func labelled(t *testing.T, registry *prometheus.Registry) map[string]float64 {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	list := map[string]float64{}
	for _, f := range families {
		for _, sample := range f.Metric {
			key := f.GetName()
			for _, l := range sample.Label {
				key += " " + l.GetValue()
			}
			list[key] = sample.Gauge.GetValue() + sample.Counter.GetValue()
		}
	}
	return list
}
