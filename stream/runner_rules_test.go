package stream_test

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"drumbeat/schemas"
	"drumbeat/stream"
	"drumbeat/stream/memory"
)

// rig is one Runner on one partition, in a bubble of synctest.
type rig struct {
	feed
	t     *testing.T
	log   *memory.Log
	store *memory.Store
}

func newRig(t *testing.T) *rig {
	r := &rig{t: t, log: memory.NewLog(memory.LogConfig{Partitions: 1}), store: memory.NewStore()}
	r.site, r.clock = "plant", time.Now()
	return r
}

func (r *rig) send(records ...stream.Record) {
	r.t.Helper()
	for _, rec := range records {
		m := stream.Message{Topic: schemas.EventsTopic, Key: rec.Key, Value: rec.Value, Headers: rec.Headers}
		if err := r.log.Publish(r.t.Context(), []stream.Message{m}); err != nil {
			r.t.Fatal(err)
		}
	}
}

func (r *rig) today() schemas.Date { return schemas.DateOf(time.Now().UTC()) }

// run runs a Runner for a while and returns whether it was blocked at the end.
func (r *rig) run(d time.Duration, change func(*stream.RunnerConfig)) (blocked bool) {
	r.t.Helper()
	set := stream.DefaultSettings()
	set.Horizon = 3
	registry := prometheus.NewRegistry()
	c := stream.RunnerConfig{
		Processor: stream.Config{Settings: set}, Source: r.log.Source(), Store: r.store, Publisher: r.log, PlanLog: r.log,
		PlanPartitions: 1, Solve: solveCold, Metrics: stream.NewMetrics(registry),
	}
	if change != nil {
		change(&c)
	}
	runner, err := stream.NewRunner(c)
	if err != nil {
		r.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(r.t.Context(), d)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- runner.Run(ctx) }()
	timer := time.NewTimer(d - time.Second)
	<-timer.C
	families, err := registry.Gather()
	if err != nil {
		r.t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "drumbeat_partition_blocked" {
			for _, m := range f.GetMetric() {
				blocked = blocked || m.GetGauge().GetValue() > 0
			}
		}
	}
	if err := <-ended; err != nil {
		r.t.Fatal(err)
	}
	return blocked
}

func (r *rig) read() (n int64) {
	r.t.Helper()
	rows, err := r.store.Audit(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	for _, a := range rows {
		n += a.Read
	}
	return n
}

// heads are the revisions of the heads on the plans topic, in order.
func (r *rig) heads() (list []string) {
	for _, m := range r.log.Records(schemas.PlansTopic, 0) {
		if string(m.Key) == "plant" {
			list = append(list, string(m.Headers[0].Value))
		}
	}
	return list
}

// A new partition starts where its log begins; one that was saved never jumps.
func TestRunnerAndTheEndsOfTheLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		for range 5 {
			r.send(r.sold("A", 10, r.today()))
		}
		r.log.Truncate(schemas.EventsTopic, 0, 3)
		if blocked := r.run(time.Minute, nil); blocked || r.read() != 2 {
			t.Fatalf("blocked %v, %d records read, want the two that there are", blocked, r.read())
		}
		for range 5 {
			r.send(r.sold("A", 10, r.today()))
		}
		r.log.Truncate(schemas.EventsTopic, 0, 8)
		if blocked := r.run(time.Minute, nil); !blocked || r.read() != 2 {
			t.Errorf("blocked %v, %d records read: the partition has jumped", blocked, r.read())
		}
	})
}

// An event of a newer release stops reading, not the plan of what was read before.
func TestRunnerWaitsForTheUpgrade(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		first := r.sold("A", 10, r.today())
		newer := r.sold("A", 10, r.today())
		newer.Value = []byte(strings.Replace(string(newer.Value), "sale.v1", "sale.v2", 1))
		r.send(first, newer, r.sold("A", 10, r.today()))
		if blocked := r.run(time.Minute, nil); !blocked || r.read() != 1 {
			t.Errorf("blocked %v, %d records read, want 1", blocked, r.read())
		}
		if heads := r.heads(); len(heads) == 0 {
			t.Error("no plan of what was read before")
		}
	})
}

// stingy gives one entry of the outbox at a time.
type stingy struct{ *memory.Store }

func (s stingy) Unsent(ctx context.Context, id int32, after int64, _ int) ([]stream.Unsent, error) {
	return s.Store.Unsent(ctx, id, after, 1)
}

// mute publishes nothing.
type mute struct{}

func (mute) Publish(context.Context, []stream.Message) error { return errors.New("mute") }

// While nothing can be published, planning stops and ingest goes on; later all that was saved is
// published, in order, by whoever owns the partition then.
func TestRunnerPublishesAnOldBacklog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.send(r.sold("A", 10, r.today()))
		r.store = memory.NewStore()
		done := make(chan struct{})
		go func() {
			defer close(done)
			for range 8 {
				timer := time.NewTimer(10 * time.Second)
				<-timer.C
				r.send(r.define(&schemas.Operator{Action: schemas.Replan, By: "p"}))
			}
		}()
		r.run(2*time.Minute, func(c *stream.RunnerConfig) { c.Publisher = mute{} })
		<-done
		left, err := r.store.Unsent(t.Context(), 0, 0, 1<<20)
		if err != nil || len(left) != 4 || r.read() != 9 {
			t.Fatalf("%d revisions wait, %v, %d records read; want 4, 9", len(left), err, r.read())
		}
		r.run(2*time.Minute, func(c *stream.RunnerConfig) { c.Store = stingy{r.store} })
		if got := strings.Join(r.heads(), " "); got != "1 2 3 4 5" {
			t.Errorf("heads %s", got)
		}
		if left, err = r.store.Unsent(t.Context(), 0, 0, 1<<20); err != nil || len(left) != 0 {
			t.Errorf("%d entries left, %v", len(left), err)
		}
	})
}

