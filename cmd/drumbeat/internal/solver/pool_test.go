package solver

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"drumbeat/optimize"
	"drumbeat/optimize/clp"
	"drumbeat/stream"
)

// site is a site of n SKUs that share a machine, with demand that asks for stock.
func site(n int, seed float64) *optimize.Problem {
	p := &optimize.Problem{Mode: optimize.Elastic, Resources: []optimize.Resource{{Name: "machine"}}}
	const periods = 12
	for t := range periods {
		p.Periods = append(p.Periods, fmt.Sprintf("2026-%02d", t+1))
		p.Resources[0].Capacity = append(p.Resources[0].Capacity, 40*float64(n))
	}
	for i := range n {
		s := optimize.SKU{
			Name: fmt.Sprintf("S%04d", i), ProductionCost: 10 + float64(i%7), HoldingCost: 0.2,
			Uses: []optimize.Use{{Resource: 0, Amount: 1 + float64(i%3)/2}},
		}
		for t := range periods {
			s.Demand = append(s.Demand, math.Round(20+seed+15*math.Sin(float64(t+i%4))))
			s.SafetyStock = append(s.SafetyStock, 5)
		}
		p.SKUs = append(p.SKUs, s)
	}
	return p
}

// newPool makes a Pool of processes with a fault, and the file that keeps it up.
func newPool(t *testing.T, fault string, change func(*Config)) (*Pool, func()) {
	t.Helper()
	while := filepath.Join(t.TempDir(), "while")
	if err := os.WriteFile(while, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	c := Config{
		Command: []string{"/proc/self/exe"}, Env: []string{faultVariable + "=" + fault, whileVariable + "=" + while},
		Parallel: 1, Limit: time.Minute, Grace: 10 * time.Second, Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
	}
	if change != nil {
		change(&c)
	}
	p, err := NewPool(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p, func() {
		if err := os.Remove(while); err != nil {
			t.Error(err)
		}
	}
}

// value is the value of a metric, of its label if it has one.
func value(t *testing.T, c prometheus.Collector, label string) float64 {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(c)
	families, err := registry.Gather()
	if err != nil || len(families) != 1 {
		t.Fatal(err, len(families))
	}
	for _, m := range families[0].GetMetric() {
		if labels := m.GetLabel(); len(labels) == 0 || labels[0].GetValue() == label {
			return m.GetCounter().GetValue() + m.GetGauge().GetValue()
		}
	}
	return 0
}

func pid(p *Pool) int {
	if s := p.slots[0].process; s != nil {
		return s.cmd.Process.Pid
	}
	return 0
}

// raced says that the race detector watches.
var raced bool

// However a process fails, the caller gets an error that says how, and the next solve is cold, in a new process.
func TestFaults(t *testing.T) {
	for _, c := range []struct {
		fault, says string
		cause       cause
	}{
		{"abort", "SIGABRT", causeCrash},
		{"segv", "SIGSEGV", causeCrash},
		{"exit", "exit status 7", causeCrash},
		{"memory", "out of memory", causeCrash},
		{"hang", "no answer", causeHang},
		{"wrong", "is violated", causeWrong},
		{"value", "values of NaN", causeWrong},
		{"infeasible", "has a plan", causeWrong},
		{"objective", "json: unsupported value", causeCrash},
		{"garbled", "cannot be read", causeWrong},
		{"other", "an answer to request 2, not 1", causeWrong},
	} {
		t.Run(c.fault, func(t *testing.T) {
			if raced && c.fault == "memory" {
				t.Skip("the race detector needs more memory than the limit")
			}
			pool, mend := newPool(t, c.fault, func(config *Config) {
				if c.fault == "hang" {
					config.Limit, config.Grace = time.Second, 2*time.Second
				}
			})
			job := &stream.Job{Site: "plant", Problem: site(20, 0)}
			if c.fault == "infeasible" {
				job.Problem.Mode = optimize.Strict
				job.Problem.Resources[0].Capacity[0] *= 2 // for the safety stock
			}
			out := pool.Solve(t.Context(), job)
			if !errors.Is(out.Err, optimize.ErrSolver) || !strings.Contains(out.Err.Error(), c.says) {
				t.Fatalf("the solve says: %v", out.Err)
			}
			if pid(pool) != 0 {
				t.Error("the process is still in use")
			}
			if n := value(t, pool.c.Metrics.Restarts, string(c.cause)); n != 1 {
				t.Errorf("%v restarts of cause %s", n, c.cause)
			}
			mend()
			if out = pool.Solve(t.Context(), job); out.Err != nil {
				t.Fatal(out.Err)
			}
			if out.Plan.Stats.Warm {
				t.Error("the solve after it was warm")
			}
			if n := value(t, pool.c.Metrics.Running, ""); n != 1 {
				t.Errorf("%v processes run", n)
			}
		})
	}
}

// A plan from a process is the plan that an Engine here makes, cold and warm, also when the site moves to another
// process, and what is stored with it too.
func TestPlansAreThoseOfAnEngine(t *testing.T) {
	pool, _ := newPool(t, "none", func(c *Config) { c.Parallel = 2 })
	here := stream.NewSolvers(clp.New, 1, time.Minute)
	defer here.Close()
	var start, startHere *optimize.Start
	for i, seed := range []float64{0, 1, 0, 2, 3} {
		p := site(30, seed)
		if i == 3 { // somebody else is in the process that knows the site
			pool.home["plant"].busy = true
			<-pool.free
		}
		got := pool.Solve(t.Context(), &stream.Job{Site: "plant", Problem: p, Start: start})
		want := here.Solve(t.Context(), &stream.Job{Site: "plant", Problem: p, Start: startHere})
		if got.Err != nil || want.Err != nil {
			t.Fatal(got.Err, want.Err)
		}
		for s := range p.SKUs {
			for u := range p.Periods {
				if math.Abs(got.Plan.Production[s][u]-want.Plan.Production[s][u]) > 2e-6 {
					t.Fatalf("solve %d: %s in %s: %v, here %v", i, p.SKUs[s].Name, p.Periods[u], got.Plan.Production[s][u], want.Plan.Production[s][u])
				}
			}
		}
		if got.Plan.Stats.Warm != (i > 0) || len(got.Start) == 0 || string(got.Problem) != string(want.Problem) {
			t.Errorf("solve %d: warm %v, start of %d bytes", i, got.Plan.Stats.Warm, len(got.Start))
		}
		if i == 3 && (pool.slots[0].process == nil || pool.slots[1].process == nil) {
			t.Error("the site has not moved")
		}
		start, startHere = got.Plan.Start, want.Plan.Start
	}
}

// Sites are solved side by side, and one that crashes takes no other with it.
func TestSitesSideBySide(t *testing.T) {
	pool, _ := newPool(t, "none", func(c *Config) { c.Parallel = 2 })
	var group sync.WaitGroup
	for i := range 6 {
		group.Go(func() {
			var start *optimize.Start
			for round := range 3 {
				out := pool.Solve(t.Context(), &stream.Job{Site: fmt.Sprint("site", i), Problem: site(10+i, float64(round)), Start: start})
				if out.Err != nil || out.Plan.Certificate.Gap > 1e-6 {
					t.Errorf("site %d: %v", i, out.Err)
					return
				}
				start = out.Plan.Start
			}
		})
	}
	group.Wait()
	known := map[string]int{}
	for _, s := range pool.slots {
		if s.process != nil {
			for name := range s.process.starts {
				if pool.home[name] == s {
					known[name]++
				}
			}
		}
	}
	if len(known) != 6 {
		t.Errorf("%d sites have a home", len(known))
	}
}

// A process that dies between two solves takes no plan with it.
func TestDiesIdle(t *testing.T) {
	pool, _ := newPool(t, "none", nil)
	job := &stream.Job{Site: "plant", Problem: site(5, 0)}
	if out := pool.Solve(t.Context(), job); out.Err != nil {
		t.Fatal(out.Err)
	}
	child := pool.slots[0].process
	if err := child.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-child.ended
	if out := pool.Solve(t.Context(), job); out.Err != nil || pool.slots[0].process == child {
		t.Error(out.Err)
	}
	if n := value(t, pool.c.Metrics.Restarts, string(causeCrash)); n != 1 {
		t.Errorf("%v restarts", n)
	}
}

// What a screen can see, no process sees: the error names SKU and field.
func TestScreen(t *testing.T) {
	for _, v := range []float64{math.NaN(), math.Inf(1), 1e26, -1} {
		pool, _ := newPool(t, "none", nil)
		p := site(3, 0)
		p.SKUs[1].HoldingCost = v
		out := pool.Solve(t.Context(), &stream.Job{Site: "plant", Problem: p})
		if !errors.Is(out.Err, optimize.ErrProblem) || !strings.Contains(out.Err.Error(), `SKU "S0001": holding_cost`) {
			t.Errorf("%v: %v", v, out.Err)
		}
		if pid(pool) != 0 {
			t.Error("a process was started for it")
		}
	}
}

// A solve that is given up leaves the process as it is, if that gives up too.
func TestGivenUp(t *testing.T) {
	pool, _ := newPool(t, "none", nil)
	job := &stream.Job{Site: "plant", Problem: site(400, 0)}
	if out := pool.Solve(t.Context(), &stream.Job{Site: "other", Problem: site(3, 0)}); out.Err != nil {
		t.Fatal(out.Err)
	}
	before := pid(pool)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if out := pool.Solve(ctx, job); !errors.Is(out.Err, context.Canceled) {
		t.Errorf("given up before it began: %v", out.Err)
	}
	ctx, cancel = context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if out := pool.Solve(ctx, job); out.Err == nil || ctx.Err() == nil {
		t.Skip("it was solved before it could be given up")
	}
	if out := pool.Solve(t.Context(), job); out.Err != nil || out.Plan.Stats.Warm {
		t.Errorf("after it: %v", out.Err)
	}
	if stops := value(t, pool.c.Metrics.Restarts, string(causeStop)); stops == 0 && pid(pool) != before {
		t.Error("another process, and none was lost")
	}
}

// One that goes on is ended.
func TestGivenUpAndHanging(t *testing.T) {
	pool, mend := newPool(t, "hang", func(c *Config) { c.Grace = 300 * time.Millisecond })
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	if out := pool.Solve(ctx, &stream.Job{Site: "plant", Problem: site(5, 0)}); !errors.Is(out.Err, context.DeadlineExceeded) || errors.Is(out.Err, optimize.ErrSolver) {
		t.Errorf("given up: %v", out.Err)
	}
	if pid(pool) != 0 {
		t.Error("it still runs")
	}
	mend()
	if out := pool.Solve(t.Context(), &stream.Job{Site: "plant", Problem: site(5, 0)}); out.Err != nil {
		t.Error(out.Err)
	}
}

// The pipe to a process holds this much: Linux's default.
const pipeHolds = 64 << 10

// A process that reads nothing holds nobody up: not while its problem is written, and not where the pipe has taken the whole
// problem and has no room for the word that it is given up.
func TestReadsNothing(t *testing.T) {
	larger := &stream.Job{Site: "plant", Problem: site(2000, 0)}
	filling := &stream.Job{Site: "plant", Problem: site(20, 0)}
	for missing, padding := 1, 0; missing != 0; padding += missing {
		filling.Problem.SKUs[0].Name = strings.Repeat("s", padding)
		var message bytes.Buffer
		q := &request{id: 1, site: filling.Site, forget: []string{filling.Site}, limit: time.Minute, problem: filling.Problem}
		if err := newWriter(&message).request(q); err != nil {
			t.Fatal(err)
		}
		missing = pipeHolds - message.Len()
	}
	for _, c := range []struct {
		name  string
		job   *stream.Job
		limit time.Duration // of the solve; 0: it is given up
		cause cause
	}{
		{"larger than the pipe", larger, 100 * time.Millisecond, causeHang},
		{"larger than the pipe, given up", larger, 0, causeStop},
		{"filling the pipe, given up", filling, 0, causeStop},
	} {
		t.Run(c.name, func(t *testing.T) {
			pool, mend := newPool(t, "deaf", func(config *Config) {
				config.Grace = 300 * time.Millisecond
				if c.limit > 0 {
					config.Limit = c.limit
				}
			})
			ctx, want := t.Context(), optimize.ErrSolver
			if c.limit == 0 {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, 100*time.Millisecond)
				defer cancel()
				want = context.DeadlineExceeded
			}
			solved := make(chan stream.Outcome, 1)
			go func() { solved <- pool.Solve(ctx, c.job) }()
			var out stream.Outcome
			select {
			case out = <-solved:
			case <-time.After(time.Minute):
				t.Error("the caller is held up")
				_ = syscall.Kill(pid(pool), syscall.SIGKILL)
				out = <-solved
			}
			if !errors.Is(out.Err, want) {
				t.Errorf("the solve says: %v", out.Err)
			}
			if n := value(t, pool.c.Metrics.Restarts, string(c.cause)); n != 1 || pid(pool) != 0 {
				t.Errorf("%v restarts of cause %s, process %d", n, c.cause, pid(pool))
			}
			mend()
			pool.c.Limit, pool.c.Grace = time.Minute, time.Minute
			if out := pool.Solve(t.Context(), c.job); out.Err != nil || out.Plan.Stats.Warm {
				t.Errorf("the solve after it: %v", out.Err)
			}
		})
	}
}

// A solve that takes too long and knows it is a failure of the plan, not of the process.
func TestLimit(t *testing.T) {
	pool, _ := newPool(t, "none", func(c *Config) { c.Limit = time.Nanosecond })
	out := pool.Solve(t.Context(), &stream.Job{Site: "plant", Problem: site(5, 0)})
	if !errors.Is(out.Err, optimize.ErrSolver) || !strings.Contains(out.Err.Error(), "no plan within 1ns") || pid(pool) == 0 {
		t.Errorf("%v, process %d", out.Err, pid(pool))
	}
}

// A child whose parent is gone ends, even in the middle of a solve that hangs.
func TestEndsWithItsParent(t *testing.T) {
	pool, _ := newPool(t, "hang", nil)
	child, err := startProcess(&pool.c)
	if err != nil {
		t.Fatal(err)
	}
	defer child.kill()
	if err := child.w.request(&request{id: 1, site: "plant", limit: time.Hour, problem: site(5, 0)}); err != nil {
		t.Fatal(err)
	}
	if err := child.in.Close(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-child.ended:
	case <-time.After(time.Minute):
		t.Fatal("it has outlived its parent")
	}
	if child.state != "exit status 0" {
		t.Errorf("it ended with %s", child.state)
	}
}

// A program that is no solver is told so at once.
func TestNoSuchProgram(t *testing.T) {
	pool, _ := newPool(t, "none", func(c *Config) { c.Command = []string{"/nowhere/drumbeat"} })
	out := pool.Solve(t.Context(), &stream.Job{Site: "plant", Problem: site(5, 0)})
	if !errors.Is(out.Err, optimize.ErrSolver) || !strings.Contains(out.Err.Error(), "does not start") {
		t.Error(out.Err)
	}
}
