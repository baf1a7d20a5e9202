package soak

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/maphash"
	"strconv"

	"drumbeat/schemas"
	"drumbeat/stream"
	"drumbeat/stream/kafka"
)

// planRecords reads the plans topic of a site as somebody does who comes late and looks closely.
type planRecords struct {
	site    string
	verdict *Verdict

	reader   schemas.PlanReader
	heads    []int64            // revisions in the order in which they appear first
	contents map[version]uint64 // hashes of what every key and revision holds
	newest   map[string][]byte  // by key: the content of its newest revision
	revision map[string]int64   // of it
	last     map[string][]byte  // by key: what compaction would leave
}

var seed = maphash.MakeSeed()

func newPlanRecords(site string, v *Verdict) *planRecords {
	return &planRecords{
		site: site, verdict: v, contents: map[version]uint64{},
		newest: map[string][]byte{}, revision: map[string]int64{}, last: map[string][]byte{},
	}
}

type version struct {
	key      string
	revision int64
}

// follow reads from the beginning to the present end.
func (p *planRecords) follow(ctx context.Context, client *kafka.Client) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := false
	err := kafka.NewPlanLog(client).Follow(ctx, p.site, -1, func(rec stream.Record) error {
		if ended = rec.Offset < 0; ended {
			cancel()
			return nil
		}
		key := string(rec.Key)
		if site, _, _ := schemas.SplitPlanKey(key); site != p.site {
			return nil
		}
		return p.take(key, &rec)
	})
	if err == nil && !ended {
		err = ctx.Err()
	}
	return err
}

func (p *planRecords) take(key string, rec *stream.Record) error {
	p.verdict.PlanRecords++
	revision, err := revisionOf(rec)
	if err != nil {
		return err
	}
	p.last[key] = rec.Value
	at, hash := version{key, revision}, maphash.Bytes(seed, rec.Value)
	before, seen := p.contents[at]
	switch {
	case seen && before != hash:
		p.verdict.broken("plan record %s has revision %d twice with different content", key, revision)
	case seen:
		p.verdict.Repeated++
	case !seen && key == p.site:
		p.heads = append(p.heads, revision)
	case !seen && revision > p.revision[key]:
		if err := p.frozen(key, revision, p.newest[key], rec.Value); err != nil {
			return err
		}
	}
	p.contents[at] = hash
	if revision < p.revision[key] {
		p.verdict.Late++
	} else {
		p.revision[key], p.newest[key] = revision, rec.Value
	}
	_, err = p.reader.Apply(rec.Headers, key, rec.Value)
	return err
}

// frozen compares a line with the one before: what both call frozen must not have moved.
func (p *planRecords) frozen(key string, revision int64, before, value []byte) error {
	if len(before) == 0 || len(value) == 0 {
		return nil
	}
	var was, is schemas.Line
	if err := json.Unmarshal(before, &was); err != nil {
		return fmt.Errorf("soak: line %s: %w", key, err)
	}
	if err := json.Unmarshal(value, &is); err != nil {
		return fmt.Errorf("soak: line %s: %w", key, err)
	}
	production := map[string]schemas.Quantity{}
	for i := range was.Periods {
		if q := &was.Periods[i]; q.Frozen {
			production[q.Period] = q.Production
		}
	}
	for i := range is.Periods {
		q := &is.Periods[i]
		if was, both := production[q.Period]; both && q.Frozen && was != q.Production {
			p.verdict.FrozenMoves++
			p.verdict.broken("plan record %s: revision %d makes %v in the frozen period %s, the one before %v", key, revision, q.Production, q.Period, was)
		}
	}
	return nil
}

// revisionOf is the revision that a plan record carries in its header.
func revisionOf(rec *stream.Record) (int64, error) {
	for _, h := range rec.Headers {
		if h.Key == schemas.HeaderRevision {
			return strconv.ParseInt(string(h.Value), 10, 64)
		}
	}
	return 0, fmt.Errorf("soak: plan record %s without revision", rec.Key)
}
