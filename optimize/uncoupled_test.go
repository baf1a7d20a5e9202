package optimize

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// uncoupled is a site like a wholesaler's: many SKUs with sporadic demand, one resource without a limit, the
// first period frozen, a plan in force that changing costs something.
func uncoupled(skus, T int, seed uint64) *Problem {
	rng := rand.New(rand.NewPCG(seed, 1))
	p := &Problem{Mode: Elastic, Frozen: 1, Resources: []Resource{{Name: "factory", Capacity: make([]float64, T), Unlimited: make([]bool, T)}}}
	for t := range T {
		p.Periods = append(p.Periods, fmt.Sprintf("week %02d", t+1))
		p.Resources[0].Unlimited[t] = true
	}
	for s := range skus {
		sku := SKU{Name: fmt.Sprintf("S%05d", s+1), Demand: make([]float64, T), SafetyStock: make([]float64, T), Baseline: make([]float64, T),
			ChangePrice: make([]float64, T), HasBaseline: make([]bool, T), Uses: []Use{{0, 1}}}
		mean := math.Exp(rng.NormFloat64()*1.3 + 2.5)
		sku.ProductionCost = math.Round(100*math.Exp(rng.NormFloat64())) / 100
		sku.ProductionCost = max(sku.ProductionCost, 0.1)
		sku.HoldingCost = sku.ProductionCost * 0.25 / 52
		sku.Opening = math.Floor(mean * 3 * rng.Float64())
		for t := range T {
			sku.Demand[t] = mean * (0.7 + 0.6*rng.Float64())
			sku.SafetyStock[t] = mean * 0.8
			sku.Baseline[t] = max(0, math.Round(1e6*mean*(1+0.3*rng.NormFloat64()))/1e6)
			sku.HasBaseline[t] = t < T-1
			sku.ChangePrice[t] = min(2*sku.HoldingCost*float64(T-t)/float64(T-1), sku.ProductionCost)
		}
		sku.Baseline[T-1], sku.ChangePrice[T-1] = 0, 0
		sku.Fixed = []float64{sku.Baseline[0]}
		p.SKUs = append(p.SKUs, sku)
	}
	return p
}

func BenchmarkUncoupled(b *testing.B) {
	problems := []*Problem{uncoupled(3400, 26, 1), uncoupled(3400, 26, 2)}
	for _, c := range []struct {
		name string
		warm bool
	}{{"cold", false}, {"warm", true}} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			e := NewEngine(newDense, Options{})
			for i := range b.N {
				if !c.warm {
					e = NewEngine(newDense, Options{})
				}
				if _, err := e.Solve(context.Background(), problems[i%2], nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
