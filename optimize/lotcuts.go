package optimize

import "math"

// packCuts returns the rows, with their lower bounds, that say what packs leave short. Of a requirement of k−1 packs and a rest r, fewer
// than k packs leave at least r short, and each one missing at least r more:
//
//	lost + owed + below safety stock  ≥  r·(k − packs made by then)
//
// (mixed-integer rounding of the stock up to a period: Nemhauser, Wolsey, Math. Programming 46, 1990). Where nothing may be
// short that is the requirement rounded up to packs; where something is, the LP would otherwise have a part of a
// pack serve exactly as much as there is room for.
func (b *lotBranch) packCuts(q *Problem) (rows [][]lotEntry, lower []float64) {
	for s, l := range b.l {
		if l == nil || l.sku.PackSize == 0 {
			continue
		}
		sku, pack := &q.SKUs[s], l.sku.PackSize
		position := sku.Opening
		var made, lost []lotEntry // by t
		for t := range b.m.T {
			position += at(sku.Receipts, t) - sku.Demand[t]
			if j := b.m.index(kindLost, s, t); j >= 0 {
				lost = append(lost, lotEntry{j, 1})
			}
			u := t - sku.LeadTime
			if u < 0 {
				continue
			}
			if l.given[u] {
				position += l.fixed[u]
			} else {
				made = b.production(made, s, u, 1)
			}
			need := sku.SafetyStock[t] - position
			packs := math.Ceil(need/pack - 1e-7)
			rest := need - pack*(packs-1)
			if packs < 1 || rest < 1e-6*pack || rest > (1-1e-6)*pack {
				continue
			}
			row := append([]lotEntry(nil), lost...)
			for _, v := range made {
				row = append(row, lotEntry{v.column, rest / pack})
			}
			for _, k := range []kind{kindBacklog, kindShortfall} {
				if j := b.m.index(k, s, t); j >= 0 {
					row = append(row, lotEntry{j, 1})
				}
			}
			rows, lower = append(rows, row), append(lower, rest*packs)
		}
	}
	return rows, lower
}
