package kafka

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"drumbeat/schemas"
	"drumbeat/stream"
)

// IntakeConfig says what Intake reads.
type IntakeConfig struct {
	// Group is the consumer group over the input topics; its committed offsets are intake's only memory.
	Group GroupConfig
	// Inputs are the input topics. Empty: erp.sales.
	Inputs []string
	// DefaultSite gets the records that name no site, and those that cannot be read. It must be set.
	DefaultSite string
	// FetchBytes is about how much of a partition one fetch returns; two such answers are held for each
	// partition assigned. 0: 4 MiB, less where many partitions are assigned.
	FetchBytes int
	// Registerer receives the metrics. nil: they are counted, but shown nowhere.
	Registerer prometheus.Registerer
}

// Validate says what is missing or contradicts itself.
func (cfg IntakeConfig) Validate() error {
	if err := cfg.Group.Validate(); err != nil {
		return err
	}
	if !schemas.ValidSite(cfg.DefaultSite) {
		return fmt.Errorf("kafka: default site %q is not 1 to 64 of A-Z a-z 0-9 . _ -", cfg.DefaultSite)
	}
	for i, topic := range cfg.Inputs {
		if topic == "" || slices.Contains(cfg.Inputs[:i], topic) {
			return fmt.Errorf("kafka: input topic %q is empty or named twice", topic)
		}
	}
	if cfg.FetchBytes < 0 {
		return fmt.Errorf("kafka: fetch of %d bytes", cfg.FetchBytes)
	}
	return nil
}

// Intake forwards the input topics to drumbeat.events: values and headers untouched, the
// site as key, and the origin in three more headers (which replace any of their names). Records of aborted
// transactions are left out.
//
// Records of one input partition arrive in their order on each partition of drumbeat.events, at least once:
// after a crash those since the last commit arrive again, and the reader drops what does not exceed the
// highest origin offset it has seen. A record that is larger than drumbeat.events takes goes to
// drumbeat.dead-letters at once, with the reason too-large; one that is too large even for that leaves
// its origin and size there. In its place drumbeat.events gets a record without value whose headers reason
// and detail say so.
type Intake struct {
	c       *Client
	cfg     IntakeConfig
	metrics *intakeMetrics
}

// NewIntake checks the configuration; Run joins the group.
func NewIntake(c *Client, cfg IntakeConfig) (*Intake, error) {
	if len(cfg.Inputs) == 0 {
		cfg.Inputs = []string{schemas.DefaultInputTopic}
	}
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	for _, topic := range cfg.Inputs {
		if topic == c.cfg.Topics.Events || topic == c.cfg.Topics.Plans || topic == c.cfg.Topics.DeadLetters {
			return nil, fmt.Errorf("kafka: input topic %q is one of drumbeat's own", topic)
		}
	}
	cfg.Group = cfg.Group.withDefaults()
	metrics, err := newIntakeMetrics(cfg.Registerer)
	if err != nil {
		return nil, err
	}
	return &Intake{c: c, cfg: cfg, metrics: metrics}, nil
}

// Run forwards until ctx ends (nil). It waits for topics that do not exist yet and tries again whatever
// may heal. It gives up, and has then skipped nothing, when the committed offset of a partition lies
// outside its log (stream.ErrOffsetOutOfRange: the topic was created anew, or its retention overtook
// intake), or when the cluster refuses it. A partition without a committed offset is read from its
// first record.
func (in *Intake) Run(ctx context.Context) error {
	targets, err := in.c.awaitPartitions(ctx, in.c.cfg.Topics.Events)
	if err != nil {
		return ended(ctx, err)
	}
	m := &member{c: in.c, cfg: in.cfg.Group, topics: in.cfg.Inputs, watch: true}
	return m.run(ctx, func(ctx context.Context, gen *generation) error {
		assigned := 0
		for _, topic := range in.cfg.Inputs {
			assigned += len(gen.gen.Assignments[topic])
		}
		if assigned == 0 {
			<-ctx.Done()
			return nil
		}
		fetchBytes := in.cfg.FetchBytes
		if fetchBytes == 0 {
			fetchBytes = min(4<<20, max(256<<10, (64<<20)/assigned))
		}
		var all errgroup.Group
		for _, topic := range in.cfg.Inputs {
			for _, a := range gen.gen.Assignments[topic] {
				f := newForwarder(in, gen, topic, int32(a.ID), targets)
				all.Go(func() error {
					defer gen.end()
					err := f.run(ctx, a.Offset, fetchBytes)
					if errors.Is(err, stream.ErrOffsetOutOfRange) {
						return fmt.Errorf("%w: the committed offset of group %s does not fit the topic, which was created anew or "+
							"has lost records before they were read; nothing was skipped, reset the offset of the group to go on", err, in.cfg.Group.ID)
					}
					return err
				})
			}
		}
		return all.Wait()
	})
}
