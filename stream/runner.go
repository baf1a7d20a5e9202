package stream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"drumbeat/schemas"
)

// RunnerConfig wires a Runner. Processor.Partition is set for each partition.
type RunnerConfig struct {
	Processor Config
	Source    Source
	Store     Store
	Publisher Publisher
	PlanLog   PlanLog
	// Solve solves a Job; [Solvers.Solve] does.
	Solve func(ctx context.Context, job *Job) Outcome
	// PlanPartitions is the number of partitions of the plans topic; 0: as many as the contract's topic.
	PlanPartitions int
	// SaveEvery is the longest time between two saves while records flow; 0: 250 ms.
	SaveEvery time.Duration
	// Heartbeat is how often a heartbeat is sent through each partition that has a site; 0: never. Beat writes it
	// to the input, addressed to a site; ctx ends when the next one is due.
	Heartbeat time.Duration
	Beat      func(ctx context.Context, site string, at time.Time) error
	// Quiet is how long the log must be at its end before an event-clock site takes its input as ended;
	// 0: 2 s. Negative: never.
	Quiet time.Duration
	// Now is the wall clock that the Processors are told; nil: time.Now. Waits follow the monotonic clock.
	Now func() time.Time
	// Jitter draws the part of a wait between attempts that is left to chance, below most; nil: at random.
	Jitter func(most time.Duration) time.Duration
	// Saved is called after every save, from the goroutine that owns the partition; nil: not.
	Saved   func(partition int32, b *Batch)
	Metrics *Metrics
	Log     *slog.Logger
}

// Runner owns partitions: it feeds records to a Processor for each, saves its batches, solves its
// jobs, publishes its plans and reads them back.
//
//	        assigned                  record, tick, outcome
//	idle ─────────────► load ─► own ◄──────────────────┐
//	  ▲                          │ batch ─► save ─► publish ─► read back ─► commit
//	  │ generation ends: flush   │                     ┘
//	  └──────────────────────────┴─► fenced: drop the state, join again
//
// What fails for a while (Kafka, Postgres) is tried again with back-off; reading stops meanwhile, so
// memory is bounded. What cannot heal by itself (an offset outside the log, an event of a newer
// release) stops the partition until it is reassigned, and is told by a metric and the log.
type Runner struct {
	c RunnerConfig

	owned atomic.Int64

	mu   sync.Mutex
	kept map[int32]*owner // of generations before, for a partition that comes back
}

// NewRunner makes a Runner; it starts nothing.
func NewRunner(c RunnerConfig) (*Runner, error) {
	c.Processor.fill()
	if err := c.Processor.Validate(); err != nil {
		return nil, err
	}
	if c.Source == nil || c.Store == nil || c.Publisher == nil || c.PlanLog == nil || c.Solve == nil {
		return nil, errors.New("stream: runner: source, store, publisher, plan log and solve are all needed")
	}
	if c.Heartbeat > 0 && c.Beat == nil {
		return nil, errors.New("stream: runner: heartbeats need Beat")
	}
	if c.SaveEvery <= 0 {
		c.SaveEvery = 250 * time.Millisecond
	}
	if c.Quiet == 0 {
		c.Quiet = 2 * time.Second
	}
	if c.PlanPartitions <= 0 {
		c.PlanPartitions = schemas.EventsPartitions
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Jitter == nil {
		c.Jitter = func(most time.Duration) time.Duration { return rand.N(most) }
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Metrics == nil {
		c.Metrics = NewMetrics(nil)
	}
	c.Processor.Log = c.Log
	return &Runner{c: c, kept: map[int32]*owner{}}, nil
}

// Run joins the consumer group and owns what it is given until ctx ends. A partition that a newer owner
// has taken makes it leave the group and join again.
func (r *Runner) Run(ctx context.Context) error {
	for attempt := 0; ; attempt++ {
		err := r.c.Source.Run(ctx, r.own)
		if ctx.Err() != nil {
			return nil
		}
		if !errors.Is(err, ErrFenced) {
			return err
		}
		r.c.Log.Warn("fenced by a newer owner: joining again", "error", err)
		if !r.pause(ctx, attempt) {
			return nil
		}
	}
}

// own runs one partition for the length of a generation.
func (r *Runner) own(ctx context.Context, part Partition) error {
	o, err := r.take(ctx, part)
	if err != nil || o == nil {
		return err
	}
	o.beatSite.Store(nil)
	r.c.Metrics.owned(part.ID(), o.epoch, o.p)
	r.owned.Add(1)
	err = o.run(ctx, part)
	r.owned.Add(-1)
	r.c.Metrics.left(part.ID(), o.p)
	switch {
	case errors.Is(err, ErrFenced):
		r.c.Metrics.Fenced.Inc()
		return err
	case err == nil:
		r.keep(part.ID(), o)
		return nil
	}
	return err
}

// keptFor is how long an owner waits for its partition to come back. A rebalance takes seconds; what has gone to
// another process for good must not fill the memory of this one.
const keptFor = time.Minute

// Owned is the number of partitions that are loaded and run.
func (r *Runner) Owned() int { return int(r.owned.Load()) }

// keep holds an owner ready for the next generation.
func (r *Runner) keep(partition int32, o *owner) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.kept[partition] = o
	time.AfterFunc(keptFor, func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.kept[partition] == o { // one that has come back and gone again is loaded anew at worst
			delete(r.kept, partition)
		}
	})
}

