package kafka

import (
	"strings"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"drumbeat/schemas"
	"drumbeat/stream"
)

func TestLargeDeadLetterHoldsNothingUpOnKfake(t *testing.T) { testLargeLetter(t, false) }
func TestLargeDeadLetterHoldsNothingUpOnKafka(t *testing.T) { testLargeLetter(t, true) }

// A dead letter that its topic does not take is published without its record, and those behind it as they are.
func testLargeLetter(t *testing.T, actual bool) {
	c, _ := cluster(t, brokers(t, actual))
	c.cfg.Topics.DeadLetters = uniqueName("limited")
	res, err := c.api.CreateTopics(t.Context(), &kafkago.CreateTopicsRequest{Topics: []kafkago.TopicConfig{{
		Topic: c.cfg.Topics.DeadLetters, NumPartitions: 2, ReplicationFactor: 1,
		ConfigEntries: []kafkago.ConfigEntry{{ConfigName: "max.message.bytes", ConfigValue: "20000"}},
	}}})
	if err != nil || res.Errors[c.cfg.Topics.DeadLetters] != nil {
		t.Fatal(err, res)
	}
	noise := make([]byte, 60_000) // nothing that compresses
	x := uint32(1)
	for i := range noise {
		x = x*1664525 + 1013904223
		noise[i] = byte(x >> 24)
	}
	var messages []stream.Message
	for i := range int64(4) {
		l := stream.DeadLetter{OriginTopic: "erp", OriginOffset: i, Key: []byte("k"), Value: []byte("junk"), Reason: "not-json", Detail: "why", At: time.Unix(0, 0)}
		switch i {
		case 1:
			l.Value = noise
		case 2:
			l.Headers = []schemas.Header{{Key: "trace", Value: noise}}
		}
		m := l.Message()
		m.Topic = c.cfg.Topics.DeadLetters
		messages = append(messages, m)
	}
	if err := NewPublisher(c).Publish(t.Context(), messages); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, records := range readAll(t, c, c.cfg.Topics.DeadLetters) {
		for _, r := range records {
			n++
			at := header(r, schemas.HeaderOriginOffset)
			large := at == "1" || at == "2"
			if header(r, schemas.HeaderReason) != "not-json" || len(r.Headers) != 6 || string(r.Key) != "k" ||
				large != (r.Value == nil) || large != strings.Contains(header(r, schemas.HeaderDetail), "too large") {
				t.Errorf("letter of offset %s: %d bytes, headers %v", at, len(r.Value), r.Headers)
			}
		}
	}
	if n != len(messages) {
		t.Errorf("%d of %d letters", n, len(messages))
	}
}
