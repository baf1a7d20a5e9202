package main

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"drumbeat/cmd/drumbeat/internal/csvfeed"
	"drumbeat/cmd/drumbeat/internal/terminal"
	"drumbeat/schemas"
	"drumbeat/stream"
)

type cleanCmd struct {
	From     string            `required:"" placeholder:"FILE" help:"CSV of sales, compressed with gzip or not; - is standard input."`
	Map      map[string]string `mapsep:"," placeholder:"FIELD=COLUMN,…" help:"The columns of sku, quantity, date or time, document, line, version, customer and unit_price; others come from the column of their own name. FIELD= leaves one out."`
	Method   string            `default:"robust" enum:"robust,zscore" help:"robust: the cleaner of the service, in date order with later revision. zscore: the baseline that drops what is not ISO and flags |z| > 3 a SKU."`
	Out      string            `placeholder:"FILE.csv" help:"Where to write row,sku,date,quantity,verdict,reason: a row for each row of the input, in its order; - is standard output, and the audit is printed on standard error."`
	DayFirst bool              `env:"DRUMBEAT_DAY_FIRST" help:"The feed declares dates such as 03/04/2026 to put the day first."`
	TimeZone string            `env:"DRUMBEAT_TIME_ZONE" default:"UTC" help:"Time zone of the days, and of instants that name none."`
	JSON     bool              `name:"json" help:"Print the audit as one JSON object."`
}

// cleaner judges the rows of a file. Rows come in the order of the file; so do the verdicts.
type cleaner interface {
	Add(row int, sale *schemas.Event) error
	Finish() []stream.CleanedRow
	Audit() stream.AuditRow
}

// Run cleans a file.
func (c *cleanCmd) Run(ctx context.Context, std streams) error {
	if err := keepsInput(c.From, "--out", c.Out); err != nil {
		return badInput(err)
	}
	rules, err := c.rules()
	if err != nil {
		return badInput(err)
	}
	style := terminal.Detect(std.out, os.Getenv)
	began := time.Now()
	progress := terminal.NewProgress(std.err, terminal.Detect(std.err, os.Getenv), filepath.Base(c.From), began)
	if err := c.read(ctx, std, rules, progress); err != nil {
		progress.Clear()
		return err
	}
	rows := rules.Finish()
	took := time.Since(began)
	progress.Done(fmt.Sprintf("%s rows in %s (%s/s)", terminal.Count(len(rows)), terminal.Duration(took), terminal.Number(float64(len(rows))/took.Seconds(), 0)))
	if c.Out != "" {
		if err := writeCleaned(c.Out, std.out, rows); err != nil {
			return err
		}
	}
	audit := auditOf(rules.Audit())
	report := std.report(c.Out)
	if c.JSON {
		return json.NewEncoder(report).Encode(audit)
	}
	text := cleanTable(audit).String(style)
	if held := heldTable(rows); held != nil {
		text += "\n" + held.String(style)
	}
	_, err = io.WriteString(report, text)
	return err
}

// keepsInput refuses to write over the file that is read; flag names the file that is written.
func keepsInput(from, flag, out string) error {
	if from == "-" || out == "-" {
		return nil
	}
	in, err := os.Stat(from)
	if err != nil || !in.Mode().IsRegular() {
		return nil // opening it says why
	}
	if file, err := os.Stat(out); err == nil && os.SameFile(in, file) {
		return fmt.Errorf("%s %s: is the input", flag, out)
	}
	return nil
}

func (c *cleanCmd) rules() (cleaner, error) {
	if c.Method == "zscore" {
		return &zScore{}, nil
	}
	settings := stream.DefaultSettings()
	settings.TimeZone = c.TimeZone
	return stream.NewCleaner(stream.CleanConfig{Settings: settings, DayFirst: c.DayFirst})
}

// read adds all rows of the file.
func (c *cleanCmd) read(ctx context.Context, std streams, rules cleaner, progress *terminal.Progress) error {
	feed, err := csvfeed.Open(c.From, csvfeed.Options{Map: c.Map, Stdin: std.in})
	if err != nil {
		return badInput(err)
	}
	defer feed.Close()
	var rec csvfeed.Record
	for {
		err := feed.Next(&rec)
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return badInput(err)
		case rec.Raw != nil:
			return badInput(fmt.Errorf("%s: lines of JSON; clean reads CSV", feed.Name()))
		}
		if err := rules.Add(rec.Line, &rec.Event); err != nil {
			return badInput(fmt.Errorf("%s:%d: %w", feed.Name(), rec.Line, err))
		}
		if rec.Line&4095 == 0 {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			read, total := feed.Progress()
			progress.Update(time.Now(), float64(read)/float64(max(total, 1)), terminal.Count(rec.Line)+" lines")
		}
	}
}

// writeCleaned writes the rows with their verdicts; the file "-" is standard output.
func writeCleaned(path string, stdout io.Writer, rows []stream.CleanedRow) error {
	return writeCSV(path, stdout, func(buffer *bufio.Writer) { writeVerdicts(buffer, rows) })
}

func writeVerdicts(buffer *bufio.Writer, rows []stream.CleanedRow) {
	w := csv.NewWriter(buffer)
	cells := []string{"row", "sku", "date", "quantity", "verdict", "reason"}
	_ = w.Write(cells) // a failed write is kept by buffer and returned by its Flush
	for i := range rows {
		r := &rows[i]
		cells[0], cells[1], cells[2], cells[3] = strconv.Itoa(r.Row), r.SKU, "", ""
		if r.HasDate {
			cells[2] = r.Date.String()
		}
		if r.HasQuantity {
			cells[3] = r.Quantity.String()
		}
		cells[4], cells[5] = string(r.Verdict), r.Reason
		_ = w.Write(cells)
	}
	w.Flush()
}
