package main

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"
)

// Postgres answers, but not what it should: no connection is left, it is read-only, its disk is full. The service
// waits, with what it holds bounded, and goes on by itself.
//
// The full disk is an error 53100 that a trigger raises in the middle of a save: a real one needs a file system
// of its own, and so root.
func TestFaultsPostgres(t *testing.T) {
	takeTurn(t, brokerLane)
	p := newPlant(t, 4)
	login := "faults_" + p.db.Path[len("/faults_"):]
	p.exec(fmt.Sprintf("CREATE ROLE %s LOGIN PASSWORD 'x' IN ROLE drumbeat_writer", login)) // limits do not hold for superusers
	t.Cleanup(func() {
		_, err := p.admin.Exec(context.Background(), fmt.Sprintf("DROP OWNED BY %s; DROP ROLE %s", login, login))
		if err != nil {
			t.Error(err)
		}
	})
	at := *p.db
	at.User = url.UserPassword(login, "x")
	w := p.world
	intake := p.start("intake", w, "intake")
	w.database = at.String()
	planner := p.start("planner", w, "planner")
	p.sell(40)
	p.holds("before")

	disconnect := func() {
		p.exec(fmt.Sprintf("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '%s'", login))
	}
	for _, fault := range []struct {
		name, says string
		begin, end func()
	}{
		{"no connection left", "53300", func() { p.exec("ALTER ROLE " + login + " CONNECTION LIMIT 0"); disconnect() }, func() {
			p.exec("ALTER ROLE " + login + " CONNECTION LIMIT -1")
		}},
		{"read-only", "25006", func() { p.exec("ALTER SYSTEM SET default_transaction_read_only = on", "SELECT pg_reload_conf()") }, func() {
			p.exec("SET default_transaction_read_only = off", "ALTER SYSTEM RESET default_transaction_read_only", "SELECT pg_reload_conf()")
		}},
		{"disk full", "53100", func() {
			p.exec(`CREATE FUNCTION drumbeat.disk_full() RETURNS trigger LANGUAGE plpgsql AS
				$$ BEGIN RAISE 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$`,
				"CREATE TRIGGER disk_full BEFORE INSERT OR UPDATE ON drumbeat.skus FOR EACH STATEMENT EXECUTE FUNCTION drumbeat.disk_full()")
		}, func() { p.exec("DROP FUNCTION drumbeat.disk_full CASCADE") }},
	} {
		stop := p.flow(500)
		p.revisions(fault.name+": plans before", 2)
		failed := metrics(t, planner.address)["drumbeat_save_failures_total"]
		fault.begin()
		eventually(t, fault.name+": saves fail", 30*time.Second, func() (bool, string) {
			n := metrics(t, planner.address)["drumbeat_save_failures_total"] - failed
			said := strings.Contains(planner.err.String(), fault.says)
			return n >= 3 && said, fmt.Sprint(n, " failures; the log says ", fault.says, ": ", said)
		})
		fault.end()
		p.revisions(fault.name+": plans after", 4)
		stop()
		p.holds(fault.name)
	}
	planner.stop(t, 20*time.Second)
	intake.stop(t, 20*time.Second)
}

// exec runs statements as the superuser.
func (p *plant) exec(statements ...string) {
	p.t.Helper()
	for _, s := range statements {
		if _, err := p.admin.Exec(p.t.Context(), s); err != nil {
			p.t.Fatalf("%s: %v", s, err)
		}
	}
}
