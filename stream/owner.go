package stream

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// owner is the one goroutine that owns a partition, and the Processor with it. It outlives the
// generation it was made in when the partition comes back.
type owner struct {
	r         *Runner
	partition int32
	epoch     int64
	p         *Processor
	outbox    *outbox
	models    chan []Page // saved ones, as they are read
	recalled  bool        // all of them have been

	solved   chan solved
	solving  int         // jobs that are out
	saving   *Batch      // a batch that is not saved yet; nil: none
	saves    chan error  // what comes of the save that runs; nil: none runs
	failing  atomic.Bool // the newest attempt to save failed
	ending   atomic.Bool // the generation has ended: a save is tried once, and not where it would fail
	lastSave time.Time
	idle     time.Time              // since when the log has been at its end; zero: it is not
	behind   time.Time              // when the newest record was written that was read; zero: it is the last one
	ended    bool                   // the end of the input has been told
	beatSite atomic.Pointer[string] // where heartbeats are addressed to; nil: nowhere yet
	failures int                    // solves that failed in a row
	retryAt  time.Time              // when the end of the input may be told again after them
}

type solved struct {
	job *Job
	out Outcome
}

// Limits of what an owner holds in memory beyond its state.
const (
	fetchBytes  = 1 << 20 // of one fetch
	saveWeight  = 20_000  // changed SKUs, rows and letters that make a save due; see Processor.Weight
	mostWeight  = 100_000 // beyond which reading waits for the save
	mostPending = 20_000  // entries of the outbox, beyond which reading waits for the publisher
	mostUnsent  = 3       // unsent revisions, beyond which planning waits
	tickEvery   = 250 * time.Millisecond
	foldFor     = 100 * time.Millisecond // of one turn: a fetch is folded in as many as it takes
	flushWithin = 5 * time.Second        // at the end of a generation
)

func newOwner(r *Runner, partition int32, snapshot *Snapshot, p *Processor) *owner {
	return &owner{
		r: r, partition: partition, epoch: snapshot.Epoch, p: p,
		outbox: newOutbox(r, partition, snapshot, p), solved: make(chan solved),
	}
}

// run owns the partition until ctx ends (nil), another owner takes it (ErrFenced), or it cannot go on.
// All goroutines that it starts have ended when it returns.
func (o *owner) run(ctx context.Context, part Partition) error {
	ctx, cancel := context.WithCancel(ctx)
	var group sync.WaitGroup
	defer group.Wait()
	defer o.withdraw()
	defer cancel()
	records, stopFetch := o.startFetch(ctx, &group, part)
	published := make(chan error, 1)
	group.Go(func() { published <- o.outbox.run(ctx) })

	if o.r.c.Heartbeat > 0 {
		group.Go(func() { o.heart(ctx) })
	}
	if !o.recalled {
		o.models = make(chan []Page)
		models, skus := o.models, o.p.skus()
		group.Go(func() { o.recall(ctx, skus, models) })
	}

	rest := make(chan Fetched, 1) // of what was fetched, before anything else is
	ticker := time.NewTicker(tickEvery)
	defer ticker.Stop()
	for ctx.Err() == nil {
		o.tick()
		o.startJobs(ctx, &group)
		o.startSave(ctx, &group)
		input := records
		if len(rest) > 0 {
			input = rest
		}
		if o.p.Weight() > mostWeight || o.unpublished() > mostPending {
			input = nil // and the fetch, which is one answer ahead
		}
		models := o.models
		if o.recalled {
			models = nil
		}
		var err error
		select {
		case <-ctx.Done():
		case <-ticker.C:
		case f, ok := <-input:
			if !ok {
				records = nil // what stopped it has been told
				continue
			}
			err = o.step(ctx, part, f, rest)
			if errors.Is(err, errBack) {
				stopFetch()
				records, stopFetch = o.startFetch(ctx, &group, part)
				err = nil
			}
			if errors.Is(err, ErrNewerVersion) {
				// What was read before is still saved and planned.
				cause := err
				records, err = nil, nil
				group.Go(func() { o.r.block(ctx, o.partition, cause) })
			}
		case s := <-o.solved:
			o.planned(s)
		case list := <-models:
			o.takeModels(list)
		case err = <-o.saves:
			err = o.endSave(ctx, part, err)
		case err = <-published:
			if err == nil {
				published = nil // it ends with ctx
			}
		}
		if err != nil && ctx.Err() == nil {
			return err
		}
	}
	return o.flush(ctx, part)
}

// tick tells the Processor the time before anything else, so that what is folded next is dated by it also
// where the owner was held up.
func (o *owner) tick() {
	o.p.Tick(o.r.c.Now())
	o.endOfInput()
	o.r.c.Metrics.ticked(o.partition, o.p, o.behind)
	if site := o.p.beatSite(); site != "" && o.beatSite.Load() == nil {
		o.beatSite.Store(&site)
	}
}

