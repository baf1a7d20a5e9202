package kafka

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	kafkago "github.com/segmentio/kafka-go"

	"drumbeat/schemas"
)

func TestTopicsOnKfake(t *testing.T) { testTopics(t, false) }
func TestTopicsOnKafka(t *testing.T) { testTopics(t, true) }

// wrong lists the problems that are more than advice, without their remedies.
func wrong(problems []Problem) []string {
	var out []string
	for _, p := range problems {
		if !p.Advice {
			out = append(out, fmt.Sprintf("%s %s is %s, not %s", p.Topic, p.Setting, p.Have, p.Want))
		}
	}
	slices.Sort(out)
	return out
}

func testTopics(t *testing.T, actual bool) {
	c, o := cluster(t, brokers(t, actual))
	problems, err := c.CheckTopics(t.Context(), o)
	if err != nil || len(wrong(problems)) > 0 {
		t.Errorf("topics just created: %v, %v", problems, err)
	}
	if created, err := c.CreateTopics(t.Context(), o); err != nil || len(created) > 0 {
		t.Errorf("created again: %v, %v", created, err)
	}
	if id, err := c.ClusterID(t.Context()); err != nil || id == "" {
		t.Errorf("cluster id %q, %v", id, err)
	}

	// Topics as others might have made them.
	bad := uniqueName("bad")
	res, err := c.api.CreateTopics(t.Context(), &kafkago.CreateTopicsRequest{Topics: []kafkago.TopicConfig{{
		Topic: bad, NumPartitions: 3, ReplicationFactor: 1,
		ConfigEntries: []kafkago.ConfigEntry{
			{ConfigName: "cleanup.policy", ConfigValue: "compact"},
			{ConfigName: "retention.ms", ConfigValue: "1000"},
			{ConfigName: "max.message.bytes", ConfigValue: "1000000"},
			{ConfigName: "min.insync.replicas", ConfigValue: "2"},
		},
	}}})
	if err != nil || res.Errors[bad] != nil {
		t.Fatal(err, res)
	}
	events := c.cfg.Topics.Events
	c.cfg.Topics.Events = bad
	missing := uniqueName("missing")
	problems, err = c.CheckTopics(t.Context(), TopicOptions{Inputs: []string{missing}, Partitions: 8})
	c.cfg.Topics.Events = events
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		bad + ` cleanup.policy is "compact", not delete`,
		bad + ` max.message.bytes is "1000000", not 16777216`,
		bad + ` min.insync.replicas is 2, not at most 1`,
		bad + ` partitions is 3, not 8`,
		bad + ` retention.ms is "1000", not 97632000000`,
		missing + ` topic is missing, not there`,
	}
	if got := wrong(problems); !slices.Equal(got, want) {
		t.Errorf("found\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestSettingsMayBeMore(t *testing.T) {
	for _, c := range []struct {
		name, have, want string
		fits             bool
	}{
		{"retention.ms", "-1", "1000", true},
		{"retention.ms", "999", "1000", false},
		{"retention.ms", "1000", "-1", false},
		{"retention.bytes", "5", "-1", false},
		{"max.message.bytes", "2000", "1000", true},
		{"max.message.bytes", "-1", "1000", false},
		{"max.message.bytes", "many", "1000", false},
		{"cleanup.policy", "compact,delete", "compact", false},
	} {
		if got := fits(c.name, c.have, c.want); got != c.fits {
			t.Errorf("%s = %s where %s is wanted: fits %v", c.name, c.have, c.want, got)
		}
	}
}

func TestReplicas(t *testing.T) {
	topic := func(replicas int) kafkago.Topic {
		return kafkago.Topic{Partitions: []kafkago.Partition{{Replicas: make([]kafkago.Broker, 3)}, {Replicas: make([]kafkago.Broker, replicas)}}}
	}
	for _, c := range []struct {
		replicas int
		insync   string
		setting  string
		advice   bool
	}{
		{3, "2", "", false},
		{2, "1", "", false},
		{1, "1", "replication", true},
		{1, "2", "min.insync.replicas", false},
		{3, "1", "min.insync.replicas", true},
	} {
		got := compareReplicas(schemas.EventsTopic, topic(c.replicas), map[string]string{"min.insync.replicas": c.insync})
		switch {
		case c.setting == "" && len(got) > 0:
			t.Errorf("%d replicas, %s in sync: %v", c.replicas, c.insync, got)
		case c.setting != "" && (len(got) != 1 || got[0].Setting != c.setting || got[0].Advice != c.advice):
			t.Errorf("%d replicas, %s in sync: %v", c.replicas, c.insync, got)
		}
	}
}