// keepUnasked holds an owner ready whose epoch could not be asked for in this generation.
func (r *Runner) keepUnasked(partition int32, o *owner) {
	if o != nil {
		r.keep(partition, o)
	}
}

// take returns the owner of the partition: the one of a generation before if nobody else has owned it
// since, else a new one from what is stored. It is nil when ctx ended.
func (r *Runner) take(ctx context.Context, part Partition) (*owner, error) {
	id := part.ID()
	r.mu.Lock()
	o := r.kept[id]
	delete(r.kept, id)
	r.mu.Unlock()
	r.c.Metrics.Recovering.Inc()
	defer r.c.Metrics.Recovering.Dec()
	log := r.c.Log.With("partition", id)
	for attempt := 0; ; attempt++ {
		var err error
		if o != nil {
			var epoch int64
			if epoch, err = r.c.Store.Epoch(ctx, id); err == nil {
				if epoch == o.epoch {
					return o, nil
				}
				o = nil
				continue
			}
		} else if o, err = r.load(ctx, part); err == nil {
			return o, nil
		}
		if ctx.Err() != nil {
			r.keepUnasked(id, o)
			return nil, nil
		}
		if errors.Is(err, errState) {
			r.block(ctx, id, err)
			return nil, nil
		}
		log.Warn("partition cannot be loaded yet", "error", err)
		if !r.pause(ctx, attempt) {
			r.keepUnasked(id, o)
			return nil, nil
		}
	}
}

// errState says that what is stored of a partition cannot be read by this release.
var errState = errors.New("stream: stored state")

// load makes the partition ours. The generation is checked before and after the epoch is raised: a
// member that was away must not fence the one that has taken over.
func (r *Runner) load(ctx context.Context, part Partition) (*owner, error) {
	began := time.Now()
	if err := part.Alive(ctx); err != nil {
		return nil, fmt.Errorf("stream: generation of partition %d: %w", part.ID(), err)
	}
	snapshot, err := r.c.Store.Load(ctx, part.ID())
	if err != nil {
		return nil, err
	}
	if err := part.Alive(ctx); err != nil {
		return nil, fmt.Errorf("stream: generation of partition %d: %w", part.ID(), err)
	}
	read := time.Since(began)
	r.c.Metrics.recovered(part.ID(), phaseRead, read)
	r.c.Log.Info("states read", "partition", part.ID(), "skus", snapshot.skus(), "bytes", snapshot.bytes(), "seconds", read.Seconds())
	config := r.c.Processor
	config.Partition = part.ID()
	p, err := New(config, snapshot)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errState, err)
	}
	o := newOwner(r, part.ID(), snapshot, p)
	r.c.Metrics.recovered(part.ID(), phaseDecode, time.Since(began)-read)
	r.c.Metrics.loaded(part.ID(), time.Since(began))
	r.c.Log.Info("partition loaded", "partition", part.ID(), "epoch", snapshot.Epoch, "offset", p.Next(),
		"sites", len(snapshot.Sites), "skus", snapshot.skus(), "seconds", time.Since(began).Seconds())
	return o, nil
}

// block holds a partition that cannot go on by itself until it is reassigned.
func (r *Runner) block(ctx context.Context, partition int32, cause error) {
	blocked := r.c.Metrics.Blocked.WithLabelValues(label(partition))
	blocked.Set(1)
	defer blocked.Set(0)
	ticker := time.NewTicker(time.Minute)
	defer ticker.Stop()
	for {
		r.c.Log.Error("partition stopped: it needs a person", "partition", partition, "error", cause)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// Waits between attempts grow from firstPause to lastPause, with jitter.
const (
	firstPause = 50 * time.Millisecond
	lastPause  = 5 * time.Second
)

// pause waits before another attempt; false when ctx ended.
func (r *Runner) pause(ctx context.Context, attempt int) bool {
	wait := min(firstPause<<min(attempt, 10), lastPause)
	timer := time.NewTimer(wait/2 + r.c.Jitter(wait))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