// startFetch fetches from where the Processor is, until ctx ends or stop is called.
func (o *owner) startFetch(ctx context.Context, group *sync.WaitGroup, part Partition) (records <-chan Fetched, stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	out := make(chan Fetched)
	next, known := o.p.Next(), o.p.known
	group.Go(func() { o.fetch(ctx, part, next, known, out) })
	return out, func() {
		cancel()
		for range out { // until the fetch has ended
		}
	}
}

// errBack says that the Processor goes back in the log.
var errBack = errors.New("stream: back in the log")

// fetch reads ahead by one answer, so that memory is bounded by what the owner takes. known says that
// the partition has been saved before: its offset must then be in the log.
func (o *owner) fetch(ctx context.Context, part Partition, offset int64, known bool, out chan<- Fetched) {
	defer close(out)
	for attempt := 0; ; {
		f, err := part.Fetch(ctx, offset, fetchBytes)
		var outside *OffsetError
		switch {
		case ctx.Err() != nil:
			return
		case errors.As(err, &outside) && !known && offset < outside.First:
			offset = outside.First // the first start, on a log whose beginning has expired
			continue
		case errors.Is(err, ErrOffsetOutOfRange):
			o.r.block(ctx, o.partition, fmt.Errorf("%w: see drumbeat topics check", err))
			return
		case err != nil:
			o.r.c.Log.Warn("fetch failed", "partition", o.partition, "offset", offset, "error", err)
			if !o.r.pause(ctx, attempt) {
				return
			}
			attempt++
			continue
		}
		attempt, offset = 0, f.Next
		select {
		case out <- f:
		case <-ctx.Done():
			return
		}
	}
}

// step folds what was fetched, and leaves as rest what takes longer than a turn: a save may be due, or the generation over.
// A plan that is due before a record (event clock) is solved and saved in line, so that the run is deterministic and memory
// is bounded.
func (o *owner) step(ctx context.Context, part Partition, f Fetched, rest chan<- Fetched) error {
	o.r.c.Metrics.lag(o.partition, f.End-f.Next)
	if f.Next >= f.End {
		o.behind = time.Time{}
	} else if len(f.Records) > 0 {
		o.behind = f.Newest
	}
	if len(f.Records) == 0 {
		if o.idle.IsZero() && f.Next >= f.End {
			o.idle = time.Now()
		}
		return nil
	}
	idle, ended, beats, began := o.idle, o.ended, o.p.beats, o.r.c.Now()
	o.idle, o.ended = time.Time{}, false
	for i := range f.Records {
		if i > 0 && o.r.c.Now().Sub(began) >= foldFor {
			f.Records = f.Records[i:]
			o.r.c.Metrics.lag(o.partition, f.End-o.p.Next())
			rest <- f
			return nil
		}
		if ctx.Err() != nil {
			return nil // what is left is read again: a member that folds on would miss the next generation
		}
		for {
			done, err := o.p.Step(f.Records[i])
			if err != nil {
				return err
			}
			if done {
				break
			}
			if err := o.inline(ctx, part); err != nil {
				return err
			}
		}
		if o.p.Next() <= f.Records[i].Offset {
			return errBack
		}
	}
	if o.p.beats-beats == int64(len(f.Records)) {
		o.idle, o.ended = idle, ended // heartbeats are no input
	}
	return nil
}

// endOfInput tells event-clock sites that the log has been at its end for a while, again where a solve failed:
// their clock stands still, so nothing else would make its plan due.
func (o *owner) endOfInput() {
	if o.r.c.Quiet < 0 || o.ended || o.idle.IsZero() || time.Since(o.idle) < o.r.c.Quiet || time.Now().Before(o.retryAt) {
		return
	}
	o.ended = true
	o.p.EndOfInput()
}

// flush ends a generation: what is being saved is waited for, and what is left is saved, under a
// deadline of its own and unless the store fails: the group waits for it. What is not saved goes on in memory if the
// partition comes back, and is read again from the log where it has another owner.
func (o *owner) flush(ctx context.Context, part Partition) error {
	o.withdraw()
	o.ending.Store(true)
	defer o.ending.Store(false)
	late, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushWithin)
	defer cancel()
	for {
		if err := o.awaitSave(late, part); err != nil {
			return o.unflushed(err)
		}
		if o.saving == nil {
			if o.saving = o.p.Ready(); o.saving == nil {
				return nil
			}
		}
		if err := o.save(late, o.saving); err != nil {
			return o.unflushed(err)
		}
		o.wasSaved(late, part)
	}
}

// unflushed says that the state in memory is ahead of what is stored, which holds no one up: the epoch says whether it
// is still the newest.
func (o *owner) unflushed(err error) error {
	if errors.Is(err, ErrFenced) {
		return err
	}
	o.r.c.Log.Warn("state not flushed: it is saved when the partition comes back, else read again", "partition", o.partition, "error", err)
	return nil
}
