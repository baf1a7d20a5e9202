package kafka

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"sync/atomic"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kfake"

	"drumbeat/stream"
	"drumbeat/stream/streamtest"
)

// brokers starts an in-process broker, unless actual asks for the one in DRUMBEAT_TEST_KAFKA.
func brokers(t *testing.T, actual bool, opts ...kfake.Opt) []string {
	t.Helper()
	if actual {
		addr := os.Getenv("DRUMBEAT_TEST_KAFKA")
		if addr == "" {
			t.Skip("set DRUMBEAT_TEST_KAFKA=host:port to run this against a real broker")
		}
		return []string{addr}
	}
	cluster, err := kfake.NewCluster(append([]kfake.Opt{kfake.NumBrokers(1), kfake.DefaultNumPartitions(4)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	return cluster.ListenAddrs()
}

var unique atomic.Int64

// uniqueName is a name that no other test uses, on a real broker either.
func uniqueName(kind string) string {
	return fmt.Sprintf("%s-%d-%d", kind, time.Now().UnixNano(), unique.Add(1))
}

// cluster is a client with topics of its own.
func cluster(t *testing.T, addrs []string) (*Client, TopicOptions) {
	t.Helper()
	level := slog.LevelError
	if testing.Verbose() {
		level = slog.LevelInfo
	}
	c, err := NewClient(Config{
		Brokers: addrs,
		Topics:  Names{Events: uniqueName("events"), Plans: uniqueName("plans"), DeadLetters: uniqueName("dead")},
		Log:     slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: level})),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	o := TopicOptions{Inputs: []string{uniqueName("input")}, Partitions: 8}
	if _, err := c.CreateTopics(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, stop := context.WithTimeout(context.Background(), 10*time.Second)
		defer stop()
		names := append(o.Inputs, c.cfg.Topics.Events, c.cfg.Topics.Plans, c.cfg.Topics.DeadLetters)
		if _, err := c.api.DeleteTopics(ctx, &kafkago.DeleteTopicsRequest{Topics: names}); err != nil {
			t.Logf("topics stay: %v", err)
		}
	})
	return c, o
}

// quick is a group that notices a rebalance at once.
func quick(id string) GroupConfig {
	return GroupConfig{ID: id, Session: 6 * time.Second, Heartbeat: 100 * time.Millisecond}
}

func TestLogOnKfake(t *testing.T) { testLog(t, false) }

func TestLogOnKafka(t *testing.T) { testLog(t, true) }

func testLog(t *testing.T, actual bool) {
	streamtest.TestLog(t, func(t *testing.T) streamtest.Log {
		c, o := cluster(t, brokers(t, actual))
		group := uniqueName("group")
		return streamtest.Log{
			Publisher:  NewPublisher(c),
			Plans:      NewPlanLog(c),
			Events:     c.cfg.Topics.Events,
			PlansTopic: c.cfg.Topics.Plans,
			Partitions: o.Partitions,
			Member: func(t *testing.T) stream.Source {
				s, err := NewSource(c, quick(group))
				if err != nil {
					t.Fatal(err)
				}
				return s
			},
			LargestRecord: 7 << 20,
		}
	})
}
