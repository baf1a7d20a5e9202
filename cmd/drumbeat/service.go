package main

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"golang.org/x/sync/errgroup"

	"drumbeat/cmd/drumbeat/internal/solver"
	"drumbeat/cmd/drumbeat/internal/web"
	"drumbeat/cmd/drumbeat/internal/web/api"
	"drumbeat/cmd/drumbeat/internal/web/view"
	"drumbeat/optimize/clp"
	"drumbeat/stream"
	"drumbeat/stream/kafka"
	"drumbeat/stream/postgres"
)

// The roles of a process.
const (
	roleIntake  = "intake"
	rolePlanner = "planner"
	roleWeb     = "web"
)

// service is everything that runs in one process, wired.
type service struct {
	kafka     *kafka.Client
	postgres  string // DSN
	roles     []string
	inputs    []string
	decisions string // the input topic of what people decide over HTTP; "": the first
	group     string
	session   time.Duration // of the consumer groups
	instance  string        // of this process in them; run sets it
	address   string        // of HTTP
	tokens    web.Tokens    // none: HTTP is for this machine
	retention time.Duration
	heartbeat time.Duration // between two that go through the whole pipeline; 0: none does
	processor stream.Config
	solve     solveFlags
	quiet     time.Duration // until an event-clock site takes its input as ended
	drain     time.Duration // how long HTTP answers after a stop was asked for, at least
	saved     func(partition int32, b *stream.Batch)
	log       *slog.Logger
	ready     readiness
}

// run runs the roles until ctx ends. HTTP answers from before the servers are reached until all else has ended and,
// after ctx, s.drain has passed: probes are told the truth all the time.
func (s *service) run(ctx context.Context) error {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	server := web.New(web.Config{
		Address: s.address, Tokens: s.tokens, Login: slices.Contains(s.roles, roleWeb), Metrics: registry, Log: s.log, Checks: s.checks(), Started: s.ready.started.Load,
	})
	listener, err := server.Listen(ctx)
	if err != nil {
		return err
	}
	s.instance = instanceAt(listener.Addr())
	drained := make(chan struct{})
	defer context.AfterFunc(ctx, func() {
		s.ready.stopping.Store(true)
		s.log.Info("stopping")
		time.Sleep(s.drain)
		close(drained)
	})()
	work, abort := context.WithCancel(ctx)
	defer abort()
	serving, stopServing := context.WithCancel(context.WithoutCancel(ctx))
	defer stopServing()
	newReleaseMetric(registry)
	reachable := newCheckMetric(registry)
	var watching sync.WaitGroup
	watching.Go(func() { watch(work, s.checks(), reachable) })
	served := make(chan error, 1)
	go func() {
		served <- server.Serve(serving, listener)
		abort()
	}()
	err = s.work(work, server, registry)
	if ctx.Err() != nil {
		<-drained
	}
	stopServing()
	err = errors.Join(err, <-served)
	abort()
	watching.Wait()
	if store := s.ready.store.Load(); store != nil {
		store.Close()
	}
	return err
}

// instanceAt names the process that listens at an address of this host: only one does at a time, so one that had the
// name before is dead.
func instanceAt(address net.Addr) string {
	host, err := os.Hostname()
	if err != nil {
		return "" // then nobody takes its place at once
	}
	return host + "/" + address.String()
}

