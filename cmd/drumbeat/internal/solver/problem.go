package solver

import (
	"fmt"

	"drumbeat/optimize"
)

// problem writes p. What is small is a document, so that it follows the type; an SKU, of which there are many, is
// written field by field.
func (w *writer) problem(p *optimize.Problem) {
	rest := *p
	rest.SKUs = nil
	w.document(&rest)
	w.uvarint(uint64(len(p.SKUs)))
	for i := range p.SKUs {
		w.sku(&p.SKUs[i])
	}
}

// problem reads what writer.problem wrote.
func (r *reader) problem() *optimize.Problem {
	p := new(optimize.Problem)
	r.document(p)
	n := r.uvarint()
	if len(p.Periods) > mostPeriods {
		r.fail(fmt.Errorf("%w: %d periods", errCodec, len(p.Periods)))
	}
	for ; n > 0 && r.err == nil; n-- {
		p.SKUs = append(p.SKUs, optimize.SKU{})
		r.sku(&p.SKUs[len(p.SKUs)-1], len(p.Periods), len(p.Resources))
	}
	return p
}

// skuSeries are the series of numbers of an SKU, skuAmounts its single numbers, in the order of the encoding.
func skuSeries(s *optimize.SKU) [7]*[]float64 {
	return [...]*[]float64{&s.Demand, &s.SafetyStock, &s.Receipts, &s.MaxProduction, &s.Baseline, &s.ChangePrice, &s.Fixed}
}

func skuAmounts(s *optimize.SKU) [10]*float64 {
	return [...]*float64{
		&s.Opening, &s.ProductionCost, &s.HoldingCost, &s.ShortageCost, &s.BacklogCost,
		&s.StorageCapacity, &s.PackSize, &s.MinOrder, &s.OrderCost, &s.EmergencyCost,
	}
}

func (w *writer) sku(s *optimize.SKU) {
	w.string(s.Name)
	w.varint(int64(s.LeadTime))
	for _, v := range skuAmounts(s) {
		w.float(*v)
	}
	for _, v := range skuSeries(s) {
		w.floats(*v)
	}
	w.flags(s.HasBaseline)
	w.uvarint(uint64(len(s.Uses)))
	for _, u := range s.Uses {
		w.varint(int64(u.Resource))
		w.float(u.Amount)
	}
	w.uvarint(uint64(len(s.Pins)))
	for _, p := range s.Pins {
		w.varint(int64(p.Period))
		w.float(p.Min)
		w.float(p.Max)
	}
}

func (r *reader) sku(s *optimize.SKU, periods, resources int) {
	s.Name = r.string()
	s.LeadTime = int(r.varint())
	for _, v := range skuAmounts(s) {
		*v = r.float()
	}
	for _, v := range skuSeries(s) {
		*v = r.floats(periods)
	}
	s.HasBaseline = r.flags(periods)
	for n := r.upTo(uint64(resources)); n > 0 && r.err == nil; n-- {
		s.Uses = append(s.Uses, optimize.Use{Resource: int(r.varint()), Amount: r.float()})
	}
	for n := r.upTo(uint64(periods)); n > 0 && r.err == nil; n-- {
		s.Pins = append(s.Pins, optimize.Pin{Period: int(r.varint()), Min: r.float(), Max: r.float()})
	}
}
