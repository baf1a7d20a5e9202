package stream

import (
	"testing"

	"github.com/prometheus/client_golang/prometheus"

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
		m.saved(3, b, p)
		m.plan(&schemas.Head{Site: "plant", Revision: 1})
		if series() < 10 {
			t.Errorf("%d labelled series while the partition is ours", series())
		}
		m.left(3, p)
		if n := series(); n != 0 {
			t.Errorf("%d labelled series are left", n)
		}
	}
}
