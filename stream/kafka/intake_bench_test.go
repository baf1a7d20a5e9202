package kafka

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"drumbeat/schemas"
	"drumbeat/stream"
)

// BenchmarkIntake forwards events of about 200 bytes from 8 input partitions; one op is 100,000 events.
func BenchmarkIntake(b *testing.B) {
	for _, at := range []string{"kfake", "kafka"} {
		b.Run(at, func(b *testing.B) {
			addr := os.Getenv("DRUMBEAT_TEST_KAFKA")
			if at == "kfake" {
				cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.DefaultNumPartitions(8))
				if err != nil {
					b.Fatal(err)
				}
				defer cluster.Close()
				addr = cluster.ListenAddrs()[0]
			} else if addr == "" {
				b.Skip("set DRUMBEAT_TEST_KAFKA=host:port")
			}
			benchmarkIntake(b, addr)
		})
	}
}

func benchmarkIntake(b *testing.B, addr string) {
	const perOp = 100_000
	c, err := NewClient(Config{
		Brokers: []string{addr}, Log: slog.New(slog.DiscardHandler),
		Topics: Names{Events: uniqueName("events"), Plans: uniqueName("plans"), DeadLetters: uniqueName("dead")},
	})
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	input := Config{Brokers: c.cfg.Brokers, Log: c.log, Topics: Names{Events: uniqueName("input"), Plans: uniqueName("p"), DeadLetters: uniqueName("d")}}
	feeder, err := NewClient(input)
	if err != nil {
		b.Fatal(err)
	}
	defer feeder.Close()
	// The input is created as an events topic for its number of partitions.
	for cl, n := range map[*Client]int{c: 16, feeder: 8} {
		if _, err := cl.CreateTopics(b.Context(), TopicOptions{Inputs: []string{uniqueName("unused")}, Partitions: n}); err != nil {
			b.Fatal(err)
		}
	}
	topic := feeder.cfg.Topics.Events
	var messages []stream.Message
	for i := range perOp {
		value := fmt.Appendf(nil, `{"specversion":"1.0","id":"%08d","source":"erp/orders","type":"drumbeat.sale.v1","site":"site-%d",`+
			`"time":"2026-01-02T03:04:05Z","data":{"sku":"SKU-%06d","quantity":%d,"date":"2026-01-02","document":"%d"}}`, i, i%40, i%5000, i%9, i/4)
		messages = append(messages, stream.Message{Key: fmt.Appendf(nil, "%d", i%5000), Value: value})
	}
	started := time.Now()
	for range b.N {
		if err := NewProducer(feeder).Send(b.Context(), topic, messages); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(perOp*b.N)/time.Since(started).Seconds(), "sent/s")
	in, err := NewIntake(c, IntakeConfig{Group: quick(uniqueName("intake")), Inputs: []string{topic}, DefaultSite: "s"})
	if err != nil {
		b.Fatal(err)
	}
	ctx, stop := context.WithCancel(b.Context())
	defer stop()
	b.ResetTimer()
	started = time.Now()
	done := make(chan error, 1)
	go func() { done <- in.Run(ctx) }()
	for total := int64(0); total < int64(perOp*b.N); {
		total = 0
		for p := range int32(schemas.EventsPartitions) {
			if _, end, err := c.ends(ctx, c.cfg.Topics.Events, p); err == nil { // leaders may still be elected
				total += end
			}
		}
		select {
		case err := <-done:
			b.Fatal(err)
		case <-time.After(20 * time.Millisecond):
		}
	}
	b.ReportMetric(float64(perOp*b.N)/time.Since(started).Seconds(), "forwarded/s")
	stop()
	if err := <-done; err != nil {
		b.Fatal(err)
	}
}
