package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"drumbeat/cmd/drumbeat/internal/terminal"
	"drumbeat/stream/postgres"
)

type deadLettersListCmd struct {
	letterFlags
	Limit   int  `default:"50" help:"At most so many; 0: all."`
	All     bool `help:"Also those that were sent again."`
	Summary bool `help:"Count them by site and reason, with the audit of each site's origins."`
}

// Run prints the letters that are meant, one at a time: any number of them takes the same memory.
func (c *deadLettersListCmd) Run(ctx context.Context, std streams) error {
	filter, err := c.filter()
	if err != nil {
		return err
	}
	if c.Limit < 0 {
		return badInput(fmt.Errorf("--limit %d: at least 0", c.Limit))
	}
	if c.Summary && c.SKU != "" {
		return badInput(fmt.Errorf("--summary counts in the database, which knows no SKU: use --text %s", c.SKU))
	}
	filter.Newest, filter.Limit, filter.Waiting = true, c.Limit, !c.All
	store, err := openStore(ctx, c.Postgres)
	if err != nil {
		return err
	}
	defer store.Close()
	if c.Summary {
		filter.Waiting = false
		return printSummary(ctx, std, store, filter, c.JSON)
	}
	to := letterPrinter{std: std, json: c.JSON, all: c.All}
	if err := c.each(ctx, store, filter, to.letter); err != nil {
		return err
	}
	return to.end()
}

// letterPrinter prints letters as lines of JSON or as a table, in blocks: its columns are aligned within one.
type letterPrinter struct {
	std    streams
	json   bool
	all    bool // with the time at which each was sent again
	table  *terminal.Table
	rows   int // in the table
	blocks int
}

// blockRows is how many rows of a table are aligned together, and held until they are.
const blockRows = 200

func (p *letterPrinter) letter(l *postgres.Letter) error {
	if p.json {
		return json.NewEncoder(p.std.out).Encode(letterOf(l))
	}
	if p.table == nil {
		p.table = terminal.NewTable(p.columns()...)
	}
	cells := []string{l.At.UTC().Format(time.DateTime), l.Site, originText(originOf(l)), l.Reason, printable(l.Detail, 240), beginning(l.Value)}
	if p.all {
		at := "-"
		if l.ReplayedAt != nil {
			at = l.ReplayedAt.UTC().Format(time.DateTime)
		}
		cells = append(cells[:4], append([]string{at}, cells[4:]...)...)
	}
	p.table.Row(cells...)
	if p.rows++; p.rows == blockRows {
		return p.flush()
	}
	return nil
}

func (p *letterPrinter) columns() []terminal.Column {
	columns := []terminal.Column{terminal.Left("rejected at"), terminal.Left("site"), terminal.Left("origin"), terminal.Left("reason")}
	if p.all {
		columns = append(columns, terminal.Left("sent again"))
	}
	columns = append(columns, terminal.Column{Title: "detail", Max: 60}, terminal.Column{Title: "record", Max: 60})
	if p.blocks > 0 {
		for i := range columns {
			columns[i].Title = ""
		}
	}
	return columns
}

func (p *letterPrinter) flush() error {
	if p.table == nil {
		return nil
	}
	_, err := fmt.Fprint(p.std.out, p.table.String(terminal.Detect(p.std.out, os.Getenv)))
	p.table, p.rows = nil, 0
	p.blocks++
	return err
}

func (p *letterPrinter) end() error {
	if err := p.flush(); err != nil || p.json || p.blocks > 0 {
		return err
	}
	_, err := fmt.Fprintln(p.std.out, "no dead letters")
	return err
}

// letterJSON is a dead letter for machines. A value that is no UTF-8 text stands in value_base64.
type letterJSON struct {
	Origin     string            `json:"origin"`
	Site       string            `json:"site"`
	At         time.Time         `json:"at"`
	Reason     string            `json:"reason"`
	Detail     string            `json:"detail"`
	Key        string            `json:"key"`
	Value      *string           `json:"value,omitempty"`
	Bytes      []byte            `json:"value_base64,omitempty"`
	Headers    map[string]string `json:"headers,omitempty"`
	ReplayedAt *time.Time        `json:"replayed_at,omitempty"`
	ReplayedAs string            `json:"replayed_as,omitempty"`
}

func letterOf(l *postgres.Letter) letterJSON {
	out := letterJSON{
		Origin: originText(originOf(l)), Site: l.Site, At: l.At.UTC(), Reason: l.Reason, Detail: l.Detail,
		Key: strings.ToValidUTF8(string(l.Key), "\uFFFD"), Headers: headerTexts(l), ReplayedAs: l.ReplayedAs,
	}
	if l.ReplayedAt != nil {
		at := l.ReplayedAt.UTC()
		out.ReplayedAt = &at
	}
	if utf8.Valid(l.Value) {
		text := string(l.Value)
		out.Value = &text
	} else {
		out.Bytes = l.Value
	}
	return out
}

// headerTexts are the headers for people: what is no text is replaced, of two with one name the last one stands.
func headerTexts(l *postgres.Letter) map[string]string {
	var texts map[string]string
	for _, h := range l.Headers {
		if texts == nil {
			texts = map[string]string{}
		}
		texts[strings.ToValidUTF8(h.Key, "\uFFFD")] = strings.ToValidUTF8(string(h.Value), "\uFFFD")
	}
	return texts
}

// beginning is the start of a value in one line; a record may hold anything, also codes that a terminal obeys.
func beginning(value []byte) string {
	const most = 240
	return printable(string(value[:min(len(value), most)]), most)
}

// printable is at most about most bytes of a text in one line.
func printable(text string, most int) string {
	text = strings.ToValidUTF8(text[:min(len(text), most)], "\uFFFD")
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, text)
}
