package soak

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"time"

	"drumbeat/schemas"
	"drumbeat/stream"
)

// planRecord is a record of the plans topic: a line that makes units in a frozen period, or without units a head.
func planRecord(t *testing.T, revision int64, sku string, units int) *stream.Record {
	t.Helper()
	rec := &stream.Record{Key: []byte("plant"), Headers: []schemas.Header{{Key: schemas.HeaderRevision, Value: strconv.AppendInt(nil, revision, 10)}}}
	var v any = &schemas.Head{Site: "plant", Revision: revision, CreatedAt: time.Unix(revision, 0).UTC(), Now: time.Unix(0, 0).UTC()}
	if sku != "" {
		rec.Key = []byte(schemas.PlanKey("plant", sku))
		v = &schemas.Line{Site: "plant", SKU: sku, Revision: revision, Reason: strconv.Itoa(units), Periods: []schemas.LinePeriod{
			{Period: "2026-01-05", Frozen: true, Production: schemas.Quantity(units) * schemas.Unit}, {Period: "2026-01-12", Production: schemas.Unit},
		}}
	}
	var err error
	if rec.Value, err = json.Marshal(v); err != nil {
		t.Fatal(err)
	}
	return rec
}

// The judge finds what it is there to find, and nothing in what is as it should be.
func TestJudgeOfPlanRecords(t *testing.T) {
	line := func(revision int64, sku string, units int) *stream.Record { return planRecord(t, revision, sku, units) }
	head := func(revision int64) *stream.Record { return planRecord(t, revision, "", 0) }
	for _, c := range []struct {
		name    string
		records []*stream.Record
		broken  string // part of what is said; "": nothing is
		late    int
		frozen  int
	}{
		{"two revisions", []*stream.Record{line(1, "A", 5), line(1, "B", 7), head(1), line(2, "A", 5), head(2)}, "", 0, 0},
		{"a revision again, after a crash", []*stream.Record{line(1, "A", 5), line(1, "A", 5), head(1), head(1)}, "", 0, 0},
		{"a late owner, overwritten", []*stream.Record{line(1, "A", 5), head(1), line(2, "A", 5), head(2), line(1, "A", 5), line(2, "A", 5)}, "", 1, 0},
		{"one revision with two contents", []*stream.Record{line(1, "A", 5), line(1, "A", 6), head(1)}, "twice with different content", 0, 0},
		{"a frozen move", []*stream.Record{line(1, "A", 5), head(1), line(2, "A", 6), head(2)}, "frozen period 2026-01-05", 0, 1},
		{"a late record is no frozen move", []*stream.Record{line(2, "A", 5), head(2), line(1, "A", 9), line(3, "A", 5), head(3)}, "", 1, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := &Verdict{}
			p := newPlanRecords("plant", v)
			for _, rec := range c.records {
				if err := p.take(string(rec.Key), rec); err != nil {
					t.Fatal(err)
				}
			}
			said := strings.Join(v.Broken, "\n")
			if (c.broken == "") != (said == "") || !strings.Contains(said, c.broken) {
				t.Errorf("%q, want %q", said, c.broken)
			}
			if v.Late != c.late || v.FrozenMoves != c.frozen || v.PlanRecords != len(c.records) {
				t.Errorf("%d late, %d frozen moves, %d records; want %d, %d, %d", v.Late, v.FrozenMoves, v.PlanRecords, c.late, c.frozen, len(c.records))
			}
		})
	}
}

// What the feed has sent is what it says that it has sent, and sites are alone on their partitions.
func TestFeedKeepsItsSums(t *testing.T) {
	f := &Feed{Sites: Sites(16), SKUs: 3, Day: func(n int64) schemas.Date { return schemas.Date(20000 + n%2) }}
	partitions := map[int]bool{}
	for _, site := range f.Sites {
		partitions[schemas.PartitionOf([]byte(site), schemas.EventsPartitions)] = true
	}
	if len(partitions) != 16 {
		t.Errorf("16 sites on %d partitions", len(partitions))
	}
	var d schemas.Decoder
	units := map[string]map[string]int64{}
	ids := map[string]bool{}
	for range 3 {
		p, err := f.Next(100)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range p.Messages {
			var ev schemas.Event
			if err := d.Decode(nil, m.Value, &ev); err != nil {
				t.Fatal(err)
			}
			n, err := strconv.ParseInt(ev.Sale.Quantity.Raw, 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			if units[ev.Site] == nil {
				units[ev.Site] = map[string]int64{}
			}
			units[ev.Site][strings.Clone(ev.Sale.SKU.Raw)] += n
			ids[strings.Clone(ev.ID)] = true
		}
		f.Accept(p)
	}
	if f.Accepted() != 300 || len(ids) != 300 {
		t.Errorf("%d events accepted, %d identities, want 300", f.Accepted(), len(ids))
	}
	for site, skus := range units {
		for sku, n := range skus {
			if f.units[site][sku] != n {
				t.Errorf("%d units of %s/%s, %d were sent", f.units[site][sku], site, sku, n)
			}
		}
	}
}

func TestReport(t *testing.T) {
	r := &Report{
		Verdict: &Verdict{Accepted: 1_234_567, Counted: 1_234_567, SameChecksum: sites}, Offered: 100_000, Load: time.Minute,
		MemoryBegin: 100e6, MemoryEnd: 109e6,
	}
	r.due("kill -9 of intake")
	if broken := r.Broken(); len(broken) != 1 || !strings.Contains(broken[0], "has not happened") {
		t.Errorf("%v", broken)
	}
	r.happened("kill -9 of intake")
	r.pause("kill -9 of intake", 3*time.Second)
	if said := r.String(); len(r.Broken()) != 0 || !strings.Contains(said, "1,234,567") || !strings.Contains(said, "every promise held") || !strings.Contains(said, "1    3.0 s") {
		t.Errorf("%v\n%s", r.Broken(), said)
	}
	r.MemoryEnd = 111e6
	r.Verdict.broken("a promise")
	if said := r.String(); len(r.Broken()) != 2 || strings.Contains(said, "every promise held") || !strings.Contains(said, "BROKEN: a promise") {
		t.Errorf("%v\n%s", r.Broken(), said)
	}
}
