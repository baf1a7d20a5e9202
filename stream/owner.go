package stream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"drumbeat/schemas"
)

// owner is the one goroutine that owns a partition, and the Processor with it. It outlives the
// generation it was made in when the partition comes back.
type owner struct {
	r         *Runner
	partition int32
	epoch     int64
	p         *Processor
	outbox    *outbox

	solved   chan solved
	solving  int
	lastSave time.Time
	idle     time.Time // since when the log has been at its end; zero: it is not
	ended    bool      // the end of the input has been told
}

type solved struct {
	job *Job
	out Outcome
}

// Limits of what an owner holds in memory beyond its state.
const (
	fetchBytes  = 1 << 20 // of one fetch
	saveWeight  = 20_000  // changed SKUs, rows and letters that make a save due
	mostWeight  = 100_000 // beyond which reading waits for the save
	mostUnsent  = 3       // unsent revisions, beyond which planning waits
	tickEvery   = 250 * time.Millisecond
	flushWithin = 5 * time.Second // at the end of a generation
)

func newOwner(r *Runner, partition int32, snapshot *Snapshot, p *Processor) *owner {
	return &owner{
		r: r, partition: partition, epoch: snapshot.Epoch, p: p,
		outbox: newOutbox(r, partition, snapshot, p), solved: make(chan solved, 1),
	}
}

// run owns the partition until ctx ends (nil), another owner takes it (ErrFenced), or it cannot go on.
func (o *owner) run(ctx context.Context, part Partition) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	records := make(chan Fetched)
	go o.fetch(ctx, part, o.p.Next(), records)
	published := make(chan error, 1)
	go func() { published <- o.outbox.run(ctx) }()
	defer func() { cancel(nil); <-published }()

	ticker := time.NewTicker(tickEvery)
	defer ticker.Stop()
	o.p.Tick(time.Now())
	saved := make(chan error, 1)
	var saving *Batch
	for {
		o.startJobs(ctx)
		if saving == nil && o.saveDue() {
			if saving = o.p.Ready(); saving != nil {
				go func(b *Batch) { saved <- o.save(ctx, b) }(saving)
			}
		}
		input := records
		if o.p.Weight() > mostWeight {
			input = nil
		}
		select {
		case <-ctx.Done():
			if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) && !errors.Is(cause, context.DeadlineExceeded) {
				return cause
			}
			return o.flush(ctx, saving, saved)
		case f, ok := <-input:
			if !ok {
				return o.stopped(ctx)
			}
			if err := o.step(ctx, f, &saving, saved); err != nil {
				if ctx.Err() != nil {
					continue
				}
				if errors.Is(err, ErrNewerVersion) {
					o.r.block(ctx, o.partition, err)
					continue
				}
				return err
			}
		case s := <-o.solved:
			o.solving--
			o.planned(s)
		case err := <-saved:
			if err != nil {
				return err
			}
			o.saved(ctx, part, saving)
			saving = nil
		case err := <-published:
			published <- nil
			if err != nil {
				return err
			}
		case now := <-ticker.C:
			o.p.Tick(now)
			o.endOfInput(now)
		}
	}
}

