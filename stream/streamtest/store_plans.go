package streamtest

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"drumbeat/schemas"
	"drumbeat/stream"
)

// revision is a revision of site a with lines in the order given; a SKU with a minus before it leaves the plan.
func revision(number int64, skus ...string) stream.Revision {
	r := stream.Revision{
		Site: "a", Revision: number, ExecutionDate: day + schemas.Date(number), CreatedAt: noon, Status: "optimal",
		// Blanks, number forms and the order of members must survive.
		Head:    fmt.Appendf(nil, `{ "site":"a","revision":%d ,"cost":{"total":1.50e2},"b":1,"a":"é"}`, number),
		Problem: []byte{0, 1, byte(number)}, Start: []byte{2},
	}
	for _, sku := range skus {
		if left, ok := strings.CutPrefix(sku, "-"); ok {
			r.Lines = append(r.Lines, stream.LineValue{SKU: left})
		} else {
			r.Lines = append(r.Lines, stream.LineValue{SKU: sku, Value: fmt.Appendf(nil, `{"sku":%q,"revision":%d, "x":0.10}`, sku, number)})
		}
	}
	return r
}

// planned is a batch with revisions of site a, each with its entry in the outbox: seq is the revision.
func planned(revisions ...stream.Revision) *stream.Batch {
	b := &stream.Batch{State: []byte("s"), Sites: []stream.SiteState{{Site: "a", State: []byte("s")}}, Revisions: revisions}
	for _, r := range revisions {
		b.Outbox = append(b.Outbox, stream.OutboxEntry{Seq: r.Revision, Site: "a", Revision: r.Revision})
	}
	return b
}

// rejected is a dead letter with bytes that no text would hold.
func rejected(offset int64) stream.DeadLetter {
	return stream.DeadLetter{
		Site: "a", OriginTopic: "erp", OriginPartition: 2, OriginOffset: offset,
		Key: []byte{0xff, 0}, Value: []byte{0, 0xfe, 'v'},
		Headers: []schemas.Header{{Key: "ce\xff", Value: []byte{0xff}}, {Key: "none"}, {Key: "empty", Value: []byte{}}},
		Reason:  "bad-date", Detail: "date: 31.02.", At: noon,
	}
}

