package schemas

import "strconv"

// Append appends the bytes of the head as they are published: compact JSON in the order of the fields.
func (h *Head) Append(dst []byte) []byte {
	return h.append(dst, func(dst []byte) []byte { return strconv.AppendInt(dst, int64(h.Lines), 10) })
}

// MarshalJSON writes the published bytes.
func (h Head) MarshalJSON() ([]byte, error) { return h.Append(nil), nil }

// Append appends the head with its lines in the member `lines`.
func (p *Plan) Append(dst []byte) []byte {
	return p.Head.append(dst, func(dst []byte) []byte {
		return appendList(dst, p.Lines, func(dst []byte, l *Line) []byte { return l.Append(dst) })
	})
}

// MarshalJSON writes the head with its lines.
func (p Plan) MarshalJSON() ([]byte, error) { return p.Append(nil), nil }

func (h *Head) append(dst []byte, lines func([]byte) []byte) []byte {
	dst = append(dst, `{"site":`...)
	dst = appendText(dst, h.Site)
	dst = append(dst, `,"revision":`...)
	dst = strconv.AppendInt(dst, h.Revision, 10)
	dst = append(dst, `,"plan_id":`...)
	dst = appendText(dst, h.PlanID)
	dst = append(dst, `,"status":`...)
	dst = appendText(dst, string(h.Status))
	if h.Reason != "" {
		dst = append(dst, `,"reason":`...)
		dst = appendText(dst, h.Reason)
	}
	dst = append(dst, `,"mode":`...)
	dst = appendText(dst, string(h.Mode))
	dst = append(dst, `,"created_at":`...)
	dst = appendTime(dst, h.CreatedAt)
	dst = append(dst, `,"now":`...)
	dst = appendTime(dst, h.Now)
	dst = append(dst, `,"baseline":`...)
	dst = strconv.AppendInt(dst, h.Baseline, 10)
	dst = append(dst, `,"cause":{"trigger":`...)
	dst = appendText(dst, h.Cause.Trigger)
	dst = append(dst, `,"skus":`...)
	dst = appendTexts(dst, h.Cause.SKUs)
	dst = append(dst, `,"detail":`...)
	dst = appendText(dst, h.Cause.Detail)
	dst = append(dst, `},"input":`...)
	dst = h.Input.append(dst)
	dst = append(dst, `,"periods":`...)
	dst = appendTexts(dst, h.Periods)
	dst = append(dst, `,"cost":`...)
	dst = h.Cost.append(dst)
	dst = append(dst, `,"objective":`...)
	dst = AppendMoney(dst, h.Objective)
	dst = append(dst, `,"certificate":`...)
	dst = h.Certificate.append(dst)
	dst = append(dst, `,"resources":`...)
	dst = appendList(dst, h.Resources, appendResourceLoad)
	dst = append(dst, `,"shortage_total":`...)
	dst = h.ShortageTotal.AppendTo(dst)
	dst = append(dst, `,"shortages":`...)
	dst = appendList(dst, h.Shortages, appendShortage)
	dst = append(dst, `,"excluded":`...)
	dst = appendList(dst, h.Excluded, appendExcluded)
	dst = append(dst, `,"lines":`...)
	dst = lines(dst)
	dst = append(dst, `,"changed_lines":`...)
	dst = strconv.AppendInt(dst, int64(h.ChangedLines), 10)
	dst = append(dst, `,"moved_units":`...)
	dst = h.MovedUnits.AppendTo(dst)
	dst = append(dst, `,"frozen_moves":`...)
	dst = strconv.AppendInt(dst, int64(h.FrozenMoves), 10)
	dst = append(dst, `,"state":`...)
	dst = h.State.append(dst)
	if h.Infeasibility != nil {
		dst = append(dst, `,"infeasibility":`...)
		dst = h.Infeasibility.append(dst)
	}
	if a := h.Approved; a != nil {
		dst = append(dst, `,"approved":{"revision":`...)
		dst = strconv.AppendInt(dst, a.Revision, 10)
		dst = append(dst, `,"through":`...)
		dst = appendText(dst, a.Through)
		dst = append(dst, `,"by":`...)
		dst = appendText(dst, a.By)
		dst = append(dst, `,"at":`...)
		dst = appendTime(dst, a.At)
		dst = append(dst, '}')
	}
	dst = append(dst, `,"checksum":`...)
	dst = appendText(dst, h.Checksum)
	return append(dst, '}')
}

func (in *Input) append(dst []byte) []byte {
	dst = append(dst, `{"topic":`...)
	dst = appendText(dst, in.Topic)
	dst = append(dst, `,"partition":`...)
	dst = strconv.AppendInt(dst, int64(in.Partition), 10)
	dst = append(dst, `,"offset":`...)
	dst = strconv.AppendInt(dst, in.Offset, 10)
	dst = append(dst, `,"watermark":`...)
	dst = appendTime(dst, in.Watermark)
	dst = append(dst, `,"events":`...)
	dst = strconv.AppendInt(dst, in.Events, 10)
	return append(dst, '}')
}

func (c *Cost) append(dst []byte) []byte {
	dst = append(dst, `{"total":`...)
	dst = AppendMoney(dst, c.Total)
	dst = append(dst, `,"production":`...)
	dst = AppendMoney(dst, c.Production)
	dst = append(dst, `,"holding":`...)
	dst = AppendMoney(dst, c.Holding)
	dst = append(dst, `,"overtime":`...)
	dst = AppendMoney(dst, c.Overtime)
	dst = append(dst, `,"shortage":`...)
	dst = AppendMoney(dst, c.Shortage)
	dst = append(dst, `,"stability":`...)
	dst = AppendMoney(dst, c.Stability)
	if c.Orders != 0 {
		dst = append(dst, `,"orders":`...)
		dst = AppendMoney(dst, c.Orders)
	}
	return append(dst, '}')
}

