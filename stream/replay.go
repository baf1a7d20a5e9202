package stream

import "context"

// Replay drives a Processor over a log in event time: a plan that is due is solved before the next
// record, so the same input gives the same plans, byte for byte.
type Replay struct {
	Processor *Processor
	Solve     func(ctx context.Context, job *Job) Outcome
	// Save takes every batch, in order; nil: they are dropped.
	Save func(b *Batch) error
	// Every is the number of records between two batches without a plan; 0: 10,000.
	Every int

	since int
}

// Record folds one record and plans what is due before it.
func (r *Replay) Record(ctx context.Context, rec Record) error {
	for {
		done, err := r.Processor.Step(rec)
		if err != nil {
			return err
		}
		if done {
			break
		}
		if err := r.plan(ctx); err != nil {
			return err
		}
	}
	every := r.Every
	if every <= 0 {
		every = 10_000
	}
	if r.since++; r.since < every {
		return nil
	}
	return r.save()
}

// End plans with what is there: no more records come.
func (r *Replay) End(ctx context.Context) error {
	r.Processor.EndOfInput()
	if err := r.plan(ctx); err != nil {
		return err
	}
	return r.save()
}

func (r *Replay) plan(ctx context.Context) error {
	for {
		job := r.Processor.Job()
		if job == nil {
			return nil
		}
		out := r.Solve(ctx, job)
		if err := ctx.Err(); err != nil {
			return err
		}
		r.Processor.Planned(job, out)
		if err := r.save(); err != nil {
			return err
		}
	}
}

func (r *Replay) save() error {
	r.since = 0
	b := r.Processor.Ready()
	if b == nil {
		return nil
	}
	if r.Save != nil {
		if err := r.Save(b); err != nil {
			return err
		}
	}
	r.Processor.Advance(b)
	return nil
}
