package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"drumbeat/cmd/drumbeat/internal/csvfeed"
	"drumbeat/cmd/drumbeat/internal/generate"
	"drumbeat/schemas"
	"drumbeat/stream"
	"drumbeat/stream/kafka"
)

// demoFeed is what the demo sends.
type demoFeed interface {
	name() string  // the same for the same input
	slug() string  // names its data directory
	title() string // for people
	site(byDefault string) string
	definitions() []schemas.Event // items, resources and the policy; nil: none
	// next returns the next sale with its day (zero: not known), io.EOF at the end.
	next() (value []byte, key string, day time.Time, err error)
	share() float64 // of the input that was read, negative: not known
	Close() error
}

func (c *demoCmd) newFeed(std streams) (demoFeed, error) {
	if c.From == "" {
		rows := generate.ThreeSKU(c.Seed)
		slices.SortStableFunc(rows, func(a, b generate.Row) int { return a.Date.Compare(b.Date) })
		return &generatedFeed{seed: c.Seed, rows: rows}, nil
	}
	feed, err := csvfeed.Open(c.From, csvfeed.Options{Map: c.Map, Stdin: std.in})
	if err != nil {
		return nil, badInput(err)
	}
	return &fileFeed{feed: feed, path: c.From, columns: c.Map}, nil
}

// generatedSite is the site of the generated sales.
const generatedSite = "demo"

type generatedFeed struct {
	seed uint64
	rows []generate.Row
	at   int
}

func (f *generatedFeed) name() string { return fmt.Sprintf("generated sales, seed %d", f.seed) }
func (f *generatedFeed) slug() string { return fmt.Sprintf("demo-%d", f.seed) }
func (f *generatedFeed) title() string {
	return "demo: three SKUs, one factory, three years of dirty sales"
}
func (f *generatedFeed) site(string) string { return generatedSite }
func (f *generatedFeed) share() float64     { return float64(f.at) / float64(len(f.rows)) }
func (f *generatedFeed) Close() error       { return nil }
func (f *generatedFeed) definitions() []schemas.Event {
	return generate.Definitions(generatedSite, "demo", f.rows[0].Date)
}

func (f *generatedFeed) next() ([]byte, string, time.Time, error) {
	if f.at == len(f.rows) {
		return nil, "", time.Time{}, io.EOF
	}
	row := &f.rows[f.at]
	f.at++
	ev := row.Event(generatedSite, fmt.Sprintf("generator/%d", f.seed))
	value, err := schemas.Encode(&ev)
	return value, row.SKU, row.Date, err
}

type fileFeed struct {
	feed    *csvfeed.Feed
	path    string
	columns map[string]string
	rec     csvfeed.Record
}

func (f *fileFeed) name() string {
	return fmt.Sprintf("%s %v", filepath.Base(f.path), f.columns)
}

func (f *fileFeed) slug() string {
	h := fnv.New32a()
	h.Write([]byte(f.name()))
	base, _, _ := strings.Cut(filepath.Base(f.path), ".")
	return fmt.Sprintf("%s-%08x", base, h.Sum32())
}

func (f *fileFeed) title() string                { return "demo: " + filepath.Base(f.path) }
func (f *fileFeed) site(byDefault string) string { return byDefault }
func (f *fileFeed) definitions() []schemas.Event { return nil }
func (f *fileFeed) Close() error                 { return f.feed.Close() }

func (f *fileFeed) share() float64 {
	read, total := f.feed.Progress()
	if total <= 0 {
		return -1
	}
	return float64(read) / float64(total)
}

func (f *fileFeed) next() ([]byte, string, time.Time, error) {
	err := f.feed.Next(&f.rec)
	if errors.Is(err, io.EOF) {
		return nil, "", time.Time{}, io.EOF
	}
	if err != nil {
		return nil, "", time.Time{}, badInput(err)
	}
	value, err := recordValue(&f.rec)
	if err != nil {
		return nil, "", time.Time{}, badInput(fmt.Errorf("%s:%d: %w", f.path, f.rec.Line, err))
	}
	return slices.Clone(value), strings.Clone(f.rec.Event.Sale.SKU.Raw), time.Time{}, nil
}

const (
	demoChunk = 2000 // events sent at once
	pacedDays = 31   // days at the end of generated sales that a person watches
)

// send sends what an earlier run has not sent yet. All sales of the demo go to one partition, since
// they are one site's in the order of their days.
func (d *demo) send(ctx context.Context) error {
	producer := kafka.NewProducer(d.client)
	site := d.feed.site(d.c.Site.DefaultSite)
	if defs := d.feed.definitions(); len(defs) > 0 {
		if err := d.define(ctx, producer, site, defs); err != nil {
			return err
		}
	}
	sent, err := d.client.Records(ctx, demoSales)
	if err != nil {
		return err
	}
	d.watch.resumed(sent)
	var chunk []stream.Message
	var last time.Time
	share := 0.0 // of the input that is in chunk or before it
	flush := func() error {
		if len(chunk) == 0 {
			return nil
		}
		d.watch.sending(int64(len(chunk)))
		err := producer.Send(ctx, demoSales, chunk)
		d.watch.fed(int64(len(chunk)), share)
		chunk = chunk[:0:0]
		return err
	}
	for n := int64(0); ; n++ {
		value, key, day, err := d.feed.next()
		if errors.Is(err, io.EOF) {
			return flush()
		}
		if err != nil {
			return err
		}
		if n < sent {
			continue
		}
		if !d.c.Once && !day.IsZero() && d.paced(day) && day.After(last) {
			if err := flush(); err != nil {
				return err
			}
			// What a person watches begins when the history before it stands.
			for !d.watch.caughtUp() {
				if !sleep(ctx, 50*time.Millisecond) {
					return ctx.Err()
				}
			}
			if !sleep(ctx, d.c.Pace) {
				return ctx.Err()
			}
		}
		last = day
		chunk = append(chunk, stream.Message{Key: []byte(cmp.Or(key, site)), Value: value, Site: site})
		share = d.feed.share()
		if len(chunk) >= demoChunk {
			if err := flush(); err != nil {
				return err
			}
		}
	}
}

// paced says that a day is among the last of the generated sales.
func (d *demo) paced(day time.Time) bool {
	f, ok := d.feed.(*generatedFeed)
	return ok && day.After(f.rows[len(f.rows)-1].Date.AddDate(0, 0, -pacedDays))
}

// define sends the definitions and waits until they stand before the sales in the log.
func (d *demo) define(ctx context.Context, producer *kafka.Producer, site string, defs []schemas.Event) error {
	d.watch.expect(int64(len(defs)))
	sent, err := d.client.Records(ctx, demoMaster)
	if err != nil || sent >= int64(len(defs)) {
		return err
	}
	var messages []stream.Message
	for i := range defs[sent:] {
		value, err := schemas.Encode(&defs[int(sent)+i])
		if err != nil {
			return err
		}
		messages = append(messages, stream.Message{Key: []byte(site), Value: value, Site: site})
	}
	if err := producer.Send(ctx, demoMaster, messages); err != nil {
		return err
	}
	for {
		n, err := d.client.Records(ctx, schemas.EventsTopic)
		if err != nil || n >= int64(len(defs)) {
			return err
		}
		if !sleep(ctx, 20*time.Millisecond) {
			return ctx.Err()
		}
	}
}

// sleep waits; false when ctx ended.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
