package stream

import (
	"slices"

	"drumbeat/schemas"
)

// quantity rounds to millionths of a unit; what is not finite or too large becomes the largest quantity.
func quantity(v float64) schemas.Quantity {
	q, ok := schemas.FromFloat(v)
	if !ok {
		return schemas.MaxQuantity / 1000
	}
	return q
}

// net fills the draft of one SKU. It runs beside others of its kind and touches nothing but its SKU.
func (s *site) net(d *draft, i int, k *sku, t terms, x expected, a span) {
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
	for p, to := range a.cuts {
		sum, low, high := x.period(p, from, to, plain)
		horizon += sum
		e.demand[p], e.low[p], e.high[p] = quantity(sum), quantity(low), quantity(high)
		if p == 0 {
			e.outlook = outlook{day: s.Today, today: plain[0], rest: sum - x.mean[0]}
			if s.restDay(k, s.Today) {
				e.outlook.today = 0
			}
		}
		from = to
	}
	e.scale = horizon / float64(n)
	s.safetyStock(e.safety, t, &x, a, plain, horizon)
	s.stand(e, d.periods)
	e.forecast = ForecastRow{
		Site: s.name, SKU: k.name, ExecutionDate: s.Today, First: s.Today, Model: x.model,
		Mean: floats(x.mean), Lower: floats(x.lower), Upper: floats(x.upper),
	}
	if s.isOrigin(s.Today) {
		e.issued = s.issue(k, &t, &x, plain)
	}
}

func floats(v []float64) []float32 {
	out := make([]float32, len(v))
	for i := range v {
		out[i] = float32(v[i])
	}
	return out
}

// safetyStock writes the safety stock of every period by the item's rule.
func (s *site) safetyStock(dst []schemas.Quantity, t terms, x *expected, a span, plain []float64, horizon float64) {
	fill := func(units float64) {
		for p := range dst {
			dst[p] = quantity(units)
		}
	}
	switch t.safety.Rule {
	case schemas.SafetyMonths:
		// The mean of the next twelve months, as far as the horizon knows them.
		const year = 365
		days := a.days()
		if days > year {
			horizon, days = 0, year
			for _, v := range x.mean[:year] {
				horizon += v
			}
		}
		fill(t.safety.Value * horizon / float64(max(days, 1)) * s.settings.daysPer(schemas.PerMonth))
	case schemas.SafetyServiceLevel:
		for p, units := range x.serviceStock(a, plain) {
			dst[p] = quantity(units)
		}
	default:
		fill(t.safety.Value)
	}
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
	e.opening, e.found = s.believed(k), s.found(k)
	end := d.periods[len(d.periods)-1].End
	at := func(day schemas.Date) int {
		i, _ := slices.BinarySearchFunc(d.periods, day, func(p period, d schemas.Date) int { return int(p.End - 1 - d) })
		return i // overdue: period 0
	}
	arrives := func(day schemas.Date, q schemas.Quantity) {
		if day < end {
			e.receipts[at(day)] = addQuantity(e.receipts[at(day)], q)
		}
	}
	for i := range k.orders {
		o := &k.orders[i]
		if o.Start >= d.periods[0].Start && o.Start < end {
			e.start[at(o.Start)] = addQuantity(e.start[at(o.Start)], o.Quantity)
		}
		o.coming(s.Today, arrives)
		if !o.internal() && o.Due < s.Today {
			e.overdue = addQuantity(e.overdue, o.Open)
		}
	}
	if e.terms.backlog == 0 && e.opening < 0 {
		e.receipts[0] -= min(-e.opening, s.comesToday(k)) // what is sold already is not there once more
		e.opening = 0
	}
	for t := range e.receipts { // a part that is corrected downwards on a day to come
		e.receipts[t] = max(0, e.receipts[t])
	}
	for t, p := range d.periods {
		if e.hasBaseline[t] = k.hasBaseline && p.Start >= s.BaselineFrom && p.Start < s.BaselineUntil; e.hasBaseline[t] {
			e.baseline[t] = max(0, plannedAt(k.baseline, p.Start)-e.start[t])
		}
		if t < d.approved {
			e.approved = append(e.approved, 0)
			if e.hasBaseline[t] {
				e.approved[t] = plannedAt(k.baseline, p.Start)
			}
		}
	}
}
