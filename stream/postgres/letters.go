package postgres

import (
	"context"
	"fmt"
	"time"

	"drumbeat/schemas"
	"drumbeat/stream"

	"github.com/jackc/pgx/v5"
)

// Letter is a dead letter with what has become of it since.
type Letter struct {
	stream.DeadLetter
	ReplayedAt *time.Time // when it was last sent again; nil: it waits
	ReplayedAs string     // the event's id where it was sent with a fix
}

// LetterFilter chooses dead letters; its zero value chooses all.
type LetterFilter struct {
	Site    string
	Reasons []string
	Origins []LetterOrigin // any of them; none: every origin
	Since   time.Time      // rejected at or after
	Until   time.Time      // rejected before
	Text    string         // stands in the value, whatever the case of its ASCII letters
	Waiting bool           // not sent again so far
	Newest  bool           // the newest first; else the oldest
	Limit   int            // 0: no limit
}

// LetterOrigin is an origin, or all of a topic (Partition < 0), or all of a partition (Offset < 0).
type LetterOrigin struct {
	Topic     string
	Partition int32
	Offset    int64
}

// where chooses by the parameters 1 to 9 of params. Bytes are compared as escaped text, which any value
// has: one that is no UTF-8 can be searched as well.
const where = `
	WHERE ($1 = '' OR site = $1) AND (cardinality($2::text[]) = 0 OR reason = ANY ($2))
	AND (cardinality($3::text[]) = 0 OR EXISTS (
		SELECT FROM unnest($3::text[], $4::integer[], $5::bigint[]) AS o (topic, part, at)
		WHERE o.topic COLLATE "C" = origin_topic AND (o.part < 0 OR o.part = origin_partition) AND (o.at < 0 OR o.at = origin_offset)))
	AND ($6::timestamptz IS NULL OR rejected_at >= $6) AND ($7::timestamptz IS NULL OR rejected_at < $7)
	AND ($8 = '' OR strpos(lower(encode(value, 'escape')), lower(encode(convert_to($8, 'UTF8'), 'escape'))) > 0)
	AND NOT ($9 AND replayed_at IS NOT NULL)`

func (f *LetterFilter) params() []any {
	reasons := append([]string{}, f.Reasons...)
	topics, partitions, offsets := []string{}, []int32{}, []int64{}
	for _, o := range f.Origins {
		topics, partitions, offsets = append(topics, text(o.Topic)), append(partitions, o.Partition), append(offsets, o.Offset)
	}
	instant := func(t time.Time) any {
		if t.IsZero() {
			return nil
		}
		return t
	}
	return []any{text(f.Site), reasons, topics, partitions, offsets, instant(f.Since), instant(f.Until), text(f.Text), f.Waiting}
}

const letterColumns = `SELECT site, origin_topic, origin_partition, origin_offset, reason, detail, rejected_at, key, value,
	header_keys, header_values, replayed_at, coalesce(replayed_as, '') FROM drumbeat.dead_letters`

// eachLetter calls fn for every row of a query of letterColumns. The letter is fn's to keep.
func eachLetter(rows pgx.Rows, fn func(*Letter) error) error {
	var l Letter
	var keys, values [][]byte
	_, err := pgx.ForEachRow(rows, []any{&l.Site, &l.OriginTopic, &l.OriginPartition, &l.OriginOffset, &l.Reason, &l.Detail, &l.At,
		&l.Key, &l.Value, &keys, &values, &l.ReplayedAt, &l.ReplayedAs}, func() error {
		l.Headers = headers(keys, values)
		given := l
		l, keys, values = Letter{}, nil, nil
		return fn(&given)
	})
	return err
}

