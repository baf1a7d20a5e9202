package optimize

import (
	"context"
	"math"
	"math/rand"
	"testing"

	"pgregory.net/rapid"
)

// On the LP of any SKU at any prices, with its own costs, with those of both stages and random ones, and on the optimal
// face, the oracle finds what the dense simplex method finds, and its flow costs what it says.
func TestOracleAgreesWithDense(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := randomProblem(t)
		m := formulate(p, p.defaultWeights())
		if m.conflict {
			return
		}
		lps := []*LP{m.lp}
		loss, shortfall := m.stageCosts()
		for _, cost := range [][]float64{loss, shortfall, nil} {
			lp := m.lp.clone()
			if cost == nil {
				for j := range lp.Cost {
					lp.Cost[j] = float64(rapid.IntRange(0, 6).Draw(t, "cost"))
				}
			} else {
				lp.Cost = cost
			}
			lps = append(lps, lp)
		}
		for _, lp := range lps {
			prices := make([]float64, lp.Rows()-len(p.SKUs)*m.T)
			for k := range prices {
				if !math.IsInf(lp.RowUpper[len(p.SKUs)*m.T+k], 1) {
					prices[k] = float64(rapid.IntRange(0, 8).Draw(t, "price")) / 2
				}
			}
			priced := pricedLP(lp, prices)
			c := &coupled{}
			if err := c.read(context.Background(), lp); err != nil {
				t.Fatal(err)
			}
			oracleAgainst(t, c, priced, prices)
		}
	})
}

// pricedLP is lp with its shared rows in the cost.
func pricedLP(lp *LP, prices []float64) *LP {
	q := lp.clone()
	nodes := lp.Paths * lp.PathLength
	for j := range q.Cost {
		for k := q.Start[j]; k < q.Start[j+1]; k++ {
			if row := int(q.Index[k]); row >= nodes {
				q.Cost[j] += prices[row-nodes] * q.Value[k]
			}
		}
	}
	for k := range prices {
		q.Offset -= prices[k] * finiteOr0(lp.RowUpper[nodes+k])
		q.RowLower[nodes+k], q.RowUpper[nodes+k] = math.Inf(-1), math.Inf(1)
	}
	return q
}

func finiteOr0(v float64) float64 {
	if math.IsInf(v, 0) {
		return 0
	}
	return v
}

func oracleAgainst(t *rapid.T, c *coupled, priced *LP, prices []float64) {
	dense := &Dense{}
	if err := dense.Load(priced); err != nil {
		t.Fatal(err)
	}
	want, err := dense.Solve(context.Background(), nil, PrimalSimplex, 0)
	if err != nil {
		t.Skip("the oracle gave up: ", err)
	}
	bound := c.atPrices(prices)
	o := &oracle{}
	x := make([]float64, len(c.cost))
	for s := range c.S {
		bound += o.solve(c, s, prices, func(i int32, q float64) { x[i] += q })
	}
	if want.Status == LPInfeasible {
		if !math.IsInf(bound, 1) {
			t.Fatalf("%g, but there is no flow", bound)
		}
		return
	}
	if want.Status == LPUnbounded {
		if !math.IsInf(bound, -1) {
			t.Fatalf("%g, but the cost has no bound", bound)
		}
		return
	}
	if !(math.Abs(bound-want.Objective) <= 1e-9*(1+math.Abs(want.Objective))) {
		t.Fatalf("%.12g, the simplex method finds %.12g", bound, want.Objective)
	}
	plan := &flow{x: make([]float64, len(c.cost)), shared: make([]float64, len(c.shared))}
	for i, q := range x {
		if q < 0 || q > c.room[i] {
			t.Fatalf("source %d supplies %g of %g", i, q, c.room[i])
		}
	}
	copy(plan.x, x)
	cost := c.atPrices(prices)
	for s := range c.S {
		v, over := plan.cost(c, s, prices)
		if over > 1e-9 {
			t.Fatalf("path %d is outside of a cut's domain by %g", s, over)
		}
		cost += v
	}
	if math.Abs(bound-cost) > 1e-9*(1+math.Abs(bound)) {
		t.Fatalf("the flow costs %.12g, not %.12g", cost, bound)
	}
}

// Over as many periods as a year has weeks, where most sources have to wait, the oracle finds what the path solver finds.
func TestOracleOfLongPaths(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rng := rand.New(rand.NewSource(rapid.Int64().Draw(t, "seed")))
		T := rapid.IntRange(10, 60).Draw(t, "periods")
		series := func(low, high float64) []float64 {
			v := make([]float64, T)
			for i := range v {
				v[i] = low + math.Round(4*rng.Float64()*(high-low))/4
			}
			return v
		}
		p := &Problem{Mode: Elastic, Periods: make([]string, T)}
		s := SKU{Name: "s", Demand: series(0, 20), SafetyStock: series(0, 6), Opening: 10, ProductionCost: 20,
			HoldingCost: float64(rng.Intn(5)) / 4, ShortageCost: 1 + 60*rng.Float64(), MaxProduction: series(0, 25)}
		if rapid.Bool().Draw(t, "economic") {
			p.Shortages = Economic
		}
		if rapid.Bool().Draw(t, "baseline") {
			s.Baseline, s.ChangePrice = series(0, 20), series(0, 3)
		}
		switch rapid.IntRange(0, 3).Draw(t, "bound") {
		case 0:
			s.BacklogCost = 0.5 + 5*rng.Float64()
		case 1:
			s.StorageCapacity = 5 + 30*rng.Float64()
		case 2:
			s.EmergencyCost = 15 + 60*rng.Float64()
		}
		p.SKUs = []SKU{s}
		m := formulate(p, p.defaultWeights())
		for u, v := range series(0, 12) { // as if of a resource
			for _, k := range []kind{kindKeep, kindMore} {
				if j := m.index(k, 0, u); j >= 0 {
					m.lp.Cost[j] += v
				}
			}
		}
		want := &path{}
		if err := want.Load(m.lp); err != nil {
			t.Fatal(err)
		}
		sol, err := want.Solve(context.Background(), nil, DualSimplex, 0)
		if err != nil {
			t.Fatal(err)
		}
		c := &coupled{}
		if err := c.read(context.Background(), m.lp); err != nil {
			t.Fatal(err)
		}
		plan := &flow{x: make([]float64, len(c.cost))}
		got := (&oracle{}).solve(c, 0, nil, func(i int32, q float64) { plan.x[i] += q }) + c.atPrices(nil)
		if math.Abs(got-sol.Objective) > 1e-9*(1+math.Abs(got)) {
			t.Fatalf("%.12g, the path solver finds %.12g", got, sol.Objective)
		}
		cost, over := plan.cost(c, 0, nil)
		if cost += c.atPrices(nil); over > 1e-9 || math.Abs(got-cost) > 1e-9*(1+math.Abs(got)) {
			t.Fatalf("the flow costs %.12g, not %.12g, and is outside by %g", cost, got, over)
		}
	})
}
