package bench

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"sync/atomic"
	"time"

	"drumbeat/optimize"
	"drumbeat/optimize/clp"
)

// limitCase is a problem that takes longer than the first limits.
type limitCase struct {
	name    string
	problem func() *optimize.Problem
}

// limitCases are sites of several sizes and features, one whose capacity does not suffice, and lots.
func limitCases() []limitCase {
	corr := func(skus, periods, resources int) func() *optimize.Problem {
		return func() *optimize.Problem {
			in := newPlanInstance(skus, periods, resources, true)
			return in.problem(in.demand)
		}
	}
	return []limitCase{
		{"2000x26x4 corr", corr(2000, 26, 4)},
		{"10000x52x10 corr", corr(10000, 52, 10)},
		{"10000x52x10 all features", func() *optimize.Problem {
			in := newPlanInstance(10000, 52, 10, true)
			return in.featured(in.demand1, in.demand)
		}},
		{"10000x26x4 strict, short", func() *optimize.Problem { return newPlanInstance(10000, 26, 4, true).strict() }},
		{"2000x26 lots", func() *optimize.Problem { return lotCase{skus: 2000, periods: 26, load: 0.9, tbo: 2}.problem() }},
		{"100000x52x50 corr", corr(100000, 52, 50)},
	}
}

// Limits measures how long a solve goes on after its limit while every core is busy with something else: one busy goroutine
// a core. Each case is solved anew under limits that double until one is enough. late_share is of the limit, and of limits of
// 0.4 seconds and more; late_seconds is the worst of all. long adds 100,000 SKUs.
func Limits(ctx context.Context, long bool, report func(Row)) error {
	var stop atomic.Bool
	defer stop.Store(true)
	for range runtime.GOMAXPROCS(0) {
		go func() {
			for n := 0; !stop.Load(); n++ {
				if n%1_000_000 == 0 {
					runtime.Gosched()
				}
			}
		}()
	}
	cases := limitCases()
	if !long {
		cases = cases[:len(cases)-1]
	}
	for _, c := range cases {
		p := c.problem()
		worst, share := 0.0, 0.0
		for limit := 100 * time.Millisecond; limit <= 30*time.Second; limit *= 2 {
			late, err := late(ctx, p, limit)
			if err != nil {
				return fmt.Errorf("bench: limits: %s: %w", c.name, err)
			}
			if late < 0 {
				break
			}
			report(Row{Bench: "limits", Case: c.name, Metric: fmt.Sprintf("late_after_%v", limit), Value: late.Seconds(), Unit: "s"})
			worst = math.Max(worst, late.Seconds())
			if limit >= 400*time.Millisecond {
				share = math.Max(share, 100*late.Seconds()/limit.Seconds())
			}
		}
		report(Row{Bench: "limits", Case: c.name, Metric: "late_seconds", Value: worst, Unit: "s"})
		report(Row{Bench: "limits", Case: c.name, Metric: "late_share", Value: share, Unit: "%"})
	}
	return nil
}

// late is how long after its limit a solve returned; negative: it was done before.
func late(ctx context.Context, p *optimize.Problem, limit time.Duration) (late time.Duration, err error) {
	engine := optimize.NewEngine(clp.New, optimize.Options{})
	defer func() { err = errors.Join(err, engine.Close()) }()
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	began := time.Now()
	_, err = engine.Solve(limited, p, nil)
	late = time.Since(began) - limit
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return max(0, late), nil
	case err != nil:
		return 0, err
	}
	return -1, nil
}
