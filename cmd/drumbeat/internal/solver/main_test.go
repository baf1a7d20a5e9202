package solver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/signal"
	"syscall"
	"testing"

	lanl "github.com/lanl/clp"

	"drumbeat/optimize"
	"drumbeat/optimize/clp"
)

// The processes of these tests are the test binary itself, with a fault in it: the program has none to switch on.
const (
	faultVariable = "DRUMBEAT_TEST_SOLVER" // the fault; "none" for a sound process
	whileVariable = "DRUMBEAT_TEST_WHILE"  // a file: the fault is there while it is; "": always
)

func TestMain(m *testing.M) {
	if fault := os.Getenv(faultVariable); fault != "" {
		if err := work(fault); err != nil {
			fmt.Fprintln(os.Stderr, "drumbeat:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// work is a child with a fault.
func work(fault string) error {
	signal.Ignore(os.Interrupt, syscall.SIGTERM)
	out := Answers()
	faulty := func() bool {
		if fault == "none" {
			return false
		}
		name := os.Getenv(whileVariable)
		_, err := os.Stat(name)
		return name == "" || err == nil
	}
	newSolver := clp.New
	switch fault {
	case "deaf":
		if faulty() {
			if err := syscall.Kill(os.Getpid(), syscall.SIGSTOP); err != nil {
				return err
			}
		}
	case "abort", "hang", "exit", "segv":
		newSolver = func() optimize.Solver { return &bad{clp.New(), fault, faulty} }
	case "memory":
		if err := LimitMemory(300 << 20); err != nil {
			return err
		}
		newSolver = func() optimize.Solver { return &bad{clp.New(), fault, faulty} }
	case "wrong", "value", "infeasible", "objective", "garbled", "other":
		return lie(fault, faulty, out)
	}
	return Serve(os.Stdin, out, newSolver)
}

// bad is a solver that does harm when it solves.
type bad struct {
	optimize.Solver
	fault  string
	faulty func() bool
}

func (b *bad) Solve(ctx context.Context, start *optimize.Basis, method optimize.Method, limit int) (*optimize.Solution, error) {
	if b.faulty() {
		switch b.fault {
		case "abort":
			abort()
		case "hang":
			select {}
		case "exit":
			os.Exit(7)
		case "segv":
			_ = syscall.Kill(os.Getpid(), syscall.SIGSEGV)
			select {}
		case "memory":
			var kept [][]byte
			for range 1 << 10 {
				block := make([]byte, 1<<20)
				for i := range block {
					block[i] = 1
				}
				kept = append(kept, block)
			}
			return nil, fmt.Errorf("%d blocks fit", len(kept))
		}
	}
	return b.Solver.Solve(ctx, start, method, limit)
}

// abort is what CLP does with a cost that is no number.
func abort() {
	s, m := lanl.NewSimplex(), lanl.NewPackedMatrix()
	m.AppendColumn([]lanl.Nonzero{{Index: 0, Value: 1}})
	s.LoadProblem(m, []lanl.Bounds{{Lower: 0, Upper: 1}}, []float64{math.NaN()}, []lanl.Bounds{{Lower: 0, Upper: 1}}, nil)
	s.Primal(lanl.NoValuesPass, lanl.NoStartFinishOptions)
}

// lie answers each request with a plan that is not the problem's.
func lie(fault string, faulty func() bool, out io.Writer) error {
	s := &server{newSolver: clp.New, out: newWriter(out), engines: map[string]*engine{}}
	r := newReader(os.Stdin)
	for {
		_, id, err := r.header()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		q, err := r.request(id)
		if err != nil {
			return err
		}
		plan, err := s.solve(context.Background(), q)
		if err == nil && faulty() {
			switch fault {
			case "wrong":
				plan.Production[0][1]++
			case "value":
				plan.Values[0][0] = math.NaN()
			case "infeasible":
				plan = &optimize.Plan{Status: optimize.Infeasible, Infeasibility: &optimize.Infeasibility{Cause: "capacity"}}
			case "objective":
				plan.Objective = math.NaN()
			case "garbled":
				s.out.string("Clp0000I Optimal - objective value 42")
			case "other":
				id++
			}
		}
		if err := s.out.answer(id, plan, err); err != nil {
			return err
		}
	}
}
