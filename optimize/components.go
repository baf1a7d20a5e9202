package optimize

import "slices"

// limited says whether some period of r has a limit.
func (r *Resource) limited() bool {
	return r.Unlimited == nil || slices.Contains(r.Unlimited, false)
}

// component is a set of SKUs and the limited resources that couple them: a problem of its own. An SKU
// without limited resources is a component without any.
type component struct {
	skus, resources []int // indices into the Problem, rising
}

// components splits p: SKUs that share a limited resource through any chain are together. Those with
// resources come first, in the order of their first resource, then the single SKUs in their order.
func (p *Problem) components() []component {
	group := make([]int, len(p.Resources)) // union-find; the root is the lowest index, −1: no limit
	for r := range group {
		group[r] = r
		if !p.Resources[r].limited() {
			group[r] = -1
		}
	}
	find := func(r int) int {
		for group[r] != r {
			group[r] = group[group[r]]
			r = group[r]
		}
		return r
	}
	home := make([]int, len(p.SKUs)) // some limited resource of each SKU, −1: none
	coupled := 0
	for s := range p.SKUs {
		home[s] = -1
		for _, u := range p.SKUs[s].Uses {
			switch {
			case group[u.Resource] < 0:
			case home[s] < 0:
				home[s] = u.Resource
				coupled++
			default:
				a, b := find(home[s]), find(u.Resource)
				group[max(a, b)] = min(a, b)
			}
		}
	}
	skus := make([][]int, len(p.Resources))
	for s, r := range home {
		if r >= 0 {
			skus[find(r)] = append(skus[find(r)], s)
		}
	}
	list, place := make([]component, 0, len(p.SKUs)-coupled+len(p.Resources)), make([]int, len(p.Resources))
	for r := range group {
		if group[r] < 0 || len(skus[find(r)]) == 0 {
			continue
		}
		root := find(r)
		if root == r {
			place[r] = len(list)
			list = append(list, component{skus: skus[r]})
		}
		c := &list[place[root]]
		c.resources = append(c.resources, r)
	}
	for s, r := range home {
		if r < 0 {
			list = append(list, component{skus: []int{s}})
		}
	}
	return list
}

// together is p as a single component: what the split is tested against.
func (p *Problem) together() []component {
	c := component{}
	for s := range p.SKUs {
		c.skus = append(c.skus, s)
	}
	for r := range p.Resources {
		c.resources = append(c.resources, r)
	}
	return []component{c}
}

// part is component c of p as a Problem, its resources numbered afresh.
func (p *Problem) part(c component) *Problem {
	q := *p
	q.SKUs, q.Resources = make([]SKU, len(c.skus)), make([]Resource, len(c.resources))
	var number map[int]int
	if len(c.resources) > 0 {
		number = make(map[int]int, len(c.resources))
	}
	for i, r := range c.resources {
		q.Resources[i], number[r] = p.Resources[r], i
	}
	for i, s := range c.skus {
		q.SKUs[i] = p.SKUs[s]
		q.SKUs[i].Uses = nil
		for _, u := range p.SKUs[s].Uses {
			if r, ok := number[u.Resource]; ok {
				q.SKUs[i].Uses = append(q.SKUs[i].Uses, Use{r, u.Amount})
			}
		}
	}
	return &q
}

// part is the share of component c in plan: its rows are those of plan.
func (plan *Plan) part(c component) *Plan {
	pick := func(m [][]float64, rows []int) [][]float64 {
		if m == nil {
			return nil
		}
		out := make([][]float64, len(rows))
		for i, r := range rows {
			out[i] = m[r]
		}
		return out
	}
	return &Plan{
		Production: pick(plan.Production, c.skus), Inventory: pick(plan.Inventory, c.skus), Lost: pick(plan.Lost, c.skus),
		Backlog: pick(plan.Backlog, c.skus), Shortfall: pick(plan.Shortfall, c.skus), Emergency: pick(plan.Emergency, c.skus),
		Values: pick(plan.Values, c.skus), Overtime: pick(plan.Overtime, c.resources), Prices: pick(plan.Prices, c.resources),
	}
}

// clear empties the matrices of a part.
func (plan *Plan) clear() {
	for _, m := range [][][]float64{plan.Production, plan.Inventory, plan.Lost, plan.Backlog, plan.Shortfall,
		plan.Emergency, plan.Values, plan.Overtime, plan.Prices} {
		for _, row := range m {
			clear(row)
		}
	}
}
