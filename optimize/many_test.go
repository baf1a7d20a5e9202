package optimize

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"gonum.org/v1/gonum/optimize/convex/lp"
	"pgregory.net/rapid"
)

// NewCLP makes a Solver on CLP, whose package imports this one and so is put in from outside.
var NewCLP func() Solver

// Small problems with any mix of features: by prices they have the answer, the cost and the plan that the whole LP has in
// CLP; the LP solved by prices is worth as much as its dual; and gonum's simplex method, tried on one in eight
// if it is small, finds the same optimum. A seed makes a problem. The test runs 10,000 seeds; DRUMBEAT_TEST_PROBLEMS=1000000, or
// 10000-1000000 for a part of them, runs others (-v tells how far it is).
func TestManySmallProblems(t *testing.T) {
	if testing.Short() {
		t.Skip("ten thousand problems")
	}
	if NewCLP == nil {
		t.Skip("without cgo there is no CLP to compare with")
	}
	from, to, err := seeds(os.Getenv("DRUMBEAT_TEST_PROBLEMS"))
	if err != nil {
		t.Fatal(err)
	}
	drawn := rapid.Custom(randomProblem)
	var next, done, optimal, dual, third atomic.Int64
	next.Store(int64(from))
	var wait sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wait.Go(func() {
			for {
				seed := int(next.Add(1) - 1)
				if seed >= to {
					return
				}
				p := drawn.Example(seed)
				found, err := wholeAndGuided(p)
				if err == nil && found {
					optimal.Add(1)
				}
				if err == nil {
					err = againstDual(p, seed%8 == 0, &dual, &third)
				}
				if err != nil {
					data, broken := json.Marshal(p)
					t.Errorf("seed %d: %v\n%s %v", seed, err, data, broken)
				}
				if n := done.Add(1); n%10_000 == 0 || int(n) == to-from {
					t.Logf("%d problems: %d have a plan, %d LPs are worth their dual, gonum agrees on %d", n, optimal.Load(), dual.Load(), third.Load())
				}
			}
		})
	}
	wait.Wait()
	if n := int64(to - from); n >= 1000 && (optimal.Load() < n/2 || dual.Load() < n/2 || third.Load() < n/50) {
		t.Errorf("of %d problems %d have a plan, %d a dual, gonum solved %d", n, optimal.Load(), dual.Load(), third.Load())
	}
}

// Problems that the test above found something in, made smaller by hand.
func TestFoundProblems(t *testing.T) {
	if NewCLP == nil {
		t.Skip("without cgo there is no CLP to compare with")
	}
	for name, data := range map[string]string{
		"stock that nothing can be added to or taken from has values that fit its neighbours'": `{"mode": "strict", "shortages": "economic",
			"periods": ["1", "2", "3"], "skus": [{"name": "s", "demand": [20, 4, 15], "safety_stock": [6, 2, 2], "receipts": [2, 10, 2.5],
			"opening": 24.5, "production_cost": 2.5, "holding_cost": 2, "lead_time": 3, "storage_capacity": 2}], "resources": []}`,
	} {
		p := &Problem{}
		if err := json.Unmarshal([]byte(data), p); err != nil {
			t.Fatal(err)
		}
		var dual, third atomic.Int64
		if _, err := wholeAndGuided(p); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := againstDual(p, true, &dual, &third); err != nil || dual.Load() != 1 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// seeds reads N or FROM-TO.
func seeds(text string) (from, to int, err error) {
	if text == "" {
		return 0, 10_000, nil
	}
	first, last, part := strings.Cut(text, "-")
	if !part {
		first, last = "0", text
	}
	if from, err = strconv.Atoi(first); err == nil {
		to, err = strconv.Atoi(last)
	}
	return from, to, err
}

// wholeAndGuided solves p twice on CLP, as a whole and by prices, and compares. It says whether p has a plan.
func wholeAndGuided(p *Problem) (bool, error) {
	want, err := onceOnCLP(p, -1)
	if err != nil {
		return false, fmt.Errorf("whole: %w", err)
	}
	got, err := onceOnCLP(p, 1)
	switch {
	case err != nil:
		return false, fmt.Errorf("by prices: %w", err)
	case got.Status != want.Status:
		return false, fmt.Errorf("%s by prices, %s as a whole", got.Status, want.Status)
	case got.Status != Optimal:
		return false, nil
	case got.Stats.Fallbacks > 0:
		return true, fmt.Errorf("given up by prices: %+v", got.Stats)
	case !samePlans(want, got) || math.Abs(got.Objective-want.Objective) > 1e-9*(1+math.Abs(want.Objective)):
		return true, fmt.Errorf("costs %.12g by prices, %.12g as a whole, or another plan", got.Objective, want.Objective)
	}
	return true, nil
}

func onceOnCLP(p *Problem, guidedRows int) (*Plan, error) {
	e := NewEngine(NewCLP, Options{GuidedRows: guidedRows, Workers: 1})
	plan, err := e.Solve(context.Background(), p, nil)
	if err != nil {
		return nil, err
	}
	return plan, e.Close()
}

// againstDual solves the LP of p by prices and compares with the value of its dual and, if it is tiny and so wanted, with gonum.
func againstDual(p *Problem, gonum bool, dual, third *atomic.Int64) error {
	m := formulate(p, p.defaultWeights())
	if m.conflict {
		return nil
	}
	g := newGuided(NewCLP)
	if err := g.Load(m.lp); err != nil {
		return err
	}
	sol, err := g.Solve(context.Background(), nil, DualSimplex, 0)
	if err != nil || sol.Status != LPOptimal {
		return err
	}
	scale := 1 + math.Abs(sol.Objective)
	if worth := dualObjective(m.lp, sol.Duals); math.Abs(worth-sol.Objective) > 1e-8*scale {
		return fmt.Errorf("the LP costs %.12g, its dual %.12g", sol.Objective, worth)
	}
	dual.Add(1)
	if !gonum || m.lp.Paths*m.lp.PathLength > 8 {
		return g.Close()
	}
	c, a, b, offset := standardForm(m.lp)
	if rows, columns := a.Dims(); columns < rows || len(c) != columns {
		return g.Close()
	}
	if optimum, _, err := lp.Simplex(c, a, b, 1e-10, nil); err == nil {
		if math.Abs(sol.Objective-optimum-offset) > 1e-7*scale {
			return fmt.Errorf("the LP costs %.12g, gonum finds %.12g", sol.Objective, optimum+offset)
		}
		third.Add(1)
	}
	return g.Close()
}
