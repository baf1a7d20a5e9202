package soak

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// rest is the time between two faults. calm is the time without any before the end: a planner remembers for a minute
// the partitions that it has lost, and what the processes hold is compared when they have forgotten.
const (
	rest = 10 * time.Second
	calm = 75 * time.Second
)

// rotate lets one fault after the other happen until Length is over and each of them has happened, in twice the Length at
// most. The first minute, and the time until every
// site remembers as many identities as it ever will, has none: the memory then is what later memory is held to.
func (s *Soak) rotate(ctx context.Context, began time.Time) error {
	for time.Since(began) < time.Minute || s.feed.Accepted() < sites*identities && time.Since(began) < s.Length/2 {
		if err := wait(ctx, time.Second); err != nil {
			return err
		}
	}
	var err error
	if s.report.MemoryBegin, err = s.memory(ctx); err != nil {
		return err
	}
	s.report.Warm = time.Since(began)
	list := s.faults()
	for _, f := range list {
		s.report.due(f.name)
	}
	for n := 0; time.Since(began) < s.Length-calm || !s.report.complete() && time.Since(began) < 2*s.Length; n++ {
		f := list[n%len(list)]
		fmt.Fprintf(s.Say, "soak: %4.0f s, %d events accepted: %s\n", time.Since(began).Seconds(), s.feed.Accepted(), f.name)
		s.fault.Store(f.name)
		err := f.run(ctx, n/len(list))
		if err != nil && !errors.Is(err, errMissed) {
			return fmt.Errorf("soak: %s: %w", f.name, err)
		}
		saved := s.saved.Load()
		if err := wait(ctx, rest); err != nil {
			return err
		}
		if err := s.recovered(ctx, saved); err != nil {
			return err
		}
		if err == nil {
			s.report.happened(f.name)
		}
	}
	s.fault.Store("after the faults")
	if err := wait(ctx, max(calm, s.Length-time.Since(began))-looks*time.Second); err != nil {
		return err
	}
	s.report.MemoryEnd, err = s.memory(ctx)
	return err
}

// recovered waits until more is saved, so that each fault meets a service at work; what takes longer than a minute is
// left to the judge, and the next fault.
func (s *Soak) recovered(ctx context.Context, saved int64) error {
	err := within(ctx, time.Minute, func() (bool, error) { return s.saved.Load() > saved, nil })
	if errors.Is(err, errMissed) {
		return nil
	}
	return err
}

// watch looks twice a second how many events are saved, for the longest time in which nothing moved. A database
// that does not answer saves nothing.
func (s *Soak) watch(ctx context.Context) error {
	var counted int64
	moved := time.Now()
	for wait(ctx, 500*time.Millisecond) == nil {
		n, err := s.counted(ctx)
		if err != nil {
			s.conn = nil
		}
		if n > counted {
			counted, moved = n, time.Now()
			s.saved.Store(n)
		}
		s.report.pause(s.fault.Load(), time.Since(moved))
	}
	return nil
}

// counted is the number of events that Postgres knows.
func (s *Soak) counted(ctx context.Context) (n int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if s.conn == nil {
		if s.conn, err = pgx.Connect(ctx, s.dsn); err != nil {
			return 0, err
		}
	}
	err = s.conn.QueryRow(ctx, "SELECT coalesce(sum(kept + flagged), 0)::bigint FROM drumbeat.audit").Scan(&n)
	return n, err
}
