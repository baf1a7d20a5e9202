package postgres

import (
	"context"
	"errors"
	"fmt"

	"drumbeat/schemas"
	"drumbeat/stream"

	"github.com/jackc/pgx/v5"
)

// PlanQuery chooses lines of a plan.
type PlanQuery struct {
	Site     string
	Revision int64  // 0: the newest
	After    string // SKUs behind this one; "": from the first
	Contains string // in the SKU, byte by byte
	Limit    int    // 0: no limit
}

// PlanPart is what a PlanQuery finds. Head and lines are of one moment.
type PlanPart struct {
	Revision int64
	Head     []byte
	Total    int // lines of the whole plan
	Lines    []stream.LineValue
}

// PlanPart returns the head and some lines of a plan, in byte order of SKU; nil if there is no such revision.
// Lines of an older revision are whole within the retention and for baselines, as with [Store.LinesAt].
func (s *Store) PlanPart(ctx context.Context, q PlanQuery) (*PlanPart, error) {
	var part *PlanPart
	err := s.snapshot(ctx, func(tx pgx.Tx) error {
		var found PlanPart
		var newest int64
		err := tx.QueryRow(ctx, `SELECT p.revision, p.head, (SELECT max(revision) FROM drumbeat.plans WHERE site = $1)
			FROM drumbeat.plans p WHERE p.site = $1 AND ($2::bigint = 0 OR p.revision = $2) ORDER BY p.revision DESC LIMIT 1`,
			text(q.Site), q.Revision).Scan(&found.Revision, &found.Head, &newest)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		part = &found
		of := `(SELECT sku, value FROM drumbeat.lines WHERE site = $1 AND value IS NOT NULL AND $2::bigint IS NOT NULL)`
		if found.Revision != newest {
			of = `(SELECT sku, value FROM (SELECT DISTINCT ON (sku) sku, value FROM drumbeat.all_lines
				WHERE site = $1 AND revision <= $2 ORDER BY sku, revision DESC) h WHERE value IS NOT NULL)`
		}
		if err := tx.QueryRow(ctx, "SELECT count(*) FROM "+of+" l", text(q.Site), found.Revision).Scan(&found.Total); err != nil {
			return err
		}
		var limit any
		if q.Limit > 0 {
			limit = q.Limit
		}
		rows, err := tx.Query(ctx, "SELECT sku, value FROM "+of+` l WHERE ($3 = '' OR sku > $3 COLLATE "C") AND ($4 = '' OR strpos(sku, $4) > 0)
			ORDER BY sku LIMIT $5`, text(q.Site), found.Revision, text(q.After), text(q.Contains), limit)
		if err != nil {
			return err
		}
		found.Lines, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (v stream.LineValue, err error) {
			return v, row.Scan(&v.SKU, &v.Value)
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("stream/postgres: lines of a plan: %w", err)
	}
	return part, nil
}

// snapshot runs fn in a read-only transaction that sees one moment.
func (s *Store) snapshot(ctx context.Context, fn func(tx pgx.Tx) error) error {
	return pgx.BeginTxFunc(ctx, s.pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, fn)
}

// HeadRange returns heads of a site: at most limit revisions below before (0: any), or those above after with
// the oldest first where after >= 0.
func (s *Store) HeadRange(ctx context.Context, site string, before, after int64, limit int) ([]stream.Revision, error) {
	const columns = "SELECT site, revision, created_at, status, baseline, head FROM drumbeat.plans WHERE site = $1 AND "
	query, bound := columns+"($2::bigint = 0 OR revision < $2) ORDER BY revision DESC LIMIT $3", before
	if after >= 0 {
		query, bound = columns+"revision > $2::bigint ORDER BY revision LIMIT $3", after
	}
	var list []stream.Revision
	var r stream.Revision
	err := s.each(ctx, "heads", []any{&r.Site, &r.Revision, &r.CreatedAt, &r.Status, &r.Baseline, &r.Head}, func() error {
		list = append(list, r)
		r.Head = nil
		return nil
	}, query, text(site), bound, limit)
	return list, err
}

// NewestHeads returns the newest head of every site that has one.
func (s *Store) NewestHeads(ctx context.Context) (map[string]stream.Revision, error) {
	heads := map[string]stream.Revision{}
	var r stream.Revision
	err := s.each(ctx, "newest heads", []any{&r.Site, &r.Revision, &r.CreatedAt, &r.Status, &r.Baseline, &r.Head}, func() error {
		heads[r.Site] = r
		r.Head = nil
		return nil
	}, `SELECT p.site, p.revision, p.created_at, p.status, p.baseline, p.head FROM drumbeat.sites s
		CROSS JOIN LATERAL (SELECT * FROM drumbeat.plans WHERE site = s.site ORDER BY revision DESC LIMIT 1) p`)
	return heads, err
}

// HasSite says whether a partition has claimed the site.
func (s *Store) HasSite(ctx context.Context, site string) (bool, error) {
	var known bool
	err := s.pool.QueryRow(ctx, "SELECT EXISTS (SELECT FROM drumbeat.sites WHERE site = $1)", text(site)).Scan(&known)
	if err != nil {
		return false, fmt.Errorf("stream/postgres: site: %w", err)
	}
	return known, nil
}

// NewestRevision is the number of a site's newest revision; 0 without one.
func (s *Store) NewestRevision(ctx context.Context, site string) (int64, error) {
	var revision int64
	err := s.pool.QueryRow(ctx, "SELECT coalesce(max(revision), 0) FROM drumbeat.plans WHERE site = $1", text(site)).Scan(&revision)
	if err != nil {
		return 0, fmt.Errorf("stream/postgres: newest revision: %w", err)
	}
	return revision, nil
}

// NewestProblem returns the newest revision whose problem is stored, without its lines; nil if there is none.
func (s *Store) NewestProblem(ctx context.Context, site string) (*stream.Revision, error) {
	var found *stream.Revision
	r := stream.Revision{Site: site}
	err := s.each(ctx, "problem", []any{&r.Revision, &r.CreatedAt, &r.Status, &r.Baseline, &r.Head, &r.Problem, &r.Start}, func() error {
		found = &r
		return nil
	}, `SELECT p.revision, p.created_at, p.status, p.baseline, p.head, q.problem, q.start
		FROM drumbeat.problems q JOIN drumbeat.plans p USING (site, revision) WHERE q.site = $1 ORDER BY q.revision DESC LIMIT 1`, text(site))
	return found, err
}

// SalesOf returns the daily sales of one SKU from a day on, by date.
func (s *Store) SalesOf(ctx context.Context, site, sku string, from schemas.Date) ([]stream.DailySale, error) {
	return s.sales(ctx, "site = $1 AND sku = $2 AND date >= $3", site, sku, date(from))
}

// ForecastOf returns the newest forecast of one SKU; nil if there is none.
func (s *Store) ForecastOf(ctx context.Context, site, sku string) (*stream.ForecastRow, error) {
	rows, err := s.forecasts(ctx, "site = $1 AND sku = $2", site, sku)
	if len(rows) == 0 {
		return nil, err
	}
	return &rows[0], err
}

// AccuracyOf returns how accurate the published forecasts of one SKU were, by horizon.
func (s *Store) AccuracyOf(ctx context.Context, site, sku string) ([]stream.AccuracyRow, error) {
	return s.accuracy(ctx, "site = $1 AND sku = $2", site, sku)
}
