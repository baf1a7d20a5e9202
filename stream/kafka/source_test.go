package kafka

import (
	"context"
	"errors"
	"net"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"drumbeat/stream"
)

func TestEvictedMemberKnowsAndComesBackOnKfake(t *testing.T) { testEvicted(t, false) }
func TestEvictedMemberKnowsAndComesBackOnKafka(t *testing.T) { testEvicted(t, true) }

// testEvicted throws a member out behind its back: Alive and Commit must say so, end the contexts, and
// the member must join again.
func testEvicted(t *testing.T, actual bool) {
	c, _ := cluster(t, brokers(t, actual))
	group := quick(uniqueName("group"))
	group.Heartbeat = 2 * time.Second // slower than Alive
	s, err := NewSource(c, group)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	finished := errors.New("finished")
	var generations atomic.Int64
	err = s.Run(ctx, func(ctx context.Context, p stream.Partition) error {
		if p.ID() != 0 {
			<-ctx.Done()
			return nil
		}
		if generations.Add(1) > 1 {
			return finished
		}
		gen := p.(*partition).gen.gen
		if err := c.leave(ctx, group.ID, gen.MemberID); err != nil {
			return err
		}
		if err := p.Alive(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("Alive of an evicted member: %v", err)
		}
		if ctx.Err() == nil {
			t.Error("the context lives although the member is out")
		}
		if err := p.Commit(context.WithoutCancel(ctx), 1); !errors.Is(err, context.Canceled) {
			t.Errorf("Commit of an evicted member: %v", err)
		}
		return ctx.Err()
	})
	if !errors.Is(err, finished) {
		t.Errorf("Run: %v", err)
	}
}

// TestBrokerGoesAndComesBack takes the broker away under a source and a publisher.
func TestBrokerGoesAndComesBack(t *testing.T) {
	dir := t.TempDir()
	start := func(opts ...kfake.Opt) *kfake.Cluster {
		cluster, err := kfake.NewCluster(append(opts, kfake.NumBrokers(1), kfake.DataDir(dir), kfake.ClusterID("one"))...)
		if err != nil {
			t.Fatal(err)
		}
		return cluster
	}
	broker := start()
	_, text, err := net.SplitHostPort(broker.ListenAddrs()[0])
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	c, _ := cluster(t, broker.ListenAddrs())
	publish := func(value string) {
		m := stream.Message{Topic: c.cfg.Topics.Events, Site: "s", Key: []byte("s"), Value: []byte(value)}
		if err := NewPublisher(c).Publish(t.Context(), []stream.Message{m}); err != nil {
			t.Errorf("Publish: %v", err)
		}
	}
	publish("before")
	s, err := NewSource(c, quick("g"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	seen := make(chan string)
	done := make(chan error, 1)
	var next [64]atomic.Int64 // by partition: what a store remembers
	go func() {
		done <- s.Run(ctx, func(ctx context.Context, p stream.Partition) error {
			for ctx.Err() == nil {
				f, err := p.Fetch(ctx, next[p.ID()].Load(), 1<<20)
				if err != nil {
					return err
				}
				for _, r := range f.Records {
					select {
					case seen <- string(r.Value):
					case <-ctx.Done():
						return nil
					}
				}
				next[p.ID()].Store(f.Next)
			}
			return nil
		})
	}()
	await := func(want string) {
		t.Helper()
		select {
		case got := <-seen:
			if got != want {
				t.Errorf("read %q, want %q", got, want)
			}
		case <-ctx.Done():
			t.Fatalf("never read %q", want)
		}
	}
	await("before")

	broker.Close()
	err = c.retry(ctx, "noticing", func() error {
		if c.Unreachable() == 0 {
			return errors.New("not noticed yet")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	published := make(chan struct{})
	go func() { publish("during"); close(published) }()

	broker = start(kfake.Ports(port))
	defer broker.Close()
	await("during")
	<-published
	if away := c.Unreachable(); away != 0 {
		t.Errorf("the broker is still unreachable for %v after it has answered", away)
	}
	stop()
	if err := <-done; err != nil {
		t.Errorf("Run: %v", err)
	}
}
