package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"drumbeat/cmd/drumbeat/internal/web"
	"drumbeat/stream"
	"drumbeat/stream/kafka"
	"drumbeat/stream/postgres"
)

// readiness is how far a service has come. A planner is ready when it owns, with their states, all partitions that
// its group has assigned to it; that a rebalance takes them away for a moment shows as well.
type readiness struct {
	store    atomic.Pointer[postgres.Store] // nil until the database has been reached
	topics   atomic.Bool                    // Kafka has been reached, and the topics are there
	started  atomic.Bool                    // everything that the roles need is there
	planner  atomic.Pointer[planning]       // nil: the process has not the role, or not yet
	stopping atomic.Bool
}

type planning struct {
	source *kafka.Source
	runner *stream.Runner
}

var errNotReached = errors.New("not reached yet")

// unreachable is how long Kafka may fail to answer before a process is not ready.
const unreachable = 10 * time.Second

// withoutKafka says whether a service can do its work after Kafka has given no answer for some time. Console and API read
// what is stored; a decision says itself that it cannot be sent, and nothing else would ever notice that Kafka is back.
func (s *service) withoutKafka(away time.Duration) error {
	consumes := slices.Contains(s.roles, roleIntake) || slices.Contains(s.roles, rolePlanner)
	if away > unreachable && consumes {
		return fmt.Errorf("no answer for %v", away.Round(time.Second))
	}
	return nil
}

// checks are those of /readyz.
func (s *service) checks() []web.Check {
	return []web.Check{
		{Name: "service", Ready: func(context.Context) error {
			switch {
			case s.ready.stopping.Load():
				return errors.New("stopping")
			case !s.ready.started.Load():
				return errors.New("starting")
			}
			return nil
		}},
		{Name: "postgres", Ready: func(ctx context.Context) error {
			store := s.ready.store.Load()
			if store == nil {
				return errNotReached
			}
			return store.Check(ctx)
		}},
		{Name: "kafka", Ready: func(context.Context) error {
			if !s.ready.topics.Load() {
				return errNotReached
			}
			return s.withoutKafka(s.kafka.Unreachable())
		}},
		{Name: "partitions", Ready: func(context.Context) error {
			p := s.ready.planner.Load()
			if p == nil {
				return nil
			}
			assigned, member := p.source.Assigned()
			switch owned := p.runner.Owned(); {
			case !member:
				return errors.New("waiting for the consumer group")
			case owned < assigned:
				return fmt.Errorf("%d of %d partitions loaded", owned, assigned)
			}
			return nil
		}},
	}
}
