package kafka

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	kafkago "github.com/segmentio/kafka-go"
)

// GroupConfig says how a process takes part in a consumer group.
type GroupConfig struct {
	// ID is the group's name; it must be set.
	ID string
	// Session is how long a member may be silent before its partitions go to others, and so also the
	// time that a partition's last flush has at a rebalance. 0: 30 s.
	Session time.Duration
	// Heartbeat is the time between two signs of life, and so how late a rebalance is noticed.
	// 0: a tenth of Session.
	Heartbeat time.Duration
	// Instance is what no two processes that live have in common, and a process has in common with the one that
	// is started in its place: a member of this name is dead when another one joins, and leaves its partitions to it
	// at once. Empty: the partitions of a dead member are free after Session.
	Instance string
	// Rebalance is how long the group waits for its members to flush and join. 0: as Session.
	Rebalance time.Duration
}

func (g GroupConfig) withDefaults() GroupConfig {
	if g.Session == 0 {
		g.Session = 30 * time.Second
	}
	if g.Heartbeat == 0 {
		g.Heartbeat = g.Session / 10
	}
	if g.Rebalance == 0 {
		g.Rebalance = g.Session
	}
	return g
}

// Validate says what is missing or contradicts itself.
func (g GroupConfig) Validate() error {
	g = g.withDefaults()
	switch {
	case g.ID == "":
		return errors.New("kafka: a consumer group needs a name")
	case g.Session < time.Second:
		return fmt.Errorf("kafka: session timeout %v is below 1 s", g.Session)
	case g.Heartbeat <= 0 || g.Heartbeat > g.Session/3:
		return fmt.Errorf("kafka: heartbeat %v is not between 0 and a third of the session timeout %v", g.Heartbeat, g.Session)
	case g.Rebalance < g.Heartbeat:
		return fmt.Errorf("kafka: rebalance timeout %v is below the heartbeat %v", g.Rebalance, g.Heartbeat)
	}
	return nil
}

// member takes part in a consumer group.
type member struct {
	c      *Client
	cfg    GroupConfig
	topics []string
	// watch makes new partitions of the topics join.
	watch bool
}

// run calls work for every generation and waits for it to return before the next is joined. The
// context of work ends with the generation, or with ctx, after which the member leaves the group. It
// returns nil when ctx ends, or the first error of work, or one of the group that will not heal.
func (m *member) run(ctx context.Context, work func(ctx context.Context, gen *generation) error) error {
	for _, topic := range m.topics {
		if _, err := m.c.awaitPartitions(ctx, topic); err != nil {
			return ended(ctx, err)
		}
	}
	conns := &connections{dial: m.c.dialer.DialFunc, open: map[*connection]struct{}{}}
	dialer := *m.c.dialer
	dialer.DialFunc, dialer.ClientID = conns.connect, m.clientID()
	dead := m.predecessors(ctx)
	held := &balancer{}
	group, err := kafkago.NewConsumerGroup(kafkago.ConsumerGroupConfig{
		ID:                    m.cfg.ID,
		Brokers:               m.c.cfg.Brokers,
		Dialer:                &dialer,
		Topics:                m.topics,
		GroupBalancers:        []kafkago.GroupBalancer{held},
		HeartbeatInterval:     m.cfg.Heartbeat,
		SessionTimeout:        m.cfg.Session,
		RebalanceTimeout:      m.cfg.Rebalance,
		WatchPartitionChanges: m.watch,
		JoinGroupBackoff:      firstDelay, // delay comes on top
		StartOffset:           kafkago.FirstOffset,
		Timeout:               min(m.cfg.Session/2, m.c.cfg.Timeout),
	})
	if err != nil {
		return fmt.Errorf("kafka: group %s: %w", m.cfg.ID, err)
	}
	// The group is closed as soon as ctx ends, while work is still flushing: closed later, the library
	// would first join another generation.
	closed := make(chan struct{})
	leave := sync.OnceFunc(func() {
		_ = group.Close() // always nil
		close(closed)
	})
	stop := context.AfterFunc(ctx, leave)
	defer func() {
		stop()
		go leave()
		select {
		case <-closed:
		case <-time.After(m.cfg.Session / 2):
			// It is still waiting for the other members to join. Breaking that off leaves a member behind
			// that the group misses only after the session timeout, so it is the last resort.
			conns.close()
			<-closed
		}
	}()

	succeeding, cancel := context.WithCancel(ctx)
	var successor sync.WaitGroup
	defer successor.Wait()
	defer cancel()
	successor.Go(func() { m.succeed(succeeding, dead) })

	for failures, early := 0, 0; ; {
		gen, err := group.Next(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			if permanent(err) {
				return fmt.Errorf("kafka: group %s: %w", m.cfg.ID, err)
			}
			m.c.log.Warn("kafka: joining again", "group", m.cfg.ID, "failures", failures+1, "error", err)
			m.c.answered(err)
			if sleep(ctx, delay(failures)) != nil {
				return nil
			}
			failures++
			continue
		}
		failures = 0
		m.c.answered(nil)
		held.hold(gen)
		m.c.log.Info("kafka: joined", "group", m.cfg.ID, "generation", gen.ID, "member", gen.MemberID, "assigned", gen.Assignments)
		gaveUp, err := m.live(ctx, gen, work)
		if err != nil {
			return err
		}
		if !gaveUp {
			early = 0
			continue
		}
		// Each such end makes the whole group rebalance.
		if sleep(ctx, delay(early)) != nil {
			return nil
		}
		early++
	}
}

