package optimize

import (
	"fmt"
	"math"

	"pgregory.net/rapid"
)

// randomProblem draws a small problem with any mix of the model's features. Quantities are whole or
// halves, so that ties and degenerate bases are common, as in real tables.
func randomProblem(t *rapid.T) *Problem {
	T := rapid.IntRange(1, 7).Draw(t, "periods")
	R := rapid.IntRange(1, 3).Draw(t, "resources")
	S := rapid.IntRange(1, 4).Draw(t, "skus")
	half := func(name string, max int) float64 { return float64(rapid.IntRange(0, 2*max).Draw(t, name)) / 2 }
	series := func(name string, max int) []float64 {
		v := make([]float64, T)
		for i := range v {
			v[i] = half(name, max)
		}
		return v
	}
	maybe := func(name string, oneIn int) bool { return rapid.IntRange(1, oneIn).Draw(t, name) == 1 }
	p := &Problem{Mode: Elastic}
	if maybe("strict", 2) {
		p.Mode = Strict
	}
	if maybe("economic", 6) {
		p.Shortages = Economic
	}
	for i := range T {
		p.Periods = append(p.Periods, fmt.Sprintf("p%02d", i+1))
	}
	if maybe("share", 4) {
		p.HoldingShare = constant(1, T)
		p.HoldingShare[0] = half("first share", 1)
	}
	p.Frozen = rapid.IntRange(0, min(2, T)).Draw(t, "frozen")
	for r := range R {
		res := Resource{Name: fmt.Sprintf("r%d", r), Capacity: series("capacity", 30)}
		if maybe("overtime", 3) {
			res.Overtime, res.OvertimeCost = series("overtime", 10), series("overtime cost", 5)
		}
		if maybe("load", 4) {
			res.Load = series("load", 8)
		}
		if maybe("unlimited", 5) {
			res.Unlimited = make([]bool, T)
			res.Unlimited[rapid.IntRange(0, T-1).Draw(t, "unlimited period")] = true
		}
		if maybe("no limit", 4) {
			res.Unlimited = make([]bool, T)
			for u := range T {
				res.Unlimited[u], res.Capacity[u] = true, 0
			}
		}
		p.Resources = append(p.Resources, res)
	}
	for i := range S {
		s := SKU{Name: fmt.Sprintf("s%d", i), Demand: series("demand", 20), SafetyStock: series("safety", 6),
			Opening: half("opening", 30), ProductionCost: half("c", 10), HoldingCost: half("h", 3)}
		for r := range R {
			if maybe("uses", 2) {
				s.Uses = append(s.Uses, Use{r, 0.5 + half("usage", 2)})
			}
		}
		if maybe("receipts", 3) {
			s.Receipts = series("receipts", 10)
		}
		if maybe("lead", 3) {
			s.LeadTime = rapid.IntRange(1, 3).Draw(t, "lead time")
		}
		if maybe("max", 4) {
			s.MaxProduction = series("max production", 25)
		}
		if maybe("shortage cost", 3) {
			s.ShortageCost = 1 + half("shortage cost", 40)
		}
		if maybe("backlog", 4) {
			s.BacklogCost = 0.5 + half("backlog cost", 5)
			s.Opening -= 5
		}
		if maybe("baseline", 3) {
			s.Baseline, s.ChangePrice = series("baseline", 20), series("k", 2)
			for u, k := range s.ChangePrice {
				s.ChangePrice[u] = math.Min(k, s.ProductionCost)
			}
			if maybe("has", 2) {
				s.HasBaseline = make([]bool, T)
				for u := range T - 1 {
					s.HasBaseline[u] = true
				}
			}
		}
		if maybe("fixed", 3) {
			s.Fixed = series("fixed", 15)
		}
		if maybe("pin", 4) {
			pin := Pin{Period: rapid.IntRange(0, T-1).Draw(t, "pin period"), Min: half("pin min", 10), Max: -1}
			if maybe("pin max", 2) {
				pin.Max = pin.Min + half("pin max", 10)
			}
			s.Pins = append(s.Pins, pin)
		}
		if maybe("storage", 4) {
			s.StorageCapacity = 0.5 + half("storage", 30)
		}
		if maybe("emergency", 8) {
			s.EmergencyCost = 1 + half("emergency", 40)
		}
		p.SKUs = append(p.SKUs, s)
	}
	return p
}

// randomLots gives some SKUs of p packs, least lots and order costs.
func randomLots(t *rapid.T, p *Problem) {
	for s := range p.SKUs {
		sku := &p.SKUs[s]
		sku.EmergencyCost = 0
		switch rapid.IntRange(0, 4).Draw(t, "lots") {
		case 0:
		case 1:
			sku.PackSize = 1
		default:
			sku.PackSize = float64(rapid.IntRange(0, 6).Draw(t, "pack"))
			sku.MinOrder = float64(rapid.IntRange(0, 12).Draw(t, "least"))
			sku.OrderCost = float64(rapid.IntRange(0, 60).Draw(t, "order"))
		}
	}
}
