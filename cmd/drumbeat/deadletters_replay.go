package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"drumbeat/schemas"
	"drumbeat/stream"
	"drumbeat/stream/kafka"
	"drumbeat/stream/postgres"
)

type deadLettersReplayCmd struct {
	letterFlags
	Set     map[string]string `mapsep:"none" placeholder:"FIELD=VALUE" help:"Set a field of the event's data before it is sent: a JSON value, else text. May be repeated."`
	Propose bool              `help:"Show the plain reading of every uncertain date, and why; nothing is sent."`
	Apply   bool              `help:"Send the records that --propose has a reading for, with it."`
	From    string            `placeholder:"FILE" help:"Send the records of this file: lines as list --json writes them, edited."`
	Again   bool              `help:"Also those that were sent before."`
	Topic   string            `help:"The input topic; by default the one that the record came from."`
	DryRun  bool              `help:"Show what would be sent."`
	Timeout time.Duration     `default:"1m" help:"Give up when the brokers acknowledge nothing for so long."`

	Kafka kafkaFlags `embed:"" prefix:"kafka-"`
}

// Help is shown by --help below the usage.
func (*deadLettersReplayCmd) Help() string {
	return `Each letter is sent once: what was sent is marked, a second run sends what the
first one did not reach and what has come since, --again also what is marked.
Nothing is sent unless all that is meant can be fixed.

A record that is sent as it is keeps its bytes. One that is fixed is a new event:
the same source, the id with "` + fixedSuffix + `" behind it, and the attribute
"` + replayOf + `" with the origin of the record that it replaces. The service
counts an id once, however often it is sent, and does not remember the ids of
what it rejects.

A record that was larger than drumbeat.events takes is not stored here, and not
sent: its dead letter says where it was read.`
}

// Run sends the letters that are meant, the oldest first.
func (c *deadLettersReplayCmd) Run(ctx context.Context, std streams) error {
	filter, err := c.check()
	if err != nil {
		return err
	}
	store, err := openStore(ctx, c.Postgres)
	if err != nil {
		return err
	}
	defer store.Close()
	if err := c.exist(ctx, store, filter.Origins); err != nil {
		return err
	}
	if c.Propose && !c.Apply {
		return c.propose(ctx, std, store, filter)
	}
	if c.DryRun {
		show := letterPrinter{std: std, json: c.JSON}
		if err := c.fixes(ctx, store, filter, func(f fix) error { return show.letter(f.letter) }); err != nil {
			return err
		}
		return show.end()
	}
	if c.edits() { // all must be possible before the first is sent
		if err := c.fixes(ctx, store, filter, func(fix) error { return nil }); err != nil {
			return err
		}
	}
	client, err := c.Kafka.client(slog.New(slog.NewTextHandler(std.err, &slog.HandlerOptions{Level: slog.LevelWarn})))
	if err != nil {
		return err
	}
	defer client.Close()
	to := &letterSender{cmd: c, to: kafka.NewProducer(client), mark: store.MarkReplayed, sent: map[string]int{}}
	err = c.fixes(ctx, store, filter, func(f fix) error { return to.add(ctx, f) })
	if err == nil {
		err = to.flush(ctx)
	}
	return errors.Join(err, to.report(std, err))
}

// check refuses flags that contradict each other, and a choice of everything by accident.
func (c *deadLettersReplayCmd) check() (postgres.LetterFilter, error) {
	filter, err := c.filter()
	filter.Waiting = !c.Again
	if c.Propose || c.Apply {
		c.Propose = true
		if len(filter.Reasons) == 0 {
			filter.Reasons = dateReasons
		}
	}
	switch {
	case err != nil:
		return filter, err
	case c.Timeout <= 0:
		return filter, badInput(errors.New("--timeout must be above zero"))
	case c.From != "" && (c.chosen() || len(c.Set) > 0 || c.Propose):
		return filter, badInput(errors.New("--from names the records and their fixes: no other choice or fix goes with it"))
	case c.Propose && len(c.Set) > 0:
		return filter, badInput(errors.New("--set and --propose exclude each other"))
	case c.From == "" && !c.chosen() && (!c.Propose || c.Apply):
		return filter, badInput(errors.New("which dead letters? give --site, --reason, --origin, --since, --until, --sku or --text"))
	}
	return filter, nil
}

// exist refuses a single record that is no dead letter.
func (c *deadLettersReplayCmd) exist(ctx context.Context, store *postgres.Store, origins []postgres.LetterOrigin) error {
	for _, o := range origins {
		if o.Offset < 0 {
			continue
		}
		l, err := store.Letter(ctx, o)
		switch {
		case err != nil:
			return err
		case l == nil, c.Site != "" && l.Site != c.Site, len(c.Reason) > 0 && !slices.Contains(c.Reason, l.Reason):
			return badInput(fmt.Errorf("--origin %s: there is no such dead letter", originText(o)))
		}
	}
	return nil
}

// edits says that records are sent otherwise than they came.
func (c *deadLettersReplayCmd) edits() bool { return len(c.Set) > 0 || c.Propose || c.From != "" }

// fix is a letter as it is to be sent.
type fix struct {
	letter *postgres.Letter
	id     string // of the event, where it differs from the one that was rejected
}

