package optimize

import (
	"context"
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
	lp, priced := (*LP)(nil), false
	for s := range m.p.SKUs {
		sku := &m.p.SKUs[s]
		for t, k := range sku.ChangePrice {
			if k == 0 || !sku.hasBaseline(t) {
				continue
			}
			if !priced {
				lp, priced = m.lp.clone(), true
			}
			lp.Cost[m.index(kindKeep, s, t)] += k
			lp.Cost[m.index(kindMore, s, t)] -= k
		}
	}
	if !priced {
		return 0, nil
	}
	at := m
	if e.guided {
		at = formulate(m.p.withoutChange(true), m.weights)
		lp = at.lp
	}
	free, err := e.run(ctx, lp, r.duals.Basis, PrimalSimplex, &r.stats)
	if err != nil {
		return 0, err
	}
	with, short := m.costs(r.x)
	without, shortFree := at.costs(free.X)
	if m.p.Shortages != Economic && math.Abs(short-shortFree) > 1e-9*(1+short) {
		// At a shortage price that just balances: only the plan with ties broken is comparable.
		if without, err = e.withoutChangePrice(ctx, m, free.Basis); err != nil {
			return 0, err
		}
	}
	return math.Max(0, with-without), nil
}

// withoutChangePrice is the total cost of the plan that m's problem has when change costs nothing.
func (e *session) withoutChangePrice(ctx context.Context, m *model, basis *Basis) (float64, error) {
	last, lastBasis := e.model, e.basis
	defer func() { e.model, e.basis = last, lastBasis }()
	r, err := e.optimum(ctx, formulate(m.p.withoutChange(e.guided), m.weights), basis)
	if err != nil {
		return 0, err
	}
	cost, _ := r.m.costs(r.x)
	return cost, nil
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
