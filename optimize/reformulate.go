package optimize

// remember notes what the model was written from.
func (m *model) remember() {
	m.frame, m.prints = m.p.frame(m.weights), resized(m.prints, len(m.p.SKUs))
	for s := range m.p.SKUs {
		m.prints[s] = m.p.SKUs[s].fingerprint()
	}
}

// reformulate makes m the LP of p by writing what differs from the problem that it remembers: some SKUs, and the
// resources. It returns those SKUs. ok is false where other columns or rows are needed than there are; m is of no use then.
func (m *model) reformulate(p *Problem, w Weights) (skus []int32, ok bool) {
	if m.conflict || m.frame != p.frame(w) {
		return nil, false
	}
	m.p = p
	skus = []int32{}
	for s := range p.SKUs {
		print := p.SKUs[s].fingerprint()
		if print == m.prints[s] {
			continue
		}
		m.prints[s] = print
		skus = append(skus, int32(s))
		if !m.again(s) {
			return nil, false
		}
	}
	lp, own := m.lp, m.first[len(p.SKUs)]
	m.lp.cut(int(own), int(lp.Start[own]))
	for i := range m.at[kindOvertime] {
		m.at[kindOvertime][i] = -1
	}
	m.resources()
	return skus, true
}

// again writes SKU s into the place that it has.
func (m *model) again(s int) bool {
	for k := range kinds {
		if k.perSKU() && !k.isRow() && m.at[k] != nil {
			for t := range m.T {
				m.at[k][s*m.T+t] = -1
			}
		}
	}
	lp, from, to := m.lp, m.first[s], m.first[s+1]
	columns, entries, end := lp.Columns(), len(lp.Index), lp.Start[to]
	lp.cut(int(from), int(lp.Start[from]))
	m.sku(s)
	if lp.Columns() != int(to) || len(lp.Index) != int(end) || m.conflict {
		return false
	}
	lp.cut(columns, entries)
	return true
}

// cut makes the lists of lp end after so many columns and entries. What is behind stays in memory.
func (lp *LP) cut(columns, entries int) {
	lp.Cost, lp.Lower, lp.Upper, lp.Start = lp.Cost[:columns], lp.Lower[:columns], lp.Upper[:columns], lp.Start[:columns+1]
	lp.Index, lp.Value = lp.Index[:entries], lp.Value[:entries]
}
