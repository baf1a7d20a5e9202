package stream

import (
	"math"
	"slices"

	"drumbeat/forecast"
	"drumbeat/optimize"
	"drumbeat/schemas"
)

// draft is what a Job was made from: the figures that its plan's lines show beside the solver's.
type draft struct {
	periods   []period
	names     []string
	frozen    int
	skus      []draftSKU // in byte order of name, as in the Problem
	cause     change
	input     schemas.Input
	state     schemas.PlanState
	excluded  []schemas.Excluded
	left      []string // SKUs of the newest plan that are no longer in it
	resources []string
	unlimited map[string]bool
}

// draftSKU is the netted state of one SKU.
type draftSKU struct {
	k                                          *sku
	opening                                    schemas.Quantity
	demand, low, high, receipts, safety, start []schemas.Quantity // by period; start: orders that start in it
	baseline                                   []schemas.Quantity
	hasBaseline                                []bool
	forecast                                   ForecastRow
	need                                       float64
	terms                                      terms
}

// draw nets the site: it brings the models up to date and builds the Problem of the newest state.
func (s *site) draw() (*optimize.Problem, *draft) {
	d := &draft{cause: s.Pending, unlimited: map[string]bool{}}
	d.periods = s.calendar.from(s.Today, s.settings.Horizon)
	cuts := make([]int, len(d.periods))
	for t, p := range d.periods {
		cuts[t] = int(p.End - s.Today)
		d.names = append(d.names, p.Name)
	}
	d.frozen = s.frozenPeriods(d.periods)

	var list []*sku
	for _, k := range s.sorted() {
		switch {
		case k.item.Discontinued:
			if k.inPlan {
				d.left = append(d.left, k.name)
			}
			d.excluded = append(d.excluded, schemas.Excluded{SKU: k.name, Reason: "discontinued"})
		default:
			list = append(list, k)
		}
	}
	d.skus = make([]draftSKU, len(list))
	p := &optimize.Problem{
		Periods: d.names, Mode: optimize.Mode(s.settings.Mode), Shortages: optimize.Shortages(s.settings.Shortages),
		Frozen: d.frozen, SKUs: make([]optimize.SKU, len(list)),
	}
	part := s.openShare(d.periods[0])
	if part != 1 {
		p.HoldingShare = slices.Repeat([]float64{1}, len(d.periods))
		p.HoldingShare[0] = part
	}
	failed := s.refresh(list, func(i int, k *sku) {
		var path forecast.Path
		t := s.terms(k)
		cover, level := 0, 0.0
		if t.safety.Rule == schemas.SafetyServiceLevel {
			cover = int(math.Round(float64(t.lead+1+s.settings.Frozen) * s.settings.daysPer(schemas.PerPeriod)))
			level = t.safety.Value
		}
		s.net(d, i, k, t, s.expect(k, &path, cuts, cover, level), cuts)
	})
	for _, i := range failed {
		k := list[i]
		s.net(d, i, k, s.terms(k), s.flat(k, cuts), cuts)
		d.state.StaleSKUs = append(d.state.StaleSKUs, k.name)
	}
	index := map[string]int{}
	for i := range d.skus {
		s.supply(d, &d.skus[i])
		s.pose(p, d, i, index)
	}
	p.Resources = s.poseResources(d, p, index)
	s.describe(d)
	return p, d
}

// frozenPeriods is the number of periods at the front whose production is fixed.
func (s *site) frozenPeriods(periods []period) int {
	if s.settings.Freeze != schemas.FreezeApproved {
		return min(s.settings.Frozen, len(periods))
	}
	n := 0
	for n < len(periods) && periods[n].Start < s.FrozenUntil {
		n++
	}
	return n
}

// openShare is the share of a period's open days that are left, 1 where the site does not prorate.
func (s *site) openShare(p period) float64 {
	open := s.openDays(p.Start, p.End)
	if !s.settings.Prorate || open == 0 {
		return 1
	}
	return float64(s.openDays(max(p.Start, s.Today), p.End)) / float64(open)
}

// quantity rounds to millionths of a unit; what is not finite or too large becomes the largest quantity.
func quantity(v float64) schemas.Quantity {
	q, ok := schemas.FromFloat(v)
	if !ok {
		return schemas.MaxQuantity / 1000
	}
	return q
}

// net fills the draft of one SKU. It runs beside others of its kind and touches nothing but its SKU.
func (s *site) net(d *draft, i int, k *sku, t terms, x expected, cuts []int) {
	plain := append([]float64(nil), x.mean...)
	s.adjust(k, &x)
	n := len(d.periods)
	e := &d.skus[i]
	*e = draftSKU{k: k, terms: t}
	for _, v := range []*[]schemas.Quantity{&e.demand, &e.low, &e.high, &e.receipts, &e.safety, &e.start, &e.baseline} {
		*v = make([]schemas.Quantity, n)
	}
	e.hasBaseline = make([]bool, n)
	from, horizon := 0, 0.0
	for p, to := range cuts {
		sum, before := 0.0, 0.0
		for day := from; day < to; day++ {
			sum += x.mean[day]
			before += plain[day]
		}
		horizon += sum
		e.demand[p] = quantity(sum)
		// The interval moves with what closed days, sales of today and overrides did to the mean.
		shift := sum - before
		e.low[p] = quantity(max(0, min(sum, x.sums[p].Quantile(0.1)+shift)))
		e.high[p] = quantity(max(sum, x.sums[p].Quantile(0.9)+shift))
		if p == 0 {
			k.outlook.today = plain[0]
			if s.closed[s.Today] {
				k.outlook.today = 0
			}
			k.outlook.rest = sum - x.mean[0]
		}
		from = to
	}
	k.scale = horizon / float64(n)
	safety := s.safetyStock(t, x, horizon, cuts[n-1])
	for p := range e.safety {
		e.safety[p] = safety
	}
	e.forecast = ForecastRow{
		Site: s.name, SKU: k.name, ExecutionDate: s.Today, First: s.Today, Model: x.model,
		Mean: floats(x.mean), Lower: floats(x.lower), Upper: floats(x.upper),
	}
}