func (c *Certificate) append(dst []byte) []byte {
	dst = append(dst, `{"bound":`...)
	dst = AppendMoney(dst, c.Bound)
	dst = append(dst, `,"gap":`...)
	dst = appendTolerance(dst, c.Gap)
	dst = append(dst, `,"primal_infeasibility":`...)
	dst = appendTolerance(dst, c.PrimalInfeasibility)
	dst = append(dst, `,"dual_infeasibility":`...)
	dst = appendTolerance(dst, c.DualInfeasibility)
	dst = append(dst, `,"checked":`...)
	dst = strconv.AppendBool(dst, c.Checked)
	dst = append(dst, `,"rounding_gap":`...)
	dst = appendTolerance(dst, c.RoundingGap)
	return append(dst, '}')
}

func appendResourceLoad(dst []byte, r *ResourceLoad) []byte {
	dst = append(dst, `{"resource":`...)
	dst = appendText(dst, r.Resource)
	dst = append(dst, `,"period":`...)
	dst = appendText(dst, r.Period)
	dst = append(dst, `,"capacity":`...)
	dst = r.Capacity.AppendTo(dst)
	dst = append(dst, `,"load":`...)
	dst = r.Load.AppendTo(dst)
	dst = append(dst, `,"overtime":`...)
	dst = r.Overtime.AppendTo(dst)
	dst = append(dst, `,"price":`...)
	dst = AppendMoney(dst, r.Price)
	return append(dst, '}')
}

func appendShortage(dst []byte, s *Shortage) []byte {
	dst = append(dst, `{"sku":`...)
	dst = appendText(dst, s.SKU)
	dst = append(dst, `,"period":`...)
	dst = appendText(dst, s.Period)
	dst = append(dst, `,"quantity":`...)
	dst = s.Quantity.AppendTo(dst)
	dst = append(dst, `,"kind":`...)
	dst = appendText(dst, string(s.Kind))
	dst = append(dst, `,"resource":`...)
	dst = appendText(dst, s.Resource)
	dst = append(dst, `,"price":`...)
	dst = AppendMoney(dst, s.Price)
	dst = append(dst, `,"displaced_by":`...)
	dst = appendTexts(dst, s.DisplacedBy)
	return append(dst, '}')
}

func appendExcluded(dst []byte, e *Excluded) []byte {
	dst = append(dst, `{"sku":`...)
	dst = appendText(dst, e.SKU)
	dst = append(dst, `,"reason":`...)
	dst = appendText(dst, e.Reason)
	return append(dst, '}')
}

func (s *PlanState) append(dst []byte) []byte {
	dst = append(dst, `{"stock":`...)
	dst = appendText(dst, s.Stock)
	dst = append(dst, `,"stock_as_of":`...)
	dst = appendText(dst, s.StockAsOf)
	dst = append(dst, `,"assumed_stock":`...)
	dst = strconv.AppendInt(dst, int64(s.AssumedStock), 10)
	dst = append(dst, `,"stale_skus":`...)
	dst = appendTexts(dst, s.StaleSKUs)
	dst = append(dst, `,"provisional_items":`...)
	dst = strconv.AppendInt(dst, int64(s.ProvisionalItems), 10)
	if s.FoundSKUs != 0 {
		dst = append(dst, `,"found_skus":`...)
		dst = strconv.AppendInt(dst, int64(s.FoundSKUs), 10)
	}
	return append(dst, '}')
}

func (f *Infeasibility) append(dst []byte) []byte {
	dst = append(dst, `{"cause":`...)
	dst = appendText(dst, f.Cause)
	dst = append(dst, `,"resource":`...)
	dst = appendText(dst, f.Resource)
	if f.SKU != "" {
		dst = append(dst, `,"sku":`...)
		dst = appendText(dst, f.SKU)
	}
	dst = append(dst, `,"first_short_period":`...)
	dst = appendText(dst, f.FirstShortPeriod)
	dst = append(dst, `,"missing":`...)
	dst = AppendMoney(dst, f.Missing)
	dst = append(dst, `,"peak_period":`...)
	dst = appendText(dst, f.PeakPeriod)
	dst = append(dst, `,"factor":`...)
	dst = appendOptional(dst, f.Factor, appendTolerance)
	dst = append(dst, `,"smallest_capacity":`...)
	dst = appendList(dst, f.SmallestCapacity, func(dst []byte, v *float64) []byte { return AppendMoney(dst, *v) })
	dst = append(dst, `,"uniform_extra":`...)
	dst = appendOptional(dst, f.UniformExtra, AppendMoney)
	dst = append(dst, `,"binding_periods":`...)
	dst = appendTexts(dst, f.BindingPeriods)
	if len(f.Repair) > 0 {
		dst = append(dst, `,"repair":`...)
		dst = appendList(dst, f.Repair, appendRepair)
	}
	return append(dst, '}')
}

func appendRepair(dst []byte, r *Repair) []byte {
	dst = append(dst, `{"resource":`...)
	dst = appendText(dst, r.Resource)
	dst = append(dst, `,"period":`...)
	dst = appendText(dst, r.Period)
	dst = append(dst, `,"extra":`...)
	dst = AppendMoney(dst, r.Extra)
	return append(dst, '}')
}
