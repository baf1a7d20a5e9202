package soak

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"drumbeat/schemas"
	"drumbeat/stream"
	"drumbeat/stream/kafka"
	"drumbeat/stream/postgres"
)

// Judge says whether the promises hold. All of it reads Kafka and Postgres directly.
type Judge struct {
	Client *kafka.Client
	Store  *postgres.Store
	Conn   *pgx.Conn
	Feed   *Feed
}

// Verdict is what a Judge found.
type Verdict struct {
	Accepted     int64 // events acknowledged to the feed
	Counted      int64 // of them, in the audit: kept or flagged
	Duplicates   int64 // sent again by the feed's own retries
	Revisions    int64 // of all sites
	PlanRecords  int   // on the plans topic
	Late         int   // of them, of a revision older than what stood before them
	Repeated     int   // of them, that were there before
	FrozenMoves  int
	SameChecksum int // sites whose plan in Postgres is that of the topic, to the byte

	Broken []string // promises that do not hold; empty: all do
}

func (v *Verdict) broken(format string, args ...any) {
	v.Broken = append(v.Broken, fmt.Sprintf(format, args...))
}

// Counted says whether everything acknowledged is counted.
func (j *Judge) Counted(ctx context.Context) (bool, string, error) {
	counted := int64(0)
	rows, err := j.Store.Audit(ctx)
	if err != nil {
		return false, "", err
	}
	for _, r := range rows {
		counted += r.Kept + r.Flagged
	}
	accepted := j.Feed.Accepted()
	return counted >= accepted, fmt.Sprintf("%d of %d events counted", counted, accepted), nil
}

// Planned says whether all that was read of every site is in its newest plan, published and read back. It comes
// true some time after [Feed.Replan].
func (j *Judge) Planned(ctx context.Context) (bool, string, error) {
	for _, site := range j.Feed.Sites {
		partition := int32(schemas.PartitionOf([]byte(site), schemas.EventsPartitions))
		var next, planned, unsent int64
		err := j.Conn.QueryRow(ctx, `SELECT
			coalesce((SELECT next_offset FROM drumbeat.partitions WHERE partition = $1), -1),
			coalesce((SELECT (head->'input'->>'offset')::bigint FROM drumbeat.plans WHERE site = $2 ORDER BY revision DESC LIMIT 1), -1),
			(SELECT count(*) FROM drumbeat.outbox WHERE partition = $1)`, partition, site).Scan(&next, &planned, &unsent)
		if err != nil {
			return false, "", fmt.Errorf("soak: %w", err)
		}
		if next < 0 || planned < next || unsent > 0 {
			return false, fmt.Sprintf("%s: saved up to %d, planned up to %d, %d unsent", site, next, planned, unsent), nil
		}
	}
	return true, "all published", nil
}

// Verdict compares. Everything must be Counted and Planned, and nothing may be on its way.
func (j *Judge) Verdict(ctx context.Context) (*Verdict, error) {
	v := &Verdict{Accepted: j.Feed.Accepted()}
	read, err := j.audit(ctx, v)
	if err != nil {
		return nil, err
	}
	for _, site := range j.Feed.Sites {
		if err := j.sums(ctx, site, v); err != nil {
			return nil, err
		}
		if err := j.plans(ctx, site, read[site], v); err != nil {
			return nil, err
		}
	}
	return v, nil
}

// audit checks the counters, and returns how many events of each site were read.
func (j *Judge) audit(ctx context.Context, v *Verdict) (map[string]int64, error) {
	rows, err := j.Store.Audit(ctx)
	if err != nil {
		return nil, err
	}
	read, counted := map[string]int64{}, map[string]int64{}
	for _, r := range rows {
		if r.Read != r.Kept+r.Flagged+r.Rejected+r.Duplicate {
			v.broken("site %s: %d read, but %d kept, %d flagged, %d rejected, %d duplicate", r.Site, r.Read, r.Kept, r.Flagged, r.Rejected, r.Duplicate)
		}
		if r.Rejected != 0 {
			v.broken("site %s: %d good events rejected: %v", r.Site, r.Rejected, r.Reasons)
		}
		read[r.Site] += r.Read
		counted[r.Site] += r.Kept + r.Flagged
		v.Counted += r.Kept + r.Flagged
		v.Duplicates += r.Duplicate
	}
	j.Feed.mu.Lock()
	defer j.Feed.mu.Unlock()
	for _, site := range j.Feed.Sites {
		if counted[site] != j.Feed.accepted[site] {
			v.broken("site %s: %d events accepted, %d counted", site, j.Feed.accepted[site], counted[site])
		}
	}
	return read, nil
}