func floats(v []float64) []float32 {
	out := make([]float32, len(v))
	for i := range v {
		out[i] = float32(v[i])
	}
	return out
}

// safetyStock is the safety stock by the item's rule.
func (s *site) safetyStock(t terms, x expected, horizon float64, days int) schemas.Quantity {
	switch t.safety.Rule {
	case schemas.SafetyMonths:
		// The mean of the next twelve months, as far as the horizon knows them.
		const year = 365
		if days > year {
			horizon, days = 0, year
			for _, v := range x.mean[:year] {
				horizon += v
			}
		}
		return quantity(t.safety.Value * horizon / float64(max(days, 1)) * s.settings.daysPer(schemas.PerMonth))
	case schemas.SafetyServiceLevel:
		return quantity(x.safety)
	}
	return quantity(t.safety.Value)
}

// supply nets stock and open orders, and aligns the baseline by date.
func (s *site) supply(d *draft, e *draftSKU) {
	k := e.k
	if k.stock.Source == stockUnknown {
		if e.terms.initial != nil {
			s.start(k, stockInitial, *e.terms.initial)
		} else {
			s.start(k, stockAssumed, e.safety[0])
		}
	}
	e.opening = k.stock.OnHand
	if e.terms.backlog == 0 {
		e.opening = max(0, e.opening)
	}
	end := d.periods[len(d.periods)-1].End
	at := func(day schemas.Date) int {
		i, _ := slices.BinarySearchFunc(d.periods, day, func(p period, d schemas.Date) int { return int(p.End - 1 - d) })
		return i // overdue: period 0
	}
	for i := range k.orders {
		o := &k.orders[i]
		if o.Start >= d.periods[0].Start && o.Start < end {
			e.start[at(o.Start)] += o.Quantity
		}
		if o.Open > 0 && o.Due < end {
			e.receipts[at(o.Due)] += o.Open
		}
	}
	for t, p := range d.periods {
		if e.hasBaseline[t] = k.hasBaseline && p.Start >= s.BaselineFrom && p.Start < s.BaselineUntil; e.hasBaseline[t] {
			e.baseline[t] = max(0, plannedAt(k.baseline, p.Start)-e.start[t])
		}
	}
	e.need = k.need()
}

// pose writes one SKU into the Problem.
func (s *site) pose(p *optimize.Problem, d *draft, i int, index map[string]int) {
	e := &d.skus[i]
	t, n := &e.terms, len(d.periods)
	v := optimize.SKU{
		Name: e.k.name, Demand: units(e.demand), SafetyStock: units(e.safety), Receipts: units(e.receipts),
		Opening: e.opening.Float(), ProductionCost: t.cost, HoldingCost: t.holding, LeadTime: t.lead,
		ShortageCost: t.shortage, BacklogCost: t.backlog, StorageCapacity: t.storage,
	}
	if t.whole {
		v.PackSize = 1
	}
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
	for _, pin := range s.Pins {
		at, ok := s.calendar.parse(pin.Period)
		j := slices.IndexFunc(d.periods, func(p period) bool { return p.Start == at.Start })
		if canonical(pin.SKU) != e.k.name || !ok || j < 0 || pin.Expires != nil && *pin.Expires < s.Today {
			continue
		}
		bound := optimize.Pin{Period: j, Max: -1}
		if pin.Min != nil {
			bound.Min = max(0, *pin.Min-e.start[j]).Float()
		}
		if pin.Max != nil {
			bound.Max = max(0, *pin.Max-e.start[j]).Float()
		}
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
			d.unlimited[name] = true
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

// describe says how good the state is that the plan is made from.
func (s *site) describe(d *draft) {
	d.state.Stock = schemas.StockCountedState
	var oldest *stock
	for i := range d.skus {
		k := d.skus[i].k
		if k.item.Provisional {
			d.state.ProvisionalItems++
		}
		switch k.stock.Source {
		case stockCounted:
			if oldest == nil || k.stock.Day < oldest.Day {
				oldest = &k.stock
			}
		case stockAssumed, stockUnknown:
			d.state.AssumedStock++
			d.state.Stock = schemas.StockAssumed
		}
	}
	if oldest != nil {
		d.state.StockAsOf = oldest.Day.String()
	}
	d.input = schemas.Input{
		Topic: s.p.config.Topic, Partition: int(s.p.config.Partition), Offset: s.p.next, Watermark: s.Watermark, Events: s.Events,
	}
}
