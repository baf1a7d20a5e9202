package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/alecthomas/kong"
	kafkago "github.com/segmentio/kafka-go"
	"golang.org/x/sync/errgroup"

	"drumbeat/cmd/drumbeat/internal/bench"
	"drumbeat/cmd/drumbeat/internal/embedded"
	"drumbeat/cmd/drumbeat/internal/generate"
	"drumbeat/schemas"
	"drumbeat/stream"
	"drumbeat/stream/kafka"
)

// pipeline is bench pipeline: the Processor alone, then the whole path on each broker there is.
func (c *benchCmd) pipeline(std streams) func(context.Context, func(bench.Row)) error {
	return func(ctx context.Context, report func(bench.Row)) error {
		if err := bench.Processor(ctx, report); err != nil {
			return err
		}
		err := withPostgres(ctx, std, "end to end on the embedded broker", func(dsn, dir string) error {
			broker, err := embedded.StartBroker(filepath.Join(dir, "kafka"), nil)
			if err != nil {
				return err
			}
			run := pathRun{brokers: []string{broker.Addr()}, dsn: dsn, name: "embedded broker", report: report}
			return errors.Join(run.measure(ctx), broker.Close())
		})
		if err != nil || len(c.KafkaBrokers) == 0 {
			return err
		}
		return withPostgres(ctx, std, "end to end on Kafka", func(dsn, _ string) error {
			run := pathRun{brokers: c.KafkaBrokers, dsn: dsn, name: "Kafka", report: report, shared: true}
			return run.measure(ctx)
		})
	}
}

// The load of the whole path.
const (
	pathSKUs  = 1000
	pathDays  = 500
	pathChunk = 10_000 // events sent at once
	// Capacity as a multiple of the mean load: shared, but not binding. What a binding capacity costs is
	// measured by bench solve.
	pathCapacity = 2
)

// pathRun measures intake, planner and publisher in one process on one broker.
type pathRun struct {
	brokers []string
	dsn     string
	name    string
	shared  bool // others use the broker: what is made there is removed again
	report  func(bench.Row)

	client *kafka.Client
	site   string
	input  string

	mu      sync.Mutex
	next    int64 // saved
	savedAt time.Time
	plans   int
	failed  int           // of them without an optimum
	moved   chan struct{} // closed and renewed when something was saved
}

// measure sends 500 days of sales of 1,000 SKUs to a site with a wall clock and takes the time until all
// are saved, and until the plan of all of them can be read from the plan topic.
func (r *pathRun) measure(ctx context.Context) (err error) {
	run := strconv.FormatInt(time.Now().UnixMilli(), 36)
	r.site, r.input, r.moved = "bench-"+run, "drumbeat-bench-"+run+"-sales", make(chan struct{})
	config := kafka.Config{Brokers: r.brokers, Log: slog.New(slog.DiscardHandler)}
	if r.shared {
		config.Topics.Events = "drumbeat-bench-" + run + "-events"
	}
	if r.client, err = kafka.NewClient(config); err != nil {
		return badInput(err)
	}
	defer r.client.Close()
	if _, err := r.client.ClusterID(ctx); err != nil {
		return fmt.Errorf("bench: %s %v: %w", r.name, r.brokers, err)
	}
	messages, err := r.messages()
	if err != nil {
		return err
	}
	s, err := r.service("127.0.0.1:0", roleIntake, rolePlanner)
	if err != nil {
		return err
	}
	err = beside(ctx, s, func(ctx context.Context) error { return r.drive(ctx, messages) })
	if r.shared {
		err = errors.Join(err, r.remove(context.WithoutCancel(ctx)))
	}
	return err
}

// beside runs the service until the work beside it is done.
func beside(ctx context.Context, s *service, work func(ctx context.Context) error) error {
	running, stop := context.WithCancel(ctx)
	defer stop()
	group, running := errgroup.WithContext(running)
	group.Go(func() error { return s.run(running) })
	group.Go(func() error {
		defer stop()
		return work(running)
	})
	err := group.Wait()
	if ctx.Err() == nil && errors.Is(err, context.Canceled) {
		return nil // stopped when the work was done
	}
	return err
}

// service is what is measured, with the flags' defaults where the load does not ask for something else.
func (r *pathRun) service(address string, roles ...string) (*service, error) {
	s := &service{
		kafka: r.client, postgres: r.dsn, roles: roles, inputs: []string{r.input},
		group: "drumbeat-" + r.site, session: 10 * time.Second, address: address, retention: time.Hour,
		processor: stream.Config{DefaultSite: "default", PlanEvery: "day", CapacityShare: pathCapacity, Settings: stream.DefaultSettings()},
		saved:     r.saved, log: slog.New(slog.DiscardHandler),
	}
	return s, kong.ApplyDefaults(&s.solve)
}

// messages are the sales, the newest of them of yesterday.
func (r *pathRun) messages() ([]stream.Message, error) {
	first := time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, -pathDays)
	var list []stream.Message
	for row := range generate.Load(generate.LoadConfig{SKUs: pathSKUs, Days: pathDays, First: first, Seed: 1}) {
		ev := row.Event(r.site, "bench")
		value, err := schemas.Encode(&ev)
		if err != nil {
			return nil, err
		}
		list = append(list, stream.Message{Key: []byte(row.SKU), Value: value})
	}
	return list, nil
}

