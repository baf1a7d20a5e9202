package postgres

import (
	"context"
	"fmt"
	"time"

	"drumbeat/schemas"
	"drumbeat/stream"

	"github.com/jackc/pgx/v5"
)

// outboxPage is how many entries are looked at together.
const outboxPage = 500

// Unsent implements [stream.Store]. Messages are made from what is stored for good, so the outbox itself
// holds only references.
func (s *Store) Unsent(ctx context.Context, partition int32, after int64, maxBytes int) ([]stream.Unsent, error) {
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	var unsent []stream.Unsent
	options := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	err := pgx.BeginTxFunc(ctx, s.pool, options, func(tx pgx.Tx) error {
		unsent = nil
		bytes := 0
		for {
			page, err := readOutbox(ctx, tx, partition, after, maxBytes-bytes)
			if err != nil {
				return err
			}
			for _, entry := range page {
				if entry.Revision > 0 {
					if entry.Messages, err = revisionMessages(ctx, tx, entry.Site, entry.Revision); err != nil {
						return err
					}
				}
				bytes += size(entry.Messages)
				if bytes > maxBytes && len(unsent) > 0 {
					return nil
				}
				unsent = append(unsent, entry)
				after = entry.Seq
			}
			if len(page) == 0 || bytes >= maxBytes {
				return nil
			}
		}
	})
	if err != nil {
		return nil, fmt.Errorf("stream/postgres: outbox of partition %d: %w", partition, err)
	}
	return unsent, nil
}

// readOutbox returns the next entries, those of dead letters with their message: at least one, and
// not many more than dead letters of maxBytes.
func readOutbox(ctx context.Context, tx pgx.Tx, partition int32, after int64, maxBytes int) ([]stream.Unsent, error) {
	rows, err := tx.Query(ctx, `
		SELECT o.seq, o.site, o.revision, d.origin_topic IS NOT NULL, o.origin_topic, o.origin_partition, o.origin_offset,
			coalesce(d.reason, ''), coalesce(d.detail, ''), coalesce(d.rejected_at, 'epoch'), d.key, d.value, d.header_keys, d.header_values
		FROM drumbeat.outbox o LEFT JOIN drumbeat.dead_letters d ON o.revision = 0 AND d.origin_topic = o.origin_topic
			AND d.origin_partition = o.origin_partition AND d.origin_offset = o.origin_offset
		WHERE o.partition = $1 AND o.seq > $2 ORDER BY o.seq LIMIT $3`, partition, after, outboxPage)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var page []stream.Unsent
	bytes := 0
	for rows.Next() && (bytes < maxBytes || len(page) == 0) {
		var entry stream.Unsent
		var found bool
		var d stream.DeadLetter
		var keys, values [][]byte
		if err := rows.Scan(&entry.Seq, &entry.Site, &entry.Revision, &found, &d.OriginTopic, &d.OriginPartition, &d.OriginOffset,
			&d.Reason, &d.Detail, &d.At, &d.Key, &d.Value, &keys, &values); err != nil {
			return nil, err
		}
		if entry.Revision == 0 {
			if !found {
				return nil, fmt.Errorf("entry %d: the dead letter of %s/%d at %d is missing", entry.Seq, d.OriginTopic, d.OriginPartition, d.OriginOffset)
			}
			d.Headers = headers(keys, values)
			entry.Messages = []stream.Message{d.Message()}
			bytes += size(entry.Messages)
		}
		page = append(page, entry)
	}
	rows.Close()
	return page, rows.Err()
}

// revisionMessages are the lines that the revision changed, in byte order of SKU, and its head.
func revisionMessages(ctx context.Context, tx pgx.Tx, site string, revision int64) ([]stream.Message, error) {
	var head []byte
	var day time.Time
	row := tx.QueryRow(ctx, "SELECT head, execution_date FROM drumbeat.plans WHERE site = $1 AND revision = $2", site, revision)
	if err := row.Scan(&head, &day); err != nil {
		return nil, fmt.Errorf("head of %s: %w", schemas.PlanID(site, revision), err)
	}
	rows, err := tx.Query(ctx, `
		SELECT sku, revision, value FROM drumbeat.line_history
		WHERE site = $1 AND revision = $2 AND execution_date = $3 ORDER BY sku`, site, revision, day)
	if err != nil {
		return nil, err
	}
	messages, err := lineMessages(rows, site)
	if err != nil {
		return nil, err
	}
	return append(messages, stream.HeadMessage(site, revision, head)), nil
}

// lineMessages reads rows of SKU, revision and value.
func lineMessages(rows pgx.Rows, site string) ([]stream.Message, error) {
	var messages []stream.Message
	var sku string
	var revision int64
	var value []byte
	_, err := pgx.ForEachRow(rows, []any{&sku, &revision, &value}, func() error {
		messages = append(messages, stream.LineMessage(site, sku, revision, value))
		value = nil
		return nil
	})
	return messages, err
}

func headers(keys, values [][]byte) []schemas.Header {
	var list []schemas.Header
	for i := range keys {
		list = append(list, schemas.Header{Key: string(keys[i]), Value: values[i]})
	}
	return list
}

func size(messages []stream.Message) int {
	n := 0
	for i := range messages {
		n += messages[i].Size()
	}
	return n
}

// Sent implements [stream.Store].
func (s *Store) Sent(ctx context.Context, partition int32, epoch int64, seq int64, readBack []stream.ReadBack) error {
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if err := own(ctx, tx, "sent_seq = greatest(sent_seq, $3)", partition, epoch, seq); err != nil {
			return err
		}
		var batch pgx.Batch
		batch.Queue("DELETE FROM drumbeat.outbox WHERE partition = $1 AND seq <= $2", partition, seq)
		for _, r := range readBack {
			batch.Queue("UPDATE drumbeat.sites SET read_back_offset = $3, read_back_revision = $4 WHERE partition = $1 AND site = $2",
				partition, r.Site, r.Next, r.Revision)
		}
		return tx.SendBatch(ctx, &batch).Close()
	})
	if err != nil {
		return fmt.Errorf("stream/postgres: sent up to %d of partition %d: %w", seq, partition, err)
	}
	return nil
}

// Current implements [stream.Store]. What is newest does not depend on what has been sent.
func (s *Store) Current(ctx context.Context, site string, skus []string) ([]stream.Message, error) {
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	var messages []stream.Message
	options := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	err := pgx.BeginTxFunc(ctx, s.pool, options, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, "SELECT sku, revision, value FROM drumbeat.lines WHERE site = $1 AND sku = ANY ($2) ORDER BY sku", site, skus)
		if err != nil {
			return err
		}
		if messages, err = lineMessages(rows, site); err != nil {
			return err
		}
		rows, err = tx.Query(ctx, "SELECT revision, head FROM drumbeat.plans WHERE site = $1 ORDER BY revision DESC LIMIT 1", site)
		if err != nil {
			return err
		}
		var revision int64
		var head []byte
		_, err = pgx.ForEachRow(rows, []any{&revision, &head}, func() error {
			messages = append(messages, stream.HeadMessage(site, revision, head))
			return nil
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("stream/postgres: plan of site %s: %w", site, err)
	}
	return messages, nil
}
