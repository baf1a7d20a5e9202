// Package memory implements the ports of package stream in memory, for replay, simulation and tests. Its log
// and its store pass the same suites (package streamtest) as the ones on Kafka and PostgreSQL.
package memory

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"drumbeat/schemas"
	"drumbeat/stream"
)

// Log is a set of topics in memory with one consumer group: a stream.Publisher, a stream.PlanLog, and as
// many members of the group (stream.Source) as one asks for. Every topic springs up when it is first
// used, and nothing is ever compacted. It is safe for use by many goroutines.
//
// It behaves as the log in Kafka does, so far as the ports tell: members share the events topic's
// partitions, keep theirs where they can, and a member that comes or goes ends the generation of all.
type Log struct {
	cfg LogConfig

	mu      sync.Mutex
	topics  map[string][]*topicPartition
	changed chan struct{} // closed and replaced at every change
	group   group
}

// LogConfig names the topics that have a role. The zero value is the contract's.
type LogConfig struct {
	Events, Plans string
	// Partitions of every topic. 0: the contract's number.
	Partitions int
	// Wait is how long Fetch waits at the end. 0: 100 ms.
	Wait time.Duration
}

// topicPartition is records in order; offsets begin at first and have no gaps.
type topicPartition struct {
	first   int64
	records []stream.Record
}

func (p *topicPartition) end() int64 { return p.first + int64(len(p.records)) }

var (
	_ stream.Publisher = (*Log)(nil)
	_ stream.PlanLog   = (*Log)(nil)
	_ stream.Source    = (*Member)(nil)
)

// NewLog returns an empty log.
func NewLog(cfg LogConfig) *Log {
	if cfg.Events == "" {
		cfg.Events = schemas.EventsTopic
	}
	if cfg.Plans == "" {
		cfg.Plans = schemas.PlansTopic
	}
	if cfg.Partitions == 0 {
		cfg.Partitions = schemas.EventsPartitions
	}
	if cfg.Wait == 0 {
		cfg.Wait = 100 * time.Millisecond
	}
	l := &Log{cfg: cfg, topics: map[string][]*topicPartition{}, changed: make(chan struct{})}
	l.group.log = l
	return l
}

// Publish implements stream.Publisher; it copies the messages.
func (l *Log) Publish(ctx context.Context, messages []stream.Message) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, m := range messages {
		key := m.Key
		if m.Site != "" {
			key = []byte(m.Site)
		}
		parts := l.topic(m.Topic)
		p := parts[schemas.PartitionOf(key, len(parts))]
		r := stream.Record{Offset: p.end(), Key: bytes.Clone(m.Key), Value: bytes.Clone(m.Value)}
		for _, h := range m.Headers {
			r.Headers = append(r.Headers, schemas.Header{Key: h.Key, Value: bytes.Clone(h.Value)})
		}
		p.records = append(p.records, r)
	}
	l.notify()
	return nil
}

// Truncate drops the records of a partition before first, as retention does.
func (l *Log) Truncate(topic string, partition int32, first int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	p := l.topic(topic)[partition]
	drop := min(max(first-p.first, 0), int64(len(p.records)))
	p.records = slices.Clone(p.records[drop:])
	p.first += drop
	l.notify()
}

// Records returns the records that a partition holds now. Their bytes must not be changed.
func (l *Log) Records(topic string, partition int32) []stream.Record {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.topic(topic)[partition].records)
}

// Follow implements stream.PlanLog; it returns nil when ctx ends.
func (l *Log) Follow(ctx context.Context, site string, offset int64, fn func(stream.Record) error) error {
	partition := int32(schemas.PartitionOf([]byte(site), l.cfg.Partitions))
	if offset < 0 {
		l.mu.Lock()
		offset = l.topic(l.cfg.Plans)[partition].first
		l.mu.Unlock()
	}
	for told := false; ; {
		f, err := l.fetch(ctx, l.cfg.Plans, partition, offset, 1<<20)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		for _, r := range f.Records {
			if ctx.Err() != nil {
				return nil
			}
			told = false
			if err := fn(r); err != nil {
				return err
			}
		}
		offset = f.Next
		if offset >= f.End && !told {
			told = true
			if err := fn(stream.Record{Offset: -1}); err != nil {
				return err
			}
		}
	}
}

// fetch is the Fetch of stream.Partition for any topic.
func (l *Log) fetch(ctx context.Context, topic string, id int32, offset int64, maxBytes int) (stream.Fetched, error) {
	timer := time.NewTimer(l.cfg.Wait)
	defer timer.Stop()
	for waited := false; ; {
		if err := ctx.Err(); err != nil {
			return stream.Fetched{}, err
		}
		l.mu.Lock()
		p, changed := l.topic(topic)[id], l.changed
		f := stream.Fetched{First: p.first, Next: offset, End: p.end()}
		if offset < p.first || offset > p.end() {
			l.mu.Unlock()
			return stream.Fetched{}, fmt.Errorf("memory: %w",
				&stream.OffsetError{Topic: topic, Partition: id, Offset: offset, First: f.First, End: f.End})
		}
		for size := 0; f.Next < f.End; f.Next++ {
			r := p.records[f.Next-p.first]
			size += len(r.Key) + len(r.Value)
			if size > maxBytes && len(f.Records) > 0 {
				break
			}
			f.Records = append(f.Records, r)
		}
		l.mu.Unlock()
		if len(f.Records) > 0 || waited {
			return f, nil
		}
		select {
		case <-ctx.Done():
		case <-changed:
		case <-timer.C:
			waited = true
		}
	}
}

// topic returns the topic's partitions; the caller holds mu.
func (l *Log) topic(name string) []*topicPartition {
	parts := l.topics[name]
	if parts == nil {
		for range l.cfg.Partitions {
			parts = append(parts, &topicPartition{})
		}
		l.topics[name] = parts
	}
	return parts
}

// notify wakes all who wait for a change; the caller holds mu.
func (l *Log) notify() {
	close(l.changed)
	l.changed = make(chan struct{})
}
