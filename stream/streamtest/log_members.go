package streamtest

import (
	"context"
	"sync"
	"testing"
	"time"

	"drumbeat/stream"
)

// owners notes who owns which partition, and that nobody owns one that another still has.
type owners struct {
	t  *testing.T
	mu sync.Mutex
	at map[int32]string
	// changed is closed and replaced at every change.
	changed chan struct{}
}

func (o *owners) run(ctx context.Context, name string, source stream.Source) <-chan error {
	done := make(chan error, 1)
	go func() {
		done <- source.Run(ctx, func(ctx context.Context, p stream.Partition) error {
			o.set(p.ID(), "", name)
			<-ctx.Done()
			// The end of a generation leaves time to flush, and the group still takes the offset.
			if err := p.Commit(context.WithoutCancel(ctx), 0); err != nil {
				o.t.Errorf("%s: Commit of partition %d at the end of the generation: %v", name, p.ID(), err)
			}
			o.set(p.ID(), name, "")
			return ctx.Err()
		})
	}()
	return done
}

func (o *owners) set(id int32, from, to string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.at[id] != from {
		o.t.Errorf("partition %d goes from %q to %q, but %q has it", id, from, to, o.at[id])
	}
	o.at[id] = to
	close(o.changed)
	o.changed = make(chan struct{})
}

// await waits until every partition has an owner and each of the names has some, about evenly.
func (o *owners) await(partitions int, names ...string) {
	o.t.Helper()
	timeout := time.After(patience)
	for {
		o.mu.Lock()
		changed := o.changed
		count := map[string]int{}
		for _, name := range o.at {
			count[name]++
		}
		o.mu.Unlock()
		even := count[""] == 0
		total := 0
		for _, name := range names {
			total += count[name]
			even = even && count[name] >= partitions/len(names)
		}
		if even && total == partitions {
			return
		}
		select {
		case <-changed:
		case <-timeout:
			o.t.Fatalf("the partitions are never shared by %v: %v", names, count)
		}
	}
}

func testMembers(t *testing.T, l Log) {
	o := &owners{t: t, at: map[int32]string{}, changed: make(chan struct{})}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	first := o.run(ctx, "first", l.Member(t))
	o.await(l.Partitions, "first")

	joining, leave := context.WithCancel(ctx)
	defer leave()
	second := o.run(joining, "second", l.Member(t))
	o.await(l.Partitions, "first", "second")

	leave()
	if err := <-second; err != nil {
		t.Errorf("Run of the member that left: %v", err)
	}
	o.await(l.Partitions, "first")

	stop()
	if err := <-first; err != nil {
		t.Errorf("Run of the last member: %v", err)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	for id, name := range o.at {
		if name != "" {
			t.Errorf("%s still owns partition %d after Run has returned", name, id)
		}
	}
}