// work migrates the database, creates and checks the topics, and runs the roles until ctx ends.
func (s *service) work(ctx context.Context, server *web.Server, registry *prometheus.Registry) error {
	store, err := s.prepare(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	if slices.Contains(s.roles, roleIntake) {
		intake, err := kafka.NewIntake(s.kafka, kafka.IntakeConfig{
			Group: kafka.GroupConfig{ID: s.group + "-intake", Session: s.session, Instance: s.instance}, Inputs: s.inputs,
			DefaultSite: s.processor.DefaultSite, Registerer: registry,
		})
		if err != nil {
			return badInput(err)
		}
		group.Go(func() error { return intake.Run(ctx) })
	}
	if slices.Contains(s.roles, rolePlanner) {
		solvers, err := s.solve.pool(registry, s.log)
		if err != nil {
			return err
		}
		defer solvers.Close()
		runner, err := s.runner(store, registry, solvers)
		if err != nil {
			return badInput(err)
		}
		group.Go(func() error { return runner.Run(ctx) })
		group.Go(func() error { return s.expire(ctx, store) })
	}
	if slices.Contains(s.roles, roleWeb) {
		answers, err := s.web(server, store, registry)
		if err != nil {
			return err
		}
		group.Go(func() error { return answers.Run(ctx) })
	}
	s.ready.started.Store(true)
	return group.Wait()
}

// web adds the API and the console to the server.
func (s *service) web(server *web.Server, store *postgres.Store, metrics prometheus.Gatherer) (*api.API, error) {
	reader := view.NewStored(store, time.Now)
	answers, err := api.New(server, api.Config{
		Reader: reader, NewSolver: clp.New, Input: cmp.Or(s.decisions, s.inputs[0]), Log: s.log,
		Send: kafka.NewProducer(s.kafka).Send,
		Fix:  fixLetter,
		Replayed: func(ctx context.Context, sent []api.Replayed) error {
			list := make([]postgres.Replayed, len(sent))
			for i, r := range sent {
				list[i] = postgres.Replayed{LetterOrigin: postgres.LetterOrigin(r.Origin), ID: r.ID}
			}
			return store.MarkReplayed(ctx, list)
		},
	})
	if err != nil {
		return nil, err
	}
	return answers, serveConsole(server, s.tokens, reader, answers, metrics, s.log)
}

func (s *service) runner(store *postgres.Store, registry prometheus.Registerer, solvers *solver.Pool) (*stream.Runner, error) {
	source, err := kafka.NewSource(s.kafka, kafka.GroupConfig{ID: s.group, Session: s.session, Instance: s.instance})
	if err != nil {
		return nil, err
	}
	runner, err := stream.NewRunner(stream.RunnerConfig{
		Processor: s.processor, Source: source, Store: store,
		Publisher: kafka.NewPublisher(s.kafka), PlanLog: kafka.NewPlanLog(s.kafka),
		Solve: solvers.Solve, Quiet: s.quiet, Saved: s.saved, Heartbeat: s.heartbeat, Beat: s.beat(), Metrics: stream.NewMetrics(registry), Log: s.log,
	})
	if err != nil {
		return nil, err
	}
	s.ready.planner.Store(&planning{source, runner})
	return runner, nil
}

// prepare waits for Postgres and Kafka, and brings both to the shape that this release needs.
func (s *service) prepare(ctx context.Context) (*postgres.Store, error) {
	err := s.patiently(ctx, "postgres", func() error {
		applied, err := postgres.Migrate(ctx, s.postgres)
		if len(applied) > 0 {
			s.log.Info("database migrated", "version", applied[len(applied)-1])
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	store, err := postgres.Open(ctx, s.postgres)
	if err != nil {
		return nil, err
	}
	s.ready.store.Store(store)
	options := kafka.TopicOptions{Inputs: s.inputs}
	var problems []kafka.Problem
	err = s.patiently(ctx, "kafka", func() error {
		cluster, err := s.kafka.ClusterID(ctx)
		if err == nil {
			err = store.Bind(ctx, cluster)
		}
		if err != nil {
			return err
		}
		created, err := s.kafka.CreateTopics(ctx, options)
		for _, name := range created {
			s.log.Info("topic created", "topic", name)
		}
		if err == nil {
			problems, err = s.kafka.CheckTopics(ctx, options)
		}
		return err
	})
	for _, p := range problems {
		if p.Advice {
			s.log.Warn("topic setting", "advice", p.String())
		} else {
			err = errors.Join(err, errors.New(p.String()))
		}
	}
	if err != nil {
		return nil, err
	}
	s.ready.topics.Store(true)
	return store, nil
}

// patiently tries until f works: at a start the servers may come up later than we do. What is wrong
// use is returned at once.
func (s *service) patiently(ctx context.Context, what string, f func() error) error {
	for wait := 100 * time.Millisecond; ; wait = min(2*wait, 5*time.Second) {
		err := f()
		var wrong *postgres.DSNError
		var other *postgres.ClusterError
		switch {
		case err == nil:
			return nil
		case errors.As(err, &other):
			return err
		case errors.As(err, &wrong):
			return badInput(err)
		case ctx.Err() != nil:
			return ctx.Err()
		}
		s.log.Warn("not reachable yet", "what", what, "error", err)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
	}
}

// keptRevisions is the number of revisions whose problems are kept whole, beside one a day.
const keptRevisions = 100

// expire drops what is older than the retention, every hour.
func (s *service) expire(ctx context.Context, store *postgres.Store) error {
	ticker := time.NewTicker(time.Hour)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case now := <-ticker.C:
			if n, err := store.Expire(ctx, now, s.retention, keptRevisions); err != nil && ctx.Err() == nil {
				s.log.Warn("old rows not dropped", "error", err)
			} else if n > 0 {
				s.log.Info("old rows dropped", "partitions", n)
			}
		}
	}
}
