package stream

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"drumbeat/schemas"
)

// outbox publishes what a partition has saved: entries in the order of their sequence, a revision's
// lines before its head, and then reads the plans topic back until it has seen the head. Only then is
// the entry deleted.
//
// The owner has the last word on the compacted topic: a record of an older revision that follows ours
// (a paused former owner, a late retry) is overwritten with the newest message of its key.
type outbox struct {
	r         *Runner
	partition int32
	epoch     int64

	mu        sync.Mutex
	wake      chan struct{} // closed and replaced when something changed
	pending   []OutboxEntry // saved and not yet confirmed, in order
	under     []underway    // what arrives when pending is confirmed
	revisions int           // of pending
	backlog   bool          // the store may hold entries that are not in pending: of an earlier owner, or run
	left      int           // revisions that the backlog had when it was looked at last
	fenced    bool          // another owner publishes
	followed  map[int]*followed
	newest    map[string]int64                  // by key of the plans topic: newest revision that we have saved
	repairs   map[string]map[string]overwritten // by site and SKU, "" for the head
}

func newOutbox(r *Runner, partition int32, snapshot *Snapshot, p *Processor) *outbox {
	b := &outbox{
		r: r, partition: partition, epoch: snapshot.Epoch, wake: make(chan struct{}),
		followed: map[int]*followed{}, newest: map[string]int64{}, repairs: map[string]map[string]overwritten{},
	}
	for i := range snapshot.Sites {
		back := snapshot.Sites[i].ReadBack
		if s := p.sites[snapshot.Sites[i].Name]; s.Revision > 0 {
			f := b.follow(s.name)
			if len(f.confirms) == 0 || back.Next < f.next {
				f.next = back.Next // -1, the beginning, where nothing has been read back yet
			}
			f.holds[s.name] = back.Next
			f.confirms[s.name] = back.Revision
			b.newest[s.name], f.seen[s.name] = s.Revision, back.Revision
			for _, k := range s.skus {
				key := schemas.PlanKey(s.name, k.name)
				if b.newest[key] = k.lineRevision; k.lineRevision <= back.Revision {
					f.seen[key] = k.lineRevision
				}
			}
		}
	}
	return b
}

// add takes over the entries of a batch that was saved.
func (b *outbox) add(batch *Batch) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range batch.Revisions {
		r := &batch.Revisions[i]
		f := b.follow(r.Site)
		if f.confirms[r.Site] >= b.newest[r.Site] {
			f.holds[r.Site] = f.next
		}
		b.newest[r.Site] = r.Revision
		for j := range r.Lines {
			b.newest[schemas.PlanKey(r.Site, r.Lines[j].SKU)] = r.Revision
		}
	}
	for _, e := range batch.Outbox {
		b.pending = append(b.pending, e)
		if e.Revision > 0 {
			b.revisions++
		}
	}
	b.depart(batch)
	b.r.c.Metrics.PublishBacklog.WithLabelValues(label(b.partition)).Set(float64(b.revisions))
	b.notify()
}

// notify wakes who waits; the caller holds mu.
func (b *outbox) notify() {
	close(b.wake)
	b.wake = make(chan struct{})
}

func (b *outbox) unsentRevisions() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return max(b.revisions, b.left)
}

// waiting is the number of entries that are kept here.
func (b *outbox) waiting() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.pending)
}

// room waits until another plan may be made. ErrFenced: nothing is published here any more.
func (b *outbox) room(ctx context.Context) error {
	for {
		b.mu.Lock()
		n, wake, fenced := max(b.revisions, b.left), b.wake, b.fenced
		b.mu.Unlock()
		switch {
		case n <= mostUnsent:
			return nil
		case fenced:
			return ErrFenced
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-wake:
		}
	}
}

// run publishes until ctx ends (nil) or the partition is no longer ours (ErrFenced).
func (b *outbox) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	var group sync.WaitGroup
	defer group.Wait()
	defer cancel()
	b.mu.Lock()
	b.backlog = true
	for _, f := range b.followed {
		f.atEnd = false // what was sent when the run before ended has not been read back
	}
	b.mu.Unlock()
	group.Go(func() { b.readAll(ctx) })
	for attempt := 0; ctx.Err() == nil; {
		b.mu.Lock()
		wake, work := b.wake, b.backlog || len(b.pending) > 0 || len(b.repairs) > 0
		b.mu.Unlock()
		if !work {
			select {
			case <-ctx.Done():
			case <-wake:
			}
			continue
		}
		err := b.publish(ctx)
		switch {
		case err == nil:
			attempt = 0
		case ctx.Err() != nil:
		case errors.Is(err, ErrFenced):
			b.mu.Lock()
			b.fenced = true
			b.notify()
			b.mu.Unlock()
			return err
		default:
			b.r.c.Metrics.PublishFailures.Inc()
			b.r.c.Log.Warn("publish failed", "partition", b.partition, "error", err)
			b.r.pause(ctx, attempt)
			attempt++
		}
	}
	return nil
}

