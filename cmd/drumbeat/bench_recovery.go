package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"drumbeat/cmd/drumbeat/internal/bench"
	"drumbeat/cmd/drumbeat/internal/embedded"
	"drumbeat/cmd/drumbeat/internal/generate"
	"drumbeat/schemas"
	"drumbeat/stream"
	"drumbeat/stream/kafka"
	"drumbeat/stream/postgres"
)

// recovery is bench recovery.
func (c *benchCmd) recovery(std streams) func(context.Context, func(bench.Row)) error {
	return func(ctx context.Context, report func(bench.Row)) error {
		sizes := []int{1000, 10_000}
		if c.Long {
			sizes = append(sizes, 100_000)
		}
		if c.SKUs > 0 {
			sizes = []int{c.SKUs}
		}
		for _, skus := range sizes {
			err := withPostgres(ctx, std, fmt.Sprintf("recovery of %d SKUs", skus), func(dsn, dir string) error {
				store, err := postgres.Open(ctx, dsn)
				if err != nil {
					return err
				}
				defer store.Close()
				if err := bench.FillRecovery(ctx, store, skus); err != nil {
					return err
				}
				if err := bench.Recovery(ctx, store, skus, report); err != nil {
					return err
				}
				broker, err := embedded.StartBroker(filepath.Join(dir, "kafka"), nil)
				if err != nil {
					return err
				}
				address, err := freePort(ctx)
				if err != nil {
					return errors.Join(err, broker.Close())
				}
				r := killRun{broker: broker.Addr(), dsn: dsn, address: address, skus: skus, report: report, errors: std.err}
				return errors.Join(r.measure(ctx), broker.Close())
			})
			if err != nil {
				return err
			}
		}
		return nil
	}
}

// killRun kills a planner of its own process while a change waits for its plan, and starts it again.
type killRun struct {
	broker, dsn string
	address     string // of HTTP: the planner that is started again has that of the one that was killed
	skus        int
	report      func(bench.Row)
	errors      io.Writer

	client *kafka.Client
	heads  chan schemas.Head
}

func (r *killRun) measure(ctx context.Context) (err error) {
	if r.client, err = kafka.NewClient(kafka.Config{Brokers: []string{r.broker}}); err != nil {
		return err
	}
	defer r.client.Close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	p, err := r.start(ctx)
	if err != nil {
		return err
	}
	defer func() { p.kill() }()
	loaded, err := p.await(ctx, "partition loaded")
	if err != nil {
		return err
	}
	r.figure("start_to_ready_seconds", loaded.Sub(p.began))
	r.heads = make(chan schemas.Head)
	followed := make(chan error, 1)
	go func() { followed <- r.follow(ctx) }()
	h, at, err := r.plan(ctx, followed, 0)
	if err != nil {
		return err
	}
	r.figure("start_to_first_plan_seconds", at.Sub(p.began))
	// The first plan has no former one to keep to: all lines of the second differ from it.
	if err := r.count(ctx, 1); err != nil {
		return err
	}
	if h, _, err = r.plan(ctx, followed, h.Revision); err != nil {
		return err
	}

	// The change is seen and not planned yet: the service waits for quiet.
	if err := r.count(ctx, 2); err != nil {
		return err
	}
	killed := time.Now()
	p.kill()
	if p, err = r.start(ctx); err != nil {
		return err
	}
	if loaded, err = p.await(ctx, "partition loaded"); err != nil {
		return err
	}
	r.figure("kill_to_ready_seconds", loaded.Sub(killed))
	models, err := p.await(ctx, "models read")
	if err != nil {
		return err
	}
	r.figure("kill_to_models_seconds", models.Sub(killed))
	if h, at, err = r.plan(ctx, followed, h.Revision); err != nil {
		return err
	}
	r.figure("kill_to_plan_seconds", at.Sub(killed))
	r.report(bench.Row{Bench: "recovery", Case: bench.RecoveryCase(r.skus), Metric: "changed_lines", Value: float64(h.ChangedLines), Unit: "lines"})
	return nil
}

