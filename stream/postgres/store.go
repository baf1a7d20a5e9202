package postgres

import (
	"context"
	"fmt"
	"sync"
	"time"

	"drumbeat/schemas"
	"drumbeat/stream"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Store keeps everything in a PostgreSQL database that [Migrate] has prepared. It is safe for
// concurrent use.
type Store struct {
	pool     *pgxpool.Pool
	patience time.Duration

	mu   sync.Mutex
	days map[schemas.Date]bool // partitions of history known to exist
}

var _ stream.Store = (*Store)(nil)

// Session settings that a connection string may override.
var sessionDefaults = map[string]string{
	"application_name": "drumbeat",
	// A save of 100,000 SKUs takes a few seconds; what takes minutes hangs.
	"statement_timeout":                   "120s",
	"idle_in_transaction_session_timeout": "60s",
	"lock_timeout":                        "30s",
}

// maxConns bounds the pool where the connection string does not (pool_max_conns): a few saves at a
// time and the readers beside them.
const maxConns = 10

// patience is how long a call of the stream's waits for the server in all. The server's own limits do not hold
// for one that has gone without a word, behind a connection that still looks open; the caller tries again.
const patience = 2 * time.Minute

// DSNError says that a connection string cannot be read. Its text does not repeat a password.
type DSNError struct{ err error }

func (e *DSNError) Error() string { return "stream/postgres: " + e.err.Error() }
func (e *DSNError) Unwrap() error { return e.err }

// Open connects to the database that dsn names, as a URL or in key=value form, and checks that it has
// the schema. Connections must be sessions of their own: a pooler in transaction mode will not do.
func Open(ctx context.Context, dsn string) (*Store, error) {
	config, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, &DSNError{err}
	}
	params := config.ConnConfig.RuntimeParams
	for name, value := range sessionDefaults {
		if _, ok := params[name]; !ok {
			params[name] = value
		}
	}
	if config.ConnConfig.ConnectTimeout == 0 {
		config.ConnConfig.ConnectTimeout = 5 * time.Second
	}
	if bare, err := pgx.ParseConfig(dsn); err != nil {
		return nil, &DSNError{err}
	} else if _, given := bare.RuntimeParams["pool_max_conns"]; !given {
		config.MaxConns = maxConns
	}
	config.MaxConnIdleTime = 5 * time.Minute
	config.AfterConnect = durable
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("stream/postgres: %w", err)
	}
	s := &Store{pool: pool, patience: patience, days: map[schemas.Date]bool{}}
	if err := s.Check(ctx); err != nil {
		pool.Close()
		return nil, err
	}
	return s, nil
}

// durable makes a commit wait for the disk where the server's default would not: what has been
// published must never be forgotten.
func durable(ctx context.Context, conn *pgx.Conn) error {
	_, err := conn.Exec(ctx, "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'")
	return err
}

// Check asks the database for one row, for readiness.
func (s *Store) Check(ctx context.Context) error {
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	var ok bool
	if err := s.pool.QueryRow(ctx, "SELECT to_regclass('drumbeat.partitions') IS NOT NULL").Scan(&ok); err != nil {
		return fmt.Errorf("stream/postgres: %w", err)
	}
	if !ok {
		return fmt.Errorf("stream/postgres: the database has no schema drumbeat yet: run drumbeat migrate")
	}
	return nil
}

// bounded ends a call that the server does not answer.
func (s *Store) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, s.patience, fmt.Errorf("no answer within %v", s.patience))
}

// Close ends all connections. It waits for calls in progress.
func (s *Store) Close() { s.pool.Close() }

// Epoch implements [stream.Store]. A partition that nobody has loaded has epoch 0.
func (s *Store) Epoch(ctx context.Context, partition int32) (int64, error) {
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	var epoch int64
	err := s.pool.QueryRow(ctx, "SELECT coalesce(max(epoch), 0) FROM drumbeat.partitions WHERE partition = $1", partition).Scan(&epoch)
	if err != nil {
		return 0, fmt.Errorf("stream/postgres: epoch of partition %d: %w", partition, err)
	}
	return epoch, nil
}

// own raises an error of [stream.ErrFenced] unless epoch is the partition's, and otherwise locks its row until
// the transaction ends. set is the rest of the UPDATE; its first two arguments are partition and epoch.
func own(ctx context.Context, tx pgx.Tx, set string, args ...any) error {
	tag, err := tx.Exec(ctx, "UPDATE drumbeat.partitions SET "+set+" WHERE partition = $1 AND epoch = $2", args...)
	if err != nil {
		return err
	}
	if tag.RowsAffected() == 0 {
		return stream.ErrFenced
	}
	return nil
}

// date is d as the driver takes it.
func date(d schemas.Date) time.Time { return time.Unix(int64(d)*86400, 0).UTC() }
