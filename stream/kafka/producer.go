package kafka

import (
	"context"

	"golang.org/x/sync/errgroup"

	"drumbeat/schemas"
	"drumbeat/stream"
)

// Producer writes many records to a topic quickly; `drumbeat produce` and the demo feed input topics with
// it.
type Producer struct{ c *Client }

// NewProducer returns a producer to the client's cluster.
func NewProducer(c *Client) *Producer { return &Producer{c} }

// Send writes the messages to topic, whatever Topic they name, and returns when all are acknowledged
// by all in-sync replicas. Those of one key (or Site, where it is set) keep their order. It tries again for as long
// as ctx lives; after an error any part of the messages may have been written. Call it with thousands
// of messages at a time: each call waits for its slowest partition. The bytes must not change any more.
func (p *Producer) Send(ctx context.Context, topic string, messages []stream.Message) error {
	n, err := p.c.awaitPartitions(ctx, topic)
	if err != nil {
		return err
	}
	to := make([][]outgoing, n)
	for i := range messages {
		m := &messages[i]
		key := m.Key
		if m.Site != "" {
			key = []byte(m.Site)
		}
		at := schemas.PartitionOf(key, n)
		to[at] = append(to[at], outgoing{key: m.Key, value: m.Value, headers: headersOf(m.Headers)})
	}
	var all errgroup.Group
	for at, records := range to {
		if len(records) > 0 {
			all.Go(func() error { return p.c.send(ctx, topic, int32(at), records, nil) })
		}
	}
	return all.Wait()
}
