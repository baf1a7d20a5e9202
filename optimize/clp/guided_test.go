package clp_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"runtime"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"drumbeat/optimize"
	"drumbeat/optimize/clp"
)

// site draws a problem of some size with every feature on some SKUs: peaks that capacity cannot serve as they come,
// lead times, overtime, baselines with change prices, frozen periods, pins, maximum production, storage, backlog,
// two resources for some.
func site(seed uint64, skus, periods, resources int) *optimize.Problem {
	rng := rand.New(rand.NewPCG(seed, 7))
	p := &optimize.Problem{Mode: optimize.Elastic, Frozen: int(seed % 3)}
	for t := range periods {
		p.Periods = append(p.Periods, fmt.Sprintf("w%02d", t))
	}
	load := make([]float64, resources)
	for s := range skus {
		k := optimize.SKU{Name: fmt.Sprintf("s%03d", s), Demand: make([]float64, periods), SafetyStock: make([]float64, periods),
			ProductionCost: 5 + 45*rng.Float64(), LeadTime: rng.IntN(3)}
		base := math.Exp(3 + rng.NormFloat64())
		k.HoldingCost, k.Opening = k.ProductionCost*(.01+.02*rng.Float64()), base*3*rng.Float64()
		for t := range periods {
			k.Demand[t] = math.Round(base * (1 + .7*math.Sin(6*float64(t)/float64(periods))) * (.6 + .8*rng.Float64()))
			k.SafetyStock[t] = math.Round(.3 * base)
		}
		k.Uses = []optimize.Use{{Resource: rng.IntN(resources), Amount: .5 + rng.Float64()}}
		if resources > 1 && rng.IntN(6) == 0 {
			k.Uses = append(k.Uses, optimize.Use{Resource: (k.Uses[0].Resource + 1) % resources, Amount: .2})
		}
		for _, u := range k.Uses {
			load[u.Resource] += u.Amount * base
		}
		series := func(f func() float64) []float64 {
			v := make([]float64, periods)
			for t := range v {
				v[t] = f()
			}
			return v
		}
		some := func(oneIn int) bool { return rng.IntN(oneIn) == 0 }
		if some(2) {
			k.Baseline = series(func() float64 { return math.Round(base * 2 * rng.Float64()) })
			k.ChangePrice = series(func() float64 { return .03 * k.ProductionCost * rng.Float64() })
		}
		if some(3) && k.Baseline != nil {
			k.Fixed = k.Baseline[:p.Frozen]
		}
		if some(5) {
			k.MaxProduction = series(func() float64 { return base * (1 + rng.Float64()) })
		}
		if some(8) {
			k.BacklogCost = k.HoldingCost * 4
		}
		if some(6) {
			k.StorageCapacity = base * 4
		}
		if some(10) {
			k.EmergencyCost = 4 * k.ProductionCost
		}
		if some(10) {
			k.Pins = []optimize.Pin{{Period: rng.IntN(periods), Min: math.Round(base), Max: -1}}
		}
		p.SKUs = append(p.SKUs, k)
	}
	for r := range resources {
		res := optimize.Resource{Name: fmt.Sprintf("r%d", r)}
		for range periods {
			res.Capacity = append(res.Capacity, math.Round(load[r]*(1+.3*rng.Float64())))
			if r == 0 {
				res.Overtime, res.OvertimeCost = append(res.Overtime, math.Round(load[r]*.1)), append(res.OvertimeCost, 3)
			}
		}
		p.Resources = append(p.Resources, res)
	}
	return p
}

// changed is p with other demands, one period on.
func changed(p *optimize.Problem, rng *rand.Rand) *optimize.Problem {
	q := *p
	q.Periods = append(append([]string(nil), p.Periods[1:]...), "next")
	q.SKUs = append([]optimize.SKU(nil), p.SKUs...)
	for s := range q.SKUs {
		k := &q.SKUs[s]
		k.Demand = append([]float64(nil), k.Demand...)
		for t := range k.Demand {
			k.Demand[t] = math.Round(k.Demand[t] * (.95 + .1*rng.Float64()))
		}
	}
	return &q
}

func solved(t *testing.T, e *optimize.Engine, p *optimize.Problem, start *optimize.Start) *optimize.Plan {
	t.Helper()
	plan, err := e.Solve(context.Background(), p, start)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

func alike(t *testing.T, what string, want, got *optimize.Plan) {
	t.Helper()
	if got.Status != want.Status {
		t.Fatalf("%s: %s, not %s", what, got.Status, want.Status)
	}
	if math.Abs(got.Objective-want.Objective) > 1e-9*(1+math.Abs(want.Objective)) {
		t.Errorf("%s: costs %.12g, not %.12g", what, got.Objective, want.Objective)
	}
	for s := range want.Production {
		for u, x := range want.Production[s] {
			if y := got.Production[s][u]; math.Abs(x-y) > 3e-6 {
				t.Fatalf("%s: production of %d in period %d is %.9g, not %.9g", what, s, u, y, x)
			}
		}
	}
}

// Sites with every feature: by prices and as a whole, cold, warm, from stored prices over a rolled horizon, the plan is
// the same.
func TestGuidedSitesAreWholeSites(t *testing.T) {
	for seed := range sites() {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			p := site(seed, 40+int(seed%8)*5, 10+int(seed%8), 1+int(seed%3))
			if seed%8 == 5 {
				p.Shortages = optimize.Economic
			}
			whole := optimize.NewEngine(clp.New, optimize.Options{GuidedRows: -1})
			guided := optimize.NewEngine(clp.New, optimize.Options{GuidedRows: 1})
			defer func() {
				if err := whole.Close(); err != nil {
					t.Error(err)
				}
				if err := guided.Close(); err != nil {
					t.Error(err)
				}
			}()
			want, got := solved(t, whole, p, nil), solved(t, guided, p, nil)
			alike(t, "cold", want, got)
			q := changed(p, rand.New(rand.NewPCG(seed, 8)))
			want2 := solved(t, whole, q, nil)
			alike(t, "warm", want2, solved(t, guided, q, nil))
			alike(t, "stored", want2, solved(t, optimize.NewEngine(clp.New, optimize.Options{GuidedRows: 1}), q, got.Start))
		})
	}
}

// sites is how many sites are compared; DRUMBEAT_TEST_SITES asks for more.
func sites() uint64 {
	if n, err := strconv.ParseUint(os.Getenv("DRUMBEAT_TEST_SITES"), 10, 64); err == nil {
		return n
	}
	return 8
}

// A solve ends soon after its context, while every core is busy with something else.
func TestGuidedEndsWithItsContext(t *testing.T) {
	if testing.Short() {
		t.Skip("a large site")
	}
	p := site(2, 600, 52, 1)
	var stop atomic.Bool
	defer stop.Store(true)
	for range runtime.GOMAXPROCS(0) {
		go func() {
			for !stop.Load() {
				runtime.Gosched()
			}
		}()
	}
	for _, limit := range []time.Duration{20 * time.Millisecond, 200 * time.Millisecond, 500 * time.Millisecond} {
		e := optimize.NewEngine(clp.New, optimize.Options{})
		ctx, cancel := context.WithTimeout(context.Background(), limit)
		began := time.Now()
		_, err := e.Solve(ctx, p, nil)
		late := time.Since(began) - limit
		cancel()
		if err == nil {
			t.Logf("%v were enough", limit)
		} else if !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		t.Logf("%v after its limit of %v", late, limit)
		if late > 2*time.Second { // a loose bound, for busy machines: a round takes some milliseconds
			t.Errorf("%v after its limit of %v", late, limit)
		}
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}
}
