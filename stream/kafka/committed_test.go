package kafka

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	fetchapi "github.com/segmentio/kafka-go/protocol/fetch"
	"github.com/twmb/franz-go/pkg/kgo"
	"pgregory.net/rapid"

	"drumbeat/stream"
)

// kgo is what writes transactions here, which kafka-go cannot, and what reads for comparison.

func transactional(t *testing.T, c *Client) *kgo.Client {
	t.Helper()
	cl, err := kgo.NewClient(kgo.SeedBrokers(c.cfg.Brokers...), kgo.TransactionalID(uniqueName("tx")),
		kgo.ProducerBatchCompression(kgo.NoCompression()), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cl.Close)
	return cl
}

// write writes one transaction of n records to partition 0 and commits or aborts it.
func write(t *testing.T, cl *kgo.Client, topic string, keys int, text string, n int, commit bool) {
	t.Helper()
	if err := cl.BeginTransaction(); err != nil {
		t.Fatal(err)
	}
	for i := range n {
		r := &kgo.Record{Topic: topic, Key: []byte(strconv.Itoa(i % keys)), Value: fmt.Appendf(nil, "%s %d", text, i)}
		if err := cl.ProduceSync(t.Context(), r).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	if err := cl.EndTransaction(t.Context(), kgo.TransactionEndTry(commit)); err != nil {
		t.Fatal(err)
	}
}

// wanted is what another client reads of partition 0, committed records only, up to the offset end.
func wanted(t *testing.T, c *Client, topic string, end int64) []string {
	t.Helper()
	cl, err := kgo.NewClient(kgo.SeedBrokers(c.cfg.Brokers...), kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.KeepControlRecords(),
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: {0: kgo.NewOffset().AtStart()}}))
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	var out []string
	for next := int64(0); next < end; {
		fetches := cl.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			t.Fatal(err)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			next = r.Offset + 1
			if !r.Attrs.IsControl() {
				out = append(out, fmt.Sprintf("%d: %s=%s", r.Offset, r.Key, r.Value))
			}
		})
	}
	return out
}

func textOf(records []stream.Record) []string {
	var out []string
	for _, r := range records {
		out = append(out, fmt.Sprintf("%d: %s=%s", r.Offset, r.Key, r.Value))
	}
	return out
}

func TestOnlyCommittedRecordsAreReadOnKfake(t *testing.T) { testCommitted(t, false) }
func TestOnlyCommittedRecordsAreReadOnKafka(t *testing.T) { testCommitted(t, true) }

