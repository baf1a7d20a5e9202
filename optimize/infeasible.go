package optimize

import (
	"context"
	"errors"
	"math"
	"slices"
	"sort"
)

// needed returns N[t]: what production arriving by the end of t must come to, if nothing may be short.
// It may be negative. Safety stock counts from the first period that new supply can reach.
func (s *SKU) needed(p *Problem) []float64 {
	n, cumulative := make([]float64, len(p.Periods)), -s.Opening
	for t := range n {
		cumulative += s.Demand[t] - at(s.Receipts, t)
		n[t] = cumulative
		if !p.soft(s, t) {
			n[t] += s.SafetyStock[t]
		}
	}
	return n
}

// impossibleSKU finds out, for strict problems, whether some SKU has no plan even with all capacity to
// itself: production arriving by t must lie between what is needed and what can be stored.
func (p *Problem) impossibleSKU() *Infeasibility {
	if p.Mode != Strict {
		return nil
	}
	var worst *Infeasibility
	for s := range p.SKUs {
		if inf := p.SKUs[s].impossible(p); inf != nil && (worst == nil || inf.Missing > worst.Missing) {
			worst = inf
		}
	}
	return worst
}

func (s *SKU) impossible(p *Problem) *Infeasibility {
	lower, upper := s.production(p)
	limit := s.storage(p, lower)
	need := s.needed(p)
	var inf *Infeasibility
	net := -s.Opening
	least, most, free := 0.0, 0.0, 0.0 // arrived by t: at least, at most, at most without storage limit
	for t, name := range p.Periods {
		net += s.Demand[t] - at(s.Receipts, t)
		if u := t - s.LeadTime; u >= 0 {
			least, most, free = least+lower[u], most+upper[u], free+upper[u]
		}
		if s.EmergencyCost > 0 {
			most, free = math.Inf(1), math.Inf(1)
		}
		least = math.Max(least, need[t])
		if limit != nil {
			most = math.Min(most, limit[t]+net)
		}
		missing := least - most
		if missing <= 1e-9*(1+math.Abs(least)) {
			continue
		}
		if inf == nil {
			inf = &Infeasibility{SKU: s.Name, FirstShortPeriod: name}
			switch {
			case free >= need[t]:
				inf.Cause = "storage"
			case t < s.LeadTime:
				inf.Cause = "lead_time"
			case t < s.reach(p):
				inf.Cause = "frozen"
			default:
				inf.Cause = "max_production"
			}
		}
		if missing > inf.Missing {
			inf.Missing, inf.PeakPeriod = missing, name
		}
		least = most
	}
	return inf
}

// explain says why no plan was found: for want of capacity in some component.
func (s *solving) explain(ctx context.Context) (*Infeasibility, error) {
	short := component{}
	for i := range s.tasks {
		if k := &s.tasks[i]; k.infeasible {
			short.skus, short.resources = append(short.skus, k.skus...), append(short.resources, k.resources...)
		}
	}
	slices.Sort(short.skus)
	slices.Sort(short.resources)
	p := s.p.part(short)
	e := &session{newSolver: s.engine.newSolver, opts: s.engine.opts}
	inf, err := e.explainCapacity(ctx, p)
	return inf, errors.Join(err, e.close())
}

// explainCapacity says what capacity a strict problem lacks. Every SKU alone has a plan. The resource
// with the largest missing quantity is named, of those whose component really lacks capacity: where
// maximum production or storage bind as well, or several resources together, no gap need show.
func (e *session) explainCapacity(ctx context.Context, p *Problem) (*Infeasibility, error) {
	gaps := p.capacityGaps()
	m := formulate(p, p.defaultWeights())
	peak, order := make([]int, len(gaps)), []int{}
	for r, gap := range gaps {
		if m.index(kindCapacityRow, r, 0) < 0 {
			continue
		}
		for t, g := range gap {
			if g > gap[peak[r]] {
				peak[r] = t
			}
		}
		order = append(order, r)
	}
	sort.SliceStable(order, func(i, j int) bool { return gaps[order[i]][peak[order[i]]] > gaps[order[j]][peak[order[j]]] })
	cleared := make([]bool, len(gaps))
	for _, r := range order {
		if cleared[r] {
			continue
		}
		component := p.component(r)
		factor, last, err := e.enlarge(ctx, p, component, true)
		if err != nil {
			return nil, err
		}
		if factor != nil && *factor < 1-1e-7 {
			for i, in := range component {
				cleared[i] = cleared[i] || in
			}
			continue
		}
		return e.explainResource(ctx, p, r, gaps[r], peak[r], component, factor, last)
	}
	return nil, errors.New("no plan was found, but no resource lacks capacity")
}