func (r *killRun) figure(metric string, took time.Duration) {
	r.report(bench.Row{Bench: "recovery", Case: bench.RecoveryCase(r.skus), Metric: metric, Value: took.Seconds(), Unit: "s"})
}

// count sends stock counts, other ones in each round. Each calls for a plan.
func (r *killRun) count(ctx context.Context, round int) error {
	var list []stream.Message
	for i := range 10 {
		sku := generate.LoadSKU(i)
		ev := schemas.Event{
			ID: fmt.Sprintf("%s-%d", sku, round), Source: "bench", Type: schemas.TypeStockCounted, Site: bench.RecoverySite, Time: time.Now(), HasTime: true,
			Data: &schemas.StockCounted{SKU: sku, OnHand: schemas.Quantity(i+round) * schemas.Unit, AsOf: schemas.AsOf{Date: schemas.DateOf(time.Now().UTC())}},
		}
		value, err := schemas.Encode(&ev)
		if err != nil {
			return err
		}
		list = append(list, stream.Message{Key: []byte(sku), Value: value})
	}
	return kafka.NewProducer(r.client).Send(ctx, schemas.DefaultInputTopic, list)
}

// follow hands over the heads of the plan topic as they are published.
func (r *killRun) follow(ctx context.Context) error {
	return kafka.NewPlanLog(r.client).Follow(ctx, bench.RecoverySite, -1, func(rec stream.Record) error {
		var h schemas.Head
		if rec.Offset < 0 || string(rec.Key) != bench.RecoverySite {
			return nil
		}
		if err := json.Unmarshal(rec.Value, &h); err != nil {
			return err
		}
		select {
		case r.heads <- h:
		case <-ctx.Done():
		}
		return nil
	})
}

// plan waits for the head of a plan after a revision.
func (r *killRun) plan(ctx context.Context, followed <-chan error, after int64) (schemas.Head, time.Time, error) {
	for {
		select {
		case h := <-r.heads:
			if h.Revision > after && h.Status == schemas.PlanOptimal {
				return h, time.Now(), nil
			}
		case err := <-followed:
			return schemas.Head{}, time.Time{}, errors.Join(errors.New("the plan topic ended"), err)
		case <-ctx.Done():
			return schemas.Head{}, time.Time{}, ctx.Err()
		}
	}
}

// planner is a process of this program that serves.
type planner struct {
	began time.Time
	cmd   *exec.Cmd
	lines chan logLine
}

type logLine struct {
	Msg  string `json:"msg"`
	SKUs int    `json:"skus"`
}

// start starts a planner with intake; what it warns of is shown.
func (r *killRun) start(ctx context.Context) (*planner, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p := &planner{began: time.Now(), lines: make(chan logLine, 1000)}
	p.cmd = exec.CommandContext(ctx, self, "serve", "--roles", "intake,planner", "--address", r.address, "--log-format", "json")
	p.cmd.Env = append(os.Environ(), "DRUMBEAT_KAFKA_BROKERS="+r.broker, "DRUMBEAT_POSTGRES="+r.dsn)
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	log, err := p.cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		defer close(p.lines)
		text := bufio.NewScanner(log)
		text.Buffer(nil, 1<<20)
		for text.Scan() {
			var l struct {
				logLine
				Level string `json:"level"`
			}
			if json.Unmarshal(text.Bytes(), &l) != nil || l.Level == "ERROR" {
				fmt.Fprintf(r.errors, "  planner: %s\n", text.Bytes())
			}
			select {
			case p.lines <- l.logLine:
			default: // nobody asks for so many
			}
		}
	}()
	return p, nil
}

// await waits until the planner logs a message of the partition that holds the site, and says when it did.
func (p *planner) await(ctx context.Context, msg string) (time.Time, error) {
	for {
		select {
		case l, ok := <-p.lines:
			if !ok {
				return time.Time{}, errors.New("the planner has ended")
			}
			if l.Msg == msg && l.SKUs > 0 {
				return time.Now(), nil
			}
		case <-ctx.Done():
			return time.Time{}, ctx.Err()
		}
	}
}

// kill is kill -9.
func (p *planner) kill() {
	_ = p.cmd.Process.Kill() // it may have ended
	_ = p.cmd.Wait()
}
