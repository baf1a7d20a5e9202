package optimize

import (
	"context"
	"math"
	"sync"
)

// kind names the sorts of columns and rows. The numbers are part of a stored Start: append only.
type kind uint8

const (
	kindKeep      kind = iota // y: production up to the baseline
	kindMore                  // z: production beyond it; all production where there is no baseline
	kindLost                  // lost sales
	kindBacklog               // I⁻
	kindEmergency             // from the source of last resort
	kindStock                 // J = I⁺ + shortfall, at least the safety stock
	kindShortfall             // how far I⁺ is below the safety stock
	kindOvertime
	kindStockRow
	kindCapacityRow
	kinds
)

// perSKU are the kinds that exist for (SKU, period); the rest exist for (resource, period).
func (k kind) perSKU() bool { return k != kindOvertime && k != kindCapacityRow }
func (k kind) isRow() bool  { return k == kindStockRow || k == kindCapacityRow }

// model is a Problem written as an LP, with the place of every variable. at[k] is indexed
// [entity*T + period]; -1 where there is no such column or row. Matrices without any are nil.
type model struct {
	p        *Problem
	T        int
	lp       *LP
	at       [kinds][]int32
	first    []int32 // columns of SKU s: first[s] … first[s+1]−1
	weights  Weights
	raised   []Row
	spare    [kinds][]int32 // memory
	conflict bool           // some column has contradictory bounds: strict and impossible

	frame  fingerprint   // of what all SKUs have in common,
	prints []fingerprint // and of each
	change []float64     // by SKU: the constant of its change prices
	forced []bool        // by SKU: some production cannot be avoided
}

func (m *model) index(k kind, entity, t int) int32 {
	if m.at[k] == nil {
		return -1
	}
	return m.at[k][entity*m.T+t]
}

// formulate writes p, which has passed Check, as an LP.
//
// The safety stock needs no row of its own: J = I⁺ + shortfall is the column, with ss as its lower
// bound, and the stock row sees J − shortfall. At an optimum J = max(ss, I⁺), because lowering both
// together saves the shortfall's price.
func formulate(p *Problem, w Weights) *model {
	m, err := formulateWithin(context.Background(), p, w)
	if err != nil {
		panic(err) // the background does not end
	}
	return m
}

// formulateWithin is formulate, which takes a second for a large site, while ctx lasts.
func formulateWithin(ctx context.Context, p *Problem, w Weights) (*model, error) {
	S, T, R := len(p.SKUs), len(p.Periods), len(p.Resources)
	m := modelPool.Get().(*model)
	m.reset(p, w)
	rows := m.placeRows(S, T, R)
	m.lp.RowLower, m.lp.RowUpper = resized(m.lp.RowLower, rows), resized(m.lp.RowUpper, rows)
	m.lp.reserve(p.size())
	m.lp.Start = append(m.lp.Start, 0)
	m.first = append(m.first, 0)
	m.change, m.forced = resized(m.change, S), resized(m.forced, S)
	for s := range p.SKUs {
		if err := ended(ctx, s, 64); err != nil {
			m.release()
			return nil, err
		}
		m.sku(s)
		m.first = append(m.first, int32(m.lp.Columns()))
	}
	m.resources()
	return m, nil
}

// size is how many columns and entries the LP has, and perhaps a few more.
func (p *Problem) size() (columns, entries int) {
	T := len(p.Periods)
	for s := range p.SKUs {
		sku := &p.SKUs[s]
		production, arcs, sources := T, T, 0
		if sku.Baseline != nil {
			production += T
		}
		if p.Mode != Strict {
			arcs, sources = arcs+T, sources+T
			if sku.BacklogCost > 0 {
				arcs, sources = arcs+T, sources-T
			}
		} else {
			arcs += min(T, sku.reach(p))
		}
		if sku.EmergencyCost > 0 {
			sources += T
		}
		columns += production + arcs + sources
		entries += production*(1+len(sku.Uses)) + 2*arcs + sources
	}
	return columns + len(p.Resources)*T, entries + len(p.Resources)*T
}

// resources adds what belongs to the resources.
func (m *model) resources() {
	m.raised = nil
	m.lp.Offset = 0
	for _, v := range m.change {
		m.lp.Offset += v
	}
	fixedLoad := make([]float64, len(m.p.Resources)*m.T)
	for s, forced := range m.forced {
		if !forced {
			continue
		}
		lower, _ := m.p.SKUs[s].production(m.p)
		for _, u := range m.p.SKUs[s].Uses {
			for t, v := range lower {
				fixedLoad[u.Resource*m.T+t] += u.Amount * v
			}
		}
	}
	for r := range m.p.Resources {
		m.resource(r, fixedLoad[r*m.T:(r+1)*m.T])
	}
}

// modelPool keeps the memory of models that are done with.
var modelPool = sync.Pool{New: func() any { return &model{lp: &LP{}} }}

// reset empties m for p.
func (m *model) reset(p *Problem, w Weights) {
	m.p, m.T, m.weights, m.conflict, m.frame = p, len(p.Periods), w, false, 0
	for k, at := range m.at {
		if at != nil {
			m.spare[k], m.at[k] = at, nil
		}
	}
	lp := m.lp
	m.first = m.first[:0]
	lp.Cost, lp.Lower, lp.Upper, lp.Start, lp.Index, lp.Value = lp.Cost[:0], lp.Lower[:0], lp.Upper[:0], lp.Start[:0], lp.Index[:0], lp.Value[:0]
	lp.Paths, lp.PathLength = len(p.SKUs), m.T
}

// release gives back the memory of m, of which nothing may be used any more.
func (m *model) release() {
	m.p, m.raised = nil, nil
	modelPool.Put(m)
}

