package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"time"

	"drumbeat/cmd/drumbeat/internal/terminal"
	"drumbeat/stream/kafka"
)

// topicsCmd creates and checks topics.
type topicsCmd struct {
	Create topicsCreateCmd `cmd:"" help:"Create the topics that do not exist, with the settings that they need."`
	Check  topicsCheckCmd  `cmd:"" help:"Compare the topics with what they have to be; exit status 1 if something is wrong."`
}

// topicFlags are common to both.
type topicFlags struct {
	Config     configFlag    `env:"DRUMBEAT_CONFIG" placeholder:"FILE" help:"YAML file of settings, the same as of serve."`
	Kafka      kafkaFlags    `embed:"" prefix:"kafka-"`
	Input      []string      `env:"DRUMBEAT_INPUT" default:"erp.sales" help:"The input topics."`
	Partitions int           `env:"DRUMBEAT_PARTITIONS" default:"16" help:"Partitions of drumbeat.events, fixed for ever at its creation."`
	Timeout    time.Duration `default:"30s" help:"Give up after this long."`
	JSON       bool          `name:"json" help:"Print one JSON object a line."`
}

func (f *topicFlags) options() kafka.TopicOptions {
	return kafka.TopicOptions{Inputs: f.Input, Partitions: f.Partitions}
}

// open returns a client and the time limit of the command.
func (f *topicFlags) open(ctx context.Context, s streams) (context.Context, *kafka.Client, func(), error) {
	if f.Partitions < 1 {
		return nil, nil, nil, badInput(fmt.Errorf("--partitions %d: at least 1", f.Partitions))
	}
	c, err := f.Kafka.client(slog.New(slog.NewTextHandler(s.err, nil)))
	if err != nil {
		return nil, nil, nil, err
	}
	ctx, stop := context.WithTimeoutCause(ctx, f.Timeout, fmt.Errorf("no answer from %v within %v", f.Kafka.Brokers, f.Timeout))
	return ctx, c, func() { stop(); c.Close() }, nil
}

type topicsCreateCmd struct {
	topicFlags
	Replication int `env:"DRUMBEAT_REPLICATION" default:"0" help:"Copies of each record; 0 leaves it to the brokers. With 3 or more, two must acknowledge."`
}

// Run creates topics, and then checks them all.
func (cmd *topicsCreateCmd) Run(ctx context.Context, s streams) error {
	ctx, c, done, err := cmd.open(ctx, s)
	if err != nil {
		return err
	}
	defer done()
	o := cmd.options()
	o.Replication = cmd.Replication
	created, err := c.CreateTopics(ctx, o)
	for _, name := range created {
		if err := cmd.say(s, struct {
			Created string `json:"created"`
		}{name}, "created "+name); err != nil {
			return err
		}
	}
	if err != nil {
		return late(ctx, err)
	}
	return cmd.check(ctx, c, s)
}

type topicsCheckCmd struct{ topicFlags }

// Run prints what is wrong.
func (cmd *topicsCheckCmd) Run(ctx context.Context, s streams) error {
	ctx, c, done, err := cmd.open(ctx, s)
	if err != nil {
		return err
	}
	defer done()
	return cmd.check(ctx, c, s)
}

// say prints a line, for people or as JSON.
func (f *topicFlags) say(s streams, object any, line string) error {
	if f.JSON {
		return json.NewEncoder(s.out).Encode(object)
	}
	_, err := fmt.Fprintln(s.out, line)
	return err
}

// check prints the problems; an error says how many of them are more than advice.
func (f *topicFlags) check(ctx context.Context, c *kafka.Client, s streams) error {
	problems, err := c.CheckTopics(ctx, f.options())
	if err != nil {
		return late(ctx, err)
	}
	id, err := c.ClusterID(ctx)
	if err != nil {
		return late(ctx, err)
	}
	wrong := 0
	table := terminal.NewTable(terminal.Left(""), terminal.Left("topic"), terminal.Left("setting"), terminal.Left("is"),
		terminal.Left("should be"), terminal.Left("what to do"))
	for _, p := range problems {
		mark := terminal.Cell{Text: "advice", Ink: terminal.Warn}
		if !p.Advice {
			wrong++
			mark = terminal.Cell{Text: "wrong", Ink: terminal.Bad}
		}
		table.Cells(mark, terminal.Cell{Text: p.Topic}, terminal.Cell{Text: p.Setting}, terminal.Cell{Text: p.Have},
			terminal.Cell{Text: p.Want}, terminal.Cell{Text: p.Do})
		if f.JSON {
			if err := f.say(s, p, ""); err != nil {
				return err
			}
		}
	}
	if len(problems) > 0 && !f.JSON {
		for _, line := range table.Lines(terminal.Detect(s.out, os.Getenv)) {
			if _, err := fmt.Fprintln(s.out, line); err != nil {
				return err
			}
		}
	}
	if wrong > 0 {
		return fmt.Errorf("topics: cluster %s: %d of the settings are wrong", id, wrong)
	}
	return f.say(s, struct {
		Cluster string `json:"cluster"`
		OK      bool   `json:"ok"`
	}{id, true}, "cluster "+id+": the topics are as they have to be")
}

// late names the time limit where that is what ended the command.
func late(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("topics: %w: %w", context.Cause(ctx), err)
	}
	return err
}
