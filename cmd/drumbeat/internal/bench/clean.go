package bench

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"drumbeat/schemas"
	"drumbeat/stream"
)

// Clean measures what the books of a clean sale cost, how fast the offline cleaner is, and how long the history of
// a SKU is.
func Clean(ctx context.Context, report func(Row)) error {
	if err := cleanSales(ctx, report, saleLoad{skus: 1000, days: 200, steady: true}, 5); err != nil {
		return err
	}
	if err := cleanFile(ctx, report, saleLoad{skus: 3000, days: 200}); err != nil {
		return err
	}
	if err := cleanSizes(ctx, report, saleLoad{skus: 1000, days: historyDays}); err != nil {
		return err
	}
	return cleanSizes(ctx, report, saleLoad{skus: 300, days: historyDays, monthly: true})
}

// historyDays is the longest history that is kept.
const historyDays = 1130

// String is the name of the case.
func (l saleLoad) String() string {
	kind := "web shop"
	if l.monthly {
		kind = "monthly"
	}
	return fmt.Sprintf("%d SKUs, %d days, %s", l.skus, l.days, kind)
}

// cost is time and allocations.
type cost struct {
	wall   time.Duration
	cpu    time.Duration
	allocs uint64
}

func (c *cost) add(f func() error) error {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	began, used := time.Now(), cpu()
	err := f()
	c.wall += time.Since(began)
	c.cpu += cpu() - used
	runtime.ReadMemStats(&after)
	c.allocs += after.Mallocs - before.Mallocs
	return err
}

// cleanSales folds clean sales a day at a time, and each day again: what is told twice is decoded and found to be
// known, so that the difference is what the line index, the cleaning and the history of a sale cost, with its
// share of the days that settle. Each pass starts from nothing; of several the one with the least processor time counts.
func cleanSales(ctx context.Context, report func(Row), l saleLoad, passes int) error {
	var days [][]stream.Record
	var date string
	n := 0
	err := l.each(ctx, func(ev *schemas.Event) error {
		value, err := schemas.Encode(ev)
		if err != nil {
			return err
		}
		if ev.Sale.Date.Raw != date {
			days, date = append(days, nil), ev.Sale.Date.Raw
		}
		day := &days[len(days)-1]
		*day = append(*day, stream.Record{Key: []byte(benchSite), Value: value})
		n++
		return nil
	})
	if err != nil {
		return err
	}
	var best, known cost
	for pass := range passes {
		p, err := newProcessor(&stream.Snapshot{})
		if err != nil {
			return err
		}
		var first, again cost
		offset := int64(0)
		for d, records := range days {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			step := func() error {
				for i := range records {
					records[i].Offset = offset
					offset++
					if done, err := p.Step(records[i]); err != nil || !done {
						return errors.Join(err, fmt.Errorf("bench: clean: record %d was not folded", offset))
					}
				}
				return nil
			}
			if err := errors.Join(first.add(step), again.add(step)); err != nil {
				return err
			}
			if d%20 == 19 {
				advance(p, nil)
			}
		}
		if pass == 0 || first.cpu-again.cpu < best.cpu-known.cpu {
			best, known = first, again
		}
	}
	if best.cpu <= 0 || known.cpu <= 0 {
		return errors.New("bench: clean: the system tells no processor time")
	}
	each := func(d time.Duration) float64 { return float64(d.Nanoseconds()) / float64(n) }
	for _, r := range []Row{
		{Metric: "sales", Value: float64(n), Unit: "1"},
		{Metric: "cpu_ns_per_sale", Value: each(best.cpu - known.cpu), Unit: "ns"},
		{Metric: "ns_per_sale", Value: each(best.wall - known.wall), Unit: "ns"},
		{Metric: "allocs_per_sale", Value: (float64(best.allocs) - float64(known.allocs)) / float64(n), Unit: "1"},
		{Metric: "cpu_ns_of_a_duplicate", Value: each(known.cpu), Unit: "ns"},
	} {
		r.Bench, r.Case = "clean", "clean sale to books, "+l.String()
		report(r)
	}
	return nil
}

// cleanFile gives the offline cleaner a file's rows.
func cleanFile(ctx context.Context, report func(Row), l saleLoad) error {
	var events []schemas.Event
	err := l.each(ctx, func(ev *schemas.Event) error {
		events = append(events, *ev)
		return nil
	})
	if err != nil {
		return err
	}
	c, err := stream.NewCleaner(stream.CleanConfig{})
	if err != nil {
		return err
	}
	began := time.Now()
	for i := range events {
		if err := c.Add(i+2, &events[i]); err != nil {
			return err
		}
	}
	rows := c.Finish()
	took := time.Since(began)
	if len(rows) != len(events) {
		return fmt.Errorf("bench: clean: %d rows of %d", len(rows), len(events))
	}
	for _, r := range []Row{
		{Metric: "rows", Value: float64(len(rows)), Unit: "1"},
		{Metric: "rows_per_second", Value: float64(len(rows)) / took.Seconds(), Unit: "1/s"},
	} {
		r.Bench, r.Case = "clean", "a file, "+l.String()
		report(r)
	}
	return nil
}

// cleanSizes measures the saved state of SKUs after so many days.
func cleanSizes(ctx context.Context, report func(Row), l saleLoad) error {
	p, err := newProcessor(&stream.Snapshot{})
	if err != nil {
		return err
	}
	states := map[string][]byte{}
	saved := func(b *stream.Batch) {
		for i := range b.SKUs {
			states[b.SKUs[i].SKU] = b.SKUs[i].State
		}
	}
	n := 0
	var value []byte
	err = l.each(ctx, func(ev *schemas.Event) error {
		if value, err = schemas.AppendEvent(value[:0], ev); err != nil {
			return err
		}
		n++
		return fold(p, n-1, stream.Record{Offset: int64(n - 1), Key: []byte(benchSite), Value: value}, saved)
	})
	if err != nil {
		return err
	}
	advance(p, saved)
	var history, state sizes
	for _, s := range states {
		h, err := stream.HistoryBytes(s)
		if err != nil {
			return fmt.Errorf("bench: clean: %w", err)
		}
		history, state = append(history, float64(h)), append(state, float64(len(s)))
	}
	rows := append(history.rows("history_bytes"), state.rows("state_bytes")...)
	rows = append(rows, Row{Metric: "sale_days_per_sku", Value: float64(n) / float64(len(states)), Unit: "1"})
	for _, r := range rows {
		r.Bench, r.Case = "clean", "size, "+l.String()
		report(r)
	}
	return nil
}
