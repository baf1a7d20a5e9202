package schemas

import (
	"path"
	"slices"
	"strings"
	"time"
)

var (
	periodKinds   = []PeriodKind{PeriodDay, PeriodWeek, PeriodMonth, PeriodCustom}
	weekdays      = []string{"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"}
	freezes       = []Freeze{FreezeAuto, FreezeApproved}
	confirmations = []Confirmation{ConfirmAssume, ConfirmEvents}
	modes         = []Mode{ModeStrict, ModeElastic}
	shortageModes = []Shortages{ShortagesLexicographic, ShortagesEconomic}
	clocks        = []Clock{ClockWall, ClockEvent}
)

const (
	maxHorizon  = 520  // periods: ten years of weeks
	maxLineDays = 1130 // the kept daily history
)

func (s *scanner) policy() *Policy {
	v := new(Policy)
	s.members(nil, func(name string) bool {
		switch name {
		case "period":
			v.Period = pointer(oneOf(s, periodKinds))
		case "starts":
			v.Starts = s.dates()
		case "week_ends":
			v.WeekEnds = pointer(oneOf(s, weekdays))
		case "horizon":
			v.Horizon = pointer(int(s.whole(1, maxHorizon)))
		case "frozen":
			v.Frozen = pointer(int(s.whole(0, maxHorizon)))
		case "freeze":
			v.Freeze = pointer(oneOf(s, freezes))
		case "confirmation":
			v.Confirmation = pointer(oneOf(s, confirmations))
		case "mode":
			v.Mode = pointer(oneOf(s, modes))
		case "shortages":
			v.Shortages = pointer(oneOf(s, shortageModes))
		case "change_price":
			v.ChangePrice = pointer(s.amount(0, MaxAmount))
		case "demand_tolerance":
			v.DemandTolerance = pointer(s.amount(0, MaxDemandTolerance))
		case "safety_stock":
			v.SafetyStock = s.safetyStockRule()
		case "quiet":
			v.Quiet = pointer(s.duration())
		case "ceiling":
			v.Ceiling = pointer(s.duration())
		case "materiality":
			v.Materiality = pointer(s.amount(0, 1))
		case "max_age":
			v.MaxAge = pointer(s.duration())
		case "time_zone":
			v.TimeZone = pointer(s.timeZone())
		case "country":
			v.Country = pointer(s.country())
		case "currency":
			v.Currency = pointer(s.currency())
		case "clock":
			v.Clock = pointer(oneOf(s, clocks))
		case "prorate":
			v.Prorate = pointer(s.flag())
		case "line_days":
			v.LineDays = pointer(int(s.whole(1, maxLineDays)))
		case "item_defaults":
			v.ItemDefaults = s.itemDefaults()
		case "demand_items":
			s.list(func() { v.DemandItems = append(v.DemandItems, s.pattern()) })
		default:
			return false
		}
		return true
	})
	if s.err == nil {
		s.checkPolicy(v)
	}
	return v
}

func (s *scanner) checkPolicy(v *Policy) {
	custom := v.Period != nil && *v.Period == PeriodCustom
	switch {
	case custom && len(v.Starts) == 0:
		s.absent("starts")
	case !custom && len(v.Starts) > 0:
		s.bad("starts", "has a meaning with period custom only")
	case !slices.IsSorted(v.Starts) || len(slices.Compact(slices.Clone(v.Starts))) < len(v.Starts):
		s.bad("starts", "does not ascend")
	case v.Horizon != nil && v.Frozen != nil && *v.Frozen > *v.Horizon:
		s.bad("frozen", "is longer than horizon")
	case v.Quiet != nil && v.Ceiling != nil && *v.Quiet > *v.Ceiling:
		s.bad("quiet", "is longer than ceiling")
	}
}

func (s *scanner) safetyStockRule() *SafetyStockRule {
	v := new(SafetyStockRule)
	s.members([]string{"rule", "value"}, func(name string) bool {
		switch name {
		case "rule":
			v.Rule = oneOf(s, safetyKinds)
		case "value":
			v.Value = s.amount(0, MaxAmount)
		default:
			return false
		}
		return true
	})
	if s.err == nil && v.Rule == SafetyServiceLevel && (v.Value == 0 || v.Value >= 1) {
		s.bad("value", "is not above 0 and below 1")
	}
	return v
}

func (s *scanner) itemDefaults() *ItemDefaults {
	v := new(ItemDefaults)
	s.members(nil, func(name string) bool {
		switch name {
		case "cost_share":
			v.CostShare = pointer(s.amount(0, MaxAmount))
		case "production_cost":
			v.ProductionCost = pointer(s.amount(0, MaxAmount))
		case "holding_share":
			v.HoldingShare = pointer(s.amount(0, MaxAmount))
		case "safety_stock":
			v.SafetyStock = s.safetyStockRule()
		case "resource":
			v.Resource = pointer(s.label())
		case "usage":
			v.Usage = pointer(s.positive())
		case "per":
			v.Per = pointer(oneOf(s, pers))
		case "lead_time":
			v.LeadTime = pointer(s.amount(0, maxLeadTime))
		case "whole":
			v.Whole = pointer(s.flag())
		default:
			return false
		}
		return true
	})
	return v
}

// timeZone reads the name of a zone. Whether the zone exists depends on the machine's database, so
// only its form is checked here; "Local" would mean another zone on each machine.
func (s *scanner) timeZone() string {
	zone := s.label()
	if s.err == nil && (zone == time.Local.String() || strings.Contains(zone, " ")) {
		s.wrong(ReasonBadField, excerpt(zone)+" is not an IANA time zone")
	}
	return zone
}

func (s *scanner) currency() string {
	code := s.label()
	if s.err == nil && (len(code) != 3 || strings.Trim(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "") {
		s.wrong(ReasonBadField, excerpt(code)+" is not an ISO 4217 code")
	}
	return code
}

func (s *scanner) country() string {
	code := s.label()
	if s.err == nil && (len(code) != 2 || strings.Trim(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "") {
		s.wrong(ReasonBadField, excerpt(code)+" is not an ISO 3166 code of two letters")
	}
	return code
}

func (s *scanner) pattern() string {
	p := s.label()
	if _, err := path.Match(p, ""); err != nil && s.err == nil {
		s.wrong(ReasonBadField, excerpt(p)+" is not a pattern")
	}
	return p
}