// fetch reads ahead by one answer, so that memory is bounded by what the owner takes.
func (o *owner) fetch(ctx context.Context, part Partition, offset int64, out chan<- Fetched) {
	defer close(out)
	for attempt := 0; ; {
		f, err := part.Fetch(ctx, offset, fetchBytes)
		switch {
		case ctx.Err() != nil:
			return
		case errors.Is(err, ErrOffsetOutOfRange) && offset == 0 && o.p.Saved() == 0 && f.First > 0:
			// The first start on a log whose beginning has expired.
			offset = f.First
			continue
		case errors.Is(err, ErrOffsetOutOfRange):
			o.r.block(ctx, o.partition, fmt.Errorf("%w: see drumbeat topics check", err))
			return
		case err != nil:
			o.r.c.Log.Warn("fetch failed", "partition", o.partition, "offset", offset, "error", err)
			if !pause(ctx, attempt) {
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

// stopped waits for the end of a generation whose fetch has ended.
func (o *owner) stopped(ctx context.Context) error {
	<-ctx.Done()
	return o.flush(ctx, nil, nil)
}

// step folds what was fetched. A plan that is due before a record (event clock) is solved and saved in
// line, so that the run is deterministic and memory is bounded.
func (o *owner) step(ctx context.Context, f Fetched, saving **Batch, saved chan error) error {
	o.r.c.Metrics.lag(o.partition, f.End-f.Next)
	if len(f.Records) == 0 {
		if o.idle.IsZero() && f.Next >= f.End {
			o.idle = time.Now()
		}
		return nil
	}
	o.idle, o.ended = time.Time{}, false
	for i := range f.Records {
		for {
			done, err := o.p.Step(f.Records[i])
			if err != nil {
				return err
			}
			if done {
				break
			}
			if err := o.inline(ctx, saving, saved); err != nil {
				return err
			}
		}
	}
	return nil
}

// inline solves the jobs that are due now and saves their plans.
func (o *owner) inline(ctx context.Context, saving **Batch, saved chan error) error {
	for {
		if err := o.outbox.room(ctx); err != nil {
			return err
		}
		job := o.p.Job()
		if job == nil {
			return nil
		}
		o.planned(solved{job, o.solve(ctx, job)})
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if *saving != nil {
			if err := <-saved; err != nil {
				return err
			}
			o.saved(ctx, nil, *saving)
			*saving = nil
		}
		if b := o.p.Ready(); b != nil {
			if err := o.save(ctx, b); err != nil {
				return err
			}
			o.saved(ctx, nil, b)
		}
	}
}

func (o *owner) solve(ctx context.Context, job *Job) Outcome {
	began := time.Now()
	out := o.r.c.Solve(ctx, job)
	o.r.c.Metrics.solve(out, time.Since(began))
	return out
}

// startJobs hands due problems to the solvers. While plans cannot be published, none is made.
func (o *owner) startJobs(ctx context.Context) {
	for o.outbox.unsentRevisions() <= mostUnsent {
		job := o.p.Job()
		if job == nil {
			return
		}
		o.solving++
		go func() {
			s := solved{job, o.solve(ctx, job)}
			o.solved <- s
		}()
	}
}

// planned gives an outcome to the Processor. One that was cut off by the end of the generation is
// no failure of the plan: its change is pending again.
func (o *owner) planned(s solved) {
	if errors.Is(s.out.Err, context.Canceled) {
		o.p.Withdraw(s.job)
		return
	}
	o.p.Planned(s.job, s.out)
}

func (o *owner) saveDue() bool {
	return o.p.HasRevisions() || o.p.Weight() >= saveWeight || time.Since(o.lastSave) >= o.r.c.SaveEvery
}

// save writes a batch, and again until it is written or the partition is no longer ours.
func (o *owner) save(ctx context.Context, b *Batch) error {
	began := time.Now()
	for attempt := 0; ; attempt++ {
		err := o.r.c.Store.Save(ctx, o.partition, o.epoch, b)
		var claim *ClaimError
		switch {
		case err == nil:
			o.r.c.Metrics.save(b, time.Since(began))
			return nil
		case errors.Is(err, ErrFenced):
			return err
		case errors.As(err, &claim):
			// Reload with the claim known: the site's records then become dead letters.
			return fmt.Errorf("%w: %w", ErrFenced, claim)
		case ctx.Err() != nil:
			return ctx.Err()
		}
		o.r.c.Metrics.SaveFailures.Inc()
		o.r.c.Log.Warn("save failed", "partition", o.partition, "attempt", attempt+1, "error", err)
		if !pause(ctx, attempt) {
			return ctx.Err()
		}
	}
}

// saved follows a save: publish, and move the group offset.
func (o *owner) saved(ctx context.Context, part Partition, b *Batch) {
	o.lastSave = time.Now()
	o.p.Advance(b)
	o.outbox.add(b)
	o.r.c.Metrics.saved(o.partition, b, o.p)
	for i := range b.Revisions {
		o.logPlan(&b.Revisions[i])
		if since := b.Revisions[i].Since; !since.IsZero() {
			o.r.c.Metrics.ToPlan.Observe(time.Since(since).Seconds())
		}
	}
	if o.r.c.Saved != nil {
		o.r.c.Saved(o.partition, b)
	}
	if part != nil {
		if err := part.Commit(ctx, b.Next); err != nil && ctx.Err() == nil {
			o.r.c.Log.Debug("group offset not committed", "partition", o.partition, "error", err)
		}
	}
}

func (o *owner) logPlan(r *Revision) {
	var h schemas.Head
	if err := json.Unmarshal(r.Head, &h); err != nil {
		o.r.c.Log.Error("head cannot be read", "site", r.Site, "revision", r.Revision, "error", err)
		return
	}
	o.r.c.Log.Info("plan", "site", r.Site, "revision", r.Revision, "status", r.Status, "cause", h.Cause.Trigger,
		"cost", h.Cost.Total, "short", h.ShortageTotal.Float(), "lines", h.Lines, "changed", h.ChangedLines)
	o.r.c.Metrics.plan(&h)
}

// endOfInput tells event-clock sites that the log has been at its end for a while.
func (o *owner) endOfInput(now time.Time) {
	if o.r.c.Quiet < 0 || o.ended || o.idle.IsZero() || now.Sub(o.idle) < o.r.c.Quiet {
		return
	}
	o.ended = true
	o.p.EndOfInput()
}

// flush ends a generation: what is being saved is waited for, and what is left is saved, under a
// deadline of its own. What cannot be saved now is read again from the log later.
func (o *owner) flush(ctx context.Context, saving *Batch, saved chan error) error {
	for ; o.solving > 0; o.solving-- {
		o.planned(<-o.solved)
	}
	late, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushWithin)
	defer cancel()
	if saving != nil {
		if err := <-saved; err != nil {
			if errors.Is(err, ErrFenced) {
				return err
			}
			if err := o.save(late, saving); err != nil {
				return o.unflushed(err)
			}
		}
		o.saved(late, nil, saving)
	}
	if b := o.p.Ready(); b != nil {
		if err := o.save(late, b); err != nil {
			return o.unflushed(err)
		}
		o.saved(late, nil, b)
	}
	return nil
}

// unflushed says that the state in memory is ahead of what is stored: it must not be kept.
func (o *owner) unflushed(err error) error {
	if errors.Is(err, ErrFenced) {
		return err
	}
	o.r.c.Log.Warn("state not flushed; it will be read again", "partition", o.partition, "error", err)
	return errUnflushed
}

// errUnflushed makes the runner forget an owner without leaving the group.
var errUnflushed = errors.New("stream: state not flushed")
