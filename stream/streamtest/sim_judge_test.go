package streamtest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"drumbeat/schemas"
	"drumbeat/stream"
)

// judge watches a run from outside. It knows what was sent, adds it up, and looks at every save and every published
// record. It shares no code with what it judges but the reader of plans that consumers use.
type judge struct {
	s         *simulation
	violation string // the first

	claims   map[string]int32 // site: the partition that claimed it
	position [partitions]int64
	read     map[auditKey]int64 // distinct records up to the saved offset
	rejected map[auditKey]int64
	known    map[originKey]bool // of read
	audit    map[auditKey]stream.AuditRow

	revisions map[string]int64  // newest saved, by site
	contents  map[string][]byte // saved, by key of the plan topic and revision
	starts    map[string]schemas.Quantity
	status    map[string]string
	covered   map[string]int64 // by site: offset that the newest plan has read to
	reader    schemas.PlanReader
	highest   map[string]int64 // revision on the plan topic, by site
	written   map[string][]written

	late map[lateKey]bool // plans that were begun after their generation

	letters     map[originKey]string // saved: reason
	lettersSent map[originKey]bool   // published
}

// written is a record of the plan topic, whether it stands there still or not.
type written struct{ offset, revision int64 }

type auditKey struct {
	partition int32
	site      string
	from      int
}

type originKey struct {
	partition int32 // of drumbeat.events
	from      int
	offset    int64
}

// lateKey is a plan of a site, begun in a generation that ctx ends.
type lateKey struct {
	ctx  context.Context
	site string
}

func newJudge(s *simulation) *judge {
	return &judge{
		s: s, claims: map[string]int32{}, read: map[auditKey]int64{}, rejected: map[auditKey]int64{}, known: map[originKey]bool{},
		audit: map[auditKey]stream.AuditRow{}, revisions: map[string]int64{}, contents: map[string][]byte{},
		starts: map[string]schemas.Quantity{}, status: map[string]string{}, covered: map[string]int64{}, highest: map[string]int64{},
		written: map[string][]written{}, late: map[lateKey]bool{},
		letters: map[originKey]string{}, lettersSent: map[originKey]bool{},
	}
}

// fail notes the first violation.
func (j *judge) fail(format string, args ...any) {
	j.s.mu.Lock()
	defer j.s.mu.Unlock()
	if j.violation == "" {
		j.violation = fmt.Sprintf(format, args...)
	}
}

// outlives looks at a plan that an owner begins after its generation has ended. It may not have learnt that yet; once the
// plan has come back cut off, it has, and begins no other.
func (j *judge) outlives(ctx context.Context, site string) bool {
	key := lateKey{ctx, site}
	j.s.mu.Lock()
	again := j.late[key]
	j.late[key] = true
	j.s.mu.Unlock()
	if again {
		j.fail("partition %d: its generation has ended, and the owner goes on planning %s", partitionOf(ctx), site)
	}
	return again
}

// saved looks at a batch that the store has taken.
func (j *judge) saved(id int32, b *stream.Batch) {
	for _, r := range b.Sites {
		if of, ok := j.claims[r.Site]; ok && of != id {
			j.fail("partition %d saves site %s, which belongs to %d", id, r.Site, of)
		}
		j.claims[r.Site] = id
	}
	if b.Next < j.position[id] {
		j.fail("the offset of partition %d goes back from %d to %d", id, j.position[id], b.Next)
	}
	j.count(id, b)
	for i := range b.Revisions {
		j.revision(&b.Revisions[i], id)
	}
}

// count holds the counters against the records up to the saved offset.
func (j *judge) count(id int32, b *stream.Batch) {
	log := &j.s.broker.events[id]
	for ; j.position[id] < b.Next; j.position[id]++ {
		f := log.facts[j.position[id]]
		at := originKey{id, f.from, f.offset}
		key := auditKey{id, f.site, f.from}
		of, claimed := j.claims[f.site]
		elsewhere := claimed && of != id
		if f.class == beat || j.known[at] {
			continue
		}
		j.known[at] = true
		bad := f.class == spoiled
		if elsewhere { // no part of the site
			key.site, bad = fmt.Sprintf("(elsewhere-%d)", id), true
		}
		j.read[key]++
		if bad {
			j.rejected[key]++
		}
	}
	for _, d := range b.DeadLetters {
		at := originKey{id, int(d.OriginPartition), d.OriginOffset}
		if former, ok := j.letters[at]; ok && former != d.Reason {
			j.fail("origin %v is a dead letter twice: %s, %s", at, former, d.Reason)
		}
		j.letters[at] = d.Reason
	}
	for _, a := range b.Audit {
		j.audit[auditKey{id, a.Site, int(a.OriginPartition)}] = a
	}
	for key, read := range j.read {
		if key.partition != id {
			continue
		}
		a := j.audit[key]
		if a.Read != read || a.Kept+a.Flagged+a.Rejected+a.Duplicate != a.Read || a.Rejected != j.rejected[key] {
			j.fail("partition %d at offset %d: site %s, origin %d: %d read, %d rejected; the counters say %+v", id, b.Next, key.site, key.from, read, j.rejected[key], a)
		}
	}
}

