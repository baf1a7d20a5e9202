// Package streamtest holds the suites that every implementation of the ports of package stream must pass.
package streamtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"drumbeat/schemas"
	"drumbeat/stream"
)

// Log is a log under test: a publisher, a plan log and one consumer group over an empty events topic.
type Log struct {
	Publisher     stream.Publisher
	Plans         stream.PlanLog
	Events        string // names of the topics
	PlansTopic    string
	Partitions    int                                // of both topics
	Member        func(t *testing.T) stream.Source   // another member of the one group
	Truncate      func(partition int32, first int64) // of the events topic; nil: not possible
	LargestRecord int                                // bytes of a value that must still pass
}

// TestLog holds a log to the contract of stream.Source, stream.Publisher and stream.PlanLog. open starts
// every part with a log of its own.
func TestLog(t *testing.T, open func(t *testing.T) Log) {
	for _, part := range []struct {
		name string
		test func(*testing.T, Log)
	}{
		{"PublishKeepsOrderAndChoosesPartitions", testPublish},
		{"PublishLarge", testPublishLarge},
		{"FetchAtTheEndsOfTheLog", testFetch},
		{"MembersShareAndHandOver", testMembers},
		{"RunReturnsTheErrorOfOwn", testOwnFails},
		{"FollowReadsPlansBack", testFollow},
	} {
		t.Run(part.name, func(t *testing.T) {
			part.test(t, open(t))
		})
	}
}

// patience is how long a part may take until something must have happened.
const patience = 60 * time.Second

// read runs a member until it has seen n records of the events topic, and returns them by partition.
func read(t *testing.T, l Log, n int) map[int32][]stream.Record {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var mu sync.Mutex
	got, total := map[int32][]stream.Record{}, 0
	done, stop := context.WithCancel(ctx)
	defer stop()
	err := l.Member(t).Run(done, func(ctx context.Context, p stream.Partition) error {
		mu.Lock()
		next := int64(0)
		if had := got[p.ID()]; len(had) > 0 {
			next = had[len(had)-1].Offset + 1
		}
		mu.Unlock()
		for ctx.Err() == nil {
			f, err := p.Fetch(ctx, next, 64<<10)
			if err != nil {
				return err
			}
			next = f.Next
			mu.Lock()
			for _, r := range f.Records {
				got[p.ID()] = append(got[p.ID()], clone(r))
				total++
			}
			if total >= n {
				stop()
			}
			mu.Unlock()
		}
		return nil
	})
	if err != nil {
		t.Fatalf("Run: %v", err)
	}
	if total != n {
		t.Fatalf("read %d records, want %d", total, n)
	}
	return got
}

func clone(r stream.Record) stream.Record {
	out := stream.Record{Offset: r.Offset, Key: bytes.Clone(r.Key), Value: bytes.Clone(r.Value)}
	for _, h := range r.Headers {
		out.Headers = append(out.Headers, schemas.Header{Key: h.Key, Value: bytes.Clone(h.Value)})
	}
	return out
}

func testPublish(t *testing.T, l Log) {
	const sites, perSite = 20, 30
	want := map[int32][]stream.Message{}
	for batch := range 3 {
		var messages []stream.Message
		for i := range perSite / 3 {
			for s := range sites {
				site := fmt.Sprintf("site-%d", s)
				m := stream.Message{
					Topic: l.Events, Site: site, Key: []byte(site + "/" + strconv.Itoa(i)), Value: fmt.Appendf(nil, "%d.%d", batch, i),
					Headers: []schemas.Header{{Key: "revision", Value: []byte(strconv.Itoa(batch))}, {Key: "empty", Value: []byte{}}},
				}
				switch i {
				case 1:
					m.Value = nil // a tombstone
				case 2:
					m.Value, m.Headers = []byte{}, nil // empty is something else
				case 3:
					m.Key, m.Site = []byte(site), "" // the key alone chooses the same partition
				}
				messages = append(messages, m)
				p := int32(schemas.PartitionOf([]byte(site), l.Partitions))
				want[p] = append(want[p], m)
			}
		}
		if err := l.Publisher.Publish(t.Context(), messages); err != nil {
			t.Fatalf("Publish: %v", err)
		}
	}
	got := read(t, l, sites*perSite)
	for p := range int32(l.Partitions) {
		if len(got[p]) != len(want[p]) {
			t.Fatalf("partition %d holds %d records, want %d", p, len(got[p]), len(want[p]))
		}
		for i, r := range got[p] {
			w := want[p][i]
			if !bytes.Equal(r.Key, w.Key) || !bytes.Equal(r.Value, w.Value) || (r.Value == nil) != (w.Value == nil) {
				t.Errorf("partition %d, record %d: %q = %q, want %q = %q", p, i, r.Key, r.Value, w.Key, w.Value)
			}
			if !slices.EqualFunc(r.Headers, w.Headers, func(a, b schemas.Header) bool {
				return a.Key == b.Key && bytes.Equal(a.Value, b.Value)
			}) {
				t.Errorf("partition %d, record %d: headers %v, want %v", p, i, r.Headers, w.Headers)
			}
			if i > 0 && r.Offset <= got[p][i-1].Offset {
				t.Errorf("partition %d: offset %d after %d", p, r.Offset, got[p][i-1].Offset)
			}
		}
	}
}

