package bench

import (
	"errors"
	"math"
	"runtime"
	"strings"
	"testing"
	"time"

	"drumbeat/optimize"
	"drumbeat/optimize/clp"
)

// The LP that other solvers get has the optimum that the engine finds: of an instance, and of a site that is short.
func TestPlainLP(t *testing.T) {
	in, short := newPlanInstance(40, 13, 2, true), whatIfProblem()
	for u := range short.Periods {
		short.Resources[0].Capacity[u] = 9000
	}
	for what, p := range map[string]*optimize.Problem{"instance": in.problem(in.demand), "what-if": short} {
		engine, solver := optimize.NewEngine(clp.New, optimize.Options{}), clp.New()
		plan, err := engine.Solve(t.Context(), p, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := solver.Load(plainLP(p, plan.Weights)); err != nil {
			t.Fatal(err)
		}
		sol, err := solver.Solve(t.Context(), nil, optimize.DualSimplex, 0)
		if err != nil {
			t.Fatal(err)
		}
		if ours := weighted(p, plan, plan.Weights); math.Abs(ours-sol.Objective) > 1e-9*sol.Objective {
			t.Errorf("%s: %.12g, the LP %.12g", what, ours, sol.Objective)
		}
		if p == short && weighted(p, plan, plan.Weights) < 2*plan.Objective {
			t.Errorf("%s is not short of anything", what)
		}
		if err := errors.Join(engine.Close(), solver.Close()); err != nil {
			t.Error(err)
		}
	}
}

// HiGHS, where it is installed, solves a small instance and a changed one, and every figure is reported.
func TestPlanBeside(t *testing.T) {
	highs, err := StartHighs(t.Context(), ".", time.Minute, t.Output())
	if errors.Is(err, ErrNoPeers) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := highs.Close(); err != nil {
			t.Error(err)
		}
	}()
	got := map[string]float64{}
	report := func(r Row) { got[r.Metric] = r.Value }
	b := &beside{c: planCase{skus: 60, periods: 12, resources: 2, correlated: true}, highs: highs}
	if err := b.run(t.Context(), report, report); err != nil {
		t.Fatal(err)
	}
	for _, metric := range strings.Fields("cold_seconds peer_build_seconds peer_cold_seconds cold_ratio peer_cold_processor_seconds " +
		"cold_processor_ratio highs_choose_seconds highs_simplex_seconds warm_1pct_seconds peer_warm_1pct_seconds warm_1pct_ratio") {
		if !(got[metric] > 0) {
			t.Errorf("%s is %g", metric, got[metric])
		}
	}
	highs.limit = time.Nanosecond
	clear(got)
	if err := (&beside{c: b.c, highs: highs}).run(t.Context(), report, report); err != nil {
		t.Fatal(err)
	}
	if got["peer_unfinished_after_seconds"] <= 0 || got["cold_seconds"] <= 0 || got["cold_ratio"] != 0 {
		t.Errorf("HiGHS without time: %v", got)
	}
}

// The peak of one case is not that of the one before.
func TestPeakBytesBeginAnew(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux forgets a peak")
	}
	peak := func() int64 {
		n, err := peakBytes()
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	const large = 256 << 20
	hold := func() int64 {
		block := make([]byte, large)
		for i := 0; i < large; i += 4096 {
			block[i] = 1
		}
		defer runtime.KeepAlive(block)
		return peak()
	}
	before := hold()
	if err := resetPeak(); err != nil {
		t.Fatal(err)
	}
	if after := peak(); before < large || after > before-large/2 {
		t.Errorf("peak %d, then %d", before, after)
	}
}
