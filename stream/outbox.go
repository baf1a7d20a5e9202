package stream

import (
	"context"
	"errors"
	"fmt"
	"strconv"
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
	revisions int           // of pending
	followed  map[int]*followed
	newest    map[string]int64 // by key of the plans topic: newest revision that we have saved
	repairs   map[string]map[string]bool
}

// followed is what has been read back from one partition of the plans topic.
type followed struct {
	site     string // one of its sites, to find it by
	next     int64
	atEnd    bool
	seen     map[string]int64 // by key: newest revision read
	confirms map[string]int64 // by site: newest revision whose head was read
}

func newOutbox(r *Runner, partition int32, snapshot *Snapshot, p *Processor) *outbox {
	b := &outbox{
		r: r, partition: partition, epoch: snapshot.Epoch, wake: make(chan struct{}),
		followed: map[int]*followed{}, newest: map[string]int64{}, repairs: map[string]map[string]bool{},
	}
	for i := range snapshot.Sites {
		back := snapshot.Sites[i].ReadBack
		if s := p.sites[snapshot.Sites[i].Name]; s.Revision > 0 {
			f := b.follow(s.name)
			if back.Next >= 0 && (f.next < 0 || back.Next < f.next) {
				f.next = back.Next
			}
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

// follow returns what is read back of the plan partition of a site; the caller holds mu, or is alone.
func (b *outbox) follow(site string) *followed {
	at := schemas.PartitionOf([]byte(site), b.r.c.PlanPartitions)
	f := b.followed[at]
	if f == nil {
		f = &followed{site: site, next: -1, seen: map[string]int64{}, confirms: map[string]int64{}}
		b.followed[at] = f
	}
	return f
}

// add takes over the entries of a batch that was saved.
func (b *outbox) add(batch *Batch) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range batch.Revisions {
		r := &batch.Revisions[i]
		b.follow(r.Site)
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
	return b.revisions
}

// room waits until another plan may be made.
func (b *outbox) room(ctx context.Context) error {
	for {
		b.mu.Lock()
		n, wake := b.revisions, b.wake
		b.mu.Unlock()
		if n <= mostUnsent {
			return nil
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
	if err := b.resume(ctx); err != nil {
		return err
	}
	reading := map[int]bool{}
	for attempt := 0; ctx.Err() == nil; {
		b.mu.Lock()
		for at, f := range b.followed {
			if !reading[at] {
				reading[at] = true
				group.Go(func() { b.read(ctx, f) })
			}
		}
		wake, work := b.wake, len(b.pending) > 0 || len(b.repairs) > 0
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
			return err
		default:
			b.r.c.Metrics.PublishFailures.Inc()
			b.r.c.Log.Warn("publish failed", "partition", b.partition, "error", err)
			pause(ctx, attempt)
			attempt++
		}
	}
	return nil
}

// resume finds the entries that an earlier owner, or this one before, has left.
func (b *outbox) resume(ctx context.Context) error {
	for attempt := 0; ; attempt++ {
		left, err := b.r.c.Store.Unsent(ctx, b.partition, 0, 1)
		if err == nil {
			b.mu.Lock()
			defer b.mu.Unlock()
			if len(left) > 0 && (len(b.pending) == 0 || left[0].Seq < b.pending[0].Seq) {
				// Only the first matters: publish asks for what follows it.
				first := OutboxEntry{Seq: left[0].Seq, Site: left[0].Site, Revision: left[0].Revision}
				b.pending = append([]OutboxEntry{first}, b.pending...)
				if first.Revision > 0 {
					b.revisions++
				}
			}
			return nil
		}
		b.r.c.Log.Warn("outbox cannot be read yet", "partition", b.partition, "error", err)
		if !pause(ctx, attempt) {
			return nil
		}
	}
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
	last := int64(0)
	for i := range entries {
		e := &entries[i]
		if e.Revision > 0 {
			if err := b.ready(ctx, e.Site); err != nil {
				return err
			}
		}
		if e.Revision == 0 || !b.confirmed(e.Site, e.Revision) {
			if err := b.send(ctx, e); err != nil {
				return err
			}
		}
		last = e.Seq
	}
	if last == 0 {
		b.done(known)
		return nil
	}
	if err := b.r.c.Store.Sent(ctx, b.partition, b.epoch, last, b.readBack()); err != nil {
		return err
	}
	b.done(last)
	return nil
}

// send publishes one entry: a head only after all its lines are acknowledged, and done only when the
// head has been read back.
func (b *outbox) send(ctx context.Context, e *Unsent) error {
	n := len(e.Messages)
	if e.Revision == 0 || n == 0 {
		return b.r.c.Publisher.Publish(ctx, e.Messages)
	}
	if n > 1 {
		if err := b.r.c.Publisher.Publish(ctx, e.Messages[:n-1]); err != nil {
			return err
		}
	}
	if err := b.r.c.Publisher.Publish(ctx, e.Messages[n-1:]); err != nil {
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

// ready waits until the plan partition of a site has been read to its end once: only then is it known
// what of an interrupted publication is already there.
func (b *outbox) ready(ctx context.Context, site string) error {
	for {
		b.mu.Lock()
		ok, wake := b.follow(site).atEnd, b.wake
		b.mu.Unlock()
		if ok {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-wake:
		}
	}
}

// confirmed says that the head of a revision, and so all its lines before it, stands in the topic.
func (b *outbox) confirmed(site string, revision int64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.follow(site).confirms[site] >= revision
}

func (b *outbox) readBack() []ReadBack {
	b.mu.Lock()
	defer b.mu.Unlock()
	var list []ReadBack
	for _, f := range b.followed {
		for site, revision := range f.confirms {
			list = append(list, ReadBack{Site: site, Next: f.next, Revision: revision})
		}
	}
	return list
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
	b.revisions = 0
	for _, e := range b.pending {
		if e.Seq > seq {
			keep = append(keep, e)
			if e.Revision > 0 {
				b.revisions++
			}
		}
	}
	b.pending = keep
	b.notify()
}

// read follows one partition of the plans topic until ctx ends.
func (b *outbox) read(ctx context.Context, f *followed) {
	for attempt := 0; ctx.Err() == nil; attempt++ {
		b.mu.Lock()
		site, next := f.site, f.next
		b.mu.Unlock()
		err := b.r.c.PlanLog.Follow(ctx, site, next, func(rec Record) error {
			attempt = 0
			b.found(f, &rec)
			return nil
		})
		if ctx.Err() != nil {
			return
		}
		b.r.c.Log.Warn("plans cannot be read back", "partition", b.partition, "site", site, "error", err)
		if !pause(ctx, attempt) {
			return
		}
	}
}

// found takes note of a record of the plans topic.
func (b *outbox) found(f *followed, rec *Record) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if rec.Offset < 0 {
		if !f.atEnd {
			f.atEnd = true
			b.notify()
		}
		return
	}
	f.next = rec.Offset + 1
	key := string(rec.Key)
	newest, ours := b.newest[key]
	if !ours {
		return
	}
	revision := revisionOf(rec)
	site, sku, line := schemas.SplitPlanKey(key)
	if revision < f.seen[key] && revision < newest {
		if b.repairs[site] == nil {
			b.repairs[site] = map[string]bool{}
		}
		b.repairs[site][sku] = line
		b.notify()
		return
	}
	f.seen[key] = max(f.seen[key], revision)
	if !line && revision > f.confirms[site] && revision <= newest {
		f.confirms[site] = revision
		b.notify()
	}
}

// revisionOf reads the revision of a record of the plans topic, 0 if it has none.
func revisionOf(rec *Record) int64 {
	for _, h := range rec.Headers {
		if h.Key == schemas.HeaderRevision {
			if n, err := strconv.ParseInt(string(h.Value), 10, 64); err == nil {
				return n
			}
		}
	}
	return 0
}

// repair overwrites what others have written over our newest records.
func (b *outbox) repair(ctx context.Context) error {
	b.mu.Lock()
	repairs := b.repairs
	b.repairs = map[string]map[string]bool{}
	b.mu.Unlock()
	for site, keys := range repairs {
		var skus []string
		for sku, line := range keys {
			if line {
				skus = append(skus, sku)
			}
		}
		messages, err := b.r.c.Store.Current(ctx, site, skus)
		if err == nil {
			err = b.r.c.Publisher.Publish(ctx, messages)
		}
		if err != nil {
			b.mu.Lock()
			for s, k := range repairs {
				for sku, line := range k {
					if b.repairs[s] == nil {
						b.repairs[s] = map[string]bool{}
					}
					b.repairs[s][sku] = line
				}
			}
			b.mu.Unlock()
			return err
		}
		b.r.c.Metrics.Overwritten.Add(float64(len(keys)))
		b.r.c.Log.Warn("plan records of an older revision overwritten", "site", site, "records", len(keys))
	}
	return nil
}
