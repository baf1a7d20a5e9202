package bench

import (
	"context"
	"errors"
	"fmt"
	"math"
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
	growth                   bool // one of those that growth is fitted on
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
	{2000, 26, 4, false, 170478894.0614, false, false},
	{2000, 26, 4, true, 189892248.9028, false, false},
	{1000, 52, 10, false, 151535563.7634, false, false},
	{1000, 52, 10, true, 167960411.0654, false, false},
	{1000, 52, 1, false, 150697197.4956, false, false},
	{1000, 52, 1, true, 166634509.5634, false, true},
	{10000, 52, 10, true, 1829628595.5572, true, true},
}

// longPlanCases take more than a minute. No other solver finishes the last: its optimum is the one proved by the
// plan's own bound, to 1e-13.
var longPlanCases = []planCase{
	{100000, 52, 50, true, 17788708059.7313, false, true},
}

// optimumTolerance is how far a cold objective may be from the known optimum, relative to it: plans are stated to a millionth
// of a unit, and the optima to fourteen digits.
const optimumTolerance = 1e-10

// Plan measures the planning engine: a cold solve, a warm one after 1 % of the demands changed, and
// a warm one after all of them changed; for some cases also warm ones with a price on changes (all demands changed) and with
// every feature of the model, that one cold and warm. Seconds are the whole of Engine.Solve: model, solver, ties,
// certificate. Processor seconds are those of all cores, peak bytes the most memory of the process from the drawing of
// the instance to the end of its warm solves. It fails if a cold objective is not the known optimum. long adds
// cases of minutes. Last comes how processor seconds grow with the number of SKUs.
func Plan(ctx context.Context, long bool, report func(Row)) error {
	cases := planCases
	if long {
		cases = append(cases[:len(cases):len(cases)], longPlanCases...)
	}
	growth := growth{}
	for _, c := range cases {
		watch := report
		if c.growth {
			watch = func(r Row) {
				growth.add(c.skus, r)
				report(r)
			}
		}
		if err := c.run(ctx, watch); err != nil {
			return fmt.Errorf("bench: plan: %v: %w", c, err)
		}
	}
	growth.report(report)
	return nil
}

func (c planCase) run(ctx context.Context, report func(Row)) (err error) {
	if err := resetPeak(); err != nil {
		return err
	}
	in := newPlanInstance(c.skus, c.periods, c.resources, c.correlated)
	engine := optimize.NewEngine(clp.New, optimize.Options{})
	defer func() { err = errors.Join(err, engine.Close()) }()
	row := func(metric string, value float64, unit string) {
		report(Row{Bench: "plan", Case: c.String(), Metric: metric, Value: value, Unit: unit})
	}
	processor := 0.0 // seconds of the last solve
	of := func(p *optimize.Problem) (*optimize.Plan, float64, error) {
		began, used := time.Now(), cpu()
		plan, err := engine.Solve(ctx, p, nil)
		processor = (cpu() - used).Seconds()
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
	off := math.Abs(plan.Objective-c.optimum) / c.optimum
	if off > optimumTolerance {
		return fmt.Errorf("objective %.4f, the optimum is %.4f", plan.Objective, c.optimum)
	}
	row("objective", plan.Objective, "money")
	row("digits", math.Floor(-math.Log10(max(off, 1e-15))), "1") // in which it agrees with the known optimum
	row("cold_seconds", seconds, "s")
	row("cold_processor_seconds", processor, "s")
	row("cold_iterations", float64(plan.Stats.Iterations), "1")
	for _, change := range []struct {
		metric string
		demand [][]float64
	}{{"warm_1pct", in.demand1}, {"warm_100pct", in.demand100}} {
		plan, seconds, err := solve(change.demand)
		if err != nil {
			return err
		}
		if !plan.Stats.Warm {
			return fmt.Errorf("%s: the solve was cold", change.metric)
		}
		row(change.metric+"_seconds", seconds, "s")
		row(change.metric+"_processor_seconds", processor, "s")
		if _, _, err := solve(in.demand); err != nil { // back, so that each change starts from the same plan
			return err
		}
	}
	peak, err := peakBytes()
	if err != nil {
		return err
	}
	row("peak_bytes", float64(peak), "B")
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