// live runs work inside a generation. All of it is one function of the generation, so the library
// joins the next one only when all of it has returned, and never calls it in a generation that had
// ended before. gaveUp says that work returned before the group had ended the generation.
func (m *member) live(ctx context.Context, gen *kafkago.Generation, work func(context.Context, *generation) error) (gaveUp bool, err error) {
	done := make(chan error, 1)
	gen.Start(func(alive context.Context) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		stop := context.AfterFunc(alive, cancel)
		defer stop()
		if alive.Err() != nil {
			done <- nil
			return
		}
		err := work(ctx, &generation{m: m, gen: gen, end: cancel})
		gaveUp = alive.Err() == nil
		if ctx.Err() != nil && (errors.Is(err, context.Canceled) || errors.Is(err, kafkago.ErrGenerationEnded)) {
			err = nil
		}
		done <- err
	})
	err = <-done
	return gaveUp, err
}

// generation is the time between two rebalances, for one member.
type generation struct {
	m   *member
	gen *kafkago.Generation
	end context.CancelFunc // ends the contexts of the work
}

// alive asks the coordinator whether the member still belongs to the generation. A rebalance that has
// begun counts as the end. While the coordinator cannot be asked it keeps trying; ctx ends when the
// library's own heartbeat gives up.
func (g *generation) alive(ctx context.Context) error {
	return g.m.c.retry(ctx, "heartbeat of group "+g.m.cfg.ID, func() error {
		m, err := g.m.c.roundTrip(ctx, 0, &heartbeatRequest{GroupID: g.m.cfg.ID, GenerationID: g.gen.ID, MemberID: g.gen.MemberID})
		if err != nil {
			return err
		}
		if code := m.(*heartbeatResponse).ErrorCode; code != 0 {
			err = kafkago.Error(code)
		}
		return g.check(err)
	})
}

// commit stores the group's offset of a partition.
func (g *generation) commit(topic string, partition int32, next int64) error {
	err := g.gen.CommitOffsets(map[string]map[int]int64{topic: {int(partition): next}})
	if err := g.check(err); err != nil {
		return fmt.Errorf("kafka: group %s: commit %d of %s/%d: %w", g.m.cfg.ID, next, topic, partition, err)
	}
	return nil
}

// check ends the generation where the coordinator says that it is over; err is returned as the
// context's end then, which no one tries again.
func (g *generation) check(err error) error {
	if errors.Is(err, kafkago.IllegalGeneration) || errors.Is(err, kafkago.UnknownMemberId) || errors.Is(err, kafkago.RebalanceInProgress) {
		g.end()
		return fmt.Errorf("%w: %w", context.Canceled, err)
	}
	return err
}

// ended turns the error of a context that has ended into nil.
func ended(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}