// explainResource fills in the explanation for the resource that lacks capacity.
func (e *session) explainResource(ctx context.Context, p *Problem, r int, gap []float64, peak int, component []bool, factor *float64, last int) (*Infeasibility, error) {
	inf := &Infeasibility{Cause: "capacity", Resource: p.Resources[r].Name, Missing: math.Max(0, gap[peak]), PeakPeriod: p.Periods[peak], Factor: factor}
	for t, g := range gap {
		if g > 1e-9*(1+math.Abs(gap[peak])) {
			inf.FirstShortPeriod = p.Periods[t]
			break
		}
	}
	if factor != nil {
		for _, c := range p.Resources[r].Capacity {
			inf.SmallestCapacity = append(inf.SmallestCapacity, *factor*c)
		}
		inf.BindingPeriods = append(inf.BindingPeriods, p.Periods[:last+1]...)
	}
	if inf.FirstShortPeriod == "" {
		inf.FirstShortPeriod, inf.PeakPeriod = p.Periods[last], p.Periods[last]
	}
	var err error
	if inf.UniformExtra, _, err = e.enlarge(ctx, p, component, false); err != nil {
		return nil, err
	}
	inf.Repair, err = e.repair(ctx, p)
	return inf, err
}

// capacityGaps is G_r[t] = Σ_s a·M[s,t] − Σ_{u<=t} (C + overtime − load), by start period: M[s,t] is the
// production that must have started by t.
func (p *Problem) capacityGaps() [][]float64 {
	T := len(p.Periods)
	gaps, forced := matrix(len(p.Resources), T), matrix(len(p.Resources), T)
	for s := range p.SKUs {
		sku := &p.SKUs[s]
		lower, _ := sku.production(p)
		need, started, v := sku.needed(p), 0.0, 0
		for t := range T {
			started += lower[t]
			for ; v <= t+sku.LeadTime && v < T && sku.EmergencyCost == 0; v++ {
				started = math.Max(started, need[v])
			}
			for _, u := range sku.Uses {
				gaps[u.Resource][t] += u.Amount * started
				forced[u.Resource][t] += u.Amount * lower[t]
			}
		}
	}
	for r := range p.Resources {
		res, room := &p.Resources[r], 0.0
		for t := range T {
			if res.Unlimited != nil && res.Unlimited[t] {
				room = math.Inf(1)
			}
			room += math.Max(res.Capacity[t]+at(res.Overtime, t)-at(res.Load, t), forced[r][t])
			gaps[r][t] -= room
		}
	}
	return gaps
}

// component marks the resources that share SKUs with r through any chain. All of p's are limited.
func (p *Problem) component(r int) []bool {
	in := make([]bool, len(p.Resources))
	in[r] = true
	for grown := true; grown; {
		grown = false
		for s := range p.SKUs {
			touches := false
			for _, u := range p.SKUs[s].Uses {
				touches = touches || in[u.Resource]
			}
			for _, u := range p.SKUs[s].Uses {
				if touches && !in[u.Resource] {
					in[u.Resource], grown = true, true
				}
			}
		}
	}
	return in
}

// enlarge finds the smallest v for which p is feasible with capacities v·C (scale) or, where C is not 0,
// C + v, in the component, by an LP with v as one more column. Overtime and loads stay as they are. It
// returns v, nil if none does, and the last period whose row fixes it.
func (e *session) enlarge(ctx context.Context, p *Problem, component []bool, scale bool) (*float64, int, error) {
	m := formulate(p, p.defaultWeights())
	lp := m.lp
	clear(lp.Cost)
	lp.Offset = 0
	raised := map[Row]bool{}
	for _, row := range m.raised {
		raised[Row{Resource: row.Resource, Period: row.Period}] = true
	}
	v := lp.addColumn(1, 0, math.Inf(1))
	for r := range p.Resources {
		for t := range m.T {
			row := m.index(kindCapacityRow, r, t)
			if row < 0 || math.IsInf(lp.RowUpper[row], 1) {
				continue
			}
			if !component[r] {
				lp.RowUpper[row] = math.Inf(1)
				continue
			}
			capacity := p.Resources[r].Capacity[t]
			switch {
			case raised[Row{Resource: r, Period: t}] || capacity == 0:
			case scale:
				lp.addEntry(int(row), -capacity)
				lp.RowUpper[row] -= capacity
			default:
				lp.addEntry(int(row), -1)
			}
		}
	}
	var stats Stats
	basis := m.justInTime()
	sol, err := e.run(ctx, lp, basis, DualSimplex, &stats)
	if err != nil || sol.Status != LPOptimal {
		return nil, 0, err
	}
	last := 0
	for r := range p.Resources {
		for t := range m.T {
			if row := m.index(kindCapacityRow, r, t); row >= 0 && math.Abs(sol.Duals[row]) > 1e-12 {
				last = max(last, t)
			}
		}
	}
	value := sol.X[v]
	return &value, last, nil
}
