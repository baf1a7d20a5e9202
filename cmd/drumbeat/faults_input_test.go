package main

import (
	"context"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kgo"

	"drumbeat/cmd/drumbeat/internal/soak"
)

// An input topic as real producers leave it: compacted, written by idempotent and transactional producers, with
// markers, aborted transactions among committed ones, and one that stays open for a while. What was aborted is
// never counted, what stands behind an open transaction waits for it, and all else counts once.
func TestInputOfTransactionalProducers(t *testing.T) {
	takeTurn(t, brokerLane)
	p := newPlant(t, 2)
	const topic = "erp.ledger"
	res, err := newAdmin(t, p.world.broker).CreateTopics(t.Context(), &kafkago.CreateTopicsRequest{Topics: []kafkago.TopicConfig{{
		Topic: topic, NumPartitions: 1, ReplicationFactor: 1, ConfigEntries: []kafkago.ConfigEntry{
			{ConfigName: "cleanup.policy", ConfigValue: "compact"}, {ConfigName: "segment.ms", ConfigValue: "500"},
			{ConfigName: "min.cleanable.dirty.ratio", ConfigValue: "0.01"}, {ConfigName: "delete.retention.ms", ConfigValue: "0"},
		},
	}}})
	if err != nil || res.Errors[topic] != nil {
		t.Fatal(err, res)
	}
	ledger := func(id string) *kgo.Client {
		options := []kgo.Opt{kgo.SeedBrokers(p.world.broker), kgo.DefaultProduceTopic(topic)} // idempotent, as Java's
		if id != "" {
			options = append(options, kgo.TransactionalID(id), kgo.TransactionTimeout(10*time.Minute))
		}
		cl, err := kgo.NewClient(options...)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(cl.Close)
		return cl
	}
	a, b, plain := ledger("a"), ledger("b"), ledger("")
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	write := func(cl *kgo.Client, n int) *soak.Portion {
		t.Helper()
		sales, err := p.feed.Next(n)
		must(err)
		records := make([]*kgo.Record, n)
		for i, m := range sales.Messages {
			records[i] = &kgo.Record{Key: m.Key, Value: m.Value}
		}
		must(cl.ProduceSync(t.Context(), records...).FirstErr())
		return sales
	}
	end := func(cl *kgo.Client, how kgo.TransactionEndTry) { t.Helper(); must(cl.EndTransaction(t.Context(), how)) }

	service := func() *member { return p.start("service", p.world, "intake,planner", "--input", "erp.sales,"+topic) }
	first := service() // topics are read side by side: the sites are defined before anything is sold
	p.sell(20)
	p.holds("defined")
	first.stop(t, 20*time.Second)

	for range 3 {
		// Two that overlap, a record each in turn; one is aborted. Then one that is aborted whole.
		must(a.BeginTransaction())
		must(b.BeginTransaction())
		var kept []*soak.Portion
		for range 10 {
			kept = append(kept, write(a, 3), write(plain, 2))
			write(b, 2)
		}
		end(b, kgo.TryAbort)
		end(a, kgo.TryCommit)
		for _, sales := range kept {
			p.feed.Accept(sales)
		}
		must(a.BeginTransaction())
		write(a, 40)
		end(a, kgo.TryAbort)
	}
	must(b.BeginTransaction())
	write(b, 10) // stays open
	behind := write(plain, 30)

	second := service()
	readable := p.feed.Accepted()
	p.holds("with an open transaction")
	if n := p.number("SELECT sum(read)::bigint FROM drumbeat.audit WHERE origin_topic = $1", topic); n != 150 {
		t.Errorf("%d records read of %s, 150 are committed before the open transaction", n, topic)
	}
	end(b, kgo.TryAbort)
	p.feed.Accept(behind)
	v := p.holds("after it was aborted")
	if v.Accepted <= readable {
		t.Errorf("%d events accepted, %d before", v.Accepted, readable)
	}
	second.stop(t, 20*time.Second)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	n, err := p.feed.Client.Records(ctx, topic)
	must(err)
	t.Logf("%d offsets, %d records counted", n, v.Counted)
}
