package stream

import (
	"slices"

	"drumbeat/optimize"
	"drumbeat/schemas"
)

// poseResources writes capacities and the load of open orders.
func (s *site) poseResources(d *draft, p *optimize.Problem, index map[string]int) []optimize.Resource {
	n := len(d.periods)
	list := make([]optimize.Resource, len(d.resources))
	for i, name := range d.resources {
		r := optimize.Resource{Name: name, Capacity: make([]float64, n), Load: make([]float64, n)}
		rule, known := s.Resources[name]
		if !known && s.p.config.Capacity > 0 {
			rule, known = resource{Resource: schemas.Resource{Resource: name, Capacity: s.p.config.Capacity}}, true
		}
		switch {
		case known:
			s.poseCapacity(&r, &rule, d.periods)
		case s.p.config.CapacityShare > 0:
			s.poseShare(&r, i, p)
		default:
			r.Unlimited = slices.Repeat([]bool{true}, n)
		}
		list[i] = r
	}
	for i := range d.skus {
		e := &d.skus[i]
		for o := range e.k.orders {
			t, load := s.loadOf(&e.k.orders[o], d.periods)
			for _, use := range e.terms.uses {
				if load > 0 {
					list[index[use.Resource]].Load[t] += load * use.Usage
				}
			}
		}
	}
	return list
}

func (s *site) poseCapacity(r *optimize.Resource, rule *resource, periods []period) {
	n := len(periods)
	if rule.OvertimeCapacity > 0 {
		r.Overtime, r.OvertimeCost = make([]float64, n), slices.Repeat([]float64{rule.OvertimeCost}, n)
	}
	for t, p := range periods {
		from := p.Start
		if s.settings.Prorate {
			from = max(from, s.Today)
		}
		r.Capacity[t] = s.spread(from, p.End, func(d schemas.Date) (float64, schemas.Per) { return s.capacityOn(rule, d) })
		if r.Overtime != nil {
			r.Overtime[t] = s.spread(from, p.End, func(schemas.Date) (float64, schemas.Per) { return rule.OvertimeCapacity, rule.Per })
		}
	}
}

// poseShare makes a capacity of a multiple of the mean load that the horizon's demand asks.
func (s *site) poseShare(r *optimize.Resource, i int, p *optimize.Problem) {
	load := 0.0
	for j := range p.SKUs {
		for _, use := range p.SKUs[j].Uses {
			if use.Resource == i {
				for _, v := range p.SKUs[j].Demand {
					load += v * use.Amount
				}
			}
		}
	}
	mean := load / float64(len(r.Capacity)) * s.p.config.CapacityShare
	for t := range r.Capacity {
		r.Capacity[t] = mean
	}
}

// loadOf is the period in which an order still takes capacity, and how many units of it do.
func (s *site) loadOf(o *order, periods []period) (t int, load float64) {
	t = slices.IndexFunc(periods, func(p period) bool { return o.Start >= p.Start && o.Start < p.End })
	if t < 0 {
		return 0, 0
	}
	end, quantity := periods[t].End, o.Quantity
	if o.internal() {
		end = o.StartEnd
	} else if quantity = o.Open; quantity == 0 {
		return 0, 0
	}
	if s.settings.Prorate && o.Start < s.Today {
		total := s.openDays(o.Start, end)
		if total == 0 {
			return 0, 0
		}
		return t, quantity.Float() * float64(s.openDays(s.Today, end)) / float64(total)
	}
	return t, quantity.Float()
}
