package schemas

// body reads the data of an event of any type. The member `site` of data is kept for locate.
func (s *scanner) body(ev *Event) {
	switch ev.Type {
	case TypeSale:
		s.object(func() { s.sale(&ev.Sale) })
	case TypeSaleCancelled:
		s.object(func() { s.saleCancelled(&ev.Cancelled) })
	case TypeStockCounted:
		ev.Data = s.stockCounted()
	case TypeReceipt:
		ev.Data = s.receipt()
	case TypeItem:
		ev.Data = s.item()
	case TypeResource:
		ev.Data = s.resource()
	case TypeCapacity:
		ev.Data = s.capacity()
	case TypeCalendar:
		ev.Data = s.calendar()
	case TypeOutlierReviewed:
		ev.Data = s.outlierReviewed()
	case TypeDemandOverride:
		ev.Data = s.demandOverride()
	case TypeProductionPin:
		ev.Data = s.productionPin()
	case TypePlanApproved:
		ev.Data = s.planApproved()
	case TypePolicy:
		ev.Data = s.policy()
	case TypeOperator:
		ev.Data = s.operator()
	case TypeHeartbeat:
		ev.Data = new(Heartbeat)
		s.members(nil, func(string) bool { return false })
	}
}

func (s *scanner) object(read func()) {
	if s.peek() == '{' {
		read()
		return
	}
	if s.skip(); s.err == nil {
		s.wrong(ReasonBadField, "not an object")
	}
}

// sale reads the object that is next. It is on the path of every sale: no closure, no list of
// members seen, a field that is not Absent has been.
func (s *scanner) sale(v *Sale) {
	s.open()
	for first := true; ; first = false {
		name, ok := s.member(first)
		if !ok {
			return
		}
		var into *Field
		switch name {
		case "sku":
			into = &v.SKU
		case "quantity":
			into = &v.Quantity
		case "date":
			into = &v.Date
		case "time":
			into = &v.Time
		case "document":
			into = &v.Document
		case "line":
			into = &v.Line
		case "version":
			into = &v.Version
		case "unit_price":
			into = &v.UnitPrice
		case "customer":
			into = &v.Customer
		case "channel":
			into = &v.Channel
		case "site":
			into = &s.site
		default:
			s.skip()
			continue
		}
		s.once(into, name)
	}
}

// saleCancelled reads the object that is next.
func (s *scanner) saleCancelled(v *SaleCancelled) {
	s.open()
	for first := true; ; first = false {
		name, ok := s.member(first)
		if !ok {
			return
		}
		var into *Field
		switch name {
		case "sku":
			into = &v.SKU
		case "quantity":
			into = &v.Quantity
		case "date":
			into = &v.Date
		case "time":
			into = &v.Time
		case "document":
			into = &v.Document
		case "line":
			into = &v.Line
		case "customer":
			into = &v.Customer
		case "version":
			into = &v.Version
		case "site":
			into = &s.site
		default:
			s.skip()
			continue
		}
		s.once(into, name)
	}
}

// once reads a field that may not have been read before.
func (s *scanner) once(into *Field, name string) {
	if into.Kind != Absent {
		s.fail(ReasonDuplicateMember, "data."+name, "stands twice")
		return
	}
	*into = s.field()
}
