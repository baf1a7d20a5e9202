package optimize

import "math"

// justInTime returns the basis of the plan that makes everything as late as possible and knows no
// capacity. It is dual feasible (every SKU is optimal at capacity price 0), so the dual simplex
// method only has to work off overloaded periods.
//
// The stock rows of one SKU are a path in time: stock carried is an arc from t to t+1, production and
// lost sales are arcs into t. A basis is a tree: neighbouring periods joined by basic stock arcs,
// each such run with exactly one root, a basic arc from outside.
func (m *model) justInTime() *Basis {
	b := &Basis{Columns: make([]VarStatus, m.lp.Columns()), Rows: make([]VarStatus, m.lp.Rows())}
	for i := len(m.p.SKUs) * m.T; i < len(b.Rows); i++ {
		b.Rows[i] = Basic
	}
	for s := range m.p.SKUs {
		m.justInTimeSKU(b, s)
	}
	for j := range b.Columns {
		if b.Columns[j] == AtLower && math.IsInf(m.lp.Lower[j], -1) {
			b.Columns[j] = FreeNonbasic
		}
	}
	return b
}

func (m *model) justInTimeSKU(b *Basis, s int) {
	lp, sku := m.lp, &m.p.SKUs[s]
	stock, rooted := 0.0, false
	upper := func(j int32) float64 {
		if j < 0 {
			return 0
		}
		return lp.Upper[j]
	}
	lower := func(j int32) float64 {
		if j < 0 {
			return 0
		}
		return lp.Lower[j]
	}
	for t := range m.T {
		keep, more := int32(-1), int32(-1)
		if u := t - sku.LeadTime; u >= 0 {
			keep, more = m.index(kindKeep, s, u), m.index(kindMore, s, u)
		}
		lost, owed, extra := m.index(kindLost, s, t), m.index(kindBacklog, s, t), m.index(kindEmergency, s, t)
		held, short := m.index(kindStock, s, t), m.index(kindShortfall, s, t)
		safety := lp.Lower[held]

		stock += lower(keep) + lower(more) - lp.RowLower[s*m.T+t]
		root, used := int32(-1), false // a column that can be basic here, and whether it carries anything
		fill := func(j int32, want float64) {
			if j < 0 || lp.Upper[j] <= lp.Lower[j] {
				return
			}
			room := lp.Upper[j] - lp.Lower[j]
			add := math.Max(0, math.Min(want-stock, room))
			if stock += add; add >= room {
				b.Columns[j] = AtUpper
				return
			}
			if add > 0 {
				stock = want // exactly: a rounding error is no stock to carry
			}
			if root < 0 {
				root, used = j, add > 0
			}
		}
		fill(keep, safety)
		fill(more, safety)
		if root < 0 {
			fill(lost, 0)
			fill(extra, safety)
		}

		linked := int32(-1)
		switch {
		case stock > safety:
			linked = held
		case stock < safety && stock > 0 && short >= 0:
			linked = short
		case stock <= 0 && safety > 0 && upper(short) >= safety:
			b.Columns[short] = AtUpper
			if stock < 0 && owed >= 0 {
				linked = owed
			}
		case stock < 0 && owed >= 0:
			linked = owed
		}
		if owed < 0 {
			stock = math.Max(0, stock)
		}
		// A run that ends without a root takes a column that carries nothing (a degenerate root).
		if !rooted && root >= 0 && (used || linked < 0) {
			b.Columns[root], rooted = Basic, true
		}
		if linked >= 0 && (t+1 < m.T || !rooted) {
			b.Columns[linked] = Basic
			if t+1 == m.T {
				rooted = true
			}
		}
		if linked < 0 || t+1 == m.T {
			if !rooted {
				b.Rows[s*m.T+t] = Basic
			}
			rooted = false
		}
	}
}
