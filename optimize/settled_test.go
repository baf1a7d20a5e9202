package optimize

import (
	"context"
	"errors"
	"math"
	"testing"

	"pgregory.net/rapid"
)

// A path that is said to hold is at its optimum, wherever prices have gone since the oracle was asked, and its values need not all
// of what is measured.
func TestWhatHoldsIsOptimal(t *testing.T) {
	held := 0
	rapid.Check(t, func(t *rapid.T) {
		p := randomProblem(t)
		m := formulate(p, p.defaultWeights())
		if m.conflict {
			return
		}
		ctx, g := context.Background(), newGuided(newDense)
		if err := errors.Join(g.Load(m.lp), g.c.read(ctx, m.lp)); err != nil {
			t.Fatal(err)
		}
		r, c := newRounds(g, 0, true), g.c
		draw := func() {
			for k := range r.prices {
				if math.IsInf(c.limit[k], 1) {
					continue
				}
				r.prices[k] = float64(rapid.IntRange(0, 40).Draw(t, "price")) / 8
			}
		}
		draw()
		if lower, err := r.b.at(ctx, r.prices, r.base); err != nil || math.IsInf(lower, 0) {
			return
		}
		if _, err := r.settle(ctx, r.eps); err != nil {
			t.Fatal(err)
		}
		draw()
		r.settled.at(r.prices)
		for s := range c.S {
			if !r.hold(&r.exchanges[0], s) {
				continue
			}
			held++
			all, lean := make([]float64, c.T), make([]float64, c.T)
			e := &r.exchanges[0]
			e.measure(c, s, r.prices, r.base)
			e.values(c, s, all)
			if e.worth(c, s, r.prices, r.base, lean) {
				identical(t, "values", all, lean)
			}
			got, _ := r.base.cost(c, s, r.prices)
			want := r.b.oracles[0].solve(c, s, r.prices, func(int32, float64) {})
			if math.Abs(got-want) > 1e-9*(1+math.Abs(want)) {
				t.Fatalf("path %d holds at %.12g, its optimum is %.12g", s, got, want)
			}
		}
	})
	if held == 0 {
		t.Error("nothing held")
	}
}
