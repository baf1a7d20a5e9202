package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"drumbeat/cmd/drumbeat/internal/csvfeed"
	"drumbeat/cmd/drumbeat/internal/terminal"
	"drumbeat/stream"
	"drumbeat/stream/kafka"
)

type produceCmd struct {
	Config  configFlag        `env:"DRUMBEAT_CONFIG" placeholder:"FILE" help:"YAML file of settings, the same as of serve."`
	From    string            `required:"" placeholder:"FILE" help:"CSV, or JSON lines of events (.jsonl, .ndjson); compressed with gzip or not; - is standard input."`
	Type    string            `default:"sale" enum:"sale,item,stock,receipt,resource,capacity,calendar,policy" help:"What the rows are: ${enum}."`
	Map     map[string]string `mapsep:"," placeholder:"FIELD=COLUMN,…" help:"The columns of the event's fields; others come from the column of their own name. FIELD= leaves one out."`
	Site    string            `help:"The site of the events; by default the service's."`
	Source  string            `help:"The source of the events; by default csv: and the file's name. Source and line number identify an event, and what was sent before counts once."`
	Topic   string            `default:"erp.sales" help:"The input topic."`
	Rate    float64           `placeholder:"N" help:"At most N events a second."`
	Restart bool              `help:"Begin at the first line, also after an interrupted run."`
	Timeout time.Duration     `default:"1m" help:"Give up when the brokers acknowledge nothing for so long."`
	JSON    bool              `name:"json" help:"Print one JSON object when done."`

	Kafka kafkaFlags `embed:"" prefix:"kafka-"`
}

// Run sends a file to the input topic.
func (c *produceCmd) Run(ctx context.Context, io streams) error {
	client, err := c.Kafka.client(slog.New(slog.NewTextHandler(io.err, &slog.HandlerOptions{Level: slog.LevelWarn})))
	if err != nil {
		return err
	}
	defer client.Close()
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = "" // a user without a home resumes nothing
	}
	return c.produce(ctx, io, kafka.NewProducer(client), cache)
}

// sender writes messages to a topic and returns when all of them are acknowledged; those of one key keep
// their order. *kafka.Producer is one.
type sender interface {
	Send(ctx context.Context, topic string, messages []stream.Message) error
}

// produced is what a run has done.
type produced struct {
	File    string  `json:"file"`
	Topic   string  `json:"topic"`
	Events  int64   `json:"events"`  // sent and acknowledged
	Skipped int64   `json:"skipped"` // acknowledged by an interrupted run before
	Seconds float64 `json:"seconds"`
}

// produce sends the file with to. A cache directory remembers how far an interrupted run came.
func (c *produceCmd) produce(ctx context.Context, io streams, to sender, cache string) error {
	if c.Rate < 0 || c.Timeout <= 0 {
		return badInput(errors.New("--rate and --timeout must be above zero"))
	}
	kind, err := csvfeed.ParseType(c.Type)
	if err != nil {
		return badInput(err)
	}
	feed, err := csvfeed.Open(c.From, csvfeed.Options{Type: kind, Map: c.Map, Site: c.Site, Source: c.Source, Stdin: io.in})
	if err != nil {
		return badInput(err)
	}
	defer feed.Close()

	mark := newBookmark(cache, c)
	if c.Restart {
		mark.forget()
	}
	done := produced{File: c.From, Topic: c.Topic}
	from := mark.line()
	if from > 0 {
		fmt.Fprintf(io.err, "going on after line %s, where an earlier run was interrupted (--restart begins anew)\n", terminal.Count(from))
	}
	start := time.Now()
	progress := terminal.NewProgress(io.err, terminal.Detect(io.err, os.Getenv), filepath.Base(c.From), start)
	last, err := c.send(ctx, to, feed, from, &done, func(line int) {
		mark.move(line)
		read, total := feed.Progress()
		share := -1.0
		if total > 0 {
			share = float64(read) / float64(total)
		}
		now := time.Now()
		progress.Update(now, share, fmt.Sprintf("%s events  %s/s", terminal.Count(done.Events), terminal.Count(rate(done.Events, now.Sub(start)))))
	})
	elapsed := time.Since(start)
	done.Seconds = elapsed.Seconds()
	if err != nil {
		progress.Clear()
		return c.failed(err, mark, last)
	}
	mark.forget()
	progress.Done(fmt.Sprintf("%s to %s in %s (%s/s)", terminal.Plural(int(done.Events), "event"), c.Topic, terminal.Duration(elapsed), terminal.Count(rate(done.Events, elapsed))))
	if c.JSON {
		return json.NewEncoder(io.out).Encode(done)
	}
	return nil
}

// failed tells bad input from trouble on the way, and says how to go on.
func (c *produceCmd) failed(err error, mark *bookmark, last int) error {
	var bad *csvfeed.Error
	if errors.As(err, &bad) {
		mark.forget() // the file will be another one
		return badInput(err)
	}
	if saved := mark.save(); saved != nil {
		return fmt.Errorf("%w (and the place was not saved: %w)", err, saved)
	}
	if last > 0 && mark != nil {
		return fmt.Errorf("%w; lines up to %d are acknowledged, the same command goes on from there", err, last)
	}
	return err
}

// rate is events a second.
func rate(events int64, elapsed time.Duration) int64 {
	if elapsed <= 0 {
		return 0
	}
	return int64(float64(events) / elapsed.Seconds())
}
