package kafka

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"drumbeat/stream"
)

func TestSuccessorTakesThePlaceOnKfake(t *testing.T) { testSuccessor(t, false) }
func TestSuccessorTakesThePlaceOnKafka(t *testing.T) { testSuccessor(t, true) }

// testSuccessor lets a member die without a word: the one that is started in its place gets the partitions long before
// the session times out, and a member of another name stays in the group.
func testSuccessor(t *testing.T, actual bool) {
	c, _ := cluster(t, brokers(t, actual))
	group := quick(uniqueName("group"))
	group.Session, group.Heartbeat = 5*time.Minute, 200*time.Millisecond
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()

	// other is a member that lives; it has had all partitions once.
	other, had := joined(t, ctx, c, group, "host/b")
	had(8)
	var dead atomic.Bool
	dialer := *c.dialer
	dying := &Client{cfg: c.cfg, log: c.log, api: c.api, transport: c.transport, dialer: &dialer}
	dialer.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		if dead.Load() {
			return nil, errors.New("dead")
		}
		return c.dialer.DialFunc(ctx, network, address)
	}
	first, had := joined(t, ctx, dying, group, "host/a")
	had(4)
	dead.Store(true)
	first()

	second, had := joined(t, ctx, c, group, "host/a")
	had(4)
	for name, want := range map[string]int{"host/a": 1, "host/b": 1} {
		ids, err := c.membersNamed(ctx, group.ID, c.cfg.ClientID+"@"+name)
		if err != nil || len(ids) != want {
			t.Errorf("members of %s: %v, %v", name, ids, err)
		}
		for _, id := range ids {
			if !strings.HasPrefix(id, "drumbeat@"+name) {
				t.Errorf("member %s does not say that it is %s", id, name)
			}
		}
	}
	second()
	other()
}

// joined starts a member of an instance. had waits until it has been assigned so many partitions; leave ends it.
func joined(t *testing.T, ctx context.Context, c *Client, group GroupConfig, instance string) (leave func(), had func(partitions int)) {
	t.Helper()
	group.Instance = instance
	s, err := NewSource(c, group)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(ctx)
	done := make(chan error, 1)
	owned := make(chan int32, 1000)
	go func() {
		done <- s.Run(ctx, func(ctx context.Context, p stream.Partition) error {
			owned <- p.ID()
			<-ctx.Done()
			return nil
		})
	}()
	leave = func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("%s: %v", instance, err)
		}
	}
	had = func(partitions int) {
		t.Helper()
		for seen := map[int32]bool{}; len(seen) < partitions; {
			select {
			case id := <-owned:
				seen[id] = true
			case <-ctx.Done():
				t.Fatalf("%s was assigned %d partitions, not %d", instance, len(seen), partitions)
			}
		}
	}
	return leave, had
}
