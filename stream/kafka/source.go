package kafka

import (
	"context"
	"fmt"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"drumbeat/stream"
)

// Source is a member of the consumer group of drumbeat.events.
type Source struct {
	c        *Client
	group    GroupConfig
	assigned atomic.Int64 // partitions in the newest generation, and one; 0: no member
}

var _ stream.Source = (*Source)(nil)

// NewSource checks the configuration; Run joins the group.
func NewSource(c *Client, group GroupConfig) (*Source, error) {
	if err := group.Validate(); err != nil {
		return nil, err
	}
	return &Source{c: c, group: group.withDefaults()}, nil
}

// Assigned is the number of partitions that the newest generation gave to this member; it stands until the next one.
func (s *Source) Assigned() (partitions int, member bool) {
	n := s.assigned.Load()
	return int(max(0, n-1)), n > 0
}

// Run implements stream.Source. It waits for the topic to exist. If own returns nil while its context
// lives, the generation ends for all partitions and the member joins the next one.
//
// The contexts end when the member notices that the group rebalances or that it has been thrown out: up
// to a heartbeat late, so that another member may own a partition already. The epoch in the store is what
// keeps the older of two owners from saving. After the end an own has about a session timeout to
// flush; it can still Commit then.
func (s *Source) Run(ctx context.Context, own func(ctx context.Context, p stream.Partition) error) error {
	topic := s.c.cfg.Topics.Events
	m := &member{c: s.c, cfg: s.group, topics: []string{topic}}
	defer s.assigned.Store(0)
	return m.run(ctx, func(ctx context.Context, gen *generation) error {
		assigned := gen.gen.Assignments[topic]
		s.assigned.Store(int64(len(assigned)) + 1)
		if len(assigned) == 0 { // more members than partitions
			<-ctx.Done()
			return nil
		}
		// Not errgroup.WithContext: an own that ends early must end the generation with its own error.
		var all errgroup.Group
		for _, a := range assigned {
			all.Go(func() error {
				defer gen.end()
				err := own(ctx, &partition{gen: gen, topic: topic, id: int32(a.ID)})
				if err != nil && ctx.Err() == nil {
					return fmt.Errorf("kafka: partition %s/%d: %w", topic, a.ID, err)
				}
				return nil
			})
		}
		return all.Wait()
	})
}

// partition implements stream.Partition.
type partition struct {
	gen   *generation
	topic string
	id    int32
}

func (p *partition) ID() int32 { return p.id }

func (p *partition) Alive(ctx context.Context) error { return p.gen.alive(ctx) }

// Fetch tries again, with growing delays, for as long as ctx lives and the error may heal.
func (p *partition) Fetch(ctx context.Context, offset int64, maxBytes int) (stream.Fetched, error) {
	var out stream.Fetched
	err := p.gen.m.c.retry(ctx, "fetching", func() (err error) {
		out, err = p.gen.m.c.fetch(ctx, p.topic, p.id, offset, maxBytes)
		return err
	})
	return out, err
}

func (p *partition) Commit(_ context.Context, next int64) error {
	return p.gen.commit(p.topic, p.id, next)
}
