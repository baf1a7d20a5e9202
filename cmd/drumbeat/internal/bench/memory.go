package bench

import (
	"context"
	"fmt"
	"runtime"

	"drumbeat/stream"
)

// memoryLoads are the histories that Memory measures: a year, and the longest that is kept.
var memoryLoads = []load{
	{1000, 365, dense}, {1000, 365, intermittent}, {1000, 1130, dense}, {1000, 1130, intermittent},
}

// Memory measures what a SKU takes: heap of the Processor, identities of events included, and bytes of
// saved state.
func Memory(ctx context.Context, report func(Row)) error {
	for _, l := range memoryLoads {
		if err := memory(ctx, report, l); err != nil {
			return fmt.Errorf("bench: memory: %v: %w", l, err)
		}
	}
	return nil
}

func memory(ctx context.Context, report func(Row), l load) error {
	before := heap()
	p, err := newProcessor(&stream.Snapshot{})
	if err != nil {
		return err
	}
	state := map[string]int{}
	largest := 0
	n := 0
	saved := func(b *stream.Batch) {
		for i := range b.SKUs {
			state[b.SKUs[i].SKU] = len(b.SKUs[i].State)
		}
	}
	err = l.each(ctx, func(r stream.Record) error {
		n++
		return fold(p, n-1, r, saved)
	})
	if err != nil {
		return err
	}
	advance(p, saved)
	total := 0
	for _, size := range state {
		total += size
		largest = max(largest, size)
	}
	skus := float64(len(state))
	state = nil
	held := heap() - before
	runtime.KeepAlive(p)
	for _, r := range []Row{
		{Metric: "heap_bytes_per_sku", Value: float64(held) / skus, Unit: "B"},
		{Metric: "state_bytes_per_sku", Value: float64(total) / skus, Unit: "B"},
		{Metric: "largest_state_bytes", Value: float64(largest), Unit: "B"},
		{Metric: "events_per_sku", Value: float64(n) / skus, Unit: "1"},
	} {
		r.Bench, r.Case = "memory", l.String()
		report(r)
	}
	return nil
}

// heap is the number of bytes that live objects hold.
func heap() int64 {
	runtime.GC()
	runtime.GC() // what finalizers and pools held through the first
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
