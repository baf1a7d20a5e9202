package main

import (
	"bufio"
	"compress/gzip"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"drumbeat/cmd/drumbeat/internal/csvfeed"
	"drumbeat/forecast"
)

// forecastCmd forecasts every series of a file with the models of the service.
type forecastCmd struct {
	From       string `required:"" placeholder:"FILE.csv[.gz]" help:"Series: unique_id,ds,y; - is standard input."`
	Freq       string `required:"" placeholder:"F" help:"D, W-FRI (weeks that end on Friday; W: Sunday), MS (months) or 1 (integer index)."`
	Season     int    `placeholder:"M" help:"Buckets per season: 7, 52, 12, 1 for none. Default: by frequency."`
	Horizon    int    `required:"" placeholder:"H" help:"Buckets to forecast."`
	Out        string `required:"" placeholder:"F.csv" help:"Forecast of every bucket; - is standard output."`
	Cumulative string `placeholder:"C.csv" help:"Distribution of the demand summed over the first 1 to H buckets."`
	Country    string `placeholder:"ES" help:"National holidays as events."`
	Events     string `placeholder:"E.csv" help:"Known events, past and future: name,ds[,unique_id]."`
	Explain    bool   `help:"Print the models of every series, their weights and back-test errors."`
}

// demandSeries is one series of the file.
type demandSeries struct {
	id     string
	rows   map[int]float64
	first  int // bucket
	last   int
	y      []float64       // by bucket from first, NaN where the file has no row
	events forecast.Events // shared with the series that have the same

	model *forecast.Model
	path  forecast.Path
	sums  []forecast.Dist
}

// maxSpan is the longest series, in buckets: a typing error in a year must not fill the memory.
const maxSpan = 1_000_000

// largestDemand is the largest value of a bucket; of larger ones the models keep nothing.
const largestDemand = 1e15

func (c *forecastCmd) Run(ctx context.Context, std streams) error {
	freq, err := forecast.ParseFreq(c.Freq)
	switch {
	case err != nil:
		return badInput(fmt.Errorf("--freq: %w", err))
	case c.Horizon < 1 || c.Horizon > 100_000:
		return badInput(fmt.Errorf("--horizon: %d is not within 1 … 100000", c.Horizon))
	case c.Season < 0 || c.Season > 1000:
		return badInput(fmt.Errorf("--season: %d is not within 1 … 1000", c.Season))
	}
	if err := c.keepsFiles(); err != nil {
		return badInput(err)
	}
	if c.Season == 0 {
		c.Season = freq.Season()
	}
	all, err := readSeries(c.From, std.in, freq)
	if err != nil {
		return err
	}
	if err := c.readEvents(all, freq); err != nil {
		return err
	}
	if err := c.forecast(ctx, all); err != nil {
		return err
	}
	if err := writeCSV(c.Out, std.out, func(w *bufio.Writer) { writePaths(w, all, freq) }); err != nil {
		return err
	}
	if c.Cumulative != "" {
		if err := writeCSV(c.Cumulative, std.out, func(w *bufio.Writer) { writeSums(w, all) }); err != nil {
			return err
		}
	}
	if c.Explain {
		return explainSeries(std.report(c.Out, c.Cumulative), all)
	}
	return nil
}

// keepsFiles refuses to write over the series, and one table over the other.
func (c *forecastCmd) keepsFiles() error {
	if c.Cumulative != "" && filepath.Clean(c.Out) == filepath.Clean(c.Cumulative) {
		return fmt.Errorf("--cumulative %s: is --out", c.Cumulative)
	}
	return errors.Join(keepsInput(c.From, "--out", c.Out), keepsInput(c.From, "--cumulative", c.Cumulative))
}

// forecast fits all series and asks for their paths and sums.
func (c *forecastCmd) forecast(ctx context.Context, all []*demandSeries) error {
	histories := make([]forecast.Series, len(all))
	for i, s := range all {
		histories[i] = forecast.Series{Y: s.y, First: s.first, Events: s.events}
	}
	each := forecast.OnAllCores(ctx)
	models, err := forecast.FitSite(forecast.Config{Season: c.Season, Horizon: c.Horizon}, histories, each)
	if err != nil {
		return err
	}
	return each(len(all), func(i int) {
		s := all[i]
		s.model = models[i]
		var outlook forecast.Outlook
		s.model.Outlook(&outlook, c.Horizon)
		outlook.Path(&s.path, c.Horizon)
		if c.Cumulative == "" {
			return
		}
		for h := range c.Horizon {
			s.sums = append(s.sums, outlook.Sum(0, h+1))
		}
	})
}

