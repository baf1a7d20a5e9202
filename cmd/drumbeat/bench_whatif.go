package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"sync/atomic"
	"time"

	"drumbeat/cmd/drumbeat/internal/bench"
	"drumbeat/cmd/drumbeat/internal/embedded"
	"drumbeat/stream"
	"drumbeat/stream/kafka"
	"drumbeat/stream/postgres"
)

// What is asked over HTTP while events come.
const (
	whatIfLasting   = 8 * time.Second // each case
	whatIfEvents    = 20_000          // a second
	whatIfPartition = 1_000           // no service has so many
)

// whatIf is bench what-if: the sandbox alone, then the service over HTTP, idle and while it reads events.
func (c *benchCmd) whatIf(std streams) func(context.Context, func(bench.Row)) error {
	return func(ctx context.Context, report func(bench.Row)) error {
		err := withPeer(c.Peers, std, c.highs(ctx, std), func(highs *bench.Highs) error { return bench.WhatIf(ctx, highs, report) })
		if err != nil {
			return err
		}
		return withPostgres(ctx, std, "what-if over HTTP", func(dsn, dir string) error {
			broker, err := embedded.StartBroker(filepath.Join(dir, "kafka"), nil)
			if err != nil {
				return err
			}
			return errors.Join(whatIfOverHTTP(ctx, dsn, broker.Addr(), report), broker.Close())
		})
	}
}

func whatIfOverHTTP(ctx context.Context, dsn, broker string, report func(bench.Row)) error {
	run := pathRun{dsn: dsn, site: "bench-load", input: "bench-load-sales", moved: make(chan struct{}), report: report}
	var err error
	if run.client, err = kafka.NewClient(kafka.Config{Brokers: []string{broker}, Log: slog.New(slog.DiscardHandler)}); err != nil {
		return err
	}
	defer run.client.Close()
	messages, err := run.messages()
	if err != nil {
		return err
	}
	store, err := postgres.Open(ctx, dsn)
	if err != nil {
		return err
	}
	defer store.Close()
	questions := bench.WhatIfSites()
	for i := range questions {
		if err := questions[i].Store(ctx, store, int32(whatIfPartition+i), time.Now()); err != nil {
			return err
		}
	}
	address, err := freePort(ctx)
	if err != nil {
		return err
	}
	s, err := run.service(address, roleIntake, rolePlanner, roleWeb)
	if err != nil {
		return err
	}
	return beside(ctx, s, func(ctx context.Context) error { return run.whatIf(ctx, address, questions, messages) })
}

// freePort is an address on which nobody listens.
func freePort(ctx context.Context) (string, error) {
	var lc net.ListenConfig
	listener, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return listener.Addr().String(), listener.Close()
}

// whatIf asks the service, idle and then under load.
func (r *pathRun) whatIf(ctx context.Context, address string, questions []bench.Question, messages []stream.Message) error {
	producer := kafka.NewProducer(r.client)
	if err := producer.Send(ctx, r.input, messages[:1]); err != nil {
		return err
	}
	if _, err := r.until(ctx, 1); err != nil { // the service stands
		return err
	}
	for i := range questions {
		if err := questions[i].Look(ctx, address, r.report); err != nil {
			return err
		}
	}
	for i := range questions {
		if err := questions[i].Ask(ctx, address, whatIfLasting, "", r.report); err != nil {
			return err
		}
	}
	feeding, stop := context.WithCancel(ctx)
	defer stop()
	fed := make(chan error, 1)
	var sent atomic.Int64
	sent.Store(1)
	began := time.Now()
	go func() { fed <- r.feed(feeding, producer, messages, &sent) }()
	name := fmt.Sprintf(", beside %d events/s", whatIfEvents)
	for i := range questions {
		if err := questions[i].Ask(ctx, address, whatIfLasting, name, r.report); err != nil {
			return err
		}
	}
	stop()
	elapsed := time.Since(began)
	if err := <-fed; err != nil {
		return err
	}
	r.mu.Lock()
	saved := r.next
	r.mu.Unlock()
	for _, row := range []bench.Row{
		{Metric: "sent_per_second", Value: float64(sent.Load()) / elapsed.Seconds(), Unit: "1/s"},
		{Metric: "saved_per_second", Value: float64(saved) / elapsed.Seconds(), Unit: "1/s"},
	} {
		row.Bench, row.Case = "what-if", "events beside the questions"
		r.report(row)
	}
	return nil
}

// feed sends so many events a second until ctx ends or none is left.
func (r *pathRun) feed(ctx context.Context, producer *kafka.Producer, messages []stream.Message, sent *atomic.Int64) error {
	const tick = 50 * time.Millisecond
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	began := time.Now()
	for at := 1; at < len(messages); {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		due := min(len(messages), int(time.Since(began).Seconds()*whatIfEvents))
		if due <= at {
			continue
		}
		if err := producer.Send(ctx, r.input, messages[at:due]); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		at = due
		sent.Store(int64(at))
	}
	return nil
}
