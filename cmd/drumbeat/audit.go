package main

import (
	"maps"
	"slices"
	"strconv"

	"drumbeat/cmd/drumbeat/internal/terminal"
	"drumbeat/stream"
)

// auditKey is the origin that a row counts: the newest row of each holds.
type auditKey struct {
	site, topic string
	partition   int32
}

// auditRows are the newest rows by origin.
type auditRows map[auditKey]stream.AuditRow

func (rows auditRows) take(list []stream.AuditRow) {
	for _, r := range list {
		rows[auditKey{r.Site, r.OriginTopic, r.OriginPartition}] = r
	}
}

// audit adds up the rows, without those of the topics left out.
func (rows auditRows) audit(without ...string) terminal.Audit {
	sum := terminal.Audit{ByReason: map[string]int64{}}
	for r := range maps.Values(rows) {
		if !slices.Contains(without, r.OriginTopic) {
			addAudit(&sum, &r)
		}
	}
	return sum
}

func addAudit(sum *terminal.Audit, r *stream.AuditRow) {
	sum.Read += r.Read
	sum.Kept += r.Kept
	sum.Flagged += r.Flagged
	sum.Rejected += r.Rejected
	sum.Duplicate += r.Duplicate
	sum.Repaired += r.Repaired
	for reason, n := range r.Reasons {
		sum.ByReason[reason] += n
	}
}

// auditOf is one row as the contract prints it.
func auditOf(r stream.AuditRow) terminal.Audit {
	sum := terminal.Audit{ByReason: map[string]int64{}}
	addAudit(&sum, &r)
	return sum
}

// auditTable shows what became of the records of every site and origin; the columns from kept to duplicate
// add up to read.
func auditTable(rows []stream.AuditRow) *terminal.Table {
	table := terminal.NewTable(terminal.Left("site"), terminal.Left("origin"), terminal.Right("read"), terminal.Right("kept"),
		terminal.Right("flagged"), terminal.Right("rejected"), terminal.Right("duplicate"), terminal.Right("repaired"))
	for _, r := range rows {
		table.Row(r.Site, r.OriginTopic+":"+strconv.Itoa(int(r.OriginPartition)), terminal.Count(r.Read), terminal.Count(r.Kept),
			terminal.Count(r.Flagged), terminal.Count(r.Rejected), terminal.Count(r.Duplicate), terminal.Count(r.Repaired))
	}
	return table
}
