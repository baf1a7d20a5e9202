package postgres

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var migrations embed.FS

//go:embed roles.sql
var roles string

// migrateLock is the advisory lock that migrations of one database share ("drumbeat" as bytes).
const migrateLock = 0x6472756d62656174

// Migrate brings the schema `drumbeat` of the database to the version of this program and gives the
// roles drumbeat_owner, drumbeat_writer and drumbeat_reader their rights; it creates those that are
// missing, where it may. It returns the versions applied, none if there was nothing to do. Any number
// of processes may call it at the same time. A database that a newer program has migrated stays as
// it is: versions only ever add.
func Migrate(ctx context.Context, dsn string) (applied []int64, err error) {
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, &DSNError{err}
	}
	config.RuntimeParams["application_name"] = "drumbeat migrate"
	db := stdlib.OpenDB(*config)
	defer func() { err = errors.Join(err, db.Close()) }()

	// The lock belongs to this connection and ends with it, also when the process dies.
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("stream/postgres: migrate: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	if _, err := conn.ExecContext(ctx, "SELECT pg_advisory_lock($1)", int64(migrateLock)); err != nil {
		return nil, fmt.Errorf("stream/postgres: migrate: %w", err)
	}
	if err := requireServer(ctx, conn); err != nil {
		return nil, err
	}
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, fmt.Errorf("stream/postgres: migrate: %w", err)
	}
	if _, err := conn.ExecContext(ctx, "CREATE SCHEMA IF NOT EXISTS drumbeat"); err != nil {
		// The service runs as a writer, who may create nothing, and has nothing to create where the owner
		// has migrated.
		if upToDate(ctx, conn, files) {
			return nil, nil
		}
		return nil, fmt.Errorf("stream/postgres: migrate: %w", err)
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db, files,
		goose.WithTableName("drumbeat.schema_version"), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return nil, fmt.Errorf("stream/postgres: migrate: %w", err)
	}
	results, err := provider.Up(ctx)
	if err != nil {
		return nil, fmt.Errorf("stream/postgres: migrate: %w", err)
	}
	for _, r := range results {
		applied = append(applied, r.Source.Version)
	}
	if _, err := conn.ExecContext(ctx, roles); err != nil {
		return applied, fmt.Errorf("stream/postgres: migrate: roles: %w", err)
	}
	return applied, nil
}

// upToDate says that the schema is at the version of this program, or of a newer one, as far as the user may
// see it.
func upToDate(ctx context.Context, conn *sql.Conn, files fs.FS) bool {
	list, err := fs.Glob(files, "*.sql")
	if err != nil || len(list) == 0 {
		return false
	}
	newest, err := goose.NumericComponent(slices.Max(list))
	if err != nil {
		return false
	}
	var have sql.NullInt64
	err = conn.QueryRowContext(ctx, "SELECT max(version_id) FROM drumbeat.schema_version WHERE is_applied").Scan(&have)
	return err == nil && have.Int64 >= newest
}

// requireServer refuses databases that cannot hold what we store.
func requireServer(ctx context.Context, conn *sql.Conn) error {
	var version int
	var encoding string
	row := conn.QueryRowContext(ctx, "SELECT current_setting('server_version_num')::int, current_setting('server_encoding')")
	if err := row.Scan(&version, &encoding); err != nil {
		return fmt.Errorf("stream/postgres: migrate: %w", err)
	}
	if version < 140000 {
		return fmt.Errorf("stream/postgres: the server has version %d, PostgreSQL 14 is the oldest that will do", version/10000)
	}
	if encoding != "UTF8" {
		return fmt.Errorf("stream/postgres: the database's encoding is %s, it must be UTF8", encoding)
	}
	return nil
}
