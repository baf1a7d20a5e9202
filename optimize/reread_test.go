package optimize

import (
	"context"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// An LP that is written on, and read again, is the LP that is written and read from the start, whatever becomes of an
// SKU and of the resources.
func TestRewrittenIsWritten(t *testing.T) {
	kept := 0
	rapid.Check(t, func(t *rapid.T) {
		p, q := randomProblem(t), randomProblem(t)
		m := formulate(p, p.defaultWeights())
		if m.conflict {
			return
		}
		m.remember()
		c := &coupled{}
		if err := c.read(context.Background(), m.lp); err != nil {
			t.Fatal(err)
		}
		next := *p
		next.SKUs, next.Resources = slices.Clone(p.SKUs), slices.Clone(p.Resources)
		if s := rapid.IntRange(0, len(p.SKUs)-1).Draw(t, "SKU"); len(p.Periods) == len(q.Periods) && len(q.Resources) <= len(p.Resources) && rapid.Bool().Draw(t, "another") {
			next.SKUs[s] = q.SKUs[0]
		} else {
			next.SKUs[s].Opening += 2
			next.SKUs[s].Demand = slices.Clone(next.SKUs[s].Demand)
			next.SKUs[s].Demand[0] = 0
		}
		next.Resources[0].Capacity = constant(rapid.Float64Range(0, 30).Draw(t, "capacity"), len(p.Periods))
		fresh := formulate(&next, m.weights)
		skus, ok := m.reformulate(&next, m.weights)
		if !ok || fresh.conflict {
			return
		}
		sameModel(t, fresh, m)
		if !c.reread(m.lp, skus) {
			return
		}
		kept++
		d := &coupled{}
		if err := d.read(context.Background(), fresh.lp); err != nil {
			t.Fatal(err)
		}
		sameCoupled(t, d, c)
	})
	if kept == 0 {
		t.Error("nothing was ever read again")
	}
}

func sameModel(t *rapid.T, want, got *model) {
	identical(t, "first", want.first, got.first)
	for k := range kinds {
		for e := range max(len(want.p.SKUs), len(want.p.Resources)) * want.T {
			if at := func(m *model) int32 {
				if e < len(m.at[k]) {
					return m.at[k][e]
				}
				return -1
			}; at(want) != at(got) {
				t.Fatalf("place %d of kind %d is %d, from the start %d", e, k, at(got), at(want))
			}
		}
	}
	identical(t, "raised", want.raised, got.raised)
	a, b := want.lp, got.lp
	identical(t, "offset", []float64{a.Offset}, []float64{b.Offset})
	for name, v := range map[string][2][]float64{"cost": {a.Cost, b.Cost}, "lower": {a.Lower, b.Lower}, "upper": {a.Upper, b.Upper},
		"value": {a.Value, b.Value}, "row lower": {a.RowLower, b.RowLower}, "row upper": {a.RowUpper, b.RowUpper}} {
		identical(t, name, v[0], v[1])
	}
	identical(t, "start", a.Start, b.Start)
	identical(t, "index", a.Index, b.Index)
}

func sameCoupled(t *rapid.T, a, b *coupled) {
	for name, v := range map[string][2][]float64{"cost": {a.cost, b.cost}, "room": {a.room, b.room}, "amount": {a.amount, b.amount}, "need": {a.need, b.need},
		"base": {a.base, b.base}, "dust": {a.dust, b.dust}, "limit": {a.limit, b.limit}, "offset": {{a.offset}, {b.offset}}} {
		identical(t, name, v[0], v[1])
	}
	slices.Sort(a.full)
	slices.Sort(b.full)
	for name, v := range map[string][2][]int32{"first": {a.first, b.first}, "column": {a.column, b.column}, "entry": {a.entry, b.entry}, "row": {a.row, b.row},
		"twin": {a.twin, b.twin}, "shared": {a.shared, b.shared}, "full": {a.full, b.full}, "idle": {a.idle, b.idle}, "own": {a.own, b.own}} {
		identical(t, name, v[0], v[1])
	}
	identical(t, "cuts", a.cuts, b.cuts)
	identical(t, "pieces", a.piece, b.piece)
	identical(t, "plain", a.plain, b.plain)
}

func identical[E comparable](t *rapid.T, name string, want, got []E) {
	if !slices.Equal(want, got) {
		t.Fatalf("%s: %v, from the start %v", name, got, want)
	}
}