// saved takes a batch; the runner calls it.
func (r *pathRun) saved(_ int32, b *stream.Batch) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.plans += len(b.Revisions)
	for i := range b.Revisions {
		if b.Revisions[i].Status != string(schemas.PlanOptimal) {
			r.failed++
		}
	}
	if b.Next > r.next {
		r.next, r.savedAt = b.Next, time.Now()
	}
	close(r.moved)
	r.moved = make(chan struct{})
}

// until waits until everything before an offset is saved, and returns when that was.
func (r *pathRun) until(ctx context.Context, offset int64) (time.Time, error) {
	for {
		r.mu.Lock()
		next, at, moved := r.next, r.savedAt, r.moved
		r.mu.Unlock()
		if next >= offset {
			return at, nil
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return time.Time{}, ctx.Err()
		}
	}
}

// drive sends and measures. A heartbeat before the sales shows that the whole path stands.
func (r *pathRun) drive(ctx context.Context, messages []stream.Message) error {
	producer := kafka.NewProducer(r.client)
	beat, err := schemas.Encode(&schemas.Event{ID: "start", Source: "bench", Type: schemas.TypeHeartbeat, Site: r.site})
	if err != nil {
		return err
	}
	if err := producer.Send(ctx, r.input, []stream.Message{{Key: []byte(r.site), Value: beat}}); err != nil {
		return err
	}
	if _, err := r.until(ctx, 1); err != nil {
		return err
	}
	target := int64(1 + len(messages))
	began := time.Now()
	for at := 0; at < len(messages); at += pathChunk {
		if err := producer.Send(ctx, r.input, messages[at:min(at+pathChunk, len(messages))]); err != nil {
			return err
		}
	}
	sent := time.Now()
	saved, err := r.until(ctx, target)
	if err != nil {
		return err
	}
	head, published, err := r.published(ctx, target)
	if err != nil {
		return err
	}
	r.mu.Lock()
	plans, failed := r.plans, r.failed
	r.mu.Unlock()
	for _, row := range []bench.Row{
		{Metric: "events", Value: float64(len(messages)), Unit: "1"},
		{Metric: "events_per_second", Value: float64(len(messages)) / saved.Sub(began).Seconds(), Unit: "1/s"},
		{Metric: "sent_per_second", Value: float64(len(messages)) / sent.Sub(began).Seconds(), Unit: "1/s"},
		{Metric: "sent_to_saved_seconds", Value: saved.Sub(sent).Seconds(), Unit: "s"},
		{Metric: "saved_to_plan_seconds", Value: published.Sub(saved).Seconds(), Unit: "s"},
		{Metric: "plans", Value: float64(plans), Unit: "1"},
		{Metric: "plans_without_optimum", Value: float64(failed), Unit: "1"},
		{Metric: "lines", Value: float64(head.Lines), Unit: "1"},
	} {
		row.Bench, row.Case = "pipeline", fmt.Sprintf("end to end, %s, %d SKUs, %d days", r.name, pathSKUs, pathDays)
		r.report(row)
	}
	return nil
}

var errFound = errors.New("found")

// published waits until the plan topic holds an optimal plan that covers everything before an offset.
func (r *pathRun) published(ctx context.Context, offset int64) (head schemas.Head, at time.Time, err error) {
	err = kafka.NewPlanLog(r.client).Follow(ctx, r.site, -1, func(rec stream.Record) error {
		if rec.Offset < 0 || string(rec.Key) != r.site {
			return nil
		}
		head = schemas.Head{}
		if err := json.Unmarshal(rec.Value, &head); err != nil {
			return err
		}
		if head.Input.Offset < offset || head.Status != schemas.PlanOptimal {
			return nil
		}
		at = time.Now()
		return errFound
	})
	switch {
	case errors.Is(err, errFound):
		return head, at, nil
	case err == nil:
		err = ctx.Err()
	}
	return head, at, err
}

// remove deletes the topics of this run, and the site's plan from the plan topic, which is shared.
func (r *pathRun) remove(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	var gone []stream.Message
	for i := range pathSKUs {
		gone = append(gone, stream.LineMessage(r.site, generate.LoadSKU(i), 0, nil))
	}
	gone = append(gone, stream.HeadMessage(r.site, 0, nil))
	err := kafka.NewPublisher(r.client).Publish(ctx, gone)
	admin := &kafkago.Client{Addr: kafkago.TCP(r.brokers...)}
	res, deleted := admin.DeleteTopics(ctx, &kafkago.DeleteTopicsRequest{Topics: []string{r.input, r.client.Names().Events}})
	if err = errors.Join(err, deleted); err != nil {
		return fmt.Errorf("bench: removing what was measured: %w", err)
	}
	for topic, e := range res.Errors {
		if e != nil {
			err = errors.Join(err, fmt.Errorf("bench: removing topic %s: %w", topic, e))
		}
	}
	return err
}
