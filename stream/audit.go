package stream

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"

	"drumbeat/stream/repair"
)

// origin is the input partition that an event came from.
type origin struct {
	Topic     string
	Partition int32
}

func (o origin) compare(p origin) int {
	return cmp.Or(cmp.Compare(o.Topic, p.Topic), cmp.Compare(o.Partition, p.Partition))
}

// audit counts what became of every event of a site, by origin. An event is counted once as kept,
// flagged, rejected or duplicate, so that their sum is what was read; a repaired event is counted as
// repaired beside that. The zero value is empty.
type audit struct {
	origins map[origin]*tally
}

// tally holds the counters of one origin, since the site began.
type tally struct {
	kept, flagged, rejected, duplicate, repaired int64

	reasons map[string]int64
	changed bool // since the last rows
}

func (a *audit) of(o origin) *tally {
	t := a.origins[o]
	if t == nil {
		if a.origins == nil {
			a.origins = map[origin]*tally{}
		}
		t = &tally{reasons: map[string]int64{}}
		a.origins[o] = t
	}
	t.changed = true
	return t
}

// kept counts an event that was applied.
func (a *audit) kept(o origin) { a.of(o).kept++ }

// flagged counts an event whose quantity was held when it arrived.
func (a *audit) flagged(o origin, reason string) {
	t := a.of(o)
	t.flagged++
	t.reasons[reason]++
}

// rejected counts a dead letter.
func (a *audit) rejected(o origin, reason string) {
	t := a.of(o)
	t.rejected++
	t.reasons[reason]++
}

// duplicate counts an event that had been seen.
func (a *audit) duplicate(o origin) { a.of(o).duplicate++ }

// repaired counts one event that was repaired, and each of its repairs by kind; an empty set counts
// nothing.
func (a *audit) repaired(o origin, set repair.Set) {
	if set == 0 {
		return
	}
	t := a.of(o)
	t.repaired++
	for kind := range set.All() {
		t.reasons[kind.String()]++
	}
}

// rows returns the counters that have changed since the last call, in the order of their origins.
func (a *audit) rows(site string) []AuditRow {
	var rows []AuditRow
	for _, o := range a.sorted() {
		t := a.origins[o]
		if !t.changed {
			continue
		}
		t.changed = false
		rows = append(rows, t.row(site, o))
	}
	return rows
}

func (t *tally) row(site string, o origin) AuditRow {
	return AuditRow{
		Site: site, OriginTopic: o.Topic, OriginPartition: o.Partition,
		Read: t.kept + t.flagged + t.rejected + t.duplicate,
		Kept: t.kept, Flagged: t.flagged, Rejected: t.rejected, Duplicate: t.duplicate, Repaired: t.repaired,
		Reasons: maps.Clone(t.reasons),
	}
}

// note counts a reason that goes with a kept record.
func (a *audit) note(o origin, reason string) { a.of(o).reasons[reason]++ }

// unflag turns a record that was held, with the repairs that were counted then, into a rejected one: only what
// is kept or flagged counts as repaired.
func (a *audit) unflag(o origin, was, reason string, repairs repair.Set) {
	t := a.of(o)
	t.flagged--
	t.rejected++
	t.forget(was)
	t.reasons[reason]++
	if repairs == 0 {
		return
	}
	t.repaired--
	for kind := range repairs.All() {
		t.forget(kind.String())
	}
}

// forget takes back one count of a reason.
func (t *tally) forget(reason string) {
	if t.reasons[reason]--; t.reasons[reason] == 0 {
		delete(t.reasons, reason)
	}
}

// all returns the rows of every origin.
func (a *audit) all(site string) []AuditRow {
	var rows []AuditRow
	for _, o := range a.sorted() {
		rows = append(rows, a.origins[o].row(site, o))
	}
	return rows
}

// total is the sum over all origins.
func (a *audit) total(site string) AuditRow {
	sum := tally{reasons: map[string]int64{}}
	for _, t := range a.origins {
		sum.kept += t.kept
		sum.flagged += t.flagged
		sum.rejected += t.rejected
		sum.duplicate += t.duplicate
		sum.repaired += t.repaired
		for reason, n := range t.reasons {
			sum.reasons[reason] += n
		}
	}
	return sum.row(site, origin{})
}

func (a *audit) sorted() []origin {
	return slices.SortedFunc(maps.Keys(a.origins), origin.compare)
}

// auditJSON is the saved form of one origin's counters.
type auditJSON struct {
	Topic     string           `json:"topic"`
	Partition int32            `json:"partition"`
	Kept      int64            `json:"kept"`
	Flagged   int64            `json:"flagged"`
	Rejected  int64            `json:"rejected"`
	Duplicate int64            `json:"duplicate"`
	Repaired  int64            `json:"repaired"`
	Reasons   map[string]int64 `json:"reasons,omitempty"`
}

// MarshalJSON writes the counters in the order of their origins. That rows are due is not saved: the
// batch that carries the state carries the rows too.
func (a audit) MarshalJSON() ([]byte, error) {
	saved := make([]auditJSON, 0, len(a.origins))
	for _, o := range a.sorted() {
		t := a.origins[o]
		saved = append(saved, auditJSON{
			Topic: o.Topic, Partition: o.Partition,
			Kept: t.kept, Flagged: t.flagged, Rejected: t.rejected, Duplicate: t.duplicate, Repaired: t.repaired,
			Reasons: t.reasons,
		})
	}
	return json.Marshal(saved)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (a *audit) UnmarshalJSON(data []byte) error {
	var saved []auditJSON
	if err := json.Unmarshal(data, &saved); err != nil {
		return err
	}
	*a = audit{origins: make(map[origin]*tally, len(saved))}
	for _, s := range saved {
		t := &tally{
			kept: s.Kept, flagged: s.Flagged, rejected: s.Rejected, duplicate: s.Duplicate, repaired: s.Repaired,
			reasons: s.Reasons,
		}
		if t.reasons == nil {
			t.reasons = map[string]int64{}
		}
		a.origins[origin{s.Topic, s.Partition}] = t
	}
	return nil
}