func testCommitted(t *testing.T, actual bool) {
	c, o := cluster(t, brokers(t, actual))
	topic := o.Inputs[0]
	a, b := transactional(t, c), transactional(t, c)
	write(t, a, topic, 100, "kept", 5, true)
	write(t, b, topic, 100, "dropped", 7, false)
	write(t, a, topic, 100, "dropped", 3, false)
	// Two transactions that overlap, of which one is aborted; then the same producers again.
	for _, cl := range []*kgo.Client{a, b} {
		if err := cl.BeginTransaction(); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 10 {
		for cl, text := range map[*kgo.Client]string{a: "kept", b: "dropped"} {
			r := &kgo.Record{Topic: topic, Key: []byte("k"), Value: fmt.Appendf(nil, "%s overlapping %d", text, i)}
			if err := cl.ProduceSync(t.Context(), r).FirstErr(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := b.EndTransaction(t.Context(), kgo.TryAbort); err != nil {
		t.Fatal(err)
	}
	if err := a.EndTransaction(t.Context(), kgo.TryCommit); err != nil {
		t.Fatal(err)
	}
	write(t, b, topic, 100, "kept", 2, true)
	write(t, a, topic, 100, "dropped", 2, false)

	_, end, err := c.ends(t.Context(), topic, 0)
	if err != nil {
		t.Fatal(err)
	}
	got := textOf(readAll(t, c, topic)[0])
	if want := wanted(t, c, topic, end); !slices.Equal(got, want) || len(got) != 17 {
		t.Errorf("read %d records\n%q\nwant\n%q", len(got), got, want)
	}
	// A fetch may begin anywhere, inside an aborted transaction too.
	for from := range end {
		f, err := c.fetch(t.Context(), topic, 0, from, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		var want []string
		for _, text := range got {
			if offset, _, _ := cutInt(text); offset >= from {
				want = append(want, text)
			}
		}
		if !slices.Equal(textOf(f.Records), want) {
			t.Errorf("from offset %d: %q, want %q", from, textOf(f.Records), want)
		}
	}
	runIntake(t, c, IntakeConfig{Group: quick(uniqueName("intake")), Inputs: o.Inputs, DefaultSite: "s"})
	forwarded := 0
	for _, records := range readAll(t, c, c.cfg.Topics.Events) {
		for _, r := range records {
			forwarded++
			if string(r.Value[:4]) != "kept" {
				t.Errorf("%q was forwarded", r.Value)
			}
		}
	}
	if forwarded != 17 {
		t.Errorf("%d records forwarded, want 17", forwarded)
	}
}

func cutInt(text string) (int64, string, bool) {
	for i := range text {
		if text[i] == ':' {
			n, err := strconv.ParseInt(text[:i], 10, 64)
			return n, text[i:], err == nil
		}
	}
	return 0, "", false
}

// TestCompactedInputOnKafka reads a topic that the broker compacts meanwhile: gaps, emptied batches of
// idempotent producers, and markers. kfake compacts differently, so only the real broker shows this.
func TestCompactedInputOnKafka(t *testing.T) {
	c, o := cluster(t, brokers(t, true))
	topic := uniqueName("compacted")
	res, err := c.api.CreateTopics(t.Context(), &kafkago.CreateTopicsRequest{Topics: []kafkago.TopicConfig{{
		Topic: topic, NumPartitions: 1, ReplicationFactor: 1,
		ConfigEntries: []kafkago.ConfigEntry{
			{ConfigName: "cleanup.policy", ConfigValue: "compact"},
			{ConfigName: "segment.ms", ConfigValue: "500"},
			{ConfigName: "min.cleanable.dirty.ratio", ConfigValue: "0.01"},
			{ConfigName: "delete.retention.ms", ConfigValue: "0"},
		},
	}}})
	if err != nil || res.Errors[topic] != nil {
		t.Fatal(err, res)
	}
	cl, err := kgo.NewClient(kgo.SeedBrokers(c.cfg.Brokers...), kgo.ProducerBatchCompression(kgo.NoCompression()))
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	idempotent := func(text string, keys, n int) { // one batch
		var records []*kgo.Record
		for i := range n {
			records = append(records, &kgo.Record{Topic: topic, Key: []byte(strconv.Itoa(i % keys)), Value: fmt.Appendf(nil, "%s %d", text, i)})
		}
		if err := cl.ProduceSync(t.Context(), records...).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	tx := transactional(t, c)
	idempotent("early", 10, 500)
	write(t, tx, topic, 10, "committed", 20, true)
	write(t, tx, topic, 3, "aborted", 20, false)
	idempotent("late", 3, 3000)
	compacted := func() (records int, empty bool) {
		f := textOf(readAll(t, c, topic)[0])
		for next, end := int64(0), int64(1); next < end; {
			p, err := c.fetchPartition(t.Context(), topic, 0, next, 1<<20, 0)
			if err != nil {
				t.Fatal(err)
			}
			before := next
			end = p.LastStableOffset
			for _, b := range batchesOf(p) {
				r, err := b.ReadRecord()
				if err != nil {
					empty = true
				} else {
					next = max(next, r.Offset)
				}
				next = max(next, b.Offset())
			}
			if next == before {
				next++
			}
		}
		return len(f), empty
	}
	// Every write rolls a segment; the cleaner leaves the newest one alone.
	deadline := time.Now().Add(45 * time.Second)
	for i := 0; ; i++ {
		idempotent("tick", 3, 1)
		records, empty := compacted()
		if records < 200 && empty {
			t.Logf("compacted to %d records, with empty batches, after %d writes", records, i)
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the broker does not compact: %d records, empty batch %v", records, empty)
		}
		if err := sleep(t.Context(), 200*time.Millisecond); err != nil {
			t.Fatal(err)
		}
	}
	_, end, err := c.ends(t.Context(), topic, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, maxBytes := range []int{1, 1000, 1 << 20} {
		var got []string
		for next := int64(0); next < end; {
			f, err := c.fetch(t.Context(), topic, 0, next, maxBytes)
			if err != nil {
				t.Fatal(err)
			}
			if f.Next <= next {
				t.Fatalf("no progress from offset %d", next)
			}
			got, next = append(got, textOf(f.Records)...), f.Next
		}
		for _, text := range got {
			if strings.Contains(text, "aborted") {
				t.Errorf("read %s of an aborted transaction", text)
			}
		}
		// The cleaner goes on: of the ticks, a later reader may find fewer.
		tick := func(text string) bool { return strings.HasSuffix(text, "=tick 0") }
		got = slices.DeleteFunc(got, tick)
		if want := slices.DeleteFunc(wanted(t, c, topic, end), tick); !slices.Equal(got, want) {
			t.Errorf("with %d bytes: %q\nwant %q", maxBytes, got, want)
		}
	}
	o.Inputs = []string{topic}
	runIntake(t, c, IntakeConfig{Group: quick(uniqueName("intake")), Inputs: o.Inputs, DefaultSite: "s"})
}

// TestAbortedAgreesWithTheLog holds the filter to what it must compute: random transactions of a few
// producers, interleaved, are laid out as batches; the filter sees them from any batch on with the list
// that a broker would send, and must drop exactly the records of aborted transactions.
func TestAbortedAgreesWithTheLog(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		type entry struct {
			producer int64
			marker   bool
			aborts   bool
			tx       int // -1: no transaction
		}
		var log []entry
		open := map[int64]int{}
		outcome := map[int]bool{} // by transaction: aborted
		first := map[int]int64{}
		last := map[int]int64{}
		owner := map[int]int64{}
		step := func(producer int64, marker bool) {
			offset := int64(len(log))
			tx, in := open[producer]
			switch {
			case marker && in:
				aborts := rapid.Bool().Draw(t, "aborts")
				outcome[tx], last[tx] = aborts, offset
				delete(open, producer)
				log = append(log, entry{producer, true, aborts, tx})
			case !marker && producer == 0:
				log = append(log, entry{0, false, false, -1})
			case !marker:
				if !in {
					tx = len(first)
					open[producer], first[tx], owner[tx] = tx, offset, producer
				}
				log = append(log, entry{producer, false, false, tx})
			}
		}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			step(rapid.Int64Range(0, 3).Draw(t, "producer"), rapid.IntRange(0, 3).Draw(t, "kind") == 0)
		}
		for producer := int64(1); producer <= 3; producer++ { // the last stable offset: nothing is open
			step(producer, true)
		}
		from := rapid.IntRange(0, len(log)).Draw(t, "from")
		var list []fetchapi.ResponseTransaction
		for tx, aborts := range outcome {
			if aborts && last[tx] >= int64(from) {
				list = append(list, fetchapi.ResponseTransaction{ProducerID: owner[tx], FirstOffset: first[tx]})
			}
		}
		filter := newAborted(list)
		for i := from; i < len(log); i++ {
			e := log[i]
			record := protocol.NewRecordReader(protocol.Record{Offset: int64(i)})
			var b batch = &protocol.RecordBatch{BaseOffset: int64(i), ProducerID: e.producer, Records: record}
			if e.tx >= 0 {
				b.(*protocol.RecordBatch).Attributes = protocol.Transactional
			}
			if e.marker {
				kind := byte(1)
				if e.aborts {
					kind = 0
				}
				b = &protocol.ControlBatch{BaseOffset: int64(i), ProducerID: e.producer, Records: protocol.NewRecordReader(protocol.Record{
					Offset: int64(i), Key: protocol.NewBytes([]byte{0, 0, 0, kind}), Value: protocol.NewBytes(make([]byte, 6)),
				})}
			}
			drop, err := filter.drops(b)
			if err != nil {
				t.Fatal(err)
			}
			if want := e.marker || e.tx >= 0 && outcome[e.tx]; drop != want {
				t.Fatalf("from %d: entry %d %+v dropped: %v, want %v; list %v", from, i, e, drop, want, list)
			}
		}
	})
}
