package optimize

import (
	"context"
	"errors"
	"math"
)

// confirmed is how far apart two plans of the same problem may be: a grain each.
const confirmed = 3 * grain

// confirm solves p again without a start, where the options ask for it, and returns the plan that stands: the cold one if
// the two differ.
func (e *Engine) confirm(ctx context.Context, p *Problem, plan *Plan) (*Plan, error) {
	if e.opts.ConfirmEvery > 0 && plan.Stats.Warm && plan.Status == Optimal {
		if e.warm++; e.warm%e.opts.ConfirmEvery == 0 {
			opts := e.opts
			opts.ConfirmEvery = 0
			fresh := NewEngine(e.newSolver, opts)
			cold, err := fresh.Solve(ctx, p, nil)
			if err = errors.Join(err, fresh.Close()); err != nil {
				return nil, err
			}
			if cold.Status != plan.Status || !samePlans(plan, cold) {
				e.disagreements++
				plan, e.start = cold, cold.Start
			}
		}
	}
	plan.Stats.Disagreements = e.disagreements
	return plan, nil
}

// samePlans compares what is made, lost and short.
func samePlans(a, b *Plan) bool {
	for _, m := range [][2][][]float64{{a.Production, b.Production}, {a.Lost, b.Lost}, {a.Shortfall, b.Shortfall},
		{a.Backlog, b.Backlog}, {a.Overtime, b.Overtime}} {
		for i := range m[0] {
			for t, v := range m[0][i] {
				if math.Abs(v-m[1][i][t]) > confirmed {
					return false
				}
			}
		}
	}
	return true
}
