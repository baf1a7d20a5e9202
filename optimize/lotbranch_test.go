package optimize

import (
	"context"
	"math"
	"testing"

	"pgregory.net/rapid"
)

// Where lots leave something short, branch and bound finds the least of weighted shortage and cost that trying all lots finds: its
// rows cut off no plan.
func TestShortLotsAreOptimal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := tinyLots(t)
		p.Mode, p.Resources[0].Overtime, p.Resources[0].OvertimeCost = Elastic, nil, nil
		if len(p.SKUs) == 2 && len(p.Periods) == 3 {
			p.SKUs[0].PackSize, p.SKUs[1].PackSize = p.SKUs[0].PackSize+3, p.SKUs[1].PackSize+3
		}
		w, want := p.defaultWeights(), math.Inf(1)
		eachTiny(p, func(lost, short [][]float64, cost float64) {
			for s := range p.SKUs {
				sku := &p.SKUs[s]
				cost += w.Loss*sku.shortageWeight()*sum(lost[s]) + p.shortfallPrice(w, sku)*sum(short[s])
			}
			want = math.Min(want, cost)
		})
		b := newLotBranch(&session{newSolver: newDense}, p, p.unrounded(p.relaxed()), w)
		b.limit = math.MaxInt
		if err := b.search(context.Background(), nil, false); err != nil {
			t.Fatal(err)
		}
		held := sum(p.SKUs[0].SafetyStock) + sum(p.SKUs[len(p.SKUs)-1].SafetyStock) // is then kept while demand is lost, which is not tried
		if excess := b.best - want; excess > 1e-6*(1+want) || held == 0 && excess < -1e-6*(1+want) {
			t.Fatalf("%.9g after %d nodes, the least is %.9g", b.best, b.nodes, want)
		}
	})
}

// shirtsAndSocks share a loom that stands still for a month and has little room after it; socks come in packs of six.
func shirtsAndSocks() *Problem {
	const T = 26
	p := &Problem{Mode: Elastic, Resources: []Resource{{Name: "loom", Overtime: constant(11.29, T), OvertimeCost: constant(3, T)}}}
	shirt := SKU{Name: "SHIRT", SafetyStock: constant(13, T), Opening: 80, ProductionCost: 10, HoldingCost: .5, LeadTime: 1,
		ShortageCost: 50. / 3, Uses: []Use{{0, 1}}, Demand: constant(70, T), Baseline: constant(70, T)}
	sock := SKU{Name: "SOCK", SafetyStock: constant(12.610173, T), Opening: 10, ProductionCost: 2, HoldingCost: .092, PackSize: 6,
		ShortageCost: 10. / 3, Uses: []Use{{0, 1}}, Demand: constant(10.389827, T), Baseline: constant(12, T)}
	for t := range T {
		p.Periods = append(p.Periods, "W"+string(rune('A'+t)))
		capacity := 93.3333
		switch {
		case t < 4:
			capacity, shirt.Baseline[t], sock.Baseline[t] = 0, 11.290323, 0
		case t == 4:
			capacity = 66.6667
		case t > 8:
			capacity = 90.322581
		}
		if t%6 == 1 {
			sock.Baseline[t] = 6
		}
		p.Resources[0].Capacity = append(p.Resources[0].Capacity, capacity)
		shirt.ChangePrice = append(shirt.ChangePrice, 1-float64(t)/T)
		sock.ChangePrice = append(sock.ChangePrice, .184*(1-float64(t)/T))
	}
	p.SKUs = []SKU{shirt, sock}
	return p
}

// A problem of two SKUs whose gap cannot be closed takes a few hundred LPs, not tens of thousands.
func TestTightPacksTakeLittle(t *testing.T) {
	p := shirtsAndSocks()
	newSolver := NewCLP
	if newSolver == nil {
		newSolver = newDense
	}
	plan, err := NewEngine(newSolver, Options{}).Solve(context.Background(), p, nil)
	if err != nil {
		t.Fatal(err)
	}
	if plan.Stats.Stages > 1000 {
		t.Errorf("%d LPs", plan.Stats.Stages)
	}
	weighed := plan.Objective
	for s := range p.SKUs {
		w := p.SKUs[s].shortageWeight()
		weighed += plan.Weights.Loss*w*sum(plan.Lost[s]) + plan.Weights.Shortfall*w*sum(plan.Shortfall[s])
	}
	if weighed > 2032216.3*(1+2e-5) || plan.Certificate.RoundingGap > 3e-4 {
		t.Errorf("weighed %.9g with a gap of %g", weighed, plan.Certificate.RoundingGap)
	}
}
