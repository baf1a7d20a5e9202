package kafka

import (
	"context"
	"fmt"

	kafkago "github.com/segmentio/kafka-go"
)

// Records is the number of offsets that the topic's partitions have given out, the sum of their ends.
func (c *Client) Records(ctx context.Context, topic string) (int64, error) {
	n, err := c.awaitPartitions(ctx, topic)
	if err != nil {
		return 0, err
	}
	requests := make([]kafkago.OffsetRequest, n)
	for i := range requests {
		requests[i] = kafkago.LastOffsetOf(i)
	}
	res, err := c.api.ListOffsets(ctx, &kafkago.ListOffsetsRequest{Topics: map[string][]kafkago.OffsetRequest{topic: requests}})
	c.answered(err)
	if err != nil {
		return 0, fmt.Errorf("kafka: end of %s: %w", topic, err)
	}
	sum := int64(0)
	for _, p := range res.Topics[topic] {
		if p.Error != nil {
			return 0, fmt.Errorf("kafka: end of %s/%d: %w", topic, p.Partition, p.Error)
		}
		sum += p.LastOffset
	}
	return sum, nil
}
