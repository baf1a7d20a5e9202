package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
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

// testDatabase is a private PostgreSQL with our schema, and a store on it.
func testDatabase(t *testing.T) (dsn string, store *postgres.Store) {
	t.Helper()
	server, err := embedded.StartPostgres(t.Context(), t.TempDir(), nil)
	if errors.Is(err, embedded.ErrNoPostgres) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(server.Stop(), os.RemoveAll(server.Dir())); err != nil {
			t.Error(err)
		}
	})
	if _, err := postgres.Migrate(t.Context(), server.DSN()); err != nil {
		t.Fatal(err)
	}
	if store, err = postgres.Open(t.Context(), server.DSN()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	return server.DSN(), store
}

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

// letterService is a database with the dead letters of some records, and a broker with their input topic.
type letterService struct {
	dsn, broker string
	store       *postgres.Store
}

func newLetterService(t *testing.T, values ...string) *letterService {
	t.Helper()
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
	client, err := kafka.NewClient(kafka.Config{Brokers: []string{broker.Addr()}})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if _, err := client.CreateTopics(t.Context(), kafka.TopicOptions{Inputs: []string{"erp.sales"}, Partitions: 16}); err != nil {
		t.Fatal(err)
	}
	s := &letterService{dsn: dsn, broker: broker.Addr(), store: store}
	s.feed(t, 0, values...)
	return s
}

// feed saves what becomes of records that begin at an offset.
func (s *letterService) feed(t *testing.T, offset int64, values ...string) {
	t.Helper()
	settings := stream.DefaultSettings()
	settings.Clock = schemas.ClockEvent
	var records []stream.Record
	for _, value := range values {
		records = append(records, stream.Record{Offset: offset, Key: []byte("plant"), Value: []byte(value), Headers: []schemas.Header{
			{Key: schemas.HeaderOriginTopic, Value: []byte("erp.sales")}, {Key: schemas.HeaderOriginPartition, Value: []byte("0")},
			{Key: schemas.HeaderOriginOffset, Value: fmt.Append(nil, offset)}, {Key: "trace", Value: []byte("t1")},
		}})
		offset++
	}
	saved(t, s.store, settings, records, nil)
}

func (s *letterService) replay(t *testing.T, args ...string) (int, string, string) {
	t.Helper()
	return runCommand(t.Context(), append([]string{"dead-letters", "replay", "--postgres", s.dsn, "--kafka-brokers", s.broker}, args...)...)
}

func sold(id, data string) string {
	return `{"specversion":"1.0","type":"drumbeat.sale.v1","source":"erp","id":"` + id + `","site":"plant","data":` + data + `}`
}

// Proposals follow the free day of a daily row, else the order that the site's dates show; what has neither
// stays where it is.
func TestDeadLetterProposals(t *testing.T) {
	s := newLetterService(t,
		sold("1", `{"sku":"A","quantity":3,"date":"2024-03-04"}`),
		sold("2", `{"sku":"B","quantity":3,"date":"2024-03-30"}`),
		sold("3", `{"sku":"a","quantity":4,"date":"03/04/24"}`),                   // 4 March is taken
		sold("4", `{"sku":"A","quantity":4,"date":"Dec 31st 23"}`),                // one reading
		sold("5", `{"sku":"A","quantity":4,"time":"45293"}`),                      // 2024-01-02
		sold("6", `{"sku":"A","quantity":4,"date":"02/03/2024","document":"7"}`),  // by the site's order
		sold("7", `{"sku":"B","quantity":4,"date":"03/02/2024"}`),                 // by the site's order
		sold("8", `{"sku":"A","quantity":4,"date":"yesterday"}`),                  // none
		sold("9", `{"sku":"A","quantity":4,"date":"01/31/2024","document":"7"}`),  // shows month before day
		sold("10", `{"sku":"A","quantity":4,"date":"01/02/1998"}`),                // before the kept history
		`{"specversion":"1.0","type":"drumbeat.sale.v1","data":{"date":"1/2/24"}`, // cannot be read
	)
	propose := func() map[string]proposal {
		t.Helper()
		status, out, says := s.replay(t, "--propose", "--json")
		if status != 0 {
			t.Fatalf("status %d: %s", status, says)
		}
		found := map[string]proposal{}
		for line := range strings.Lines(out) {
			var p proposal
			if err := json.Unmarshal([]byte(line), &p); err != nil {
				t.Fatal(err)
			}
			found[strings.TrimPrefix(p.Origin, "erp.sales:0:")] = p
		}
		return found
	}
	found := propose()
	for offset, want := range map[string]struct{ field, becomes, why string }{
		"2": {"date", "2024-04-03", "DD/MM/YY: the only day without a sale of A"},
		"3": {"date", "2023-12-31", "text: the only reading within the kept history"},
		"4": {"time", "2024-01-02", "day number of a spreadsheet: the only reading within the kept history"},
		"5": {"date", "2024-02-03", "MM/DD/YYYY: of the site's dates 1 write month before day and 0 day before month"},
		"6": {"date", "2024-03-02", "MM/DD/YYYY: of the site's dates 1 write month before day and 0 day before month"},
		"7": {"date", "", "no reading lies within the kept history"},
		"8": {"date", "2024-01-31", "MM/DD/YYYY: the only reading within the kept history"},
		"9": {"date", "", "no reading lies within the kept history"},
	} {
		if p := found[offset]; p.Field != want.field || p.Becomes != want.becomes || p.Why != want.why {
			t.Errorf("offset %s: %+v, want %+v", offset, p, want)
		}
	}
	if len(found) != 8 {
		t.Errorf("%d proposals: %+v", len(found), found)
	}

	// One date that shows the other order: neither is clear any more.
	s.feed(t, 11, sold("11", `{"sku":"C","quantity":1,"date":"31/01/2024"}`))
	found = propose()
	if p := found["6"]; p.Becomes != "" || !strings.HasPrefix(p.Why, "2024-02-03 or 2024-03-02") && !strings.HasPrefix(p.Why, "2024-03-02 or 2024-02-03") {
		t.Errorf("without a clear order: %+v", p)
	}
	if _, out, _ := s.replay(t, "--propose"); !strings.Contains(out, "4 of 8 dates have a plain reading") {
		t.Errorf("%s", out)
	}
	for _, want := range []string{"4 dead letters sent to erp.sales\n", "nothing sent: no dead letter is waiting\n"} {
		if status, out, says := s.replay(t, "--site", "plant", "--apply"); status != 0 || out != want {
			t.Fatalf("status %d: %s%s", status, out, says)
		}
	}
	s.feed(t, 12, inputValues(t, s.broker, 4)...)
	rows, err := s.store.Audit(t.Context())
	if err != nil || len(rows) != 1 || rows[0].Kept != 7 || rows[0].Rejected != 9 || rows[0].Read != 16 {
		t.Errorf("%+v, %v", rows, err)
	}
}

