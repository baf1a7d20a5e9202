package bench

import (
	"context"
	"errors"
	"fmt"
	"time"

	"drumbeat/cmd/drumbeat/internal/generate"
	"drumbeat/optimize/clp"
	"drumbeat/schemas"
	"drumbeat/stream"
)

// solveCases are sites that Solve plans over 26 weeks on one resource: a large one whose capacity, 5 %
// above the mean load, hardly binds, and a smaller one whose capacity is the mean load and binds.
var solveCases = []struct {
	load
	share float64
}{
	{load{skus: 2000, days: 180}, 1.05},
	{load{skus: 500, days: 180}, 1},
}

// Solve measures a plan of a site through the Processor and Solvers, as the service makes it: the first
// one, cold; the next, after 1 % of the SKUs got 20 % more demand, whose model is larger by the price of
// changing the first plan; and one after another 1 %, when only numbers have changed. Seconds are those of Solvers.Solve: solve, certificate, and
// packing of what is stored.
func Solve(ctx context.Context, report func(Row)) error {
	for _, c := range solveCases {
		if err := solve(ctx, report, c.load, c.share); err != nil {
			return fmt.Errorf("bench: solve: %v: %w", c.load, err)
		}
	}
	return nil
}

func solve(ctx context.Context, report func(Row), l load, share float64) (err error) {
	config := eventConfig()
	config.Settings.Clock = schemas.ClockWall
	config.CapacityShare = share
	p, err := stream.New(config, &stream.Snapshot{})
	if err != nil {
		return err
	}
	s := &solving{p: p, solvers: stream.NewSolvers(clp.New, 1, 10*time.Minute), report: report}
	defer func() { err = errors.Join(err, s.solvers.Close()) }()
	// The clock stands at noon of the day after the last sale.
	s.now = generate.First.AddDate(0, 0, l.days).Add(12 * time.Hour)
	p.Tick(s.now)
	err = l.each(ctx, func(r stream.Record) error {
		s.offset = r.Offset + 1
		return fold(p, int(r.Offset), r, nil)
	})
	if err != nil {
		return err
	}
	s.row.Bench, s.row.Case = "solve", fmt.Sprintf("%dx%d, capacity %g of the load", l.skus, config.Settings.Horizon, share)
	var cold float64
	for i, step := range []string{"cold", "first_change", "warm_1pct"} {
		if i > 0 {
			// Each time other SKUs, so that each change is a change.
			if err := s.override(i, max(1, l.skus/100)); err != nil {
				return err
			}
		}
		v, err := s.plan(ctx)
		if err != nil {
			return err
		}
		s.figure(step+"_seconds", v.seconds, "s")
		s.figure(step+"_iterations", float64(v.iterations), "1")
		switch {
		case i == 0:
			cold = v.seconds
		case i == 2 && !v.warm:
			return errors.New("the last solve was cold")
		case i == 2:
			s.figure("cold_to_warm", cold/v.seconds, "1")
			s.figure("problem_seconds", v.problem, "s")
		}
	}
	return nil
}

// solving is a Processor with what it takes to plan.
type solving struct {
	p       *stream.Processor
	solvers *stream.Solvers
	now     time.Time
	offset  int64
	row     Row
	report  func(Row)
}

type solved struct {
	seconds    float64 // of the solve
	problem    float64 // of making the Problem, forecasts included
	iterations int
	warm       bool
}

func (s *solving) figure(metric string, value float64, unit string) {
	r := s.row
	r.Metric, r.Value, r.Unit = metric, value, unit
	s.report(r)
}

// plan lets the site become quiet and makes the plan that is due.
func (s *solving) plan(ctx context.Context) (solved, error) {
	s.now = s.now.Add(time.Minute)
	s.p.Tick(s.now)
	began := time.Now()
	job := s.p.Job()
	if job == nil {
		return solved{}, errors.New("no plan is due")
	}
	v := solved{problem: since(began)}
	began = time.Now()
	out := s.solvers.Solve(ctx, job)
	v.seconds = since(began)
	if out.Err != nil {
		return v, out.Err
	}
	v.iterations, v.warm = out.Plan.Stats.Iterations, out.Plan.Stats.Warm
	s.p.Planned(job, out)
	advance(s.p, nil)
	return v, nil
}

// override raises the demand of the i-th n SKUs by a fifth.
func (s *solving) override(i, n int) error {
	from := schemas.DateOf(s.now)
	factor := 1.2
	until := from + 365
	for i := i * n; n > 0; i, n = i+1, n-1 {
		ev := schemas.Event{
			ID: fmt.Sprint("override/", i), Source: "bench", Type: schemas.TypeDemandOverride, Time: s.now, HasTime: true, Site: benchSite,
			Data: &schemas.DemandOverride{SKU: generate.LoadSKU(i), From: from, To: until, Mode: schemas.OverrideScale, Factor: &factor, By: "bench", Reason: "bench"},
		}
		value, err := schemas.Encode(&ev)
		if err != nil {
			return err
		}
		if _, err := s.p.Step(stream.Record{Offset: s.offset, Key: []byte(benchSite), Value: value}); err != nil {
			return err
		}
		s.offset++
	}
	return nil
}
