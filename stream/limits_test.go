package stream_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"drumbeat/schemas"
	"drumbeat/stream"
	"drumbeat/stream/memory"
)

// gate is a store and a publisher that do nothing while they are shut, and a source that says how far it was read.
type gate struct {
	*memory.Store
	log     *memory.Log
	shut    atomic.Bool // saves
	mute    atomic.Bool // publications
	fetched atomic.Int64
}

func (g *gate) Save(ctx context.Context, id int32, epoch int64, b *stream.Batch) error {
	if g.shut.Load() {
		<-ctx.Done()
		return ctx.Err()
	}
	return g.Store.Save(ctx, id, epoch, b)
}

func (g *gate) Publish(ctx context.Context, messages []stream.Message) error {
	if g.mute.Load() {
		return errors.New("the database is away")
	}
	return g.log.Publish(ctx, messages)
}

func (g *gate) Run(ctx context.Context, own func(context.Context, stream.Partition) error) error {
	return g.log.Source().Run(ctx, func(ctx context.Context, p stream.Partition) error { return own(ctx, watched{p, g}) })
}

type watched struct {
	stream.Partition
	g *gate
}

func (w watched) Fetch(ctx context.Context, offset int64, maxBytes int) (stream.Fetched, error) {
	f, err := w.Partition.Fetch(ctx, offset, maxBytes)
	if err == nil {
		w.g.fetched.Store(f.Next)
	}
	return f, err
}

func (r *rig) through(g *gate) func(*stream.RunnerConfig) {
	g.Store, g.log = r.store, r.log
	return func(c *stream.RunnerConfig) { c.Source, c.Store, c.Publisher = g, g, g }
}

// While nothing can be saved, the log is read until a batch is full, counted in bytes where records are large, and then
// no further, however long it lasts; then all of it.
func TestSlowSavesStopTheFetch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, g := newRig(t), new(gate)
		const records, size = 16_000, 8 << 10
		bad := []byte(strings.Repeat("x", size))
		for range records {
			r.send(r.raw(bad))
		}
		g.shut.Store(true)
		r.run(5*time.Minute, r.through(g))
		const perLetter = 1 + size>>10 // of the weight, at least
		most := int64(stream.MostWeight+stream.SaveWeight)/perLetter + 3*stream.FetchBytes/size
		if n := g.fetched.Load(); n < stream.MostWeight/(perLetter+1) || n > most || most >= records {
			t.Errorf("%d records fetched of %d, want at most %d", n, records, most)
		}
		g.shut.Store(false)
		r.run(2*time.Minute, r.through(g))
		if n := r.read(); n != records {
			t.Errorf("%d records read of %d", n, records)
		}
	})
}

// While dead letters cannot be published, the log is read until the outbox is full.
func TestALongOutboxStopsTheFetch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, g := newRig(t), new(gate)
		const records, size = 25_000, 1 << 10
		bad := []byte(strings.Repeat("x", size))
		for range records {
			r.send(r.raw(bad))
		}
		g.mute.Store(true)
		r.run(time.Minute, r.through(g))
		most := int64(stream.MostPending + 3*stream.FetchBytes/size)
		if n := g.fetched.Load(); n < stream.MostPending || n > most || most >= records {
			t.Errorf("%d records fetched of %d, want at most %d", n, records, most)
		}
		g.mute.Store(false)
		r.run(2*time.Minute, r.through(g))
		if n, letters := r.read(), len(r.log.Records(schemas.DeadLettersTopic, 0)); n != records || letters < records {
			t.Errorf("%d records read of %d, %d dead letters published", n, records, letters)
		}
	})
}

// While plans cannot be saved, few are made, and the newest state has its plan afterwards.
func TestPlansWaitForTheSave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, g := newRig(t), new(gate)
		r.send(r.sold("A", 10, r.today()))
		r.run(time.Minute, r.through(g))
		g.shut.Store(true)
		var solves atomic.Int64
		wire := func(c *stream.RunnerConfig) {
			r.through(g)(c)
			c.Solve = func(ctx context.Context, job *stream.Job) stream.Outcome {
				solves.Add(1)
				return solveCold(ctx, job)
			}
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			for range 60 {
				timer := time.NewTimer(10 * time.Second)
				<-timer.C
				r.send(r.define(&schemas.Operator{Action: schemas.Replan, By: "p"}))
			}
			g.shut.Store(false)
		}()
		r.run(20*time.Minute, wire)
		<-done
		if n := solves.Load(); n > 4 {
			t.Errorf("%d plans were made while none could be saved", n)
		}
	})
}

