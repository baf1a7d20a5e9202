package bench

import (
	"fmt"
	"math"
	"math/rand"

	"drumbeat/optimize"
)

// planInstance is a random site with its first demand and two changed ones. The generator and its seeds are
// fixed, so that figures compare between versions and solvers: the optima are known.
type planInstance struct {
	skus, periods, resources int
	demand                   [][]float64
	demand1                  [][]float64 // 1 % of the SKUs changed
	demand100                [][]float64 // all changed
	safety                   [][]float64
	cost, hold, penalty, use []float64
	resource                 []int
	capacity                 []float64 // per resource, the same in every period
}

// newPlanInstance draws an instance. With correlated, all SKUs peak at about the same time, which is the
// realistic and the hard case.
func newPlanInstance(S, T, R int, correlated bool) *planInstance {
	phases := 2 * math.Pi
	if correlated {
		phases = 0.5
	}
	rng := rand.New(rand.NewSource(1))
	in := &planInstance{skus: S, periods: T, resources: R, demand: make([][]float64, S), safety: make([][]float64, S),
		cost: make([]float64, S), hold: make([]float64, S), penalty: make([]float64, S), use: make([]float64, S),
		resource: make([]int, S), capacity: make([]float64, R)}
	load := make([][]float64, R)
	for r := range load {
		load[r] = make([]float64, T)
	}
	for s := range S {
		base := math.Exp(rng.NormFloat64()*1.2 + 4)
		amplitude := rng.Float64() * 0.8
		phase := rng.Float64() * phases
		in.cost[s] = 5 + rng.Float64()*45
		in.hold[s] = in.cost[s] * (0.01 + 0.02*rng.Float64())
		in.penalty[s] = in.cost[s] * (3 + 2*rng.Float64())
		in.use[s] = 0.5 + rng.Float64()
		in.resource[s] = rng.Intn(R)
		in.demand[s] = make([]float64, T)
		in.safety[s] = make([]float64, T)
		for t := range T {
			d := base * (1 + amplitude*math.Sin(2*math.Pi*float64(t)/float64(T)+phase)) * (0.8 + 0.4*rng.Float64())
			d = math.Round(math.Max(0, d))
			in.demand[s][t] = d
			in.safety[s][t] = 0.1 * d
			load[in.resource[s]][t] += in.use[s] * d
		}
	}
	for r := range R {
		total := 0.0
		for t := range T {
			total += load[r][t]
		}
		in.capacity[r] = total / float64(T) * 1.03
	}
	in.change()
	return in
}

// change draws the changed demands: a factor of 1 ± 10 % for each changed SKU.
func (in *planInstance) change() {
	rng := rand.New(rand.NewSource(2))
	scaled := func(demand []float64) []float64 {
		f := 1 + 0.1*rng.NormFloat64()
		out := make([]float64, len(demand))
		for t, d := range demand {
			out[t] = math.Max(0, math.Round(d*f))
		}
		return out
	}
	in.demand1 = append([][]float64(nil), in.demand...)
	for _, s := range rng.Perm(in.skus)[:max(1, in.skus/100)] {
		in.demand1[s] = scaled(in.demand[s])
	}
	in.demand100 = make([][]float64, in.skus)
	for s := range in.skus {
		in.demand100[s] = scaled(in.demand[s])
	}
}

// problem is the instance as a planning problem: nothing may be short, but a source of last resort
// without limit covers what capacity does not.
func (in *planInstance) problem(demand [][]float64) *optimize.Problem {
	p := &optimize.Problem{Mode: optimize.Strict}
	for t := range in.periods {
		p.Periods = append(p.Periods, fmt.Sprintf("P%03d", t+1))
	}
	for r := range in.resources {
		res := optimize.Resource{Name: fmt.Sprintf("R%02d", r+1), Capacity: make([]float64, in.periods)}
		for t := range in.periods {
			res.Capacity[t] = in.capacity[r]
		}
		p.Resources = append(p.Resources, res)
	}
	for s := range in.skus {
		p.SKUs = append(p.SKUs, optimize.SKU{Name: fmt.Sprintf("S%05d", s+1), Demand: demand[s], SafetyStock: in.safety[s],
			ProductionCost: in.cost[s], HoldingCost: in.hold[s], EmergencyCost: in.penalty[s],
			Uses: []optimize.Use{{Resource: in.resource[s], Amount: in.use[s]}}})
	}
	return p
}

// featured is the instance with every feature of the model on some or all SKUs, against a baseline: overtime, lead
// times with stock for them, maximum production, lost sales at a price, backlog, storage, change prices, frozen periods,
// and a second resource for each fifth SKU, which couples everything.
func (in *planInstance) featured(demand, baseline [][]float64) *optimize.Problem {
	p := in.problem(demand)
	p.Mode, p.Shortages, p.Frozen = optimize.Elastic, optimize.Economic, 2
	constant := func(v float64) []float64 {
		row := make([]float64, in.periods)
		for t := range row {
			row[t] = v
		}
		return row
	}
	for r := range p.Resources {
		p.Resources[r].Overtime, p.Resources[r].OvertimeCost = constant(0.1*in.capacity[r]), constant(1.5)
		p.Resources[r].Capacity = constant(1.1 * in.capacity[r]) // room for those that use two
	}
	for s := range p.SKUs {
		k := &p.SKUs[s]
		mean := 0.0
		for _, d := range demand[s] {
			mean += d / float64(in.periods)
		}
		k.LeadTime = s % 4
		k.Opening = float64(k.LeadTime) * 1.2 * mean
		k.MaxProduction = constant(1.4 * mean)
		k.ShortageCost = 1.8 * k.ProductionCost
		k.Baseline, k.ChangePrice, k.Fixed = baseline[s], constant(0.02*k.ProductionCost), baseline[s][:p.Frozen]
		switch s % 10 {
		case 3:
			k.BacklogCost = 5 * k.HoldingCost
		case 5:
			k.StorageCapacity = 4 * mean
		}
		if s%5 == 0 && in.resources > 1 {
			k.Uses = append(k.Uses, optimize.Use{Resource: (in.resource[s] + 1) % in.resources, Amount: 0.3})
		}
	}
	return p
}

// pricedChange is the instance with a price of 2 % of a unit's cost on every change of a baseline.
func (in *planInstance) pricedChange(demand, baseline [][]float64) *optimize.Problem {
	p := in.problem(demand)
	for s := range p.SKUs {
		k := &p.SKUs[s]
		k.Baseline, k.ChangePrice = baseline[s], make([]float64, in.periods)
		for t := range k.ChangePrice {
			k.ChangePrice[t] = 0.02 * k.ProductionCost
		}
	}
	return p
}

// strict is the instance without any source of last resort: its capacity does not suffice for its peaks.
func (in *planInstance) strict() *optimize.Problem {
	p := in.problem(in.demand)
	for s := range p.SKUs {
		p.SKUs[s].EmergencyCost = 0
	}
	return p
}
