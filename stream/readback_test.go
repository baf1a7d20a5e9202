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
	published int
}

func (*newestOnly) Current(_ context.Context, site string, skus []string) ([]Message, error) {
	return make([]Message, len(skus)+1), nil
}

func (n *newestOnly) Publish(_ context.Context, messages []Message) error {
	n.published += len(messages)
	return nil
}

// Whoever reads on from the stored position finds every record that is still to be overwritten.
func TestReadBackStopsBeforeRepairs(t *testing.T) {
	port := &newestOnly{}
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
