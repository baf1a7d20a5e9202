package streamtest_test

import (
	"bytes"
	"context"
	"slices"
	"strconv"
	"time"

	"drumbeat/schemas"
	"drumbeat/stream"
)

// partitions is the number of partitions of the simulated topics.
const partitions = 2

// broker holds the topics. Everything happens in one effect or one turn of the simulation at a time.
type broker struct {
	events  [partitions]events
	plans   [partitions]planTopic
	letters []stream.Message
	limbo   []stream.Message // written by nobody knows when: requests whose writers have given up
}

// events is a partition of drumbeat.events; offsets have no gaps.
type events struct {
	records []stream.Record
	facts   []*fact // what each record says
}

// planTopic is a partition of drumbeat.plans: offsets have gaps once it was compacted.
type planTopic struct {
	records []stream.Record
	end     int64
}

// from returns the records at an offset and after.
func (p *planTopic) from(offset int64) []stream.Record {
	at, _ := slices.BinarySearchFunc(p.records, offset, func(r stream.Record, o int64) int { return int(r.Offset - o) })
	return p.records[at:]
}

// compact keeps the newest record of every key, and all records from an offset on.
func (p *planTopic) compact(dirty int64) {
	newest := map[string]int64{}
	for _, r := range p.records {
		newest[string(r.Key)] = r.Offset
	}
	p.records = slices.DeleteFunc(slices.Clone(p.records), func(r stream.Record) bool {
		return r.Offset < dirty && r.Offset < newest[string(r.Key)]
	})
}

// append writes one message.
func (s *simulation) append(m stream.Message) {
	if m.Topic == schemas.DeadLettersTopic {
		s.broker.letters = append(s.broker.letters, m)
		s.judge.letterPublished(&m)
		return
	}
	p := &s.broker.plans[schemas.PartitionOf([]byte(m.Site), partitions)]
	r := stream.Record{Offset: p.end, Key: bytes.Clone(m.Key), Value: bytes.Clone(m.Value), Headers: slices.Clone(m.Headers)}
	p.records = append(p.records, r)
	p.end++
	s.note("        %s, revision %d, is written at %d", m.Key, revisionOf(m.Headers), r.Offset)
	s.judge.planPublished(&r)
}

// Publish implements stream.Publisher.
func (p *process) Publish(ctx context.Context, messages []stream.Message) error {
	v := p.ask(&effect{p: p, kind: "publish", partition: partitionOf(ctx)})
	defer p.over()
	if v.fate.acts() && ctx.Err() != nil {
		return ctx.Err()
	}
	for i, m := range messages {
		switch {
		case v.fate.acts(), v.fate == part && v.draw>>(i%64)&1 == 0:
			p.append(m)
		case v.fate == late:
			p.broker.limbo = append(p.broker.limbo, m)
		}
	}
	return v.fate.err()
}

// Follow implements stream.PlanLog.
func (p *process) Follow(ctx context.Context, site string, offset int64, fn func(stream.Record) error) error {
	topic := &p.broker.plans[schemas.PartitionOf([]byte(site), partitions)]
	for told := false; ; {
		v := p.ask(&effect{
			p: p, kind: "read back", partition: partitionOf(ctx), detail: site,
			ready: func() bool { return ctx.Err() != nil || !told || len(topic.from(offset)) > 0 },
		})
		if ctx.Err() != nil {
			return nil
		}
		if v.fate != done {
			return errRefused
		}
		list := topic.from(max(offset, 0))
		for _, r := range list[:min(len(list), 1+int(v.draw%5))] {
			told, offset = false, r.Offset+1
			p.note("        %s, revision %d, is read at %d", r.Key, revisionOf(r.Headers), r.Offset)
			if err := fn(r); err != nil {
				return err
			}
		}
		if !told && len(topic.from(offset)) == 0 {
			told, offset = true, topic.end
			if err := fn(stream.Record{Offset: -1}); err != nil {
				return err
			}
		}
	}
}

// share implements stream.Partition.
type share struct {
	m   *member
	gen int
	id  int32
}

func (s *share) ID() int32 { return s.id }

func (s *share) Alive(ctx context.Context) error {
	return s.m.p.do(ctx, "alive", true, func(uint64) error {
		if g := &s.m.p.group; !slices.Contains(g.members, s.m) || g.generation != s.gen || g.ending {
			return errOver
		}
		return nil
	})
}

func (s *share) Commit(ctx context.Context, _ int64) error {
	return s.m.p.do(ctx, "commit", true, func(uint64) error {
		if !slices.Contains(s.m.p.group.members, s.m) || s.m.p.group.generation != s.gen {
			return errOver
		}
		return nil
	})
}

// fetchWait is how long a fetch waits at the end of the log.
const fetchWait = 500 * time.Millisecond

func (s *share) Fetch(ctx context.Context, offset int64, _ int) (f stream.Fetched, err error) {
	p := s.m.p
	log := &p.broker.events[s.id]
	e := &effect{p: p, kind: "fetch", partition: s.id}
	e.ready = func() bool {
		return ctx.Err() != nil || offset < int64(len(log.records)) || time.Since(e.since) >= fetchWait
	}
	v := p.ask(e)
	if ctx.Err() != nil {
		return f, ctx.Err()
	}
	if v.fate != done {
		return f, errRefused
	}
	defer p.over()
	f = stream.Fetched{Next: offset, End: int64(len(log.records))}
	for n := 1 + v.draw%6; n > 0 && f.Next < f.End; n-- {
		f.Records = append(f.Records, log.records[f.Next])
		f.Next++
	}
	if len(f.Records) > 0 {
		p.note("%v/%d: fetch from %d to %d", p, s.id, offset, f.Next)
	}
	return f, nil
}

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
