package postgres

import (
	"context"
	"fmt"
	"time"

	"drumbeat/schemas"
	"drumbeat/stream"

	"github.com/jackc/pgx/v5"
)

// Sites returns every site with the partition that has claimed it.
func (s *Store) Sites(ctx context.Context) (map[string]int32, error) {
	sites := map[string]int32{}
	var site string
	var partition int32
	err := s.each(ctx, "sites", []any{&site, &partition}, func() error {
		sites[site] = partition
		return nil
	}, "SELECT site, partition FROM drumbeat.sites")
	return sites, err
}

// Head returns the newest revision of a site with its head as it was published; false if there is none.
func (s *Store) Head(ctx context.Context, site string) (revision int64, head []byte, ok bool, err error) {
	err = s.each(ctx, "head", []any{&revision, &head}, func() error {
		ok = true
		return nil
	}, "SELECT revision, head FROM drumbeat.plans WHERE site = $1 ORDER BY revision DESC LIMIT 1", site)
	return revision, head, ok, err
}

// Lines returns the plan of a site as it stands, in byte order of SKU, each line as it was published.
func (s *Store) Lines(ctx context.Context, site string) ([]stream.LineValue, error) {
	return s.lines(ctx, "SELECT sku, value FROM drumbeat.lines WHERE site = $1 AND value IS NOT NULL ORDER BY sku", site)
}

// LinesAt returns the plan of a site as a revision left it, in byte order of SKU. It is whole for revisions
// within the retention and for baselines; the checksum of the revision's head proves it.
func (s *Store) LinesAt(ctx context.Context, site string, revision int64) ([]stream.LineValue, error) {
	return s.lines(ctx, `
		SELECT l.sku, l.value FROM drumbeat.all_lines l
		JOIN (SELECT DISTINCT ON (sku) sku, revision, execution_date FROM drumbeat.all_lines
		      WHERE site = $1 AND revision <= $2 ORDER BY sku, revision DESC) newest USING (sku, revision, execution_date)
		WHERE l.site = $1 AND l.value IS NOT NULL ORDER BY l.sku`, site, revision)
}

func (s *Store) lines(ctx context.Context, query string, args ...any) ([]stream.LineValue, error) {
	var lines []stream.LineValue
	var line stream.LineValue
	err := s.each(ctx, "lines", []any{&line.SKU, &line.Value}, func() error {
		lines = append(lines, line)
		line.Value = nil
		return nil
	}, query, args...)
	return lines, err
}

// Revision returns what is stored of one revision: head, Problem and Start (nil where nothing was solved or
// where they have expired), and as Lines the whole plan as it left it; nil if there is no such revision.
func (s *Store) Revision(ctx context.Context, site string, revision int64) (*stream.Revision, error) {
	var found *stream.Revision
	r := stream.Revision{Site: site, Revision: revision}
	var day time.Time
	err := s.each(ctx, "revision", []any{&day, &r.CreatedAt, &r.Status, &r.Baseline, &r.Head, &r.Problem, &r.Start}, func() error {
		found = &r
		return nil
	}, `SELECT p.execution_date, p.created_at, p.status, p.baseline, p.head, q.problem, q.start
		FROM drumbeat.plans p LEFT JOIN drumbeat.problems q USING (site, revision) WHERE p.site = $1 AND p.revision = $2`, site, revision)
	if err != nil || found == nil {
		return nil, err
	}
	r.ExecutionDate = schemas.DateOf(day)
	r.Lines, err = s.LinesAt(ctx, site, revision)
	return found, err
}

// Revisions returns the heads of a site's newest revisions, the newest first, at most limit of them.
func (s *Store) Revisions(ctx context.Context, site string, limit int) ([]stream.Revision, error) {
	var list []stream.Revision
	var r stream.Revision
	var day time.Time
	err := s.each(ctx, "revisions", []any{&r.Site, &r.Revision, &day, &r.CreatedAt, &r.Status, &r.Baseline, &r.Head}, func() error {
		r.ExecutionDate = schemas.DateOf(day)
		list = append(list, r)
		r.Head = nil
		return nil
	}, `SELECT site, revision, execution_date, created_at, status, baseline, head
		FROM drumbeat.plans WHERE site = $1 ORDER BY revision DESC LIMIT $2`, site, limit)
	return list, err
}

// Sales returns the daily sales of a site, by SKU and date.
func (s *Store) Sales(ctx context.Context, site string) ([]stream.DailySale, error) {
	return s.sales(ctx, "site = $1", site)
}

func (s *Store) sales(ctx context.Context, where, site string, args ...any) ([]stream.DailySale, error) {
	var sales []stream.DailySale
	r := stream.DailySale{Site: site}
	var day time.Time
	err := s.each(ctx, "sales", []any{&r.SKU, &day, &r.Quantity, &r.Held, &r.Outlier, &r.Reason, &r.Score}, func() error {
		r.Date = schemas.DateOf(day)
		sales = append(sales, r)
		return nil
	}, `SELECT sku, date, (qty * 1000000)::bigint, (held_qty * 1000000)::bigint, is_outlier, reason, score
		FROM drumbeat.sales_transactions WHERE `+where+" ORDER BY sku, date", append([]any{site}, args...)...)
	return sales, err
}

