package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"drumbeat/cmd/drumbeat/internal/generate"
	"drumbeat/schemas"
	"drumbeat/stream"
)

// recorder is a topic that can fail.
type recorder struct {
	messages []stream.Message
	calls    int
	before   func(ctx context.Context, call int) error // nil: nothing fails
}

func (r *recorder) Send(ctx context.Context, topic string, messages []stream.Message) error {
	r.calls++
	if r.before != nil {
		if err := r.before(ctx, r.calls); err != nil {
			return err
		}
	}
	r.messages = append(r.messages, messages...)
	return nil
}

// ids decodes the ids of what was sent.
func (r *recorder) ids(t *testing.T) []string {
	t.Helper()
	var d schemas.Decoder
	var ids []string
	for _, m := range r.messages {
		var e schemas.Event
		if err := d.Decode(nil, m.Value, &e); err != nil {
			t.Fatalf("%v: %s", err, m.Value)
		}
		ids = append(ids, strings.Clone(e.ID))
	}
	return ids
}

// demoFile writes the demo's rows and returns the path and the number of rows.
func demoFile(t *testing.T) (string, int) {
	t.Helper()
	rows := generate.ThreeSKU(1)
	var b bytes.Buffer
	if err := generate.WriteCSV(&b, rows); err != nil {
		t.Fatal(err)
	}
	return file(t, "sales.csv", b.String()), len(rows)
}

func file(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func produceFrom(path string) *produceCmd {
	return &produceCmd{From: path, Type: "sale", Topic: "erp.sales", Timeout: time.Minute}
}

// into runs a command into a topic and returns what it wrote.
func into(t *testing.T, ctx context.Context, c *produceCmd, to sender, cache, in string) (out, errs string, err error) {
	t.Helper()
	var o, e bytes.Buffer
	err = c.produce(ctx, streams{strings.NewReader(in), &o, &e}, to, cache)
	return o.String(), e.String(), err
}

func TestProduceSendsEveryRowOnce(t *testing.T) {
	path, rows := demoFile(t)
	var topic recorder
	c := produceFrom(path)
	c.JSON = true
	out, errs, err := into(t, t.Context(), c, &topic, t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	for i, id := range topic.ids(t) {
		if id != fmt.Sprint(i+2) {
			t.Fatalf("message %d has id %s", i, id)
		}
		if key := string(topic.messages[i].Key); !strings.Contains(string(topic.messages[i].Value), `"sku":"`+key+`"`) {
			t.Fatalf("key %q of %s", key, topic.messages[i].Value)
		}
	}
	var done produced
	if err := json.Unmarshal([]byte(out), &done); err != nil || done.Events != int64(rows) || len(topic.messages) != rows {
		t.Errorf("%d messages of %d rows; %+v, %v", len(topic.messages), rows, done, err)
	}
	if !strings.Contains(errs, "sales.csv  3,288 events to erp.sales in ") {
		t.Errorf("stderr: %s", errs)
	}
}

// TestProduceGoesOn fails in the middle, again and again: together the runs send every row exactly once,
// because every batch is acknowledged or not as a whole here.
func TestProduceGoesOn(t *testing.T) {
	var content strings.Builder
	content.WriteString("sku,quantity,date\n")
	const rows = 3 * batchMessages
	for i := range rows {
		fmt.Fprintf(&content, "A%d,1,2024-01-01\n", i)
	}
	path, cache := file(t, "long.csv", content.String()), t.TempDir()
	var topic recorder
	broken := errors.New("broker away")
	topic.before = func(_ context.Context, call int) error {
		if call%2 == 0 {
			return broken
		}
		return nil
	}
	runs := 0
	for {
		runs++
		_, errs, err := into(t, t.Context(), produceFrom(path), &topic, cache, "")
		if err == nil {
			break
		}
		if !errors.Is(err, broken) || !strings.Contains(err.Error(), "the same command goes on from there") || runs > rows {
			t.Fatalf("run %d: %v", runs, err)
		}
		if runs > 1 && !strings.Contains(errs, "going on after line ") {
			t.Errorf("run %d says %q", runs, errs)
		}
	}
	ids := topic.ids(t)
	if len(ids) != rows || runs < 2 {
		t.Fatalf("%d messages of %d rows in %d runs", len(ids), rows, runs)
	}
	for i, id := range ids {
		if id != fmt.Sprint(i+2) {
			t.Fatalf("message %d has id %s", i, id)
		}
	}
	// A finished run leaves nothing behind: the next one sends all of it again.
	if _, _, err := into(t, t.Context(), produceFrom(path), &recorder{}, cache, ""); err != nil {
		t.Error(err)
	}
	left, err := os.ReadDir(filepath.Join(cache, "drumbeat", "produce"))
	if err != nil || len(left) > 0 {
		t.Errorf("left in the cache: %v %v", left, err)
	}
}

func TestProduceRestart(t *testing.T) {
	path, rows := demoFile(t)
	cache := t.TempDir()
	c := produceFrom(path)
	mark := newBookmark(cache, c)
	mark.move(1000)
	for _, x := range []struct {
		restart bool
		edited  bool
		want    int
	}{{false, false, rows - 999}, {true, false, rows}, {false, true, rows}} {
		mark.move(1000)
		if err := mark.save(); err != nil {
			t.Fatal(err)
		}
		if x.edited {
			later := time.Now().Add(time.Hour)
			if err := os.Chtimes(path, later, later); err != nil {
				t.Fatal(err)
			}
		}
		var topic recorder
		c := produceFrom(path)
		c.Restart = x.restart
		if _, _, err := into(t, t.Context(), c, &topic, cache, ""); err != nil || len(topic.messages) != x.want {
			t.Errorf("%+v: %d messages, %v", x, len(topic.messages), err)
		}
	}
}

// TestProduceBadRow sends what stands before the bad row and names it.
func TestProduceBadRow(t *testing.T) {
	path := file(t, "s.csv", "sku,quantity,date\nA,1,2024-01-01\nB,2,2024-01-01\nC,3\n")
	var topic recorder
	_, _, err := into(t, t.Context(), produceFrom(path), &topic, t.TempDir(), "")
	var exit *exitError
	if !errors.As(err, &exit) || exit.status != exitUsage || !strings.Contains(err.Error(), "s.csv:4: the row has not the 3 fields of the header") {
		t.Errorf("error %v", err)
	}
	if len(topic.messages) != 2 {
		t.Errorf("%d messages", len(topic.messages))
	}
}

func TestProduceWrongUse(t *testing.T) {
	path := file(t, "s.csv", "sku,quantity,date\n")
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"produce"}, "missing flags: --from=FILE"},
		{[]string{"produce", "--from", "/nonexistent.csv"}, "/nonexistent.csv: no such file or directory"},
		{[]string{"produce", "--from", path, "--type", "sales"}, "--type must be one of"},
		{[]string{"produce", "--from", path, "--map", "sku=Code,quantity=Amount"}, `no column "Code"`},
		{[]string{"produce", "--from", path, "--rate=-1"}, "--rate and --timeout must be above zero"},
	} {
		var out, errs bytes.Buffer
		status := run(t.Context(), c.args, streams{strings.NewReader(""), &out, &errs})
		if status != exitUsage || !strings.Contains(errs.String(), c.want) {
			t.Errorf("%v: status %d, %s", c.args, status, &errs)
		}
	}
}

