package optimize

import (
	"context"
	"errors"
	"fmt"
	"math"
)

// wholeNodes limits the branch and bound; each node is one warm LP.
const wholeNodes = 500

var errNoWholePlan = errors.New("no plan in whole units found")

// whole says whether any SKU is made in whole units.
func (p *Problem) whole() bool {
	for s := range p.SKUs {
		if p.SKUs[s].PackSize == 1 {
			return true
		}
	}
	return false
}

// roundedUp returns p with the requirements of every whole-unit SKU rounded up: if production arriving
// by t must come to at least 120.75 units and is a whole number, it comes to 121. Written as safety
// stock, which grows by less than a unit. Every plan in whole units satisfies it, and its LP is
// fractional only where capacity splits a unit.
func (p *Problem) roundedUp() *Problem {
	q := *p
	q.SKUs = append([]SKU(nil), p.SKUs...)
	for s := range q.SKUs {
		sku := &q.SKUs[s]
		if sku.PackSize != 1 {
			continue
		}
		// Production that is given (frozen, pinned) need not be a whole number: it counts as a receipt.
		lower, upper := sku.production(p)
		receipts := make([]float64, len(p.Periods))
		for t := range receipts {
			receipts[t] = at(sku.Receipts, t)
			if u := t - sku.LeadTime; u >= 0 && lower[u] == upper[u] {
				receipts[t] += lower[u]
			}
		}
		cumulative := -sku.Opening
		sku.SafetyStock = append([]float64(nil), sku.SafetyStock...)
		for t := range p.Periods {
			cumulative += sku.Demand[t] - receipts[t]
			need := cumulative + sku.SafetyStock[t]
			if t >= sku.reach(p) && need > 0 {
				sku.SafetyStock[t] += math.Max(0, math.Ceil(need-1e-7)-need)
			}
		}
	}
	return &q
}

// wholeUnits turns the relaxed optimum r of a rounded-up problem into one in whole units and notes what
// that costs. First try: floor the running totals (they still meet the requirements, which are whole);
// else branch and bound, depth first, the nearer side first.
func (e *session) wholeUnits(ctx context.Context, r *result) error {
	b := &brancher{e: e, r: r, best: math.Inf(1), relaxed: r.duals.Objective}
	r.objective = b.relaxed
	if _, _, ok := b.fractional(r.x); !ok {
		return nil
	}
	if err := b.floored(ctx); err != nil {
		return err
	}
	if b.best > b.relaxed+1e-9*math.Abs(b.relaxed) {
		if err := b.branch(ctx, r.m.lp.clone(), r.duals.Basis); err != nil {
			return err
		}
	}
	if b.x == nil {
		if r.m.p.Mode != Strict {
			return fmt.Errorf("%w within %d nodes", errNoWholePlan, wholeNodes)
		}
		r.infeasible, r.rounding = true, true // none exists, or none was found in time: the cause is rounding either way
		return nil
	}
	r.x, r.objective, r.dearer = b.x, b.best, math.Max(0, b.best-b.relaxed)
	return nil
}

// brancher searches plans in whole units.
type brancher struct {
	e       *session
	r       *result
	nodes   int
	relaxed float64
	best    float64
	x       []float64
}

// made is x[s][t] of an LP solution.
func (b *brancher) made(x []float64, s, t int) float64 {
	sum := 0.0
	for _, k := range []kind{kindKeep, kindMore} {
		if j := b.r.m.index(k, s, t); j >= 0 {
			sum += x[j]
		}
	}
	return sum
}

// fractional finds the production farthest from a whole number.
func (b *brancher) fractional(x []float64) (s, t int, ok bool) {
	far := 1e-6
	p := b.r.m.p
	for i := range p.SKUs {
		if p.SKUs[i].PackSize != 1 {
			continue
		}
		for u := range b.r.m.T {
			v := b.made(x, i, u)
			if d := math.Abs(v - math.Round(v)); d > far && !b.given(i, u) {
				s, t, ok, far = i, u, true, d
			}
		}
	}
	return s, t, ok
}

// given says whether bounds leave production no choice.
func (b *brancher) given(s, t int) bool {
	for _, k := range []kind{kindKeep, kindMore} {
		if j := b.r.m.index(k, s, t); j >= 0 && b.r.m.lp.Lower[j] < b.r.m.lp.Upper[j] {
			return false
		}
	}
	return true
}

// bound restricts production to [lower, upper]; the part up to the baseline is used first.
func (b *brancher) bound(lp *LP, s, t int, lower, upper float64) {
	m := b.r.m
	keep, more := m.index(kindKeep, s, t), m.index(kindMore, s, t)
	base := 0.0
	if keep >= 0 {
		base = m.p.SKUs[s].Baseline[t]
		lp.Lower[keep] = math.Max(lp.Lower[keep], math.Min(lower, base))
		lp.Upper[keep] = math.Min(lp.Upper[keep], math.Min(upper, base))
	}
	lp.Lower[more] = math.Max(lp.Lower[more], math.Max(0, lower-base))
	lp.Upper[more] = math.Min(lp.Upper[more], math.Max(0, upper-base))
}

// open says whether no column has lost all room.
func open(lp *LP) bool {
	for j := range lp.Lower {
		if lp.Lower[j] > lp.Upper[j] {
			return false
		}
	}
	return true
}

// floored tries the running totals rounded down.
func (b *brancher) floored(ctx context.Context) error {
	m := b.r.m
	lp := m.lp.clone()
	for s := range m.p.SKUs {
		if m.p.SKUs[s].PackSize != 1 {
			continue
		}
		total := 0.0
		for t := range m.T {
			if b.given(s, t) {
				continue
			}
			before := math.Floor(total + 1e-6)
			total += b.made(b.r.x, s, t)
			units := math.Floor(total+1e-6) - before
			b.bound(lp, s, t, units, units)
		}
	}
	if !open(lp) {
		return nil
	}
	sol, err := b.e.run(ctx, lp, b.r.duals.Basis, DualSimplex, &b.r.stats)
	if err == nil && sol.Status == LPOptimal {
		b.best, b.x = sol.Objective, sol.X
	}
	return err
}

// branch solves lp and splits it at a fractional production.
func (b *brancher) branch(ctx context.Context, lp *LP, basis *Basis) error {
	if b.nodes++; b.nodes > wholeNodes || !open(lp) {
		return nil
	}
	sol, err := b.e.run(ctx, lp, basis, DualSimplex, &b.r.stats)
	if err != nil {
		return err
	}
	if sol.Status != LPOptimal || sol.Objective >= b.best-1e-9*math.Abs(b.best) {
		return nil
	}
	s, t, ok := b.fractional(sol.X)
	if !ok {
		b.best, b.x = sol.Objective, sol.X
		return nil
	}
	v := b.made(sol.X, s, t)
	down, up := lp.clone(), lp.clone()
	b.bound(down, s, t, 0, math.Floor(v))
	b.bound(up, s, t, math.Ceil(v), math.Inf(1))
	if v-math.Floor(v) > 0.5 {
		down, up = up, down
	}
	if err := b.branch(ctx, down, sol.Basis); err != nil {
		return err
	}
	return b.branch(ctx, up, sol.Basis)
}
