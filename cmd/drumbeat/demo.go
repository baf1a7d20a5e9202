package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"drumbeat/cmd/drumbeat/internal/embedded"
	"drumbeat/cmd/drumbeat/internal/terminal"
	"drumbeat/cmd/drumbeat/internal/web"
	"drumbeat/schemas"
	"drumbeat/stream/kafka"
	"drumbeat/stream/postgres"
)

type demoCmd struct {
	Once bool              `help:"Stop after the plan at the end of the input, and print it."`
	JSON bool              `name:"json" help:"With --once: print one JSON document: audit, forecasts, plan, seconds, forecast_accuracy."`
	From string            `placeholder:"FILE" help:"Real sales in place of generated ones: a CSV, compressed with gzip or not."`
	Map  map[string]string `mapsep:"," placeholder:"FIELD=COLUMN,…" help:"The columns of the event's fields."`
	Data string            `env:"DRUMBEAT_DEMO_DATA" placeholder:"DIR" help:"Data directory; a second run on it goes on where the first one stopped. By default below the user's data directory."`
	Seed uint64            `default:"1" help:"Seed of the generated sales."`
	Pace time.Duration     `default:"1s" help:"Without --once: time between the last 31 generated days, to watch the plan follow the sales."`

	Address string `placeholder:"HOST:PORT" help:"Where HTTP listens; port 0 takes any free one. By default 127.0.0.1:8080, or a free port where that is taken."`

	Site     siteFlags     `embed:""`
	Capacity capacityFlags `embed:""`
	Solve    solveFlags    `embed:"" prefix:"solve-"`
}

// Help is the text of `drumbeat demo --help`.
func (c *demoCmd) Help() string {
	return `Without --from: three years of dirty sales of three products from one factory. With it: the sales of a file, in event time; products need no definitions.

The data directory (--data, by default ~/.local/share/drumbeat/NAME, a NAME for each input) holds

  input      what was fed, since another input must not go into the same log
  kafka/     the log of the embedded broker
  postgres/  the private PostgreSQL cluster, its port and its password; where the
             server's user cannot enter the directory, the file postgres/location
             says where the cluster is
  demo.log   what the service logs, as JSON lines

A directory belongs to one process at a time. A second run on it goes on where the first one stopped; to start anew, remove the directory.`
}

// The demo's topics beside the contract's. Its own sales have a topic for themselves, since what stands
// there says how far an earlier run came; sales that people send go to another.
const (
	demoSales  = schemas.DefaultInputTopic
	demoPeople = "erp.people"
	demoMaster = "erp.master" // items, resources and the policy
)

// Run runs everything on one machine.
func (c *demoCmd) Run(ctx context.Context, std streams) error {
	if c.JSON && !c.Once {
		return badInput(errors.New("--json needs --once"))
	}
	d, err := c.open(ctx, std)
	if err != nil {
		return err
	}
	return errors.Join(d.run(ctx), d.close())
}

// demo is a running demo.
type demo struct {
	c        *demoCmd
	std      streams
	log      *slog.Logger
	logFile  *os.File
	dir      string
	address  string // of HTTP
	feed     demoFeed
	broker   *embedded.Broker
	database *embedded.Postgres
	client   *kafka.Client
	store    *postgres.Store // for reading
	watch    *demoWatch
}

