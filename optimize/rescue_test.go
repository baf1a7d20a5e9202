package optimize

import (
	"context"
	"errors"
	"testing"

	"pgregory.net/rapid"
)

// trouble is a Solver that does something before it solves its n-th LP.
type trouble struct {
	Solver
	solved *int
	at     int
	do     func() error
}

func (s *trouble) Solve(ctx context.Context, start *Basis, method Method, limit int) (*Solution, error) {
	*s.solved++
	if *s.solved == s.at {
		if err := s.do(); err != nil {
			return nil, err
		}
	}
	return s.Solver.Solve(ctx, start, method, limit)
}

// troubled makes solvers that share one count.
func troubled(at int, do func() error) (newSolver func() Solver, solved *int) {
	solved = new(int)
	return func() Solver { return &trouble{newDense(), solved, at, do} }, solved
}

// sharing is a random problem in which every SKU uses the first resource, which is limited.
func sharing(t *rapid.T) *Problem {
	p := randomProblem(t)
	for s := range p.SKUs {
		k := &p.SKUs[s]
		if len(k.Uses) == 0 || k.Uses[0].Resource != 0 {
			k.Uses = []Use{{0, 1}}
		}
	}
	p.Resources[0].Unlimited = nil
	return p
}

// A solve that is cancelled begins no further LP.
func TestCancelledSolveStopsAtItsNextRound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := sharing(t)
		at := rapid.IntRange(1, 6).Draw(t, "at")
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		newSolver, solved := troubled(at, func() error { cancel(); return nil })
		e := NewEngine(newSolver, Options{GuidedRows: 1, Workers: 1})
		plan, err := e.Solve(ctx, p, nil)
		if *solved < at {
			return // it was done before
		}
		if !errors.Is(err, context.Canceled) || plan != nil {
			t.Fatalf("plan %v, error %v", plan != nil, err)
		}
		if *solved > at {
			t.Fatalf("%d LPs after the solve was cancelled", *solved-at)
		}
	})
}

// Where prices do not come to an end, the component is solved as a whole: the plan is the same and says so.
func TestFallbackIsTheSamePlan(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := sharing(t)
		newSolver, solved := troubled(1, func() error { return errors.New("the first restricted LP fails") })
		got := mustSolve(t, NewEngine(newSolver, Options{GuidedRows: 1, Workers: 1}), p, nil)
		want := mustSolve(t, NewEngine(newDense, Options{GuidedRows: 1}), p, nil)
		if got.Status != want.Status {
			t.Fatalf("%s by fallback, %s by prices", got.Status, want.Status)
		}
		if got.Status != Optimal || *solved == 0 {
			return
		}
		if got.Stats.Fallbacks != 1 {
			t.Fatalf("%d fallbacks", got.Stats.Fallbacks)
		}
		samePlan(t, want, got)
	})
}

// A warm plan is confirmed as often as asked, and the cold one stands where they differ.
func TestWarmPlansAreConfirmed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := sharing(t)
		e := NewEngine(newDense, Options{ConfirmEvery: 1, GuidedRows: 1})
		if mustSolve(t, e, p, nil).Status != Optimal {
			return
		}
		for range 2 {
			if plan := mustSolve(t, e, p, nil); plan.Stats.Disagreements != 0 {
				t.Fatalf("%d disagreements", plan.Stats.Disagreements)
			}
		}
		p = sharing(t)
		cold := mustSolve(t, NewEngine(newDense, Options{}), p, nil)
		if cold.Status != Optimal {
			return
		}
		wrong := mustSolve(t, NewEngine(newDense, Options{}), p, nil)
		wrong.Production[0][0]++
		wrong.Stats.Warm = true
		kept, err := e.confirm(context.Background(), p, wrong)
		if err != nil {
			t.Fatal(err)
		}
		if kept.Stats.Disagreements != 1 {
			t.Fatalf("%d disagreements", kept.Stats.Disagreements)
		}
		samePlan(t, cold, kept)
	})
}

// dusty is a Solver whose answers are off by as much as CLP's, whatever the size of the numbers.
type dusty struct{ Solver }

func (s dusty) Solve(ctx context.Context, start *Basis, method Method, limit int) (*Solution, error) {
	sol, err := s.Solver.Solve(ctx, start, method, limit)
	if err == nil {
		for j := range sol.X {
			sol.X[j] += 1e-12
		}
	}
	return sol, err
}

// Rounding errors of the solver are no reason to give up prices.
func TestSolverDustIsNoFallback(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := sharing(t)
		got := mustSolve(t, NewEngine(func() Solver { return dusty{newDense()} }, Options{GuidedRows: 1, Workers: 1}), p, nil)
		want := mustSolve(t, NewEngine(newDense, Options{GuidedRows: 1}), p, nil)
		if got.Status != want.Status || got.Stats.Fallbacks > 0 {
			t.Fatalf("%s with dust, %s without; %d fallbacks", got.Status, want.Status, got.Stats.Fallbacks)
		}
		if got.Status == Optimal {
			samePlan(t, want, got)
		}
	})
}
