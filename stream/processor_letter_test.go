package stream

import (
	"testing"

	"drumbeat/schemas"
)

// What intake could not forward is listed and counted like any other rejected record; a record without value
// that only looks like it is not.
func TestLaidAsideRecordsAreCounted(t *testing.T) {
	p, err := New(Config{}, &Snapshot{})
	if err != nil {
		t.Fatal(err)
	}
	record := func(offset, reason string, value []byte) Record {
		return Record{Offset: p.Next(), Key: []byte("plant"), Value: value, Headers: []schemas.Header{
			{Key: schemas.HeaderReason, Value: []byte(reason)}, {Key: schemas.HeaderDetail, Value: []byte("20000000 bytes")},
			{Key: schemas.HeaderOriginTopic, Value: []byte("erp")}, {Key: schemas.HeaderOriginPartition, Value: []byte("0")},
			{Key: schemas.HeaderOriginOffset, Value: []byte(offset)},
		}}
	}
	for _, rec := range []Record{record("0", "too-large", nil), record("1", "too-large", []byte("junk")), record("2", "bad-date", nil)} {
		if done, err := p.Step(rec); !done || err != nil {
			t.Fatal(done, err)
		}
	}
	b := p.Ready()
	want := []struct {
		reason, detail string
		headers        int
	}{{"too-large", "20000000 bytes", 0}, {"not-json", "", 2}, {"not-json", "", 2}}
	for i, w := range want {
		l := b.DeadLetters[i]
		if l.Reason != w.reason || w.detail != "" && l.Detail != w.detail || len(l.Headers) != w.headers || l.OriginOffset != int64(i) {
			t.Errorf("letter %d: %+v", i, l)
		}
	}
	if len(b.Audit) != 1 || b.Audit[0].Read != 3 || b.Audit[0].Rejected != 3 || b.Audit[0].Reasons["too-large"] != 1 {
		t.Errorf("audit %+v", b.Audit)
	}
}

// A dead letter is the record as it was at its origin, with the key that it had there.
func TestLettersHaveTheKeyOfTheirOrigin(t *testing.T) {
	p, err := New(Config{}, &Snapshot{})
	if err != nil {
		t.Fatal(err)
	}
	for _, more := range [][]schemas.Header{nil, {{Key: schemas.HeaderOriginKey, Value: []byte("4711")}}} {
		rec := Record{Offset: p.Next(), Key: []byte("plant"), Value: []byte("junk"), Headers: append(more, schemas.Header{Key: "trace", Value: []byte("1")})}
		if done, err := p.Step(rec); !done || err != nil {
			t.Fatal(done, err)
		}
	}
	letters := p.Ready().DeadLetters
	for i, want := range []string{"plant", "4711"} {
		if l := letters[i]; string(l.Key) != want || len(l.Headers) != 1 {
			t.Errorf("letter %d has the key %q and the headers %v", i, l.Key, l.Headers)
		}
	}
}
