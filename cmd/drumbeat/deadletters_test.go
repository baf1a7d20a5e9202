package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"drumbeat/cmd/drumbeat/internal/embedded"
	"drumbeat/optimize/clp"
	"drumbeat/schemas"
	"drumbeat/stream"
	"drumbeat/stream/kafka"
	"drumbeat/stream/postgres"

	"github.com/twmb/franz-go/pkg/kgo"
)

// runCommand runs a command in-process.
func runCommand(ctx context.Context, args ...string) (status int, out, err string) {
	var o, e bytes.Buffer
	status = run(ctx, args, streams{strings.NewReader(""), &o, &e})
	return status, o.String(), e.String()
}

// solveFunc solves a Job.
type solveFunc func(ctx context.Context, job *stream.Job) stream.Outcome

// saved steps records through a Processor and keeps its batches in the store. around may stand between
// the Processor and the solver; nil: nothing does.
func saved(t *testing.T, store *postgres.Store, settings stream.Settings, records []stream.Record, around func(solveFunc) solveFunc) {
	t.Helper()
	snapshot, err := store.Load(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	p, err := stream.New(stream.Config{DefaultSite: "default", Settings: settings, PlanEvery: "week"}, snapshot)
	if err != nil {
		t.Fatal(err)
	}
	solvers := stream.NewSolvers(clp.New, 1, 0)
	defer func() {
		if err := solvers.Close(); err != nil {
			t.Error(err)
		}
	}()
	solve := solveFunc(solvers.Solve)
	if around != nil {
		solve = around(solve)
	}
	replay := stream.Replay{Processor: p, Solve: solve, Save: func(b *stream.Batch) error {
		return store.Save(t.Context(), 0, snapshot.Epoch, b)
	}}
	for _, rec := range records {
		if err := replay.Record(t.Context(), rec); err != nil {
			t.Fatal(err)
		}
	}
	if err := replay.End(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestDeadLetters(t *testing.T) {
	takeTurn(t, otherLane)
	dsn, store := testDatabase(t)
	broker, err := embedded.StartBroker(t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := broker.Close(); err != nil {
			t.Error(err)
		}
	})
	settings := stream.DefaultSettings()
	settings.Clock = schemas.ClockEvent
	record := func(offset int64, value string) stream.Record {
		return stream.Record{Offset: offset, Key: []byte("plant"), Value: []byte(value), Headers: []schemas.Header{
			{Key: schemas.HeaderOriginTopic, Value: []byte("erp.sales")}, {Key: schemas.HeaderOriginPartition, Value: []byte("0")},
			{Key: schemas.HeaderOriginOffset, Value: fmt.Append(nil, offset)}, {Key: "trace", Value: []byte("t1")},
		}}
	}
	sale := func(id, data string) string {
		return `{"specversion":"1.0","type":"drumbeat.sale.v1","source":"erp","id":"` + id + `","site":"plant","data":` + data + `}`
	}
	records := []stream.Record{
		record(0, sale("1", `{"sku":"A","quantity":3,"date":"2024-03-01"}`)),
		record(1, sale("2", `{"sku":"A","quantity":4,"date":"03/04/24"}`)),
		record(2, sale("3", `{"sku":"A","date":"2024-03-02"}`)),
		record(3, "no\x1b[31m JSON"),
	}
	saved(t, store, settings, records, nil)

	status, out, says := runCommand(t.Context(), "dead-letters", "list", "--postgres", dsn)
	for _, want := range []string{"erp.sales:0:1", "uncertain-date", "missing-quantity", "not-json", `{"specversion"`} {
		if status != 0 || !strings.Contains(out, want) {
			t.Errorf("status %d, no %q in\n%s%s", status, want, out, says)
		}
	}
	if strings.Contains(out, "\x1b[31m") {
		t.Error("a record's escape code went to the terminal")
	}
	_, out, _ = runCommand(t.Context(), "dead-letters", "list", "--postgres", dsn, "--reason", "missing-quantity", "--site", "plant", "--json")
	var letter letterJSON
	if err := json.Unmarshal([]byte(out), &letter); err != nil || letter.Origin != "erp.sales:0:2" || *letter.Value != string(records[2].Value) || letter.Headers["trace"] != "t1" {
		t.Errorf("%v: %s", err, out)
	}
	if _, out, _ = runCommand(t.Context(), "dead-letters", "list", "--postgres", dsn, "--site", "other"); out != "no dead letters\n" {
		t.Errorf("of another site: %s", out)
	}

	client, err := kafka.NewClient(kafka.Config{Brokers: []string{broker.Addr()}})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if _, err := client.CreateTopics(t.Context(), kafka.TopicOptions{Inputs: []string{"erp.sales"}, Partitions: 16}); err != nil {
		t.Fatal(err)
	}
	replay := func(args ...string) (int, string, string) {
		return runCommand(t.Context(), append([]string{"dead-letters", "replay", "--postgres", dsn, "--kafka-brokers", broker.Addr()}, args...)...)
	}
	for _, c := range []struct {
		args []string
		says string
	}{
		{nil, "which dead letters?"},
		{[]string{"--origin", "erp.sales:x"}, "not topic, topic:partition or topic:partition:offset"},
		{[]string{"--sku", "A", "--from", "x.jsonl"}, "--from names the records"},
		{[]string{"--apply"}, "which dead letters?"},
		{[]string{"--site", "plant", "--since", "yesterday"}, "neither a day nor an instant"},
		{[]string{"--origin", "erp.sales:0:77"}, "no such dead letter"},
		{[]string{"--origin", "erp.sales:0:3", "--set", "date=2024-03-03"}, "no JSON object"},
		{[]string{"--reason", "uncertain-date", "--set", `sku={"a":NaN}`, "--set", "=1"}, "without a name"},
	} {
		if status, out, says := replay(c.args...); status != exitUsage || out != "" || !strings.Contains(says, c.says) {
			t.Errorf("%v: status %d, %q, %q", c.args, status, out, says)
		}
	}
	if status, out, says := replay("--reason", "uncertain-date", "--set", "date=2024-03-03", "--dry-run", "--json"); status != 0 || !strings.Contains(out, `\"date\":\"2024-03-03\"`) {
		t.Errorf("status %d, %s%s", status, out, says)
	}
	// The second run finds it marked; --again sends the same event, which counts once.
	for _, c := range []struct {
		args []string
		says string
	}{
		{nil, "1 dead letter sent to erp.sales\n"},
		{nil, "nothing sent: no dead letter is waiting\n"},
		{[]string{"--again"}, "1 dead letter sent to erp.sales\n"},
	} {
		args := append([]string{"--reason", "uncertain-date", "--set", "date=2024-03-03"}, c.args...)
		if status, out, says := replay(args...); status != 0 || out != c.says {
			t.Fatalf("%v: status %d, %s%s", args, status, out, says)
		}
	}
	if status, out, says := replay("--sku", " a", "--reason", "missing-quantity", "--set", "quantity=7", "--topic", "erp.sales"); status != 0 || out != "1 dead letter sent to erp.sales\n" {
		t.Fatalf("status %d, %s%s", status, out, says)
	}
	if _, out, _ := runCommand(t.Context(), "dead-letters", "list", "--postgres", dsn); strings.Contains(out, "uncertain-date") || !strings.Contains(out, "not-json") {
		t.Errorf("what waits: %s", out)
	}
	if _, out, _ := runCommand(t.Context(), "dead-letters", "list", "--postgres", dsn, "--all", "--json", "--origin", "erp.sales:0:1"); !strings.Contains(out, `"replayed_as":"2~fixed"`) {
		t.Errorf("a letter that was sent again: %s", out)
	}

	// What is in the topic counts once.
	var again []stream.Record
	for _, value := range inputValues(t, broker.Addr(), 3) {
		if !strings.Contains(value, `~fixed"`) || !strings.Contains(value, `"replayof":"erp.sales:0:`) {
			t.Errorf("a fixed event does not say what it replaces: %s", value)
		}
		again = append(again, record(int64(len(again)+4), value))
	}
	saved(t, store, settings, again, nil)
	rows, err := store.Audit(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 1 || rows[0].Read != 7 || rows[0].Kept != 3 || rows[0].Rejected != 3 || rows[0].Duplicate != 1 {
		t.Errorf("audit %+v", rows)
	}
	status, out, says = runCommand(t.Context(), "dead-letters", "list", "--postgres", dsn, "--summary")
	if status != 0 || !strings.Contains(out, "plant  erp.sales:0     7     3        0         3          1         0") {
		t.Errorf("status %d, summary\n%s%s", status, out, says)
	}
	sales, err := store.Sales(t.Context(), "plant")
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]int64{}
	for _, s := range sales {
		got[s.Date.String()] = int64(s.Quantity / schemas.Unit)
	}
	if fmt.Sprint(got) != "map[2024-03-01:3 2024-03-02:7 2024-03-03:4]" {
		t.Errorf("sales %v", got)
	}
}

// inputValues reads the first n records of erp.sales, which all came with their headers.
func inputValues(t *testing.T, broker string, n int) []string {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	reader, err := kgo.NewClient(kgo.SeedBrokers(broker), kgo.ConsumeTopics("erp.sales"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	var values []string
	for len(values) < n {
		fetched := reader.PollFetches(ctx)
		if err := fetched.Err(); err != nil {
			t.Fatalf("%d of %d records: %v", len(values), n, err)
		}
		fetched.EachRecord(func(rec *kgo.Record) {
			if string(rec.Key) != "plant" || len(rec.Headers) != 1 || rec.Headers[0].Key != "trace" {
				t.Errorf("key %q, headers %v", rec.Key, rec.Headers)
			}
			values = append(values, string(rec.Value))
		})
	}
	return values
}
