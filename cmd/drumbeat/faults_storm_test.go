package main

import (
	"context"
	"log/slog"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"drumbeat/stream"
	"drumbeat/stream/kafka"
)

// A member joins the planners' group and leaves it about every second while sales flow: partitions go to and fro
// between two planners and a stranger that does nothing with them.
func TestFaultsRebalanceStorm(t *testing.T) {
	takeTurn(t, brokerLane)
	rate, storms := 2000, int64(4)
	if os.Getenv("DRUMBEAT_LONG") != "" {
		rate, storms = 20_000, 60
	}
	p := newPlant(t, 8)
	intake := p.start("intake", p.world, "intake")
	planners := []*member{p.start("planner", p.world, "planner"), p.start("other planner", p.world, "planner")}
	stop := p.flow(rate)
	p.revisions("before", 8)

	client, err := kafka.NewClient(kafka.Config{Brokers: []string{p.world.broker}, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	var joined atomic.Int64
	for n := range storms {
		source, err := kafka.NewSource(client, kafka.GroupConfig{ID: "drumbeat", Session: session})
		if err != nil {
			t.Fatal(err)
		}
		ctx, leave := context.WithTimeout(t.Context(), 30*time.Second)
		err = source.Run(ctx, func(ctx context.Context, part stream.Partition) error {
			joined.Store(n + 1)
			hold := time.NewTimer(500 * time.Millisecond)
			defer hold.Stop()
			select {
			case <-hold.C:
			case <-ctx.Done():
			}
			leave()
			return nil
		})
		leave()
		if err != nil {
			t.Fatal(err)
		}
		if joined.Load() != n+1 {
			t.Fatalf("storm %d: the stranger was never given a partition", n)
		}
	}
	p.revisions("after", 8)
	stop()
	v := p.holds("rebalance storm")
	loads := 0.0
	for _, m := range planners {
		loads += metrics(t, m.address)["drumbeat_recovery_seconds_count"]
		m.stop(t, 20*time.Second)
	}
	intake.stop(t, 20*time.Second)
	t.Logf("%d rebalances by a stranger, %v loads of partitions, %d revisions", storms, loads, v.Revisions)
}
