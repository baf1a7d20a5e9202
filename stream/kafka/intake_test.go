package kafka

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	kafkago "github.com/segmentio/kafka-go"

	"drumbeat/schemas"
	"drumbeat/stream"
)

// readAll reads a topic from its first record to its present end, by partition.
func readAll(t *testing.T, c *Client, topic string) map[int32][]stream.Record {
	t.Helper()
	n, err := c.awaitPartitions(t.Context(), topic)
	if err != nil {
		t.Fatal(err)
	}
	out := map[int32][]stream.Record{}
	for p := range int32(n) {
		var next, end int64
		err := c.retry(t.Context(), "ends", func() (err error) {
			next, end, err = c.ends(t.Context(), topic, p)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		for next < end {
			var f stream.Fetched
			err := c.retry(t.Context(), "reading", func() (err error) {
				f, err = c.fetch(t.Context(), topic, p, next, 1<<20)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			out[p] = append(out[p], f.Records...)
			next = f.Next
		}
	}
	return out
}

// runIntake runs intake until it has committed the end of its input, and stops it.
func runIntake(t *testing.T, c *Client, cfg IntakeConfig) {
	t.Helper()
	in, err := NewIntake(c, cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	done := make(chan error, 1)
	go func() { done <- in.Run(ctx) }()
	err = until(ctx, func() error { return caughtUp(ctx, c, cfg) })
	stop()
	if runErr := <-done; runErr != nil || err != nil {
		t.Fatalf("intake: %v; waiting for it: %v", runErr, err)
	}
}

// until asks again and again, the broker being the only one who knows.
func until(ctx context.Context, f func() error) error {
	for {
		err := f()
		if err == nil || ctx.Err() != nil {
			return err
		}
		if sleep(ctx, 20*time.Millisecond) != nil {
			return err
		}
	}
}

// caughtUp is an error that may heal until the group has committed the end of every input partition.
func caughtUp(ctx context.Context, c *Client, cfg IntakeConfig) error {
	for _, topic := range cfg.Inputs {
		n, err := c.partitions(ctx, topic)
		if err != nil {
			return err
		}
		ids := make([]int, n)
		for i := range ids {
			ids[i] = i
		}
		committed, err := c.api.OffsetFetch(ctx, &kafkago.OffsetFetchRequest{GroupID: cfg.Group.ID, Topics: map[string][]int{topic: ids}})
		if err != nil {
			return err
		}
		if len(committed.Topics[topic]) < n {
			return fmt.Errorf("%s: the group does not exist yet", topic)
		}
		for _, p := range committed.Topics[topic] {
			first, end, err := c.ends(ctx, topic, int32(p.Partition))
			if err != nil {
				return err
			}
			if p.CommittedOffset != end && (end > first || p.CommittedOffset >= 0) {
				return fmt.Errorf("%s/%d is committed to %d of %d", topic, p.Partition, p.CommittedOffset, end)
			}
		}
	}
	return nil
}

func header(r stream.Record, key string) string {
	var found []string
	for _, h := range r.Headers {
		if h.Key == key {
			found = append(found, string(h.Value))
		}
	}
	return strings.Join(found, " and ")
}

func TestIntakeForwardsUntouchedOnKfake(t *testing.T) { testForward(t, false) }
func TestIntakeForwardsUntouchedOnKafka(t *testing.T) { testForward(t, true) }

func testForward(t *testing.T, actual bool) {
	c, o := cluster(t, brokers(t, actual))
	input := o.Inputs[0]
	const n = 3000
	var messages []stream.Message
	sites := map[string]string{} // by value
	strays := 0
	for i := range n {
		m := stream.Message{Key: []byte(strconv.Itoa(i % 97)), Headers: []schemas.Header{
			{Key: "trace", Value: []byte{byte(i)}}, {Key: schemas.HeaderOriginOffset, Value: []byte("a lie")},
		}}
		site := fmt.Sprintf("site-%d", i/10%7)
		switch i % 5 {
		case 0, 1:
			m.Value = fmt.Appendf(nil, `{"specversion":"1.0","id":"%d","type":"drumbeat.sale.v1","source":"erp","site":"%s"}`, i, site)
		case 2:
			m.Value = fmt.Appendf(nil, `{"sku":"A","quantity":%d}`, i)
			m.Headers = append(m.Headers, schemas.Header{Key: "ce_specversion", Value: []byte("1.0")}, schemas.Header{Key: "ce_site", Value: []byte(site)})
		case 3:
			m.Value, site = fmt.Appendf(nil, `{"id":"%d"}`, i), "fallback"
		case 4:
			m.Value, site = fmt.Appendf(nil, "no event \xff %d", i), "fallback"
		}
		if site == "fallback" {
			strays++
		}
		sites[string(m.Value)] = site
		messages = append(messages, m)
	}
	messages[4].Value, sites[""] = nil, "fallback" // a tombstone of a compacted input
	if err := NewProducer(c).Send(t.Context(), input, messages); err != nil {
		t.Fatal(err)
	}

	registry := prometheus.NewRegistry()
	cfg := IntakeConfig{Group: quick(uniqueName("intake")), Inputs: o.Inputs, DefaultSite: "fallback", Registerer: registry, FetchBytes: 20_000}
	runIntake(t, c, cfg)

	in, out := readAll(t, c, input), readAll(t, c, c.cfg.Topics.Events)
	total := 0
	last := map[string]int64{} // origin offset by target and origin
	for p, records := range out {
		for _, r := range records {
			total++
			if want := sites[string(r.Value)]; string(r.Key) != want {
				t.Errorf("%q went to site %q, want %q", r.Value, r.Key, want)
			}
			if want := int32(schemas.PartitionOf(r.Key, o.Partitions)); p != want {
				t.Errorf("site %s is on partition %d, want %d", r.Key, p, want)
			}
			origin, errP := strconv.Atoi(header(r, schemas.HeaderOriginPartition))
			offset, errO := strconv.ParseInt(header(r, schemas.HeaderOriginOffset), 10, 64)
			if header(r, schemas.HeaderOriginTopic) != input || errP != nil || errO != nil || offset >= int64(len(in[int32(origin)])) {
				t.Fatalf("headers of %q: %v", r.Value, r.Headers)
			}
			source := in[int32(origin)][offset]
			if !bytes.Equal(r.Value, source.Value) || (r.Value == nil) != (source.Value == nil) || header(r, "trace") != header(source, "trace") ||
				header(r, schemas.HeaderOriginKey) != string(source.Key) {
				t.Errorf("%q was %q", r.Value, source.Value)
			}
			key := fmt.Sprint(p, origin)
			if had, ok := last[key]; ok && had >= offset {
				t.Errorf("origin %d: offset %d after %d on partition %d", origin, offset, had, p)
			}
			last[key] = offset
		}
	}
	if total != n {
		t.Errorf("%d records forwarded, want %d", total, n)
	}
	for name, want := range map[string]float64{"records_total": n, "default_site_records_total": float64(strays), "too_large_records_total": 0} {
		if got := sum(t, registry, "drumbeat_intake_"+name); got != want {
			t.Errorf("%s = %v, want %v", name, got, want)
		}
	}

	// Another process of the group goes on where this one has stopped.
	more := []stream.Message{{Key: []byte("x"), Value: []byte("more")}}
	if err := NewProducer(c).Send(t.Context(), input, more); err != nil {
		t.Fatal(err)
	}
	cfg.Registerer = nil
	runIntake(t, c, cfg)
	total = 0
	for _, records := range readAll(t, c, c.cfg.Topics.Events) {
		total += len(records)
	}
	if total != n+1 {
		t.Errorf("%d records after a clean stop and one more, want %d", total, n+1)
	}
}

// sum adds up a counter over its labels; one never touched is 0.
func sum(t *testing.T, g prometheus.Gatherer, name string) float64 {
	t.Helper()
	families, err := g.Gather()
	if err != nil {
		t.Fatal(err)
	}
	total := 0.0
	for _, f := range families {
		if f.GetName() == name {
			for _, m := range f.GetMetric() {
				total += m.GetCounter().GetValue()
			}
		}
	}
	return total
}

func TestIntakeLaysAsideWhatIsTooLargeOnKfake(t *testing.T) { testTooLarge(t, false) }
func TestIntakeLaysAsideWhatIsTooLargeOnKafka(t *testing.T) { testTooLarge(t, true) }

func testTooLarge(t *testing.T, actual bool) {
	c, o := cluster(t, brokers(t, actual))
	// Topics with limits of their own.
	limited := func(limit string) string {
		name := uniqueName("limited")
		res, err := c.api.CreateTopics(t.Context(), &kafkago.CreateTopicsRequest{Topics: []kafkago.TopicConfig{{
			Topic: name, NumPartitions: 2, ReplicationFactor: 1,
			ConfigEntries: []kafkago.ConfigEntry{{ConfigName: "max.message.bytes", ConfigValue: limit}},
		}}})
		if err != nil || res.Errors[name] != nil {
			t.Fatal(err, res)
		}
		return name
	}
	c.cfg.Topics.Events, c.cfg.Topics.DeadLetters = limited("20000"), limited("100000")
	value := func(n int) []byte { // nothing that compresses
		out := make([]byte, n)
		x := uint32(n)
		for i := range out {
			x = x*1664525 + 1013904223
			out[i] = byte(x >> 24)
		}
		return out
	}
	var messages []stream.Message
	for i := range 200 {
		messages = append(messages, stream.Message{Key: []byte("k"), Value: value(1000 + i)})
	}
	messages[50].Value = value(50_000)  // for the dead letters
	messages[51].Value = value(500_000) // too large even for them
	if err := NewProducer(c).Send(t.Context(), o.Inputs[0], messages); err != nil {
		t.Fatal(err)
	}
	runIntake(t, c, IntakeConfig{Group: quick(uniqueName("intake")), Inputs: o.Inputs, DefaultSite: "s"})

	var forwarded []stream.Record
	for _, records := range readAll(t, c, c.cfg.Topics.Events) {
		forwarded = append(forwarded, records...)
	}
	for i, r := range forwarded { // one site, one partition: in their order
		large := i == 50 || i == 51
		if header(r, schemas.HeaderOriginOffset) != strconv.Itoa(i) || string(r.Key) != "s" ||
			large != (r.Value == nil) || large != (header(r, schemas.HeaderReason) == schemas.ReasonTooLarge) {
			t.Errorf("record %d: %d bytes with headers %v", i, len(r.Value), r.Headers)
		}
	}
	if len(forwarded) != 200 {
		t.Errorf("%d records in the log, want 200, two of them in place of what is too large", len(forwarded))
	}
	letters := map[string]stream.Record{}
	for _, records := range readAll(t, c, c.cfg.Topics.DeadLetters) {
		for _, r := range records {
			letters[header(r, schemas.HeaderOriginOffset)] = r
			if header(r, schemas.HeaderReason) != "too-large" || header(r, schemas.HeaderDetail) == "" || header(r, schemas.HeaderOriginTopic) != o.Inputs[0] {
				t.Errorf("dead letter with headers %v", r.Headers)
			}
			if _, err := time.Parse(time.RFC3339, header(r, schemas.HeaderTime)); err != nil {
				t.Errorf("dead letter: %v", err)
			}
		}
	}
	if len(letters) != 2 || !bytes.Equal(letters["50"].Value, messages[50].Value) || string(letters["50"].Key) != "k" || letters["51"].Value != nil {
		t.Errorf("dead letters %d; the first must be unchanged, the second bare", len(letters))
	}
}

func TestIntakeStopsWhereTheTopicDoesNotFitOnKfake(t *testing.T) { testOutOfRange(t, false) }
func TestIntakeStopsWhereTheTopicDoesNotFitOnKafka(t *testing.T) { testOutOfRange(t, true) }

func testOutOfRange(t *testing.T, actual bool) {
	c, o := cluster(t, brokers(t, actual))
	group := quick(uniqueName("intake"))
	err := c.retry(t.Context(), "committing", func() error {
		res, err := c.api.OffsetCommit(t.Context(), &kafkago.OffsetCommitRequest{
			GroupID: group.ID, GenerationID: -1,
			Topics: map[string][]kafkago.OffsetCommit{o.Inputs[0]: {{Partition: 0, Offset: 1000}}},
		})
		if err == nil && res.Topics[o.Inputs[0]][0].Error != nil {
			err = res.Topics[o.Inputs[0]][0].Error
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	in, err := NewIntake(c, IntakeConfig{Group: group, Inputs: o.Inputs, DefaultSite: "s"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	err = in.Run(ctx)
	if !errors.Is(err, stream.ErrOffsetOutOfRange) || !strings.Contains(err.Error(), o.Inputs[0]) || !strings.Contains(err.Error(), "1000") {
		t.Errorf("Run: %v, want an error that names topic and offset", err)
	}
}

func TestIntakeConfig(t *testing.T) {
	good := IntakeConfig{Group: GroupConfig{ID: "g"}, DefaultSite: "s", Inputs: []string{"a"}}
	if err := good.Validate(); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(*IntakeConfig){
		"no group":      func(c *IntakeConfig) { c.Group.ID = "" },
		"no site":       func(c *IntakeConfig) { c.DefaultSite = "" },
		"bad site":      func(c *IntakeConfig) { c.DefaultSite = "a b" },
		"topic twice":   func(c *IntakeConfig) { c.Inputs = []string{"a", "a"} },
		"negative":      func(c *IntakeConfig) { c.FetchBytes = -1 },
		"fast session":  func(c *IntakeConfig) { c.Group.Session = time.Millisecond },
		"slow heart":    func(c *IntakeConfig) { c.Group.Heartbeat = time.Minute },
		"own rebalance": func(c *IntakeConfig) { c.Group.Rebalance = time.Nanosecond },
	} {
		bad := good
		change(&bad)
		if bad.Validate() == nil {
			t.Errorf("%s: no error", name)
		}
	}
	c, err := NewClient(Config{Brokers: []string{"localhost:1"}})
	if err != nil {
		t.Fatal(err)
	}
	good.Inputs = []string{schemas.EventsTopic}
	if _, err := NewIntake(c, good); err == nil {
		t.Error("intake from its own output: no error")
	}
}
