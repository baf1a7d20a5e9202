package optimize

import (
	"math"
	"slices"
)

// lotFiner is how much finer lots must be than others on the same resource to be branched on by whether there is one at all.
const lotFiner = 4

// lotRow is what capacity leaves for those SKUs whose lots are multiples of the same load: with 5 units of one
// made, 15,000 units hold 149 packs of 100 of the others. The LP cannot see that; the row tells it.
type lotRow struct {
	row    int32
	unit   float64 // the common load
	room   float64 // capacity less what is given
	others []int   // choices that take from it
	usage  []float64
}

// lotEntry is a coefficient of a row to be added.
type lotEntry struct {
	column int32
	value  float64
}

// packRows returns the rows of common packs.
func (b *lotBranch) packRows(p, q *Problem) [][]lotEntry {
	b.mixed = make([]bool, len(b.free))
	var rows [][]lotEntry
	for r := range q.Resources {
		for t := range b.m.T {
			row := b.m.index(kindCapacityRow, r, t)
			if row < 0 || at(q.Resources[r].Overtime, t) > 0 || math.IsInf(b.m.lp.RowUpper[row], 1) {
				continue
			}
			room := b.m.lp.RowUpper[row]
			for s := range q.SKUs {
				if a := q.SKUs[s].usage(r); a > 0 && b.l[s] != nil && b.l[s].given[t] {
					room -= a * b.l[s].fixed[t]
				}
			}
			var users []int
			var units []float64
			for i := range b.free {
				if c := &b.free[i]; c.t == t && c.high > 0 && q.SKUs[c.s].usage(r) > 0 {
					users = append(users, i)
					units = append(units, q.SKUs[c.s].usage(r)*p.SKUs[c.s].PackSize)
				}
			}
			for k, unit := range units {
				if unit == 0 || slices.Contains(units[:k], unit) {
					continue
				}
				common := lotRow{room: room, unit: unit, row: int32(b.m.lp.Rows() + len(rows))}
				var entries []lotEntry
				for i, load := range units {
					c := &b.free[users[i]]
					a := q.SKUs[c.s].usage(r)
					if load > 0 && math.Abs(load/unit-math.Round(load/unit)) < 1e-9 {
						entries = b.production(entries, c.s, t, a)
						continue
					}
					common.others, common.usage = append(common.others, users[i]), append(common.usage, a)
					b.mixed[users[i]] = b.mixed[users[i]] || load < unit/lotFiner
				}
				rows, b.packs = append(rows, entries), append(b.packs, common)
			}
		}
	}
	return rows
}

// production appends what SKU s makes in t, times a.
func (b *lotBranch) production(row []lotEntry, s, t int, a float64) []lotEntry {
	row = append(row, lotEntry{b.m.index(kindMore, s, t), a})
	if j := b.m.index(kindKeep, s, t); j >= 0 {
		row = append(row, lotEntry{j, a})
	}
	return row
}

// addRows adds rows without an upper bound to the LP: the packs write theirs at every node.
func (b *lotBranch) addRows(rows [][]lotEntry, lower []float64) {
	old := b.m.lp
	lp := &LP{Offset: old.Offset, RowLower: append(slices.Clone(old.RowLower), lower...), RowUpper: slices.Clone(old.RowUpper)}
	more := make([][]lotEntry, old.Columns())
	for i, row := range rows {
		lp.RowUpper = append(lp.RowUpper, math.Inf(1))
		for _, v := range row {
			more[v.column] = append(more[v.column], lotEntry{int32(old.Rows() + i), v.value})
		}
	}
	for j := range old.Cost {
		lp.addColumn(old.Cost[j], old.Lower[j], old.Upper[j])
		for k := old.Start[j]; k < old.Start[j+1]; k++ {
			lp.addEntry(int(old.Index[k]), old.Value[k])
		}
		for _, v := range more[j] {
			lp.addEntry(int(v.column), v.value)
		}
	}
	b.m.lp = lp
}

// usage is the capacity of resource r that a unit needs.
func (s *SKU) usage(r int) float64 {
	for _, u := range s.Uses {
		if u.Resource == r {
			return u.Amount
		}
	}
	return 0
}