// outbox checks order, content and whole entries within the limit of bytes.
func outbox(t *testing.T, s Stored) {
	epoch := load(t, s, 0).Epoch
	b := planned(revision(1, "b", "B", "a/2", "é"), revision(2, "-b", "a/2"))
	b.DeadLetters = []stream.DeadLetter{rejected(7)}
	b.Outbox = append(b.Outbox, stream.OutboxEntry{Seq: 3, Site: "a", OriginTopic: "erp", OriginPartition: 2, OriginOffset: 7})
	slices.Reverse(b.Outbox)
	save(t, s, 0, epoch, b)

	all := unsent(t, s, 0, -1, 1<<20)
	var got []string
	for _, entry := range all {
		for _, m := range entry.Messages {
			got = append(got, fmt.Sprintf("%d %s %s rev=%s", entry.Seq, m.Key, m.Value, header(m, schemas.HeaderRevision)))
			if entry.Revision > 0 && (m.Topic != schemas.PlansTopic || m.Site != "a") {
				t.Errorf("message %q goes to topic %q as of site %q", m.Key, m.Topic, m.Site)
			}
			if left := string(m.Key) == "a/b" && entry.Revision == 2; left != (m.Value == nil) {
				t.Errorf("value of %q in revision %d is nil: %v", m.Key, entry.Revision, m.Value == nil)
			}
		}
	}
	want := []string{
		`1 a/B {"sku":"B","revision":1, "x":0.10} rev=1`,
		`1 a/a/2 {"sku":"a/2","revision":1, "x":0.10} rev=1`,
		`1 a/b {"sku":"b","revision":1, "x":0.10} rev=1`,
		`1 a/é {"sku":"é","revision":1, "x":0.10} rev=1`,
		`1 a { "site":"a","revision":1 ,"cost":{"total":1.50e2},"b":1,"a":"é"} rev=1`,
		`2 a/a/2 {"sku":"a/2","revision":2, "x":0.10} rev=2`,
		`2 a/b  rev=2`,
		`2 a { "site":"a","revision":2 ,"cost":{"total":1.50e2},"b":1,"a":"é"} rev=2`,
		"3 \xff\x00 \x00\xfev rev=",
	}
	if !slices.Equal(got, want) {
		t.Fatalf("messages are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	letter := all[2].Messages[0]
	if letter.Topic != schemas.DeadLettersTopic || letter.Site != "" || !sameHeaders(letter.Headers[:3], rejected(7).Headers) {
		t.Errorf("dead letter is %+v", letter)
	}
	for name, want := range map[string]string{
		schemas.HeaderReason: "bad-date", schemas.HeaderDetail: "date: 31.02.", schemas.HeaderOriginTopic: "erp",
		schemas.HeaderOriginPartition: "2", schemas.HeaderOriginOffset: "7", schemas.HeaderTime: "2026-11-22T12:00:00.123456Z",
	} {
		if got := header(letter, name); got != want {
			t.Errorf("header %s is %q, want %q", name, got, want)
		}
	}

	for after := range int64(4) {
		for _, limit := range []int{0, 1, 300, 500, 1 << 20} {
			part := unsent(t, s, 0, after, limit)
			rest := slices.DeleteFunc(slices.Clone(all), func(u stream.Unsent) bool { return u.Seq <= after })
			if len(rest) == 0 && len(part) == 0 {
				continue
			}
			if len(part) == 0 || len(part) > len(rest) || !slices.EqualFunc(part, rest[:len(part)], sameEntry) {
				t.Errorf("after %d within %d bytes: %d entries, not the first of %d", after, limit, len(part), len(rest))
			}
			if limit == 1<<20 && len(part) != len(rest) {
				t.Errorf("after %d: %d entries of %d though all fit", after, len(part), len(rest))
			}
			if limit <= 1 && len(part) != 1 {
				t.Errorf("after %d within %d bytes: %d entries, want one", after, limit, len(part))
			}
		}
	}
}

// sentStaysSent saves a batch again after its entries have been sent: they must not come back.
func sentStaysSent(t *testing.T, s Stored) {
	epoch := load(t, s, 0).Epoch
	b := planned(revision(1, "x"), revision(2, "x"))
	save(t, s, 0, epoch, b)
	if err := s.Sent(t.Context(), 0, epoch, 1, nil); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		entries := unsent(t, s, 0, -1, 1<<20)
		if len(entries) != 1 || entries[0].Seq != 2 || len(entries[0].Messages) != 2 {
			t.Fatalf("unsent after sending 1: %+v", entries)
		}
		save(t, s, 0, epoch, b)
	}
	if err := s.Sent(t.Context(), 0, epoch, 2, nil); err != nil {
		t.Fatal(err)
	}
	epoch = load(t, s, 0).Epoch
	save(t, s, 0, epoch, b)
	// A smaller number sent later takes nothing back.
	if err := s.Sent(t.Context(), 0, epoch, 1, nil); err != nil {
		t.Fatal(err)
	}
	save(t, s, 0, epoch, b)
	if entries := unsent(t, s, 0, -1, 1<<20); len(entries) != 0 {
		t.Errorf("unsent after everything was sent: %+v", entries)
	}
}

func readBack(t *testing.T, s Stored) {
	epoch := load(t, s, 0).Epoch
	b := planned()
	save(t, s, 0, epoch, b)
	if got, want := load(t, s, 0).Sites[0].ReadBack, (stream.ReadBack{Site: "a", Next: -1}); got != want {
		t.Errorf("before any read-back: %+v, want %+v", got, want)
	}
	want := stream.ReadBack{Site: "a", Next: 41, Revision: 3}
	if err := s.Sent(t.Context(), 0, epoch+1, -1, []stream.ReadBack{want, {Site: "unknown", Next: 1}}); err != nil {
		t.Fatal(err)
	}
	save(t, s, 0, epoch+1, b)
	if got := load(t, s, 0).Sites[0].ReadBack; got != want {
		t.Errorf("read back to %+v, want %+v", got, want)
	}
}

func tombstones(t *testing.T, s Stored) {
	epoch := load(t, s, 0).Epoch
	save(t, s, 0, epoch, planned(revision(1, "x", "y"), revision(2, "-x")))
	lines, err := s.Lines(t.Context(), "a")
	if err != nil || len(lines) != 1 || lines[0].SKU != "y" {
		t.Errorf("lines are %+v, %v: want that of y", lines, err)
	}
	save(t, s, 0, epoch, planned(revision(3, "x")))
	lines, err = s.Lines(t.Context(), "a")
	if err != nil || len(lines) != 2 || string(lines[0].Value) != `{"sku":"x","revision":3, "x":0.10}` {
		t.Errorf("lines are %q, %v: want x back", lines, err)
	}
}

func current(t *testing.T, s Stored) {
	epoch := load(t, s, 0).Epoch
	ask := func(skus ...string) string {
		messages, err := s.Current(t.Context(), "a", skus)
		if err != nil {
			t.Fatal(err)
		}
		var said []string
		for _, m := range messages {
			if m.Topic != schemas.PlansTopic || m.Site != "a" {
				t.Errorf("message %q goes to topic %q as of site %q", m.Key, m.Topic, m.Site)
			}
			said = append(said, fmt.Sprintf("%s %s rev=%s", m.Key, m.Value, header(m, schemas.HeaderRevision)))
		}
		return strings.Join(said, "\n")
	}
	if got := ask("x"); got != "" {
		t.Errorf("of a site without plan: %s", got)
	}
	save(t, s, 0, epoch, planned(revision(1, "x", "y", "Z"), revision(2, "-x", "y")))
	want := "a/Z {\"sku\":\"Z\",\"revision\":1, \"x\":0.10} rev=1\n" + "a/x  rev=2\n" + "a/y {\"sku\":\"y\",\"revision\":2, \"x\":0.10} rev=2\n" +
		"a { \"site\":\"a\",\"revision\":2 ,\"cost\":{\"total\":1.50e2},\"b\":1,\"a\":\"é\"} rev=2"
	if got := ask("y", "x", "never", "Z"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := ask(); !strings.HasPrefix(got, "a {") {
		t.Errorf("without SKUs: %s, want the head", got)
	}
}

// olderRevision saves a revision again after a newer one: the newer one stays in force.
func olderRevision(t *testing.T, s Stored) {
	epoch := load(t, s, 0).Epoch
	save(t, s, 0, epoch, planned(revision(1, "x", "y")))
	save(t, s, 0, epoch, planned(revision(2, "x", "-y")))
	save(t, s, 0, epoch, planned(revision(1, "x", "y")))
	lines, err := s.Lines(t.Context(), "a")
	if err != nil || len(lines) != 1 || string(lines[0].Value) != `{"sku":"x","revision":2, "x":0.10}` {
		t.Errorf("lines are %q, %v: want revision 2", lines, err)
	}
	messages, err := s.Current(t.Context(), "a", nil)
	if err != nil || len(messages) != 1 || header(messages[0], schemas.HeaderRevision) != "2" {
		t.Errorf("head is %+v, %v: want that of revision 2", messages, err)
	}
}

func deadLetters(t *testing.T, s Stored) {
	epoch := load(t, s, 0).Epoch
	later := rejected(8)
	later.At, later.Key, later.Value, later.Headers = noon.Add(time.Minute), nil, []byte{}, nil
	other := rejected(9)
	other.Site, other.Reason, other.Detail, other.At = "b", "bad-quantity", "broken \xff and \x00 text", noon.Add(time.Hour)
	b := &stream.Batch{State: []byte("s"), DeadLetters: []stream.DeadLetter{rejected(7), later, other}}
	save(t, s, 0, epoch, b)
	save(t, s, 0, epoch, b)
	letters := func(site, reason string, limit int) string {
		got, err := s.DeadLetters(t.Context(), site, reason, limit)
		if err != nil {
			t.Fatal(err)
		}
		var offsets []string
		for _, d := range got {
			offsets = append(offsets, fmt.Sprint(d.OriginOffset))
		}
		return strings.Join(offsets, " ")
	}
	for _, ask := range []struct {
		site, reason string
		limit        int
		want         string
	}{
		{"", "", 10, "9 8 7"}, {"", "", 2, "9 8"}, {"a", "", 10, "8 7"}, {"", "bad-quantity", 10, "9"}, {"a", "bad-quantity", 10, ""},
	} {
		if got := letters(ask.site, ask.reason, ask.limit); got != ask.want {
			t.Errorf("dead letters of %q with %q, %d of them: %s, want %s", ask.site, ask.reason, ask.limit, got, ask.want)
		}
	}
	got, err := s.DeadLetters(t.Context(), "a", "", 10)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []stream.DeadLetter{later, rejected(7)} {
		d := got[i]
		if !d.At.Equal(want.At) || !sameBytes(d.Key, want.Key) || !sameBytes(d.Value, want.Value) || !sameHeaders(d.Headers, want.Headers) ||
			d.OriginTopic != want.OriginTopic || d.OriginPartition != want.OriginPartition || d.Reason != want.Reason || d.Detail != want.Detail {
			t.Errorf("dead letter is %+v, want %+v", d, want)
		}
	}
}

func auditReplaced(t *testing.T, s Stored) {
	epoch := load(t, s, 0).Epoch
	for n := range int64(3) {
		b := &stream.Batch{State: []byte("s"), Audit: []stream.AuditRow{
			{Site: "a", OriginTopic: "erp", OriginPartition: 1, Read: 10 * n, Kept: 4 * n, Flagged: 3 * n, Rejected: 2 * n, Duplicate: n, Repaired: n,
				Reasons: map[string]int64{"bad-date": 2 * n}},
			{Site: "a", OriginTopic: "erp", OriginPartition: 0, Read: n, Kept: n},
		}}
		save(t, s, 0, epoch, b)
		save(t, s, 0, epoch, b)
	}
	rows, err := s.Audit(t.Context())
	if err != nil || len(rows) != 2 {
		t.Fatalf("audit is %+v, %v", rows, err)
	}
	if r := rows[0]; r.OriginPartition != 0 || r.Read != 2 || r.Kept != 2 || len(r.Reasons) != 0 {
		t.Errorf("first row is %+v", r)
	}
	if r := rows[1]; r.Site != "a" || r.OriginTopic != "erp" || r.OriginPartition != 1 || r.Read != 20 || r.Kept != 8 || r.Flagged != 6 ||
		r.Rejected != 4 || r.Duplicate != 2 || r.Repaired != 2 || len(r.Reasons) != 1 || r.Reasons["bad-date"] != 4 {
		t.Errorf("second row is %+v", r)
	}
}

func header(m stream.Message, name string) string {
	for _, h := range m.Headers {
		if h.Key == name {
			return string(h.Value)
		}
	}
	return ""
}

func sameEntry(a, b stream.Unsent) bool {
	return a.Seq == b.Seq && a.Site == b.Site && a.Revision == b.Revision && slices.EqualFunc(a.Messages, b.Messages, sameMessage)
}

func sameMessage(a, b stream.Message) bool {
	return a.Topic == b.Topic && a.Site == b.Site && sameBytes(a.Key, b.Key) && sameBytes(a.Value, b.Value) && sameHeaders(a.Headers, b.Headers)
}

func sameHeaders(a, b []schemas.Header) bool {
	return slices.EqualFunc(a, b, func(a, b schemas.Header) bool { return a.Key == b.Key && sameBytes(a.Value, b.Value) })
}

// sameBytes tells nil from empty, as Kafka does.
func sameBytes(a, b []byte) bool { return (a == nil) == (b == nil) && bytes.Equal(a, b) }
