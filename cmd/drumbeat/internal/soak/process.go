package soak

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Process is a drumbeat of a soak's own.
type Process struct {
	name    string
	role    string
	near    bool // reaches the servers directly, not through the proxies
	cmd     *exec.Cmd
	address string // of its HTTP
	done    chan struct{}
}

// login is the name by which the process is known to Postgres.
func (p *Process) login() string { return strings.ReplaceAll(p.name, "-", "_") }

// launch starts `serve` with a role, near the servers or behind the proxies. What it logs goes to a file below dir.
func (s *Soak) launch(name, role string, near bool) (*Process, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	p := &Process{name: name, role: role, near: near, address: "127.0.0.1:" + strconv.Itoa(port), done: make(chan struct{})}
	p.cmd = exec.Command(s.Self, "serve", "--roles", role, "--address", p.address, "--session", session.String(), "--log-format", "json")
	at, err := url.Parse(s.dsn)
	if err != nil {
		return nil, fmt.Errorf("soak: %w", err)
	}
	at.User = url.UserPassword(p.login(), password)
	broker := s.broker
	if !near {
		broker, at.Host = s.kafkaProxy.Listen, s.postgresProxy.Listen
	}
	p.cmd.Env = append(os.Environ(), "DRUMBEAT_KAFKA_BROKERS="+broker, "DRUMBEAT_POSTGRES="+at.String(), "DRUMBEAT_HEARTBEAT=0") // else the log never rests
	log, err := os.OpenFile(filepath.Join(s.Dir, name+".log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("soak: %w", err)
	}
	defer log.Close()
	p.cmd.Stdout, p.cmd.Stderr = log, log
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("soak: %s: %w", name, err)
	}
	go func() {
		defer close(p.done)
		_ = p.cmd.Wait() // killed, mostly
	}()
	return p, nil
}

// kill is kill -9.
func (p *Process) kill() {
	_ = p.cmd.Process.Kill() // it may have ended
	<-p.done
}

func (p *Process) signal(sig syscall.Signal) error { return p.cmd.Process.Signal(sig) }

// resident is the memory that the process holds, in bytes.
func (p *Process) resident(ctx context.Context) (float64, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+p.address+"/metrics", nil)
	if err != nil {
		return 0, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, fmt.Errorf("soak: memory of %s: %w", p.name, err)
	}
	defer res.Body.Close()
	lines := bufio.NewScanner(res.Body)
	for lines.Scan() {
		if text, ok := strings.CutPrefix(lines.Text(), "process_resident_memory_bytes "); ok {
			return strconv.ParseFloat(text, 64)
		}
	}
	return 0, fmt.Errorf("soak: memory of %s: not among its metrics: %w", p.name, lines.Err())
}
