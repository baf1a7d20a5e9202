package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime"
	"strconv"
	"time"

	"drumbeat/cmd/drumbeat/internal/generate"
	"drumbeat/schemas"
)

// decodeTime is how long each case of Decode runs.
const decodeTime = 2 * time.Second

// Decode measures the decoding of sales events by one goroutine: invoice lines of 5,000 SKUs, all
// different, in structured and in binary mode.
func Decode(ctx context.Context, report func(Row)) error {
	return decode(ctx, report, 20_000, decodeTime)
}

func decode(ctx context.Context, report func(Row), records int, atLeast time.Duration) error {
	structured, binary, err := invoiceLines(records)
	if err != nil {
		return err
	}
	for _, c := range []struct {
		name    string
		records []record
	}{{"structured", structured}, {"binary", binary}} {
		bytes := 0
		for _, r := range c.records {
			bytes += len(r.value)
		}
		events, elapsed, allocs, err := decodeAll(ctx, c.records, atLeast)
		if err != nil {
			return fmt.Errorf("bench: decode: %s: %w", c.name, err)
		}
		n := float64(events)
		for _, figure := range []Row{
			{Metric: "events_per_second", Value: n / elapsed.Seconds(), Unit: "1/s"},
			{Metric: "ns_per_event", Value: float64(elapsed.Nanoseconds()) / n, Unit: "ns"},
			{Metric: "allocs_per_event", Value: float64(allocs) / n, Unit: "1"},
			{Metric: "bytes_per_event", Value: float64(bytes) / float64(len(c.records)), Unit: "B"},
		} {
			figure.Bench, figure.Case = "decode", c.name
			report(figure)
		}
	}
	return nil
}

// decodeAll decodes the records over and over for at least a time.
func decodeAll(ctx context.Context, records []record, atLeast time.Duration) (events int, elapsed time.Duration, allocs uint64, err error) {
	var decoder schemas.Decoder
	var e schemas.Event
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	start := time.Now()
	for elapsed < atLeast {
		if err := ctx.Err(); err != nil {
			return 0, 0, 0, err
		}
		for i := range records {
			if err := decoder.Decode(records[i].headers, records[i].value, &e); err != nil {
				return 0, 0, 0, err
			}
		}
		events += len(records)
		elapsed = time.Since(start)
	}
	runtime.ReadMemStats(&after)
	return events, elapsed, after.Mallocs - before.Mallocs, nil
}

// record is a Kafka record as far as the decoder reads it.
type record struct {
	headers []schemas.Header
	value   []byte
}

// invoiceLines makes the same sales in both modes.
func invoiceLines(n int) (structured, binary []record, err error) {
	for row := range generate.Load(generate.LoadConfig{SKUs: 5_000, Days: 1 << 20, Seed: 1}) {
		i := len(structured)
		if i == n {
			break
		}
		e := row.Event("north", "/erp/shop")
		e.ID = strconv.Itoa(536365 + i)
		e.Time, e.HasTime = row.Date.Add(time.Duration(i%86400)*time.Second), true
		e.Sale.Document = schemas.TextField(strconv.Itoa(536365 + i/8))
		e.Sale.Line = schemas.NumberField(schemas.Quantity(i%8+1) * schemas.Unit)
		e.Sale.UnitPrice = schemas.NumberField(schemas.Quantity(i%2000+1) * schemas.Unit / 100)
		e.Sale.Customer = schemas.TextField(strconv.Itoa(12346 + i%4000))
		value, err := schemas.Encode(&e)
		if err != nil {
			return nil, nil, err
		}
		structured = append(structured, record{value: value})
		var envelope struct {
			Data json.RawMessage `json:"data"`
		}
		if err := json.Unmarshal(value, &envelope); err != nil {
			return nil, nil, err
		}
		binary = append(binary, record{value: envelope.Data, headers: []schemas.Header{
			{Key: "ce_specversion", Value: []byte("1.0")},
			{Key: "ce_id", Value: []byte(e.ID)},
			{Key: "ce_source", Value: []byte(e.Source)},
			{Key: "ce_type", Value: []byte(e.Type.String())},
			{Key: "ce_time", Value: []byte(e.Time.Format(time.RFC3339))},
			{Key: "ce_site", Value: []byte(e.Site)},
			{Key: "content-type", Value: []byte("application/json")},
		}})
	}
	return structured, binary, nil
}
