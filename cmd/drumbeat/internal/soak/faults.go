package soak

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/twmb/franz-go/pkg/kgo"

	"drumbeat/stream"
	"drumbeat/stream/kafka"
)

// fault is something that happens to the service.
type fault struct {
	name string
	run  func(ctx context.Context, n int) error // the n-th time, from 0
}

// errMissed says that a fault found nothing to befall: no plan was being saved, for example.
var errMissed = errors.New("missed")

// span is how long a fault lasts that is no event.
const span = 5 * time.Second

// faults are what happens in rotation. The network is that of one planner and of intake: the other planner is to take
// over. Databases and brokers are away for all.
func (s *Soak) faults() []fault {
	list := []fault{
		{"kill -9 of a planner", func(_ context.Context, n int) error { return s.relaunch(&s.planners[n%2]) }},
		{"kill -9 of intake", func(context.Context, int) error { return s.relaunch(&s.intake) }},
		{"planner stopped past its session", func(ctx context.Context, n int) error { return s.stopped(ctx, s.planners[n%2]) }},
		{"planner stopped in mid-save", func(ctx context.Context, _ int) error { return s.stoppedInSave(ctx) }},
		{"planner stopped between save and publish", func(ctx context.Context, _ int) error { return s.stoppedBeforePublish(ctx) }},
		{"kill -9 of Postgres", func(ctx context.Context, _ int) error { return restart(ctx, s.postgres) }},
		{"rebalance storm", func(ctx context.Context, _ int) error { return s.storm(ctx, 5) }},
		{"Postgres read-only", func(ctx context.Context, _ int) error {
			return s.during(ctx, []string{"ALTER SYSTEM SET default_transaction_read_only = on", "SELECT pg_reload_conf()"},
				[]string{"SET default_transaction_read_only = off", "ALTER SYSTEM RESET default_transaction_read_only", "SELECT pg_reload_conf()"})
		}},
		{"Postgres without connections", func(ctx context.Context, _ int) error {
			var begin, end []string
			for _, name := range logins {
				begin = append(begin, "ALTER ROLE "+name+" CONNECTION LIMIT 0")
				end = append(end, "ALTER ROLE "+name+" CONNECTION LIMIT -1")
			}
			begin = append(begin, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename IN ('"+strings.Join(logins, "', '")+"')")
			return s.during(ctx, begin, end)
		}},
		{"Postgres without disk", func(ctx context.Context, _ int) error {
			return s.during(ctx, []string{DiskFull}, []string{DiskFree})
		}},
		{"kill -9 of the broker", func(ctx context.Context, _ int) error { return restart(ctx, s.kafka) }},
		{"broker stopped", func(ctx context.Context, _ int) error { return s.kafka.silent(ctx, span) }},
		{"transactions in the input", func(ctx context.Context, n int) error { return s.transactions(ctx, n) }},
	}
	for _, bad := range NetworkFaults() {
		list = append(list, fault{"network: " + bad.Name, func(ctx context.Context, _ int) error { return s.network(ctx, bad) }})
	}
	return list
}

// DiskFull makes Postgres raise 53100 in the middle of a save, as a full disk does; DiskFree ends it. A real one needs a
// file system of its own, and so root.
const (
	DiskFull = `CREATE FUNCTION drumbeat.disk_full() RETURNS trigger LANGUAGE plpgsql AS
		$$ BEGIN RAISE 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$;
		CREATE TRIGGER disk_full BEFORE INSERT OR UPDATE ON drumbeat.skus FOR EACH STATEMENT EXECUTE FUNCTION drumbeat.disk_full()`
	DiskFree = "DROP FUNCTION drumbeat.disk_full CASCADE"
)

func (s *Soak) relaunch(p **Process) error {
	(*p).kill()
	fresh, err := s.launch((*p).name, (*p).role, (*p).near)
	if err == nil {
		*p = fresh
	}
	return err
}

// stopped stops a process for longer than its session.
func (s *Soak) stopped(ctx context.Context, p *Process) error {
	if err := p.signal(syscall.SIGSTOP); err != nil {
		return err
	}
	waited := wait(ctx, session+4*time.Second)
	return errors.Join(p.signal(syscall.SIGCONT), waited)
}

// stoppedInSave stops the first planner while a save of it waits for a lock; its transaction is left open.
func (s *Soak) stoppedInSave(ctx context.Context) error {
	return s.caught(ctx, func() error { return s.planners[0].signal(syscall.SIGSTOP) }, func() error {
		waited := wait(ctx, session+4*time.Second)
		return errors.Join(s.planners[0].signal(syscall.SIGCONT), waited)
	})
}

// stoppedBeforePublish stops the first planner when a plan of it is saved, and what it has sent of it is still on its way. That
// arrives when somebody else owns its partitions.
func (s *Soak) stoppedBeforePublish(ctx context.Context) error {
	return s.caught(ctx, s.kafkaProxy.Hold, func() (err error) {
		defer func() { err = errors.Join(err, s.kafkaProxy.Release(context.WithoutCancel(ctx))) }()
		if err := within(ctx, patient, func() (bool, error) { return HeldPlans(), nil }); err != nil {
			return err
		}
		return s.stopped(ctx, s.planners[0])
	})
}

// patient is how long a fault waits for its moment.
const patient = 30 * time.Second

// caught calls held when the save of a plan by the first planner waits for a lock that is held here, lets it go, and calls then.
func (s *Soak) caught(ctx context.Context, held, then func() error) error {
	conn, err := pgx.Connect(ctx, s.dsn)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }() // gives the lock back as well
	tx, err := conn.Begin(ctx)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, "LOCK TABLE drumbeat.plans IN SHARE ROW EXCLUSIVE MODE"); err != nil {
		return err
	}
	err = within(ctx, patient, func() (waits bool, err error) {
		return waits, tx.QueryRow(ctx, `SELECT count(*) > 0 FROM pg_locks JOIN pg_stat_activity USING (pid)
			WHERE NOT granted AND relation = 'drumbeat.plans'::regclass AND usename = $1`, s.planners[0].login()).Scan(&waits)
	})
	if err == nil {
		err = held()
	}
	if err := errors.Join(err, tx.Rollback(context.WithoutCancel(ctx))); err != nil {
		return err
	}
	return then()
}

