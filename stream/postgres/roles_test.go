package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"testing"
	"time"

	"drumbeat/stream"
	"drumbeat/stream/postgres"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

const insufficientPrivilege = "42501"

// newLogin names a user that goes at the end of the test, if it is made. It must be called before the
// database is: a user cannot go while tables of its sessions are left.
func newLogin(t *testing.T) string {
	t.Helper()
	name := fmt.Sprintf("drumbeat_test_%d_login_%d", os.Getpid(), databases.Add(1))
	if serverDSN == "" {
		t.Skip(whyNoServer)
	}
	admin := connect(t, serverDSN)
	t.Cleanup(func() {
		if _, err := admin.Exec(context.Background(), "DROP ROLE IF EXISTS "+name); err != nil {
			t.Error(err)
		}
	})
	return name
}

// loginAs creates a user with one of our roles and returns its connection string.
func loginAs(t *testing.T, dsn, name, role string) string {
	t.Helper()
	if _, err := connect(t, dsn).Exec(t.Context(), fmt.Sprintf("CREATE ROLE %s LOGIN PASSWORD 'x' IN ROLE %s", name, role)); err != nil {
		t.Fatal(err)
	}
	return as(t, dsn, name)
}

// as is dsn with another user, whose password is x.
func as(t *testing.T, dsn, name string) string {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil || u.Scheme == "" {
		return dsn + " user=" + name + " password=x"
	}
	u.User = url.UserPassword(name, "x")
	return u.String()
}

func refused(t *testing.T, conn *pgx.Conn, statement string) {
	t.Helper()
	_, err := conn.Exec(t.Context(), statement)
	var pgErr *pgconn.PgError
	if !errors.As(err, &pgErr) || pgErr.Code != insufficientPrivilege {
		t.Errorf("%s: %v, want it refused", statement, err)
	}
}

func TestRoles(t *testing.T) {
	writerName, readerName := newLogin(t), newLogin(t)
	_, dsn := newStore(t)
	ctx := t.Context()

	// A writer is all that the service needs.
	writer := loginAs(t, dsn, writerName, "drumbeat_writer")
	s := openStore(t, writer)
	snapshot, err := s.Load(ctx, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Save(ctx, 0, snapshot.Epoch, fullBatch(1)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Unsent(ctx, 0, -1, 1<<20); err != nil {
		t.Fatal(err)
	}
	if err := s.Sent(ctx, 0, snapshot.Epoch, 1, []stream.ReadBack{{Site: "a", Next: 1}}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Expire(ctx, time.Now(), 0, 1); err != nil {
		t.Fatal(err)
	}
	conn := connect(t, writer)
	for _, statement := range []string{
		"DROP TABLE drumbeat.skus", "DROP VIEW drumbeat.supply_plans", "DROP SCHEMA drumbeat CASCADE", "TRUNCATE drumbeat.skus",
		"ALTER TABLE drumbeat.skus ADD COLUMN x int", "CREATE TABLE drumbeat.own (x int)", "UPDATE drumbeat.schema_version SET version_id = 0",
		"DELETE FROM drumbeat.line_archive",
	} {
		refused(t, conn, statement)
	}

	reader := connect(t, loginAs(t, dsn, readerName, "drumbeat_reader"))
	for _, name := range []string{
		"sales_transactions", "demand_forecasts", "supply_plans", "plans", "dead_letters", "audit",
		"current_supply_plan", "current_demand_forecast", "plan_changes", "lines", "problems",
		"forecast_accuracy", "forecast_models", "forecast_accuracy_by_site", "forecast_accuracy_by_class",
	} {
		var rows int
		if err := reader.QueryRow(ctx, "SELECT count(*) FROM drumbeat."+name).Scan(&rows); err != nil || rows == 0 {
			t.Errorf("reader sees %d rows of %s: %v", rows, name, err)
		}
	}
	for _, statement := range []string{
		"SELECT state FROM drumbeat.skus", "SELECT state FROM drumbeat.sites", "SELECT FROM drumbeat.outbox", "SELECT FROM drumbeat.partitions",
		"INSERT INTO drumbeat.audit (site) VALUES ('x')", "DELETE FROM drumbeat.sales_transactions", "DELETE FROM drumbeat.dead_letters",
		"DELETE FROM drumbeat.lines", "DELETE FROM drumbeat.forecast_accuracy", "DELETE FROM drumbeat.forecast_models", "DELETE FROM drumbeat.problems", "UPDATE drumbeat.plans SET status = 'x'", "SELECT drumbeat.expire('2100-01-01')",
		"SELECT drumbeat.ensure_day('2100-01-01')", "DROP TABLE drumbeat.plans",
	} {
		refused(t, reader, statement)
	}
	if _, err := reader.Exec(ctx, "SELECT site, partition FROM drumbeat.sites"); err != nil {
		t.Errorf("reader lists the sites: %v", err)
	}
}

// TestMigrateAsPlainUser migrates as someone who owns the database and nothing else: no superuser, no right
// to create roles, no member of ours.
func TestMigrateAsPlainUser(t *testing.T) {
	name := newLogin(t)
	dsn := newDatabase(t)
	admin := connect(t, dsn)
	for _, statement := range []string{
		fmt.Sprintf("CREATE ROLE %s LOGIN PASSWORD 'x'", name),
		fmt.Sprintf("ALTER DATABASE %s OWNER TO %s", admin.Config().Database, name),
	} {
		if _, err := admin.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	plain := as(t, dsn, name)
	for range 2 {
		if _, err := postgres.Migrate(t.Context(), plain); err != nil {
			t.Fatal(err)
		}
	}
	s := openStore(t, plain)
	snapshot, err := s.Load(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Save(t.Context(), 0, snapshot.Epoch, fullBatch(1)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Expire(t.Context(), time.Now(), 0, 1); err != nil {
		t.Fatal(err)
	}
}

// TestMigrateAsWriter starts the service as the writer, who may migrate nothing: on a database that is up to date
// nothing needs to be done, on any other one the error says who has to do it.
func TestMigrateAsWriter(t *testing.T) {
	name := newLogin(t)
	_, dsn := newStore(t)
	ctx := t.Context()
	writer := loginAs(t, dsn, name, "drumbeat_writer")
	if applied, err := postgres.Migrate(ctx, writer); err != nil || len(applied) != 0 {
		t.Fatalf("an up-to-date database: applied %v, %v", applied, err)
	}
	owner := connect(t, dsn)
	if _, err := owner.Exec(ctx, "DELETE FROM drumbeat.schema_version WHERE version_id = (SELECT max(version_id) FROM drumbeat.schema_version)"); err != nil {
		t.Fatal(err)
	}
	var pgErr *pgconn.PgError
	if _, err := postgres.Migrate(ctx, writer); !errors.As(err, &pgErr) || pgErr.Code != insufficientPrivilege {
		t.Errorf("a database that is behind: %v, want the right to be missing", err)
	}
}
