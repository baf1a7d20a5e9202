package embedded

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// process is a running server, ours or adopted.
type process interface {
	signal(syscall.Signal) error
	gone() bool
}

// child is a server that this process started.
type child struct {
	cmd    *exec.Cmd
	exited chan struct{} // closed when the process is reaped
}

func (c *child) signal(s syscall.Signal) error { return c.cmd.Process.Signal(s) }

func (c *child) gone() bool {
	select {
	case <-c.exited:
		return true
	default:
		return false
	}
}

// orphan is a server whose starter has died.
type orphan struct {
	pid  int
	data string
}

func (o orphan) signal(s syscall.Signal) error { return syscall.Kill(o.pid, s) }
func (o orphan) gone() bool                    { return !runsOn(o.pid, o.data) }

// runsOn reports whether pid is a server of the data directory: a process id alone may have been given to
// another program since, and one that ended may wait as a zombie for ever where nobody reaps.
func runsOn(pid int, data string) bool {
	var command string
	if runtime.GOOS == "linux" {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		if err != nil {
			return false
		}
		command = strings.ReplaceAll(string(text), "\x00", " ")
	} else {
		out, err := exec.Command("ps", "-o", "command=", "-p", strconv.Itoa(pid)).Output()
		if err != nil {
			return false
		}
		command = string(out)
	}
	return strings.Contains(command+" ", "-D "+data+" ")
}

// readPidFile reads the server's own note of its process id and port; zeros where there is none.
func readPidFile(data string) (pid, port int) {
	text, err := os.ReadFile(filepath.Join(data, "postmaster.pid"))
	if err != nil {
		return 0, 0
	}
	lines := strings.Split(string(text), "\n")
	if pid, err = strconv.Atoi(strings.TrimSpace(lines[0])); err != nil || pid <= 0 {
		return 0, 0
	}
	if len(lines) > 3 { // still short while the server starts
		if port, err = strconv.Atoi(strings.TrimSpace(lines[3])); err != nil {
			port = 0
		}
	}
	return pid, port
}

// adopt takes over a server that still runs on the data directory, or waits for one that is just ending.
func (p *Postgres) adopt(ctx context.Context) error {
	pid, port := readPidFile(p.data())
	if pid == 0 {
		return nil
	}
	leftover := orphan{pid, p.data()}
	if leftover.gone() {
		// The server clears such a note by itself unless the process id lives on in another program.
		if syscall.Kill(pid, 0) == nil {
			if err := os.Remove(filepath.Join(p.data(), "postmaster.pid")); err != nil && !errors.Is(err, os.ErrNotExist) {
				return fmt.Errorf("embedded: %w", err)
			}
		}
		return nil
	}
	err := poll(ctx, func() (bool, error) {
		if leftover.gone() {
			return true, nil
		}
		if _, port = readPidFile(p.data()); port == 0 {
			return false, nil
		}
		p.port = port
		ready, err := p.answers(ctx)
		p.adopted = ready
		return ready, err
	})
	if err != nil {
		return fmt.Errorf("embedded: adopt the server (process %d) that still runs on %s: %w", pid, p.home, err)
	}
	if p.adopted {
		p.server = leftover
		p.log.Info("adopted the PostgreSQL server of an earlier run", "dir", p.home, "pid", pid, "port", p.port)
	}
	return nil
}

// launch starts the server and waits for its first answer. It tries again where waiting or another port
// helps: the port was taken between our look and the server's, or processes of a server that was killed
// still hold its shared memory.
func (p *Postgres) launch(ctx context.Context, installed installation) error {
	if text, err := os.ReadFile(filepath.Join(p.home, "port")); err == nil {
		p.port, _ = strconv.Atoi(strings.TrimSpace(string(text))) // an unreadable note is as good as none
	}
	return poll(ctx, func() (bool, error) {
		if err := p.choosePort(); err != nil {
			return false, err
		}
		exit, err := p.launchOnce(ctx, installed)
		switch {
		case err != nil:
			return false, err
		case exit == "":
			return true, nil
		case strings.Contains(exit, "Address already in use"):
			p.port = 0
			return false, nil
		case strings.Contains(exit, "shared memory block"):
			return false, nil
		default:
			return false, fmt.Errorf("embedded: PostgreSQL did not start on %s: %s", p.home, exit)
		}
	})
}

