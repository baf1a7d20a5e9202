package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"drumbeat/stream/postgres"
)

// The end-to-end tests run the real binary against real servers. The binary is the test binary itself: with
// childVariable set it is drumbeat and nothing else.
const childVariable = "DRUMBEAT_E2E_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(childVariable) != "" {
		if !slices.Contains(os.Args, solveWorker) { // which ends with its input
			go endWithParent()
		}
		main()
	}
	if err := flag.Set("test.parallel", waitingTests); err != nil {
		panic(err)
	}
	status := m.Run()
	ownBroker.close()
	ownPostgres.close()
	closePrivatePostgres()
	os.Exit(status)
}

// parentPipe is the descriptor that a child inherits; it ends when the tests do, however they end.
const parentPipe = 3

func endWithParent() {
	syscall.CloseOnExec(parentPipe)
	parent := os.NewFile(parentPipe, "parent")
	_, _ = io.Copy(io.Discard, parent)
	_ = syscall.Kill(os.Getpid(), syscall.SIGTERM)
}

// child is a drumbeat process.
type child struct {
	name     string
	cmd      *exec.Cmd
	out, err output
	done     chan struct{} // closed when it has ended
	alive    *os.File
}

// output is what a process has written so far.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// world is where a process runs: its home, and the servers that it is told of by its environment.
type world struct {
	home             string
	broker, database string   // "": none
	more             []string // other variables
}

// environment is all that a process sees of ours.
func (p world) environment() []string {
	env := []string{childVariable + "=1", "PATH=" + os.Getenv("PATH"), "HOME=" + p.home, "TMPDIR=" + os.TempDir(), "TZ=UTC"}
	if p.broker != "" {
		env = append(env, "DRUMBEAT_KAFKA_BROKERS="+p.broker)
	}
	if p.database != "" {
		env = append(env, "DRUMBEAT_POSTGRES="+p.database)
	}
	return append(env, p.more...)
}

// start starts drumbeat. What it logged is shown if the test fails, and it does not outlive the test.
func start(t *testing.T, at world, name string, args ...string) *child {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	c := &child{name: name, cmd: exec.Command(self, args...), done: make(chan struct{}), alive: writer}
	c.cmd.Env = at.environment()
	c.cmd.Dir = at.home
	c.cmd.Stdout, c.cmd.Stderr = &c.out, &c.err
	c.cmd.ExtraFiles = []*os.File{reader}
	err = c.cmd.Start()
	reader.Close()
	if err != nil {
		writer.Close()
		t.Fatal(err)
	}
	go func() {
		defer close(c.done)
		_ = c.cmd.Wait() // the status is asked for by who expects one
	}()
	t.Cleanup(func() {
		c.kill()
		if t.Failed() {
			t.Logf("--- %s (%v): %s\n%s", c.name, c.cmd.ProcessState, strings.Join(args, " "), lastLines(c.err.String(), 60))
		}
	})
	return c
}

// lastLines is the end of a log.
func lastLines(text string, n int) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	if len(lines) > n {
		lines = append([]string{fmt.Sprintf("(%d lines more before)", len(lines)-n)}, lines[len(lines)-n:]...)
	}
	return strings.Join(lines, "\n")
}

// kill is kill -9.
func (c *child) kill() {
	_ = c.cmd.Process.Kill() // it may have ended
	<-c.done
	c.alive.Close()
}

// stop asks the process to end and wants it to do so in time and with status 0.
func (c *child) stop(t *testing.T, within time.Duration) {
	t.Helper()
	began := time.Now()
	if err := c.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Errorf("%s: %v", c.name, err)
	}
	select {
	case <-c.done:
	case <-time.After(within):
		t.Errorf("%s still runs %v after SIGTERM", c.name, within)
		c.kill()
		return
	}
	if status := c.cmd.ProcessState.ExitCode(); status != 0 {
		t.Errorf("%s: status %d after SIGTERM, want 0", c.name, status)
	}
	t.Logf("%s ended %v after SIGTERM", c.name, time.Since(began).Round(time.Millisecond))
}

// ended says that the process has ended.
func (c *child) ended() bool {
	select {
	case <-c.done:
		return true
	default:
		return false
	}
}

// drumbeat runs a command to its end and wants status 0. It returns its standard output.
func drumbeat(t *testing.T, at world, limit time.Duration, args ...string) string {
	t.Helper()
	return start(t, at, "drumbeat "+args[0], args...).wait(t, limit)
}

// wait waits for a command that ends by itself, with status 0, and returns its standard output.
func (c *child) wait(t *testing.T, limit time.Duration) string {
	t.Helper()
	select {
	case <-c.done:
	case <-time.After(limit):
		t.Fatalf("%s still runs after %v", c.name, limit)
	}
	c.alive.Close()
	if status := c.cmd.ProcessState.ExitCode(); status != 0 {
		t.Fatalf("%s: status %d, want 0", c.name, status)
	}
	return c.out.String()
}

