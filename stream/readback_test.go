package stream

import (
	"context"
	"log/slog"
	"strconv"
	"testing"

	"drumbeat/schemas"
)

// newestOnly is a Store and a Publisher of which only the repair of plan records is asked.
type newestOnly struct {
	Store
	revision  int64 // of the newest head
	published int
}

func (n *newestOnly) Current(_ context.Context, site string, skus []string) ([]Message, error) {
	messages := make([]Message, len(skus)+1)
	messages[len(skus)].Headers = []schemas.Header{{Key: schemas.HeaderRevision, Value: strconv.AppendInt(nil, n.revision, 10)}}
	return messages, nil
}

func (n *newestOnly) Publish(_ context.Context, messages []Message) error {
	n.published += len(messages)
	return nil
}

// Whoever reads on from the stored position finds every record that is still to be overwritten.
func TestReadBackStopsBeforeRepairs(t *testing.T) {
	port := &newestOnly{revision: 5}
	r := &Runner{c: RunnerConfig{Store: port, Publisher: port, PlanPartitions: 1, Metrics: NewMetrics(nil), Log: slog.New(slog.DiscardHandler)}}
	b := newOutbox(r, 0, &Snapshot{}, &Processor{})
	b.add(&Batch{Revisions: []Revision{{Site: "s", Revision: 5, Lines: []LineValue{{SKU: "A"}, {SKU: "B"}}}}})
	f := b.follow("s")
	offset := int64(0)
	found := func(key string, revision int64) {
		b.found(f, &Record{
			Offset: offset, Key: []byte(key),
			Headers: []schemas.Header{{Key: schemas.HeaderRevision, Value: strconv.AppendInt(nil, revision, 10)}},
		})
		offset++
	}
	position := func(want int64) {
		t.Helper()
		if back := b.readBack(); len(back) != 1 || back[0].Next != want || back[0].Revision != 5 {
			t.Errorf("read back %+v, want to %d", back, want)
		}
	}
	found("s/A", 5)
	found("s/B", 5)
	found("s", 5)
	position(3)
	found("s/A", 4) // at 3
	found("s/B", 2)
	found("s", 4)
	position(3)
	found("s/A", 5) // someone has overwritten that one
	position(4)
	if err := b.repair(t.Context()); err != nil || port.published != 2 {
		t.Errorf("%d records overwritten, %v; want the line of B and the head", port.published, err)
	}
	position(7)
}

// What was saved and not yet published goes first: its newest head would stand in the topic before its
// lines, be taken for confirmed, and the lines would never come.
func TestRepairsWaitForUnsentRevisions(t *testing.T) {
	port := &newestOnly{revision: 2}
	r := &Runner{c: RunnerConfig{Store: port, Publisher: port, PlanPartitions: 1, Metrics: NewMetrics(nil), Log: slog.New(slog.DiscardHandler)}}
	b := newOutbox(r, 0, &Snapshot{}, &Processor{})
	b.add(&Batch{Revisions: []Revision{{Site: "s", Revision: 2}}})
	f := b.follow("s")
	for at, revision := range []int64{2, 1} {
		b.found(f, &Record{
			Offset: int64(at), Key: []byte("s"),
			Headers: []schemas.Header{{Key: schemas.HeaderRevision, Value: strconv.AppendInt(nil, revision, 10)}},
		})
	}
	port.revision = 3 // saved, and the outbox does not know of it yet
	if err := b.repair(t.Context()); err != nil || port.published != 0 {
		t.Errorf("%d records overwritten, %v, before revision 3 is published", port.published, err)
	}
	b.add(&Batch{Revisions: []Revision{{Site: "s", Revision: 3}}})
	if err := b.repair(t.Context()); err != nil || port.published != 0 {
		t.Errorf("%d records overwritten, %v, before revision 3 is published", port.published, err)
	}
	b.found(f, &Record{Offset: 2, Key: []byte("s"), Headers: []schemas.Header{{Key: schemas.HeaderRevision, Value: []byte("3")}}})
	if site, _, _ := b.due(); site != "" {
		t.Error("revision 3 has overwritten the head; nothing is left to repair")
	}
}

// A line that compaction took away, for an older record came after it, is written again: whether that record
// stands before the head or after it.
func TestCompactedLinesAreRepaired(t *testing.T) {
	for _, after := range []bool{false, true} {
		port := &newestOnly{revision: 3}
		r := &Runner{c: RunnerConfig{Store: port, Publisher: port, PlanPartitions: 1, Metrics: NewMetrics(nil), Log: slog.New(slog.DiscardHandler)}}
		b := newOutbox(r, 0, &Snapshot{}, &Processor{})
		b.add(&Batch{Revisions: []Revision{{Site: "s", Revision: 3, Lines: []LineValue{{SKU: "A"}, {SKU: "B"}}}}})
		f := b.follow("s")
		found := func(at int64, key string, revision int64) {
			b.found(f, &Record{
				Offset: at, Key: []byte(key),
				Headers: []schemas.Header{{Key: schemas.HeaderRevision, Value: strconv.AppendInt(nil, revision, 10)}},
			})
		}
		found(1, "s/A", 2) // as it was before; ours follows
		found(2, "s/A", 3)
		if !after {
			found(4, "s/B", 1) // ours was at 3
		}
		found(5, "s", 3)
		if after {
			found(6, "s/B", 1)
		}
		if _, _, keys := b.due(); len(keys) != 1 || !keys["B"].line {
			t.Errorf("after the head %v: repairs %v, want the line of B", after, keys)
		}
	}
}
