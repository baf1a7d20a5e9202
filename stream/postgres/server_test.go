package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"

	"drumbeat/stream/postgres"

	"github.com/jackc/pgx/v5"
)

// serverDSN is the server that the tests use: DRUMBEAT_TEST_POSTGRES, else a cluster of their own.
// whyNoServer says why there is none.
var serverDSN, whyNoServer string

func TestMain(m *testing.M) { os.Exit(runTests(m)) }

func runTests(m *testing.M) int {
	serverDSN = os.Getenv("DRUMBEAT_TEST_POSTGRES")
	if serverDSN == "" {
		stop, err := startCluster()
		if stop != nil {
			defer stop()
		}
		var missing *missingError
		if errors.As(err, &missing) {
			whyNoServer = err.Error()
		} else if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
	return m.Run()
}

type missingError struct{ what string }

func (e *missingError) Error() string { return "no PostgreSQL to test with: " + e.what }

// startCluster starts a private cluster in a fresh directory. PostgreSQL refuses to run as root, so root
// hands it to the user postgres.
func startCluster() (stop func(), err error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		path, err := exec.LookPath("initdb")
		if err != nil {
			return nil, &missingError{"DRUMBEAT_TEST_POSTGRES is not set and no initdb is installed (apt-get install postgresql)"}
		}
		found = []string{path}
	}
	slices.SortFunc(found, func(a, b string) int { return serverVersion(a) - serverVersion(b) })
	bin := filepath.Dir(found[len(found)-1])

	dir, err := os.MkdirTemp("", "drumbeat-postgres-")
	if err != nil {
		return nil, err
	}
	stop = func() { os.RemoveAll(dir) }
	var as *syscall.SysProcAttr
	if os.Getuid() == 0 {
		u, err := user.Lookup("postgres")
		if err != nil {
			return stop, &missingError{"root cannot run a cluster and there is no user postgres"}
		}
		uid, errU := strconv.Atoi(u.Uid)
		gid, errG := strconv.Atoi(u.Gid)
		if err := errors.Join(errU, errG, os.Chown(dir, uid, gid)); err != nil {
			return stop, err
		}
		as = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
	}
	run := func(name string, args ...string) error {
		cmd := exec.Command(filepath.Join(bin, name), args...)
		cmd.Dir, cmd.SysProcAttr = dir, as
		log, err := os.OpenFile(filepath.Join(dir, name+".out"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
		if err != nil {
			return err
		}
		defer log.Close()
		cmd.Stdout, cmd.Stderr = log, log // a file, not a pipe: the server outlives pg_ctl and would keep a pipe open
		if err := cmd.Run(); err != nil {
			said, _ := os.ReadFile(log.Name())
			return fmt.Errorf("%s: %w\n%s", name, err, said)
		}
		return nil
	}
	port, err := freePort()
	if err != nil {
		return stop, err
	}
	data := filepath.Join(dir, "data")
	if err := run("initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"); err != nil {
		return stop, err
	}
	options := fmt.Sprintf("-p %d -k %s -c listen_addresses=127.0.0.1 -c shared_buffers=128MB -c max_wal_size=2GB -c fsync=off", port, dir)
	if err := run("pg_ctl", "-D", data, "-w", "-o", options, "-l", filepath.Join(dir, "log"), "start"); err != nil {
		return stop, err
	}
	serverDSN = fmt.Sprintf("postgres://postgres@127.0.0.1:%d/postgres", port)
	return watch(bin, data, dir, as)
}

// watch leaves the cluster to a shell that stops and removes it when its input ends: at the end of the
// tests, and also when they time out or are killed.
func watch(bin, data, dir string, as *syscall.SysProcAttr) (stop func(), err error) {
	const script = `cat >/dev/null; "$1/pg_ctl" -D "$2" -m immediate -w stop >/dev/null 2>&1; rm -rf "$3"`
	cmd := exec.Command("/bin/sh", "-c", script, "sh", bin, data, dir)
	cmd.Dir = "/"
	attr := syscall.SysProcAttr{Setpgid: true} // an interrupt from the terminal is for the tests alone
	if as != nil {
		attr.Credential = as.Credential
	}
	cmd.SysProcAttr = &attr
	input, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return func() {
		if err := errors.Join(input.Close(), cmd.Wait()); err != nil {
			fmt.Fprintln(os.Stderr, "stop the cluster:", err)
		}
	}, nil
}

// serverVersion is the number in /usr/lib/postgresql/15/bin/initdb.
func serverVersion(initdb string) int {
	v, err := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(initdb))))
	if err != nil {
		return 0
	}
	return v
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}

var databases atomic.Int64

// newDatabase creates an empty database that goes with the test and returns its connection string.
func newDatabase(t testing.TB) string {
	t.Helper()
	if serverDSN == "" {
		t.Skip(whyNoServer)
	}
	ctx := context.Background()
	admin, err := pgx.Connect(ctx, serverDSN)
	if err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("drumbeat_test_%d_%d", os.Getpid(), databases.Add(1))
	if _, err := admin.Exec(ctx, "CREATE DATABASE "+name+" TEMPLATE template0 ENCODING 'UTF8'"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := admin.Exec(ctx, "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Error(err)
		}
		if err := admin.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	return inDatabase(t, serverDSN, name)
}

// inDatabase is dsn with another database.
func inDatabase(t testing.TB, dsn, name string) string {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil || u.Scheme == "" {
		return dsn + " dbname=" + name // key=value form: the last one counts
	}
	u.Path = "/" + name
	return u.String()
}

// newStore is a store on a migrated database of its own.
func newStore(t testing.TB) (*postgres.Store, string) {
	t.Helper()
	dsn := newDatabase(t)
	if _, err := postgres.Migrate(t.Context(), dsn); err != nil {
		t.Fatal(err)
	}
	return openStore(t, dsn), dsn
}

func openStore(t testing.TB, dsn string) *postgres.Store {
	t.Helper()
	s, err := postgres.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}
