package postgres

import (
	"context"

	"drumbeat/stream"

	"github.com/jackc/pgx/v5"
)

// A stage is one kind of rows of a batch on its way into the tables: copied into a temporary table of the
// session first, merged from there by statements that run while the partition's row is locked.
type stage struct {
	table   string // temporary
	columns []string
	rows    int
	row     func(i int) []any
	merge   []string
}

// stageTables creates the temporary tables of a session. Those that take large values have the storage of
// the table that the values end in, so that they are compressed once or not at all.
const stageTables = `
CREATE TEMPORARY TABLE in_sites (site text COLLATE "C", state bytea) ON COMMIT DELETE ROWS;
ALTER TABLE in_sites ALTER COLUMN state SET STORAGE EXTERNAL;
CREATE TEMPORARY TABLE in_skus (LIKE drumbeat.skus INCLUDING STORAGE) ON COMMIT DELETE ROWS;
ALTER TABLE in_skus SET (toast_tuple_target = 8160);
CREATE TEMPORARY TABLE in_pages (LIKE drumbeat.pages INCLUDING STORAGE) ON COMMIT DELETE ROWS;
ALTER TABLE in_pages SET (toast_tuple_target = 8160);
CREATE TEMPORARY TABLE in_old_sales (site text COLLATE "C", sku text COLLATE "C", date date, qty bigint, added_until bigint) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE in_sales (site text COLLATE "C", sku text COLLATE "C", date date, qty bigint, held bigint,
	is_outlier boolean, reason text, score double precision) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE in_forecasts (LIKE drumbeat.forecasts, newest boolean) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE in_accuracy (site text COLLATE "C", sku text COLLATE "C", horizon text COLLATE "C", horizon_days integer,
	class text, through_date date, windows bigint, weight float8, demand float8, forecast float8, abs_error float8, squared_error float8,
	naive_error float8, whole_weight float8, covered_80 float8, covered_95 float8, pinball_95 float8) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE in_models (LIKE drumbeat.forecast_models) ON COMMIT DELETE ROWS;
ALTER TABLE in_models DROP COLUMN updated_at;
CREATE TEMPORARY TABLE in_lines (LIKE drumbeat.line_history INCLUDING STORAGE INCLUDING COMPRESSION, newest boolean) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE in_plans (site text COLLATE "C", revision bigint, execution_date date, created_at timestamptz, status text,
	baseline boolean, head json, problem bytea, start bytea) ON COMMIT DELETE ROWS;
ALTER TABLE in_plans ALTER COLUMN problem SET STORAGE EXTERNAL, ALTER COLUMN start SET STORAGE EXTERNAL;
CREATE TEMPORARY TABLE in_audit (LIKE drumbeat.audit) ON COMMIT DELETE ROWS;
ALTER TABLE in_audit DROP COLUMN updated_at;
CREATE TEMPORARY TABLE in_dead_letters (LIKE drumbeat.dead_letters) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE in_outbox (LIKE drumbeat.outbox) ON COMMIT DELETE ROWS;
`

// staged marks a connection that has the temporary tables.
const staged = "drumbeat.staged"

// prepareStages creates the temporary tables once for each connection, outside any transaction.
func prepareStages(ctx context.Context, conn *pgx.Conn) error {
	if _, ok := conn.PgConn().CustomData()[staged]; ok {
		return nil
	}
	// Several statements in one message are one transaction: all tables or none.
	if _, err := conn.PgConn().Exec(ctx, stageTables).ReadAll(); err != nil {
		return err
	}
	conn.PgConn().CustomData()[staged] = true
	return nil
}

// stages lists what the batch holds, in the order of merging. The claims go first, by themselves.
func stages(partition int32, b *stream.Batch) []stage {
	list := []stage{
		siteStage(b), skuStage(b), pageStage(b), salesStage(b), oldSalesStage(b), forecastStage(b), accuracyStage(b), modelStage(b),
		planStage(b), lineStage(b),
		auditStage(partition, b), deadLetterStage(b), outboxStage(partition, b),
	}
	used := list[:0]
	for _, s := range list {
		if s.rows > 0 {
			used = append(used, s)
		}
	}
	return used
}

// copyIn copies the rows of a stage into its temporary table.
func copyIn(ctx context.Context, tx pgx.Tx, s stage) error {
	_, err := tx.CopyFrom(ctx, pgx.Identifier{"pg_temp", s.table}, s.columns,
		pgx.CopyFromSlice(s.rows, func(i int) ([]any, error) { return s.row(i), nil }))
	return err
}