// EachLetter calls fn for the dead letters that the filter chooses, in the order of their rejection, as they
// are at the start of the call: those that come meanwhile are left out. One letter is held in memory at a
// time. It takes as long as fn does, without the limits that the other statements have; fn may use the store.
func (s *Store) EachLetter(ctx context.Context, f LetterFilter, fn func(*Letter) error) error {
	order := "rejected_at, origin_topic, origin_partition, origin_offset"
	if f.Newest {
		order = "rejected_at DESC, origin_topic DESC, origin_partition DESC, origin_offset DESC"
	}
	var limit any
	if f.Limit > 0 {
		limit = f.Limit
	}
	// Closing a query reads the rest of its answer; its context's end does not.
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var failed error
	err := pgx.BeginTxFunc(ctx, s.pool, pgx.TxOptions{AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0"); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, letterColumns+where+" ORDER BY "+order+" LIMIT $10", append(f.params(), limit)...)
		if err != nil {
			return err
		}
		return eachLetter(rows, func(l *Letter) error {
			if failed = fn(l); failed != nil {
				stop()
			}
			return failed
		})
	})
	switch {
	case failed != nil:
		return failed
	case err != nil:
		return fmt.Errorf("stream/postgres: dead letters: %w", err)
	}
	return nil
}

// Letter returns the dead letter of an origin, nil if there is none.
func (s *Store) Letter(ctx context.Context, o LetterOrigin) (*Letter, error) {
	var found *Letter
	rows, err := s.pool.Query(ctx, letterColumns+" WHERE origin_topic = $1 AND origin_partition = $2 AND origin_offset = $3",
		text(o.Topic), o.Partition, o.Offset)
	if err == nil {
		err = eachLetter(rows, func(l *Letter) error {
			found = l
			return nil
		})
	}
	if err != nil {
		return nil, fmt.Errorf("stream/postgres: dead letter: %w", err)
	}
	return found, nil
}

// LetterCount counts the dead letters of a site and a reason.
type LetterCount struct {
	Site, Reason  string
	Letters       int64
	Replayed      int64 // of them
	First, Newest time.Time
}

// CountLetters counts what the filter chooses, the most frequent reasons of a site first. Limit and order of
// the filter mean nothing here.
func (s *Store) CountLetters(ctx context.Context, f LetterFilter) ([]LetterCount, error) {
	var counts []LetterCount
	var c LetterCount
	err := s.each(ctx, "counts of dead letters", []any{&c.Site, &c.Reason, &c.Letters, &c.Replayed, &c.First, &c.Newest}, func() error {
		counts = append(counts, c)
		return nil
	}, `SELECT site, reason, count(*), count(replayed_at), min(rejected_at), max(rejected_at)
		FROM drumbeat.dead_letters`+where+` GROUP BY site, reason ORDER BY site, count(*) DESC, reason`, f.params()...)
	return counts, err
}

// Replayed says that the dead letter of an origin was sent again.
type Replayed struct {
	LetterOrigin
	ID string // of the event that was sent, where it was fixed
}

// MarkReplayed remembers which dead letters were sent again, at the database's time.
func (s *Store) MarkReplayed(ctx context.Context, list []Replayed) error {
	topics, partitions, offsets, ids := []string{}, []int32{}, []int64{}, []string{}
	for _, r := range list {
		topics, partitions, offsets = append(topics, text(r.Topic)), append(partitions, r.Partition), append(offsets, r.Offset)
		ids = append(ids, text(r.ID))
	}
	_, err := s.pool.Exec(ctx, `
		UPDATE drumbeat.dead_letters d SET replayed_at = now(), replayed_as = nullif(r.id, '')
		FROM unnest($1::text[], $2::integer[], $3::bigint[], $4::text[]) AS r (topic, part, at, id)
		WHERE d.origin_topic = r.topic COLLATE "C" AND d.origin_partition = r.part AND d.origin_offset = r.at`,
		topics, partitions, offsets, ids)
	if err != nil {
		return fmt.Errorf("stream/postgres: mark %d dead letters as replayed: %w", len(list), err)
	}
	return nil
}

// SoldOn says on which of the days something of the SKU was sold, held sales included.
func (s *Store) SoldOn(ctx context.Context, site, sku string, days []schemas.Date) (map[schemas.Date]bool, error) {
	list := make([]time.Time, len(days))
	for i, d := range days {
		list[i] = d.Time(time.UTC)
	}
	sold := map[schemas.Date]bool{}
	var day time.Time
	err := s.each(ctx, "days with sales", []any{&day}, func() error {
		sold[schemas.DateOf(day)] = true
		return nil
	}, `SELECT date FROM drumbeat.sales_transactions
		WHERE site = $1 AND sku = $2 AND date = ANY ($3::date[]) AND (qty <> 0 OR held_qty <> 0)`, text(site), text(sku), list)
	return sold, err
}
