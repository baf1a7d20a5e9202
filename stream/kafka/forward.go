package kafka

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/segmentio/kafka-go/protocol"
	"golang.org/x/sync/errgroup"

	"drumbeat/schemas"
	"drumbeat/stream"
)

// forward writes the records to the partitions of their sites and returns when all are acknowledged. The
// partitions are written at the same time, the records of each in their order.
func (f *forwarder) forward(ctx context.Context, records []stream.Record) error {
	if len(records) == 0 {
		return nil
	}
	keys, targets, strays := f.route(records)
	counts := make([]int, f.targets)
	for _, p := range targets {
		counts[p]++
	}
	to := make([][]outgoing, f.targets)
	for p, n := range counts {
		to[p] = make([]outgoing, 0, n)
	}
	var (
		headers          = make([]protocol.Header, 0, countHeaders(records))
		small            arena
		topic, partition = []byte(f.topic), strconv.AppendInt(nil, int64(f.partition), 10)
		volume           int
	)
	for i := range records {
		r := &records[i]
		from := len(headers)
		for _, h := range r.Headers {
			if !isOrigin(h.Key) {
				headers = append(headers, protocol.Header(h))
			}
		}
		if r.Key != nil && !bytes.Equal(r.Key, keys[i]) {
			headers = append(headers, protocol.Header{Key: schemas.HeaderOriginKey, Value: r.Key})
		}
		headers = append(headers,
			protocol.Header{Key: schemas.HeaderOriginTopic, Value: topic},
			protocol.Header{Key: schemas.HeaderOriginPartition, Value: partition},
			protocol.Header{Key: schemas.HeaderOriginOffset, Value: small.number(r.Offset)})
		p := targets[i]
		to[p] = append(to[p], outgoing{key: keys[i], value: r.Value, headers: headers[from:len(headers):len(headers)], index: i})
		volume += len(r.Key) + len(r.Value)
	}
	var all errgroup.Group
	for p := range to {
		if len(to[p]) == 0 {
			continue
		}
		all.Go(func() error {
			return f.in.c.send(ctx, f.in.c.cfg.Topics.Events, int32(p), to[p], func(o *outgoing) error {
				return f.tooLarge(ctx, int32(p), &records[o.index], o)
			})
		})
	}
	if err := all.Wait(); err != nil {
		return err
	}
	f.in.metrics.forwarded(f.topic, len(records), volume, strays)
	return nil
}

// route finds the site of every record, the key it gets, and the partition of that; strays are those
// that go to the default site.
func (f *forwarder) route(records []stream.Record) (keys [][]byte, targets []int, strays int) {
	keys, targets = make([][]byte, len(records)), make([]int, len(records))
	var (
		small  arena
		site   []byte
		target int
	)
	for i := range records {
		name, ok := schemas.SiteOf(records[i].Headers, records[i].Value)
		if !ok {
			name = f.in.cfg.DefaultSite
			strays++
		}
		if string(site) != name { // sites come in runs
			site = small.take(len(name))
			copy(site, name)
			target = schemas.PartitionOf(site, f.targets)
		}
		keys[i], targets[i] = site, target
	}
	return keys, targets, strays
}

func isOrigin(name string) bool {
	return name == schemas.HeaderOriginTopic || name == schemas.HeaderOriginPartition || name == schemas.HeaderOriginOffset || name == schemas.HeaderOriginKey
}

func countHeaders(records []stream.Record) int {
	n := 4 * len(records)
	for i := range records {
		n += len(records[i].Headers)
	}
	return n
}

// tooLarge lays a record aside that drumbeat.events does not take: what it was too large for goes into its
// place there, so that the service lists and counts it; the record itself, unchanged, to
// drumbeat.dead-letters, unless it is too large there too.
func (f *forwarder) tooLarge(ctx context.Context, target int32, r *stream.Record, forwarded *outgoing) error {
	topic, events := f.in.c.cfg.Topics.DeadLetters, f.in.c.cfg.Topics.Events
	n, err := f.in.c.awaitPartitions(ctx, topic)
	if err != nil {
		return err
	}
	key := r.Key
	if key == nil {
		key = fmt.Appendf(nil, "%s/%d/%d", f.topic, f.partition, r.Offset)
	}
	partition := int32(schemas.PartitionOf(key, n))
	detail := fmt.Sprintf("%d bytes with headers, more than %s takes", forwarded.size(), events)
	reasons := func(detail string) []protocol.Header {
		return []protocol.Header{
			{Key: schemas.HeaderReason, Value: []byte(schemas.ReasonTooLarge)},
			{Key: schemas.HeaderDetail, Value: []byte(detail)},
			{Key: schemas.HeaderTime, Value: time.Now().UTC().AppendFormat(nil, time.RFC3339Nano)},
		}
	}
	headers := slices.DeleteFunc(slices.Clone(forwarded.headers), func(h protocol.Header) bool { return h.Key == schemas.HeaderOriginKey })
	letter := outgoing{key: r.Key, value: r.Value, headers: append(reasons(detail), headers...)}
	f.in.c.log.Warn("kafka: record too large, dead letter", "topic", f.topic, "partition", f.partition, "offset", r.Offset, "detail", detail)
	f.in.metrics.tooLarge(f.topic)
	own := forwarded.headers[len(forwarded.headers)-3:]
	err = f.in.c.send(ctx, topic, partition, []outgoing{letter}, func(*outgoing) error {
		detail += " and " + topic + " too; read it at its origin"
		bare := outgoing{key: key[:min(len(key), 1024)], headers: append(reasons(detail), own...)}
		return f.in.c.send(ctx, topic, partition, []outgoing{bare}, nil)
	})
	if err != nil {
		return err
	}
	place := outgoing{key: forwarded.key, headers: append(reasons(detail)[:2], own...)}
	return f.in.c.send(ctx, events, target, []outgoing{place}, nil)
}
