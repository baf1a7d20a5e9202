package stream

import (
	"context"
	"fmt"
	"testing"

	"drumbeat/schemas"
)

// saleRecords are clean sales of a site with skus SKUs, days days of one sale a SKU.
func saleRecords(skus, days int) []Record {
	var records []Record
	var ev schemas.Event
	for d := range days {
		for i := range skus {
			ev = schemas.Event{ID: fmt.Sprint(len(records)), Source: "/erp", Type: schemas.TypeSale}
			ev.Sale.SKU = schemas.TextField(fmt.Sprintf("SKU-%05d", i))
			ev.Sale.Quantity = schemas.Field{Raw: fmt.Sprint(5 + (i*7+d*3)%9), Kind: schemas.Number}
			ev.Sale.Date = schemas.TextField((schemas.Date(20000) + schemas.Date(d)).String())
			ev.Sale.Document = schemas.TextField(fmt.Sprint("INV-", len(records)))
			ev.Sale.Line = schemas.TextField("1")
			value, err := schemas.Encode(&ev)
			if err != nil {
				panic(err)
			}
			records = append(records, Record{Offset: int64(len(records)), Key: []byte("plant"), Value: value})
		}
	}
	return records
}

func benchConfig() Config {
	set := DefaultSettings()
	set.Clock = schemas.ClockEvent
	return Config{Settings: set, PlanEvery: "end"}
}

// One clean sale with document and line: decode, duplicates, outlier rule, history, stock.
func BenchmarkStep(b *testing.B) {
	records := saleRecords(1000, 60)
	p, err := New(benchConfig(), &Snapshot{})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if i == len(records) {
			b.StopTimer()
			if p, err = New(benchConfig(), &Snapshot{}); err != nil {
				b.Fatal(err)
			}
			i = 0
			b.StartTimer()
		}
		if _, err := p.Step(records[i]); err != nil {
			b.Fatal(err)
		}
		if i++; i%20_000 == 0 {
			p.Advance(p.Ready())
		}
	}
}

// restored is a snapshot of a site with skus SKUs and days days of sales.
func restored(tb testing.TB, skus, days int) *Snapshot {
	p, err := New(benchConfig(), &Snapshot{})
	if err != nil {
		tb.Fatal(err)
	}
	site := SavedSite{Name: "plant"}
	states := map[string][]byte{}
	pages := map[[2]int64]Page{}
	saved := &Snapshot{Known: true}
	r := Replay{Processor: p, Save: func(b *Batch) error {
		saved.Next, saved.State = b.Next, b.State
		for _, s := range b.Sites {
			site.State = s.State
		}
		for _, k := range b.SKUs {
			states[k.SKU] = k.State
		}
		for _, g := range b.Pages {
			pages[[2]int64{int64(g.Kind), g.Number}] = g
		}
		for _, d := range b.DropPages {
			for at := range pages {
				if at[0] == int64(d.Kind) && at[1] < d.Before {
					delete(pages, at)
				}
			}
		}
		return nil
	}, Every: 50_000}
	for _, rec := range saleRecords(skus, days) {
		if err := r.Record(context.Background(), rec); err != nil {
			tb.Fatal(err)
		}
	}
	if err := r.save(); err != nil {
		tb.Fatal(err)
	}
	for i := range skus {
		name := fmt.Sprintf("SKU-%05d", i)
		site.SKUs = append(site.SKUs, SKUState{Site: "plant", SKU: name, State: states[name]})
	}
	for kind := range int64(3) {
		for n := int64(0); n < 1<<20; n++ {
			if g, ok := pages[[2]int64{kind, n}]; ok {
				site.Pages = append(site.Pages, g)
			}
			if n > int64(skus*days) {
				break
			}
		}
	}
	saved.Sites = []SavedSite{site}
	return saved
}

// A partition of 10,000 SKUs with sixty days of sales is made ready.
func BenchmarkRestore(b *testing.B) {
	const skus = 10_000
	saved := restored(b, skus, 60)
	bytes := 0
	for _, k := range saved.Sites[0].SKUs {
		bytes += len(k.State)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := New(benchConfig(), saved); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(bytes)/skus, "bytes/SKU")
}

// The state of a SKU that has sold on every one of 1,130 days, there and back.
func BenchmarkSKUState(b *testing.B) {
	saved := restored(b, 1, 1130)
	state := saved.Sites[0].SKUs[0].State
	if len(state) > 2048 {
		b.Errorf("%d bytes, want at most 2048", len(state))
	}
	b.ReportAllocs()
	for b.Loop() {
		k, err := decodeSKU("SKU-00000", state)
		if err != nil {
			b.Fatal(err)
		}
		state = k.append(state[:0:0])
	}
	b.ReportMetric(float64(len(state)), "bytes")
}
