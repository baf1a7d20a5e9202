package schemas

import (
	"bytes"
	"maps"
	"strconv"
	"testing"

	"pgregory.net/rapid"
)

// planRecord is one record of the plans topic.
type planRecord struct {
	headers []Header
	key     string
	value   []byte
}

// drawTopic publishes some revisions of one site's plan and returns the topic with the lines that
// stand after each head, by the head's place in the topic.
func drawTopic(t *rapid.T) (topic []planRecord, after map[int]map[string][]byte) {
	after = map[int]map[string][]byte{}
	lines := map[string][]byte{}
	last := rapid.Int64Range(1, 6).Draw(t, "revisions")
	for revision := int64(1); revision <= last; revision++ {
		for _, sku := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"A", "B", "B/C", "D"}), 0, 4, rapid.ID[string]).Draw(t, "changed") {
			if _, there := lines[sku]; there && rapid.IntRange(0, 2).Draw(t, "leaves") == 0 {
				delete(lines, sku)
				topic = append(topic, planRecord{header(HeaderRevision, strconv.FormatInt(revision, 10)), PlanKey("s", sku), nil})
				continue
			}
			l := Line{Site: "s", SKU: sku, Revision: revision, Cost: genMoney.Draw(t, "cost")}
			lines[sku] = l.Append(nil)
			topic = append(topic, planRecord{nil, PlanKey("s", sku), lines[sku]})
		}
		h := Head{Site: "s", Revision: revision, Status: PlanOptimal, Lines: len(lines), Checksum: Checksum(lines)}
		after[len(topic)] = maps.Clone(lines)
		topic = append(topic, planRecord{nil, "s", h.Append(nil)})
	}
	return topic, after
}

func apply(t *rapid.T, r *PlanReader, rec planRecord) bool {
	closed, err := r.Apply(rec.headers, rec.key, rec.value)
	if err != nil {
		t.Fatal(err)
	}
	return closed
}

func sameLines(a, b map[string][]byte) bool { return maps.EqualFunc(a, b, bytes.Equal) }

// A reader that sees the whole topic holds a proven plan after every head and at all times between.
func TestPlanReaderFollowsEveryRevision(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		topic, after := drawTopic(t)
		var r PlanReader
		var want map[string][]byte
		for i, rec := range topic {
			if closed := apply(t, &r, rec); closed != (after[i] != nil) {
				t.Fatalf("record %d, %s, closed: %v", i, rec.key, closed)
			}
			if after[i] != nil {
				want = after[i]
			}
			if want == nil {
				continue
			}
			if p := r.Site("s"); !p.Complete() || !sameLines(p.Lines(), want) {
				t.Fatalf("after record %d of %d: %s, want %s", i, len(topic), p.Lines(), want)
			}
			// A former owner that wakes up sends something old again.
			if rapid.IntRange(0, 3).Draw(t, "late") == 0 {
				old := topic[rapid.IntRange(0, i).Draw(t, "which")]
				apply(t, &r, old)
				if p := r.Site("s"); !p.Complete() || !sameLines(p.Lines(), want) {
					t.Fatalf("an old record %s, sent again after %d, changed the plan to %s, want %s", old.key, i, p.Lines(), want)
				}
			}
		}
	})
}

// A reader that finds the topic compacted, in any state of that, ends with the last plan, proven.
func TestPlanReaderAfterCompaction(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		topic, after := drawTopic(t)
		// Compaction may have dropped, of the records before some point, any that a later one under the
		// same key supersedes before that point; and tombstones after their time, which is later than
		// that of all they supersede.
		dirty := rapid.IntRange(0, len(topic)).Draw(t, "dirty from")
		last := map[string]int{}
		for i, rec := range topic[:dirty] {
			last[rec.key] = i
		}
		var r PlanReader
		kept := map[string]bool{}
		for i, rec := range topic {
			superseded := i < dirty && (last[rec.key] > i || rec.value == nil && !kept[rec.key])
			if superseded && rapid.Bool().Draw(t, "gone") {
				continue
			}
			kept[rec.key] = true
			apply(t, &r, rec)
		}
		if p := r.Site("s"); !p.Complete() || !sameLines(p.Lines(), after[len(topic)-1]) {
			t.Fatalf("got %s, want %s", p.Lines(), after[len(topic)-1])
		}
	})
}

func TestPlanReaderRefusesWhatIsNoPlan(t *testing.T) {
	var r PlanReader
	head := (&Head{Site: "s", Revision: 1, Checksum: Checksum(nil)}).Append(nil)
	for _, rec := range []planRecord{
		{nil, "", head}, {nil, "a b", head}, {nil, "s/", nil}, {nil, "s", nil}, {nil, "s", []byte(`{`)}, {nil, "other", head},
		{nil, "s", []byte(`{"site":"s"}`)}, {nil, "s/A", nil}, {header(HeaderRevision, "x"), "s/A", nil}, {header(HeaderRevision, "0"), "s/A", nil},
		{nil, "s/A", []byte(`{"sku":"A"}`)},
	} {
		if _, err := r.Apply(rec.headers, rec.key, rec.value); err == nil {
			t.Errorf("%q with %q was taken", rec.key, rec.value)
		}
	}
	if got := r.Sites(); len(got) != 0 {
		t.Errorf("sites %s came of it", got)
	}
	if r.Site("s") != nil {
		t.Error("a site came of it")
	}
}
