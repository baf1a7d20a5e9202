package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"drumbeat/cmd/drumbeat/internal/embedded"
	"drumbeat/stream/postgres"
)

// withPostgres gives a private, empty and migrated PostgreSQL to f. Where no server is installed, what
// needs it is left out, which is said.
func withPostgres(ctx context.Context, std streams, what string, f func(dsn, dir string) error) (err error) {
	dir, err := os.MkdirTemp("", "drumbeat-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := os.Chmod(dir, 0o755); err != nil { // the server may run as another user
		return err
	}
	database, err := embedded.StartPostgres(ctx, dir+"/postgres", nil)
	if errors.Is(err, embedded.ErrNoPostgres) {
		fmt.Fprintf(std.err, "  %s: left out: %v\n", what, err)
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, database.Stop(), os.RemoveAll(database.Dir())) }()
	if _, err := postgres.Migrate(ctx, database.DSN()); err != nil {
		return err
	}
	return f(database.DSN(), dir)
}
