package optimize

import (
	"math"
	"slices"
)

// lotOracle finds the cheapest lots of one SKU at given prices: Wagner and Whitin's dynamic programme
// (Management Science 5, 1958) over what has been made so far, in steps, instead of over regeneration
// points, because packs, least lots, bounds, change prices and prices that jump where capacity ends leave
// no other structure. The cost of a lot is piecewise linear in its size; each piece is a minimum over a
// window that slides with the state, so a period costs as many steps as there are states.
type lotOracle struct {
	f, g   []float64
	first  int // f is infinite before it
	from   [][]int32
	window []int32
	pieces []lotPiece
	kinks  []float64
}

// lotPiece is the cost of lots from a to b steps: fixed + slope·quantity.
type lotPiece struct {
	a, b         int
	fixed, slope float64
}

// knee makes every unit of a period's production beyond at dearer by slope.
type knee struct{ at, slope float64 }

// best returns the cheapest production at a charge per unit for every start period, with knees, and its cost, holding
// and orders included; what is given is neither priced nor in the production returned. below prices a unit
// and period under the requirement; +Inf: it must be met. The cost is +Inf if nothing fits.
func (o *lotOracle) best(p *Problem, l *lotting, charge []float64, knees func(t int) []knee, below float64) (float64, []float64) {
	T, N, lead := len(p.Periods), l.steps, l.sku.LeadTime
	o.f, o.g = append(o.f[:0], make([]float64, N+1)...), append(o.g[:0], make([]float64, N+1)...)
	for len(o.from) < T {
		o.from = append(o.from, nil)
	}
	for n := range o.f {
		o.f[n] = math.Inf(1)
	}
	o.f[0], o.first = 0, 0
	for t := range T {
		o.from[t] = append(o.from[t][:0], make([]int32, N+1)...)
		from := o.from[t]
		if l.given[t] {
			for n := range from {
				from[n] = int32(n)
			}
		} else {
			o.cut(p, l, t, charge[t], knees)
			for n := range o.g {
				o.g[n] = math.Inf(1)
			}
			for _, piece := range o.pieces {
				o.slide(piece, l.step, from)
			}
			o.f, o.g = o.g, o.f
		}
		u := t + lead
		if u >= T {
			continue
		}
		h := p.holding(l.sku, u)
		for o.first < N && math.IsInf(below, 1) && l.need[u]-float64(o.first)*l.step > 1e-9*(1+l.need[u]) {
			o.f[o.first] = math.Inf(1)
			o.first++
		}
		for n := o.first; n <= N; n++ {
			made := float64(n) * l.step
			if short := l.need[u] - made; short > 1e-9*(1+made) {
				o.f[n] += below * short
			}
			if l.most != nil && made > 0 && made > l.most[u]+1e-9*(1+made) {
				o.f[n] = math.Inf(1)
			}
			if stock := l.net[u] + made; stock > 0 {
				o.f[n] += h * stock
			}
		}
	}
	n, cost := 0, math.Inf(1)
	for i, v := range o.f {
		if v < cost {
			n, cost = i, v
		}
	}
	x := make([]float64, T)
	if math.IsInf(cost, 1) {
		return cost, x
	}
	for t := T - 1; t >= 0; t-- {
		m := int(o.from[t][n])
		x[t] = float64(n-m) * l.step
		n = m
	}
	for u := range min(lead, T) { // what stands in stock before anything can arrive
		cost += p.holding(l.sku, u) * math.Max(0, l.net[u])
	}
	return cost, x
}

// cut writes the cost of a lot in t as pieces.
func (o *lotOracle) cut(p *Problem, l *lotting, t int, charge float64, knees func(t int) []knee) {
	base, k := 0.0, 0.0
	if l.sku.hasBaseline(t) {
		base, k = l.sku.Baseline[t], at(l.sku.ChangePrice, t)
	}
	o.pieces = o.pieces[:0]
	if l.may0[t] {
		o.pieces = append(o.pieces, lotPiece{0, 0, k * base, 0})
	}
	if l.low[t] > l.high[t] {
		return
	}
	o.kinks = o.kinks[:0]
	if k > 0 && base > 0 {
		o.kinks = append(o.kinks, base)
	}
	var over []knee
	if knees != nil {
		over = knees(t)
	}
	for _, v := range over {
		o.kinks = append(o.kinks, v.at)
	}
	slices.Sort(o.kinks)
	first := max(1, int(math.Ceil((l.low[t]-l.slack)/l.step+1e-7)))
	if l.slack == 0 {
		first = max(1, int(math.Ceil(l.low[t]/l.step-1e-7)))
	}
	last := l.steps
	if top := l.high[t] / l.step; top < float64(last) {
		last = int(math.Floor(top + 1e-7))
	}
	if l.slack > 0 {
		last = max(first, last)
	}
	for i := 0; i <= len(o.kinks) && first <= last; i++ {
		end := last
		if i < len(o.kinks) {
			if v := math.Floor(o.kinks[i]/l.step + 1e-7); v < float64(end) {
				end = int(v)
			}
		}
		if end < first {
			continue
		}
		middle := (float64(first) + float64(end)) / 2 * l.step // pieces hold no kink inside
		piece := lotPiece{first, end, l.sku.OrderCost, charge}
		if middle <= base {
			piece.slope -= k
			piece.fixed += k * base
		} else {
			piece.slope += k
			piece.fixed -= k * base
		}
		for _, v := range over {
			if middle > v.at {
				piece.slope += v.slope
				piece.fixed -= v.slope * v.at
			}
		}
		o.pieces = append(o.pieces, piece)
		first = end + 1
	}
}

// slide lowers g[n] to the least f[m] + cost of n − m steps by piece.
func (o *lotOracle) slide(piece lotPiece, step float64, from []int32) {
	slope := piece.slope * step
	if piece.a == piece.b {
		add := piece.fixed + slope*float64(piece.a)
		for n := piece.a + o.first; n < len(o.g); n++ {
			if v := o.f[n-piece.a] + add; v < o.g[n] {
				o.g[n], from[n] = v, int32(n-piece.a)
			}
		}
		return
	}
	o.window = o.window[:0]
	head := 0
	for n := piece.a + o.first; n < len(o.g); n++ {
		m := n - piece.a
		if v := o.f[m] - slope*float64(m); !math.IsInf(v, 1) {
			for len(o.window) > head {
				if w := o.window[len(o.window)-1]; o.f[w]-slope*float64(w) < v {
					break
				}
				o.window = o.window[:len(o.window)-1]
			}
			o.window = append(o.window, int32(m))
		}
		for head < len(o.window) && int(o.window[head]) < n-piece.b {
			head++
		}
		if head < len(o.window) {
			m := int(o.window[head])
			if v := o.f[m] + piece.fixed + slope*float64(n-m); v < o.g[n] {
				o.g[n], from[n] = v, int32(m)
			}
		}
	}
}
