package optimize

import "math"

// fingerprint is a number that differs wherever what went into it differs, but for one chance in 2⁶⁴. What follows from
// such a chance is no wrong plan: the certificate looks at the problem itself.
type fingerprint uint64

func (h *fingerprint) word(v uint64) {
	x := (uint64(*h) ^ v) * 0x9e3779b97f4a7c15
	*h = fingerprint(x ^ x>>32)
}

func (h *fingerprint) number(v float64) { h.word(math.Float64bits(v)) }

func (h *fingerprint) flag(v bool) {
	if v {
		h.word(1)
	} else {
		h.word(2)
	}
}

// numbers takes a slice; nil differs from an empty one.
func (h *fingerprint) numbers(v []float64) {
	h.length(len(v), v == nil)
	for _, x := range v {
		h.number(x)
	}
}

func (h *fingerprint) length(n int, absent bool) {
	if absent {
		n = -1
	}
	h.word(uint64(n))
}

// fingerprint of all that the LP of an SKU is made of, but for what it shares with the others.
func (s *SKU) fingerprint() fingerprint {
	var h fingerprint
	for _, v := range [][]float64{s.Demand, s.SafetyStock, s.Receipts, s.MaxProduction, s.Baseline, s.ChangePrice, s.Fixed} {
		h.numbers(v)
	}
	for _, v := range []float64{s.Opening, s.ProductionCost, s.HoldingCost, s.ShortageCost, s.BacklogCost, s.StorageCapacity,
		s.PackSize, s.MinOrder, s.OrderCost, s.EmergencyCost} {
		h.number(v)
	}
	h.word(uint64(s.LeadTime))
	h.length(len(s.HasBaseline), s.HasBaseline == nil)
	for _, v := range s.HasBaseline {
		h.flag(v)
	}
	h.length(len(s.Uses), false)
	for _, u := range s.Uses {
		h.word(uint64(u.Resource))
		h.number(u.Amount)
	}
	h.length(len(s.Pins), false)
	for _, pin := range s.Pins {
		h.word(uint64(pin.Period))
		h.number(pin.Min)
		h.number(pin.Max)
	}
	return h
}

// frame is the fingerprint of what the LPs of all SKUs have in common, and of which rows there are.
func (p *Problem) frame(w Weights) fingerprint {
	var h fingerprint
	for _, n := range []int{len(p.Periods), len(p.SKUs), len(p.Resources), p.Frozen} {
		h.word(uint64(n))
	}
	h.flag(p.Mode == Strict)
	h.flag(p.Shortages == Economic)
	h.number(w.Shortfall)
	h.number(w.Loss)
	h.numbers(p.HoldingShare)
	for r, used := range p.used() {
		h.flag(used && p.Resources[r].limited())
		h.flag(p.Resources[r].Overtime != nil)
	}
	return h
}

// used says of every resource whether an SKU uses it.
func (p *Problem) used() []bool {
	used := make([]bool, len(p.Resources))
	for s := range p.SKUs {
		for _, u := range p.SKUs[s].Uses {
			used[u.Resource] = true
		}
	}
	return used
}
