package stream

import (
	"context"
	"errors"
	"log/slog"
	"testing"
)

// endsBetween is a Publisher whose owner loses the partition when the lines are out.
type endsBetween struct {
	lose      context.CancelFunc
	published []string
}

func (e *endsBetween) Publish(ctx context.Context, messages []Message) error {
	for i := range messages {
		e.published = append(e.published, string(messages[i].Key))
	}
	e.lose()
	return ctx.Err()
}

// A revision of which the lines are out gets its head also when the partition goes meanwhile: the next owner finds
// all of it and publishes nothing again.
func TestPublicationIsSeenThrough(t *testing.T) {
	ctx, lose := context.WithCancel(t.Context())
	port := &endsBetween{lose: lose}
	r := &Runner{c: RunnerConfig{Publisher: port, PlanPartitions: 1, Metrics: NewMetrics(nil), Log: slog.New(slog.DiscardHandler)}}
	b := newOutbox(r, 0, &Snapshot{}, &Processor{})
	entry := &Unsent{Site: "s", Revision: 1, Messages: []Message{{Key: []byte("s/A")}, {Key: []byte("s/B")}, {Key: []byte("s")}}}
	if err := b.send(ctx, entry); !errors.Is(err, context.Canceled) {
		t.Errorf("send: %v, want the end of the partition, for nothing has been read back", err)
	}
	if len(port.published) != 3 || port.published[2] != "s" {
		t.Errorf("published %q, want both lines and the head", port.published)
	}
}