func TestProduceKeepsTheRate(t *testing.T) {
	path, _ := demoFile(t)
	synctest.Test(t, func(t *testing.T) {
		c := produceFrom(path)
		c.Rate = 100
		var topic recorder
		start := time.Now()
		if _, _, err := into(t, t.Context(), c, &topic, "", ""); err != nil {
			t.Fatal(err)
		}
		// 3,288 events: the last batch leaves when those before it are due.
		if elapsed := time.Since(start); elapsed < 30*time.Second || elapsed > 33*time.Second {
			t.Errorf("%d events at 100 a second took %v", len(topic.messages), elapsed)
		}
	})
}

func TestProduceGivesUp(t *testing.T) {
	path, _ := demoFile(t)
	synctest.Test(t, func(t *testing.T) {
		silent := &recorder{before: func(ctx context.Context, _ int) error {
			<-ctx.Done()
			return ctx.Err()
		}}
		_, _, err := into(t, t.Context(), produceFrom(path), silent, "", "")
		if err == nil || !strings.Contains(err.Error(), "erp.sales: no acknowledgement within 1m0s") {
			t.Errorf("error %v", err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, _, err = into(t, ctx, produceFrom(path), silent, "", ""); err == nil || err.Error() != "interrupted" {
			t.Errorf("error %v", err)
		}
	})
}

func TestProduceFromStandardInput(t *testing.T) {
	var topic recorder
	c := produceFrom("-")
	c.Type, c.Site, c.Source = "resource", "north", "plant"
	_, errs, err := into(t, t.Context(), c, &topic, t.TempDir(), "resource,capacity,per\nfactory,16500,month\n")
	if err != nil {
		t.Fatal(err)
	}
	var e schemas.Event
	if err := new(schemas.Decoder).Decode(nil, topic.messages[0].Value, &e); err != nil {
		t.Fatal(err)
	}
	if e.Site != "north" || e.Source != "plant" || string(topic.messages[0].Key) != "factory" || !strings.Contains(errs, "1 event") {
		t.Errorf("%+v, key %s, %s", e, topic.messages[0].Key, errs)
	}
}

func TestProduceJSONLines(t *testing.T) {
	path := file(t, "e.jsonl", "{\"a\":1}\n{broken\n")
	var topic recorder
	if _, _, err := into(t, t.Context(), produceFrom(path), &topic, "", ""); err != nil {
		t.Fatal(err)
	}
	if len(topic.messages) != 2 || string(topic.messages[1].Value) != "{broken" || topic.messages[1].Key != nil {
		t.Errorf("%+v", topic.messages)
	}
}
