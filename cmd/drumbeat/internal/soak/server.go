package soak

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Server is a broker or a database that a pair of scripts, start and stop, runs on a data directory.
type Server struct {
	Scripts string // directory of start and stop: deploy/kafka, deploy/postgres
	Note    string // file below Data whose first line is the process id
	Data    string
	Args    []string // for start, beside --data
}

// Start starts the server, again after it was killed, and returns what the script prints: its address. What is
// left of a killed one may still be ending, so a start that fails is tried again for a while.
func (s *Server) Start(ctx context.Context) (string, error) {
	deadline := time.Now().Add(20 * time.Second)
	for {
		cmd := exec.CommandContext(ctx, filepath.Join(s.Scripts, "start"), append([]string{"--data", s.Data}, s.Args...)...)
		var said bytes.Buffer
		cmd.Stderr = &said
		out, err := cmd.Output()
		if err == nil {
			return strings.TrimSpace(string(out)), nil
		}
		if ctx.Err() != nil || time.Now().After(deadline) {
			return "", fmt.Errorf("soak: %v: %w\n%s", cmd, err, &said)
		}
		if err := wait(ctx, 200*time.Millisecond); err != nil {
			return "", err
		}
	}
}

// Stop stops the server; its data stays.
func (s *Server) Stop() error {
	out, err := exec.Command(filepath.Join(s.Scripts, "stop"), "--data", s.Data).CombinedOutput()
	if err != nil {
		return fmt.Errorf("soak: stop %s: %w\n%s", s.Data, err, out)
	}
	return nil
}

// pid is the server's process.
func (s *Server) pid() (int, error) {
	text, err := os.ReadFile(filepath.Join(s.Data, s.Note))
	if err != nil {
		return 0, fmt.Errorf("soak: %w", err)
	}
	first, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(first))
	if err != nil {
		return 0, fmt.Errorf("soak: %s: %w", s.Note, err)
	}
	return pid, nil
}

// Kill is kill -9. It returns when the process is gone.
func (s *Server) Kill(ctx context.Context) error {
	pid, err := s.pid()
	if err != nil {
		return err
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		return fmt.Errorf("soak: kill %d: %w", pid, err)
	}
	for running(pid) {
		if err := wait(ctx, 10*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

// running says that a process has not ended: one that only waits to be reaped has.
func running(pid int) bool {
	if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return false
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return !errors.Is(err, os.ErrNotExist) || !procfs()
	}
	_, state, ok := strings.Cut(string(stat), ") ")
	return !ok || !strings.HasPrefix(state, "Z")
}

// procfs says that the system shows its processes below /proc; macOS does not.
func procfs() bool {
	_, err := os.Stat("/proc/self/stat")
	return err == nil
}

// wait waits for d, or returns the error of ctx.
func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// silent stops the process for a while: connections stay open, and nothing answers.
func (s *Server) silent(ctx context.Context, d time.Duration) error {
	pid, err := s.pid()
	if err != nil {
		return err
	}
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		return fmt.Errorf("soak: stop %d: %w", pid, err)
	}
	waited := wait(ctx, d)
	if err := syscall.Kill(pid, syscall.SIGCONT); err != nil {
		return fmt.Errorf("soak: continue %d: %w", pid, err)
	}
	return waited
}