// readSeries reads the series in the order of their first appearance.
func readSeries(file string, in io.Reader, freq forecast.Freq) ([]*demandSeries, error) {
	var all []*demandSeries
	byID := map[string]*demandSeries{}
	err := readTable(file, in, []string{"unique_id", "ds", "y"}, nil, func(row []string, bad func(field string, err error) error) error {
		if row[0] == "" {
			return bad("unique_id", errors.New("is empty"))
		}
		at, err := freq.Index(row[1])
		if err != nil {
			return bad("ds", err)
		}
		y := math.NaN()
		if text := strings.TrimSpace(row[2]); text != "" && !strings.EqualFold(text, "nan") && text != "NA" {
			y, err = strconv.ParseFloat(text, 64)
			switch {
			case err != nil || math.IsNaN(y) || math.IsInf(y, 0):
				return bad("y", fmt.Errorf("%q is not a number", row[2]))
			case math.Abs(y) > largestDemand:
				return bad("y", fmt.Errorf("%s is beyond %g", text, largestDemand))
			}
		}
		s := byID[row[0]]
		if s == nil {
			s = &demandSeries{id: strings.Clone(row[0]), rows: map[int]float64{}, first: at, last: at}
			byID[s.id] = s
			all = append(all, s)
		}
		if _, twice := s.rows[at]; twice {
			return bad("ds", fmt.Errorf("series %q has %s twice", s.id, row[1]))
		}
		s.first, s.last = min(s.first, at), max(s.last, at)
		if s.last-s.first >= maxSpan {
			return bad("ds", fmt.Errorf("series %q would span more than %d buckets with %s", s.id, maxSpan, row[1]))
		}
		s.rows[at] = y
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, badInput(fmt.Errorf("%s: no series", file))
	}
	for _, s := range all {
		s.y = make([]float64, s.last-s.first+1)
		for i := range s.y {
			v, ok := s.rows[s.first+i]
			if !ok {
				v = math.NaN()
			}
			s.y[i] = v
		}
		s.rows = nil
	}
	return all, nil
}

// readTable calls row for every line of a CSV file, plain or gzip, with the named columns in that order; an optional
// column that is absent is empty. The file "-" is stdin, unless that is nil. bad makes the one line that says what is wrong where.
func readTable(file string, stdin io.Reader, required, optional []string, row func(fields []string, bad func(field string, err error) error) error) error {
	if file == "-" && stdin != nil {
		file = "standard input"
	} else {
		f, err := os.Open(file)
		if err != nil {
			return badInput(err)
		}
		defer f.Close()
		stdin = f
	}
	in := bufio.NewReaderSize(stdin, 1<<16)
	var text io.Reader = in
	if magic, err := in.Peek(2); err == nil && magic[0] == 0x1f && magic[1] == 0x8b {
		if text, err = gzip.NewReader(in); err != nil {
			return badInput(fmt.Errorf("%s: %w", file, err))
		}
	}
	plain := bufio.NewReaderSize(text, 1<<16)
	start, _ := plain.Peek(4096) // what Peek cannot give is reported by the first Read
	r := csv.NewReader(plain)
	r.Comma = csvfeed.Separator(start)
	r.ReuseRecord = true
	header, err := r.Read()
	if errors.Is(err, io.EOF) {
		return badInput(fmt.Errorf("%s: is empty, wants a header with %s", file, strings.Join(required, ",")))
	}
	if err != nil {
		return badInput(fmt.Errorf("%s: %w", file, err))
	}
	header[0] = strings.TrimPrefix(header[0], "\ufeff")
	var at []int
	for i, name := range append(slices.Clone(required), optional...) {
		j := slices.IndexFunc(header, func(h string) bool { return strings.EqualFold(strings.TrimSpace(h), name) })
		if j < 0 && i < len(required) {
			return badInput(fmt.Errorf("%s:1: field %s is missing in the header, which has %s", file, name, strings.Join(header, ", ")))
		}
		at = append(at, j)
	}
	fields := make([]string, len(at))
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil { // names the line itself
			return badInput(fmt.Errorf("%s: %w", file, err))
		}
		for i, j := range at {
			fields[i] = ""
			if j >= 0 {
				fields[i] = strings.TrimSpace(record[j])
			}
		}
		err = row(fields, func(field string, err error) error {
			line, _ := r.FieldPos(0)
			return badInput(fmt.Errorf("%s:%d: field %s: %w", file, line, field, err))
		})
		if err != nil {
			return err
		}
	}
}

// writeCSV writes a file in one go; "-" is standard output.
func writeCSV(file string, stdout io.Writer, write func(w *bufio.Writer)) error {
	if file == "-" {
		w := bufio.NewWriterSize(stdout, 1<<16)
		write(w)
		return w.Flush()
	}
	f, err := os.Create(file)
	if err != nil {
		return badInput(err)
	}
	w := bufio.NewWriterSize(f, 1<<16)
	write(w)
	return errors.Join(w.Flush(), f.Close())
}

func writePaths(w *bufio.Writer, all []*demandSeries, freq forecast.Freq) {
	w.WriteString("unique_id,ds,mean,median,lo-80,hi-80,lo-95,hi-95\n")
	var line []byte
	for _, s := range all {
		id := quoted(s.id)
		p := &s.path
		for k := range p.Mean {
			line = append(append(line[:0], id...), ',')
			line = append(line, freq.Label(s.last+1+k)...)
			line = appendNumbers(line, p.Mean[k], p.Median[k], p.Lo80[k], p.Hi80[k], p.Lo95[k], p.Hi95[k])
			w.Write(line) // a failed write is kept by w and returned by Flush
		}
	}
}

func writeSums(w *bufio.Writer, all []*demandSeries) {
	w.WriteString("unique_id,h,mean,q50,q80,q90,q95,q99\n")
	var line []byte
	for _, s := range all {
		id := quoted(s.id)
		for k, d := range s.sums {
			line = append(append(line[:0], id...), ',')
			line = strconv.AppendInt(line, int64(k+1), 10)
			line = appendNumbers(line, d.Mean, d.Quantile(.5), d.Quantile(.8), d.Quantile(.9), d.Quantile(.95), d.Quantile(.99))
			w.Write(line)
		}
	}
}

// quoted is a field as CSV writes it.
func quoted(s string) string {
	var b strings.Builder
	w := csv.NewWriter(&b)
	_ = w.Write([]string{s}) // into memory
	w.Flush()
	return strings.TrimSuffix(b.String(), "\n")
}

func appendNumbers(line []byte, x ...float64) []byte {
	for _, v := range x {
		line = append(line, ',')
		line = strconv.AppendFloat(line, v, 'g', 10, 64)
	}
	return append(line, '\n')
}
