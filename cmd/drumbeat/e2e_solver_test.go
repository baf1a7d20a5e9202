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

	"drumbeat/cmd/drumbeat/internal/embedded"
	"drumbeat/schemas"
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
	db := newDatabase(t)
	broker, err := embedded.StartBroker(t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := broker.Close(); err != nil {
			t.Error(err)
		}
	})
	w := world{home: t.TempDir(), broker: broker.Addr(), database: db.dsn}
	client := newClient(t, w.broker)
	drumbeat(t, w, time.Minute, "migrate")
	drumbeat(t, w, time.Minute, "topics", "create")
	address := freeAddress(t)
	service := start(t, w, "serve", "serve", "--address", address, "--session", "6s", "--log-format", "json", "--solve-limit", "2s")
	awaitReady(t, service, address, time.Minute)
	files := 0
	send := func(kind string, lines ...string) {
		t.Helper()
		files++
		path := filepath.Join(w.home, fmt.Sprint(files, ".csv"))
		if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		drumbeat(t, w, time.Minute, "produce", "--type", kind, "--from", path, "--site", "plant")
	}
	count := func(status string) int64 {
		return db.number(t, "SELECT count(*) FROM drumbeat.plans WHERE site = 'plant' AND status = $1", status)
	}
	await := func(what, status string, more int64) {
		t.Helper()
		eventually(t, what, time.Minute, func() (bool, string) {
			n := count(status)
			return n >= more, fmt.Sprintf("%d plans are %s", n, status)
		})
	}
	today := schemas.DateOf(time.Now().UTC())
	sell := func(n int) {
		t.Helper()
		send("sale", "sku,quantity,date,customer", fmt.Sprintf("A-1,%d,%s,c%d", n, today, n))
	}
	send("policy", "quiet,ceiling,horizon", "200ms,500ms,8")
	send("item", "sku,production_cost,holding_cost,initial_inventory,safety_stock", "A-1,10,2,100,20")
	send("resource", "resource,capacity,per", "factory,500,week")
	sell(10)
	await("the first plan", "optimal", 1)
	solvers := solversOf(t, service)
	if len(solvers) == 0 {
		t.Fatal("the service solves in no process of its own")
	}

	for _, pid := range solvers {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
	}
	done := count("optimal")
	sell(60)
	await("the plan after kill -9 of the idle solvers", "optimal", done+1)
	if n := count("degraded"); n != 0 {
		t.Errorf("%d plans are degraded", n)
	}

	for _, pid := range solversOf(t, service) {
		if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
	}
	done = count("optimal")
	sell(120)
	await("the head of a solver that hangs", "degraded", 1)
	if status, body := get(t, address, "/readyz"); status != http.StatusOK {
		t.Errorf("/readyz: %d %s", status, body)
	}
	var reason string
	if err := db.conn.QueryRow(t.Context(), "SELECT head->>'reason' FROM drumbeat.plans WHERE status = 'degraded'").Scan(&reason); err != nil ||
		!strings.Contains(reason, "no answer of the solver process") {
		t.Errorf("reason %q, %v", reason, err)
	}
	await("the plan after a solver that hangs", "optimal", done+1)
	eventually(t, "published", time.Minute, func() (bool, string) { return db.settled(t, []string{"plant"}) })
	checkPlans(t, db, client, "plant")
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