// eventually asks until the answer is yes, and fails with the last state after the limit.
func eventually(t *testing.T, what string, limit time.Duration, ask func() (yes bool, state string)) {
	t.Helper()
	timeout := time.NewTimer(limit)
	defer timeout.Stop()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	began := time.Now()
	for {
		yes, state := ask()
		if yes {
			t.Logf("%s: after %v", what, time.Since(began).Round(time.Millisecond))
			return
		}
		select {
		case <-ticker.C:
		case <-timeout.C:
			t.Fatalf("%s: not within %v; now %s", what, limit, state)
		}
	}
}

// publicDir is a temporary directory that other users may enter: the server of a root user is one of them.
func publicDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "drumbeat-e2e-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// database is a fresh database on the test server, with the address of it.
type database struct {
	dsn   string
	conn  *pgx.Conn       // for queries of the tests
	store *postgres.Store // for what a reader of plans reads; nil before open
}

// newDatabase makes a database of the test's own; DRUMBEAT_TEST_POSTGRES names the server.
func newDatabase(t *testing.T) *database {
	t.Helper()
	server := os.Getenv("DRUMBEAT_TEST_POSTGRES")
	if server == "" {
		t.Skip("DRUMBEAT_TEST_POSTGRES is not set: ./deploy/test sets it, ./deploy/postgres/start prints it")
	}
	at, err := url.Parse(server)
	if err != nil {
		t.Fatalf("DRUMBEAT_TEST_POSTGRES: %v", err)
	}
	ctx := context.Background() // the database is dropped after the test's context has ended
	admin, err := pgx.Connect(ctx, server)
	if err != nil {
		t.Fatal(err)
	}
	name := pgx.Identifier{"drumbeat_e2e_" + strings.ToLower(rand.Text())}
	if _, err := admin.Exec(ctx, "CREATE DATABASE "+name.Sanitize()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_, err := admin.Exec(ctx, "DROP DATABASE "+name.Sanitize()+" WITH (FORCE)")
		if err := errors.Join(err, admin.Close(ctx)); err != nil {
			t.Error(err)
		}
	})
	at.Path = "/" + name[0]
	d := &database{dsn: at.String()}
	if d.conn, err = pgx.Connect(ctx, d.dsn); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.conn.Close(ctx) })
	return d
}

// open opens the store; the schema must be there.
func (d *database) open(t *testing.T) *postgres.Store {
	t.Helper()
	if d.store == nil {
		var err error
		if d.store, err = postgres.Open(t.Context(), d.dsn); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(d.store.Close)
	}
	return d.store
}

// number is the answer of a query for one number; -1 where there is none, also as long as the schema is
// not there.
func (d *database) number(t *testing.T, query string, args ...any) int64 {
	t.Helper()
	var n *int64
	err := d.conn.QueryRow(t.Context(), query, args...).Scan(&n)
	var missing interface{ SQLState() string }
	switch {
	case errors.As(err, &missing) && missing.SQLState() == "42P01", errors.Is(err, pgx.ErrNoRows), err == nil && n == nil:
		return -1
	case err != nil:
		t.Fatalf("%s: %v", query, err)
	}
	return *n
}

// read is the number of records of an input topic that Postgres knows to be folded.
func (d *database) read(t *testing.T, topic string) int64 {
	t.Helper()
	return d.number(t, "SELECT sum(read)::bigint FROM drumbeat.audit WHERE origin_topic = $1", topic)
}

// get is the answer of a service: status 0 while it does not listen.
func get(t *testing.T, address, path string) (status int, body string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err.Error()
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return 0, err.Error()
	}
	return res.StatusCode, string(text)
}

// awaitReady waits until the service is ready.
func awaitReady(t *testing.T, c *child, address string, limit time.Duration) {
	t.Helper()
	eventually(t, c.name+" ready", limit, func() (bool, string) {
		if c.ended() {
			t.Fatalf("%s has ended", c.name)
		}
		status, body := get(t, address, "/readyz")
		return status == http.StatusOK, fmt.Sprint(status, " ", body)
	})
}

// metrics are the samples of a service by name with labels, as the text format has them.
func metrics(t *testing.T, address string) map[string]float64 {
	t.Helper()
	status, body := get(t, address, "/metrics")
	if status != http.StatusOK {
		t.Fatalf("/metrics of %s: %d %s", address, status, body)
	}
	samples := map[string]float64{}
	for line := range strings.Lines(body) {
		line = strings.TrimSpace(line)
		at := strings.LastIndexByte(line, ' ')
		if strings.HasPrefix(line, "#") || at < 0 {
			continue
		}
		v, err := strconv.ParseFloat(line[at+1:], 64)
		if err != nil {
			t.Fatalf("/metrics of %s: %q: %v", address, line, err)
		}
		samples[line[:at]] = v
	}
	return samples
}
