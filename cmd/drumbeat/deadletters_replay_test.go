package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"drumbeat/cmd/drumbeat/internal/embedded"
	"drumbeat/schemas"
	"drumbeat/stream"
	"drumbeat/stream/kafka"
	"drumbeat/stream/postgres"
)

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
	takeTurn(t, otherLane)
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
	takeTurn(t, otherLane)
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
	takeTurn(t, otherLane)
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
	takeTurn(t, otherLane)
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