// revision looks at a revision that was saved, perhaps again.
func (j *judge) revision(r *stream.Revision, id int32) {
	h, err := readHead(r.Head)
	if err != nil {
		j.fail("head of %s, revision %d: %v", r.Site, r.Revision, err)
		return
	}
	if r.Revision > j.revisions[r.Site]+1 {
		j.fail("%s: revision %d follows %d", r.Site, r.Revision, j.revisions[r.Site])
	}
	j.s.counts["revisions of plans"]++
	j.revisions[r.Site] = max(j.revisions[r.Site], r.Revision)
	j.content(r.Site, r.Revision, r.Head)
	for _, l := range r.Lines {
		j.content(schemas.PlanKey(r.Site, l.SKU), r.Revision, l.Value)
		if l.Value != nil {
			j.frozen(&h, l)
		}
	}
	if h.FrozenMoves != 0 {
		j.fail("%s: revision %d moves %d frozen values", r.Site, r.Revision, h.FrozenMoves)
	}
	if h.Input.Offset > j.position[id] {
		j.fail("%s: revision %d has read to %d, saved is %d", r.Site, r.Revision, h.Input.Offset, j.position[id])
	}
	j.status[r.Site], j.covered[r.Site] = r.Status, h.Input.Offset
}

// content wants one content of a revision, however often it is saved.
func (j *judge) content(key string, revision int64, value []byte) {
	id := key + "@" + strconv.FormatInt(revision, 10)
	if former, ok := j.contents[id]; ok && !bytes.Equal(former, value) {
		j.fail("%s is saved with two contents:\n%s\n%s", id, former, value)
	}
	j.contents[id] = bytes.Clone(value)
}

// frozen wants what one baseline starts in a frozen period to stay, where no internal orders take its place.
func (j *judge) frozen(h *schemas.Head, l stream.LineValue) {
	if h.Site != j.s.feed.sites[0].site {
		return
	}
	var line schemas.Line
	if err := json.Unmarshal(l.Value, &line); err != nil {
		j.fail("line %s/%s: %v", h.Site, l.SKU, err)
		return
	}
	for _, p := range line.Periods {
		if !p.Frozen {
			continue
		}
		key := fmt.Sprint(l.SKU, " ", p.Period, " ", h.Baseline)
		if former, ok := j.starts[key]; ok && former != p.Production {
			j.fail("%s: revision %d starts %v in frozen period %s, before it was %v", h.Site, h.Revision, p.Production, key, former)
		}
		j.starts[key] = p.Production
	}
}

// planPublished looks at a record of the plan topic as it is written.
func (j *judge) planPublished(r *stream.Record) {
	key, revision := string(r.Key), revisionOf(r.Headers)
	j.written[key] = append(j.written[key], written{r.Offset, revision})
	content, ok := j.contents[key+"@"+strconv.FormatInt(revision, 10)]
	if !ok || !bytes.Equal(content, r.Value) {
		j.fail("%s, revision %d, is published and was not saved", key, revision)
		return
	}
	closed, err := j.reader.Apply(r.Headers, key, r.Value)
	if err != nil {
		j.fail("%v", err)
		return
	}
	site, _, line := schemas.SplitPlanKey(key)
	if line || !closed || revision <= j.highest[site] {
		return
	}
	if revision != j.highest[site]+1 {
		j.fail("%s: the head of revision %d follows that of %d", site, revision, j.highest[site])
	}
	j.highest[site] = revision
	if !j.reader.Site(site).Complete() {
		j.fail("%s: the head of revision %d comes before its lines", site, revision)
	}
}

// sent looks at what the store was told of the plan topic: by the owner, and no last record that has to be overwritten
// stands before the position from which the next owner reads on.
func (j *judge) sent(id int32, epoch int64, back []stream.ReadBack) {
	if now, err := j.s.store.Epoch(context.Background(), id); err != nil || now != epoch {
		j.fail("partition %d: epoch %d says what is published, the owner's is %d: %v", id, epoch, now, err)
	}
	for _, b := range back {
		last := map[string]written{}
		for _, r := range j.s.broker.plans[schemas.PartitionOf([]byte(b.Site), partitions)].records {
			if site, _, _ := schemas.SplitPlanKey(string(r.Key)); site == b.Site {
				last[string(r.Key)] = written{r.Offset, revisionOf(r.Headers)}
			}
		}
		for key, stands := range last {
			newer := slices.ContainsFunc(j.written[key], func(w written) bool { return w.offset < stands.offset && w.revision > stands.revision })
			if newer && stands.offset < b.Next {
				j.fail("%s: its last record, at %d, is older than one before it, and the position read back is %d", key, stands.offset, b.Next)
			}
		}
	}
}

// letterPublished looks at a record of the dead-letter topic as it is written.
func (j *judge) letterPublished(m *stream.Message) {
	var at originKey
	for _, h := range m.Headers {
		n, err := strconv.ParseInt(string(h.Value), 10, 64)
		switch {
		case h.Key == schemas.HeaderOriginPartition && err == nil:
			at.from = int(n)
		case h.Key == schemas.HeaderOriginOffset && err == nil:
			at.offset = n
		}
	}
	if at.offset < int64(len(j.s.feed.topic[at.from])) {
		at.partition = j.s.feed.topic[at.from][at.offset].into
	}
	if _, ok := j.letters[at]; !ok {
		j.fail("a dead letter of origin %v is published and was not saved", at)
	}
	j.lettersSent[at] = true
}
