package embedded

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	// databaseName names the database, and its owner, who is the cluster's superuser.
	databaseName = "drumbeat"
	// startLimit is how long a start may take; recovery after a crash is part of it.
	startLimit = 2 * time.Minute
	// stopLimit is how long a shutdown may take that writes a checkpoint; then the server is told to quit
	// at once and recovers from its log at the next start.
	stopLimit = 30 * time.Second
	// pollEvery is the pause between two questions to a server that is coming or going.
	pollEvery = 25 * time.Millisecond
)

// Postgres is a private PostgreSQL cluster.
type Postgres struct {
	account  account
	home     string // holds data, password, port and log
	password string
	port     int
	server   process
	adopted  bool
	lock     *os.File
	log      *slog.Logger
	stop     sync.Once
	err      error
}

// StartPostgres starts a cluster on dir (created where needed) and returns when it answers. An empty dir
// gets a new cluster with an empty database; a server that still runs there, left by a process that died,
// is adopted. Port and password last as long as the cluster, unless another program takes the port.
//
// As root the server runs as user postgres; if that user cannot enter dir, the cluster is put below
// /var/lib/drumbeat and dir/location names it. ErrNoPostgres and ErrInUse are the errors to expect.
// The end of ctx ends the start, not the server. A nil log is silent.
func StartPostgres(ctx context.Context, dir string, log *slog.Logger) (*Postgres, error) {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("embedded: %w", err)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, startLimit, fmt.Errorf("no answer within %v", startLimit))
	defer cancel()
	lock, err := lockDirectory(dir)
	if err != nil {
		return nil, err
	}
	p := &Postgres{lock: lock, log: log}
	if err := p.start(ctx, dir); err != nil {
		return nil, errors.Join(err, p.Stop())
	}
	return p, nil
}

func (p *Postgres) start(ctx context.Context, dir string) error {
	var err error
	if p.account, err = serverAccount(); err != nil {
		return err
	}
	if p.home, err = p.account.home(ctx, dir); err != nil {
		return err
	}
	installed, err := chooseInstallation(installations(ctx), p.data())
	if err != nil {
		return err
	}
	if err := p.ensureCluster(ctx, installed); err != nil {
		return err
	}
	if err := p.adopt(ctx); err != nil {
		return err
	}
	if !p.adopted {
		if err := p.launch(ctx, installed); err != nil {
			return err
		}
	}
	return p.ensureDatabase(ctx)
}

// DSN is the connection URL of the database, with the password: for connecting, not for logs.
func (p *Postgres) DSN() string { return p.url(databaseName) }

// Adopted reports whether the server was already running when StartPostgres found it.
func (p *Postgres) Adopted() bool { return p.adopted }

// Dir is the directory that holds the cluster; see StartPostgres for when it is not the one asked for.
func (p *Postgres) Dir() string { return p.home }

// Stop ends all connections, shuts the server down with a checkpoint and waits for it to be gone. A second
// call returns the first one's answer.
func (p *Postgres) Stop() error {
	p.stop.Do(func() {
		if p.server != nil {
			p.err = p.shutdown()
		}
		p.err = errors.Join(p.err, p.lock.Close())
	})
	return p.err
}

func (p *Postgres) data() string { return filepath.Join(p.home, "data") }

func (p *Postgres) url(database string) string {
	u := url.URL{
		Scheme:   "postgres",
		User:     url.UserPassword(databaseName, p.password),
		Host:     net.JoinHostPort("127.0.0.1", strconv.Itoa(p.port)),
		Path:     "/" + database,
		RawQuery: "sslmode=disable",
	}
	return u.String()
}

// ensureCluster makes the cluster where there is none. It is built beside its place and renamed, so that
// a crash in between leaves nothing that looks like a cluster.
func (p *Postgres) ensureCluster(ctx context.Context, installed installation) error {
	secret := filepath.Join(p.home, "password")
	text, err := os.ReadFile(secret)
	switch {
	case err == nil:
		p.password = strings.TrimSpace(string(text))
	case errors.Is(err, os.ErrNotExist) && !exists(p.data()):
		p.password = rand.Text()
		if err := os.WriteFile(secret, []byte(p.password+"\n"), 0o600); err != nil {
			return fmt.Errorf("embedded: %w", err)
		}
		if err := p.account.give(secret); err != nil {
			return fmt.Errorf("embedded: %w", err)
		}
	default:
		return fmt.Errorf("embedded: the password of the cluster in %s: %w", p.home, err)
	}
	if exists(filepath.Join(p.data(), "PG_VERSION")) {
		return nil
	}
	p.log.Info("creating a private PostgreSQL cluster", "dir", p.home, "version", installed.major)
	fresh := p.data() + ".new"
	if err := os.RemoveAll(fresh); err != nil {
		return fmt.Errorf("embedded: %w", err)
	}
	if err := os.Mkdir(fresh, 0o700); err != nil {
		return fmt.Errorf("embedded: %w", err)
	}
	if err := p.account.give(fresh); err != nil {
		return fmt.Errorf("embedded: %w", err)
	}
	// The C locale sorts SKUs by bytes, on every machine alike.
	initdb := p.account.command(ctx, filepath.Join(installed.bin, "initdb"), "-D", fresh,
		"-U", databaseName, "--pwfile", secret, "--auth", "scram-sha-256",
		"--encoding", "UTF8", "--locale", "C", "--data-checksums")
	if out, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("embedded: initdb on %s: %w: %s", fresh, err, lastLines(string(out)))
	}
	if err := os.Rename(fresh, p.data()); err != nil {
		return fmt.Errorf("embedded: %w", err)
	}
	return nil
}

// ensureDatabase creates the database in a cluster that has only those of initdb.
func (p *Postgres) ensureDatabase(ctx context.Context) (err error) {
	conn, err := pgx.Connect(ctx, p.url("postgres"))
	if err != nil {
		return fmt.Errorf("embedded: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	var found bool
	if err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", databaseName).Scan(&found); err != nil {
		return fmt.Errorf("embedded: %w", err)
	}
	if found {
		return nil
	}
	if _, err := conn.Exec(ctx, "CREATE DATABASE "+pgx.Identifier{databaseName}.Sanitize()); err != nil {
		return fmt.Errorf("embedded: create database %s: %w", databaseName, err)
	}
	return nil
}

// lastLines keeps the end of a program's output, where the reason stands, on one line.
func lastLines(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if len(lines) > 5 {
		lines = lines[len(lines)-5:]
	}
	return strings.Join(lines, " | ")
}
