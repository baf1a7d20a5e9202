package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"drumbeat/cmd/drumbeat/internal/soak"
	"drumbeat/schemas"
	"drumbeat/stream/postgres"
)

// ownPostgres is a PostgreSQL of the fault tests' own: they kill it and change its settings.
var ownPostgres faultyPostgres

type faultyPostgres struct {
	once   sync.Once
	err    error
	server soak.Server
	url    *url.URL
	pki    *authority
	end    io.Closer // what the watching shell waits for
	shut   *exec.Cmd
}

func (p *faultyPostgres) open(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "drumbeat-faults-postgres-")
	if err == nil {
		err = os.Chmod(dir, 0o755) // the server of a root user is another user
	}
	if err != nil {
		return err
	}
	// Postgres wants to own its key alone.
	pki, err := newAuthority(dir)
	if err != nil {
		return err
	}
	if err := pki.issue("server"); err != nil {
		return err
	}
	p.pki = pki
	p.server = soak.Server{
		Scripts: deployed("postgres"), Note: "data/postmaster.pid", Data: dir,
		Args: []string{"--port", strconv.Itoa(ownBroker.neighbour()), "--set", "shared_buffers=64MB",
			"--set", "ssl=on", "--set", "ssl_cert_file=" + pki.file("server.pem"), "--set", "ssl_key_file=" + pki.file("server.key")},
	}
	if err := handOver(pki.file("server.pem"), pki.file("server.key")); err != nil {
		return err
	}
	p.shut = exec.Command("/bin/sh", "-c", `cat >/dev/null; "$1/stop" --data "$2" 2>/dev/null; rm -rf "$2"`, "sh", p.server.Scripts, dir)
	p.shut.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if p.end, err = p.shut.StdinPipe(); err != nil {
		return err
	}
	if err := p.shut.Start(); err != nil {
		return err
	}
	address, err := p.server.Start(ctx)
	if err != nil {
		return err
	}
	p.url, err = url.Parse(address)
	return err
}

// handOver gives files to the user that the server runs as, who is not root.
func handOver(files ...string) error {
	if os.Getuid() != 0 {
		return nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return err
	}
	uid, err := strconv.Atoi(u.Uid)
	for _, file := range files {
		err = errors.Join(err, os.Chown(file, uid, -1))
	}
	return err
}

// close stops the server, if there is one.
func (p *faultyPostgres) close() {
	if p.end != nil {
		_ = errors.Join(p.end.Close(), p.shut.Wait()) // nobody is left to be told
	}
}

// plant is a whole service with a feed and a judge, for one fault after the other.
type plant struct {
	t     *testing.T
	world world
	db    *url.URL // its database, as the superuser
	admin *pgx.Conn
	feed  *soak.Feed
	judge *soak.Judge
}

// member is a process of the service.
type member struct {
	*child
	address string
}

// session is how long a member may be silent; a fault of more than that moves partitions.
const session = 2 * time.Second

// newPlant makes databases, topics and sites; it starts no process. DRUMBEAT_TEST_KAFKA and
// DRUMBEAT_TEST_POSTGRES say that servers can be run here; those that they name are left alone.
func newPlant(t *testing.T, sites int) *plant {
	t.Helper()
	if testing.Short() {
		t.Skip("servers are killed for a minute")
	}
	if os.Getenv("DRUMBEAT_TEST_POSTGRES") == "" {
		t.Skip("DRUMBEAT_TEST_POSTGRES is not set: ./deploy/test sets it")
	}
	address := freshBroker(t)
	ownPostgres.once.Do(func() { ownPostgres.err = ownPostgres.open(context.Background()) })
	if ownPostgres.err != nil {
		t.Fatal(ownPostgres.err)
	}
	admin, err := pgx.Connect(t.Context(), ownPostgres.url.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { admin.Close(context.Background()) })
	name := "faults_" + strings.ToLower(rand.Text())
	if _, err := admin.Exec(t.Context(), "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	at := *ownPostgres.url
	at.Path = "/" + name
	p := &plant{t: t, world: world{home: t.TempDir(), broker: address, database: at.String()}, db: &at}
	if _, err := postgres.Migrate(t.Context(), p.world.database); err != nil {
		t.Fatal(err)
	}
	drumbeat(t, p.world, time.Minute, "topics", "create")
	noon := (12 - time.Now().UTC().Hour()) * 3600 // far from the end of the day, which makes a plan of its own
	today := schemas.DateOf(time.Now().In(time.FixedZone("", noon)))
	p.feed = &soak.Feed{
		Client: newClient(t, address), Topic: schemas.DefaultInputTopic, Sites: soak.Sites(sites), SKUs: 8,
		Day: func(n int64) schemas.Date { return today.AddDays(-int(n % 5)) },
	}
	if err := p.feed.Define(t.Context(), 200*time.Millisecond, 500*time.Millisecond, fmt.Sprintf("Etc/GMT%+d", -noon/3600)); err != nil {
		t.Fatal(err)
	}
	p.connect()
	return p
}

// connect gives the judge connections, new ones after the server was killed.
func (p *plant) connect() {
	p.t.Helper()
	store, err := postgres.Open(p.t.Context(), p.db.String())
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(store.Close)
	if p.admin, err = pgx.Connect(p.t.Context(), p.db.String()); err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { p.admin.Close(context.Background()) })
	p.judge = &soak.Judge{Client: p.feed.Client, Store: store, Conn: p.admin, Feed: p.feed}
}

