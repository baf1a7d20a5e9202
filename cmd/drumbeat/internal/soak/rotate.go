package soak

import (
	"context"
	"fmt"
	"log/slog"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"drumbeat/stream"
	"drumbeat/stream/kafka"
)

// fault is something that happens to the service.
type fault struct {
	name string
	run  func(ctx context.Context, n int) error // the n-th time, from 0
}

func (s *Soak) faults() []fault {
	return []fault{
		{"kill -9 of a planner", func(_ context.Context, n int) error { return s.relaunch(&s.planners[n%2]) }},
		{"kill -9 of intake", func(context.Context, int) error { return s.relaunch(&s.intake) }},
		{"planner stopped past its session", func(ctx context.Context, n int) error {
			return s.stopped(ctx, s.planners[n%2], session+4*time.Second)
		}},
		{"kill -9 of Postgres", func(ctx context.Context, _ int) error { return restart(ctx, s.postgres) }},
		{"rebalance storm", func(ctx context.Context, _ int) error { return s.storm(ctx, 8) }},
		{"Postgres read-only", func(ctx context.Context, _ int) error {
			return s.during(ctx, 5*time.Second, "ALTER SYSTEM SET default_transaction_read_only = on", "ALTER SYSTEM RESET default_transaction_read_only")
		}},
		{"kill -9 of the broker", func(ctx context.Context, _ int) error { return restart(ctx, s.kafka) }},
		{"broker says nothing", func(ctx context.Context, _ int) error { return s.kafka.silent(ctx, 5*time.Second) }},
		{"connections to Postgres cut", func(ctx context.Context, _ int) error {
			return s.sql(ctx, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'drumbeat'")
		}},
	}
}

// rest is the time between two faults, and the time without any before the first and after the last one.
const rest = 10 * time.Second

// rotate lets one fault after the other happen until Length is over. The first minute, and the time until every
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
	for n := 0; time.Since(began) < s.Length-2*rest; n++ {
		f := list[n%len(list)]
		fmt.Fprintf(s.Say, "soak: %4.0f s, %d events accepted: %s\n", time.Since(began).Seconds(), s.feed.Accepted(), f.name)
		s.fault.Store(f.name)
		if err := f.run(ctx, n/len(list)); err != nil {
			return fmt.Errorf("soak: %s: %w", f.name, err)
		}
		if err := wait(ctx, rest); err != nil {
			return err
		}
		s.report.happened(f.name)
	}
	return wait(ctx, max(0, s.Length-time.Since(began)))
}

func (s *Soak) relaunch(p **Process) error {
	(*p).kill()
	role := "planner"
	if (*p).name == "intake" {
		role = "intake"
	}
	fresh, err := s.launch((*p).name, role)
	if err == nil {
		*p = fresh
	}
	return err
}

func (s *Soak) stopped(ctx context.Context, p *Process, d time.Duration) error {
	if err := p.signal(syscall.SIGSTOP); err != nil {
		return err
	}
	waited := wait(ctx, d)
	if err := p.signal(syscall.SIGCONT); err != nil {
		return err
	}
	return waited
}

func restart(ctx context.Context, server *Server) error {
	if err := server.Kill(ctx); err != nil {
		return err
	}
	_, err := server.Start(ctx)
	return err
}

// storm has a member join and leave the planners' group n times.
func (s *Soak) storm(ctx context.Context, n int) error {
	client, err := kafka.NewClient(kafka.Config{Brokers: []string{s.broker}, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	defer client.Close()
	for range n {
		source, err := kafka.NewSource(client, kafka.GroupConfig{ID: "drumbeat", Session: session})
		if err != nil {
			return err
		}
		member, leave := context.WithTimeout(ctx, 2*session)
		err = source.Run(member, func(ctx context.Context, _ stream.Partition) error {
			err := wait(ctx, time.Second)
			leave()
			return err
		})
		leave()
		if err != nil {
			return err
		}
	}
	return nil
}

// during runs a statement, and another one some time later, each with the server told of it.
func (s *Soak) during(ctx context.Context, d time.Duration, begin, end string) error {
	if err := s.sql(ctx, begin, "SELECT pg_reload_conf()"); err != nil {
		return err
	}
	waited := wait(ctx, d)
	if err := s.sql(context.WithoutCancel(ctx), "SET default_transaction_read_only = off", end, "SELECT pg_reload_conf()"); err != nil {
		return err
	}
	return waited
}

func (s *Soak) sql(ctx context.Context, statements ...string) error {
	conn, err := pgx.Connect(ctx, s.dsn)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	for _, statement := range statements {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	return nil
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
