package kafka

import (
	"context"

	"drumbeat/schemas"
	"drumbeat/stream"
)

// PlanLog reads drumbeat.plans.
type PlanLog struct{ c *Client }

var _ stream.PlanLog = (*PlanLog)(nil)

// NewPlanLog returns a reader of the client's plan topic.
func NewPlanLog(c *Client) *PlanLog { return &PlanLog{c} }

// planFetchBytes holds any one plan message.
const planFetchBytes = 1 << 20

// Follow implements stream.PlanLog; it returns nil when ctx ends, and stream.ErrOffsetOutOfRange when
// the log does not reach to offset. It says that it is at the end once for each time that it gets there.
func (l *PlanLog) Follow(ctx context.Context, site string, offset int64, fn func(stream.Record) error) error {
	topic := l.c.cfg.Topics.Plans
	n, err := l.c.awaitPartitions(ctx, topic)
	if err != nil {
		return ended(ctx, err)
	}
	partition := int32(schemas.PartitionOf([]byte(site), n))
	if offset < 0 {
		err := l.c.retry(ctx, "first plan offset", func() (err error) {
			offset, _, err = l.c.ends(ctx, topic, partition)
			return err
		})
		if err != nil {
			return ended(ctx, err)
		}
	}
	for told := false; ; {
		var f stream.Fetched
		err := l.c.retry(ctx, "following plans", func() (err error) {
			f, err = l.c.fetch(ctx, topic, partition, offset, planFetchBytes)
			return err
		})
		if err != nil {
			return ended(ctx, err)
		}
		for _, r := range f.Records {
			if ctx.Err() != nil {
				return nil
			}
			told = false
			if err := fn(r); err != nil {
				return err
			}
		}
		offset = f.Next
		if offset >= f.End && !told {
			told = true
			if err := fn(stream.Record{Offset: -1}); err != nil {
				return err
			}
		}
	}
}