// Of two rows that could only have the one free day, one gets it.
func TestProposalsDoNotShareADay(t *testing.T) {
	s := newLetterService(t, sold("1", `{"sku":"A","quantity":3,"date":"2024-03-04"}`), sold("2", `{"sku":"B","quantity":3,"date":"2024-04-03"}`),
		sold("3", `{"sku":"A","quantity":4,"date":"03/04/24"}`), sold("4", `{"sku":"A","quantity":5,"date":"04/03/24"}`))
	status, out, says := s.replay(t, "--propose")
	if status != 0 || !strings.Contains(out, "the only day without a sale of A") ||
		!strings.Contains(out, "2024-03-04 or 2024-04-03; of the site's dates 0 write") || !strings.Contains(out, "1 of 2 dates have a plain reading") {
		t.Errorf("status %d: %s%s", status, out, says)
	}
}

// What list --json has written and a person has edited is sent; a wrong line is named, and nothing is sent
// of a file that has one.
func TestDeadLettersFromFile(t *testing.T) {
	s := newLetterService(t,
		sold("1", `{"sku":"A","quantity":3,"date":"03/04/24"}`), sold("2", `{"sku":"A","date":"2024-03-02"}`),
		"no JSON", "\xff\x00", sold("5", `{"sku":"A","quantity":"x","date":"2024-03-02"}`),
	)
	_, listed, _ := runCommand(t.Context(), "dead-letters", "list", "--postgres", s.dsn, "--json", "--limit", "0")
	path := t.TempDir() + "/letters.jsonl"
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	lines := strings.Split(strings.TrimSpace(listed), "\n") // the newest first
	if len(lines) != 5 {
		t.Fatalf("listed %s", listed)
	}
	for _, c := range []struct{ line, says string }{
		{`{"origin":`, path + ":2: unexpected end of JSON input"},
		{`{"origin":7}`, path + ":2: origin: a JSON number cannot stand here"},
		{`{"origin":"erp.sales:0"}`, path + ":2: origin: not topic:partition:offset"},
		{`{"origin":"erp.sales:0:99","value":"{}"}`, path + ":2: origin: erp.sales:0:99: there is no such dead letter"},
		{`{"origin":"erp.sales:0:1"}`, path + ":2: value: missing"},
		{`{"origin":"erp.sales:0:1","value":"{}","value_base64":"AA=="}`, path + ":2: value_base64: stands beside value"},
		{`{"origin":"erp.sales:0:1","value":"{}","headers":{"trace":"t1"}}`, path + ":2: value: still no event: "},
		{`{"origin":"erp.sales:0:1","value":"[1]"}`, path + ":2: value: the value is no JSON object"},
	} {
		write(lines[0] + "\n" + c.line + "\n")
		if status, out, says := s.replay(t, "--from", path); status != exitUsage || out != "" || !strings.Contains(says, c.says) || strings.Count(says, "\n") != 1 {
			t.Errorf("%s: status %d, %q, %q", c.line, status, out, says)
		}
	}
	write(strings.Join([]string{
		strings.ReplaceAll(lines[4], "03/04/24", "2024-04-03"), // fixed
		"",
		lines[3], // as it is
		strings.Replace(lines[2], "no JSON", strings.ReplaceAll(sold("own", `{"sku":"A","quantity":1,"date":"2024-03-05"}`), `"`, `\"`), 1),
		lines[1], // bytes, as they are
		strings.Replace(strings.Replace(lines[0], `\"x\"`, "8", 1), `"id\":\"5`, `"id\":\"5b`, 1),
	}, "\n"))
	if status, out, says := s.replay(t, "--from", path); status != 0 || out != "5 dead letters sent to erp.sales\n" {
		t.Fatalf("status %d: %s%s", status, out, says)
	}
	if status, out, says := s.replay(t, "--from", path); status != 0 || out != "nothing sent: no dead letter is waiting\n" {
		t.Fatalf("status %d: %s%s", status, out, says)
	}
	values := inputValues(t, s.broker, 5)
	for i, want := range []string{`"id":"1~fixed"`, `"id":"2"`, `"id":"own~fixed"`, "\xff\x00", `"id":"5b"`} {
		if !strings.Contains(values[i], want) {
			t.Errorf("record %d: %q has no %s", i, values[i], want)
		}
	}
	if values[1] != sold("2", `{"sku":"A","date":"2024-03-02"}`) {
		t.Errorf("a record that was not edited has changed: %s", values[1])
	}
}

