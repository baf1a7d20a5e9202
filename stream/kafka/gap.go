package kafka

import (
	"context"
)

// passBatch returns the offset after the batch with this base, which holds no record at offset or
// later: compaction has emptied it, or its tail. The format has the batch's last offset, but kafka-go
// does not show it; so this looks for the first offset at which a fetch no longer answers with that
// batch, in steps that double and then halve: a dozen requests for a batch of thousands.
//
// It passes over nothing: every offset it leaves out lies inside a batch seen to be empty. A batch
// that compaction removes meanwhile only ends the search earlier.
func (c *Client) passBatch(ctx context.Context, topic string, partition int32, offset, end, base int64) (int64, error) {
	within := func(at int64) (bool, error) {
		if at >= end {
			return false, nil
		}
		p, err := c.fetchPartition(ctx, topic, partition, at, 1, 0)
		if err != nil {
			return false, err
		}
		batches := batchesOf(p)
		return len(batches) > 0 && batches[0].Offset() == base, nil
	}
	inside, outside := offset, offset+1
	for {
		in, err := within(outside)
		if err != nil {
			return offset, err
		}
		if !in {
			break
		}
		inside, outside = outside, outside+2*(outside-offset)
	}
	for outside-inside > 1 {
		middle := inside + (outside-inside)/2
		in, err := within(middle)
		if err != nil {
			return offset, err
		}
		if in {
			inside = middle
		} else {
			outside = middle
		}
	}
	return outside, nil
}
