package stream

import (
	"slices"

	"drumbeat/optimize"
	"drumbeat/schemas"
)

// pose writes one SKU into the Problem.
func (s *site) pose(p *optimize.Problem, d *draft, i int, index map[string]int) {
	e := &d.skus[i]
	t, n := &e.terms, len(d.periods)
	v := optimize.SKU{
		Name: e.k.name, Demand: units(e.demand), SafetyStock: units(e.safety), Receipts: units(e.receipts),
		Opening: e.opening.Float(), ProductionCost: t.cost, HoldingCost: t.holding, LeadTime: t.lead,
		ShortageCost: t.shortage, BacklogCost: t.backlog, StorageCapacity: t.storage,
	}
	v.PackSize, v.MinOrder, v.OrderCost = t.lots.pack, t.lots.least, t.lots.order
	for _, use := range t.uses {
		r, ok := index[use.Resource]
		if !ok {
			r = len(d.resources)
			index[use.Resource] = r
			d.resources = append(d.resources, use.Resource)
		}
		v.Uses = append(v.Uses, optimize.Use{Resource: r, Amount: use.Usage})
	}
	if t.maxProduction >= 0 {
		v.MaxProduction = slices.Repeat([]float64{t.maxProduction}, n)
		v.MaxProduction[0] *= s.openShare(d.periods[0])
	}
	s.anchor(&v, d, e)
	for i := range s.Pins {
		pin := &s.Pins[i]
		if pin.SKU != e.k.name || pin.Expires != nil && *pin.Expires < s.Today {
			continue
		}
		at, ok := s.calendar.parse(pin.Period)
		j := slices.IndexFunc(d.periods, func(p period) bool { return p.Start == at.Start })
		if !ok || j < 0 {
			continue
		}
		bound := optimize.Pin{Period: j, Max: -1}
		if pin.Min != nil {
			bound.Min = max(0, *pin.Min-e.start[j]).Float()
		}
		if pin.Max != nil {
			bound.Max = max(0, *pin.Max-e.start[j]).Float()
		}
		// It overrides the frozen value, and an older pin that a new calendar has put into the same period.
		v.Pins = slices.DeleteFunc(v.Pins, func(p optimize.Pin) bool { return p.Period == j })
		v.Pins = append(v.Pins, bound)
	}
	p.SKUs[i] = v
}

// nearCost keeps the change price below the production cost: at the cost itself, making what nobody
// needs would pay.
const nearCost = 0.9

// anchor ties a SKU to its baseline: fixed in the frozen periods, at a price beyond them that falls to
// the end of the horizon.
func (s *site) anchor(v *optimize.SKU, d *draft, e *draftSKU) {
	n := len(d.periods)
	if !slices.Contains(e.hasBaseline, true) {
		return
	}
	v.Baseline, v.HasBaseline = units(e.baseline), e.hasBaseline
	v.ChangePrice = make([]float64, n)
	for t := d.frozen; t < n; t++ {
		if e.hasBaseline[t] {
			k := s.settings.ChangePrice * v.HoldingCost * float64(n-t) / float64(n-d.frozen)
			v.ChangePrice[t] = min(k, nearCost*v.ProductionCost)
		}
	}
	if !slices.Contains(e.hasBaseline[:d.frozen], false) {
		v.Fixed = units(e.baseline[:d.frozen])
		return
	}
	for t := range d.frozen {
		if e.hasBaseline[t] {
			x := e.baseline[t].Float()
			v.Pins = append(v.Pins, optimize.Pin{Period: t, Min: x, Max: x})
		}
	}
}

func units(list []schemas.Quantity) []float64 {
	out := make([]float64, len(list))
	for i, q := range list {
		out[i] = q.Float()
	}
	return out
}
