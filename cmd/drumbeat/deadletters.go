package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"drumbeat/schemas"
	"drumbeat/stream/postgres"
)

// deadLettersCmd looks at rejected records and sends them again.
type deadLettersCmd struct {
	List   deadLettersListCmd   `cmd:"" help:"Show dead letters, the newest first."`
	Replay deadLettersReplayCmd `cmd:"" help:"Send dead letters to the input topic again, as they are or with a fix."`
}

// letterFlags say where dead letters are and which are meant.
type letterFlags struct {
	Config   configFlag `env:"DRUMBEAT_CONFIG" placeholder:"FILE" help:"YAML file of settings, the same as of serve."`
	Postgres string     `required:"" env:"DRUMBEAT_POSTGRES" placeholder:"DSN" help:"Connection string; PGPASSWORD and PGPASSFILE keep the password out of it."`
	Site     string     `help:"Of this site only."`
	Reason   []string   `placeholder:"REASON,…" help:"With one of these reasons: missing-quantity, uncertain-date …"`
	Origin   []string   `placeholder:"TOPIC[:PARTITION[:OFFSET]]" help:"Read there: a topic, a partition of it, or one record. May be repeated."`
	Since    string     `placeholder:"DATE" help:"Rejected at or after this day or instant, UTC."`
	Until    string     `placeholder:"DATE" help:"Rejected before this day or instant, UTC."`
	SKU      string     `name:"sku" help:"With this SKU, in any case and with blanks around it."`
	Text     string     `help:"With this text in the record, as it was sent; the case of ASCII letters does not matter."`
	JSON     bool       `name:"json" help:"Print one JSON object a line."`
}

// chosen says that a flag narrows the choice.
func (f *letterFlags) chosen() bool {
	return f.Site != "" || len(f.Reason) > 0 || len(f.Origin) > 0 || f.Since != "" || f.Until != "" || f.SKU != "" || f.Text != ""
}

// filter is the choice as the store takes it; the SKU is left to letters.
func (f *letterFlags) filter() (postgres.LetterFilter, error) {
	out := postgres.LetterFilter{Site: f.Site, Reasons: f.Reason, Text: f.Text}
	for _, text := range f.Origin {
		o, err := parseOrigin(text)
		if err != nil {
			return out, badInput(fmt.Errorf("--origin %q: %w", text, err))
		}
		out.Origins = append(out.Origins, o)
	}
	var err error
	if out.Since, err = instantFlag("since", f.Since); err == nil {
		out.Until, err = instantFlag("until", f.Until)
	}
	if _, wrong := schemas.CanonicalSKU(f.SKU); err == nil && f.SKU != "" && wrong != nil {
		err = badInput(fmt.Errorf("--sku %q: no SKU", f.SKU))
	}
	return out, err
}

// instantFlag reads a day, or an instant in UTC unless it names a zone; "" is the zero time.
func instantFlag(name, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if d, err := schemas.ParseDate(text); err == nil {
		return d.Time(time.UTC), nil
	}
	i, err := schemas.ParseInstant(text)
	if err != nil {
		return time.Time{}, badInput(fmt.Errorf("--%s %q: neither a day nor an instant in ISO 8601", name, text))
	}
	return i.In(time.UTC), nil
}

// each calls fn for the letters that are meant. A SKU is compared in its canonical form, which only the
// record's own text yields; limit counts what is left.
func (f *letterFlags) each(ctx context.Context, store *postgres.Store, filter postgres.LetterFilter, fn func(*postgres.Letter) error) error {
	if f.SKU == "" {
		return store.EachLetter(ctx, filter, fn)
	}
	limit := filter.Limit
	filter.Limit = 0
	errEnough := errors.New("enough")
	n := 0
	err := store.EachLetter(ctx, filter, func(l *postgres.Letter) error {
		if !f.takes(l) {
			return nil
		}
		if err := fn(l); err != nil {
			return err
		}
		if n++; n == limit {
			return errEnough
		}
		return nil
	})
	if errors.Is(err, errEnough) {
		return nil
	}
	return err
}

// takes says that the letter has the SKU of the flag, where that is given.
func (f *letterFlags) takes(l *postgres.Letter) bool {
	if f.SKU == "" {
		return true
	}
	want, err := schemas.CanonicalSKU(f.SKU)
	if err != nil {
		return false
	}
	record, err := readLetter(l)
	return err == nil && record.sku() == want
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

// originText names where a record was read: topic:partition:offset.
func originText(o postgres.LetterOrigin) string {
	return fmt.Sprintf("%s:%d:%d", o.Topic, o.Partition, o.Offset)
}

// originOf is where a letter was read.
func originOf(l *postgres.Letter) postgres.LetterOrigin {
	return postgres.LetterOrigin{Topic: l.OriginTopic, Partition: l.OriginPartition, Offset: l.OriginOffset}
}

// parseOrigin reads what originText writes; partition and offset may be missing. No topic's name holds a colon.
func parseOrigin(s string) (postgres.LetterOrigin, error) {
	o := postgres.LetterOrigin{Partition: -1, Offset: -1}
	parts := strings.Split(s, ":")
	o.Topic = parts[0]
	wrong := errors.New("not topic, topic:partition or topic:partition:offset")
	if len(parts) > 3 || o.Topic == "" {
		return o, wrong
	}
	if len(parts) > 1 {
		n, err := strconv.ParseInt(parts[1], 10, 32)
		if err != nil || n < 0 {
			return o, wrong
		}
		o.Partition = int32(n)
	}
	if len(parts) > 2 {
		n, err := strconv.ParseInt(parts[2], 10, 64)
		if err != nil || n < 0 {
			return o, wrong
		}
		o.Offset = n
	}
	return o, nil
}