const (
	publishBytes = 8 << 20          // of one read of the outbox
	readBackWait = 30 * time.Second // after which a revision is published again
)

// publish sends the oldest entries and the repairs, and waits until they have been read back.
func (b *outbox) publish(ctx context.Context) error {
	if err := b.repair(ctx); err != nil {
		return err
	}
	known := b.lastPending()
	entries, err := b.r.c.Store.Unsent(ctx, b.partition, 0, publishBytes)
	if err != nil {
		return err
	}
	b.count(entries)
	if len(entries) == 0 {
		b.done(known)
		return nil
	}
	var letters []Message // one after the other need not wait for each other
	for i := range entries {
		e := &entries[i]
		if e.Revision == 0 {
			letters = append(letters, e.Messages...)
			continue
		}
		if err := b.sendLetters(ctx, &letters); err != nil {
			return err
		}
		if err := b.ready(ctx, e); err != nil {
			return err
		}
		if b.confirmed(e.Site, e.Revision) {
			continue
		}
		if err := b.send(ctx, e); err != nil {
			return err
		}
	}
	if err := b.sendLetters(ctx, &letters); err != nil {
		return err
	}
	last := entries[len(entries)-1].Seq
	if err := b.r.c.Store.Sent(ctx, b.partition, b.epoch, last, b.readBack()); err != nil {
		return err
	}
	b.done(last)
	return nil
}

// count takes note of what the store still has to publish.
func (b *outbox) count(entries []Unsent) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.left = 0
	for i := range entries {
		if entries[i].Revision > 0 {
			b.left++
		}
	}
	if len(entries) == 0 && b.backlog {
		b.backlog = false
		b.notify()
	}
}

// sendLetters publishes dead letters and empties the list.
func (b *outbox) sendLetters(ctx context.Context, letters *[]Message) error {
	if len(*letters) == 0 {
		return nil
	}
	err := b.r.c.Publisher.Publish(ctx, *letters)
	*letters = (*letters)[:0]
	return err
}

// send publishes a revision: the head only after all its lines are acknowledged, and done only when it
// has been read back. What has begun is seen through when ctx ends, so that the next owner finds the whole revision
// in the topic and need not publish it again.
func (b *outbox) send(ctx context.Context, e *Unsent) error {
	through, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(flushWithin, cancel) })()
	n := len(e.Messages)
	if n > 1 {
		if err := b.r.c.Publisher.Publish(through, e.Messages[:n-1]); err != nil {
			return err
		}
	}
	if err := b.r.c.Publisher.Publish(through, e.Messages[n-1:]); err != nil {
		return err
	}
	b.r.c.Metrics.Published.Add(float64(n))
	timeout := time.NewTimer(readBackWait)
	defer timeout.Stop()
	for {
		b.mu.Lock()
		ok, wake := b.follow(e.Site).confirms[e.Site] >= e.Revision, b.wake
		b.mu.Unlock()
		if ok {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-timeout.C:
			return fmt.Errorf("stream: revision %d of site %s was not read back within %v", e.Revision, e.Site, readBackWait)
		case <-wake:
		}
	}
}

// lastPending is the sequence number of the newest entry that waits, 0 if none does.
func (b *outbox) lastPending() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.pending) == 0 {
		return 0
	}
	return b.pending[len(b.pending)-1].Seq
}

// done forgets the entries up to a sequence number.
func (b *outbox) done(seq int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	keep := b.pending[:0]
	b.revisions, b.left = 0, 0
	for _, e := range b.pending {
		if e.Seq > seq {
			keep = append(keep, e)
			if e.Revision > 0 {
				b.revisions++
			}
		}
	}
	b.pending = keep
	b.arrive(seq)
	b.r.c.Metrics.PublishBacklog.WithLabelValues(label(b.partition)).Set(float64(b.revisions))
	b.notify()
}
