package optimize

import (
	"context"
	"fmt"
	"math"
)

// stabilityRows is the size of a coupled component up to which what stability costs is worked out: it takes
// another solve, warm but with the costs of all production changed.
const stabilityRows = 5000

// stabilityWork is the same for components that are solved by prices: stock rows times shared rows. Ten thousand SKUs
// over a year on one resource are within it, on ten that SKUs share in pairs they are not.
const stabilityWork = 100_000_000

// affordable says whether the solve without change prices is worth its time.
func (m *model) affordable(guided bool) bool {
	stock := len(m.p.SKUs) * m.T
	if guided {
		return stock*(m.lp.Rows()-stock) <= stabilityWork
	}
	return m.lp.Rows() <= stabilityRows
}

// stability is what keeping to the baselines costs in r's plan: its total cost less that of the optimum
// without change prices. Both are short of the same, as that comes before cost.
func (e *session) stability(ctx context.Context, r *result) (float64, error) {
	m := r.m
	if !m.p.changePriced() {
		return 0, nil
	}
	if e.guided {
		return e.stabilityByPrices(ctx, r)
	}
	lp := m.lp.clone()
	for s := range m.p.SKUs {
		for t, k := range m.p.SKUs[s].ChangePrice {
			if k != 0 && m.p.SKUs[s].hasBaseline(t) {
				lp.Cost[m.index(kindKeep, s, t)] += k
				lp.Cost[m.index(kindMore, s, t)] -= k
			}
		}
	}
	free, err := e.run(ctx, lp, r.duals.Basis, PrimalSimplex, &r.stats)
	if err != nil {
		return 0, err
	}
	with, short := m.costs(r.x)
	without, shortFree := m.costs(free.X)
	if m.p.Shortages != Economic && math.Abs(short-shortFree) > 1e-9*(1+short) {
		// At a shortage price that just balances: only the plan with ties broken is comparable.
		last, lastBasis := e.model, e.basis
		defer func() { e.model, e.basis = last, lastBasis }()
		again, err := e.optimum(ctx, formulate(m.p.withoutChange(false), m.weights), free.Basis, r.least)
		if err != nil {
			return 0, err
		}
		without, _ = again.m.costs(again.x)
	}
	return math.Max(0, with-without), nil
}

// changePriced says whether any change of a baseline has a price.
func (p *Problem) changePriced() bool {
	for s := range p.SKUs {
		for t, k := range p.SKUs[s].ChangePrice {
			if k != 0 && p.SKUs[s].hasBaseline(t) {
				return true
			}
		}
	}
	return false
}

// stabilityByPrices is stability in a session of its own. Like the first, it remembers the last problem and leaves alone what
// has not changed in it.
func (e *session) stabilityByPrices(ctx context.Context, r *result) (float64, error) {
	if e.aside == nil {
		e.aside = &session{newSolver: e.newSolver, opts: e.opts, guided: true}
	}
	free := e.aside
	m, err := free.formulate(ctx, r.m.p.withoutChange(true), r.m.weights)
	if err != nil {
		return 0, err
	}
	basis := free.basis
	if basis == nil || free.rewrote == nil || float64(len(free.rewrote)) > rereadShare*float64(len(m.p.SKUs)) {
		basis = r.duals.Basis // nearer
	}
	sol, err := free.run(ctx, m.lp, basis, DualSimplex, &r.stats)
	if err != nil {
		return 0, err
	}
	if sol.Status != LPOptimal {
		return 0, fmt.Errorf("without change prices the LP is %v", sol.Status)
	}
	free.basis = sol.Basis
	with, short := r.m.costs(r.x)
	without, shortFree := m.costs(sol.X)
	if m.p.Shortages != Economic && math.Abs(short-shortFree) > 1e-9*(1+short) { // as above
		again, err := free.optimum(ctx, m, sol.Basis, r.least)
		if err != nil {
			return 0, err
		}
		r.stats.Iterations, r.stats.Stages = r.stats.Iterations+again.stats.Iterations, r.stats.Stages+again.stats.Stages
		without, _ = again.m.costs(again.x)
		m = again.m
	}
	free.keep(m)
	return math.Max(0, with-without), nil
}

// withoutChange is p when change costs nothing. Without the baselines as well, production is a single decision;
// with them the LP keeps its columns, and a basis fits.
func (p *Problem) withoutChange(baselines bool) *Problem {
	q := *p
	q.SKUs = append([]SKU(nil), p.SKUs...)
	for s := range q.SKUs {
		q.SKUs[s].ChangePrice = nil
		if baselines {
			q.SKUs[s].Baseline, q.SKUs[s].HasBaseline = nil, nil
		}
	}
	return &q
}

// costs is the total cost of an LP solution, without change prices, and its shortage at the model's prices, which
// is part of the former where shortages are economic.
func (m *model) costs(x []float64) (total, shortage float64) {
	value := func(k kind, entity, t int) float64 {
		if j := m.index(k, entity, t); j >= 0 {
			return x[j]
		}
		return 0
	}
	for s := range m.p.SKUs {
		sku := &m.p.SKUs[s]
		short := m.p.shortfallPrice(m.weights, sku)
		for t := range m.T {
			below := value(kindShortfall, s, t)
			total += sku.ProductionCost*(value(kindKeep, s, t)+value(kindMore, s, t)) + sku.EmergencyCost*value(kindEmergency, s, t) +
				m.p.holding(sku, t)*(value(kindStock, s, t)-below)
			shortage += short * below
			for _, k := range []kind{kindLost, kindBacklog} {
				if j := m.index(k, s, t); j >= 0 {
					shortage += m.lp.Cost[j] * x[j]
				}
			}
		}
	}
	for r := range m.p.Resources {
		for t, o := range m.p.Resources[r].OvertimeCost {
			total += o * value(kindOvertime, r, t)
		}
	}
	if m.p.Shortages == Economic {
		total += shortage
	}
	return total, shortage
}
