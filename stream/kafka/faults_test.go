package kafka

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"drumbeat/schemas"
	"drumbeat/stream"
)

// TestIntakeUnderFaults lets two intakes of one group come and go while the broker refuses requests, and
// performs some that it then says have failed. A reader that drops what does not exceed the highest
// origin offset must be left with every record once, in order.
func TestIntakeUnderFaults(t *testing.T) {
	for seed := range uint64(2) {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) { testFaults(t, seed) })
	}
}

func testFaults(t *testing.T, seed uint64) {
	broker, err := kfake.NewCluster(kfake.NumBrokers(3), kfake.DefaultNumPartitions(4))
	if err != nil {
		t.Fatal(err)
	}
	defer broker.Close()
	c, o := cluster(t, broker.ListenAddrs())
	c.log = slog.New(slog.DiscardHandler)
	const n = 3000
	var messages []stream.Message
	for i := range n {
		messages = append(messages, stream.Message{
			Key: []byte(strconv.Itoa(i % 97)), Value: fmt.Appendf(nil, `{"specversion":"1.0","id":"%d","site":"site-%d"}`, i, i%23),
		})
	}
	for chunk := range slices.Chunk(messages, 200) { // a fetch returns whole batches, so small ones
		if err := NewProducer(c).Send(t.Context(), o.Inputs[0], chunk); err != nil {
			t.Fatal(err)
		}
	}

	random := rand.New(rand.NewPCG(seed, 1))
	chance := func(percent int) func(kmsg.Request) bool {
		return func(kmsg.Request) bool { return random.IntN(100) < percent } // on the broker's one goroutine
	}
	faults := broker.Fault(
		kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.NotLeaderForPartition, Count: -1, When: chance(15)},
		kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.RequestTimedOut, Count: -1, When: chance(15)}, // and does it
		kfake.Fault{Keys: []kmsg.Key{kmsg.Fetch}, Err: kerr.NotLeaderForPartition, Count: -1, When: chance(10)},
		kfake.Fault{Keys: []kmsg.Key{kmsg.OffsetCommit}, Err: kerr.NotCoordinator, Count: -1, When: chance(20)},
		kfake.Fault{Keys: []kmsg.Key{kmsg.Heartbeat}, Err: kerr.UnknownMemberID, TopLevel: true, Count: -1, When: chance(3)},
	)
	cfg := IntakeConfig{Group: quick(uniqueName("intake")), Inputs: o.Inputs, DefaultSite: "s", FetchBytes: 4 << 10}
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	start := func() (end func() error) {
		in, err := NewIntake(c, cfg)
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(ctx)
		done := make(chan error, 1)
		go func() { done <- in.Run(ctx) }()
		return func() error { stop(); return <-done }
	}
	// Members are replaced at random moments of the broker's own progress.
	members := []func() error{start(), start()}
	started := time.Now()
	pause := rand.New(rand.NewPCG(seed, 2))
	for i := range 2 {
		h := broker.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Observe: true, Count: -1})
		waiting, enough := context.WithTimeout(ctx, 2*time.Second) // everything may be forwarded already
		_ = h.Wait(waiting, 1+pause.IntN(30))
		enough()
		h.Remove()
		if err := members[i%2](); err != nil {
			t.Errorf("Run: %v", err)
		}
		members[i%2] = start()
	}
	waited := until(ctx, func() error { return caughtUp(ctx, c, cfg) })
	took := time.Since(started)
	if faults.Hits() == 0 {
		t.Error("no fault was ever injected")
	}
	faults.Remove()
	for _, end := range members {
		if err := end(); err != nil {
			t.Errorf("Run: %v", err)
		}
	}
	if waited != nil {
		t.Fatal(waited)
	}

	want := map[string][]string{} // by partition and origin partition
	for origin, records := range readAll(t, c, o.Inputs[0]) {
		for _, r := range records {
			site, _ := schemas.SiteOf(r.Headers, r.Value)
			key := fmt.Sprint(schemas.PartitionOf([]byte(site), o.Partitions), "/", origin)
			want[key] = append(want[key], string(r.Value))
		}
	}
	got, repeated := map[string][]string{}, 0
	highest := map[string]int64{}
	for p, records := range readAll(t, c, c.cfg.Topics.Events) {
		for _, r := range records {
			key := fmt.Sprint(p, "/", header(r, schemas.HeaderOriginPartition))
			offset, err := strconv.ParseInt(header(r, schemas.HeaderOriginOffset), 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			if had, ok := highest[key]; ok && offset <= had {
				repeated++
				continue
			}
			highest[key] = offset
			got[key] = append(got[key], string(r.Value))
		}
	}
	t.Logf("%d faults, %d records arrived again, %v", faults.Hits(), repeated, took)
	for key := range want {
		if fmt.Sprint(got[key]) != fmt.Sprint(want[key]) {
			t.Errorf("partition and origin %s: %d records, want %d, in order", key, len(got[key]), len(want[key]))
		}
	}
}