// choosePort keeps p.port if it is free, so that saved connection URLs stay good, and else takes any.
func (p *Postgres) choosePort() error {
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(p.port)))
	if err != nil {
		if l, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			return fmt.Errorf("embedded: %w", err)
		}
	}
	p.port = l.Addr().(*net.TCPAddr).Port
	if err := l.Close(); err != nil {
		return fmt.Errorf("embedded: %w", err)
	}
	note := filepath.Join(p.home, "port")
	if err := os.WriteFile(note, []byte(strconv.Itoa(p.port)+"\n"), 0o644); err != nil {
		return fmt.Errorf("embedded: %w", err)
	}
	return nil
}

// launchOnce returns the end of the server's log if the server exits instead of answering.
func (p *Postgres) launchOnce(ctx context.Context, installed installation) (exit string, err error) {
	name := filepath.Join(p.home, "log")
	if err := os.Rename(name, name+".old"); err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("embedded: %w", err)
	}
	out, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return "", fmt.Errorf("embedded: %w", err)
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	cmd := p.account.command(context.WithoutCancel(ctx), filepath.Join(installed.bin, "postgres"),
		append([]string{"-D", p.data(), "-p", strconv.Itoa(p.port)}, serverSettings...)...)
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		return "", fmt.Errorf("embedded: %w", err)
	}
	server := &child{cmd: cmd, exited: make(chan struct{})}
	go func() {
		_ = cmd.Wait() // the log says why it ended
		close(server.exited)
	}()
	p.server = server
	err = poll(ctx, func() (bool, error) {
		if server.gone() {
			return true, nil
		}
		return p.answers(ctx)
	})
	if err != nil {
		return "", fmt.Errorf("embedded: PostgreSQL on %s: %w", p.home, err)
	}
	if server.gone() {
		p.server = nil
		text, err := os.ReadFile(name)
		if err != nil {
			return "", fmt.Errorf("embedded: %w", err)
		}
		return lastLines(string(text)), nil
	}
	p.log.Debug("PostgreSQL runs", "dir", p.home, "port", p.port, "pid", cmd.Process.Pid)
	return "", nil
}

// serverSettings are the command-line settings of the server; commits stay durable.
var serverSettings = []string{
	"-c", "listen_addresses=127.0.0.1",
	"-c", "unix_socket_directories=",
	"-c", "shared_buffers=256MB",
	"-c", "max_connections=50",
	// A save rewrites every changed state: checkpoints further apart write each page less often.
	"-c", "max_wal_size=2GB",
	"-c", "checkpoint_timeout=15min",
	"-c", "log_checkpoints=off",
	"-c", "log_timezone=UTC",
	"-c", "timezone=UTC",
}

// answers reports whether the server accepts our password now; an error says that it never will.
func (p *Postgres) answers(ctx context.Context) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, p.url("postgres"))
	if err != nil {
		var refused *pgconn.PgError
		if errors.As(err, &refused) && strings.HasPrefix(refused.Code, "28") { // invalid authorization
			return false, err
		}
		return false, nil
	}
	return true, conn.Close(ctx)
}

// shutdown asks for a fast shutdown, and for an immediate one when that takes too long.
func (p *Postgres) shutdown() error {
	for _, s := range []syscall.Signal{syscall.SIGINT, syscall.SIGQUIT} {
		if err := p.server.signal(s); err != nil && !p.server.gone() {
			return fmt.Errorf("embedded: stop PostgreSQL on %s: %w", p.home, err)
		}
		ctx, cancel := context.WithTimeout(context.Background(), stopLimit)
		err := poll(ctx, func() (bool, error) { return p.server.gone(), nil })
		cancel()
		if err == nil {
			return nil
		}
		p.log.Warn("PostgreSQL does not stop", "dir", p.home, "signal", s.String(), "waited", stopLimit)
	}
	return fmt.Errorf("embedded: PostgreSQL on %s does not stop", p.home)
}

// poll calls step until it is done, fails, or ctx ends.
func poll(ctx context.Context, step func() (done bool, err error)) error {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		done, err := step()
		if done || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
	}
}