// An event in binary mode is fixed in its headers. The id of a fix does not grow, and fits.
func TestFixedEvents(t *testing.T) {
	l := &postgres.Letter{DeadLetter: stream.DeadLetter{OriginTopic: "erp", OriginOffset: 7, Value: []byte(`{"sku":"A","quantity":1,"date":"3/4/24"}`), Headers: []schemas.Header{
		{Key: "ce_specversion", Value: []byte("1.0")}, {Key: "ce_id", Value: []byte("9")}, {Key: "ce_source", Value: []byte("s")}, {Key: "ce_type", Value: []byte("drumbeat.sale.v1")},
	}}}
	for range 2 {
		out, id, err := fixFields(l, map[string]string{"date": "2024-04-03"})
		if err != nil || id != "9~fixed" || string(out.Value) != `{"date":"2024-04-03","quantity":1,"sku":"A"}` {
			t.Fatalf("%s, %q, %v", out.Value, id, err)
		}
		last := out.Headers[len(out.Headers)-1]
		if len(out.Headers) != 5 || last.Key != "ce_replayof" || string(last.Value) != "erp:0:7" {
			t.Errorf("headers %v", out.Headers)
		}
		l = out
	}
	long := strings.Repeat("x", schemas.MaxAttribute)
	if id := fixedID(long, originOf(l)); len(id) > schemas.MaxAttribute || id != fixedID(long, originOf(l)) || id == fixedID(long+"y", originOf(l)) {
		t.Errorf("id %s", id)
	}
}

// Whatever a record holds, it is sent again to the byte; one that the topic does not take stays, and holds
// nothing up.
func TestReplayOfHostileLetters(t *testing.T) {
	s := newLetterService(t, "no JSON")
	noise := make([]byte, 9<<20) // more than the broker takes, and nothing that compresses
	x := uint32(1)
	for i := range noise {
		x = x*1664525 + 1013904223
		noise[i] = byte(x >> 24)
	}
	values := [][]byte{[]byte("\xff\x00"), noise, []byte("{\"sku\":\"A\x00B\"}"), noise[:2<<20], nil}
	b := &stream.Batch{State: []byte("s")}
	for i, value := range values {
		b.DeadLetters = append(b.DeadLetters, stream.DeadLetter{
			Site: "plant", OriginTopic: "erp.sales", OriginOffset: int64(10 + i), Reason: "not-json", Key: []byte("plant"), Value: value,
			Headers: []schemas.Header{{Key: "trace", Value: noise[:1<<10]}}, At: time.Unix(1e9, 0),
		})
	}
	b.DeadLetters = append(b.DeadLetters, stream.DeadLetter{Site: "plant", OriginTopic: "erp.sales", OriginOffset: 20, Reason: "too-large", At: time.Unix(1e9, 0)})
	snapshot, err := s.store.Load(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.store.Save(t.Context(), 1, snapshot.Epoch, b); err != nil {
		t.Fatal(err)
	}
	status, out, says := s.replay(t, "--site", "plant")
	if status != exitOther || out != "5 dead letters sent to erp.sales\n" || !strings.Contains(says, "1 dead letters are larger than their topic takes and stay: erp.sales:0:11") {
		t.Fatalf("status %d: %q, %q", status, out, says)
	}
	got := map[string]bool{}
	for _, value := range inputValues(t, s.broker, 5) {
		got[value] = true
	}
	for _, value := range append(values, []byte("no JSON")) {
		if got[string(value)] != (len(value) != len(noise)) {
			t.Errorf("a record of %d bytes: sent %v", len(value), got[string(value)])
		}
	}
	if _, out, _ := runCommand(t.Context(), "dead-letters", "list", "--postgres", s.dsn); !strings.Contains(out, "erp.sales:0:11") || !strings.Contains(out, "erp.sales:0:20") || strings.Contains(out, "erp.sales:0:10") {
		t.Errorf("what waits:\n%s", out)
	}
}
