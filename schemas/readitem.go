package schemas

import "slices"

var (
	pers        = []Per{PerDay, PerWeek, PerMonth}
	safetyKinds = []SafetyStockKind{SafetyFixed, SafetyMonths, SafetyServiceLevel}
)

func (s *scanner) item() *Item {
	v := new(Item)
	var costs int
	s.members([]string{"sku"}, func(name string) bool {
		switch name {
		case "sku":
			v.SKU = s.sku()
		case "production_cost":
			v.ProductionCost = s.amount(0, MaxAmount)
			costs |= 1
		case "holding_cost":
			v.HoldingCost = s.amount(0, MaxAmount)
			costs |= 2
		case "initial_inventory":
			v.InitialInventory = pointer(s.quantity(-MaxQuantity))
		case "safety_stock":
			v.SafetyStock = pointer(s.quantity(0))
		case "resource":
			v.Resource = s.label()
		case "usage":
			v.Usage = s.positive()
		case "per":
			v.Per = oneOf(s, pers)
		case "safety_stock_rule":
			v.SafetyStockRule = oneOf(s, safetyKinds)
		case "service_level":
			v.ServiceLevel = s.serviceLevel()
		case "shortage_cost":
			v.ShortageCost = s.amount(0, MaxAmount)
		case "backlog_cost":
			v.BacklogCost = s.amount(0, MaxAmount)
		case "lead_time":
			v.LeadTime = s.amount(0, maxLeadTime)
		case "pack_size":
			v.PackSize = s.quantity(0)
		case "min_order":
			v.MinOrder = s.quantity(0)
		case "order_cost":
			v.OrderCost = s.amount(0, MaxAmount)
		case "max_production":
			v.MaxProduction = pointer(s.quantity(0))
		case "storage_capacity":
			v.StorageCapacity = pointer(s.quantity(0))
		case "whole":
			v.Whole = s.flag()
		case "discontinued":
			v.Discontinued = s.flag()
		case "routings":
			v.Routings = s.routings()
		default:
			return false
		}
		return true
	})
	if s.err != nil || v.Discontinued {
		return v
	}
	switch {
	case costs&1 == 0:
		s.absent("production_cost")
	case costs&2 == 0:
		s.absent("holding_cost")
	case v.SafetyStockRule == SafetyServiceLevel && v.ServiceLevel == 0:
		s.absent("service_level")
	case v.SafetyStockRule == SafetyMonths && v.SafetyStock == nil:
		s.absent("safety_stock")
	}
	return v
}

// maxLeadTime is 20 years of days.
const maxLeadTime = 7305

// serviceLevel reads a probability that is neither 0 nor 1; 95 for 95 % is an error, not a guess.
func (s *scanner) serviceLevel() float64 {
	v := s.amount(0, 1)
	if s.err == nil && (v == 0 || v == 1) {
		s.wrong(ReasonBadField, "is not above 0 and below 1")
	}
	return v
}

func (s *scanner) routings() (list []Routing) {
	s.list(func() {
		var r Routing
		s.members([]string{"resource", "usage"}, func(name string) bool {
			switch name {
			case "resource":
				r.Resource = s.label()
			case "usage":
				r.Usage = s.positive()
			default:
				return false
			}
			return true
		})
		if slices.ContainsFunc(list, func(other Routing) bool { return other.Resource == r.Resource }) {
			s.wrong(ReasonBadField, "names resource "+excerpt(r.Resource)+" twice")
		}
		list = append(list, r)
	})
	return list
}
