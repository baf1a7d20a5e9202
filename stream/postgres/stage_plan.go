package postgres

import (
	"drumbeat/stream"

	"github.com/jackc/pgx/v5/pgtype"
)

func forecastStage(b *stream.Batch) stage {
	type key struct {
		site, sku string
		revision  int64
	}
	type current struct{ site, sku string }
	rows := last(b.Forecasts, func(f stream.ForecastRow) key { return key{f.Site, f.SKU, f.Revision} })
	newest := map[current]int64{}
	for i := range rows {
		at := current{rows[i].Site, rows[i].SKU}
		newest[at] = max(newest[at], rows[i].Revision)
	}
	return stage{
		table: "in_forecasts", rows: len(rows),
		columns: []string{"site", "sku", "revision", "execution_date", "first_date", "mean", "lower", "upper", "model", "newest"},
		row: func(i int) []any {
			r := &rows[i]
			return []any{r.Site, r.SKU, r.Revision, date(r.ExecutionDate), date(r.First), floats(r.Mean), floats(r.Lower), floats(r.Upper),
				text(r.Model), newest[current{r.Site, r.SKU}] == r.Revision}
		},
		merge: []string{`
			INSERT INTO drumbeat.forecast_history (site, sku, revision, execution_date, first_date, mean, lower, upper, model)
			SELECT site, sku, revision, execution_date, first_date, mean, lower, upper, model FROM in_forecasts
			ON CONFLICT (site, sku, revision, execution_date) DO UPDATE SET first_date = excluded.first_date,
				mean = excluded.mean, lower = excluded.lower, upper = excluded.upper, model = excluded.model`, `
			INSERT INTO drumbeat.forecasts AS t (site, sku, revision, execution_date, first_date, mean, lower, upper, model)
			SELECT site, sku, revision, execution_date, first_date, mean, lower, upper, model FROM in_forecasts WHERE newest
			ON CONFLICT (site, sku) DO UPDATE SET revision = excluded.revision, execution_date = excluded.execution_date,
				first_date = excluded.first_date, mean = excluded.mean, lower = excluded.lower, upper = excluded.upper, model = excluded.model
			WHERE t.revision <= excluded.revision`},
	}
}

func planStage(b *stream.Batch) stage {
	rows := revisions(b)
	return stage{
		table: "in_plans", rows: len(rows),
		columns: []string{"site", "revision", "execution_date", "created_at", "status", "baseline", "head", "problem", "start"},
		row: func(i int) []any {
			r := &rows[i]
			return []any{r.Site, r.Revision, date(r.ExecutionDate), r.CreatedAt, r.Status, r.Baseline, r.Head, r.Problem, r.Start}
		},
		merge: []string{`
			INSERT INTO drumbeat.plans (site, revision, execution_date, created_at, status, baseline, head, total_cost, checksum)
			SELECT site, revision, execution_date, created_at, status, baseline, head,
				(head #>> '{cost,total}')::double precision, head ->> 'checksum' FROM in_plans
			ON CONFLICT (site, revision) DO UPDATE SET execution_date = excluded.execution_date, created_at = excluded.created_at,
				status = excluded.status, baseline = excluded.baseline, head = excluded.head, total_cost = excluded.total_cost,
				checksum = excluded.checksum`, `
			INSERT INTO drumbeat.problems (site, revision, execution_date, problem, start)
			SELECT site, revision, execution_date, problem, start FROM in_plans WHERE problem IS NOT NULL
			ON CONFLICT (site, revision) DO UPDATE SET execution_date = excluded.execution_date,
				problem = excluded.problem, start = excluded.start`, `
			SELECT pg_notify('drumbeat_plan', site || ':' || revision) FROM in_plans ORDER BY site, revision`},
	}
}

func lineStage(b *stream.Batch) stage {
	type key struct{ site, sku string }
	type row struct {
		of *stream.Revision
		stream.LineValue
	}
	var rows []row
	newest := map[key]int64{}
	revs := revisions(b)
	for i := range revs {
		r := &revs[i]
		for _, l := range last(r.Lines, func(l stream.LineValue) string { return l.SKU }) {
			rows = append(rows, row{r, l})
			newest[key{r.Site, l.SKU}] = max(newest[key{r.Site, l.SKU}], r.Revision)
		}
	}
	return stage{
		table: "in_lines", columns: []string{"site", "sku", "revision", "execution_date", "value", "newest"}, rows: len(rows),
		row: func(i int) []any {
			r := &rows[i]
			return []any{r.of.Site, r.SKU, r.of.Revision, date(r.of.ExecutionDate), r.Value, newest[key{r.of.Site, r.SKU}] == r.of.Revision}
		},
		merge: []string{`
			INSERT INTO drumbeat.line_history (site, sku, revision, execution_date, value)
			SELECT site, sku, revision, execution_date, value FROM in_lines
			ON CONFLICT (site, sku, revision, execution_date) DO UPDATE SET value = excluded.value`, `
			INSERT INTO drumbeat.lines AS t (site, sku, revision, execution_date, value)
			SELECT site, sku, revision, execution_date, value FROM in_lines WHERE newest
			ON CONFLICT (site, sku) DO UPDATE SET revision = excluded.revision, execution_date = excluded.execution_date, value = excluded.value
			WHERE t.revision <= excluded.revision`},
	}
}

// revisions are those of the batch, each once.
func revisions(b *stream.Batch) []stream.Revision {
	type key struct {
		site     string
		revision int64
	}
	return last(b.Revisions, func(r stream.Revision) key { return key{r.Site, r.Revision} })
}

// floats is never null: an empty forecast is an empty array.
func floats(v []float32) pgtype.FlatArray[float32] {
	if v == nil {
		return pgtype.FlatArray[float32]{}
	}
	return v
}