// within asks until the answer is yes; errMissed after the limit.
func within(ctx context.Context, limit time.Duration, ask func() (bool, error)) error {
	for deadline := time.Now().Add(limit); time.Now().Before(deadline); {
		if yes, err := ask(); yes || err != nil {
			return err
		}
		if err := wait(ctx, 10*time.Millisecond); err != nil {
			return err
		}
	}
	return errMissed
}

func restart(ctx context.Context, server *Server) error {
	if err := server.Kill(ctx); err != nil {
		return err
	}
	_, err := server.Start(ctx)
	return err
}

// network makes the network bad for a while.
func (s *Soak) network(ctx context.Context, bad NetworkFault) error {
	for _, x := range []*Proxy{s.kafkaProxy, s.postgresProxy} {
		if err := bad.Begin(x); err != nil {
			return err
		}
	}
	waited := wait(ctx, span)
	return errors.Join(waited, bad.End(s.kafkaProxy), bad.End(s.postgresProxy))
}

// storm has a member join and leave the planners' group n times.
func (s *Soak) storm(ctx context.Context, n int) error {
	for range n {
		source, err := kafka.NewSource(s.feed.Client, kafka.GroupConfig{ID: "drumbeat", Session: session})
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

// transactions writes sales as a transactional producer does: some that it takes back, some that it commits, and some
// that everybody behind them has to wait for until they are taken back as well.
func (s *Soak) transactions(ctx context.Context, n int) error {
	const sales = 500
	cl, err := kgo.NewClient(kgo.SeedBrokers(s.broker), kgo.DefaultProduceTopic(s.feed.Topic), kgo.TransactionalID(fmt.Sprint("soak-", n)))
	if err != nil {
		return err
	}
	defer cl.Close()
	for _, end := range []kgo.TransactionEndTry{kgo.TryAbort, kgo.TryCommit, kgo.TryAbort} {
		if err := cl.BeginTransaction(); err != nil {
			return err
		}
		p, err := s.feed.Next(sales)
		if err != nil {
			return err
		}
		records := make([]*kgo.Record, sales)
		for i, m := range p.Messages {
			records[i] = &kgo.Record{Key: m.Key, Value: m.Value}
		}
		if err := cl.ProduceSync(ctx, records...).FirstErr(); err != nil {
			return err
		}
		if err := wait(ctx, span/2); err != nil {
			return err
		}
		if err := cl.EndTransaction(ctx, end); err != nil {
			return err
		}
		if end == kgo.TryCommit {
			s.feed.Accept(p)
		}
	}
	return nil
}

// during runs statements, and others some time later.
func (s *Soak) during(ctx context.Context, begin, end []string) error {
	if err := s.sql(ctx, begin...); err != nil {
		return err
	}
	waited := wait(ctx, span)
	return errors.Join(waited, s.sql(context.WithoutCancel(ctx), end...))
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
