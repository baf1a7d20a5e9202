package main

import (
	"context"
	"errors"
	"fmt"

	"drumbeat/stream/postgres"
)

// migrateCmd prepares the database.
type migrateCmd struct {
	Config   configFlag `env:"DRUMBEAT_CONFIG" placeholder:"FILE" help:"YAML file of settings, the same as of serve."`
	Postgres string     `required:"" env:"DRUMBEAT_POSTGRES" placeholder:"DSN" help:"Connection string; PGPASSWORD and PGPASSFILE keep the password out of it."`
}

func (c *migrateCmd) Run(ctx context.Context, std streams) error {
	applied, err := postgres.Migrate(ctx, c.Postgres)
	var wrong *postgres.DSNError
	switch {
	case errors.As(err, &wrong):
		return badInput(fmt.Errorf("--postgres: %w", wrong))
	case err != nil:
		return err
	}
	if len(applied) == 0 {
		_, err = fmt.Fprintln(std.out, "The schema drumbeat is up to date.")
	} else {
		_, err = fmt.Fprintf(std.out, "The schema drumbeat has version %d now; migrations applied: %d.\n", applied[len(applied)-1], len(applied))
	}
	return err
}