// fixes calls fn for every letter that is meant, fixed.
func (c *deadLettersReplayCmd) fixes(ctx context.Context, store *postgres.Store, filter postgres.LetterFilter, fn func(fix) error) error {
	if c.From != "" {
		return c.fromFile(ctx, store, fn)
	}
	proposals := newProposer(store)
	return c.each(ctx, store, filter, func(l *postgres.Letter) error {
		if l.Reason == schemas.ReasonTooLarge && len(l.Value) == 0 {
			return nil // only its origin has the record
		}
		fields := c.Set
		if c.Propose {
			p, err := proposals.propose(ctx, l)
			if err != nil {
				return err
			}
			if p.Becomes == "" {
				return nil
			}
			fields = map[string]string{p.Field: string(jsonText(p.Becomes))}
		}
		if len(fields) == 0 {
			return fn(fix{letter: l})
		}
		out, id, err := fixFields(l, fields)
		if err != nil {
			return badInput(fmt.Errorf("dead letter %s: %w", originText(originOf(l)), err))
		}
		return fn(fix{letter: out, id: id})
	})
}

// letterSender sends letters in batches and marks each batch once it is acknowledged: what a run that was
// cut off has sent is marked, except for its last batch, whose events the service counts once.
type letterSender struct {
	cmd  *deadLettersReplayCmd
	to   sender
	mark func(ctx context.Context, list []postgres.Replayed) error

	topic    string
	messages []stream.Message
	replayed []postgres.Replayed
	bytes    int
	sent     map[string]int
	large    []string // origins of the records that their topic does not take
}

func (s *letterSender) add(ctx context.Context, f fix) error {
	topic := s.cmd.inputOf(f.letter)
	m := stream.Message{Key: f.letter.Key, Value: f.letter.Value, Headers: f.letter.Headers}
	if len(s.messages) > 0 && (topic != s.topic || len(s.messages) == batchMessages || s.bytes+m.Size() > batchBytes) {
		if err := s.flush(ctx); err != nil {
			return err
		}
	}
	s.topic = topic
	s.messages = append(s.messages, m)
	s.replayed = append(s.replayed, postgres.Replayed{LetterOrigin: originOf(f.letter), ID: f.id})
	s.bytes += m.Size()
	return nil
}

// flush sends and marks what is gathered. Of a batch with a record that the topic does not take, each record
// is sent by itself, and that one stays where it is.
func (s *letterSender) flush(ctx context.Context) error {
	messages, replayed := s.messages, s.replayed
	s.messages, s.replayed, s.bytes = nil, nil, 0
	err := s.send(ctx, messages, replayed)
	if !errors.Is(err, kafka.ErrTooLarge) {
		return err
	}
	for i := range messages {
		err := s.send(ctx, messages[i:i+1], replayed[i:i+1])
		switch {
		case errors.Is(err, kafka.ErrTooLarge):
			s.large = append(s.large, originText(replayed[i].LetterOrigin))
		case err != nil:
			return err
		}
	}
	return nil
}

func (s *letterSender) send(ctx context.Context, messages []stream.Message, replayed []postgres.Replayed) error {
	if len(messages) == 0 {
		return nil
	}
	limited, cancel := context.WithTimeoutCause(ctx, s.cmd.Timeout, fmt.Errorf("no acknowledgement within %v", s.cmd.Timeout))
	defer cancel()
	if err := s.to.Send(limited, s.topic, messages); err != nil {
		if limited.Err() != nil {
			err = fmt.Errorf("%w: %w", context.Cause(limited), err)
		}
		return fmt.Errorf("%s: %w; the same command goes on from here", s.topic, err)
	}
	// What the brokers have is marked also when an interrupt comes in between.
	if err := s.mark(context.WithoutCancel(ctx), replayed); err != nil {
		return err
	}
	s.sent[s.topic] += len(messages)
	return nil
}

// report says how many were sent where, also when failed ended the run.
func (s *letterSender) report(std streams, failed error) error {
	for _, topic := range slices.Sorted(maps.Keys(s.sent)) {
		if s.cmd.JSON {
			err := json.NewEncoder(std.out).Encode(struct {
				Topic string `json:"topic"`
				Sent  int    `json:"sent"`
			}{topic, s.sent[topic]})
			if err != nil {
				return err
			}
			continue
		}
		letters := "dead letters"
		if s.sent[topic] == 1 {
			letters = "dead letter"
		}
		if _, err := fmt.Fprintf(std.out, "%d %s sent to %s\n", s.sent[topic], letters, topic); err != nil {
			return err
		}
	}
	if len(s.large) > 0 && failed == nil {
		return fmt.Errorf("%d dead letters are larger than their topic takes and stay: %s", len(s.large), strings.Join(s.large[:min(len(s.large), 10)], ", "))
	}
	if len(s.sent) > 0 || s.cmd.JSON || failed != nil {
		return nil
	}
	_, err := fmt.Fprintln(std.out, "nothing sent: no dead letter is waiting")
	return err
}

// inputOf is the topic to send to. What had been written to our own log goes the usual way: through intake.
func (c *deadLettersReplayCmd) inputOf(l *postgres.Letter) string {
	switch {
	case c.Topic != "":
		return c.Topic
	case l.OriginTopic == schemas.EventsTopic:
		return schemas.DefaultInputTopic
	}
	return l.OriginTopic
}