// Forecasts returns the newest forecast of every SKU of a site, by SKU.
func (s *Store) Forecasts(ctx context.Context, site string) ([]stream.ForecastRow, error) {
	return s.forecasts(ctx, "site = $1", site)
}

func (s *Store) forecasts(ctx context.Context, where, site string, args ...any) ([]stream.ForecastRow, error) {
	var forecasts []stream.ForecastRow
	r := stream.ForecastRow{Site: site}
	var day, first time.Time
	err := s.each(ctx, "forecasts", []any{&r.SKU, &r.Revision, &day, &first, &r.Mean, &r.Lower, &r.Upper, &r.Model}, func() error {
		r.ExecutionDate, r.First = schemas.DateOf(day), schemas.DateOf(first)
		forecasts = append(forecasts, r)
		r.Mean, r.Lower, r.Upper = nil, nil, nil
		return nil
	}, `SELECT sku, revision, execution_date, first_date, mean, lower, upper, model
		FROM drumbeat.forecasts WHERE `+where+" ORDER BY sku", append([]any{site}, args...)...)
	return forecasts, err
}

// AuditOf returns the counters of one site, by origin, each with the time of its last change.
func (s *Store) AuditOf(ctx context.Context, site string) (rows []stream.AuditRow, at []time.Time, err error) {
	r := stream.AuditRow{Site: site}
	var changed time.Time
	err = s.each(ctx, "audit", []any{&r.OriginTopic, &r.OriginPartition, &r.Read, &r.Kept, &r.Flagged, &r.Rejected,
		&r.Duplicate, &r.Repaired, &r.Reasons, &changed}, func() error {
		rows, at = append(rows, r), append(at, changed)
		r.Reasons = nil
		return nil
	}, `SELECT origin_topic, origin_partition, read, kept, flagged, rejected, duplicate, repaired, reasons, updated_at
		FROM drumbeat.audit WHERE site = $1 ORDER BY origin_topic, origin_partition, partition`, site)
	return rows, at, err
}

// Audit returns the counters, by site and origin. A site has a second row of an origin only where records of
// it came to a partition that is not the site's.
func (s *Store) Audit(ctx context.Context) ([]stream.AuditRow, error) {
	var rows []stream.AuditRow
	var r stream.AuditRow
	err := s.each(ctx, "audit", []any{&r.Site, &r.OriginTopic, &r.OriginPartition, &r.Read, &r.Kept, &r.Flagged, &r.Rejected,
		&r.Duplicate, &r.Repaired, &r.Reasons}, func() error {
		rows = append(rows, r)
		r.Reasons = nil
		return nil
	}, `SELECT site, origin_topic, origin_partition, read, kept, flagged, rejected, duplicate, repaired, reasons
		FROM drumbeat.audit ORDER BY site, origin_topic, origin_partition, partition`)
	return rows, err
}

// DeadLetters returns the newest dead letters, the newest first, at most limit of them: of one site unless
// site is empty, with one reason unless reason is empty.
func (s *Store) DeadLetters(ctx context.Context, site, reason string, limit int) ([]stream.DeadLetter, error) {
	return s.deadLetters(ctx, `
		WHERE ($1 = '' OR site = $1) AND ($2 = '' OR reason = $2)
		ORDER BY rejected_at DESC, origin_topic, origin_partition DESC, origin_offset DESC LIMIT $3`, site, reason, limit)
}

func (s *Store) deadLetters(ctx context.Context, where string, args ...any) ([]stream.DeadLetter, error) {
	var letters []stream.DeadLetter
	var d stream.DeadLetter
	var keys, values [][]byte
	err := s.each(ctx, "dead letters", []any{&d.Site, &d.OriginTopic, &d.OriginPartition, &d.OriginOffset, &d.Reason, &d.Detail, &d.At,
		&d.Key, &d.Value, &keys, &values}, func() error {
		d.Headers = headers(keys, values)
		letters = append(letters, d)
		d.Key, d.Value, keys, values = nil, nil, nil, nil
		return nil
	}, `SELECT site, origin_topic, origin_partition, origin_offset, reason, detail, rejected_at, key, value, header_keys, header_values
		FROM drumbeat.dead_letters `+where, args...)
	return letters, err
}

// each runs a query and calls fn after every row that it has scanned.
func (s *Store) each(ctx context.Context, what string, scans []any, fn func() error, query string, args ...any) error {
	rows, err := s.pool.Query(ctx, query, args...)
	if err == nil {
		_, err = pgx.ForEachRow(rows, scans, fn)
	}
	if err != nil {
		return fmt.Errorf("stream/postgres: %s: %w", what, err)
	}
	return nil
}
