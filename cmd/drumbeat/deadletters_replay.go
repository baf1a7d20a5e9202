package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
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
	Origin  []string          `placeholder:"TOPIC:PARTITION:OFFSET" help:"Just these records."`
	Set     map[string]string `mapsep:"none" placeholder:"FIELD=VALUE" help:"Set a field of the event's data before it is sent: a JSON value, else text. May be repeated."`
	Topic   string            `help:"The input topic; by default the one that the record came from."`
	DryRun  bool              `help:"Show what would be sent."`
	Timeout time.Duration     `default:"1m" help:"Give up when the brokers acknowledge nothing for so long."`

	Kafka kafkaFlags `embed:"" prefix:"kafka-"`
}

// Run sends the letters that are meant, the oldest first. Source and id of an event stay, and a rejected
// event is not remembered as seen: it counts once, when it is accepted.
func (c *deadLettersReplayCmd) Run(ctx context.Context, std streams) error {
	if c.Site == "" && c.Reason == "" && len(c.Origin) == 0 {
		return badInput(errors.New("which dead letters? give --site, --reason or --origin"))
	}
	if c.Timeout <= 0 {
		return badInput(errors.New("--timeout must be above zero"))
	}
	client, err := c.Kafka.client(slog.New(slog.NewTextHandler(std.err, &slog.HandlerOptions{Level: slog.LevelWarn})))
	if err != nil {
		return err
	}
	defer client.Close()
	store, err := openStore(ctx, c.Postgres)
	if err != nil {
		return err
	}
	defer store.Close()
	letters, err := c.letters(ctx, store)
	if err != nil {
		return err
	}
	return c.replay(ctx, std, kafka.NewProducer(client), letters)
}

// letters finds the letters that are meant, the oldest first.
func (c *deadLettersReplayCmd) letters(ctx context.Context, store *postgres.Store) ([]stream.DeadLetter, error) {
	if len(c.Origin) == 0 {
		letters, err := store.DeadLetters(ctx, c.Site, c.Reason, math.MaxInt32)
		slices.Reverse(letters)
		return letters, err
	}
	var letters []stream.DeadLetter
	for _, origin := range c.Origin {
		topic, partition, offset, err := parseOrigin(origin)
		if err != nil {
			return nil, badInput(err)
		}
		l, err := store.DeadLetter(ctx, topic, partition, offset)
		switch {
		case err != nil:
			return nil, err
		case l == nil, c.Site != "" && l.Site != c.Site, c.Reason != "" && l.Reason != c.Reason:
			return nil, badInput(fmt.Errorf("--origin %s: there is no such dead letter", origin))
		}
		letters = append(letters, *l)
	}
	return letters, nil
}

// replay fixes the letters and sends them with to. None is sent unless all could be fixed.
func (c *deadLettersReplayCmd) replay(ctx context.Context, std streams, to sender, letters []stream.DeadLetter) error {
	batches := map[string][]stream.Message{}
	var topics []string
	for i := range letters {
		l := &letters[i]
		if len(c.Set) > 0 {
			fixed, err := setFields(l, c.Set)
			if err != nil {
				return badInput(fmt.Errorf("dead letter %s: %w", letterOrigin(l), err))
			}
			l.Value = fixed
		}
		topic := c.inputOf(l)
		if batches[topic] == nil {
			topics = append(topics, topic)
		}
		batches[topic] = append(batches[topic], stream.Message{Key: l.Key, Value: l.Value, Headers: l.Headers})
	}
	if c.DryRun {
		return printLetters(std, letters, c.JSON)
	}
	for _, topic := range topics {
		if err := c.sendTo(ctx, std, to, topic, batches[topic]); err != nil {
			return err
		}
	}
	if len(letters) == 0 && !c.JSON {
		_, err := fmt.Fprintln(std.out, "no dead letters")
		return err
	}
	return nil
}

// sendTo sends messages in pieces, and says how many.
func (c *deadLettersReplayCmd) sendTo(ctx context.Context, std streams, to sender, topic string, messages []stream.Message) error {
	for part := range slices.Chunk(messages, batchMessages) {
		limited, cancel := context.WithTimeoutCause(ctx, c.Timeout, fmt.Errorf("no acknowledgement within %v", c.Timeout))
		err := to.Send(limited, topic, part)
		if err != nil && limited.Err() != nil {
			err = fmt.Errorf("%w: %w", context.Cause(limited), err)
		}
		cancel()
		if err != nil {
			return fmt.Errorf("%s: %w; sending again does no harm, events count once", topic, err)
		}
	}
	if c.JSON {
		return json.NewEncoder(std.out).Encode(struct {
			Topic string `json:"topic"`
			Sent  int    `json:"sent"`
		}{topic, len(messages)})
	}
	_, err := fmt.Fprintf(std.out, "%d dead letters sent to %s\n", len(messages), topic)
	return err
}

// inputOf is the topic to send to. What had been written to our own log goes the usual way now: through
// intake.
func (c *deadLettersReplayCmd) inputOf(l *stream.DeadLetter) string {
	switch {
	case c.Topic != "":
		return c.Topic
	case l.OriginTopic == schemas.EventsTopic:
		return schemas.DefaultInputTopic
	}
	return l.OriginTopic
}

// setFields returns the record's value with fields of the event's data set. The result must be an event.
func setFields(l *stream.DeadLetter, set map[string]string) ([]byte, error) {
	binary := slices.ContainsFunc(l.Headers, func(h schemas.Header) bool { return h.Key == "ce_specversion" })
	var event, data map[string]json.RawMessage
	if binary {
		if err := json.Unmarshal(l.Value, &data); err != nil {
			return nil, fmt.Errorf("--set: the value is no JSON object: %w", err)
		}
	} else {
		if err := json.Unmarshal(l.Value, &event); err != nil || event == nil {
			return nil, fmt.Errorf("--set: the value is no JSON object: %s", beginning(l.Value))
		}
		if text := event["data"]; len(text) > 0 {
			if err := json.Unmarshal(text, &data); err != nil {
				return nil, errors.New("--set: data is no JSON object")
			}
		}
	}
	if data == nil {
		data = map[string]json.RawMessage{}
	}
	for field, value := range set {
		if field == "" {
			return nil, errors.New("--set: a field without a name")
		}
		data[field] = jsonValue(value)
	}
	fixed, err := json.Marshal(data)
	if err == nil && !binary {
		event["data"] = fixed
		fixed, err = json.Marshal(event)
	}
	if err != nil {
		return nil, err
	}
	var decoder schemas.Decoder
	var ev schemas.Event
	if err := decoder.Decode(l.Headers, fixed, &ev); err != nil {
		return nil, fmt.Errorf("--set: still no event: %s", strings.TrimPrefix(err.Error(), "schemas: "))
	}
	return fixed, nil
}

// jsonValue is value where it is JSON, else value as a JSON text.
func jsonValue(value string) json.RawMessage {
	if json.Valid([]byte(value)) {
		return json.RawMessage(value)
	}
	text, err := json.Marshal(value)
	if err != nil {
		panic(err) // a string can always be encoded
	}
	return text
}
