package kafka

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	fetchapi "github.com/segmentio/kafka-go/protocol/fetch"

	"drumbeat/schemas"
	"drumbeat/stream"
)

// maxWait is how long a broker holds back an answer while there is nothing to read.
const maxWait = 400 * time.Millisecond

// readCommitted makes the broker stop before open transactions and name the aborted ones.
const readCommitted = 1

// fetch asks once for the records from offset on. A broker's error is returned as kafka-go's; an offset
// outside the log as stream.ErrOffsetOutOfRange, with the log's ends.
func (c *Client) fetch(ctx context.Context, topic string, partition int32, offset int64, maxBytes int) (stream.Fetched, error) {
	p, err := c.fetchPartition(ctx, topic, partition, offset, maxBytes, maxWait)
	if err != nil {
		return stream.Fetched{}, err
	}
	out := stream.Fetched{First: p.LogStartOffset, Next: offset, End: p.LastStableOffset}
	if out.End < 0 {
		out.End = p.HighWatermark
	}
	if out.Records, out.Newest, out.Next, err = decode(p, offset); err != nil {
		return stream.Fetched{}, fmt.Errorf("kafka: %s/%d at offset %d: %w", topic, partition, offset, err)
	}
	out.End = max(out.End, out.Next)
	if batches := batchesOf(p); out.Next == offset && len(batches) > 0 {
		out.Next, err = c.passBatch(ctx, topic, partition, offset, out.End, batches[0].Offset())
	}
	return out, err
}

// fetchPartition is one fetch request for one partition. Client.Fetch would drop the list of aborted
// transactions.
func (c *Client) fetchPartition(ctx context.Context, topic string, partition int32, offset int64, maxBytes int, wait time.Duration) (*fetchapi.ResponsePartition, error) {
	m, err := c.roundTrip(ctx, wait, &fetchapi.Request{
		ReplicaID:      -1,
		MaxWaitTime:    int32(wait.Milliseconds()),
		MinBytes:       1,
		MaxBytes:       int32(maxBytes),
		IsolationLevel: readCommitted,
		SessionEpoch:   -1, // no fetch session
		Topics: []fetchapi.RequestTopic{{
			Topic: topic,
			Partitions: []fetchapi.RequestPartition{{
				Partition:          partition,
				CurrentLeaderEpoch: -1,
				FetchOffset:        offset,
				LogStartOffset:     -1,
				PartitionMaxBytes:  int32(maxBytes),
			}},
		}},
	})
	if err != nil {
		return nil, fmt.Errorf("kafka: fetch %s/%d at offset %d: %w", topic, partition, offset, err)
	}
	res := m.(*fetchapi.Response)
	code := kafkago.Error(res.ErrorCode)
	if code == 0 {
		if len(res.Topics) != 1 || len(res.Topics[0].Partitions) != 1 {
			return nil, fmt.Errorf("kafka: fetch %s/%d at offset %d: the answer is for another partition", topic, partition, offset)
		}
		code = kafkago.Error(res.Topics[0].Partitions[0].ErrorCode)
	}
	switch code {
	case 0:
		return &res.Topics[0].Partitions[0], nil
	case kafkago.OffsetOutOfRange:
		first, end, err := c.ends(ctx, topic, partition)
		if err != nil {
			return nil, err
		}
		if first <= offset && offset <= end { // it has grown or come back meanwhile
			return nil, fmt.Errorf("kafka: fetch %s/%d at offset %d: %w", topic, partition, offset, kafkago.OffsetNotAvailable)
		}
		return nil, fmt.Errorf("kafka: %w",
			&stream.OffsetError{Topic: topic, Partition: partition, Offset: offset, First: first, End: end})
	default:
		return nil, fmt.Errorf("kafka: fetch %s/%d at offset %d: %w", topic, partition, offset, code)
	}
}

// ends returns the first offset of the partition and the one after its last.
func (c *Client) ends(ctx context.Context, topic string, partition int32) (first, end int64, err error) {
	// One request an end: the answers of a common request cannot be told apart when both are equal.
	at := [2]int64{}
	for i, which := range []kafkago.OffsetRequest{kafkago.FirstOffsetOf(int(partition)), kafkago.LastOffsetOf(int(partition))} {
		m, err := c.api.ListOffsets(ctx, &kafkago.ListOffsetsRequest{
			Topics: map[string][]kafkago.OffsetRequest{topic: {which}},
		})
		c.answered(err)
		if err != nil {
			return 0, 0, fmt.Errorf("kafka: offsets of %s/%d: %w", topic, partition, err)
		}
		for _, p := range m.Topics[topic] {
			if p.Error != nil {
				return 0, 0, fmt.Errorf("kafka: offsets of %s/%d: %w", topic, partition, p.Error)
			}
			at[i] = max(p.FirstOffset, p.LastOffset)
		}
	}
	return at[0], at[1], nil
}

// batch is what the library's readers of record batches have in common.
type batch interface {
	protocol.RecordReader
	Offset() int64 // of the batch's first record, as it was written
}

func batchesOf(p *fetchapi.ResponsePartition) []batch {
	records, ok := p.RecordSet.Records.(*protocol.RecordStream)
	if !ok {
		return nil
	}
	batches := make([]batch, 0, len(records.Records))
	for _, r := range records.Records {
		if b, ok := r.(batch); ok {
			batches = append(batches, b)
		}
	}
	return batches
}

// decode copies the committed records from offset on out of the answer, and returns when the last of them was
// written and the offset after the last record or marker seen. Batches may begin before offset, be empty, or be
// markers.
func decode(p *fetchapi.ResponsePartition, offset int64) (records []stream.Record, newest time.Time, next int64, err error) {
	var (
		bytes   arena
		headers []schemas.Header
		aborted = newAborted(p.AbortedTransactions)
	)
	next = offset
	for _, b := range batchesOf(p) {
		next = max(next, b.Offset())
		drop, err := aborted.drops(b)
		if err != nil {
			return nil, newest, 0, err
		}
		for {
			r, err := b.ReadRecord()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return nil, newest, 0, err
			}
			if drop || r.Offset < next {
				closeRecord(r)
				next = max(next, r.Offset+1)
				continue
			}
			next, newest = r.Offset+1, r.Time
			out := stream.Record{Offset: r.Offset}
			if out.Key, err = bytes.copy(r.Key); err == nil {
				out.Value, err = bytes.copy(r.Value)
			}
			closeRecord(r)
			if err != nil {
				return nil, newest, 0, fmt.Errorf("record %d: %w", r.Offset, err)
			}
			if len(r.Headers) > 0 {
				if cap(headers)-len(headers) < len(r.Headers) {
					headers = make([]schemas.Header, 0, max(1024, len(r.Headers)))
				}
				from := len(headers)
				for _, h := range r.Headers {
					headers = append(headers, schemas.Header(h))
				}
				out.Headers = headers[from:len(headers):len(headers)]
			}
			records = append(records, out)
		}
	}
	return records, newest, next, nil
}

// closeRecord gives the record's pages back to the library's pool.
func closeRecord(r *protocol.Record) {
	if r.Key != nil {
		_ = r.Key.Close() // never fails
	}
	if r.Value != nil {
		_ = r.Value.Close()
	}
}
