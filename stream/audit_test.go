package stream

import (
	"encoding/json"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"drumbeat/stream/repair"
)

// Whatever is counted, the parts add up to what was read, rows tell every change once, and a restart
// forgets nothing.
func TestAuditAddsUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var a audit
		read := map[origin]int64{}
		changed := map[origin]bool{}
		told := map[origin]AuditRow{} // the newest row of each origin
		origins := rapid.SampledFrom([]origin{{"erp.sales", 0}, {"erp.sales", 1}, {"erp.sales", 10}, {"erp.stock", 0}, {"", -1}})
		tell := func() {
			var last *AuditRow
			for _, row := range a.rows("north") {
				o := origin{row.OriginTopic, row.OriginPartition}
				if !changed[o] || row.Site != "north" {
					t.Fatalf("row %+v of an origin that has not changed", row)
				}
				if last != nil && o.compare(origin{last.OriginTopic, last.OriginPartition}) <= 0 {
					t.Fatalf("%v after %v", row, *last)
				}
				delete(changed, o)
				told[o], last = row, &row
			}
			if len(changed) > 0 {
				t.Fatalf("no rows of %v", changed)
			}
		}
		for range rapid.IntRange(0, 50).Draw(t, "events") {
			o := origins.Draw(t, "origin")
			why := rapid.SampledFrom([]string{"bad-date", "outlier", "missing-sku"}).Draw(t, "reason")
			switch rapid.IntRange(0, 6).Draw(t, "what") {
			case 0:
				a.kept(o)
			case 1:
				a.flagged(o, why)
			case 2:
				a.rejected(o, why)
			case 3:
				a.duplicate(o)
			case 4:
				a.repaired(o, 0)
				var set repair.Set
				set.Add(repair.DMY)
				set.Add(repair.SKUForm)
				a.repaired(o, set)
				a.kept(o)
			case 6: // held, then given up
				var set repair.Set
				if rapid.Bool().Draw(t, "repaired") {
					set.Add(repair.Dots)
				}
				a.flagged(o, "waiting")
				a.repaired(o, set)
				a.unflag(o, "waiting", why, set)
			case 5:
				tell()
				tell()
				data, err := json.Marshal(a)
				if err != nil {
					t.Fatal(err)
				}
				var again audit
				if err := json.Unmarshal(data, &again); err != nil {
					t.Fatal(err)
				}
				if second, err := json.Marshal(again); err != nil || string(second) != string(data) {
					t.Fatalf("saved %s, then %s (%v)", data, second, err)
				}
				a = again
				continue
			}
			read[o]++
			changed[o] = true
		}
		tell()
		var all int64
		for o, n := range read {
			row := told[o]
			if row.Read != n || row.Kept+row.Flagged+row.Rejected+row.Duplicate != n {
				t.Fatalf("%v: %+v, want %d read", o, row, n)
			}
			var reasons int64
			for reason, n := range row.Reasons {
				if n <= 0 {
					t.Fatalf("%v: %d of %s", o, n, reason)
				}
				reasons += n
			}
			if want := row.Flagged + row.Rejected + 2*row.Repaired; reasons != want {
				t.Fatalf("%v: reasons %v add up to %d, want %d", o, row.Reasons, reasons, want)
			}
			all += n
		}
		if total := a.total("north"); total.Read != all {
			t.Fatalf("total %+v, want %d read", total, all)
		}
	})
}

// A row that was handed out is the batch's: counting on does not change it.
func TestAuditRowsAreCopies(t *testing.T) {
	var a audit
	o := origin{"erp.sales", 0}
	a.rejected(o, "bad-date")
	rows := a.rows("s")
	want := AuditRow{Site: "s", OriginTopic: "erp.sales", Read: 1, Rejected: 1, Reasons: map[string]int64{"bad-date": 1}}
	a.rejected(o, "bad-date")
	if len(rows) != 1 || !reflect.DeepEqual(rows[0], want) {
		t.Errorf("got %+v, want %+v", rows, want)
	}
}
