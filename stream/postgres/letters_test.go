package postgres_test

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"drumbeat/schemas"
	"drumbeat/stream"
	"drumbeat/stream/postgres"
)

// keepLetters saves dead letters as partition 0.
func keepLetters(t *testing.T, s *postgres.Store, letters ...stream.DeadLetter) {
	t.Helper()
	snapshot, err := s.Load(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	b := &stream.Batch{State: []byte("s"), DeadLetters: letters}
	for i := range letters {
		l := &letters[i]
		b.Outbox = append(b.Outbox, stream.OutboxEntry{
			Seq: int64(i), Site: l.Site, OriginTopic: l.OriginTopic, OriginPartition: l.OriginPartition, OriginOffset: l.OriginOffset,
		})
	}
	if err := s.Save(t.Context(), 0, snapshot.Epoch, b); err != nil {
		t.Fatal(err)
	}
}

func letterAt(offset int64, site, reason, value string) stream.DeadLetter {
	return stream.DeadLetter{
		Site: site, OriginTopic: "erp", OriginPartition: int32(offset % 3), OriginOffset: offset, Reason: reason, Detail: "d",
		Key: []byte(site), Value: []byte(value), At: time.Date(2026, 11, 1, 0, 0, int(offset), 0, time.UTC),
	}
}

func offsets(t *testing.T, s *postgres.Store, f postgres.LetterFilter) []int64 {
	t.Helper()
	var found []int64
	err := s.EachLetter(t.Context(), f, func(l *postgres.Letter) error {
		found = append(found, l.OriginOffset)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// Each filter takes what it names and nothing else; a letter that was sent again is marked, also when its
// batch is saved once more.
func TestLetterFilters(t *testing.T) {
	s, _ := newStore(t)
	letters := []stream.DeadLetter{
		letterAt(0, "a", "bad-date", `{"sku":"A-1"}`), letterAt(1, "b", "bad-date", `{"sku":"é\x"}`),
		letterAt(2, "a", "missing-sku", "\x00\xff raw Text 100%_"), letterAt(3, "a", "not-json", ""),
	}
	keepLetters(t, s, letters...)
	at := func(n int) time.Time { return letters[n].At }
	for _, c := range []struct {
		name   string
		filter postgres.LetterFilter
		want   []int64
	}{
		{"all, oldest first", postgres.LetterFilter{}, []int64{0, 1, 2, 3}},
		{"newest first, some", postgres.LetterFilter{Newest: true, Limit: 2}, []int64{3, 2}},
		{"site", postgres.LetterFilter{Site: "a"}, []int64{0, 2, 3}},
		{"reasons", postgres.LetterFilter{Reasons: []string{"not-json", "missing-sku"}}, []int64{2, 3}},
		{"topic", postgres.LetterFilter{Origins: []postgres.LetterOrigin{{Topic: "erp", Partition: -1, Offset: -1}}}, []int64{0, 1, 2, 3}},
		{"partition", postgres.LetterFilter{Origins: []postgres.LetterOrigin{{Topic: "erp", Partition: 0, Offset: -1}}}, []int64{0, 3}},
		{"records", postgres.LetterFilter{Origins: []postgres.LetterOrigin{{Topic: "erp", Partition: 0, Offset: 0}, {Topic: "erp", Partition: 1, Offset: 1}, {Topic: "x"}}}, []int64{0, 1}},
		{"since", postgres.LetterFilter{Since: at(1)}, []int64{1, 2, 3}},
		{"until", postgres.LetterFilter{Until: at(1)}, []int64{0}},
		{"text in any case", postgres.LetterFilter{Text: "a-1"}, []int64{0}},
		{"text that is not ASCII", postgres.LetterFilter{Text: "é\\x"}, []int64{1}},
		{"text of broken UTF-8", postgres.LetterFilter{Text: "raw text 100%_"}, []int64{2}},
		{"a percent sign is itself", postgres.LetterFilter{Text: "%"}, []int64{2}},
	} {
		if got := offsets(t, s, c.filter); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}

	mark := []postgres.Replayed{
		{LetterOrigin: postgres.LetterOrigin{Topic: "erp", Partition: 0, Offset: 0}},
		{LetterOrigin: postgres.LetterOrigin{Topic: "erp", Partition: 2, Offset: 2}, ID: "7\x00~fixed"},
	}
	if err := s.MarkReplayed(t.Context(), mark); err != nil {
		t.Fatal(err)
	}
	keepLetters(t, s, letters...)
	if got := offsets(t, s, postgres.LetterFilter{Waiting: true}); !slices.Equal(got, []int64{1, 3}) {
		t.Errorf("waiting: %v", got)
	}
	l, err := s.Letter(t.Context(), mark[1].LetterOrigin)
	if err != nil || l.ReplayedAs != "7\uFFFD~fixed" || l.ReplayedAt == nil {
		t.Errorf("%+v, %v", l, err)
	}
	if l, err := s.Letter(t.Context(), postgres.LetterOrigin{Topic: "erp", Partition: 0, Offset: 1}); l != nil || err != nil {
		t.Errorf("a letter that is none: %+v, %v", l, err)
	}
	counts, err := s.CountLetters(t.Context(), postgres.LetterFilter{Site: "a"})
	want := []postgres.LetterCount{
		{Site: "a", Reason: "bad-date", Letters: 1, Replayed: 1}, {Site: "a", Reason: "missing-sku", Letters: 1, Replayed: 1}, {Site: "a", Reason: "not-json", Letters: 1},
	}
	for i := range counts {
		counts[i].First, counts[i].Newest = time.Time{}, time.Time{}
	}
	if err != nil || !reflect.DeepEqual(counts, want) {
		t.Errorf("%+v, %v", counts, err)
	}
}

// A reader that has enough ends the query at once, and one that marks letters while it reads them, as a
// replay does, sees each once and no later one.
func TestEachLetterIsOneLook(t *testing.T) {
	s, dsn := newStore(t)
	conn := connect(t, dsn)
	const n = 50_000
	if _, err := conn.Exec(t.Context(), `INSERT INTO drumbeat.dead_letters (site, origin_topic, origin_partition, origin_offset, reason, detail,
			rejected_at, value, header_keys, header_values)
		SELECT 'a', 'erp', 0, g, 'bad-date', '', '2026-01-01', convert_to(repeat('x', 200), 'UTF8'), '{}', '{}' FROM generate_series(1, $1::bigint) g`, n); err != nil {
		t.Fatal(err)
	}
	enough := errors.New("enough")
	if err := s.EachLetter(t.Context(), postgres.LetterFilter{}, func(*postgres.Letter) error { return enough }); !errors.Is(err, enough) {
		t.Fatal(err)
	}
	seen := int64(0)
	err := s.EachLetter(t.Context(), postgres.LetterFilter{Waiting: true}, func(l *postgres.Letter) error {
		if seen++; l.OriginOffset != seen {
			return fmt.Errorf("offset %d, want %d", l.OriginOffset, seen)
		}
		if seen%10_000 == 0 {
			keepLetters(t, s, letterAt(n+seen, "a", "bad-date", "rejected again"))
			return s.MarkReplayed(t.Context(), []postgres.Replayed{{LetterOrigin: postgres.LetterOrigin{Topic: "erp", Offset: seen}}})
		}
		return nil
	})
	if err != nil || seen != n {
		t.Errorf("saw %d of %d, %v", seen, n, err)
	}
}

// Whatever a record is, its letter is kept to the byte, comes out of the outbox, and hinders no other.
func TestLettersOfHostileRecords(t *testing.T) {
	s, _ := newStore(t)
	big := bytes.Repeat([]byte("0123456789abcdef"), 1<<20) // 16 MiB, the largest record of drumbeat.events
	hostile := []stream.DeadLetter{
		letterAt(0, "a", "too-large", string(big)),
		letterAt(1, "a", "not-json", "\xff\xfe\x00\x01"),
		letterAt(2, "a", "not-json", "{\"sku\":\"A\x00B\"}"),
		letterAt(3, "a", "not-json", ""),
		letterAt(4, "a", "bad-sku", "{}"),
		letterAt(5, "a", "bad-date", "fine"),
	}
	hostile[3].Value, hostile[3].Key = nil, nil
	hostile[4].Key = big[:1<<20]
	hostile[4].Detail = "NUL \x00, broken \xff"
	hostile[4].Headers = []schemas.Header{{Key: "\xff\x00", Value: big[:4<<20]}, {Key: "", Value: nil}, {Key: "twice", Value: []byte("1")}, {Key: "twice", Value: []byte("2")}}
	keepLetters(t, s, hostile...)

	i := 0
	err := s.EachLetter(t.Context(), postgres.LetterFilter{}, func(l *postgres.Letter) error {
		want := hostile[i]
		want.Detail = strings.NewReplacer("\x00", "\uFFFD", "\xff", "\uFFFD").Replace(want.Detail)
		if len(want.Headers) > 0 {
			want.Headers[1].Value = []byte(nil)
		}
		got := l.DeadLetter
		got.At = got.At.UTC()
		if string(got.Value) != string(want.Value) || string(got.Key) != string(want.Key) || got.Detail != want.Detail || len(got.Headers) != len(want.Headers) {
			t.Errorf("letter %d of %d bytes came back with %d, detail %q", i, len(want.Value), len(got.Value), got.Detail)
		}
		for j, h := range want.Headers {
			if got.Headers[j].Key != h.Key || string(got.Headers[j].Value) != string(h.Value) {
				t.Errorf("letter %d: header %d has changed", i, j)
			}
		}
		i++
		return nil
	})
	if err != nil || i != len(hostile) {
		t.Fatalf("%d letters, %v", i, err)
	}
	after, sent := int64(-1), 0
	for {
		entries, err := s.Unsent(t.Context(), 0, after, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		if len(entries) == 0 {
			break
		}
		sent += len(entries)
		after = entries[len(entries)-1].Seq
	}
	if sent != len(hostile) {
		t.Errorf("%d of %d letters in the outbox", sent, len(hostile))
	}
	if got := offsets(t, s, postgres.LetterFilter{Text: "a\x00b"}); len(got) > 1 {
		t.Errorf("a text with a NUL finds %v", got)
	}
}
