package stream

import (
	"cmp"
	"slices"

	"drumbeat/optimize"
	"drumbeat/schemas"
)

// Interval is the 80 % interval of a SKU's demand by period.
type Interval struct {
	Low, High []schemas.Quantity
}

// LineOf is the line of SKU i of a plan, in published numbers: production, receipts and demand are
// rounded to millionths, and stock follows from them by the balance. A nil interval is the demand itself.
func LineOf(site string, p *optimize.Problem, plan *optimize.Plan, i int, interval *Interval) schemas.Line {
	v := &p.SKUs[i]
	n := len(p.Periods)
	line := schemas.Line{Site: site, SKU: v.Name, Periods: make([]schemas.LinePeriod, n)}
	opening := quantity(v.Opening)
	for t := range line.Periods {
		e := &line.Periods[t]
		*e = schemas.LinePeriod{
			Period: p.Periods[t], Demand: quantity(v.Demand[t]), Opening: opening,
			Production: quantity(plan.Production[i][t]), SafetyStock: quantity(v.SafetyStock[t]),
			Frozen: t < p.Frozen && isFixed(v, t), Price: plan.Values[i][t],
		}
		e.DemandLow, e.DemandHigh = e.Demand, e.Demand
		if interval != nil {
			e.DemandLow, e.DemandHigh = interval.Low[t], interval.High[t]
		}
		if v.Receipts != nil {
			e.Receipts = quantity(v.Receipts[t])
		}
		if t >= v.LeadTime {
			e.Arrivals = line.Periods[t-v.LeadTime].Production
		}
		lost := quantity(plan.Lost[i][t])
		e.Inventory = opening + e.Receipts + e.Arrivals - e.Demand + lost
		e.Shortage = lost
		if plan.Emergency != nil {
			e.Inventory += quantity(plan.Emergency[i][t])
		}
		opening = e.Inventory
		if e.Inventory < 0 { // a backlog, or a millionth that rounding left over
			e.Shortage, e.Inventory = lost-e.Inventory, 0
			if v.BacklogCost == 0 {
				opening = 0
			}
		}
		e.Shortfall = max(0, e.SafetyStock-e.Inventory)
	}
	production, holding := plan.SKUCost(p, i)
	line.Cost = schemas.RoundMoney(production + holding)
	why := optimize.ReasonOf(p, plan, i)
	line.Reason, line.Why = why.String(), whyOf(&why)
	return line
}

// whyOf is a reason in published numbers.
func whyOf(r *optimize.Reason) *schemas.Why {
	return &schemas.Why{
		Kind: string(r.Kind), Cause: string(r.Cause), Quantity: quantity(r.Quantity), Period: r.Period, Early: r.Early, Frozen: r.Frozen,
		Resource: r.Resource, From: r.From, To: r.To, Price: r.Price, DisplacedBy: r.Displaced, Arrives: r.Arrives, Pack: quantity(r.Pack),
	}
}

// isFixed says that the production of a frozen period could not move: it was fixed, or pinned to one value.
func isFixed(v *optimize.SKU, t int) bool {
	for _, pin := range v.Pins {
		if pin.Period == t {
			return pin.Min == pin.Max
		}
	}
	return v.Fixed != nil
}

// HeadOf fills the part of a head that a plan and its lines tell.
func HeadOf(p *optimize.Problem, plan *optimize.Plan, lines []schemas.Line) schemas.Head {
	c := plan.Certificate
	h := schemas.Head{
		Status: schemas.PlanStatus(plan.Status), Mode: schemas.Mode(cmp.Or(p.Mode, optimize.Elastic)),
		Periods: p.Periods, Cost: schemas.Cost(plan.Cost), Objective: plan.Objective,
		Certificate: schemas.Certificate{Bound: c.Bound, Gap: c.Gap, PrimalInfeasibility: c.PrimalInfeasibility,
			DualInfeasibility: c.DualInfeasibility, Checked: c.Checked, RoundingGap: c.RoundingGap},
		Lines: len(lines), MovedUnits: quantity(plan.MovedUnits), FrozenMoves: plan.FrozenMoves,
	}
	if f := plan.Infeasibility; f != nil {
		h.Infeasibility = &schemas.Infeasibility{
			Cause: f.Cause, Resource: f.Resource, SKU: f.SKU, FirstShortPeriod: f.FirstShortPeriod, Missing: f.Missing,
			PeakPeriod: f.PeakPeriod, Factor: f.Factor, SmallestCapacity: f.SmallestCapacity,
			UniformExtra: f.UniformExtra, BindingPeriods: f.BindingPeriods,
		}
		for _, v := range f.Repair {
			h.Infeasibility.Repair = append(h.Infeasibility.Repair, schemas.Repair(v))
		}
		return h
	}
	load := plan.Load(p)
	for r := range p.Resources {
		for t := range p.Periods {
			h.Resources = append(h.Resources, resourceLoad(p, plan, load, r, t))
		}
	}
	for i := range lines {
		for t := range lines[i].Periods {
			h.ShortageTotal += lines[i].Periods[t].Shortage
		}
	}
	h.Shortages = shortages(p, plan)
	return h
}

func resourceLoad(p *optimize.Problem, plan *optimize.Plan, load [][]float64, r, t int) schemas.ResourceLoad {
	v := &p.Resources[r]
	row := schemas.ResourceLoad{
		Resource: v.Name, Period: p.Periods[t], Capacity: quantity(v.Capacity[t]), Load: quantity(load[r][t]),
	}
	if v.Unlimited != nil && v.Unlimited[t] {
		row.Capacity = schemas.Unlimited
	}
	if plan.Overtime != nil {
		row.Overtime = quantity(plan.Overtime[r][t])
	}
	if plan.Prices != nil {
		row.Price = plan.Prices[r][t]
	}
	return row
}

// shortages are the largest shortages of a plan with what displaced them.
func shortages(p *optimize.Problem, plan *optimize.Plan) []schemas.Shortage {
	type short struct {
		optimize.Short
		i int
	}
	var list []short
	for i := range p.SKUs {
		for _, v := range plan.Shortages(i) {
			list = append(list, short{v, i})
		}
	}
	slices.SortStableFunc(list, func(a, b short) int { return cmp.Compare(b.Quantity, a.Quantity) })
	list = list[:min(len(list), schemas.MaxShortages)]
	out := make([]schemas.Shortage, len(list))
	for at, v := range list {
		e := &out[at]
		*e = schemas.Shortage{
			SKU: p.SKUs[v.i].Name, Period: p.Periods[v.Period], Quantity: quantity(v.Quantity), Kind: schemas.ShortageKind(v.Kind),
		}
		var r int
		if r, e.Price, e.DisplacedBy = optimize.DisplacedBy(p, plan, v.i, v.Period); r >= 0 {
			e.Resource = p.Resources[r].Name
		}
	}
	return out
}
