package optimize

import (
	"math"
	"sort"
)

// visible is the smallest quantity that an explanation mentions.
const visible = 1e-4

// maxDisplacing is how many SKUs are named as having taken capacity.
const maxDisplacing = 5

// Explain says in one sentence why the line of SKU s is as it is. Where several things are true the most
// pressing one is said: short, then frozen, then made early, then just in time.
//
// Prices are duals: valid, but where the plan is degenerate one unit more may save less than the price.
func Explain(p *Problem, plan *Plan, s int) string {
	if plan.Status == Infeasible {
		return "no plan"
	}
	return ReasonOf(p, plan, s).String()
}

// ReasonOf is what Explain says, for machines. The plan must be one: not infeasible.
func ReasonOf(p *Problem, plan *Plan, s int) Reason {
	sku := &p.SKUs[s]
	if r, short := reasonShort(p, plan, s); short {
		return r
	}
	if total := sum(plan.Production[s]); total < visible {
		if sum(sku.Demand) < visible {
			return Reason{Kind: NoDemand}
		}
		return Reason{Kind: Covered}
	}
	r := reasonEarly(p, plan, s)
	if f := min(sku.frozenPeriods(p), len(p.Periods)); f > 0 && sum(plan.Production[s][:f]) > visible {
		r.Frozen = p.Periods[f-1]
		return r
	}
	if r.Kind == JustInTime && r.Cause == "" && plan.follows(sku, s) {
		return Reason{Kind: Follows}
	}
	return r
}

func sum(v []float64) float64 {
	total := 0.0
	for _, x := range v {
		total += x
	}
	return total
}

// follows says whether production equals its baseline although that is not just in time.
func (plan *Plan) follows(sku *SKU, s int) bool {
	known, late := false, false
	for t, x := range plan.Production[s] {
		if !sku.hasBaseline(t) {
			continue
		}
		if math.Abs(x-sku.Baseline[t]) > visible {
			return false
		}
		known = true
		late = late || (x > visible && t+sku.LeadTime < len(sku.Demand) && plan.Inventory[s][t+sku.LeadTime] > sku.SafetyStock[t+sku.LeadTime]+visible)
	}
	return known && late
}

// Short is one SKU's shortage in one period.
type Short struct {
	Period   int
	Quantity float64
	Kind     string // lost, backlog, safety
}

// Shortages lists what SKU s is short of, in calendar order, lost sales and backlog before safety stock
// of the same period.
func (plan *Plan) Shortages(s int) []Short {
	var list []Short
	for t := range plan.Production[s] {
		if v := plan.Lost[s][t]; v > visible {
			list = append(list, Short{t, v, "lost"})
		}
		if plan.Backlog != nil && plan.Backlog[s][t] > visible {
			list = append(list, Short{t, plan.Backlog[s][t], "backlog"})
		}
		if v := plan.Shortfall[s][t]; v > visible {
			list = append(list, Short{t, v, "safety"})
		}
	}
	return list
}

// reasonShort is about the largest shortage of the gravest kind; false if there is none.
func reasonShort(p *Problem, plan *Plan, s int) (Reason, bool) {
	list := plan.Shortages(s)
	if len(list) == 0 {
		return Reason{}, false
	}
	sort.SliceStable(list, func(i, j int) bool {
		if a, b := list[i].Kind == "safety", list[j].Kind == "safety"; a != b {
			return b
		}
		return list[i].Quantity > list[j].Quantity
	})
	worst := list[0]
	r := Reason{Kind: map[string]Kind{"lost": Lost, "backlog": Late, "safety": BelowSafety}[worst.Kind], Quantity: worst.Quantity, Period: p.Periods[worst.Period]}
	plan.blame(p, s, worst.Period, &r)
	return r, true
}

// blame fills in why no more of SKU s can be had in period t.
func (plan *Plan) blame(p *Problem, s, t int, r *Reason) {
	sku := &p.SKUs[s]
	if reach := sku.reach(p); t < reach {
		r.Cause = ByLeadTime
		if reach < len(p.Periods) {
			r.Arrives = p.Periods[reach]
		}
		return
	}
	if i, price, names := DisplacedBy(p, plan, s, t); i >= 0 {
		r.Cause, r.Resource, r.Price, r.Displaced = ByCapacity, p.Resources[i].Name, price, names
		return
	}
	for u := min(t-sku.LeadTime, len(p.Periods)-1); u >= 0; u-- {
		switch x := plan.Production[s][u]; {
		case plan.heldAt(p, sku, s, u+sku.LeadTime):
			r.Cause = ByStorage
		case p.pinned(s, u):
			r.Cause = ByPin
		case u < sku.frozenPeriods(p):
			r.Cause = ByFrozen
		case sku.MaxProduction != nil && x >= sku.MaxProduction[u]-visible:
			r.Cause = ByMaxProduction
		default:
			continue
		}
		return
	}
	if sku.lotted() {
		r.Cause = ByLots
	}
}

