package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"drumbeat/cmd/drumbeat/internal/csvfeed"
	"drumbeat/cmd/drumbeat/internal/terminal"
	"drumbeat/optimize/clp"
	"drumbeat/schemas"
	"drumbeat/stream"
)

type replayCmd struct {
	From []string          `required:"" placeholder:"FILE" help:"CSV of sales, or JSON lines of events; in the order given."`
	Out  string            `required:"" placeholder:"DIR" help:"Folder for plans.jsonl, dead-letters.jsonl, forecast-accuracy.jsonl and audit.json."`
	Type string            `default:"sale" enum:"sale,item,stock,receipt,resource,capacity,calendar,policy" help:"What the rows of CSV files are: ${enum}."`
	Map  map[string]string `mapsep:"," placeholder:"FIELD=COLUMN,…" help:"The columns of the event's fields."`

	Site     siteFlags     `embed:""`
	Capacity capacityFlags `embed:""`
}

// Run folds the files in event time and writes the plans as they would have been published.
func (c *replayCmd) Run(ctx context.Context, std streams) (err error) {
	log := slog.New(slog.NewTextHandler(std.err, &slog.HandlerOptions{Level: slog.LevelWarn}))
	config, err := c.Site.config(schemas.ClockEvent, log)
	if err != nil {
		return err
	}
	c.Capacity.apply(&config)
	kind, err := csvfeed.ParseType(c.Type)
	if err != nil {
		return badInput(err)
	}
	for _, path := range c.From { // before what a former run wrote is lost
		if path == "-" {
			continue
		}
		feed, err := csvfeed.Open(path, csvfeed.Options{Type: kind, Map: c.Map})
		if err != nil {
			return badInput(err)
		}
		if err := feed.Close(); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(c.Out, 0o755); err != nil {
		return badInput(err)
	}
	p, err := stream.New(config, &stream.Snapshot{})
	if err != nil {
		return badInput(err)
	}
	sink, err := newReplaySink(c.Out)
	if err != nil {
		return err
	}
	solvers := stream.NewSolvers(clp.New, 0, 0)
	defer func() { err = errors.Join(err, solvers.Close()) }()
	replay := &stream.Replay{Processor: p, Solve: solvers.Solve, Save: sink.save}
	var offset int64
	for _, path := range c.From {
		feed, err := csvfeed.Open(path, csvfeed.Options{Type: kind, Map: c.Map, Stdin: std.in})
		if err != nil {
			return errors.Join(badInput(err), sink.close())
		}
		err = c.file(ctx, std, feed, replay, &offset)
		if err := errors.Join(err, feed.Close()); err != nil {
			return errors.Join(err, sink.close())
		}
	}
	if err := replay.End(ctx); err != nil {
		return errors.Join(err, sink.close())
	}
	if err := sink.close(); err != nil {
		return err
	}
	total := sink.rows.audit()
	fmt.Fprintf(std.out, "%s, %s, %s in %s\nkept %s  flagged %s  rejected %s  duplicate %s  repaired %s\n",
		terminal.Plural(int(total.Read), "event"), terminal.Plural(sink.plans, "plan"), terminal.Plural(sink.letters, "dead letter"), c.Out,
		terminal.Count(int(total.Kept)), terminal.Count(int(total.Flagged)), terminal.Count(int(total.Rejected)),
		terminal.Count(int(total.Duplicate)), terminal.Count(int(total.Repaired)))
	if list := accuracyBySite(sink.accuracy.sorted()); len(list) > 0 {
		style := terminal.Detect(std.out, os.Getenv)
		fmt.Fprintf(std.out, "\naccuracy of the published forecasts\n%s", terminal.AccuracyTable(list).String(style))
	}
	return nil
}

// file folds one file.
func (c *replayCmd) file(ctx context.Context, std streams, feed *csvfeed.Feed, replay *stream.Replay, offset *int64) error {
	progress := terminal.NewProgress(std.err, terminal.Detect(std.err, os.Getenv), filepath.Base(feed.Name()), time.Now())
	var rec csvfeed.Record
	var value []byte
	for {
		err := feed.Next(&rec)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return badInput(err)
		}
		if value, err = recordValue(&rec); err != nil {
			return badInput(fmt.Errorf("%s:%d: %w", feed.Name(), rec.Line, err))
		}
		site, ok := schemas.SiteOf(nil, value)
		if !ok {
			site = c.Site.DefaultSite
		}
		if err := replay.Record(ctx, stream.Record{Offset: *offset, Key: []byte(site), Value: value}); err != nil {
			return err
		}
		*offset++
		if rec.Line&1023 == 0 {
			read, total := feed.Progress()
			progress.Update(time.Now(), float64(read)/float64(max(total, 1)), terminal.Count(rec.Line)+" lines")
		}
	}
	progress.Done(terminal.Count(rec.Line) + " lines")
	return nil
}

