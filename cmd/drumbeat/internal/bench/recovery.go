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

// RecoveryStore is the part of a store that Recovery needs.
type RecoveryStore interface {
	Load(ctx context.Context, partition int32) (*stream.Snapshot, error)
	Recall(ctx context.Context, partition int32, fn func(stream.Page) error) error
	Save(ctx context.Context, partition int32, epoch int64, b *stream.Batch) error
}

// RecoverySite is the site of Recovery, on the partition that Kafka's partitioner gives it.
const RecoverySite = benchSite

var recoveryPartition = int32(schemas.PartitionOf([]byte(benchSite), schemas.EventsPartitions))

// Recovery measures how long a partition takes to come back: one site of a number of SKUs with three years of mixed
// history, whose models were saved up to two weeks ago. Ready is when records can be folded; models are read beside that,
// and the first plan needs them. The state is in the store before: see FillRecovery.
func Recovery(ctx context.Context, store RecoveryStore, skus int, report func(Row)) error {
	put := func(metric string, value float64, unit string) {
		report(Row{Bench: "recovery", Case: RecoveryCase(skus), Metric: metric, Value: value, Unit: unit})
	}
	if err := recovery(ctx, store, skus, put); err != nil {
		return fmt.Errorf("bench: recovery of %d SKUs: %w", skus, err)
	}
	return nil
}

// RecoveryCase names the case of a number of SKUs.
func RecoveryCase(skus int) string { return load{skus: skus, days: recoveryDays}.String() }

func recovery(ctx context.Context, store RecoveryStore, skus int, put func(metric string, value float64, unit string)) error {
	before := heap()
	began, used := time.Now(), cpu()
	snapshot, err := store.Load(ctx, recoveryPartition)
	if err != nil {
		return err
	}
	read := since(began)
	if len(snapshot.Sites) == 0 {
		return errors.New("the store is empty")
	}
	config := eventConfig()
	config.Shards = 0
	p, err := stream.New(config, snapshot)
	if err != nil {
		return err
	}
	put("ready_seconds", since(began), "s")
	put("of_it_read_seconds", read, "s")
	put("ready_cpu_seconds", (cpu() - used).Seconds(), "s")
	if n := len(snapshot.Sites[0].SKUs); n != skus {
		return fmt.Errorf("%d SKUs came back", n)
	}
	states := 0
	for _, k := range snapshot.Sites[0].SKUs {
		states += len(k.State)
	}
	put("state_megabytes", float64(states)/1e6, "MB")

	began, used = time.Now(), cpu()
	models, bytes := 0, 0
	err = store.Recall(ctx, recoveryPartition, func(page stream.Page) error {
		p.Recall(page)
		models, bytes = models+1, bytes+len(page.Data)
		return nil
	})
	if err != nil {
		return err
	}
	put("models_seconds", since(began), "s")
	put("models_cpu_seconds", (cpu() - used).Seconds(), "s")
	put("model_megabytes", float64(bytes)/1e6, "MB")
	if models != skus {
		return fmt.Errorf("%d models came back", models)
	}
	if err := problem(p, "first_problem", put); err != nil {
		return err
	}
	put("heap_megabytes", float64(heap()-before)/1e6, "MB")
	runtime.KeepAlive(p)
	if skus > recoveryDonors {
		return nil
	}
	if p, err = stream.New(config, snapshot); err != nil {
		return err
	}
	return problem(p, "without_models_first_problem", put)
}

// problem makes the Problem that is due, with all its forecasts.
func problem(p *stream.Processor, what string, put func(metric string, value float64, unit string)) error {
	p.EndOfInput()
	began, used := time.Now(), cpu()
	job := p.Job()
	if job == nil {
		return errors.New("no plan is due")
	}
	put(what+"_seconds", since(began), "s")
	put(what+"_cpu_seconds", (cpu() - used).Seconds(), "s")
	p.Withdraw(job)
	return nil
}