// open starts the servers on the data directory.
func (c *demoCmd) open(ctx context.Context, std streams) (*demo, error) {
	d := &demo{c: c, std: std}
	feed, err := c.newFeed(std)
	if err != nil {
		return nil, err
	}
	d.feed = feed
	if d.address, err = c.listen(ctx); err != nil {
		return nil, errors.Join(err, feed.Close())
	}
	if d.dir, err = c.directory(feed); err != nil {
		return nil, errors.Join(err, feed.Close())
	}
	if d.logFile, err = os.OpenFile(filepath.Join(d.dir, "demo.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644); err != nil {
		return nil, errors.Join(badInput(err), feed.Close())
	}
	d.log = slog.New(slog.NewJSONHandler(d.logFile, nil))
	d.say("data, log and servers in %s", d.dir)
	if d.broker, err = embedded.StartBroker(filepath.Join(d.dir, "kafka"), d.log); err == nil {
		if d.database, err = embedded.StartPostgres(ctx, filepath.Join(d.dir, "postgres"), d.log); err == nil {
			d.client, err = kafka.NewClient(kafka.Config{Brokers: []string{d.broker.Addr()}, Log: d.log})
		}
	}
	if err != nil {
		if errors.Is(err, embedded.ErrInUse) {
			err = badInput(fmt.Errorf("--data %s is in use by another process", d.dir))
		}
		return nil, errors.Join(err, d.close())
	}
	if !c.Once {
		why := ""
		if c.Address == "" && d.address != web.DefaultAddress {
			why = " (" + web.DefaultAddress + " is taken; --address chooses another)"
		}
		d.say("console at http://%s%s", d.address, why)
	}
	return d, nil
}

// listen finds where HTTP can listen: where the person says, else the service's default or, where that
// is taken, a free port. It is tried before anything starts.
func (c *demoCmd) listen(ctx context.Context) (address string, err error) {
	if c.Once {
		return cmp.Or(c.Address, "127.0.0.1:0"), nil
	}
	wanted := cmp.Or(c.Address, web.DefaultAddress)
	var lc net.ListenConfig
	listener, err := lc.Listen(ctx, "tcp", wanted)
	if err != nil && c.Address != "" {
		var op *net.OpError
		if errors.As(err, &op) {
			err = op.Err // the rest repeats the address
		}
		return "", badInput(fmt.Errorf("--address %s: %w", c.Address, err))
	}
	if err != nil {
		if listener, err = lc.Listen(ctx, "tcp", "127.0.0.1:0"); err != nil {
			return "", err
		}
	}
	return listener.Addr().String(), listener.Close()
}

// directory is the data directory; a note in it says what was fed, since another input must not go
// into the same log.
func (c *demoCmd) directory(feed demoFeed) (string, error) {
	dir := c.Data
	if dir == "" {
		base := os.Getenv("XDG_DATA_HOME")
		if base == "" {
			home, err := os.UserHomeDir()
			if err != nil {
				return "", badInput(fmt.Errorf("no home directory: name one with --data: %w", err))
			}
			base = filepath.Join(home, ".local", "share")
		}
		dir = filepath.Join(base, "drumbeat", feed.slug())
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", badInput(err)
	}
	note := filepath.Join(dir, "input")
	was, err := os.ReadFile(note)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return dir, os.WriteFile(note, []byte(feed.name()+"\n"), 0o644)
	case err != nil:
		return "", err
	case strings.TrimSpace(string(was)) != feed.name():
		return "", badInput(fmt.Errorf("--data %s was fed with %s; take another directory for %s", dir, strings.TrimSpace(string(was)), feed.name()))
	}
	return dir, nil
}

// say tells a person what is going on; not in the way of --json.
func (d *demo) say(format string, args ...any) {
	if !d.c.JSON {
		fmt.Fprintf(d.std.err, format+"\n", args...)
	}
}

// run feeds the sales, shows the plan as it follows, and ends with the plan at the end of the input.
func (d *demo) run(ctx context.Context) error {
	if d.c.Site.PlanEvery == "" {
		d.c.Site.PlanEvery = "week" // years of sales in a minute: a plan a week is enough to watch
	}
	config, err := d.c.Site.config(schemas.ClockEvent, d.log)
	if err != nil {
		return err
	}
	d.c.Capacity.apply(&config)
	if err := config.Validate(); err != nil {
		return badInput(err)
	}
	d.watch = newDemoWatch(d.feed.title(), d.feed.site(config.DefaultSite))
	if err := d.resume(ctx); err != nil {
		return err
	}
	s := service{
		kafka: d.client, postgres: d.database.DSN(), roles: []string{roleIntake, rolePlanner, roleWeb},
		inputs: []string{demoSales, demoPeople, demoMaster}, decisions: demoPeople, group: "drumbeat-demo", session: 6 * time.Second,
		address: d.address, retention: 7 * 24 * time.Hour, processor: config, quiet: 500 * time.Millisecond,
		saved: d.watch.saved, solve: d.c.Solve, log: d.log,
	}
	work, stop := context.WithCancel(ctx)
	defer stop()
	group, work := errgroup.WithContext(work)
	group.Go(func() error { return s.run(work) })
	group.Go(func() error {
		err := d.drive(work)
		if err != nil || d.c.Once {
			stop()
		}
		return err
	})
	err = group.Wait()
	if ctx.Err() != nil {
		err = nil // stopped by its user
	}
	if err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	if err := d.result(context.WithoutCancel(ctx)); err != nil {
		return err
	}
	if !d.c.Once {
		d.say("stopped; the same command goes on from here, and without %s it starts anew", d.dir)
	}
	return nil
}

