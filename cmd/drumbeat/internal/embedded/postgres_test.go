package embedded

import (
	"context"
	"errors"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
)

// startPostgres starts a cluster that the test's end stops, and removes where it lies outside dir.
func startPostgres(t *testing.T, dir string) *Postgres {
	t.Helper()
	p, err := StartPostgres(t.Context(), dir, nil)
	if errors.Is(err, ErrNoPostgres) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Stop(); err != nil {
			t.Error(err)
		}
		if strings.HasPrefix(p.Dir(), serverHome) {
			if err := os.RemoveAll(p.Dir()); err != nil {
				t.Error(err)
			}
		}
	})
	return p
}

func exec1(t *testing.T, dsn, sql string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	rows, err := conn.Query(t.Context(), sql)
	if err != nil {
		t.Fatal(err)
	}
	values, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return strings.Join(values, " ")
}

func TestPostgresFindsItsDataAgain(t *testing.T) {
	dir := t.TempDir()
	first := startPostgres(t, dir)
	exec1(t, first.DSN(), "CREATE TABLE plan AS SELECT 'kept' AS line")
	if err := first.Stop(); err != nil {
		t.Fatal(err)
	}
	second := startPostgres(t, dir)
	if second.Adopted() {
		t.Error("a stopped server was adopted")
	}
	if got := exec1(t, second.DSN(), "SELECT line FROM plan"); got != "kept" {
		t.Errorf("table holds %q, want kept", got)
	}
	if second.DSN() != first.DSN() {
		t.Errorf("the URL changed from %s to %s although the port was free", first.DSN(), second.DSN())
	}
	if got := exec1(t, second.DSN(), "SHOW fsync") + exec1(t, second.DSN(), "SHOW synchronous_commit"); got != "onon" {
		t.Errorf("fsync and synchronous_commit are %q, want both on", got)
	}
}

func TestPostgresAsksForThePassword(t *testing.T) {
	p := startPostgres(t, t.TempDir())
	u, err := url.Parse(p.DSN())
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword(databaseName, "wrong")
	if conn, err := pgx.Connect(t.Context(), u.String()); err == nil {
		_ = conn.Close(t.Context())
		t.Error("a wrong password was let in")
	}
}

func TestPostgresDirectoryHasOneOwner(t *testing.T) {
	dir := t.TempDir()
	startPostgres(t, dir)
	if _, err := StartPostgres(t.Context(), dir, nil); !errors.Is(err, ErrInUse) {
		t.Fatalf("second start on the directory: %v, want ErrInUse", err)
	}
}

// The process that started the server dies without a word; the server runs on.
func TestPostgresAdoptsARunningServer(t *testing.T) {
	dir := t.TempDir()
	first := startPostgres(t, dir)
	exec1(t, first.DSN(), "CREATE TABLE plan AS SELECT 'kept' AS line")
	if err := first.lock.Close(); err != nil { // as the kernel does for the dead
		t.Fatal(err)
	}
	first.stop.Do(func() {}) // the dead stop nothing
	second := startPostgres(t, dir)
	if !second.Adopted() {
		t.Error("the running server was not adopted")
	}
	if got := exec1(t, second.DSN(), "SELECT line FROM plan"); got != "kept" {
		t.Errorf("table holds %q, want kept", got)
	}
	if err := second.Stop(); err != nil {
		t.Fatal(err)
	}
	if err := poll(t.Context(), func() (bool, error) { return first.server.gone(), nil }); err != nil { // its end is noticed a moment later
		t.Errorf("stopping the adopted server left it running: %v", err)
	}
}

// The server is killed and leaves its pid file: what was committed is there after recovery.
func TestPostgresRecoversFromACrash(t *testing.T) {
	dir := t.TempDir()
	first := startPostgres(t, dir)
	exec1(t, first.DSN(), "CREATE TABLE plan AS SELECT 'kept' AS line")
	if err := first.server.signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	<-first.server.(*child).exited
	first.server = nil
	if err := first.Stop(); err != nil {
		t.Fatal(err)
	}
	second := startPostgres(t, dir)
	if second.Adopted() {
		t.Error("a killed server was adopted")
	}
	if got := exec1(t, second.DSN(), "SELECT line FROM plan"); got != "kept" {
		t.Errorf("table holds %q, want kept", got)
	}
}

// After a reboot the process id in the pid file may belong to anybody, ourselves included.
func TestPostgresIgnoresAForeignProcessID(t *testing.T) {
	dir := t.TempDir()
	first := startPostgres(t, dir)
	if err := first.Stop(); err != nil {
		t.Fatal(err)
	}
	foreign := first.account.command(t.Context(), "/bin/sh", "-c", "read wait")
	hold, err := foreign.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := foreign.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = hold.Close()
		_ = foreign.Wait() // it fails for want of input
	}()
	stale := filepath.Join(first.data(), "postmaster.pid")
	text := strconv.Itoa(foreign.Process.Pid) + "\n" + first.data() + "\n1\n" + strconv.Itoa(first.port) + "\n\n127.0.0.1\n"
	if err := os.WriteFile(stale, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := first.account.give(stale); err != nil {
		t.Fatal(err)
	}
	second := startPostgres(t, dir)
	if second.Adopted() {
		t.Error("a foreign process was adopted as the server")
	}
}

func TestPostgresTakesAnotherPortWhenItsOwnIsTaken(t *testing.T) {
	dir := t.TempDir()
	first := startPostgres(t, dir)
	if err := first.Stop(); err != nil {
		t.Fatal(err)
	}
	other := startPostgres(t, t.TempDir())
	if err := os.WriteFile(filepath.Join(first.home, "port"), []byte(strconv.Itoa(other.port)), 0o644); err != nil {
		t.Fatal(err)
	}
	second := startPostgres(t, dir)
	if second.port == other.port {
		t.Error("two servers on one port")
	}
}

func TestPostgresOfAnotherVersionIsNamed(t *testing.T) {
	data := t.TempDir()
	if err := os.WriteFile(filepath.Join(data, "PG_VERSION"), []byte("9\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := chooseInstallation([]installation{{bin: "/x", major: 17}, {bin: "/y", major: 15}}, data)
	if !errors.Is(err, ErrNoPostgres) || !strings.Contains(err.Error(), "made by PostgreSQL 9, installed: 17, 15") {
		t.Errorf("error %v", err)
	}
	if got, err := chooseInstallation([]installation{{bin: "/x", major: 17}, {bin: "/y", major: 9}}, data); err != nil || got.bin != "/y" {
		t.Errorf("chose %v, %v; want the one of the same version", got, err)
	}
	if _, err := chooseInstallation(nil, t.TempDir()); !errors.Is(err, ErrNoPostgres) {
		t.Errorf("nothing installed: %v, want ErrNoPostgres", err)
	}
}

func TestRunsOnTellsServersApart(t *testing.T) {
	data := t.TempDir()
	cmd := exec.Command("/bin/sh", "-c", "echo ready; read wait", "postgres", "-D", data)
	hold, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	ready, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := ready.Read(make([]byte, 1)); err != nil { // the kernel shows the arguments only after exec
		t.Fatal(err)
	}
	pid := cmd.Process.Pid
	if !runsOn(pid, data) {
		t.Error("the server of the directory was not recognised")
	}
	if runsOn(pid, data+"2") || runsOn(pid, filepath.Dir(data)) || runsOn(os.Getpid(), data) {
		t.Error("another process passed for the server of the directory")
	}
	_ = hold.Close()
	_ = cmd.Wait() // it fails for want of input
	if runsOn(pid, data) {
		t.Error("an ended process still counts")
	}
}
