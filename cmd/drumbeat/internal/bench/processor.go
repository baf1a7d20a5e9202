package bench

import (
	"bytes"
	"context"
	"fmt"
	"runtime"
	"syscall"
	"time"

	"drumbeat/stream"
)

// cpu is the processor time that this process has used, collection of garbage included. On a machine that
// is busy with other work it says more than the time of the clock.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// processorTime is how long Processor measures at least.
const processorTime = 3 * time.Second

// Processor measures the Processor alone on one goroutine: decode, dedupe, clean and fold clean sales of
// 1,000 SKUs over 200 days into daily history, batches included, without planning. Each pass starts from
// nothing.
func Processor(ctx context.Context, report func(Row)) error {
	return processor(ctx, report, load{skus: 1000, days: 200}, processorTime)
}

func processor(ctx context.Context, report func(Row), l load, atLeast time.Duration) error {
	var records []stream.Record
	err := l.each(ctx, func(r stream.Record) error {
		r.Value = bytes.Clone(r.Value)
		records = append(records, r)
		return nil
	})
	if err != nil {
		return err
	}
	events := 0
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	began, used := time.Now(), cpu()
	for time.Since(began) < atLeast || events == 0 {
		p, err := newProcessor(&stream.Snapshot{})
		if err != nil {
			return err
		}
		for i := range records {
			if i&1023 == 0 && ctx.Err() != nil {
				return ctx.Err()
			}
			if err := fold(p, i, records[i], nil); err != nil {
				return fmt.Errorf("bench: processor: %w", err)
			}
		}
		advance(p, nil)
		events += len(records)
	}
	elapsed, spent := time.Since(began), cpu()-used
	runtime.ReadMemStats(&after)
	n := float64(events)
	for _, r := range []Row{
		{Metric: "events_per_second", Value: n / elapsed.Seconds(), Unit: "1/s"},
		{Metric: "ns_per_event", Value: float64(elapsed.Nanoseconds()) / n, Unit: "ns"},
		{Metric: "cpu_ns_per_event", Value: float64(spent.Nanoseconds()) / n, Unit: "ns"},
		{Metric: "allocs_per_event", Value: float64(after.Mallocs-before.Mallocs) / n, Unit: "1"},
		{Metric: "bytes_per_event", Value: float64(after.TotalAlloc-before.TotalAlloc) / n, Unit: "B"},
	} {
		r.Bench, r.Case = "pipeline", "processor alone, "+l.String()
		report(r)
	}
	return nil
}
