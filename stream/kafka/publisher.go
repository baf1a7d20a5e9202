package kafka

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/segmentio/kafka-go/protocol"
	"golang.org/x/sync/errgroup"

	"drumbeat/schemas"
	"drumbeat/stream"
)

// Publisher writes messages with acks of all in-sync replicas.
type Publisher struct {
	c *Client
	// Patience limits one Publish; after it the caller decides. 0: one minute.
	Patience time.Duration
}

var _ stream.Publisher = (*Publisher)(nil)

// NewPublisher returns a publisher to the client's cluster.
func NewPublisher(c *Client) *Publisher { return &Publisher{c: c} }

// Publish implements stream.Publisher. Messages for one partition are written in their order, those for
// different partitions at the same time; a message with a Site goes to the site's partition, any other
// to that of its key, by murmur2. Topics are never created.
func (p *Publisher) Publish(ctx context.Context, messages []stream.Message) error {
	patience := p.Patience
	if patience == 0 {
		patience = time.Minute
	}
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("kafka: not acknowledged within %v", patience))
	defer cancel()
	type target struct {
		topic     string
		partition int32
	}
	var order []target
	records := map[target][]outgoing{}
	counts := map[string]int{}
	for i := range messages {
		m := &messages[i]
		n, ok := counts[m.Topic]
		if !ok {
			var err error
			if n, err = p.c.awaitPartitions(ctx, m.Topic); err != nil {
				return because(ctx, err)
			}
			counts[m.Topic] = n
		}
		key := m.Key
		if m.Site != "" {
			key = []byte(m.Site)
		}
		t := target{m.Topic, int32(schemas.PartitionOf(key, n))}
		if records[t] == nil {
			order = append(order, t)
		}
		records[t] = append(records[t], outgoing{key: m.Key, value: m.Value, headers: headersOf(m.Headers)})
	}
	var all errgroup.Group
	for _, t := range order {
		var tooLarge func(*outgoing) error
		if t.topic == p.c.cfg.Topics.DeadLetters {
			tooLarge = func(o *outgoing) error { return p.bare(ctx, t.topic, t.partition, o) }
		}
		all.Go(func() error { return p.c.send(ctx, t.topic, t.partition, records[t], tooLarge) })
	}
	return because(ctx, all.Wait())
}

// bare writes a dead letter that is too large for its topic without the record's own key, value and headers:
// everything behind it waits for it, plans as well, and the store has it whole.
func (p *Publisher) bare(ctx context.Context, topic string, partition int32, letter *outgoing) error {
	size := letter.size()
	out := outgoing{key: letter.key[:min(len(letter.key), 1024)]}
	for _, h := range letter.headers[max(0, len(letter.headers)-letterHeaders):] {
		if h.Key == schemas.HeaderDetail {
			h.Value = fmt.Appendf(nil, "%.200s; the record is left out, %d bytes are too large for %s", h.Value, size, topic)
		}
		out.headers = append(out.headers, h)
	}
	p.c.log.Warn("kafka: dead letter too large, written without its record", "topic", topic, "bytes", size)
	return p.c.send(ctx, topic, partition, []outgoing{out}, nil)
}

// letterHeaders is the number of headers that a dead letter has behind the record's own: reason, detail,
// origin and time.
const letterHeaders = 6

// because adds the reason why ctx ended to an error that only says that it did.
func because(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil && !errors.Is(ctx.Err(), context.Cause(ctx)) {
		return fmt.Errorf("%w: %w", context.Cause(ctx), err)
	}
	return err
}

func headersOf(in []schemas.Header) []protocol.Header {
	if len(in) == 0 {
		return nil
	}
	out := make([]protocol.Header, len(in))
	for i, h := range in {
		out[i] = protocol.Header(h)
	}
	return out
}
