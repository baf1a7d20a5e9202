package schemas

import (
	"maps"
	"slices"
	"strconv"
	"testing"

	"pgregory.net/rapid"
)

// planLog is the log of one partition of the plans topic with several sites on it: what their owner publishes,
// what a former owner still writes over it, and what the owner then writes again.
type planLog struct {
	t       *rapid.T
	records []planRecord
	thinned bool // compaction runs: a late record may cost the one that it comes after, until the owner writes that again
	sites   map[string]*publishedSite
}

type publishedSite struct {
	revision int64
	newest   map[string]planRecord       // by key, as the owner has them
	sent     []planRecord                // by the owner, the older ones first
	plans    map[int64]map[string][]byte // by revision: the lines that stand after its head
}

func newPlanLog(t *rapid.T) *planLog {
	l := &planLog{t: t, sites: map[string]*publishedSite{}}
	for _, name := range []string{"east", "west"} {
		l.sites[name] = &publishedSite{newest: map[string]planRecord{}, plans: map[int64]map[string][]byte{0: {}}}
	}
	return l
}

// draw publishes until every site has some revisions, in any mixture, and leaves nothing overwritten.
func (l *planLog) draw() {
	for range rapid.IntRange(1, 12).Draw(l.t, "steps") {
		name := rapid.SampledFrom([]string{"east", "west"}).Draw(l.t, "site")
		switch s := l.sites[name]; rapid.IntRange(0, 4).Draw(l.t, "step") {
		default:
			l.publish(name, s)
		case 3: // the answer was lost
			for _, rec := range s.sent[max(0, len(s.sent)-rapid.IntRange(0, 4).Draw(l.t, "again")):] {
				l.records = append(l.records, rec)
			}
		case 4:
			l.repair(name, s, l.wake(s))
		}
	}
}