// What waits for a sale that never comes is bounded, in number and in bytes. What finds no room is a dead letter, and
// comes again when its sale is there.
func TestWaitingCancellationsAreBounded(t *testing.T) {
	for name, padding := range map[string]int{"number": 0, "bytes": 64 << 10} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, stream.Config{Settings: settings()})
			b.replay.Every = 1 << 30
			fit := stream.MostWaiting
			if padding > 0 {
				fit = stream.WaitingBytes / (padding + 512)
			}
			cancel := func(i int) stream.Record {
				return b.cancel(&schemas.SaleCancelled{
					Document: schemas.TextField(fmt.Sprint("D", i)), Line: schemas.TextField("1"), Customer: schemas.TextField(strings.Repeat("x", padding)),
				})
			}
			b.take(b.sold("A", 1, day0))
			for i := range fit {
				b.take(cancel(i))
			}
			over := fit + 3
			for i := fit; i <= over; i++ {
				b.take(cancel(i))
			}
			sale := saleOf("A", 7, day0)
			sale.Document, sale.Line = schemas.TextField(fmt.Sprint("D", over)), schemas.TextField("1")
			b.take(b.sale(sale), cancel(over))
			b.end()
			rejected := int(b.audit.Reasons["too-many-waiting"])
			if padding == 0 && rejected != 4 || rejected < 1 || rejected > 4 || b.audit.Rejected != int64(rejected) || b.audit.Reasons["reversed"] != 1 {
				t.Errorf("audit %+v, want the last of %d cancellations rejected, and one of them reversed when it came again", b.audit, over+1)
			}
		})
	}
}

// Records of a SKU that are dated far ahead are bounded in number, whatever they are.
func TestRecordsAheadAreBounded(t *testing.T) {
	b := newBench(t, stream.Config{Settings: settings()})
	b.replay.Every = 1 << 30
	b.take(b.sold("A", 1, day0))
	far := day0 + 100
	for i := range stream.MostAhead {
		far = day0 + 100 + schemas.Date(i%7)*50 // no three agree on a day
		b.take(b.sold("A", 2, far))
	}
	b.take(b.sold("A", 2, far+1000), b.cancel(&schemas.SaleCancelled{
		SKU: schemas.TextField("A"), Quantity: schemas.NumberField(qty(2)), Date: schemas.TextField((far + 2000).String()),
	}), b.sold("E", 2, far+3000), b.sold("A", 3, day0))
	b.end()
	if a := b.audit; a.Rejected != 2 || a.Reasons["too-many-waiting"] != 2 || a.Reasons["future-date"] != stream.MostAhead+1 || a.Kept != 2 {
		t.Errorf("audit %+v", a)
	}
}

// However much is sold, what is kept sale by sale is what there is room for and the open day. The figures of the days
// are those of all sales, also of those that come late for a day that has settled before its time.
func TestOpenSalesAreBounded(t *testing.T) {
	const room = 200
	b := newBench(t, stream.Config{Settings: settings(), OpenSales: room})
	b.replay.Every = 50
	want := map[string]schemas.Quantity{}
	sell := func(sku string, quantity int, d schemas.Date) {
		b.take(b.sold(sku, float64(quantity), d))
		want[sku+" "+d.String()] += qty(float64(quantity))
	}
	shortest := 0
	for i := range schemas.Date(30) {
		day := day0 + i
		n := 40
		if i == 20 {
			n = 3 * room
		}
		for j := range n {
			sell([]string{"A", "E", "K"}[j%3], 1+j%2, day)
			if j%10 == 9 {
				sell("A", 1, day-5)
			}
			open, early := b.p.OpenSales(b.site)
			if most := room + n + n/10 + 1; open > most {
				t.Fatalf("day %d: %d sales are open, more than %d", i, open, most)
			}
			shortest = max(shortest, early)
		}
	}
	b.end()
	if shortest != 14 {
		t.Errorf("%d days settled before their time, want all but the open one", shortest)
	}
	if a := b.audit; a.Kept+a.Flagged != a.Read || a.Rejected+a.Duplicate > 0 {
		t.Errorf("audit %+v", a)
	}
	for at, q := range want {
		if got := b.sales[at]; got.Quantity != q {
			t.Errorf("%s: %v in the table, %v were sold", at, got.Quantity, q)
		}
	}
}
