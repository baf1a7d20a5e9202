package kafka

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"

	kafkago "github.com/segmentio/kafka-go"

	"drumbeat/schemas"
)

// TopicOptions says what CreateTopics creates and CheckTopics expects.
type TopicOptions struct {
	// Inputs are the input topics. Empty: erp.sales.
	Inputs []string
	// Partitions of drumbeat.events, for ever. 0: the contract's number.
	Partitions int
	// Replication of topics that are created. 0: the brokers' default.
	Replication int
}

// Problem is something about a topic that is not as it has to be.
type Problem struct {
	Topic string `json:"topic"`
	// Setting is the name of a topic configuration, or "topic", "partitions", "replication".
	Setting string `json:"setting"`
	Have    string `json:"have"`
	Want    string `json:"want"`
	// Do is what heals it.
	Do string `json:"do"`
	// Advice: it works like this, but is not what one wants.
	Advice bool `json:"advice"`
}

func (p Problem) String() string {
	return fmt.Sprintf("%s: %s is %s, not %s: %s", p.Topic, p.Setting, p.Have, p.Want, p.Do)
}

// expected are our topics under their configured names.
func (c *Client) expected(o TopicOptions) []schemas.Topic {
	names := map[string]string{
		schemas.EventsTopic:      c.cfg.Topics.Events,
		schemas.PlansTopic:       c.cfg.Topics.Plans,
		schemas.DeadLettersTopic: c.cfg.Topics.DeadLetters,
	}
	topics := schemas.Topics()
	for i := range topics {
		topics[i].Name = names[topics[i].Name]
		if o.Partitions > 0 {
			topics[i].Partitions = o.Partitions
		}
	}
	return topics
}

func (o TopicOptions) inputs() []string {
	if len(o.Inputs) == 0 {
		return []string{schemas.DefaultInputTopic}
	}
	return o.Inputs
}

// CreateTopics creates our topics that do not exist, with their settings, and input topics that do not
// exist, with the brokers' defaults. It changes nothing about those that do exist. It returns the names
// of those created.
func (c *Client) CreateTopics(ctx context.Context, o TopicOptions) ([]string, error) {
	replication := o.Replication
	if replication == 0 {
		replication = -1 // the broker's default
	}
	var wanted []kafkago.TopicConfig
	for _, t := range c.expected(o) {
		config := kafkago.TopicConfig{Topic: t.Name, NumPartitions: t.Partitions, ReplicationFactor: replication}
		for _, name := range slices.Sorted(maps.Keys(t.Config)) {
			config.ConfigEntries = append(config.ConfigEntries, kafkago.ConfigEntry{ConfigName: name, ConfigValue: t.Config[name]})
		}
		if o.Replication >= 3 {
			config.ConfigEntries = append(config.ConfigEntries, kafkago.ConfigEntry{ConfigName: "min.insync.replicas", ConfigValue: "2"})
		}
		wanted = append(wanted, config)
	}
	for _, name := range o.inputs() {
		wanted = append(wanted, kafkago.TopicConfig{Topic: name, NumPartitions: -1, ReplicationFactor: replication})
	}
	res, err := c.api.CreateTopics(ctx, &kafkago.CreateTopicsRequest{Topics: wanted})
	c.answered(err)
	if err != nil {
		return nil, fmt.Errorf("kafka: create topics: %w", err)
	}
	var created []string
	var failed []error
	for _, t := range wanted {
		switch err := res.Errors[t.Topic]; {
		case err == nil:
			created = append(created, t.Topic)
		case !errors.Is(err, kafkago.TopicAlreadyExists):
			failed = append(failed, fmt.Errorf("kafka: create topic %s: %w", t.Topic, err))
		}
	}
	return created, errors.Join(failed...)
}

// CheckTopics compares the topics with what they have to be. It changes nothing.
func (c *Client) CheckTopics(ctx context.Context, o TopicOptions) ([]Problem, error) {
	expected := c.expected(o)
	names := o.inputs()
	for _, t := range expected {
		names = append(names[:len(names):len(names)], t.Name)
	}
	m, err := c.api.Metadata(ctx, &kafkago.MetadataRequest{Topics: names})
	c.answered(err)
	if err != nil {
		return nil, fmt.Errorf("kafka: check topics: %w", err)
	}
	found := map[string]kafkago.Topic{}
	for _, t := range m.Topics {
		if t.Error == nil {
			found[t.Name] = t
		} else if !errors.Is(t.Error, kafkago.UnknownTopicOrPartition) {
			return nil, fmt.Errorf("kafka: check topic %s: %w", t.Name, t.Error)
		}
	}
	configs, err := c.topicConfigs(ctx, slices.Sorted(maps.Keys(found)))
	if err != nil {
		return nil, err
	}
	var problems []Problem
	for _, want := range expected {
		t, ok := found[want.Name]
		if !ok {
			problems = append(problems, Problem{Topic: want.Name, Setting: "topic", Have: "missing", Want: "there", Do: "drumbeat topics create"})
			continue
		}
		problems = append(problems, compare(want, t, configs[want.Name])...)
	}
	for _, name := range o.inputs() {
		if _, ok := found[name]; !ok {
			problems = append(problems, Problem{Topic: name, Setting: "topic", Have: "missing", Want: "there",
				Do: "create it, or name the right input topic"})
			continue
		}
		problems = append(problems, c.compareInput(name, configs)...)
	}
	return problems, nil
}

// compareInput advises where records can be larger than what intake can forward.
func (c *Client) compareInput(name string, configs map[string]map[string]string) []Problem {
	const setting = "max.message.bytes"
	in, errIn := strconv.ParseInt(configs[name][setting], 10, 64)
	out, errOut := strconv.ParseInt(configs[c.cfg.Topics.Events][setting], 10, 64)
	if errIn != nil || errOut != nil || in <= out {
		return nil
	}
	return []Problem{{Topic: name, Setting: setting, Have: configs[name][setting], Want: "at most " + configs[c.cfg.Topics.Events][setting],
		Do: "raise it on " + c.cfg.Topics.Events + ", or larger records become dead letters", Advice: true}}
}

// topicConfigs reads the settings of topics.
func (c *Client) topicConfigs(ctx context.Context, topics []string) (map[string]map[string]string, error) {
	if len(topics) == 0 {
		return nil, nil
	}
	var resources []kafkago.DescribeConfigRequestResource
	for _, t := range topics {
		resources = append(resources, kafkago.DescribeConfigRequestResource{ResourceType: kafkago.ResourceTypeTopic, ResourceName: t})
	}
	res, err := c.api.DescribeConfigs(ctx, &kafkago.DescribeConfigsRequest{Resources: resources})
	c.answered(err)
	if err != nil {
		return nil, fmt.Errorf("kafka: settings of topics: %w", err)
	}
	configs := map[string]map[string]string{}
	for _, r := range res.Resources {
		if r.Error != nil {
			return nil, fmt.Errorf("kafka: settings of topic %s: %w", r.ResourceName, r.Error)
		}
		values := map[string]string{}
		for _, e := range r.ConfigEntries {
			values[e.ConfigName] = e.ConfigValue
		}
		configs[r.ResourceName] = values
	}
	return configs, nil
}
