package stream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"drumbeat/schemas"
)

func (o *owner) solve(ctx context.Context, job *Job) Outcome {
	began := time.Now()
	out := o.r.c.Solve(ctx, job)
	o.r.c.Metrics.solve(out, time.Since(began))
	return out
}

// startJobs hands due problems to the solvers. While plans cannot be saved or published, none is made.
func (o *owner) startJobs(ctx context.Context, group *sync.WaitGroup) {
	for o.recalled && o.outbox.unsentRevisions() <= mostUnsent && !o.p.Behind() {
		job := o.p.jobUntil(ctx)
		if job == nil {
			return
		}
		o.solving++
		group.Go(func() { o.solved <- solved{job, o.solve(ctx, job)} })
	}
}

// planned gives an outcome to the Processor. One that was cut off by the end of the generation is
// no failure of the plan: its change is pending again.
func (o *owner) planned(s solved) {
	o.solving--
	if errors.Is(s.out.Err, context.Canceled) {
		o.p.Withdraw(s.job)
		return
	}
	o.p.Planned(s.job, s.out)
	if s.out.Err == nil {
		o.failures = 0
		return
	}
	o.failures++
	o.ended, o.retryAt = false, time.Now().Add(retryAfter(o.failures))
}

// unpublished is the number of entries for the outbox in memory, saved or not.
func (o *owner) unpublished() int {
	n := o.outbox.waiting() + len(o.p.outbox)
	if o.saving != nil {
		n += len(o.saving.Outbox)
	}
	return n
}

func (o *owner) saveDue() bool {
	return o.p.HasRevisions() || o.p.Weight() >= saveWeight || time.Since(o.lastSave) >= o.r.c.SaveEvery
}

// withdraw waits for the jobs that are out; their context has ended.
func (o *owner) withdraw() {
	for o.solving > 0 {
		o.planned(<-o.solved)
	}
}

// inline solves the jobs that are due now and saves their plans, until ctx ends.
func (o *owner) inline(ctx context.Context, part Partition) error {
	if err := o.awaitModels(ctx); err != nil {
		return err
	}
	for {
		if err := o.outbox.room(ctx); err != nil {
			return err
		}
		job := o.p.jobUntil(ctx)
		if job == nil {
			return ctx.Err() // what was due may still be
		}
		o.solving++
		o.planned(solved{job, o.solve(ctx, job)})
		if err := o.awaitSave(ctx, part); err != nil {
			return err
		}
		if err := ctx.Err(); err != nil { // a save that was cut off is left to flush
			return err
		}
		if o.saving = o.p.Ready(); o.saving != nil {
			if err := o.save(ctx, o.saving); err != nil {
				return err
			}
			o.wasSaved(ctx, part)
		}
	}
}

// startSave saves what is due beside the work.
func (o *owner) startSave(ctx context.Context, group *sync.WaitGroup) {
	if o.saves != nil {
		return
	}
	if o.saving == nil { // else it is left of the generation before
		if !o.saveDue() {
			return
		}
		if o.saving = o.p.Ready(); o.saving == nil {
			return
		}
	}
	b, done := o.saving, make(chan error, 1)
	o.saves = done
	group.Go(func() { done <- o.save(ctx, b) })
}

// errNotSaved says that the generation has ended, and the store has not answered as it should.
var errNotSaved = errors.New("stream: the store failed")

// save writes a batch, and again until it is written or the partition is no longer ours.
func (o *owner) save(ctx context.Context, b *Batch) error {
	began := time.Now()
	if o.ending.Load() && o.failing.Load() {
		return errNotSaved
	}
	for attempt := 0; ; attempt++ {
		err := o.r.c.Store.Save(ctx, o.partition, o.epoch, b)
		if err == nil || ctx.Err() == nil { // one that was cut off says nothing
			o.failing.Store(err != nil)
		}
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
		if o.ending.Load() {
			return fmt.Errorf("%w: %w", errNotSaved, err)
		}
		if !o.r.pause(ctx, attempt) {
			return ctx.Err()
		}
	}
}

// awaitSave waits for the save that runs.
func (o *owner) awaitSave(ctx context.Context, part Partition) error {
	if o.saves == nil {
		return nil
	}
	return o.endSave(ctx, part, <-o.saves)
}

// endSave takes what came of a save. A batch that was cut off stays to be saved.
func (o *owner) endSave(ctx context.Context, part Partition, err error) error {
	o.saves = nil
	if err == nil {
		o.wasSaved(ctx, part)
	}
	if errors.Is(err, ErrFenced) {
		return err
	}
	return nil
}

// wasSaved follows a save: publish, and move the group offset.
func (o *owner) wasSaved(ctx context.Context, part Partition) {
	b := o.saving
	o.saving = nil
	o.lastSave = time.Now()
	o.p.Advance(b)
	o.outbox.add(b)
	o.r.c.Metrics.saved(o.partition, b, o.p, o.r.c.Now())
	for i := range b.Revisions {
		o.logPlan(&b.Revisions[i])
	}
	if o.r.c.Saved != nil {
		o.r.c.Saved(o.partition, b)
	}
	if err := part.Commit(ctx, b.Next); err != nil && ctx.Err() == nil {
		o.r.c.Log.Debug("group offset not committed", "partition", o.partition, "error", err)
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