// publish writes the next revision: changed lines and tombstones, then the head.
func (l *planLog) publish(site string, s *publishedSite) {
	s.revision++
	lines := maps.Clone(s.plans[s.revision-1])
	revision := header(HeaderRevision, strconv.FormatInt(s.revision, 10))
	status := rapid.SampledFrom([]PlanStatus{PlanOptimal, PlanOptimal, PlanOptimal, PlanDegraded, PlanInfeasible}).Draw(l.t, "status")
	if status == PlanOptimal {
		for _, sku := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"A", `B "x"\`, "B/C", "Ω"}), 0, 4, rapid.ID[string]).Draw(l.t, "changed") {
			rec := planRecord{revision, PlanKey(site, sku), nil}
			if _, there := lines[sku]; there && rapid.IntRange(0, 2).Draw(l.t, "leaves") == 0 {
				delete(lines, sku)
			} else {
				line := Line{Site: site, SKU: sku, Revision: s.revision, Cost: float64(len(l.records))}
				rec.value = line.Append(nil)
				lines[sku] = rec.value
			}
			l.send(s, rec)
		}
	}
	s.plans[s.revision] = lines
	var late []planRecord
	if rapid.IntRange(0, 3).Draw(l.t, "between") == 0 {
		late = l.wake(s)
	}
	h := Head{Site: site, Revision: s.revision, Status: status, Lines: len(lines), Checksum: Checksum(lines)}
	l.send(s, planRecord{revision, site, h.Append(nil)})
	l.repair(site, s, late)
}

func (l *planLog) send(s *publishedSite, rec planRecord) {
	s.newest[rec.key] = rec
	s.sent = append(s.sent, rec)
	l.records = append(l.records, rec)
}

// wake lets a former owner write old records once more.
func (l *planLog) wake(s *publishedSite) (late []planRecord) {
	if len(s.sent) > 0 {
		late = rapid.SliceOfN(rapid.SampledFrom(s.sent), 1, 4).Draw(l.t, "late")
		l.records = append(l.records, late...)
	}
	return late
}

// repair is what the owner does about late records when it has read them back: it writes the newest of their keys
// again, and the head.
func (l *planLog) repair(site string, s *publishedSite, late []planRecord) {
	for _, rec := range late {
		if rec.key != site {
			l.records = append(l.records, s.newest[rec.key])
		}
	}
	if len(late) > 0 {
		l.records = append(l.records, s.newest[site])
	}
}

// compacted is what compaction leaves of the records before an offset, by offset: of each key the newest, of the
// others any, and of the newest tombstones from an offset on all, of those before it any.
func (l *planLog) compacted(end, tombstones int) map[int]planRecord {
	dirty := 0
	if l.thinned {
		dirty = rapid.IntRange(0, end).Draw(l.t, "dirty from")
	}
	newest := map[string]int{}
	for i, rec := range l.records[:dirty] {
		newest[rec.key] = i
	}
	left, kept := map[int]planRecord{}, map[string]bool{}
	for i, rec := range l.records[:end] {
		gone := i < dirty && (newest[rec.key] != i || rec.value == nil && i < tombstones && !kept[rec.key])
		if !gone || !rapid.Bool().Draw(l.t, "gone") {
			left[i], kept[rec.key] = rec, true
		}
	}
	return left
}

// purchaser is who acts on plans: it takes over the lines of a plan that it has proven.
type purchaser struct {
	reader PlanReader
	next   int
	orders map[string]map[string][]byte // by site: published lines by SKU
	acted  map[string]int64             // by site: revision
}

// read goes on from where it stands up to the end of a log.
func (p *purchaser) read(l *planLog, left map[int]planRecord) {
	for _, at := range slices.Sorted(maps.Keys(left)) {
		if at < p.next {
			continue
		}
		p.next = at + 1
		rec := left[at]
		site, _, _ := SplitPlanKey(rec.key)
		held, proven := p.proven(site)
		closed, err := p.reader.Apply(rec.headers, rec.key, rec.value)
		if err != nil {
			l.t.Fatal(err)
		}
		revision, ok := p.proven(site)
		if revision < held || revision == held && proven && !ok && !l.thinned {
			l.t.Fatalf("record %d, %s: revision %d, proven %v, after %d, proven %v", at, rec.key, revision, ok, held, proven)
		}
		if !ok {
			continue
		}
		lines := p.reader.Site(site).Lines()
		if !sameLines(lines, l.sites[site].plans[revision]) {
			l.t.Fatalf("record %d, %s: revision %d is proven with %s, want %s", at, rec.key, revision, lines, l.sites[site].plans[revision])
		}
		if closed && revision > p.acted[site] {
			p.acted[site], p.orders[site] = revision, lines
		}
	}
}

// proven is the revision that the reader holds of a site, and whether it is whole.
func (p *purchaser) proven(site string) (revision int64, ok bool) {
	plan := p.reader.Site(site)
	if plan == nil || plan.Head == nil {
		return 0, false
	}
	return plan.Head.Revision, plan.Complete()
}

// Whatever compaction leaves, whoever else has written, and however often a reader stops: at the end it has acted
// on the newest plan of every site, proven by its checksum, and never on anything that was not a plan.
func TestPlanReaderInSessions(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := newPlanLog(t)
		l.draw()
		l.thinned = rapid.Bool().Draw(t, "compaction runs")
		p := &purchaser{orders: map[string]map[string][]byte{}, acted: map[string]int64{}}
		for end := 0; end < len(l.records); {
			if end = rapid.IntRange(end, len(l.records)).Draw(t, "end"); rapid.IntRange(0, 3).Draw(t, "last") == 0 {
				end = len(l.records)
			}
			tombstones := p.next
			switch rapid.IntRange(0, 3).Draw(t, "session") {
			case 0: // what it has acted on is all that it has kept
				p.reader, p.next, tombstones = PlanReader{}, 0, 0
			case 1: // and it was away for so long that tombstones have gone
				p.reader, p.next, tombstones = PlanReader{}, 0, end
			}
			p.read(l, l.compacted(end, tombstones))
		}
		for site, s := range l.sites {
			if s.revision == 0 {
				continue
			}
			if revision, ok := p.proven(site); revision != s.revision || !ok {
				t.Fatalf("site %s: the reader holds revision %d, proven %v, want %d", site, revision, ok, s.revision)
			}
			if p.acted[site] != s.revision || !sameLines(p.orders[site], s.plans[s.revision]) {
				t.Fatalf("site %s: acted on revision %d with %s, want %d with %s", site, p.acted[site], p.orders[site], s.revision, s.plans[s.revision])
			}
		}
	})
}
