package bench

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"drumbeat/optimize"
	"drumbeat/optimize/clp"
)

const (
	besideRounds = 3    // in turns; a figure is the median
	besideOnce   = 30.0 // seconds of a peer's solve above which there is one round only
	besideOff    = 1e-9 // relative difference of two optima that is no difference
)

// highsSolvers are the ways of HiGHS that are tried cold; the faster one counts.
var highsSolvers = []string{"choose", "simplex"}

// PlanBeside measures the cases of Plan in turns with HiGHS: cold, and after 1 % of the demands changed. A cold solve of
// HiGHS begins with arrays in memory and is passing them plus run, by its own choice of method or by the simplex method,
// whichever is faster; a warm one is changing bounds of rows plus run from the last basis. Ours is the whole of
// Engine.Solve each time. It fails where the optima differ. The largest case is left to long; none is tried that no solver
// but ours finishes.
func PlanBeside(ctx context.Context, highs *Highs, long bool, report func(Row)) error {
	var later []Row // a table of its own
	for _, c := range planCases {
		if c.featured && !long {
			continue
		}
		b := &beside{c: c, highs: highs, name: fmt.Sprintf("%v beside %v", c, highs)}
		if err := b.run(ctx, report, func(r Row) { later = append(later, r) }); err != nil {
			return fmt.Errorf("bench: plan: %s: %w", b.name, err)
		}
	}
	for _, r := range later {
		report(r)
	}
	return nil
}

// beside is one case solved in turns.
type beside struct {
	c     planCase
	highs *Highs
	name  string

	in            *planInstance
	cold, changed *optimize.LP
	times         map[string][]float64
	off           float64 // the largest difference of two optima
}

// took notes seconds of the clock and of processors.
func (b *beside) took(what string, clock, processor float64) {
	b.times[what+"_seconds"] = append(b.times[what+"_seconds"], clock)
	b.times[what+"_processor_seconds"] = append(b.times[what+"_processor_seconds"], processor)
}

// median is that of what was noted; 0 if nothing was.
func (b *beside) median(what string) float64 {
	v := slices.Sorted(slices.Values(b.times[what]))
	if len(v) == 0 {
		return 0
	}
	return v[len(v)/2]
}

func (b *beside) run(ctx context.Context, cold, warm func(Row)) error {
	b.in, b.times = newPlanInstance(b.c.skus, b.c.periods, b.c.resources, b.c.correlated), map[string][]float64{}
	b.cold = plainLP(b.in.problem(b.in.demand), optimize.Weights{})
	b.changed = plainLP(b.in.problem(b.in.demand1), optimize.Weights{})
	if err := b.highs.load(ctx, b.cold); err != nil {
		return err
	}
	for round := range besideRounds {
		longest, err := b.turn(ctx)
		if err != nil {
			return err
		}
		if longest > besideOnce && round == 0 {
			break
		}
	}
	b.report("cold", cold)
	b.report("warm_1pct", warm)
	if b.off > besideOff {
		return fmt.Errorf("optima differ by %.3g", b.off)
	}
	return nil
}

// turn lets both solve cold and warm once. longest is of the peer's solves.
func (b *beside) turn(ctx context.Context) (longest float64, err error) {
	engine := optimize.NewEngine(clp.New, optimize.Options{})
	defer func() { err = errors.Join(err, engine.Close()) }()
	ours := func(what string, demand [][]float64) (float64, error) {
		p := b.in.problem(demand)
		began, used := time.Now(), cpu()
		plan, err := engine.Solve(ctx, p, nil)
		if err != nil {
			return 0, err
		}
		if plan.Status != optimize.Optimal {
			return 0, fmt.Errorf("status %s", plan.Status)
		}
		b.took(what, since(began), (cpu() - used).Seconds())
		return plan.Objective, nil
	}
	optimum, err := ours("cold", b.in.demand)
	if err != nil {
		return 0, err
	}
	var best *highsAnswer
	for _, solver := range highsSolvers {
		a, err := b.highs.cold(ctx, solver)
		if err != nil {
			return 0, err
		}
		longest = max(longest, a.seconds())
		if !a.Optimal {
			continue
		}
		b.compare(optimum, a.Objective)
		b.took("highs_"+solver, a.seconds(), a.Processor)
		if best == nil || a.seconds() < best.seconds() {
			best = &a
		}
	}
	if best == nil {
		return longest, nil
	}
	b.took("peer_build", best.Build, 0)
	b.took("peer_cold", best.seconds(), best.Processor)
	if optimum, err = ours("warm_1pct", b.in.demand1); err != nil {
		return 0, err
	}
	a, err := b.highs.warm(ctx, b.cold, b.changed)
	if err != nil {
		return 0, err
	}
	if a.Optimal {
		b.compare(optimum, a.Objective)
		b.took("peer_warm_1pct", a.seconds(), a.Processor)
	}
	return longest, nil
}

func (b *beside) compare(ours, theirs float64) {
	b.off = max(b.off, math.Abs(ours-theirs)/math.Abs(theirs))
}

// report reports the medians of a kind of solve, and how many times as long the peer took.
func (b *beside) report(what string, report func(Row)) {
	name := b.name
	if what != "cold" {
		name += ", warm"
	}
	row := func(metric string, value float64, unit string) {
		report(Row{Bench: "plan", Case: name, Metric: metric, Value: value, Unit: unit})
	}
	for _, part := range []string{what, "peer_" + what} {
		for _, metric := range []string{part + "_seconds", part + "_processor_seconds"} {
			if v := b.median(metric); v > 0 {
				row(metric, v, "s")
			}
		}
	}
	theirs := b.median("peer_" + what + "_seconds")
	if what == "cold" {
		if theirs == 0 {
			row("peer_unfinished_after_seconds", b.highs.limit.Seconds(), "s")
			return
		}
		row("peer_build_seconds", b.median("peer_build_seconds"), "s")
		for _, solver := range highsSolvers {
			if v := b.median("highs_" + solver + "_seconds"); v > 0 {
				row("highs_"+solver+"_seconds", v, "s")
			}
		}
		row("objective_difference", b.off, "1")
	}
	if ours := b.median(what + "_seconds"); theirs > 0 && ours > 0 {
		row(what+"_ratio", theirs/ours, "1")
		row(what+"_processor_ratio", b.median("peer_"+what+"_processor_seconds")/b.median(what+"_processor_seconds"), "1")
	}
}
