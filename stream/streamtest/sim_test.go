package streamtest_test

import (
	"flag"
	"maps"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
)

var (
	seeds     = flag.Int("seeds", 0, "number of runs of TestSimulation; 0: 300, or 40 with -short")
	firstSeed = flag.Uint64("first-seed", 1, "of TestSimulation")
	steps     = flag.Int("steps", 150, "of a failing run to be printed, the last ones")
	shrink    = flag.Bool("shrink", true, "leave out of a failing run the faults that it fails without")
)

// Whatever fails, and whoever is killed, fenced, paused or writes what is old: in the end every sale counts once,
// and the plan topic holds the plan of the store. See DESIGN.md of package stream.
//
//	go test ./stream/streamtest -run 'TestSimulation$' -args -seeds 10000 -first-seed 1
func TestSimulation(t *testing.T) {
	debug.SetTraceback("all")                         // of a panic: the seed is the first argument of simulate
	defer debug.SetGCPercent(debug.SetGCPercent(600)) // a run keeps little of what it makes
	seeds := runs()
	var next atomic.Uint64
	var mu sync.Mutex
	counts := map[string]int{}
	failed := map[uint64]result{}
	t.Run("seeds", func(t *testing.T) {
		for range min(runtime.GOMAXPROCS(0), seeds) {
			t.Run("", func(t *testing.T) {
				t.Parallel()
				for {
					seed := *firstSeed + next.Add(1) - 1
					mu.Lock()
					stop := len(failed) > 0
					mu.Unlock()
					if stop || seed >= *firstSeed+uint64(seeds) {
						return
					}
					r := run(t, seed, nil, false)
					mu.Lock()
					for name, n := range r.counts {
						counts[name] += n
					}
					if r.violation != "" {
						failed[seed] = r
					}
					mu.Unlock()
				}
			})
		}
	})
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		t.Logf("%7d  %s", counts[name], name)
	}
	for _, seed := range slices.Sorted(maps.Keys(failed)) {
		explain(t, seed, failed[seed])
		return
	}
}

// runs is the number of seeds.
func runs() int {
	switch {
	case *seeds > 0:
		return *seeds
	case testing.Short():
		return 40
	}
	return 300
}

// run simulates a seed in a bubble of its own.
func run(t *testing.T, seed uint64, skip map[int]bool, tracing bool) (r result) {
	synctest.Test(t, func(*testing.T) { r = simulate(seed, skip, tracing) })
	return r
}

// explain leaves out of a failing run what it fails without, and prints the rest.
func explain(t *testing.T, seed uint64, r result) {
	t.Errorf("seed %d: %s\nto repeat it: go test ./stream/streamtest -run 'TestSimulation$' -args -seeds 1 -first-seed %d", seed, r.violation, seed)
	skip := map[int]bool{}
	budget := 300
	if !*shrink {
		budget = 0
	}
	for width := max(len(r.faults)/2, 1); width > 0 && budget > 0; width /= 2 {
		for at := 0; at < len(r.faults) && budget > 0; at += width {
			trial := maps.Clone(skip)
			for i := at; i < min(at+width, len(r.faults)); i++ {
				trial[i] = true
			}
			if len(trial) == len(skip) {
				continue
			}
			budget--
			if again := run(t, seed, trial, false); again.violation != "" {
				skip, r = trial, again
			}
		}
	}
	r = run(t, seed, skip, true)
	var left []string
	for i, f := range r.faults {
		if !skip[i] {
			left = append(left, f)
		}
	}
	t.Errorf("with %d faults: %s\n%s", len(left), r.violation, strings.Join(left, "\n"))
	t.Log("its steps:\n" + strings.Join(r.trace[max(0, len(r.trace)-*steps):], "\n"))
}

// The same seed gives the same run: else a failure could not be repeated.
func TestSimulationRepeats(t *testing.T) {
	for seed := *firstSeed; seed < *firstSeed+uint64(max(runs()/20, 1)); seed++ {
		a, b := run(t, seed, nil, true), run(t, seed, nil, true)
		at := 0
		for at < min(len(a.trace), len(b.trace)) && a.trace[at] == b.trace[at] {
			at++
		}
		if a.hash != b.hash || at < max(len(a.trace), len(b.trace)) {
			t.Errorf("seed %d:\n%s\n--- or\n%s", seed, strings.Join(a.trace[max(0, at-5):min(at+3, len(a.trace))], "\n"), strings.Join(b.trace[at:min(at+3, len(b.trace))], "\n"))
		}
	}
}
