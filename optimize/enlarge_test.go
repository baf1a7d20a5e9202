package optimize

import (
	"context"
	"math"
	"testing"

	"pgregory.net/rapid"
)

// The smallest capacity by intervals, by prices and by an LP is the same; where intervals are not exact they are a bound.
func TestSmallestCapacityIsTheSameEveryWay(t *testing.T) {
	exactly, bounded := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		whole := randomProblem(t)
		whole.Mode = Strict
		if whole.impossibleSKU() != nil {
			return
		}
		for _, c := range whole.components() {
			if len(c.resources) == 0 {
				continue
			}
			p := whole.part(c)
			for _, g := range []enlargement{scaled, widened} {
				ctx := context.Background()
				e := &session{newSolver: newDense}
				want, _, err := e.enlargeWhole(ctx, formulate(p, p.defaultWeights()), g)
				if err != nil {
					t.Fatal(err)
				}
				bound, last, exact := p.enlargeByIntervals(g)
				if exact {
					exactly++
					sameCapacity(t, "by intervals", want, bound)
				} else if want != nil {
					bounded++
					if bound == nil || *bound > *want+1e-7*(1+*want) {
						t.Fatalf("bound %v above %v", bound, *want)
					}
				}
				if bound == nil {
					continue
				}
				got, _, err := e.enlargeByPrices(ctx, formulate(p, p.defaultWeights()), g, *bound, last)
				if err != nil {
					t.Fatal(err)
				}
				sameCapacity(t, "by prices", want, got)
			}
		}
	})
	t.Logf("%d intervals were exact, %d were bounds", exactly, bounded)
}

func sameCapacity(t *rapid.T, how string, want, got *float64) {
	if (want == nil) != (got == nil) {
		t.Fatalf("%s %v, by an LP %v", how, got, want)
	}
	if want != nil && math.Abs(*want-*got) > 1e-6*(1+math.Abs(*want)) {
		t.Fatalf("%s %.12g, by an LP %.12g", how, *got, *want)
	}
}
