package stream_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"drumbeat/stream"
	"drumbeat/stream/memory"
)

// A partition that has gone to another process for good does not stay in the memory of the one that had it.
func TestOwnersThatLeaveAreForgotten(t *testing.T) {
	const partitions = 4
	synctest.Test(t, func(t *testing.T) {
		log, store := memory.NewLog(memory.LogConfig{Partitions: partitions}), memory.NewStore()
		ctx, stop := context.WithCancel(t.Context())
		start := func() (*stream.Runner, chan error) {
			solvers := stream.NewSolvers(newDense, 1, time.Minute)
			r, err := stream.NewRunner(stream.RunnerConfig{
				Processor: stream.Config{Settings: stream.DefaultSettings(), Shards: 1}, Source: log.Source(), Store: store,
				Publisher: log, PlanLog: log, PlanPartitions: partitions, Solve: solvers.Solve,
			})
			if err != nil {
				t.Fatal(err)
			}
			done := make(chan error, 1)
			go func() { done <- r.Run(ctx) }()
			return r, done
		}
		first, firstDone := start()
		time.Sleep(10 * time.Second) // of the bubble
		_, secondDone := start()
		time.Sleep(10 * time.Second)
		if n := first.Kept(); n == 0 || n == partitions {
			t.Errorf("%d of %d partitions are kept just after the rebalance, want those that went", n, partitions)
		}
		time.Sleep(2 * time.Minute)
		if n := first.Kept(); n != 0 {
			t.Errorf("%d partitions are kept two minutes after they went", n)
		}
		stop()
		for _, done := range []chan error{firstDone, secondDone} {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
	})
}
