package bench

import (
	"context"
	"errors"
	"fmt"
	"math"
	"syscall"
	"time"

	"drumbeat/optimize"
	"drumbeat/optimize/clp"
)

// planCase is an instance with its known optimum.
type planCase struct {
	skus, periods, resources int
	correlated               bool
	optimum                  float64
	featured                 bool // also with a change price, and with every feature
}

func (c planCase) String() string {
	kind := "rand"
	if c.correlated {
		kind = "corr"
	}
	return fmt.Sprintf("%dx%dx%d %s", c.skus, c.periods, c.resources, kind)
}

// planCases are the instances with known optima, computed by three solvers that agree to 1e-12.
var planCases = []planCase{
	{2000, 26, 4, false, 170478894.0614, false},
	{2000, 26, 4, true, 189892248.9028, false},
	{1000, 52, 10, false, 151535563.7634, false},
	{1000, 52, 10, true, 167960411.0654, false},
	{1000, 52, 1, false, 150697197.4956, false},
	{1000, 52, 1, true, 166634509.5634, false},
	{10000, 52, 10, true, 1829628595.5572, true},
}

// longPlanCases take more than a minute. No other solver finishes the last: its optimum is the one proved by the
// plan's own bound, to 1e-13.
var longPlanCases = []planCase{
	{100000, 52, 50, true, 17788708059.7313, false},
}

// Plan measures the planning engine: a cold solve, a warm one after 1 % of the demands changed, and
// a warm one after all of them changed; for some cases also warm ones with a price on changes (all demands changed) and with
// every feature of the model, that one cold and warm. Seconds are the whole of Engine.Solve: model, solver, ties,
// certificate. It fails if a cold objective is not the known optimum. long adds cases of minutes.
func Plan(ctx context.Context, long bool, report func(Row)) error {
	cases := planCases
	if long {
		cases = append(cases[:len(cases):len(cases)], longPlanCases...)
	}
	for _, c := range cases {
		if err := c.run(ctx, report); err != nil {
			return fmt.Errorf("bench: plan: %v: %w", c, err)
		}
	}
	return nil
}

func (c planCase) run(ctx context.Context, report func(Row)) (err error) {
	in := newPlanInstance(c.skus, c.periods, c.resources, c.correlated)
	engine := optimize.NewEngine(clp.New, optimize.Options{})
	defer func() { err = errors.Join(err, engine.Close()) }()
	row := func(metric string, value float64, unit string) {
		report(Row{Bench: "plan", Case: c.String(), Metric: metric, Value: value, Unit: unit})
	}
	of := func(p *optimize.Problem) (*optimize.Plan, float64, error) {
		began := time.Now()
		plan, err := engine.Solve(ctx, p, nil)
		if err == nil && plan.Status != optimize.Optimal {
			err = fmt.Errorf("status %s", plan.Status)
		}
		return plan, time.Since(began).Seconds(), err
	}
	solve := func(demand [][]float64) (*optimize.Plan, float64, error) { return of(in.problem(demand)) }
	plan, seconds, err := solve(in.demand)
	if err != nil {
		return err
	}
	if math.Abs(plan.Objective-c.optimum) > 1e-8*c.optimum {
		return fmt.Errorf("objective %.4f, the optimum is %.4f", plan.Objective, c.optimum)
	}
	row("objective", plan.Objective, "money")
	row("cold_seconds", seconds, "s")
	row("cold_iterations", float64(plan.Stats.Iterations), "1")
	for _, change := range []struct {
		metric string
		demand [][]float64
	}{{"warm_1pct_seconds", in.demand1}, {"warm_100pct_seconds", in.demand100}} {
		plan, seconds, err := solve(change.demand)
		if err != nil {
			return err
		}
		if !plan.Stats.Warm {
			return fmt.Errorf("%s: the solve was cold", change.metric)
		}
		row(change.metric, seconds, "s")
		if _, _, err := solve(in.demand); err != nil { // back, so that each change starts from the same plan
			return err
		}
	}
	row("peak_memory", float64(peakMemory())/1e6, "MB")
	if !c.featured {
		return nil
	}
	baseline := plan.Production
	if _, seconds, err = of(in.pricedChange(in.demand100, baseline)); err != nil {
		return err
	}
	row("warm_change_price_seconds", seconds, "s")
	if err := engine.Close(); err != nil {
		return err
	}
	if _, seconds, err = of(in.featured(in.demand, baseline)); err != nil {
		return err
	}
	row("features_cold_seconds", seconds, "s")
	if _, seconds, err = of(in.featured(in.demand1, baseline)); err != nil {
		return err
	}
	row("features_warm_1pct_seconds", seconds, "s")
	return nil
}

// peakMemory is the most memory the process has held, in bytes.
func peakMemory() int64 {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return 0
	}
	return r.Maxrss * 1024
}
