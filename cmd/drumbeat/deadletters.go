package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"drumbeat/cmd/drumbeat/internal/terminal"
	"drumbeat/stream"
	"drumbeat/stream/postgres"
)

// deadLettersCmd looks at rejected records and sends them again.
type deadLettersCmd struct {
	List   deadLettersListCmd   `cmd:"" help:"Show dead letters, the newest first."`
	Replay deadLettersReplayCmd `cmd:"" help:"Send dead letters to the input topic again, after a fix."`
}

// letterFlags say where dead letters are and which are meant.
type letterFlags struct {
	Postgres string `required:"" env:"DRUMBEAT_POSTGRES" placeholder:"DSN" help:"Connection string; PGPASSWORD and PGPASSFILE keep the password out of it."`
	Site     string `help:"Of this site only."`
	Reason   string `help:"With this reason only: missing-quantity, uncertain-date …"`
	JSON     bool   `name:"json" help:"Print one JSON object a line."`
}

// openStore connects to the database of a service.
func openStore(ctx context.Context, dsn string) (*postgres.Store, error) {
	store, err := postgres.Open(ctx, dsn)
	var wrong *postgres.DSNError
	if errors.As(err, &wrong) {
		return nil, badInput(fmt.Errorf("--postgres: %w", wrong))
	}
	return store, err
}

type deadLettersListCmd struct {
	letterFlags
	Limit int `default:"50" help:"At most so many."`
}

// Run prints the newest dead letters.
func (c *deadLettersListCmd) Run(ctx context.Context, std streams) error {
	if c.Limit < 1 {
		return badInput(fmt.Errorf("--limit %d: at least 1", c.Limit))
	}
	store, err := openStore(ctx, c.Postgres)
	if err != nil {
		return err
	}
	defer store.Close()
	letters, err := store.DeadLetters(ctx, c.Site, c.Reason, c.Limit)
	if err != nil {
		return err
	}
	return printLetters(std, letters, c.JSON)
}

// printLetters shows letters as a table or as lines of JSON.
func printLetters(std streams, letters []stream.DeadLetter, asJSON bool) error {
	if asJSON {
		out := json.NewEncoder(std.out)
		for i := range letters {
			if err := out.Encode(letterOf(&letters[i])); err != nil {
				return err
			}
		}
		return nil
	}
	if len(letters) == 0 {
		_, err := fmt.Fprintln(std.out, "no dead letters")
		return err
	}
	table := terminal.NewTable(terminal.Left("origin"), terminal.Left("site"), terminal.Left("rejected at"), terminal.Left("reason"),
		terminal.Column{Title: "detail", Max: 60}, terminal.Column{Title: "value", Max: 60})
	for i := range letters {
		l := &letters[i]
		table.Row(letterOrigin(l), l.Site, l.At.UTC().Format(time.DateTime), l.Reason, l.Detail, beginning(l.Value))
	}
	_, err := fmt.Fprint(std.out, table.String(terminal.Detect(std.out, os.Getenv)))
	return err
}

// letterJSON is a dead letter for machines. A value that is no UTF-8 text stands in value_base64.
type letterJSON struct {
	Origin  string            `json:"origin"`
	Site    string            `json:"site"`
	At      time.Time         `json:"at"`
	Reason  string            `json:"reason"`
	Detail  string            `json:"detail"`
	Key     string            `json:"key"`
	Value   *string           `json:"value,omitempty"`
	Bytes   []byte            `json:"value_base64,omitempty"`
	Headers map[string]string `json:"headers,omitempty"`
}

func letterOf(l *stream.DeadLetter) letterJSON {
	out := letterJSON{
		Origin: letterOrigin(l), Site: l.Site, At: l.At.UTC(), Reason: l.Reason, Detail: l.Detail,
		Key: strings.ToValidUTF8(string(l.Key), "\uFFFD"),
	}
	if utf8.Valid(l.Value) {
		text := string(l.Value)
		out.Value = &text
	} else {
		out.Bytes = l.Value
	}
	for _, h := range l.Headers {
		if out.Headers == nil {
			out.Headers = map[string]string{}
		}
		out.Headers[h.Key] = strings.ToValidUTF8(string(h.Value), "\uFFFD")
	}
	return out
}

// letterOrigin names where a record was read: topic:partition:offset.
func letterOrigin(l *stream.DeadLetter) string {
	return fmt.Sprintf("%s:%d:%d", l.OriginTopic, l.OriginPartition, l.OriginOffset)
}

// parseOrigin reads what letterOrigin writes.
func parseOrigin(s string) (topic string, partition int32, offset int64, err error) {
	wrong := fmt.Errorf("--origin %q: not topic:partition:offset", s)
	parts := strings.Split(s, ":")
	if len(parts) != 3 || parts[0] == "" {
		return "", 0, 0, wrong
	}
	p, errPartition := strconv.ParseInt(parts[1], 10, 32)
	offset, errOffset := strconv.ParseInt(parts[2], 10, 64)
	if errPartition != nil || errOffset != nil || p < 0 || offset < 0 {
		return "", 0, 0, wrong
	}
	return parts[0], int32(p), offset, nil
}

// beginning is the start of a value in one line; a record may hold anything, also codes that a terminal obeys.
func beginning(value []byte) string {
	const most = 240
	text := strings.ToValidUTF8(string(value[:min(len(value), most)]), "\uFFFD")
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, text)
}
