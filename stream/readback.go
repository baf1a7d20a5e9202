package stream

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"sync"

	"drumbeat/schemas"
)

// followed is what has been read back from one partition of the plans topic.
type followed struct {
	site     string // one of its sites, to find it by
	next     int64
	atEnd    bool
	seen     map[string]int64 // by key: newest revision read
	confirms map[string]int64 // by site: newest revision whose head was read
	holds    map[string]int64 // by site: where reading stood when its oldest unconfirmed revision was saved
	older    map[string]int64 // by key of a line: offset of a record older than our newest, which was not read yet
}

// follow returns what is read back of the plan partition of a site; the caller holds mu, or is alone.
func (b *outbox) follow(site string) *followed {
	at := schemas.PartitionOf([]byte(site), b.r.c.PlanPartitions)
	f := b.followed[at]
	if f == nil {
		f = &followed{site: site, next: -1, seen: map[string]int64{}, confirms: map[string]int64{}, holds: map[string]int64{}, older: map[string]int64{}}
		b.followed[at] = f
		b.notify()
	}
	return f
}

// readAll reads every plan partition that holds one of our sites until ctx ends.
func (b *outbox) readAll(ctx context.Context) {
	var group sync.WaitGroup
	defer group.Wait()
	reading := map[int]bool{}
	for ctx.Err() == nil {
		b.mu.Lock()
		for at, f := range b.followed {
			if !reading[at] {
				reading[at] = true
				group.Go(func() { b.read(ctx, f) })
			}
		}
		wake := b.wake
		b.mu.Unlock()
		select {
		case <-ctx.Done():
		case <-wake:
		}
	}
}

// ready waits until the plan partition of an entry's site has been read to its end once: only then is it
// known what of an interrupted publication is already there. It also waits for the answer to the save of
// the entry, which the store may have told us of before: what is read back would else look like another's.
func (b *outbox) ready(ctx context.Context, e *Unsent) error {
	for {
		b.mu.Lock()
		ok, wake := b.follow(e.Site).atEnd && b.newest[e.Site] >= e.Revision, b.wake
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

// readBack is how far the plans topic has been read, but neither beyond a record that is still to be
// overwritten nor into a revision that is not confirmed: whoever reads on from there must find all of it.
func (b *outbox) readBack() []ReadBack {
	b.mu.Lock()
	defer b.mu.Unlock()
	var list []ReadBack
	for _, f := range b.followed {
		next := f.next
		for site, keys := range b.repairs {
			if b.follow(site) == f {
				for _, r := range keys {
					next = min(next, r.first)
				}
			}
		}
		for site, revision := range f.confirms {
			next := next
			if revision < b.newest[site] {
				next = min(next, f.holds[site])
			}
			list = append(list, ReadBack{Site: site, Next: next, Revision: revision})
		}
	}
	return list
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
		var outside *OffsetError
		if errors.As(err, &outside) {
			if next >= outside.First {
				b.r.block(ctx, b.partition, err) // the topic was made anew
				return
			}
			b.mu.Lock()
			f.next = -1 // older records are gone: the newest of each key stands
			b.mu.Unlock()
			continue
		}
		b.r.c.Log.Warn("plans cannot be read back", "partition", b.partition, "site", site, "error", err)
		if !b.r.pause(ctx, attempt) {
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
	revision := revisionOf(rec.Headers)
	site, sku, line := schemas.SplitPlanKey(key)
	if revision < newest {
		if revision < f.seen[key] || newest <= f.confirms[site] {
			b.schedule(site, sku, overwritten{line: line, first: rec.Offset, last: rec.Offset})
			return
		}
		if line {
			f.older[key] = rec.Offset
		}
	} else {
		delete(f.older, key)
		delete(b.repairs[site], sku) // overwritten already
	}
	f.seen[key] = max(f.seen[key], revision)
	if !line && revision > f.confirms[site] && revision <= newest {
		b.confirm(f, site, revision)
	}
}

// confirm takes note of the head of a revision. Its lines were written before it; the one that was not read
// there has gone, because an older record has come after it and the topic was compacted. The caller holds mu.
func (b *outbox) confirm(f *followed, site string, revision int64) {
	f.confirms[site] = revision
	for key, offset := range f.older {
		if of, sku, _ := schemas.SplitPlanKey(key); of == site && b.newest[key] <= revision {
			b.schedule(site, sku, overwritten{line: true, first: offset, last: offset})
			delete(f.older, key)
		}
	}
	b.notify()
}

// newerThan says whether any message is of a revision after the one named.
func newerThan(messages []Message, revision int64) bool {
	return slices.ContainsFunc(messages, func(m Message) bool { return revisionOf(m.Headers) > revision })
}

// revisionOf reads the revision of a message of the plans topic, 0 if it has none.
func revisionOf(headers []schemas.Header) int64 {
	for _, h := range headers {
		if h.Key == schemas.HeaderRevision {
			if n, err := strconv.ParseInt(string(h.Value), 10, 64); err == nil {
				return n
			}
		}
	}
	return 0
}

// overwritten is a key of the plans topic that someone has written an older revision to.
type overwritten struct {
	line        bool  // else the head
	first, last int64 // offsets of such records
}

// schedule adds a repair; the caller holds mu.
func (b *outbox) schedule(site, sku string, r overwritten) {
	if b.repairs[site] == nil {
		b.repairs[site] = map[string]overwritten{}
	}
	if former, ok := b.repairs[site][sku]; ok {
		r.first = former.first
	}
	b.repairs[site][sku] = r
	b.notify()
}

// due takes the repairs of one site with its newest confirmed revision, and forgets the sites that need
// none; the site is "" when there is nothing to repair. A site whose newest revision is still to be
// published waits for it: its newest messages would be a head without its lines.
func (b *outbox) due() (site string, confirmed int64, keys map[string]overwritten) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(b.repairs)) {
		of := b.repairs[name]
		if len(of) == 0 {
			delete(b.repairs, name)
			continue
		}
		if confirmed = b.follow(name).confirms[name]; confirmed >= b.newest[name] {
			return name, confirmed, maps.Clone(of)
		}
	}
	return "", 0, nil
}

// repair overwrites what others have written over our newest records. A repair is only forgotten when
// it is published, so that no read-back position passes it before.
func (b *outbox) repair(ctx context.Context) error {
	for {
		site, confirmed, keys := b.due()
		if site == "" {
			return nil
		}
		var skus []string
		for sku, r := range keys {
			if r.line {
				skus = append(skus, sku)
			}
		}
		messages, err := b.r.c.Store.Current(ctx, site, skus)
		if err == nil && newerThan(messages, confirmed) {
			return nil // a revision was saved meanwhile: it goes first
		}
		if err == nil {
			err = b.r.c.Publisher.Publish(ctx, messages)
		}
		if err != nil {
			return err
		}
		b.mu.Lock()
		for sku, r := range keys {
			if b.repairs[site][sku].last == r.last {
				delete(b.repairs[site], sku)
			}
		}
		b.mu.Unlock()
		b.r.c.Metrics.Overwritten.Add(float64(len(keys)))
		b.r.c.Log.Warn("plan records of an older revision overwritten", "site", site, "records", len(keys))
	}
}
