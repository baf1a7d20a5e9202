package bench

import (
	"context"
	"fmt"
	"iter"
	"time"

	"drumbeat/cmd/drumbeat/internal/generate"
	"drumbeat/schemas"
	"drumbeat/stream"
)

// benchSite is the site of all generated sales.
const benchSite = "bench"

// shape chooses among the SKUs of a generated load.
type shape int

const (
	mixed        shape = iota
	dense              // sells on most days
	intermittent       // sells on few
)

// String is the name of the case.
func (s shape) String() string { return [...]string{"mixed", "dense", "intermittent"}[s] }

// load is the generated demand of a number of SKUs of one shape.
type load struct {
	skus, days int
	shape      shape
}

func (l load) String() string { return fmt.Sprintf("%d SKUs, %d days, %s", l.skus, l.days, l.shape) }

// each yields the sales as records of drumbeat.events, in the order of their days. The bytes of a record
// are valid until the next call.
func (l load) each(ctx context.Context, yield func(stream.Record) error) error {
	config := generate.LoadConfig{SKUs: l.skus, Days: l.days, Seed: 1}
	var in map[string]bool
	if l.shape != mixed {
		// Every second SKU of a load is intermittent, beginning with the second.
		config.SKUs *= 2
		in = make(map[string]bool, l.skus)
		for i := range config.SKUs {
			if (i%2 == 1) == (l.shape == intermittent) {
				in[generate.LoadSKU(i)] = true
			}
		}
	}
	var value []byte
	rec := stream.Record{Key: []byte(benchSite)}
	for row := range generate.Load(config) {
		if in != nil && !in[row.SKU] {
			continue
		}
		if rec.Offset&1023 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		ev := row.Event(benchSite, "bench")
		var err error
		if value, err = schemas.AppendEvent(value[:0], &ev); err != nil {
			return err
		}
		rec.Value = value
		if err := yield(rec); err != nil {
			return err
		}
		rec.Offset++
	}
	return nil
}

// byDay yields the sales of each day from the first on, with bytes of their own; of all shapes.
func (l load) byDay(ctx context.Context, first time.Time) iter.Seq2[time.Time, []stream.Record] {
	return func(yield func(time.Time, []stream.Record) bool) {
		var records []stream.Record
		var day time.Time
		offset := int64(0)
		for row := range generate.Load(generate.LoadConfig{SKUs: l.skus, Days: l.days, First: first, Seed: 1}) {
			if !row.Date.Equal(day) && len(records) > 0 {
				if ctx.Err() != nil || !yield(day, records) {
					return
				}
				records = nil
			}
			day = row.Date
			ev := row.Event(benchSite, "bench")
			value, err := schemas.Encode(&ev)
			if err != nil {
				panic(err) // generated sales are sound
			}
			records = append(records, stream.Record{Key: []byte(benchSite), Value: value, Offset: offset})
			offset++
		}
		if len(records) > 0 {
			yield(day, records)
		}
	}
}

// newProcessor is a Processor of one goroutine, in event time, that plans only when it is told to.
func newProcessor(snapshot *stream.Snapshot) (*stream.Processor, error) {
	return stream.New(eventConfig(), snapshot)
}

func eventConfig() stream.Config {
	settings := stream.DefaultSettings()
	settings.Clock = schemas.ClockEvent
	return stream.Config{DefaultSite: benchSite, Settings: settings, PlanEvery: "end", Shards: 1}
}

// advanceEvery is the number of records between two batches, near what the service saves at once.
const advanceEvery = 20_000

// fold steps the records and takes a batch now and then, as a service that saves does.
func fold(p *stream.Processor, n int, rec stream.Record, saved func(*stream.Batch)) error {
	done, err := p.Step(rec)
	if err == nil && !done {
		err = fmt.Errorf("a plan is due at record %d, and none is asked for", rec.Offset)
	}
	if err != nil || n%advanceEvery != advanceEvery-1 {
		return err
	}
	advance(p, saved)
	return nil
}

func advance(p *stream.Processor, saved func(*stream.Batch)) {
	if b := p.Ready(); b != nil {
		if saved != nil {
			saved(b)
		}
		p.Advance(b)
	}
}

// seconds since a moment.
func since(began time.Time) float64 { return time.Since(began).Seconds() }