// resume shows from the start what an earlier run on the data directory has left.
func (d *demo) resume(ctx context.Context) error {
	if _, err := postgres.Migrate(ctx, d.database.DSN()); err != nil {
		return err
	}
	store, err := postgres.Open(ctx, d.database.DSN())
	if err != nil {
		return err
	}
	d.store = store
	return d.watch.load(ctx, store)
}

// drive feeds and watches.
func (d *demo) drive(ctx context.Context) (err error) {
	screen := terminal.NewScreen(d.std.err)
	style := terminal.Detect(d.std.err, os.Getenv)
	if d.c.JSON {
		screen = terminal.NewScreen(io.Discard)
	}
	defer func() { err = errors.Join(err, screen.Close(nil)) }()
	feeding := make(chan error, 1)
	go func() { feeding <- d.send(ctx) }()
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	// Where no live view shows them, the hints are printed once.
	hint := sync.OnceFunc(func() {
		if !screen.Live() {
			d.say("%s", strings.Join(d.hints(), "\n"))
		}
	})
	for fed := false; ; {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err := <-feeding:
			if err != nil {
				return err
			}
			fed = true
		case now := <-ticker.C:
			view := d.watch.view(now)
			if !d.c.Once {
				view.Notes = []string{fmt.Sprintf("console http://%s   stop with Ctrl-C", d.address)}
				if fed && d.watch.caughtUp() {
					view.Notes = d.hints()
					hint()
				}
			}
			columns, rows := screen.Size()
			if err := screen.Draw(now, view.Fit(style, columns, rows), view.Summary()); err != nil {
				return err
			}
			if !fed || !d.c.Once {
				continue
			}
			if done, err := d.done(ctx); err != nil || done {
				return err
			}
		}
	}
}

// done says whether the plan that covers the whole input is saved, published and read back.
func (d *demo) done(ctx context.Context) (bool, error) {
	forwarded, err := d.client.Records(ctx, schemas.EventsTopic)
	if err != nil || forwarded < d.watch.events() {
		return false, err
	}
	return d.watch.complete(ctx, d.store, forwarded)
}

func (d *demo) close() error {
	var errs []error
	if d.store != nil {
		d.store.Close()
	}
	if d.client != nil {
		d.client.Close()
	}
	if d.broker != nil {
		errs = append(errs, d.broker.Close())
	}
	if d.database != nil {
		errs = append(errs, d.database.Stop())
	}
	if d.feed != nil {
		errs = append(errs, d.feed.Close())
	}
	if d.logFile != nil {
		errs = append(errs, d.logFile.Close())
	}
	return errors.Join(errs...)
}

// demoResult is the document of --json.
type demoResult struct {
	Audit     terminal.Audit      `json:"audit"`
	Forecasts []terminal.Forecast `json:"forecasts"`
	Plan      *schemas.Plan       `json:"plan"`
	Seconds   demoSeconds         `json:"seconds"`
	Accuracy  []terminal.Accuracy `json:"forecast_accuracy"` // of what was published, by horizon
}

type demoSeconds struct {
	Ingest float64 `json:"ingest"` // from the first event sent to the last one saved; 0: all were there before
	Plan   float64 `json:"plan"`   // from the last event saved to the plan of all of them saved
}

// result prints audit, forecast and plan as Postgres has them.
func (d *demo) result(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	r, view, err := d.watch.result(ctx, d.store)
	if err != nil {
		return err
	}
	if d.c.JSON {
		body, err := json.Marshal(r)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(d.std.out, string(body))
		return err
	}
	style := terminal.Detect(d.std.out, os.Getenv)
	for _, line := range view.Frame(style, terminal.Width(d.std.out)) {
		if _, err := fmt.Fprintln(d.std.out, line); err != nil {
			return err
		}
	}
	return nil
}
