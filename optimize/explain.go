package optimize

import (
	"fmt"
	"math"
	"sort"
	"strconv"
	"strings"
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
	sku := &p.SKUs[s]
	if text := explainShortage(p, plan, s); text != "" {
		return text
	}
	if total := sum(plan.Production[s]); total < visible {
		if sum(sku.Demand) < visible {
			return "no demand"
		}
		return "stock and open orders cover demand"
	}
	early := explainEarly(p, plan, s)
	if early == "" {
		early = "just in time"
	}
	if f := min(sku.frozenPeriods(p), len(p.Periods)); f > 0 && sum(plan.Production[s][:f]) > visible {
		return fmt.Sprintf("frozen through %s, then %s", p.Periods[f-1], early)
	}
	if plan.follows(sku, s) && early == "just in time" {
		return "keeps to the former plan"
	}
	return early
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

// explainShortage names the largest shortage of the gravest kind; "" if there is none.
func explainShortage(p *Problem, plan *Plan, s int) string {
	list := plan.Shortages(s)
	if len(list) == 0 {
		return ""
	}
	sort.SliceStable(list, func(i, j int) bool {
		if a, b := list[i].Kind == "safety", list[j].Kind == "safety"; a != b {
			return b
		}
		return list[i].Quantity > list[j].Quantity
	})
	worst := list[0]
	what := map[string]string{"lost": "short", "backlog": "late with", "safety": "below safety stock by"}[worst.Kind]
	text := fmt.Sprintf("%s %s in %s", what, number(worst.Quantity), p.Periods[worst.Period])
	return text + ": " + plan.blame(p, s, worst.Period)
}

// blame says why no more of SKU s can be had in period t.
func (plan *Plan) blame(p *Problem, s, t int) string {
	sku := &p.SKUs[s]
	if reach := sku.reach(p); t < reach {
		if reach >= len(p.Periods) {
			return "new supply arrives after the horizon"
		}
		return "new supply cannot arrive before " + p.Periods[reach]
	}
	r, price, names := DisplacedBy(p, plan, s, t)
	switch {
	case r >= 0 && len(names) > 0:
		return fmt.Sprintf("%s full, price %.2f, used by %s", p.Resources[r].Name, price, strings.Join(names, ", "))
	case r >= 0:
		return fmt.Sprintf("%s full, price %.2f", p.Resources[r].Name, price)
	case sku.MaxProduction != nil:
		return "maximum production reached"
	case sku.StorageCapacity > 0:
		return "storage full"
	}
	return "production is pinned"
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

// explainEarly describes the longest stretch that stock above the safety stock is carried because
// something is made before it is needed; "" if nothing is.
func explainEarly(p *Problem, plan *Plan, s int) string {
	sku, T := &p.SKUs[s], len(p.Periods)
	from, to := -1, -1
	for t := 0; t < T; {
		first := -1
		end := t
		for ; end < T && plan.Inventory[s][end] > sku.SafetyStock[end]+visible; end++ {
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
		return ""
	}
	text := "made " + strconv.Itoa(to-from) + " periods early"
	if to-from == 1 {
		text = "made 1 period early"
	}
	if to == from {
		return "made beyond what is needed in " + p.Periods[to]
	}
	// Which resource is full between, and at what price.
	best, price, a, b := -1, visible, 0, 0
	for _, use := range sku.Uses {
		first, last, most := -1, -1, 0.0
		for t := max(0, from-sku.LeadTime); t <= to-sku.LeadTime; t++ {
			if v := plan.Prices[use.Resource][t]; v > visible {
				if first < 0 {
					first = t
				}
				last, most = t, math.Max(most, v)
			}
		}
		if most > price {
			best, price, a, b = use.Resource, most, first, last
		}
	}
	switch {
	case best >= 0 && a == b:
		return fmt.Sprintf("%s: %s full in %s, price %.2f", text, p.Resources[best].Name, p.Periods[a], price)
	case best >= 0:
		return fmt.Sprintf("%s: %s full in %s..%s, price %.2f", text, p.Resources[best].Name, p.Periods[a], p.Periods[b], price)
	case len(sku.Pins) > 0:
		return text + ": pinned"
	case sku.MaxProduction != nil:
		return text + ": maximum production reached later"
	case sku.Baseline != nil:
		return text + ": moving it costs more than the stock"
	}
	return text
}

// number prints a quantity without needless decimals.
func number(v float64) string {
	return strconv.FormatFloat(math.Round(v*1000)/1000, 'f', -1, 64)
}