func testPublishLarge(t *testing.T, l Log) {
	value := bytes.Repeat([]byte("0123456789abcdef"), l.LargestRecord/16)
	for i := range value { // nothing that compresses
		value[i] ^= byte(i * 2654435761 >> 13)
	}
	messages := []stream.Message{
		{Topic: l.Events, Site: "s", Key: []byte("before"), Value: []byte("1")},
		{Topic: l.Events, Site: "s", Key: []byte("large"), Value: value},
		{Topic: l.Events, Site: "s", Key: []byte("after"), Value: []byte("2")},
	}
	if err := l.Publisher.Publish(t.Context(), messages); err != nil {
		t.Fatalf("Publish: %v", err)
	}
	got := read(t, l, 3)[int32(schemas.PartitionOf([]byte("s"), l.Partitions))]
	if len(got) != 3 || string(got[0].Key) != "before" || !bytes.Equal(got[1].Value, value) || string(got[2].Key) != "after" {
		t.Errorf("the large record did not come back between its neighbours")
	}
}

func testFetch(t *testing.T, l Log) {
	site := "s"
	partition := int32(schemas.PartitionOf([]byte(site), l.Partitions))
	publish := func(n int) {
		for i := range n {
			m := stream.Message{Topic: l.Events, Key: []byte(site), Value: bytes.Repeat([]byte{byte('a' + i)}, 100)}
			if err := l.Publisher.Publish(t.Context(), []stream.Message{m}); err != nil {
				t.Fatalf("Publish: %v", err)
			}
		}
	}
	publish(10)
	ctx, stop := context.WithTimeout(t.Context(), patience)
	defer stop()
	finished := errors.New("finished")
	err := l.Member(t).Run(ctx, func(ctx context.Context, p stream.Partition) error {
		if p.ID() != partition {
			<-ctx.Done()
			return nil
		}
		if err := p.Alive(ctx); err != nil {
			t.Errorf("Alive in a generation that lives: %v", err)
		}
		next := int64(0)
		for seen := 0; seen < 10; {
			f, err := p.Fetch(ctx, next, 1)
			if err != nil {
				return err
			}
			if len(f.Records) == 0 {
				t.Errorf("Fetch(%d) with room for one byte brought nothing before the end %d", next, f.End)
				return finished
			}
			seen += len(f.Records)
			next = f.Next
		}
		started := time.Now()
		f, err := p.Fetch(ctx, next, 1000)
		if err != nil || len(f.Records) != 0 || f.Next != next || f.End != next || f.First != 0 {
			t.Errorf("Fetch at the end: %d records, first %d, next %d, end %d, error %v; want an empty answer at %d",
				len(f.Records), f.First, f.Next, f.End, err, next)
		}
		if waited := time.Since(started); waited > 5*time.Second {
			t.Errorf("Fetch waited %v at the end", waited)
		}
		var outside *stream.OffsetError
		if _, err := p.Fetch(ctx, next+100, 1000); !errors.Is(err, stream.ErrOffsetOutOfRange) || !errors.As(err, &outside) || outside.End != next {
			t.Errorf("Fetch beyond the end: %v, want an OffsetError with end %d", err, next)
		}
		if l.Truncate != nil {
			l.Truncate(p.ID(), 5)
			if _, err := p.Fetch(ctx, 4, 1000); !errors.As(err, &outside) || outside.First != 5 || outside.Offset != 4 {
				t.Errorf("Fetch before the first offset: %v, want an OffsetError with first 5", err)
			}
			if f, err := p.Fetch(ctx, 5, 1000); err != nil || f.First != 5 || len(f.Records) == 0 || f.Records[0].Offset != 5 {
				t.Errorf("Fetch at the first offset: %+v, %v", f, err)
			}
		}
		if err := p.Commit(ctx, next); err != nil {
			t.Errorf("Commit: %v", err)
		}
		return finished
	})
	if !errors.Is(err, finished) {
		t.Fatalf("Run: %v", err)
	}
}

func testOwnFails(t *testing.T, l Log) {
	ctx, stop := context.WithTimeout(t.Context(), patience)
	defer stop()
	broken := errors.New("broken")
	err := l.Member(t).Run(ctx, func(ctx context.Context, p stream.Partition) error {
		if p.ID() == 0 {
			return broken
		}
		<-ctx.Done() // the error of one ends the others
		return ctx.Err()
	})
	if !errors.Is(err, broken) {
		t.Errorf("Run: %v, want the error of own", err)
	}
}