// sums checks the units of every SKU.
func (j *Judge) sums(ctx context.Context, site string, v *Verdict) error {
	rows, err := j.Store.Sales(ctx, site)
	if err != nil {
		return err
	}
	units := map[string]schemas.Quantity{}
	for i := range rows {
		units[rows[i].SKU] += rows[i].Quantity
	}
	j.Feed.mu.Lock()
	defer j.Feed.mu.Unlock()
	if len(units) != len(j.Feed.units[site]) {
		v.broken("site %s: sales of %d SKUs, %d were sold", site, len(units), len(j.Feed.units[site]))
	}
	for sku, want := range j.Feed.units[site] {
		if got := units[sku]; got != schemas.Quantity(want)*schemas.Unit {
			v.broken("site %s: %v units of %s, %d were sold", site, got, sku, want)
		}
	}
	return nil
}

// plans checks that Postgres and the topic hold the same plan of a site, made by the same revisions without a
// gap, of everything that was read.
func (j *Judge) plans(ctx context.Context, site string, read int64, v *Verdict) error {
	stored, err := j.Store.Revisions(ctx, site, 10_000_000)
	if err != nil {
		return err
	}
	if len(stored) == 0 {
		v.broken("site %s has no plan", site)
		return nil
	}
	newest := int64(len(stored))
	v.Revisions += newest
	for i := range stored { // the newest first
		if stored[i].Revision != newest-int64(i) {
			v.broken("site %s: Postgres holds revision %d where %d is due", site, stored[i].Revision, newest-int64(i))
			break
		}
		var h struct {
			FrozenMoves int `json:"frozen_moves"`
		}
		if err := json.Unmarshal(stored[i].Head, &h); err != nil {
			return fmt.Errorf("soak: head %d of %s: %w", stored[i].Revision, site, err)
		}
		v.FrozenMoves += h.FrozenMoves
		if h.FrozenMoves != 0 {
			v.broken("site %s: revision %d moved %d frozen values", site, stored[i].Revision, h.FrozenMoves)
		}
	}
	var head schemas.Head
	if err := json.Unmarshal(stored[0].Head, &head); err != nil {
		return fmt.Errorf("soak: head of %s: %w", site, err)
	}
	if head.Input.Events != read {
		v.broken("site %s: revision %d is made of %d events, %d were read", site, newest, head.Input.Events, read)
	}
	p := newPlanRecords(site, v)
	if err := p.follow(ctx, j.Client); err != nil {
		return err
	}
	for i, revision := range p.heads {
		if revision != int64(i)+1 {
			v.broken("site %s: the heads on the topic are %v", site, p.heads)
			break
		}
	}
	plan := p.reader.Site(site)
	if plan == nil || plan.Head == nil || int64(len(p.heads)) != newest || plan.Head.Revision != newest || plan.Head.Checksum != head.Checksum || !plan.Complete() {
		v.broken("site %s: revision %d in Postgres, %d heads on the topic, whose lines have not its checksum", site, newest, len(p.heads))
		return nil
	}
	lines, err := j.Store.Lines(ctx, site)
	if err != nil {
		return err
	}
	topic := plan.Lines()
	differs := slices.ContainsFunc(lines, func(l stream.LineValue) bool { return !bytes.Equal(l.Value, topic[l.SKU]) })
	if differs || len(lines) != len(topic) || len(lines) != head.Lines {
		v.broken("site %s: %d lines in Postgres, %d on the topic, %d by the head, or other bytes", site, len(lines), len(topic), head.Lines)
		return nil
	}
	v.SameChecksum++
	// The last word of every key must be the newest revision's, as a reader of the compacted topic gets it.
	for _, l := range lines {
		if last := p.last[schemas.PlanKey(site, l.SKU)]; !bytes.Equal(last, l.Value) {
			v.broken("site %s: the last record of %s on the topic is not its newest line: %.80s", site, l.SKU, last)
			break
		}
	}
	return nil
}