// start starts a process of the service with some roles in a world.
func (p *plant) start(name string, at world, roles string, more ...string) *member {
	p.t.Helper()
	address := freeAddress(p.t)
	args := []string{"serve", "--roles", roles, "--address", address, "--session", session.String(), "--log-format", "json"}
	c := start(p.t, at, name, append(args, more...)...)
	m := &member{c, address}
	awaitReady(p.t, c, address, time.Minute)
	return m
}

// flow lets sales flow until stop is called, which waits for what is on its way.
func (p *plant) flow(rate int) (stop func()) {
	ctx, cancel := context.WithCancel(p.t.Context())
	done := make(chan error, 1)
	go func() { done <- p.feed.Run(ctx, rate) }()
	return sync.OnceFunc(func() {
		p.t.Helper()
		cancel()
		select {
		case err := <-done:
			if err != nil {
				p.t.Error(err)
			}
		case <-time.After(time.Minute):
			p.t.Error("the feed's last sales are still not acknowledged")
		}
	})
}

// number is the answer of a query, for the superuser.
func (p *plant) number(query string, args ...any) int64 {
	p.t.Helper()
	var n int64
	if err := p.admin.QueryRow(p.t.Context(), query, args...).Scan(&n); err != nil {
		p.t.Fatalf("%s: %v", query, err)
	}
	return n
}

// revisions waits until n revisions more are saved.
func (p *plant) revisions(what string, n int64) {
	p.t.Helper()
	const query = "SELECT count(*) FROM drumbeat.plans"
	want := p.number(query) + n
	eventually(p.t, what, time.Minute, func() (bool, string) {
		got := p.number(query)
		return got >= want, fmt.Sprintf("%d of %d revisions", got, want)
	})
}

// holds waits until everything is counted, planned and published, and wants every promise kept. Nothing may
// flow any more.
func (p *plant) holds(what string) *soak.Verdict {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), 2*time.Minute)
	defer cancel()
	ask := func(f func(context.Context) (bool, string, error)) func() (bool, string) {
		return func() (bool, string) {
			yes, state, err := f(ctx)
			if err != nil {
				return false, err.Error()
			}
			return yes, state
		}
	}
	eventually(p.t, what+": counted", time.Minute, ask(p.judge.Counted))
	if err := p.feed.Replan(ctx); err != nil {
		p.t.Fatal(err)
	}
	eventually(p.t, what+": the last event counted", time.Minute, ask(p.judge.Counted))
	eventually(p.t, what+": planned", time.Minute, ask(p.judge.Planned))
	v, err := p.judge.Verdict(ctx)
	if err != nil {
		p.t.Fatal(err)
	}
	for _, broken := range v.Broken {
		p.t.Errorf("%s: %s", what, broken)
	}
	if v.Revisions == 0 || v.Accepted == 0 {
		p.t.Errorf("%s: nothing happened: %+v", what, v)
	}
	p.t.Logf("%s: %d events accepted, %d counted, %d revisions, %d plan records, %d late", what, v.Accepted, v.Counted, v.Revisions, v.PlanRecords, v.Late)
	return v
}

// via is the world whose broker, database or both are reached through proxies; "" leaves one as it is.
func (p *plant) via(broker, database string) world {
	w := p.world
	if broker != "" {
		w.broker = broker
	}
	if database != "" {
		at := *p.db
		at.Host = database
		w.database = at.String()
	}
	return w
}
