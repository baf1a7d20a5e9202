package stream_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"drumbeat/stream"
	"drumbeat/stream/memory"
)

// What is left of a fetch when its generation ends is not folded: the group does not wait for it.
func TestFoldingEndsWithTheGeneration(t *testing.T) {
	p, fetched := threeSales(t)
	ended, end := context.WithCancel(t.Context())
	end()
	if next, _, err := stream.FoldFetched(ended, p, fetched, time.Now); err != nil || next != 0 {
		t.Errorf("an ended generation reads on at %d, %v, want 0", next, err)
	}
	still := time.Now()
	if next, _, err := stream.FoldFetched(t.Context(), p, fetched, func() time.Time { return still }); err != nil || next != 3 {
		t.Errorf("the next one reads on at %d, %v, want 3", next, err)
	}
}

// However long a record takes to fold, each turn folds one, and comes back for saves that are due.
func TestFoldingComesBackBetweenSlowRecords(t *testing.T) {
	p, fetched := threeSales(t)
	clock := time.Now()
	slow := func() time.Time {
		clock = clock.Add(stream.FoldFor)
		return clock
	}
	for want := int64(1); want <= 3; want++ {
		next, left, err := stream.FoldFetched(t.Context(), p, fetched, slow)
		if err != nil || next != want || len(left.Records) != int(3-want) {
			t.Fatalf("a turn ends at %d with %d records left, %v, want %d and %d", next, len(left.Records), err, want, 3-want)
		}
		fetched = left
	}
}

func threeSales(t *testing.T) (*stream.Processor, stream.Fetched) {
	t.Helper()
	p, err := stream.New(stream.Config{Settings: stream.DefaultSettings()}, &stream.Snapshot{})
	if err != nil {
		t.Fatal(err)
	}
	f := feed{site: "plant", clock: time.Now()}
	fetched := stream.Fetched{Next: 3, End: 3}
	for i := range int64(3) {
		rec := f.sold("A", 10, day0)
		rec.Offset = i
		fetched.Records = append(fetched.Records, rec)
	}
	return p, fetched
}

// away is a store that cannot be reached for a while.
type away struct {
	*memory.Store
	gone  atomic.Bool
	loads atomic.Int64
}

var errAway = errors.New("no connection")

func (a *away) Load(ctx context.Context, id int32) (*stream.Snapshot, error) {
	if a.gone.Load() {
		return nil, errAway
	}
	a.loads.Add(1)
	return a.Store.Load(ctx, id)
}

func (a *away) Epoch(ctx context.Context, id int32) (int64, error) {
	if a.gone.Load() {
		return 0, errAway
	}
	return a.Store.Epoch(ctx, id)
}

func (a *away) Save(ctx context.Context, id int32, epoch int64, b *stream.Batch) error {
	if a.gone.Load() {
		return errAway
	}
	return a.Store.Save(ctx, id, epoch, b)
}

// generations is a group that rebalances at some times after the start, and hands the partition back.
type generations struct {
	stream.Source
	at   []time.Duration
	took []time.Duration // until own had returned
}

func (g *generations) Run(ctx context.Context, own func(context.Context, stream.Partition) error) error {
	return g.Source.Run(ctx, func(ctx context.Context, p stream.Partition) error {
		began := time.Now()
		for _, at := range g.at {
			one, end := context.WithDeadline(ctx, began.Add(at))
			err := own(one, p)
			end()
			if err != nil {
				return err
			}
			g.took = append(g.took, time.Since(began.Add(at)))
		}
		return own(ctx, p)
	})
}

// While the store is away a member gives its partitions back at once when the group rebalances, and goes on with what it
// has folded as soon as the store answers.
func TestRebalancesDoNotWaitForTheStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		store := &away{Store: r.store}
		group := &generations{Source: r.log.Source(), at: []time.Duration{20 * time.Second, 30 * time.Second, 40 * time.Second}}
		r.send(r.sold("A", 10, r.today()))
		at := func(d time.Duration, do func()) { time.AfterFunc(d, do) }
		at(10*time.Second, func() {
			store.gone.Store(true)
			r.send(r.sold("A", 5, r.today()), r.sold("A", 7, r.today()))
		})
		at(50*time.Second, func() { store.gone.Store(false) })
		r.run(2*time.Minute, func(c *stream.RunnerConfig) { c.Source, c.Store = group, store })
		for i, took := range group.took {
			if took > time.Second {
				t.Errorf("rebalance %d waited %v", i+1, took)
			}
		}
		if n := store.loads.Load(); n != 1 || len(group.took) != 3 {
			t.Errorf("the partition was loaded %d times, in %d generations", n, len(group.took)+1)
		}
		if n := r.read(); n != 3 {
			t.Errorf("%d records read, want 3", n)
		}
	})
}
