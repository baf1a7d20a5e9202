package stream_test

import (
	"context"
	"encoding/json"
	"strconv"
	"testing"
	"time"

	"drumbeat/optimize"
	"drumbeat/schemas"
	"drumbeat/stream"
)

// newDense is the solver of these tests: plain Go, so that they run without cgo.
func newDense() optimize.Solver { return new(optimize.Dense) }

// solveCold solves a job from nothing, so that a plan's prices do not depend on what was solved before.
func solveCold(ctx context.Context, job *stream.Job) stream.Outcome {
	s := stream.NewSolvers(newDense, 1, time.Minute)
	cold := *job
	cold.Start = nil
	return s.Solve(ctx, &cold)
}

// day0 is a Monday.
const day0 = schemas.Date(20458)

func qty(units float64) schemas.Quantity {
	q, ok := schemas.FromFloat(units)
	if !ok {
		panic("no quantity")
	}
	return q
}

func ptr[T any](v T) *T { return &v }

// feed makes the records of one site, with origin headers as intake writes them.
type feed struct {
	site   string
	next   int64 // offset in the log
	origin int64 // offset in the input topic
	ids    int
	clock  time.Time // of events without a time of their own; zero: none
}

func (f *feed) event(kind schemas.Type, data any) *schemas.Event {
	f.ids++
	ev := &schemas.Event{ID: strconv.Itoa(f.ids), Source: "/erp", Type: kind, Data: data}
	if !f.clock.IsZero() {
		ev.Time, ev.HasTime = f.clock, true
	}
	return ev
}

// define is an event that is no sale.
func (f *feed) define(data any) stream.Record { return f.record(f.event(schemas.TypeOf(data), data)) }

// record puts an event into the log.
func (f *feed) record(ev *schemas.Event) stream.Record {
	value, err := schemas.Encode(ev)
	if err != nil {
		panic(err)
	}
	return f.raw(value)
}

// raw puts any bytes into the log.
func (f *feed) raw(value []byte) stream.Record {
	r := f.at(f.origin, value)
	f.origin++
	return r
}

// at puts bytes into the log that intake read at an offset of the input topic.
func (f *feed) at(origin int64, value []byte) stream.Record {
	r := stream.Record{
		Offset: f.next, Key: []byte(f.site), Value: value,
		Headers: []schemas.Header{
			{Key: schemas.HeaderOriginTopic, Value: []byte("erp.sales")},
			{Key: schemas.HeaderOriginPartition, Value: []byte("3")},
			{Key: schemas.HeaderOriginOffset, Value: strconv.AppendInt(nil, origin, 10)},
			{Key: "trace", Value: []byte{0xff}},
		},
	}
	f.next++
	return r
}

// saleOf is a sale in the plainest form.
func saleOf(sku string, units float64, d schemas.Date) *schemas.Sale {
	return &schemas.Sale{
		SKU: schemas.TextField(sku), Quantity: schemas.NumberField(qty(units)), Date: schemas.TextField(d.String()),
	}
}

func (f *feed) sale(s *schemas.Sale) stream.Record {
	ev := f.event(schemas.TypeSale, nil)
	ev.Sale = *s
	return f.record(ev)
}

func (f *feed) sold(sku string, units float64, d schemas.Date) stream.Record {
	return f.sale(saleOf(sku, units, d))
}

func (f *feed) cancel(c *schemas.SaleCancelled) stream.Record {
	ev := f.event(schemas.TypeSaleCancelled, nil)
	ev.Cancelled = *c
	return f.record(ev)
}

// bench drives one Processor in event time and keeps everything that it saves.
type bench struct {
	t      testing.TB
	p      *stream.Processor
	replay *stream.Replay
	feed
	heads   []schemas.Head
	lines   map[string]schemas.Line // as they stand
	letters []stream.DeadLetter
	sales   map[string]stream.DailySale // by "sku date"
	old     map[string]schemas.Quantity // added to days before the kept history, likewise
	audit   stream.AuditRow             // of the one origin
}

// settings are small ones in event time: weeks, no safety stock, everything known in advance.
func settings() stream.Settings {
	s := stream.DefaultSettings()
	s.Clock, s.Horizon = schemas.ClockEvent, 4
	s.SafetyStock = schemas.SafetyStockRule{Rule: schemas.SafetyFixed}
	return s
}

func newBench(t testing.TB, config stream.Config) *bench {
	t.Helper()
	p, err := stream.New(config, &stream.Snapshot{})
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{t: t, p: p, lines: map[string]schemas.Line{}, sales: map[string]stream.DailySale{}, old: map[string]schemas.Quantity{}}
	b.site = "plant"
	b.replay = &stream.Replay{Processor: p, Solve: solveCold, Save: b.save, Every: 1}
	return b
}

func (b *bench) save(batch *stream.Batch) error {
	b.letters = append(b.letters, batch.DeadLetters...)
	for _, s := range batch.Sales {
		b.sales[s.SKU+" "+s.Date.String()] = s
	}
	for _, s := range batch.OldSales {
		b.old[s.SKU+" "+s.Date.String()] += s.Quantity
	}
	for _, a := range batch.Audit {
		b.audit = a
	}
	for _, r := range batch.Revisions {
		var h schemas.Head
		if err := json.Unmarshal(r.Head, &h); err != nil {
			return err
		}
		b.heads = append(b.heads, h)
		for _, l := range r.Lines {
			if l.Value == nil {
				delete(b.lines, l.SKU)
				continue
			}
			var line schemas.Line
			if err := json.Unmarshal(l.Value, &line); err != nil {
				return err
			}
			b.lines[l.SKU] = line
		}
	}
	return nil
}

// take folds records, planning what is due before them.
func (b *bench) take(records ...stream.Record) {
	b.t.Helper()
	for _, r := range records {
		if err := b.replay.Record(context.Background(), r); err != nil {
			b.t.Fatal(err)
		}
	}
}

// end plans what is pending.
func (b *bench) end() {
	b.t.Helper()
	if err := b.replay.End(context.Background()); err != nil {
		b.t.Fatal(err)
	}
}

// head is the newest head.
func (b *bench) head() *schemas.Head {
	b.t.Helper()
	if len(b.heads) == 0 {
		b.t.Fatal("no plan yet")
	}
	return &b.heads[len(b.heads)-1]
}

// rejects wants the last record to be a dead letter with a reason, whose detail begins with field.
func (b *bench) rejects(reason, field string) {
	b.t.Helper()
	if len(b.letters) == 0 {
		b.t.Fatalf("no dead letter, want %s", reason)
	}
	l := b.letters[len(b.letters)-1]
	if l.OriginOffset != b.origin-1 || l.Reason != reason || len(l.Detail) < len(field) || l.Detail[:len(field)] != field {
		b.t.Errorf("newest dead letter is of offset %d: %s, %q; want offset %d: %s, %s", l.OriginOffset, l.Reason, l.Detail, b.origin-1, reason, field)
	}
}

func (b *bench) view(sku string) stream.SKUView {
	b.t.Helper()
	v, ok := b.p.View("plant", sku)
	if !ok {
		b.t.Fatalf("SKU %s is not known", sku)
	}
	return v
}

// plan shows the production of a SKU's line, first period first.
func (b *bench) production(sku string) []float64 {
	b.t.Helper()
	line, ok := b.lines[sku]
	if !ok {
		b.t.Fatalf("no line of %s", sku)
	}
	var list []float64
	for _, p := range line.Periods {
		list = append(list, p.Production.Float())
	}
	return list
}

func near(a, b float64) bool { return a-b < 1e-4 && b-a < 1e-4 }
