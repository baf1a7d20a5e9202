package schemas

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
