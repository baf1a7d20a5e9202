package optimize

import (
	"context"
	"math"
	"slices"
)

// stageTolerance is the relative excess of a stage's shortage over its minimum that counts as equal.
const stageTolerance = 1e-7

// checkStages says whether the plan in r has the least weighted loss and, with that, the least weighted shortfall. It returns
// the weights of r's model if so, else larger ones to try. It looks at the plan after ties are broken: at a price that just
// balances, an optimum with the least shortage may be tied with one that has more.
func (e *session) checkStages(ctx context.Context, r *result) (Weights, error) {
	m := r.m
	if m.p.Shortages == Economic {
		return m.weights, nil
	}
	if m.at[kindLost] == nil && m.at[kindBacklog] == nil && m.at[kindShortfall] == nil {
		return m.weights, nil
	}
	loss, shortfall := m.stageCosts()
	lost, short := dot(loss, r.x), dot(shortfall, r.x)
	scale := 1.0
	for s := range m.p.SKUs {
		for _, d := range m.p.SKUs[s].Demand {
			scale = max(scale, d*m.p.SKUs[s].shortageWeight())
		}
	}
	if lost <= 1e-9*scale && short <= 1e-9*scale {
		return m.weights, nil
	}
	least, raised, nothingShort := r.least, m.weights, short <= 1e-9*scale
	if math.IsNaN(least.loss) || (math.IsNaN(least.shortfall) && !nothingShort) {
		if err := e.findLeast(ctx, r, loss, shortfall, nothingShort); err != nil {
			return m.weights, err
		}
	}
	beyond := func(v, least float64) bool { return v > least+stageTolerance*(scale+math.Abs(v)) }
	switch {
	case beyond(lost, least.loss):
		raised.Loss *= 10
	case !nothingShort && beyond(short, least.shortfall):
		raised.Shortfall *= 10
		raised.Loss *= 10
	}
	return raised, nil
}

// stageCosts are the costs of the two shortage stages: weighted loss with the backlog at its price, and
// weighted shortfall.
func (m *model) stageCosts() (loss, shortfall []float64) {
	loss, shortfall = make([]float64, m.lp.Columns()), make([]float64, m.lp.Columns())
	for s := range m.p.SKUs {
		sku := &m.p.SKUs[s]
		w := sku.shortageWeight()
		for t := range m.T {
			if j := m.index(kindLost, s, t); j >= 0 {
				loss[j] = w
			}
			if j := m.index(kindBacklog, s, t); j >= 0 {
				loss[j] = sku.BacklogCost
				if t == m.T-1 {
					loss[j] += w
				}
			}
			if j := m.index(kindShortfall, s, t); j >= 0 {
				shortfall[j] = w
			}
		}
	}
	return loss, shortfall
}

// faceBounds tells the bounds of columns and rows on the optimal face that sol is on: columns with a reduced cost stay at
// their bound, rows with a price at theirs.
type faceBounds struct{ tolerance float64 }

func newFaceBounds(sol *Solution) faceBounds {
	largest := 0.0
	for _, y := range sol.Duals {
		largest = max(largest, math.Abs(y))
	}
	return faceBounds{1e-7 + 1e-11*largest}
}

// of returns the bounds of column j.
func (f *faceBounds) of(lp *LP, sol *Solution, j int) (low, high float64) {
	return f.within(sol.Reduced[j], lp.Lower[j], lp.Upper[j])
}

// row returns the bounds of row i.
func (f *faceBounds) row(lp *LP, sol *Solution, i int) (low, high float64) {
	return f.within(sol.Duals[i], lp.RowLower[i], lp.RowUpper[i])
}

func (f *faceBounds) within(price, low, high float64) (float64, float64) {
	switch {
	case price > f.tolerance && !math.IsInf(low, -1):
		high = low
	case price < -f.tolerance && !math.IsInf(high, 1):
		low = high
	}
	return low, high
}

// fixFace restricts lp to the optima that sol is one of.
func fixFace(lp *LP, sol *Solution) {
	f := newFaceBounds(sol)
	for j := range lp.Cost {
		lp.Lower[j], lp.Upper[j] = f.of(lp, sol, j)
	}
	for i := range lp.RowLower {
		lp.RowLower[i], lp.RowUpper[i] = f.row(lp, sol, i)
	}
}

// breakTies picks one of the optima, always the same: least Σ (1 + hash/2⁶⁴)·x over everything but
// stock, which follows from the rest.
func (e *session) breakTies(ctx context.Context, r *result) error {
	if e.guided {
		return e.breakTiesLoose(ctx, r)
	}
	m := r.m
	lp := m.lp.clone()
	fixFace(lp, r.duals)
	r.x = r.duals.X
	if unique(lp, r.duals.Basis) {
		return nil
	}
	clear(lp.Cost)
	lp.Offset = 0
	periods := e.periodSeeds(m.p.Periods)
	set := func(j int32, cost float64) { lp.Cost[j] = cost }
	for s := range m.p.SKUs {
		m.tieCosts(kindStockRow, s, periods, set)
	}
	for i := range m.p.Resources {
		m.tieCosts(kindCapacityRow, i, periods, set)
	}
	sol, err := e.run(ctx, lp, r.duals.Basis, PrimalSimplex, &r.stats)
	if err != nil {
		return err
	}
	if sol.Status == LPOptimal { // else the face is empty by a tolerance: keep the optimum there is
		r.x = sol.X
	}
	return nil
}

// tieCosts tells set the cost in breakTies of every decision of an SKU or resource, of which rows are the rows.
func (m *model) tieCosts(rows kind, entity int, periods []uint64, set func(j int32, cost float64)) {
	for k := range kinds {
		if k.isRow() || k == kindStock || m.at[k] == nil || k.perSKU() != rows.perSKU() {
			continue
		}
		decision := tieSeed(k, m.entity(k, entity))
		for t, period := range periods {
			if j := m.index(k, entity, t); j >= 0 {
				set(j, 1+tieWeight(decision, period))
			}
		}
	}
}

// tieSeed is a number that belongs to a name for ever.
func tieSeed(k kind, name string) uint64 {
	h := (fnvOffset ^ uint64(k)) * fnvPrime
	for i := range len(name) {
		h = (h ^ uint64(name[i])) * fnvPrime
	}
	return h
}

// The constants of FNV-1a, 64 bits.
const (
	fnvOffset = 14695981039346656037
	fnvPrime  = 1099511628211
)

// periodSeeds are the seeds of the periods, kept from one component to the next.
func (e *session) periodSeeds(names []string) []uint64 {
	if !slices.Equal(e.named, names) {
		e.named, e.periods = names, make([]uint64, len(names))
		for t, name := range names {
			e.periods[t] = tieSeed(absent, name)
		}
	}
	return e.periods
}

// tieWeight mixes two seeds into a number in [0, 1), the way splitmix64 ends (Steele, Lea, Flood 2014).
func tieWeight(decision, period uint64) float64 {
	x := decision + period*0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return float64((x^x>>31)>>11) / (1 << 53)
}

func dot(a, b []float64) float64 {
	sum := 0.0
	for i, x := range a {
		if x != 0 {
			sum += x * b[i]
		}
	}
	return sum
}