// An event-clock site plans at the end of each day, and at the end of the input.
func TestRunnerInEventTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		for d := day0; d < day0+5; d++ {
			r.send(r.sold("A", 10, d), r.sold("E", 4, d))
		}
		r.run(time.Minute, func(c *stream.RunnerConfig) { c.Processor.Settings.Clock = schemas.ClockEvent })
		if got := strings.Join(r.heads(), " "); got != "1 2 3 4 5" {
			t.Errorf("heads %s", got)
		}
	})
}

// A generation that ends while a plan is made in line ends at once, and the plan is made later.
func TestRunnerEndsWithPlansInLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.send(r.sold("A", 10, day0), r.sold("A", 10, day0+1))
		event := func(c *stream.RunnerConfig) { c.Processor.Settings.Clock = schemas.ClockEvent }
		r.run(time.Minute, func(c *stream.RunnerConfig) {
			event(c)
			c.Solve = func(ctx context.Context, _ *stream.Job) stream.Outcome {
				<-ctx.Done()
				return stream.Outcome{Err: ctx.Err()}
			}
		})
		if got := r.heads(); len(got) != 0 {
			t.Fatalf("heads %v of a solver that never answers", got)
		}
		r.run(time.Minute, event)
		if got := strings.Join(r.heads(), " "); got != "1 2" {
			t.Errorf("heads %s", got)
		}
	})
}

// An owner that makes plans in line, and waits until some of them are published, hears that the partition has been taken.
func TestRunnerIsFencedWithPlansInLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		const days = 8
		for d := range schemas.Date(days) {
			r.send(r.sold("A", 10, day0+d))
		}
		g := &gate{}
		g.mute.Store(true)
		var thief sync.WaitGroup
		thief.Go(func() {
			<-time.After(20 * time.Second)
			if n := len(r.heads()); n != 0 {
				t.Errorf("%d heads of a publisher that takes nothing", n)
			}
			if _, err := r.store.Load(t.Context(), 0); err != nil {
				t.Error(err)
			}
			g.mute.Store(false)
		})
		r.run(5*time.Minute, func(c *stream.RunnerConfig) {
			c.Processor.Settings.Clock = schemas.ClockEvent
			r.through(g)(c)
		})
		thief.Wait()
		if got := r.heads(); len(got) == 0 || got[len(got)-1] != strconv.Itoa(days) {
			t.Errorf("heads %v, want those up to %d", got, days)
		}
	})
}

// hasty shows the outbox what was saved before the save is answered.
type hasty struct {
	*memory.Store
	saved chan struct{} // a plan was
	once  sync.Once
}

func (h *hasty) Save(ctx context.Context, id int32, epoch int64, b *stream.Batch) error {
	err := h.Store.Save(ctx, id, epoch, b)
	if len(b.Revisions) > 0 {
		h.once.Do(func() { close(h.saved) })
		timer := time.NewTimer(time.Second)
		<-timer.C
	}
	return err
}

func (h *hasty) Unsent(ctx context.Context, id int32, after int64, most int) ([]stream.Unsent, error) {
	select {
	case <-h.saved:
	case <-ctx.Done():
	}
	return h.Store.Unsent(ctx, id, after, most)
}

// The first plan of a site is published once, also if the outbox sees it before its save is answered.
func TestRunnerPublishesBeforeTheSaveIsAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.send(r.sold("A", 10, r.today()))
		r.run(25*time.Second, func(c *stream.RunnerConfig) { c.Store = &hasty{Store: r.store, saved: make(chan struct{})} })
		if got := strings.Join(r.heads(), " "); got != "1" {
			t.Errorf("heads %q", got)
		}
	})
}

// A plan at the end of the input that failed is made again, though nothing more comes.
func TestRunnerRetriesAtTheEndOfTheInput(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.send(r.sold("A", 10, day0))
		failures := 0
		r.run(time.Minute, func(c *stream.RunnerConfig) {
			c.Processor.Settings.Clock = schemas.ClockEvent
			c.Solve = func(ctx context.Context, job *stream.Job) stream.Outcome {
				if failures++; failures == 1 {
					return stream.Outcome{Err: errors.New("no solution")}
				}
				return solveCold(ctx, job)
			}
		})
		_, head, _, err := r.store.Head(t.Context(), "plant")
		if err != nil || !strings.Contains(string(head), `"status":"optimal"`) {
			t.Errorf("the newest head is %.200s, %v", head, err)
		}
	})
}

// A plan before a record whose Problem is cut off while it is drawn ends the turn, and is made by who goes on.
func TestInlinePlanCutOffWhileDrawn(t *testing.T) {
	p, err := stream.New(stream.Config{Settings: settings()}, &stream.Snapshot{})
	if err != nil {
		t.Fatal(err)
	}
	f := &feed{site: "plant"}
	for day := day0; ; day += 7 {
		done, err := p.Step(f.sold("A", 10, day))
		if err != nil || day > day0+70 {
			t.Fatal("no plan is due", err)
		}
		if !done {
			break
		}
	}
	if err := stream.Inline(until(0), p); !errors.Is(err, context.Canceled) {
		t.Errorf("the turn goes on: %v", err)
	}
	if p.Job() == nil {
		t.Error("no plan is due any more")
	}
}
