package soak

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"drumbeat/schemas"
	"drumbeat/stream/kafka"
	"drumbeat/stream/postgres"
)

// Soak is a run of the whole service, as processes, on servers of its own, with faults in rotation.
type Soak struct {
	Deploy string        // directory of the scripts that start the servers
	Self   string        // the program
	Dir    string        // an empty directory, for servers and logs
	Rate   int           // sales offered a second
	Length time.Duration // of the load; what is still on its way afterwards is waited for
	Say    io.Writer     // progress

	kafka, postgres *Server
	broker, dsn     string // of the servers themselves, as the superuser
	kafkaProxy      *Proxy
	postgresProxy   *Proxy
	conn            *pgx.Conn
	feed            *Feed
	planners        [2]*Process
	intake          *Process
	report          *Report
	saved           atomic.Int64 // events, as far as is known
	fault           atomic.Value // name of the last one
}

const (
	session = 6 * time.Second
	sites   = 2
	skus    = 200 // of each site
	// The sales are of days whose books are closed: those of the last two weeks hold each sale by itself, and would
	// grow with the load.
	perDay = 5 // sales of a SKU on a day
	days   = 60
	newest = 16 // days ago
	// identities is how many event identities a site remembers.
	identities = 1_000_000
	// ahead is how much of the load, as time, the feed may be ahead of what is saved; beyond, it waits. What is
	// accepted then is what the service takes.
	ahead = 5 * time.Second
)

// Run starts everything, lets sales flow and faults happen for Length, and judges. The error is of the soak itself;
// what became of the promises stands in the report.
func (s *Soak) Run(ctx context.Context) (*Report, error) {
	s.report = &Report{Offered: s.Rate}
	s.fault.Store("before the faults")
	defer s.end()
	if err := s.begin(ctx); err != nil {
		return nil, err
	}
	load, stop := context.WithCancel(ctx)
	defer stop()
	group, load := errgroup.WithContext(load)
	const feeders = 2 // one waits for acknowledgements while the other encodes
	began := time.Now()
	for range feeders {
		group.Go(func() error { return s.feed.Run(load, s.Rate/feeders) })
	}
	group.Go(func() error { return s.count(load) })
	group.Go(func() error { return s.watch(load) })
	group.Go(func() error {
		defer stop()
		return s.rotate(load, began)
	})
	err := group.Wait()
	if err == nil || errors.Is(err, context.Canceled) {
		err = ctx.Err()
	}
	if err != nil {
		return nil, err
	}
	s.report.Load = time.Since(began)
	fmt.Fprintf(s.Say, "soak: %d events accepted, waiting for the last of them\n", s.feed.Accepted())
	return s.report, s.judge(ctx)
}

