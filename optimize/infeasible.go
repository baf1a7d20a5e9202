package optimize

import (
	"cmp"
	"context"
	"errors"
	"math"
	"slices"
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
	var short []*Problem
	for i := range s.tasks {
		if k := &s.tasks[i]; k.infeasible {
			short = append(short, s.p.part(k.component))
		}
	}
	e := &session{newSolver: s.engine.newSolver, opts: s.engine.opts}
	inf, err := e.explainCapacity(ctx, short)
	return inf, errors.Join(err, e.close())
}

// shortage is a resource that may lack capacity.
type shortage struct {
	p    *Problem // its component
	r    int
	gap  []float64
	peak int
}

// explainCapacity says what capacity strict problems lack. Every SKU alone has a plan. The resource
// with the largest missing quantity is named, of those whose component really lacks capacity: where
// maximum production or storage bind as well, or several resources together, no gap need show.
func (e *session) explainCapacity(ctx context.Context, short []*Problem) (*Infeasibility, error) {
	var list []shortage
	var inf *Infeasibility
	for _, whole := range short {
		for _, c := range whole.components() {
			p := whole.part(c)
			for r, gap := range p.capacityGaps() {
				l := shortage{p: p, r: r, gap: gap}
				for t, g := range gap {
					if g > gap[l.peak] {
						l.peak = t
					}
				}
				list = append(list, l)
			}
		}
	}
	slices.SortStableFunc(list, func(a, b shortage) int { return cmp.Compare(b.gap[b.peak], a.gap[a.peak]) })
	for i := 0; i < len(list) && inf == nil; i++ {
		l := &list[i]
		factor, last, err := e.enlarge(ctx, l.p, scaled)
		if err != nil {
			return nil, err
		}
		if factor == nil || *factor >= 1-1e-7 {
			if inf, err = e.explainResource(ctx, l, factor, last); err != nil {
				return nil, err
			}
		}
	}
	if inf == nil {
		return nil, errors.New("no plan was found, but no resource lacks capacity")
	}
	for _, p := range short {
		extra, err := e.repair(ctx, p)
		if err != nil {
			return nil, err
		}
		if extra == nil { // no capacity would do
			inf.Repair = nil
			break
		}
		inf.Repair = append(inf.Repair, extra...)
	}
	return inf, nil
}

// explainResource fills in the explanation for the resource that lacks capacity.
func (e *session) explainResource(ctx context.Context, l *shortage, factor *float64, last int) (*Infeasibility, error) {
	p, gap, peak := l.p, l.gap, l.peak
	inf := &Infeasibility{Cause: "capacity", Resource: p.Resources[l.r].Name, Missing: math.Max(0, gap[peak]), PeakPeriod: p.Periods[peak], Factor: factor}
	for t, g := range gap {
		if g > 1e-9*(1+math.Abs(gap[peak])) {
			inf.FirstShortPeriod = p.Periods[t]
			break
		}
	}
	if factor != nil {
		for _, c := range p.Resources[l.r].Capacity {
			inf.SmallestCapacity = append(inf.SmallestCapacity, *factor*c)
		}
		inf.BindingPeriods = append(inf.BindingPeriods, p.Periods[:last+1]...)
	}
	if inf.FirstShortPeriod == "" {
		inf.FirstShortPeriod, inf.PeakPeriod = p.Periods[last], p.Periods[last]
	}
	var err error
	inf.UniformExtra, _, err = e.enlarge(ctx, p, widened)
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
