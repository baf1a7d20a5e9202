package postgres

import (
	"drumbeat/stream"
)

func auditStage(partition int32, b *stream.Batch) stage {
	type key struct {
		site, topic string
		partition   int32
	}
	rows := last(b.Audit, func(a stream.AuditRow) key { return key{a.Site, a.OriginTopic, a.OriginPartition} })
	return stage{
		table: "in_audit", rows: len(rows),
		columns: []string{"site", "origin_topic", "origin_partition", "partition", "read", "kept", "flagged", "rejected", "duplicate", "repaired", "reasons"},
		row: func(i int) []any {
			r := &rows[i]
			reasons := r.Reasons
			if reasons == nil {
				reasons = map[string]int64{}
			}
			return []any{text(r.Site), text(r.OriginTopic), r.OriginPartition, partition, r.Read, r.Kept, r.Flagged, r.Rejected, r.Duplicate, r.Repaired, reasons}
		},
		merge: []string{`
			INSERT INTO drumbeat.audit (site, origin_topic, origin_partition, partition, read, kept, flagged, rejected, duplicate, repaired, reasons)
			SELECT site, origin_topic, origin_partition, partition, read, kept, flagged, rejected, duplicate, repaired, reasons FROM in_audit
			ON CONFLICT (site, origin_topic, origin_partition, partition) DO UPDATE SET read = excluded.read, kept = excluded.kept,
				flagged = excluded.flagged, rejected = excluded.rejected, duplicate = excluded.duplicate, repaired = excluded.repaired,
				reasons = excluded.reasons, updated_at = excluded.updated_at`},
	}
}

func deadLetterStage(b *stream.Batch) stage {
	type key struct {
		topic     string
		partition int32
		offset    int64
	}
	rows := last(b.DeadLetters, func(d stream.DeadLetter) key { return key{d.OriginTopic, d.OriginPartition, d.OriginOffset} })
	return stage{
		table: "in_dead_letters", rows: len(rows),
		columns: []string{"site", "origin_topic", "origin_partition", "origin_offset", "reason", "detail", "rejected_at", "key", "value", "header_keys", "header_values"},
		row: func(i int) []any {
			r := &rows[i]
			keys, values := make([][]byte, len(r.Headers)), make([][]byte, len(r.Headers))
			for j, h := range r.Headers {
				keys[j], values[j] = []byte(h.Key), h.Value
			}
			return []any{text(r.Site), text(r.OriginTopic), r.OriginPartition, r.OriginOffset, text(r.Reason), text(r.Detail), r.At, r.Key, r.Value, keys, values}
		},
		merge: []string{`
			INSERT INTO drumbeat.dead_letters (site, origin_topic, origin_partition, origin_offset, reason, detail, rejected_at, key, value, header_keys, header_values)
			SELECT site, origin_topic, origin_partition, origin_offset, reason, detail, rejected_at, key, value, header_keys, header_values FROM in_dead_letters
			ON CONFLICT (origin_topic, origin_partition, origin_offset) DO UPDATE SET site = excluded.site, reason = excluded.reason,
				detail = excluded.detail, rejected_at = excluded.rejected_at, key = excluded.key, value = excluded.value,
				header_keys = excluded.header_keys, header_values = excluded.header_values`},
	}
}

// outboxStage leaves out what has been sent: a batch that is saved again must not bring it back.
func outboxStage(partition int32, b *stream.Batch) stage {
	rows := last(b.Outbox, func(o stream.OutboxEntry) int64 { return o.Seq })
	return stage{
		table: "in_outbox", rows: len(rows),
		columns: []string{"partition", "seq", "site", "revision", "origin_topic", "origin_partition", "origin_offset"},
		row: func(i int) []any {
			r := &rows[i]
			return []any{partition, r.Seq, text(r.Site), r.Revision, text(r.OriginTopic), r.OriginPartition, r.OriginOffset}
		},
		merge: []string{`
			INSERT INTO drumbeat.outbox (partition, seq, site, revision, origin_topic, origin_partition, origin_offset)
			SELECT i.partition, i.seq, i.site, i.revision, i.origin_topic, i.origin_partition, i.origin_offset
			FROM in_outbox i JOIN drumbeat.partitions p ON p.partition = i.partition WHERE i.seq > p.sent_seq
			ON CONFLICT (partition, seq) DO UPDATE SET site = excluded.site, revision = excluded.revision, origin_topic = excluded.origin_topic,
				origin_partition = excluded.origin_partition, origin_offset = excluded.origin_offset`},
	}
}
