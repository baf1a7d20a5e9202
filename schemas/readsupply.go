package schemas

import "slices"

func (s *scanner) stockCounted() *StockCounted {
	v := new(StockCounted)
	s.members([]string{"sku", "on_hand", "as_of"}, func(name string) bool {
		switch name {
		case "sku":
			v.SKU = s.sku()
		case "on_hand":
			v.OnHand = s.quantity(-MaxQuantity)
		case "as_of":
			v.AsOf = s.asOf()
		default:
			return false
		}
		return true
	})
	return v
}

var receiptStatuses = []ReceiptStatus{ReceiptExpected, ReceiptReceived, ReceiptCancelled}

func (s *scanner) receipt() *Receipt {
	v := new(Receipt)
	s.members([]string{"order", "sku", "quantity", "date", "status"}, func(name string) bool {
		switch name {
		case "order":
			v.Order = s.label()
		case "sku":
			v.SKU = s.sku()
		case "quantity":
			v.Quantity = s.quantity(0)
		case "date":
			v.Date = s.date()
		case "status":
			v.Status = oneOf(s, receiptStatuses)
		case "start":
			v.Start = pointer(s.date())
		case "remaining":
			v.Remaining = pointer(s.quantity(0))
		default:
			return false
		}
		return true
	})
	if s.err == nil && v.Start != nil && *v.Start > v.Date {
		s.bad("start", "is after date")
	}
	return v
}

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

func (s *scanner) resource() *Resource {
	v := new(Resource)
	s.members([]string{"resource", "capacity", "per"}, func(name string) bool {
		switch name {
		case "resource":
			v.Resource = s.label()
		case "capacity":
			v.Capacity = s.amount(0, MaxAmount)
		case "per":
			v.Per = oneOf(s, pers)
		case "overtime_capacity":
			v.OvertimeCapacity = s.amount(0, MaxAmount)
		case "overtime_cost":
			v.OvertimeCost = s.amount(0, MaxAmount)
		default:
			return false
		}
		return true
	})
	return v
}

func (s *scanner) capacity() *Capacity {
	v := new(Capacity)
	s.members([]string{"resource", "from", "to", "capacity", "per"}, func(name string) bool {
		switch name {
		case "resource":
			v.Resource = s.label()
		case "from":
			v.From = s.date()
		case "to":
			v.To = s.date()
		case "capacity":
			v.Capacity = s.amount(0, MaxAmount)
		case "per":
			v.Per = oneOf(s, pers)
		default:
			return false
		}
		return true
	})
	if v.To < v.From {
		s.bad("to", "is before from")
	}
	return v
}

var effects = []CalendarEffect{EffectClosed, EffectEvent}

func (s *scanner) calendar() *Calendar {
	v := new(Calendar)
	s.members([]string{"name", "effect"}, func(name string) bool {
		switch name {
		case "name":
			v.Name = s.label()
		case "dates":
			v.Dates = s.dates()
		case "from":
			v.From = pointer(s.date())
		case "to":
			v.To = pointer(s.date())
		case "effect":
			v.Effect = oneOf(s, effects)
		case "skus":
			s.list(func() { v.SKUs = append(v.SKUs, s.sku()) })
		default:
			return false
		}
		return true
	})
	switch {
	case s.err != nil:
	case len(v.Dates) > 0 && (v.From != nil || v.To != nil):
		s.bad("dates", "stands beside from or to")
	case len(v.Dates) > 0:
	case v.From == nil && v.To == nil:
		s.absent("dates")
	case v.From == nil:
		s.absent("from")
	case v.To == nil:
		s.absent("to")
	case *v.To < *v.From:
		s.bad("to", "is before from")
	}
	return v
}

// bad reports a member of the object that was read last.
func (s *scanner) bad(name, detail string) {
	s.fail(ReasonBadField, s.path(name), detail)
}

// absent reports a member that the object which was read last must have.
func (s *scanner) absent(name string) {
	s.fail(ReasonMissingField, s.path(name), "is required")
}

func (s *scanner) path(name string) string {
	if s.parent != "" {
		return s.parent + "." + s.name + "." + name
	}
	return s.name + "." + name
}
