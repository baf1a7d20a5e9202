package kafka

import (
	"context"
	"errors"
	"time"

	"golang.org/x/sync/errgroup"

	"drumbeat/stream"
)

// forwarder forwards one input partition for the length of one generation.
type forwarder struct {
	in        *Intake
	gen       *generation
	topic     string
	partition int32
	targets   int // partitions of drumbeat.events

	committed time.Time
	next      int64 // what to commit, < 0: nothing new
}

func newForwarder(in *Intake, gen *generation, topic string, partition int32, targets int) *forwarder {
	return &forwarder{
		in: in, gen: gen, topic: topic, partition: partition, targets: targets,
		next: -1,
	}
}

// Limits of a forwarder.
const (
	// commitEvery bounds what arrives twice after a crash while records keep coming.
	commitEvery = 250 * time.Millisecond
	// finish is how long the batch in hand may still take when the generation ends.
	finish = 5 * time.Second
)

// run reads ahead by one fetch while it forwards the one before.
func (f *forwarder) run(ctx context.Context, offset int64, fetchBytes int) error {
	if offset < 0 { // nothing was ever committed
		err := f.in.c.retry(ctx, "first input offset", func() (err error) {
			offset, _, err = f.in.c.ends(ctx, f.topic, f.partition)
			return err
		})
		if err != nil {
			return ended(ctx, err)
		}
	}
	defer f.in.metrics.release(f.topic, f.partition)
	reading, stop := context.WithCancel(ctx)
	ahead := make(chan stream.Fetched)
	var all errgroup.Group
	all.Go(func() error {
		defer close(ahead)
		return f.read(reading, offset, fetchBytes, ahead)
	})
	all.Go(func() error {
		defer stop()
		return f.forwardAll(ctx, ahead)
	})
	return all.Wait()
}

// read fetches until ctx ends or the log has nothing to offer at offset.
func (f *forwarder) read(ctx context.Context, offset int64, fetchBytes int, ahead chan<- stream.Fetched) error {
	for {
		var got stream.Fetched
		err := f.in.c.retry(ctx, "fetching input", func() (err error) {
			got, err = f.in.c.fetch(ctx, f.topic, f.partition, offset, fetchBytes)
			return err
		})
		if err != nil {
			return ended(ctx, err)
		}
		offset = got.Next
		select {
		case ahead <- got:
		case <-ctx.Done():
			return nil
		}
	}
}

// forwardAll forwards what was read, and commits now and then, when nothing comes, and at the end. The
// batch in hand is finished after ctx has ended, because a batch that is cut off arrives twice.
func (f *forwarder) forwardAll(ctx context.Context, ahead <-chan stream.Fetched) error {
	sending, stop := grace(ctx, finish)
	defer stop()
	for got := range ahead {
		if err := f.forward(sending, got.Records); err != nil {
			return errors.Join(ended(sending, err), f.commit(ctx))
		}
		f.in.metrics.lag(f.topic, f.partition, &got)
		f.next = got.Next
		if len(got.Records) == 0 || time.Since(f.committed) >= commitEvery {
			if err := f.commit(ctx); err != nil {
				return err
			}
		}
	}
	return f.commit(ctx)
}

// commit stores how far the partition was forwarded. A failure that may heal is left to the next commit:
// if the coordinator stays away, the generation ends.
func (f *forwarder) commit(ctx context.Context) error {
	if f.next < 0 {
		return nil
	}
	f.committed = time.Now()
	err := f.gen.commit(f.topic, f.partition, f.next)
	switch {
	case err == nil:
		f.next = -1
	case ctx.Err() == nil && permanent(err):
		return err
	default:
		f.in.c.log.Warn("kafka: input offset not committed", "topic", f.topic, "partition", f.partition, "next", f.next, "error", err)
	}
	return nil
}

// grace returns a context that lives d longer than ctx, or until stop.
func grace(ctx context.Context, d time.Duration) (longer context.Context, stop context.CancelFunc) {
	longer, cancel := context.WithCancel(context.WithoutCancel(ctx))
	unhook := context.AfterFunc(ctx, func() {
		_ = sleep(longer, d) // ended early by stop: the same
		cancel()
	})
	return longer, func() { unhook(); cancel() }
}
