package schemas

var verdicts = []Verdict{VerdictAccept, VerdictReject}

func (s *scanner) outlierReviewed() *OutlierReviewed {
	v := new(OutlierReviewed)
	s.members([]string{"sku", "date", "verdict", "by"}, func(name string) bool {
		switch name {
		case "sku":
			v.SKU = s.sku()
		case "date":
			v.Date = s.date()
		case "verdict":
			v.Verdict = oneOf(s, verdicts)
		case "by":
			v.By = s.label()
		default:
			return false
		}
		return true
	})
	return v
}

var overrideModes = []OverrideMode{OverrideReplace, OverrideAdd, OverrideScale}

// maxFactor bounds the factor of a demand override: more is a slip of the keyboard.
const maxFactor = 1000

func (s *scanner) demandOverride() *DemandOverride {
	v := new(DemandOverride)
	s.members([]string{"sku", "from", "to", "mode", "by"}, func(name string) bool {
		switch name {
		case "sku":
			v.SKU = s.sku()
		case "from":
			v.From = s.date()
		case "to":
			v.To = s.date()
		case "mode":
			v.Mode = oneOf(s, overrideModes)
		case "quantity":
			v.Quantity = pointer(s.quantity(-MaxQuantity))
		case "factor":
			v.Factor = pointer(s.amount(0, maxFactor))
		case "by":
			v.By = s.label()
		case "reason":
			v.Reason = s.remark()
		case "expires":
			v.Expires = pointer(s.date())
		default:
			return false
		}
		return true
	})
	switch {
	case s.err != nil:
	case v.To < v.From:
		s.bad("to", "is before from")
	case v.Mode == OverrideScale && v.Factor == nil:
		s.absent("factor")
	case v.Mode == OverrideScale && v.Quantity != nil:
		s.bad("quantity", "has no meaning with mode scale")
	case v.Mode != OverrideScale && v.Quantity == nil:
		s.absent("quantity")
	case v.Mode != OverrideScale && v.Factor != nil:
		s.bad("factor", "has a meaning with mode scale only")
	case v.Mode == OverrideReplace && *v.Quantity < 0:
		s.bad("quantity", "is below 0")
	}
	return v
}

func (s *scanner) productionPin() *ProductionPin {
	v := new(ProductionPin)
	s.members([]string{"sku", "period", "by"}, func(name string) bool {
		switch name {
		case "sku":
			v.SKU = s.sku()
		case "period":
			v.Period = s.period()
		case "min":
			v.Min = pointer(s.quantity(0))
		case "max":
			v.Max = pointer(s.quantity(0))
		case "by":
			v.By = s.label()
		case "expires":
			v.Expires = pointer(s.date())
		default:
			return false
		}
		return true
	})
	switch {
	case s.err != nil:
	case v.Min == nil && v.Max == nil:
		s.absent("min")
	case v.Min != nil && v.Max != nil && *v.Max < *v.Min:
		s.bad("max", "is below min")
	}
	return v
}

func (s *scanner) planApproved() *PlanApproved {
	v := new(PlanApproved)
	s.members([]string{"revision", "through", "by"}, func(name string) bool {
		switch name {
		case "revision":
			v.Revision = s.whole(1, 1<<53)
		case "through":
			v.Through = s.period()
		case "by":
			v.By = s.label()
		default:
			return false
		}
		return true
	})
	return v
}

var operatorActions = []OperatorAction{ReleaseBreaker, Replan}

func (s *scanner) operator() *Operator {
	v := new(Operator)
	s.members([]string{"action", "by"}, func(name string) bool {
		switch name {
		case "action":
			v.Action = oneOf(s, operatorActions)
		case "by":
			v.By = s.label()
		default:
			return false
		}
		return true
	})
	return v
}
