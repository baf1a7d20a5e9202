package embedded

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"pgregory.net/rapid"
)

func startBroker(t *testing.T, dir string) *Broker {
	t.Helper()
	b, err := StartBroker(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

func createTopic(t *testing.T, c *kafka.Client, topic string) {
	t.Helper()
	created, err := c.CreateTopics(t.Context(), &kafka.CreateTopicsRequest{
		Topics: []kafka.TopicConfig{{Topic: topic, NumPartitions: 2, ReplicationFactor: 1}},
	})
	if err := errors.Join(err, created.Errors[topic]); err != nil {
		t.Fatal(err)
	}
}

func produce(t *testing.T, c *kafka.Client, topic, value string) int64 {
	t.Helper()
	answer, err := c.Produce(t.Context(), &kafka.ProduceRequest{
		Topic: topic, Partition: 1, RequiredAcks: kafka.RequireAll,
		Records: kafka.NewRecordReader(kafka.Record{Value: kafka.NewBytes([]byte(value))}),
	})
	if err == nil {
		err = answer.Error
	}
	if err != nil {
		t.Fatal(err)
	}
	return answer.BaseOffset
}

func fetch(t *testing.T, c *kafka.Client, topic string) (values []string) {
	t.Helper()
	answer, err := c.Fetch(t.Context(), &kafka.FetchRequest{
		Topic: topic, Partition: 1, MinBytes: 1, MaxBytes: 1 << 20, MaxWait: time.Second,
	})
	if err == nil {
		err = answer.Error
	}
	if err != nil {
		t.Fatal(err)
	}
	for {
		record, err := answer.Records.ReadRecord()
		if errors.Is(err, io.EOF) {
			return values
		}
		if err != nil {
			t.Fatal(err)
		}
		value, err := kafka.ReadAll(record.Value)
		if err != nil {
			t.Fatal(err)
		}
		values = append(values, string(value))
	}
}

func clusterID(t *testing.T, c *kafka.Client) string {
	t.Helper()
	answer, err := c.Metadata(t.Context(), &kafka.MetadataRequest{})
	if err != nil {
		t.Fatal(err)
	}
	return answer.ClusterID
}

func commit(ctx context.Context, c *kafka.Client, topic string, offset int64) error {
	answer, err := c.OffsetCommit(ctx, &kafka.OffsetCommitRequest{
		GroupID: "planner", GenerationID: -1,
		Topics: map[string][]kafka.OffsetCommit{topic: {{Partition: 1, Offset: offset}}},
	})
	if err != nil {
		return err
	}
	return answer.Topics[topic][0].Error
}

// A broker that is started again on its directory is the same cluster: id, topics, records, offsets.
func TestBrokerFindsItsDataAgain(t *testing.T) {
	dir := t.TempDir()
	const topic = "drumbeat.events"
	first := startBroker(t, dir)
	c := &kafka.Client{Addr: kafka.TCP(first.Addr())}
	id := clusterID(t, c)
	createTopic(t, c, topic)
	produce(t, c, topic, "a")
	produce(t, c, topic, "b")
	if err := commit(t.Context(), c, topic, 1); err != nil {
		t.Fatal(err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}

	second := startBroker(t, dir)
	c = &kafka.Client{Addr: kafka.TCP(second.Addr())}
	if got := clusterID(t, c); got != id {
		t.Errorf("cluster id %q after the restart, was %q", got, id)
	}
	if offset := produce(t, c, topic, "c"); offset != 2 {
		t.Errorf("the record after the restart got offset %d, want 2", offset)
	}
	if got := fetch(t, c, topic); len(got) != 3 || got[0]+got[1]+got[2] != "abc" {
		t.Errorf("records %q, want a b c", got)
	}
	offsets, err := c.OffsetFetch(t.Context(), &kafka.OffsetFetchRequest{
		GroupID: "planner", Topics: map[string][]int{topic: {1}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := offsets.Topics[topic][0].CommittedOffset; got != 1 {
		t.Errorf("committed offset %d, want 1", got)
	}
}

// A cluster made anew must be told from one whose offsets somebody has stored.
func TestNewBrokersAreDifferentClusters(t *testing.T) {
	a, b := startBroker(t, t.TempDir()), startBroker(t, t.TempDir())
	ida := clusterID(t, &kafka.Client{Addr: kafka.TCP(a.Addr())})
	idb := clusterID(t, &kafka.Client{Addr: kafka.TCP(b.Addr())})
	if ida == idb || ida == "" {
		t.Errorf("cluster ids %q and %q", ida, idb)
	}
}

func TestBrokerDirectoryHasOneOwner(t *testing.T) {
	dir := t.TempDir()
	b := startBroker(t, dir)
	if _, err := StartBroker(dir, nil); !errors.Is(err, ErrInUse) {
		t.Fatalf("second broker on the directory: %v, want ErrInUse", err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	startBroker(t, dir)
}

func TestMajorVersion(t *testing.T) {
	for text, want := range map[string]int{
		"postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n": 15,
		"postgres (PostgreSQL) 19devel":                          19,
		"postgres (PostgreSQL) 18beta1":                          18,
		"16\n":                                                   16,
		"postgres":                                               0,
		"":                                                       0,
	} {
		if got := majorVersion(text); got != want {
			t.Errorf("majorVersion(%q) = %d, want %d", text, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) { majorVersion(rapid.String().Draw(t, "text")) })
}
