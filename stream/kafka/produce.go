package kafka

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/compress"
	"github.com/segmentio/kafka-go/protocol"
	produceapi "github.com/segmentio/kafka-go/protocol/produce"
)

// batchBytes is about how large a batch may become: below the limit that a topic has by default. A
// record above it travels alone.
const batchBytes = 900 << 10

// recordOverhead is more than a record takes beside its key, value and headers.
const recordOverhead = 40

// outgoing is a record on its way to a partition. Its bytes must never change again: after a context
// has ended, the library may still be sending them.
type outgoing struct {
	key, value []byte
	headers    []protocol.Header
	index      int // the caller's
}

func (o *outgoing) size() int {
	n := recordOverhead + len(o.key) + len(o.value)
	for _, h := range o.headers {
		n += 10 + len(h.Key) + len(h.Value)
	}
	return n
}

// ErrTooLarge is matched by the error of a record that is larger than its topic or the broker takes.
var ErrTooLarge = errors.New("kafka: record too large")

// errTooLarge says that one record is larger than the topic or the broker takes.
type errTooLarge struct {
	record *outgoing
	err    error
}

func (e *errTooLarge) Error() string {
	return fmt.Sprintf("kafka: record with key %.80q of %d bytes is too large: %v", e.record.key, e.record.size(), e.err)
}

func (e *errTooLarge) Unwrap() error { return e.err }

// Is makes it an ErrTooLarge.
func (e *errTooLarge) Is(target error) bool { return target == ErrTooLarge }

// send writes the records to the partition in their order and returns when all are acknowledged by all
// in-sync replicas. It tries again for as long as ctx lives and the error may heal; a batch is sent
// only after the one before was acknowledged. A record that is too large goes to tooLarge, whose error
// is returned; with a nil tooLarge it is an *errTooLarge.
func (c *Client) send(ctx context.Context, topic string, partition int32, records []outgoing, tooLarge func(*outgoing) error) error {
	for len(records) > 0 {
		n, size := 1, records[0].size()
		for n < len(records) && size+records[n].size() <= batchBytes {
			size += records[n].size()
			n++
		}
		if err := c.sendBatch(ctx, topic, partition, records[:n], tooLarge); err != nil {
			return err
		}
		records = records[n:]
	}
	return nil
}

// sendBatch halves a batch that the broker finds too large.
func (c *Client) sendBatch(ctx context.Context, topic string, partition int32, records []outgoing, tooLarge func(*outgoing) error) error {
	err := c.retry(ctx, "producing", func() error { return c.produce(ctx, topic, partition, records) })
	if !errors.Is(err, kafkago.MessageSizeTooLarge) && !errors.Is(err, kafkago.InvalidMessageSize) {
		return err
	}
	if len(records) > 1 {
		half := len(records) / 2
		if err := c.sendBatch(ctx, topic, partition, records[:half], tooLarge); err != nil {
			return err
		}
		return c.sendBatch(ctx, topic, partition, records[half:], tooLarge)
	}
	if tooLarge != nil {
		return tooLarge(&records[0])
	}
	return &errTooLarge{&records[0], err}
}

// produce is one request with one batch.
func (c *Client) produce(ctx context.Context, topic string, partition int32, records []outgoing) error {
	m, err := c.roundTrip(ctx, 0, &produceapi.Request{
		Acks:    -1,
		Timeout: int32((c.cfg.Timeout / 2).Milliseconds()),
		Topics: []produceapi.RequestTopic{{
			Topic: topic,
			Partitions: []produceapi.RequestPartition{{
				Partition: partition,
				RecordSet: protocol.RecordSet{
					Attributes: protocol.Attributes(compress.Lz4),
					Records:    &recordReader{records: records, now: time.Now()},
				},
			}},
		}},
	})
	if err != nil {
		return fmt.Errorf("kafka: produce to %s/%d: %w", topic, partition, err)
	}
	res := m.(*produceapi.Response)
	if len(res.Topics) != 1 || len(res.Topics[0].Partitions) != 1 {
		return fmt.Errorf("kafka: produce to %s/%d: the answer is for another partition", topic, partition)
	}
	if p := res.Topics[0].Partitions[0]; p.ErrorCode != 0 {
		if p.ErrorMessage != "" {
			return fmt.Errorf("kafka: produce to %s/%d: %w (%s)", topic, partition, kafkago.Error(p.ErrorCode), p.ErrorMessage)
		}
		return fmt.Errorf("kafka: produce to %s/%d: %w", topic, partition, kafkago.Error(p.ErrorCode))
	}
	return nil
}

// recordReader shows outgoing records to the library's encoder without an allocation a record.
type recordReader struct {
	records    []outgoing
	now        time.Time
	record     protocol.Record
	key, value byteReader
}

type byteReader struct{ bytes.Reader }

func (*byteReader) Close() error { return nil }

// ReadRecord returns a record that is valid until the next call.
func (r *recordReader) ReadRecord() (*protocol.Record, error) {
	if len(r.records) == 0 {
		return nil, io.EOF
	}
	next := &r.records[0]
	r.records = r.records[1:]
	r.record = protocol.Record{Time: r.now, Headers: next.headers}
	if next.key != nil {
		r.key.Reset(next.key)
		r.record.Key = &r.key
	}
	if next.value != nil {
		r.value.Reset(next.value)
		r.record.Value = &r.value
	}
	return &r.record, nil
}