// placeRows numbers the stock rows, then the capacity rows of every resource that is used and limited.
func (m *model) placeRows(S, T, R int) int {
	used := m.p.used()
	m.at[kindStockRow] = resized(m.spare[kindStockRow], S*T)
	for i := range m.at[kindStockRow] {
		m.at[kindStockRow][i] = int32(i)
	}
	next := S * T
	for r := range R {
		if !used[r] || !m.p.Resources[r].limited() {
			continue
		}
		for t := range T {
			m.place(kindCapacityRow, R, r, t, int32(next))
			next++
		}
	}
	return next
}

// place notes where a column or row is.
func (m *model) place(k kind, entities, entity, t int, index int32) {
	if m.at[k] == nil {
		m.at[k] = resized(m.spare[k], entities*m.T)
		for i := range m.at[k] {
			m.at[k][i] = -1
		}
	}
	m.at[k][entity*m.T+t] = index
}

// column adds a column of SKU s.
func (m *model) column(k kind, s, t int, cost, lower, upper float64) {
	if lower > upper {
		m.conflict = true
		upper = lower
	}
	m.place(k, len(m.p.SKUs), s, t, m.lp.addColumn(cost, lower, upper))
}

// sku adds the columns and stock rows of one SKU.
func (m *model) sku(s int) {
	p, sku, T, inf := m.p, &m.p.SKUs[s], m.T, math.Inf(1)
	weight := sku.shortageWeight()
	lower, upper := sku.production(p)
	limit := sku.storage(p, lower)
	m.change[s], m.forced[s] = 0, false
	for t := range T {
		m.forced[s] = m.forced[s] || lower[t] > 0
		if sku.hasBaseline(t) {
			base, k := sku.Baseline[t], at(sku.ChangePrice, t)
			m.change[s] += k * base
			m.column(kindKeep, s, t, sku.ProductionCost-k, min(lower[t], base), min(upper[t], base))
			m.productionEntries(s, t)
			m.column(kindMore, s, t, sku.ProductionCost+k, max(0, lower[t]-base), max(0, upper[t]-base))
		} else {
			m.column(kindMore, s, t, sku.ProductionCost, lower[t], upper[t])
		}
		m.productionEntries(s, t)

		row := s*T + t
		if p.Mode != Strict {
			if sku.BacklogCost > 0 {
				cost := m.weights.Loss * sku.BacklogCost
				if t == T-1 {
					cost += m.weights.Loss * weight
				}
				m.column(kindBacklog, s, t, cost, 0, inf)
				m.carry(s, t, -1)
			} else {
				m.column(kindLost, s, t, m.weights.Loss*weight, 0, sku.Demand[t])
				m.lp.addEntry(row, 1)
			}
		}
		if sku.EmergencyCost > 0 {
			m.column(kindEmergency, s, t, sku.EmergencyCost, 0, inf)
			m.lp.addEntry(row, 1)
		}

		safety, most, least := sku.SafetyStock[t], inf, 0.0
		if limit != nil {
			most, least = max(limit[t], safety), max(0, safety-limit[t])
		}
		h := p.holding(sku, t)
		m.column(kindStock, s, t, h, safety, most)
		m.carry(s, t, 1)
		if p.soft(sku, t) {
			m.column(kindShortfall, s, t, p.shortfallPrice(m.weights, sku)-h, least, safety)
			m.carry(s, t, -1)
		} else if least > 0 {
			m.conflict = true
		}

		need := sku.Demand[t] - at(sku.Receipts, t)
		if t == 0 {
			need -= sku.Opening
		}
		m.lp.RowLower[row], m.lp.RowUpper[row] = need, need
	}
}

// productionEntries writes the column last added: one unit arrives after the lead time and loads each resource.
func (m *model) productionEntries(s, t int) {
	sku := &m.p.SKUs[s]
	if arrival := t + sku.LeadTime; arrival < m.T {
		m.lp.addEntry(s*m.T+arrival, 1)
	}
	for _, u := range sku.Uses {
		if row := m.index(kindCapacityRow, u.Resource, t); row >= 0 {
			m.lp.addEntry(int(row), u.Amount)
		}
	}
}

// carry writes the column last added as stock that leaves period t for t+1; sign −1 is stock owed.
func (m *model) carry(s, t int, sign float64) {
	m.lp.addEntry(s*m.T+t, -sign)
	if t+1 < m.T {
		m.lp.addEntry(s*m.T+t+1, sign)
	}
}

// resource adds overtime and the bounds of the capacity rows; a row that the unavoidable load exceeds
// is raised to it.
func (m *model) resource(r int, fixedLoad []float64) {
	res := &m.p.Resources[r]
	for t := range m.T {
		row := m.index(kindCapacityRow, r, t)
		if row < 0 {
			continue
		}
		overtime := at(res.Overtime, t)
		if res.Overtime != nil {
			j := m.lp.addColumn(res.OvertimeCost[t], 0, overtime)
			m.place(kindOvertime, len(m.p.Resources), r, t, j)
			m.lp.addEntry(int(row), -1)
		}
		m.lp.RowLower[row], m.lp.RowUpper[row] = math.Inf(-1), math.Inf(1)
		if res.Unlimited != nil && res.Unlimited[t] {
			continue
		}
		room := res.Capacity[t] - at(res.Load, t)
		if over := fixedLoad[t] - overtime - room; over > 0 {
			room += over
			if over > 1e-9*(1+res.Capacity[t]) {
				m.raised = append(m.raised, Row{r, t, over})
			}
		}
		m.lp.RowUpper[row] = room
	}
}
