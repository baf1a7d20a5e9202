package bench

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

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

// RecoveryStore is the part of a store that Recovery needs.
type RecoveryStore interface {
	Load(ctx context.Context, partition int32) (*stream.Snapshot, error)
	Save(ctx context.Context, partition int32, epoch int64, b *stream.Batch) error
}

// recoveryDays is the history of the SKUs that Recovery loads.
const recoveryDays = 365

// Recovery measures how long a partition takes to come back: one site of a number of SKUs with a year of
// mixed history, loaded into a Processor. The store is empty before.
func Recovery(ctx context.Context, store RecoveryStore, skus int, report func(Row)) error {
	l := load{skus, recoveryDays, mixed}
	if err := fill(ctx, store, l); err != nil {
		return fmt.Errorf("bench: recovery: %w", err)
	}
	runtime.GC()
	began := time.Now()
	snapshot, err := store.Load(ctx, 0)
	if err != nil {
		return fmt.Errorf("bench: recovery: %w", err)
	}
	loaded := since(began)
	p, err := newProcessor(snapshot)
	if err != nil {
		return fmt.Errorf("bench: recovery: %w", err)
	}
	whole := since(began)
	bytes := 0
	for i := range snapshot.Sites {
		for _, k := range snapshot.Sites[i].SKUs {
			bytes += len(k.State)
		}
	}
	if p.Next() == 0 || bytes == 0 {
		return errors.New("bench: recovery: the store is empty")
	}
	for _, r := range []Row{
		{Metric: "recovery_seconds", Value: whole, Unit: "s"},
		{Metric: "of_it_load_seconds", Value: loaded, Unit: "s"},
		{Metric: "state_megabytes", Value: float64(bytes) / 1e6, Unit: "MB"},
	} {
		r.Bench, r.Case = "memory", "recovery, "+l.String()
		report(r)
	}
	return nil
}

// fill saves the state that a service would have saved after folding the load; daily sales, which
// recovery does not read, are left out.
func fill(ctx context.Context, store RecoveryStore, l load) error {
	snapshot, err := store.Load(ctx, 0)
	if err != nil {
		return err
	}
	p, err := newProcessor(snapshot)
	if err != nil {
		return err
	}
	newest := newGathered()
	n := 0
	err = l.each(ctx, func(r stream.Record) error {
		n++
		return fold(p, n-1, r, newest.add)
	})
	if err != nil {
		return err
	}
	advance(p, newest.add)
	for _, b := range newest.batches() {
		if err := store.Save(ctx, 0, snapshot.Epoch, b); err != nil {
			return err
		}
	}
	return nil
}
