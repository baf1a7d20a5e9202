package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"drumbeat/cmd/drumbeat/internal/embedded"
	"drumbeat/stream/postgres"
)

// Tests that wait for processes run beside each other, in two lanes: those that share the real broker one after the
// other, of the others two at a time. So the processors are busy while a session runs out, and not with everything
// at once. A test that takes its turn is parallel; `-parallel` has to let all of them wait for theirs.
var (
	brokerLane = make(chan struct{}, 1)
	otherLane  = make(chan struct{}, 2)
)

const waitingTests = "64" // for -parallel

func takeTurn(t *testing.T, lane chan struct{}) {
	t.Helper()
	t.Parallel()
	lane <- struct{}{}
	t.Cleanup(func() { <-lane })
}

// privatePostgres is the PostgreSQL of tests that need no more than what a machine without set-up has. Its password is in
// a file that PGPASSFILE names, because commands take none in a flag.
var privatePostgres struct {
	once   sync.Once
	server *embedded.Postgres
	dir    string
	dsn    string // without the password
	err    error
}

func openPrivatePostgres() {
	p := &privatePostgres
	if p.dir, p.err = os.MkdirTemp("", "drumbeat-postgres-"); p.err == nil {
		p.server, p.err = embedded.StartPostgres(context.Background(), p.dir, nil)
	}
	if p.err != nil {
		return
	}
	var at *url.URL
	if at, p.err = url.Parse(p.server.DSN()); p.err != nil {
		return
	}
	password, _ := at.User.Password()
	at.User = url.User(at.User.Username())
	p.dsn = at.String()
	file := filepath.Join(p.dir, "pgpass")
	line := strings.Join([]string{at.Hostname(), at.Port(), "*", at.User.Username(), password}, ":")
	p.err = errors.Join(os.WriteFile(file, []byte(line+"\n"), 0o600), os.Setenv("PGPASSFILE", file))
}

// closePrivatePostgres stops the server, if there is one.
func closePrivatePostgres() {
	p := &privatePostgres
	if p.server != nil {
		_ = errors.Join(p.server.Stop(), os.RemoveAll(p.server.Dir()), os.RemoveAll(p.dir)) // nobody is left to be told
	}
}

// testDatabase is a database with our schema on a private PostgreSQL, and a store on it.
func testDatabase(t *testing.T) (dsn string, store *postgres.Store) {
	t.Helper()
	privatePostgres.once.Do(openPrivatePostgres)
	if err := privatePostgres.err; errors.Is(err, embedded.ErrNoPostgres) {
		t.Skip(err)
	} else if err != nil {
		t.Fatal(err)
	}
	at, err := url.Parse(privatePostgres.dsn)
	if err != nil {
		t.Fatal(err)
	}
	admin, err := pgx.Connect(t.Context(), at.String())
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close(context.WithoutCancel(t.Context()))
	name := "test_" + strings.ToLower(rand.Text())
	if _, err := admin.Exec(t.Context(), "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	at.Path = "/" + name
	dsn = at.String()
	if _, err := postgres.Migrate(t.Context(), dsn); err != nil {
		t.Fatal(err)
	}
	if store, err = postgres.Open(t.Context(), dsn); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	return dsn, store
}

// ports hands out ports of this machine on which nobody listens, none of them twice, and none of the range from which
// the kernel takes ports for connections.
var ports = struct {
	mu   sync.Mutex
	next int
}{next: 20_000 + os.Getpid()%5_000}

// freePorts is the first of n ports in a row.
func freePorts(n int) (int, error) {
	ports.mu.Lock()
	defer ports.mu.Unlock()
	for ports.next+n <= 32_000 {
		first := ports.next
		ports.next += n
		free := true
		for port := first; port < first+n; port++ {
			l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
			if err != nil {
				free = false
				break
			}
			l.Close()
		}
		if free {
			return first, nil
		}
	}
	return 0, errors.New("no free ports between 20000 and 32000")
}

// freeAddress is an address of this machine on which nobody listens.
func freeAddress(t *testing.T) string {
	t.Helper()
	port, err := freePorts(1)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("127.0.0.1:%d", port)
}
