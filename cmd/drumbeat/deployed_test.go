package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"
	"github.com/jackc/pgx/v5"
)

// A variable or a setting that nobody reads would be ignored in silence: what the container files name must exist.
func TestDeployedNamesExist(t *testing.T) {
	parser, err := kong.New(&cli{})
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]*kong.Flag{}
	knownSettings(parser.Model.Node, known)
	variables := []string{"DRUMBEAT_CONFIG", passwordVariable}
	for _, flag := range known {
		variables = append(variables, flag.Envs...)
	}
	asked, err := os.ReadFile(deployed("compose.env.example"))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`(?m)^([A-Z_]+)=`).FindAllStringSubmatch(string(asked), -1) {
		variables = append(variables, m[1])
	}
	files, err := filepath.Glob(deployed("kubernetes/*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d manifests, %v", len(files), err)
	}
	found := 0
	for _, path := range append(files, deployed("compose.yaml"), deployed("Dockerfile")) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range regexp.MustCompile(`DRUMBEAT_[A-Z_]+`).FindAllString(string(text), -1) {
			if found++; !slices.Contains(variables, name) {
				t.Errorf("%s: %s is no setting", path, name)
			}
		}
	}
	if found < 10 {
		t.Errorf("%d variables in the container files", found)
	}
	// Also what is commented out, for those who need it.
	text, err := os.ReadFile(deployed("kubernetes/drumbeat.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`(?m)^(?:# )?([a-z-]+): `).FindAllStringSubmatch(string(text), -1) {
		if known[m[1]] == nil {
			t.Errorf("kubernetes/drumbeat.yaml: %s is no setting", m[1])
		}
	}
}

// The logins of deploy/postgres/roles.sql can do what they are for, and no more. The script may be run again.
func TestDeployedRoles(t *testing.T) {
	takeTurn(t, otherLane)
	db := newDatabase(t)
	psql, err := exec.LookPath("psql")
	if err != nil {
		t.Skip("psql is not installed")
	}
	logins := []string{"drumbeat_migrate", "drumbeat_service", "drumbeat_report"}
	for _, login := range logins {
		if db.number(t, "SELECT count(*) FROM pg_roles WHERE rolname = $1", login) > 0 {
			t.Skipf("the server has a login %s of somebody's", login)
		}
	}
	t.Cleanup(func() {
		for _, login := range logins {
			for _, statement := range []string{"DROP OWNED BY " + login, "DROP ROLE " + login} {
				if _, err := db.conn.Exec(context.Background(), statement); err != nil {
					t.Error(err)
				}
			}
		}
	})
	passwords := []string{"DRUMBEAT_OWNER_PASSWORD=it's one", "DRUMBEAT_WRITER_PASSWORD=b", "DRUMBEAT_READER_PASSWORD=c"}
	for range 2 {
		cmd := exec.CommandContext(t.Context(), psql, db.dsn, "--no-psqlrc", "--set", "ON_ERROR_STOP=1", "--file", deployed("postgres/roles.sql"))
		cmd.Env = append(os.Environ(), passwords...)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("psql: %v\n%s", err, out)
		}
	}
	as := func(login int) world {
		config := db.conn.Config()
		_, password, _ := strings.Cut(passwords[login], "=")
		dsn := "host=" + config.Host + " port=" + regexp.MustCompile(`:(\d+)/`).FindStringSubmatch(db.dsn)[1] +
			" dbname=" + config.Database + " sslmode=disable user=" + logins[login]
		return world{home: t.TempDir(), database: dsn, more: []string{"PGPASSWORD=" + password}}
	}
	if out := drumbeat(t, as(0), time.Minute, "migrate"); !strings.Contains(out, "has version") {
		t.Errorf("migrate as %s: %s", logins[0], out)
	}
	if out := drumbeat(t, as(1), time.Minute, "migrate"); !strings.Contains(out, "up to date") {
		t.Errorf("migrate as %s, with nothing to do: %s", logins[1], out)
	}
	for login, may := range map[int]map[string]bool{
		1: {"INSERT INTO drumbeat.cluster (id) VALUES ('x')": true, "DROP TABLE drumbeat.plans": false, "CREATE TABLE drumbeat.x ()": false},
		2: {"SELECT count(*) FROM drumbeat.current_supply_plan": true, "DELETE FROM drumbeat.plans": false, "SELECT count(*) FROM drumbeat.outbox": false},
	} {
		w := as(login)
		conn, err := pgx.Connect(t.Context(), w.database+" password="+strings.TrimPrefix(w.more[0], "PGPASSWORD="))
		if err != nil {
			t.Fatal(err)
		}
		for statement, allowed := range may {
			if _, err := conn.Exec(t.Context(), statement); (err == nil) != allowed {
				t.Errorf("%s as %s: %v", statement, logins[login], err)
			}
		}
		if err := conn.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
}