// begin starts servers and processes and defines the sites.
func (s *Soak) begin(ctx context.Context) error {
	ports := [5]int{} // of the broker, its controller, its listener for the proxy, that proxy, and Postgres
	for i := range ports {
		var err error
		if ports[i], err = freePort(); err != nil {
			return err
		}
	}
	s.kafka = &Server{
		Scripts: filepath.Join(s.Deploy, "kafka"), Note: "kafka.pid", Data: filepath.Join(s.Dir, "kafka"),
		Args: []string{
			"--port", strconv.Itoa(ports[0]), "--controller-port", strconv.Itoa(ports[1]),
			"--set", fmt.Sprintf("listeners=PLAINTEXT://127.0.0.1:%d,CONTROLLER://127.0.0.1:%d,PROXIED://127.0.0.1:%d", ports[0], ports[1], ports[2]),
			// A client follows what the broker calls itself.
			"--set", fmt.Sprintf("advertised.listeners=PLAINTEXT://127.0.0.1:%d,PROXIED://127.0.0.1:%d", ports[0], ports[3]),
			"--set", "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,PROXIED:PLAINTEXT",
		},
	}
	s.postgres = &Server{
		Scripts: filepath.Join(s.Deploy, "postgres"), Note: "data/postmaster.pid", Data: filepath.Join(s.Dir, "postgres"),
		Args: []string{"--port", strconv.Itoa(ports[4])},
	}
	var err error
	if s.broker, err = s.kafka.Start(ctx); err != nil {
		return err
	}
	if s.dsn, err = s.postgres.Start(ctx); err != nil {
		return err
	}
	if s.kafkaProxy, err = NewProxy("kafka", address(ports[3]), address(ports[2])); err != nil {
		return err
	}
	if s.postgresProxy, err = NewProxy("postgres", "127.0.0.1:0", address(ports[4])); err != nil {
		return err
	}
	if _, err := postgres.Migrate(ctx, s.dsn); err != nil {
		return err
	}
	for _, name := range logins {
		if err := s.sql(ctx, "CREATE ROLE "+name+" LOGIN PASSWORD '"+password+"' IN ROLE drumbeat_writer"); err != nil {
			return err
		}
	}
	client, err := kafka.NewClient(kafka.Config{Brokers: []string{s.broker}, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	options := kafka.TopicOptions{Inputs: []string{schemas.DefaultInputTopic}}
	if _, err := client.CreateTopics(ctx, options); err != nil {
		return err
	}
	today := schemas.DateOf(time.Now().UTC())
	s.feed = &Feed{
		Client: client, Topic: schemas.DefaultInputTopic, Sites: Sites(sites), SKUs: skus,
		Day:  func(n int64) schemas.Date { return today.AddDays(-newest - int(n/(sites*skus*perDay))%days) },
		Hold: s.full,
	}
	if err := s.feed.Define(ctx, 2*time.Second, 5*time.Second, "UTC"); err != nil {
		return err
	}
	if s.conn, err = pgx.Connect(ctx, s.dsn); err != nil {
		return fmt.Errorf("soak: %w", err)
	}
	for i := range s.planners {
		if s.planners[i], err = s.launch("planner-"+strconv.Itoa(i+1), "planner", i > 0); err != nil {
			return err
		}
	}
	s.intake, err = s.launch("intake", "intake", false)
	return err
}

// logins are the processes' names in Postgres: limits do not hold for a superuser.
var logins = []string{"planner_1", "planner_2", "intake"}

const password = "soak" // the server listens on this machine, for this run

func address(port int) string { return "127.0.0.1:" + strconv.Itoa(port) }

// count has stock counted every second: sales of closed books change forecasts at a period's end only, and there
// are to be plans.
func (s *Soak) count(ctx context.Context) error {
	for n := int64(0); wait(ctx, time.Second) == nil; n++ {
		if err := s.feed.CountStock(context.WithoutCancel(ctx), n); err != nil {
			return err
		}
	}
	return nil
}

// full says that the feed is as far ahead as it may be.
func (s *Soak) full() bool {
	return s.feed.Accepted()-s.saved.Load() > int64(ahead.Seconds()*float64(s.Rate))
}

// end stops what runs.
func (s *Soak) end() {
	for _, p := range []*Process{s.planners[0], s.planners[1], s.intake} {
		if p != nil {
			p.kill()
		}
	}
	for _, x := range []*Proxy{s.kafkaProxy, s.postgresProxy} {
		if x != nil {
			x.Stop()
		}
	}
	if s.feed != nil {
		s.feed.Client.Close()
	}
	if s.conn != nil {
		_ = s.conn.Close(context.Background()) // its server ends next
	}
	for _, server := range []*Server{s.kafka, s.postgres} {
		if server == nil {
			continue
		}
		if err := server.Stop(); err != nil {
			fmt.Fprintln(s.Say, err)
		}
	}
}

// judge waits for what is on its way, and compares.
func (s *Soak) judge(ctx context.Context) error {
	store, err := postgres.Open(ctx, s.dsn)
	if err != nil {
		return err
	}
	defer store.Close()
	conn, err := pgx.Connect(ctx, s.dsn)
	if err != nil {
		return fmt.Errorf("soak: %w", err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	j := &Judge{Client: s.feed.Client, Store: store, Conn: conn, Feed: s.feed}
	began := time.Now()
	if err := s.until(ctx, j.Counted); err != nil {
		return err
	}
	s.report.Drain = time.Since(began)
	if err := s.feed.Replan(ctx); err != nil {
		return err
	}
	for _, ask := range []func(context.Context) (bool, string, error){j.Counted, j.Planned} {
		if err := s.until(ctx, ask); err != nil {
			return err
		}
	}
	s.report.Verdict, err = j.Verdict(ctx)
	return err
}

// patience is how long the soak waits for what is on its way, after the load has ended.
const patience = 10 * time.Minute

// until waits until the answer is yes.
func (s *Soak) until(ctx context.Context, ask func(context.Context) (bool, string, error)) error {
	deadline := time.Now().Add(patience)
	for {
		yes, state, err := ask(ctx)
		switch {
		case err != nil:
			return err
		case yes:
			return nil
		case time.Now().After(deadline):
			return fmt.Errorf("soak: after %v still %s", patience, state)
		}
		if err := wait(ctx, 200*time.Millisecond); err != nil {
			return err
		}
	}
}

// looks are the seconds for which memory is looked at.
const looks = 30

// memory is what all processes hold, in bytes: the median of some seconds, for what a process holds at one moment is what it
// needs, or up to as much again, as the garbage collector has it.
func (s *Soak) memory(ctx context.Context) (float64, error) {
	sums := make([]float64, looks)
	for n := range sums {
		for _, p := range []*Process{s.planners[0], s.planners[1], s.intake} {
			m, err := p.resident(ctx)
			if err != nil {
				return 0, err
			}
			sums[n] += m
		}
		if err := wait(ctx, time.Second); err != nil {
			return 0, err
		}
	}
	slices.Sort(sums)
	return sums[looks/2], nil
}

// lastPort is where freePort has looked last: below the range that the kernel hands out for connections, since a
// server that was killed comes back to its port.
var lastPort = 20_000 + os.Getpid()%9_000

func freePort() (int, error) {
	for ; lastPort < 32_000; lastPort++ {
		l, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(lastPort))
		if err != nil {
			continue
		}
		lastPort++
		return lastPort - 1, l.Close()
	}
	return 0, errors.New("soak: no free port between 20000 and 32000")
}