// heldAt says whether storage of SKU s is full at the end of t.
func (plan *Plan) heldAt(p *Problem, sku *SKU, s, t int) bool {
	return sku.StorageCapacity > 0 && t < len(p.Periods) && plan.Inventory[s][t] >= sku.StorageCapacity-visible
}

// DisplacedBy names what keeps SKU s from having more in period t: the resource with the highest price per
// unit of s among those that the latest possible start (or an earlier one) needs, its price, and the SKUs
// that load it most from there to t. resource is −1 if no capacity binds.
func DisplacedBy(p *Problem, plan *Plan, s, t int) (resource int, price float64, skus []string) {
	sku := &p.SKUs[s]
	resource, start := -1, 0
	for u := min(t-sku.LeadTime, len(p.Periods)-1); u >= sku.frozenPeriods(p) && resource < 0; u-- {
		most := 0.0
		for _, use := range sku.Uses {
			if v := plan.Prices[use.Resource][u]; v*use.Amount > most && v > visible {
				resource, price, start, most = use.Resource, v, u, v*use.Amount
			}
		}
	}
	if resource < 0 {
		return -1, 0, nil
	}
	type taker struct {
		name string
		load float64
	}
	var takers []taker
	for i := range p.SKUs {
		if i == s {
			continue
		}
		for _, use := range p.SKUs[i].Uses {
			if x := plan.Production[i][start]; use.Resource == resource && x > visible {
				takers = append(takers, taker{p.SKUs[i].Name, use.Amount * x})
			}
		}
	}
	sort.SliceStable(takers, func(i, j int) bool { return takers[i].load > takers[j].load })
	for _, k := range takers[:min(len(takers), maxDisplacing)] {
		skus = append(skus, k.name)
	}
	return resource, price, skus
}

// reasonEarly is about the longest stretch that stock is carried because something is made before it is needed.
// What stands above the safety stock by less than a pack is no stretch: it is rounding.
func reasonEarly(p *Problem, plan *Plan, s int) Reason {
	sku, T := &p.SKUs[s], len(p.Periods)
	from, to, rest := -1, -1, false
	for t := 0; t < T; {
		first := -1
		end := t
		for ; end < T; end++ {
			over := plan.Inventory[s][end] - sku.SafetyStock[end]
			if over <= visible+sku.PackSize*(1-1e-9) {
				rest = rest || over > visible
				break
			}
			if u := end - sku.LeadTime; first < 0 && u >= 0 && plan.Production[s][u] > visible {
				first = end
			}
		}
		if first >= 0 && (from < 0 || end-first > to-from) {
			from, to = first, min(end, T-1)
		}
		t = end + 1
	}
	if from < 0 {
		if rest && sku.PackSize > 0 {
			return Reason{Kind: JustInTime, Cause: ByLots, Pack: sku.PackSize}
		}
		return Reason{Kind: JustInTime}
	}
	r := Reason{Kind: MadeEarly, Early: to - from, Period: p.Periods[to]}
	if to == from {
		return r
	}
	// Which resource is full between, and at what price.
	most := visible
	for _, use := range sku.Uses {
		first, last, price := -1, -1, 0.0
		for t := max(0, from-sku.LeadTime); t <= to-sku.LeadTime; t++ {
			if v := plan.Prices[use.Resource][t]; v > visible {
				if first < 0 {
					first = t
				}
				last, price = t, math.Max(price, v)
			}
		}
		if price > most {
			most = price
			r.Cause, r.Resource, r.Price = ByCapacity, p.Resources[use.Resource].Name, price
			r.From, r.To = p.Periods[first], p.Periods[last]
		}
	}
	if r.Cause == "" {
		r.Cause = plan.causeEarly(p, s, from-sku.LeadTime, to-sku.LeadTime)
	}
	return r
}

// causeEarly says why what starts in a is not started by b, where capacity is no reason.
func (plan *Plan) causeEarly(p *Problem, s, a, b int) Cause {
	sku := &p.SKUs[s]
	capped := false
	for t := a + 1; t <= b; t++ {
		capped = capped || sku.MaxProduction != nil && plan.Production[s][t] >= sku.MaxProduction[t]-visible
	}
	switch {
	case a < sku.frozenPeriods(p) && !p.pinned(s, a):
		return ByFrozen
	case p.pinned(s, a):
		return ByPin
	case capped:
		return ByMaxProduction
	case sku.OrderCost > 0:
		return ByOrders
	case sku.lotted():
		return ByLots
	case sku.hasBaseline(a) && at(sku.ChangePrice, a) > 0:
		return ByBaseline
	}
	return ""
}
