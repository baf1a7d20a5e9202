package simulate

import (
	"drumbeat/cmd/drumbeat/internal/generate"
	"drumbeat/schemas"
)

// ThreeSKU is the demo's site: two years of history, then the third, in months, with one factory of so many units a
// month. Costs, opening stock and fixed safety stock are the demo's.
func ThreeSKU(seed uint64, capacity float64) *Set {
	s := &Set{
		Name: "three-sku", Period: schemas.PeriodMonth, Horizon: 13,
		First: schemas.DateOf(generate.First), From: schemas.DateOf(generate.Last).StartOfMonth().AddMonths(-11),
		Until:     schemas.DateOf(generate.Last) + 1,
		Resources: []Resource{{Name: "factory", Capacity: capacity, Per: schemas.PerMonth}},
	}
	for _, ev := range generate.Definitions("", "", generate.First) {
		if item, ok := ev.Data.(*schemas.Item); ok {
			s.SKUs = append(s.SKUs, SKU{
				Name: item.SKU, Cost: item.ProductionCost, Holding: item.HoldingCost / daysPerMonth, Lost: item.ProductionCost / LostShare,
				Usage: 1, Safety: item.SafetyStock.Float(), Opening: *item.InitialInventory, Demand: make([]schemas.Quantity, s.Until-s.First),
			})
		}
	}
	rows := generate.ThreeSKU(seed)
	for i := range rows {
		for k := range s.SKUs {
			if s.SKUs[k].Name == rows[i].SKU {
				s.SKUs[k].Demand[schemas.DateOf(rows[i].Date)-s.First] += schemas.Quantity(rows[i].Quantity) * schemas.Unit
			}
		}
	}
	return s
}
