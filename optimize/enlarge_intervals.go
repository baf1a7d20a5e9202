package optimize

import (
	"math"
	"slices"
)

// window is what one SKU must start beyond what is fixed, as cumulative bounds by start period: at least least[t] and,
// for storage and frozen periods, at most most[t] by the end of t.
type window struct {
	least, most []float64
	lower       []float64 // what is fixed, by period
	exact       bool      // the window is all that limits the SKU beside capacity
}

// window of SKU s of the strict problem p.
func (p *Problem) window(s *SKU) window {
	T := len(p.Periods)
	lower, upper := s.production(p)
	w := window{least: make([]float64, T), most: slices.Repeat([]float64{math.Inf(1)}, T), lower: lower, exact: true}
	need, limit := s.needed(p), s.storage(p, lower)
	fixed, least, v, net := 0.0, 0.0, 0, -s.Opening
	for t := range T {
		for ; v <= t+s.LeadTime && v < T; v++ {
			if v >= s.LeadTime {
				fixed += lower[v-s.LeadTime]
			}
			if s.EmergencyCost == 0 {
				least = math.Max(least, need[v]-fixed)
			}
			net += s.Demand[v] - at(s.Receipts, v)
			if u := v - s.LeadTime; limit != nil && u >= 0 {
				w.most[u] = math.Max(0, limit[v]+net-fixed)
			}
		}
		w.least[t] = least
	}
	for t := T - 2; t >= 0; t-- {
		w.most[t] = math.Min(w.most[t], w.most[t+1])
	}
	closed := true // nothing can be started so far
	for t := range max(0, T-s.LeadTime) {
		room := upper[t] - lower[t]
		if closed = closed && room == 0; closed {
			w.most[t] = 0
		} else {
			w.exact = w.exact && room >= least
		}
	}
	return w
}

// enlargeByIntervals bounds the smallest v for which p, one component, is feasible, from below. With one resource and no
// SKU limited in a single period the bound is exact: work that may start in a and must be done by the end of b is served
// earliest deadline first unless some interval is overdrawn (Horn, Naval Research Logistics 21, 1974), so
//
//	Σ_s use·max(0, least_s[b] − most_s[a−1])  <=  Σ_{a <= t <= b} room[t](v)    for all a <= b
//
// which is linear in v. last is the end of the interval that fixes v; v is nil if none is large enough.
func (p *Problem) enlargeByIntervals(g enlargement) (v *float64, last int, exact bool) {
	T, R := len(p.Periods), len(p.Resources)
	exact = R == 1
	work, forced := make([][][]float64, R), matrix(R, T)
	for r := range work {
		work[r] = matrix(T, T)
	}
	for i := range p.SKUs {
		s := &p.SKUs[i]
		w := p.window(s)
		exact = exact && w.exact
		for _, u := range s.Uses {
			for t := range T {
				forced[u.Resource][t] += u.Amount * w.lower[t]
			}
			before := 0.0
			for a := 0; a < T && before < w.least[T-1]; a++ {
				for b := a; b < T; b++ {
					work[u.Resource][a][b] += u.Amount * math.Max(0, w.least[b]-before)
				}
				before = w.most[a]
			}
		}
	}
	value := 0.0
	for r := range p.Resources {
		base, slope := p.Resources[r].enlarged(g, forced[r])
		tighten := func(need, room, slope float64, t int) bool {
			if missing := need - room; slope > 0 {
				if x := missing / slope; x > value*(1+1e-12) {
					value, last = x, t
				}
				return true
			}
			return need-room <= 1e-9*(1+math.Abs(need))
		}
		for a := range T {
			room, rise := 0.0, 0.0
			for b := a; b < T; b++ {
				if !tighten(0, base[b], slope[b], b) {
					return nil, 0, exact
				}
				if room, rise = room+base[b], rise+slope[b]; math.IsInf(room, 1) {
					break
				}
				if work[r][a][b] > 0 && !tighten(work[r][a][b], room, rise, b) {
					return nil, 0, exact
				}
			}
		}
	}
	return &value, last, exact
}

// overdrawn says whether some interval proves that p, a component, has no plan.
func (p *Problem) overdrawn() bool {
	if p.Mode != Strict || !slices.ContainsFunc(p.SKUs, func(s SKU) bool { return s.EmergencyCost == 0 }) {
		return false
	}
	v, _, _ := p.enlargeByIntervals(scaled)
	return v == nil || *v > 1+1e-7
}

// enlarged is the room of every period beyond what is fixed, base + v·slope. A row that what is fixed exceeds gives way to
// it and no further.
func (r *Resource) enlarged(g enlargement, forced []float64) (base, slope []float64) {
	base, slope = make([]float64, len(forced)), make([]float64, len(forced))
	for t, c := range r.Capacity {
		other := at(r.Overtime, t) - at(r.Load, t) - forced[t]
		switch {
		case r.Unlimited != nil && r.Unlimited[t]:
			base[t] = math.Inf(1)
		case -other-c > 1e-9*(1+c):
		default:
			base[t], slope[t] = g.of(c)
			if base[t] += other; slope[t] == 0 {
				base[t] = math.Max(0, base[t])
			}
		}
	}
	return base, slope
}
