package main

import (
	"bytes"
	"context"
	"encoding/json"
	"strconv"
	"testing"
	"time"

	"drumbeat/schemas"
	"drumbeat/stream"
	"drumbeat/stream/kafka"
)

// published is what a reader finds who reads the plans topic of a site from its beginning.
type published struct {
	reader  schemas.PlanReader
	heads   []int64 // revisions in the order in which they appear first
	records int
}

// readPlans reads the plans topic of a site to its present end. No key may have two contents in one revision.
func readPlans(t *testing.T, client *kafka.Client, site string) *published {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	p := &published{}
	type message struct {
		key      string
		revision int64
	}
	contents := map[message][]byte{}
	ended := false
	err := kafka.NewPlanLog(client).Follow(ctx, site, -1, func(rec stream.Record) error {
		if rec.Offset < 0 {
			ended = true
			cancel()
			return nil
		}
		p.records++
		key := string(rec.Key)
		m := message{key, revisionIn(t, &rec)}
		before, seen := contents[m]
		switch {
		case seen && !bytes.Equal(before, rec.Value):
			t.Errorf("plans: %s has revision %d twice with different content:\n%s\n%s", key, m.revision, before, rec.Value)
		case !seen:
			contents[m] = rec.Value
			if of, _, line := schemas.SplitPlanKey(key); !line && of == site { // others may share the partition
				p.heads = append(p.heads, m.revision)
			}
		}
		_, err := p.reader.Apply(rec.Headers, key, rec.Value)
		return err
	})
	if err != nil || !ended {
		t.Fatalf("reading the plans of %s: ended %v, %v", site, ended, err)
	}
	return p
}

// revisionIn is the revision that a plan record carries: in its value, in a header of a tombstone.
func revisionIn(t *testing.T, rec *stream.Record) int64 {
	t.Helper()
	if len(rec.Value) > 0 {
		var v struct{ Revision int64 }
		if err := json.Unmarshal(rec.Value, &v); err != nil || v.Revision < 1 {
			t.Fatalf("plan record %s without revision: %v: %.200s", rec.Key, err, rec.Value)
		}
		return v.Revision
	}
	for _, h := range rec.Headers {
		if h.Key == schemas.HeaderRevision {
			n, err := strconv.ParseInt(string(h.Value), 10, 64)
			if err != nil {
				t.Fatalf("tombstone %s: %v", rec.Key, err)
			}
			return n
		}
	}
	t.Fatalf("tombstone %s without revision", rec.Key)
	return 0
}

// checkPlans wants Postgres and the plans topic to hold the same plan of a site, made by the same revisions
// without a gap. It returns the newest head and what the topic holds.
func checkPlans(t *testing.T, d *database, client *kafka.Client, site string) (*schemas.Head, *published) {
	t.Helper()
	store := d.open(t)
	stored, err := store.Revisions(t.Context(), site, 1_000_000)
	if err != nil {
		t.Fatal(err)
	}
	if len(stored) == 0 {
		t.Fatalf("site %s has no plan in Postgres", site)
	}
	p := readPlans(t, client, site)
	newest := int64(len(stored))
	for i := range stored { // the newest first
		if want := newest - int64(i); stored[i].Revision != want {
			t.Fatalf("site %s: Postgres holds revision %d where %d is due", site, stored[i].Revision, want)
		}
	}
	for i, revision := range p.heads {
		if revision != int64(i)+1 {
			t.Fatalf("site %s: the heads on the topic are %v: revision %d is due at place %d", site, p.heads, i+1, i)
		}
	}
	if int64(len(p.heads)) != newest {
		t.Fatalf("site %s: %d heads on the topic, %d in Postgres", site, len(p.heads), newest)
	}
	plan := p.reader.Site(site)
	if !plan.Complete() {
		t.Errorf("site %s: the lines on the topic have not the checksum of head %d", site, plan.Head.Revision)
	}
	var head schemas.Head
	if err := json.Unmarshal(stored[0].Head, &head); err != nil {
		t.Fatal(err)
	}
	if plan.Head.Revision != newest || plan.Head.Checksum != head.Checksum {
		t.Errorf("site %s: head %d with checksum %s on the topic, head %d with %s in Postgres",
			site, plan.Head.Revision, plan.Head.Checksum, head.Revision, head.Checksum)
	}
	lines, err := store.Lines(t.Context(), site)
	if err != nil {
		t.Fatal(err)
	}
	topic := plan.Lines()
	if len(lines) != len(topic) || len(lines) != head.Lines {
		t.Errorf("site %s: %d lines in Postgres, %d on the topic, %d by the head", site, len(lines), len(topic), head.Lines)
	}
	for _, l := range lines {
		if !bytes.Equal(l.Value, topic[l.SKU]) {
			t.Errorf("site %s: %s in Postgres is\n%s, on the topic\n%s", site, l.SKU, l.Value, topic[l.SKU])
			break
		}
	}
	if n := d.number(t, `SELECT count(DISTINCT sku) FROM drumbeat.current_supply_plan
		WHERE site = $1 AND plan_revision = $2 AND checksum = $3`, site, newest, head.Checksum); n != int64(head.Lines) {
		t.Errorf("site %s: %d SKUs in current_supply_plan with the head's revision and checksum, want %d", site, n, head.Lines)
	}
	return &head, p
}

// settled says whether everything that the log of drumbeat.events holds is saved, planned, published and read
// back for the sites.
func (d *database) settled(t *testing.T, sites []string) (bool, string) {
	t.Helper()
	for _, site := range sites {
		partition := int32(schemas.PartitionOf([]byte(site), schemas.EventsPartitions))
		next := d.number(t, "SELECT next_offset FROM drumbeat.partitions WHERE partition = $1", partition)
		planned := d.number(t, `SELECT (head->'input'->>'offset')::bigint FROM drumbeat.plans WHERE site = $1 ORDER BY revision DESC LIMIT 1`, site)
		unsent := d.number(t, "SELECT count(*) FROM drumbeat.outbox WHERE partition = $1", partition)
		if next < 0 || planned < next || unsent != 0 {
			return false, site + ": saved up to " + strconv.FormatInt(next, 10) + ", planned up to " + strconv.FormatInt(planned, 10) +
				", unsent " + strconv.FormatInt(unsent, 10)
		}
	}
	return true, ""
}