// recordValue is the event of a feed as a record's value.
func recordValue(rec *csvfeed.Record) ([]byte, error) {
	if rec.Raw != nil {
		return rec.Raw, nil
	}
	return schemas.Encode(&rec.Event)
}

// replaySink writes what a replay would have published.
type replaySink struct {
	plansFile, lettersFile *os.File
	plansOut, lettersOut   *bufio.Writer
	dir                    string
	plans, letters         int
	rows                   auditRows
	accuracy               accuracyRows
}

func newReplaySink(dir string) (*replaySink, error) {
	s := &replaySink{dir: dir, rows: auditRows{}, accuracy: accuracyRows{}}
	var err error
	if s.plansFile, err = os.Create(filepath.Join(dir, "plans.jsonl")); err != nil {
		return nil, badInput(err)
	}
	if s.lettersFile, err = os.Create(filepath.Join(dir, "dead-letters.jsonl")); err != nil {
		return nil, badInput(errors.Join(err, s.plansFile.Close()))
	}
	s.plansOut, s.lettersOut = bufio.NewWriterSize(s.plansFile, 1<<20), bufio.NewWriter(s.lettersFile)
	return s, nil
}

// tombstone stands for the null value by which a SKU leaves the plan.
type tombstone struct {
	Site     string `json:"site"`
	SKU      string `json:"sku"`
	Revision int64  `json:"revision"`
	Left     bool   `json:"left"`
}

// save writes the lines of each revision, then its head.
func (s *replaySink) save(b *stream.Batch) error {
	for i := range b.Revisions {
		r := &b.Revisions[i]
		for _, l := range r.Lines {
			value := l.Value
			if value == nil {
				var err error
				if value, err = json.Marshal(tombstone{r.Site, l.SKU, r.Revision, true}); err != nil {
					return err
				}
			}
			writeLine(s.plansOut, value)
		}
		writeLine(s.plansOut, r.Head)
		s.plans++
	}
	for i := range b.DeadLetters {
		l := &b.DeadLetters[i]
		value, err := json.Marshal(map[string]any{
			"site": l.Site, "offset": l.OriginOffset, "reason": l.Reason, "detail": l.Detail,
			"value": strings.ToValidUTF8(string(l.Value), "\uFFFD"),
		})
		if err != nil {
			return err
		}
		writeLine(s.lettersOut, value)
		s.letters++
	}
	s.rows.take(b.Audit)
	s.accuracy.take(b.Accuracy)
	return nil
}

// writeLine writes a line; the writer keeps the first error for Flush.
func writeLine(w *bufio.Writer, value []byte) {
	w.Write(value)
	w.WriteByte('\n')
}

func (s *replaySink) close() error {
	body, err := json.MarshalIndent(s.rows.audit(), "", "  ")
	if err == nil {
		err = os.WriteFile(filepath.Join(s.dir, "audit.json"), append(body, '\n'), 0o644)
	}
	err = errors.Join(err, s.accuracy.write(filepath.Join(s.dir, "forecast-accuracy.jsonl")))
	return errors.Join(err, s.plansOut.Flush(), s.lettersOut.Flush(), s.plansFile.Close(), s.lettersFile.Close())
}
