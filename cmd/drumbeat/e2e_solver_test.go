package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// solversOf are the processes that a service solves in.
func solversOf(t *testing.T, c *child) (pids []int) {
	t.Helper()
	lists, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", c.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range lists {
		list, _ := os.ReadFile(name) // of a thread that may have ended
		for _, word := range strings.Fields(string(list)) {
			if line, _ := os.ReadFile("/proc/" + word + "/cmdline"); strings.Contains(string(line), solveWorker) {
				pid, err := strconv.Atoi(word)
				if err != nil {
					t.Fatal(err)
				}
				pids = append(pids, pid)
			}
		}
	}
	return pids
}

// The service outlives its solvers: one that is killed is replaced, one that hangs leaves the former plan, as degraded
// and with the reason, and the next plan comes by itself. One whose service is killed ends with it.
func TestServeOutlivesItsSolvers(t *testing.T) {
	takeTurn(t, otherLane)
	s := newServing(t, "--solve-limit", "2s")
	service, address := s.service, s.address
	s.sell(10)
	s.await("the first plan", "optimal", 1)
	s.settle()
	solvers := solversOf(t, service)
	if len(solvers) == 0 {
		t.Fatal("the service solves in no process of its own")
	}

	for _, pid := range solvers {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
	}
	done := s.plans("optimal")
	s.sell(60)
	s.await("the plan after kill -9 of the idle solvers", "optimal", done+1)
	s.settle()
	if n := s.plans("degraded"); n != 0 {
		t.Errorf("%d plans are degraded", n)
	}

	for _, pid := range solversOf(t, service) {
		if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
	}
	done = s.plans("optimal")
	s.sell(120)
	s.await("the head of a solver that hangs", "degraded", 1)
	if status, body := get(t, address, "/readyz"); status != http.StatusOK {
		t.Errorf("/readyz: %d %s", status, body)
	}
	if reason := s.reason(); !strings.Contains(reason, "no answer of the solver process") {
		t.Errorf("reason %q", reason)
	}
	s.await("the plan after a solver that hangs", "optimal", done+1)
	s.settle()
	for name, want := range map[string]float64{
		`drumbeat_solver_process_restarts_total{cause="hang"}`: 1, `drumbeat_solver_process_restarts_total{cause="wrong"}`: 0,
	} {
		if got := metrics(t, address)[name]; got != want {
			t.Errorf("/metrics: %s is %v, want %v", name, got, want)
		}
	}

	solvers = solversOf(t, service)
	service.kill()
	eventually(t, "the solvers of a killed service end", time.Minute, func() (bool, string) {
		left := 0
		for _, pid := range solvers {
			if line, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid)); strings.Contains(string(line), solveWorker) {
				left++
			}
		}
		return left == 0, fmt.Sprint(left, " left")
	})
}
