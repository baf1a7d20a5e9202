package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"drumbeat/schemas"
	"drumbeat/stream"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// checkViolation is the SQLSTATE of a row that no partition of its table takes, among others.
const checkViolation = "23514"

// Save implements [stream.Store]. Where the batch holds several rows of one key, the last one counts.
// Every row of state, sales or plans must belong to a site that the partition has claimed, now or before;
// dead letters and counters may belong to any.
func (s *Store) Save(ctx context.Context, partition int32, epoch int64, b *stream.Batch) error {
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	if err := s.save(ctx, partition, epoch, b); err != nil {
		return fmt.Errorf("stream/postgres: save partition %d at offset %d: %w", partition, b.Next, err)
	}
	return nil
}

func (s *Store) save(ctx context.Context, partition int32, epoch int64, b *stream.Batch) error {
	if err := s.ensureDays(ctx, b); err != nil {
		return err
	}
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	if err := prepareStages(ctx, conn.Conn()); err != nil {
		return err
	}
	err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		staged := stages(partition, b)
		for _, stage := range staged {
			if err := copyIn(ctx, tx, stage); err != nil {
				return fmt.Errorf("%s: %w", stage.table, err)
			}
		}
		if err := own(ctx, tx, "next_offset = $3, state = $4", partition, epoch, b.Next, blob(b.State)); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, claimSites, partition); err != nil {
			return err
		}
		if err := checkClaims(ctx, tx, partition, b); err != nil {
			return err
		}
		return merge(ctx, tx, staged, b.DropPages)
	})
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) && pgErr.Code == checkViolation {
		s.forgetDays() // a day was dropped that we knew: the next attempt makes it again
	}
	return err
}

// merge runs the statements of all stages in one round trip.
func merge(ctx context.Context, tx pgx.Tx, staged []stage, drops []stream.DropPages) error {
	var batch pgx.Batch
	for _, stage := range staged {
		for _, statement := range stage.merge {
			batch.Queue(statement)
		}
	}
	for _, d := range drops {
		batch.Queue("DELETE FROM drumbeat.pages WHERE site = $1 AND kind = $2 AND number < $3", d.Site, int16(d.Kind), d.Before)
	}
	return tx.SendBatch(ctx, &batch).Close()
}

// checkClaims proves that every site whose state the batch writes is the partition's.
func checkClaims(ctx context.Context, tx pgx.Tx, partition int32, b *stream.Batch) error {
	names := sites(b)
	if len(names) == 0 {
		return nil
	}
	rows, err := tx.Query(ctx, `
		SELECT b.site, t.partition FROM unnest($2::text[]) AS b (site) LEFT JOIN drumbeat.sites t ON t.site = b.site COLLATE "C"
		WHERE t.partition IS DISTINCT FROM $1 ORDER BY b.site COLLATE "C" LIMIT 1`, partition, names)
	if err != nil {
		return err
	}
	var site string
	var owner *int32
	_, err = pgx.ForEachRow(rows, []any{&site, &owner}, func() error {
		if owner == nil {
			return fmt.Errorf("the batch writes to site %q, which has no state", site)
		}
		return &stream.ClaimError{Site: site, Partition: *owner}
	})
	return err
}

// sites names every site whose state, sales or plan the batch writes.
func sites(b *stream.Batch) []string {
	seen := map[string]bool{}
	note(seen, b.Sites, func(r *stream.SiteState) string { return r.Site })
	note(seen, b.SKUs, func(r *stream.SKUState) string { return r.Site })
	note(seen, b.Pages, func(r *stream.Page) string { return r.Site })
	note(seen, b.DropPages, func(r *stream.DropPages) string { return r.Site })
	note(seen, b.Sales, func(r *stream.DailySale) string { return r.Site })
	note(seen, b.OldSales, func(r *stream.OldSale) string { return r.Site })
	note(seen, b.Forecasts, func(r *stream.ForecastRow) string { return r.Site })
	note(seen, b.Accuracy, func(r *stream.AccuracyRow) string { return r.Site })
	note(seen, b.Models, func(r *stream.ModelRow) string { return r.Site })
	note(seen, b.Revisions, func(r *stream.Revision) string { return r.Site })
	names := make([]string, 0, len(seen))
	for name := range seen {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func note[T any](seen map[string]bool, rows []T, site func(*T) string) {
	for i := range rows {
		seen[site(&rows[i])] = true
	}
}

// ensureDays makes the history's partitions of the days that the batch writes to, in a transaction of its
// own: making one locks out other makers, and a save may take long.
func (s *Store) ensureDays(ctx context.Context, b *stream.Batch) error {
	days := map[schemas.Date]bool{}
	for i := range b.Forecasts {
		days[b.Forecasts[i].ExecutionDate] = true
	}
	for i := range b.Revisions {
		days[b.Revisions[i].ExecutionDate] = true
	}
	for day := range days {
		s.mu.Lock()
		known := s.days[day]
		s.mu.Unlock()
		if known {
			continue
		}
		if _, err := s.pool.Exec(ctx, "SELECT drumbeat.ensure_day($1)", date(day)); err != nil {
			return fmt.Errorf("history of %s: %w", day, err)
		}
		s.mu.Lock()
		s.days[day] = true
		s.mu.Unlock()
	}
	return nil
}

func (s *Store) forgetDays() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.days)
}

// last returns the rows without those that a later row of the same key replaces; rows itself if there
// are none.
func last[T any, K comparable](rows []T, key func(T) K) []T {
	at := make(map[K]int, len(rows))
	for i, r := range rows {
		at[key(r)] = i
	}
	if len(at) == len(rows) {
		return rows
	}
	kept := make([]T, 0, len(at))
	for i, r := range rows {
		if at[key(r)] == i {
			kept = append(kept, r)
		}
	}
	return kept
}

// text makes free text fit for the database, which takes neither NUL nor broken UTF-8: what a record
// from outside says in its defence must not stop the stream.
func text(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}
