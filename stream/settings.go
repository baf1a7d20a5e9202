package stream

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"drumbeat/forecast"
	"drumbeat/schemas"
)

// Settings is the policy of a site as it holds: the defaults of [DefaultSettings], overlaid by the
// configuration of the service and by the site's own policy event.
type Settings struct {
	Period          schemas.PeriodKind      `json:"period"`
	Starts          []schemas.Date          `json:"starts,omitempty"`
	WeekEnds        string                  `json:"week_ends"`
	Horizon         int                     `json:"horizon"` // periods
	Frozen          int                     `json:"frozen"`  // periods
	Freeze          schemas.Freeze          `json:"freeze"`
	Confirmation    schemas.Confirmation    `json:"confirmation"`
	Mode            schemas.Mode            `json:"mode"`
	Shortages       schemas.Shortages       `json:"shortages"`
	ChangePrice     float64                 `json:"change_price"`     // periods of holding cost
	DemandTolerance float64                 `json:"demand_tolerance"` // share of a period's forecast, 0 to .5, that its demand may differ from it; 0: none
	SafetyStock     schemas.SafetyStockRule `json:"safety_stock"`
	Quiet           schemas.Duration        `json:"quiet"`
	Ceiling         schemas.Duration        `json:"ceiling"`
	Materiality     float64                 `json:"materiality"` // share of a SKU's period demand
	MaxAge          schemas.Duration        `json:"max_age"`
	TimeZone        string                  `json:"time_zone"`
	Country         string                  `json:"country,omitempty"` // ISO 3166 code: its national holidays are events; "": none
	Currency        string                  `json:"currency"`
	Clock           schemas.Clock           `json:"clock"`
	Prorate         bool                    `json:"prorate"`
	LineDays        int                     `json:"line_days"`
	Provisional     Provisional             `json:"item_defaults"`
	DemandItems     []string                `json:"demand_items"` // patterns of codes that are no product
}

// Provisional shapes the item of a SKU that is sold before anyone has defined it.
type Provisional struct {
	CostShare      float64     `json:"cost_share"`      // of the observed unit price
	ProductionCost float64     `json:"production_cost"` // where no price was seen
	HoldingShare   float64     `json:"holding_share"`   // holding cost a month, of the production cost
	Resource       string      `json:"resource"`
	Usage          float64     `json:"usage"`
	Per            schemas.Per `json:"per"`
	LeadTime       float64     `json:"lead_time"`
	Whole          bool        `json:"whole"`
}

// DefaultSettings are the defaults where nobody has said anything.
func DefaultSettings() Settings {
	return Settings{
		Period: schemas.PeriodWeek, WeekEnds: "sunday", Horizon: 26, Frozen: 1,
		Freeze: schemas.FreezeAuto, Confirmation: schemas.ConfirmAssume,
		Mode: schemas.ModeElastic, Shortages: schemas.ShortagesLexicographic,
		ChangePrice: 2,
		SafetyStock: schemas.SafetyStockRule{Rule: schemas.SafetyServiceLevel, Value: 0.95},
		Quiet:       schemas.Duration(2 * time.Second), Ceiling: schemas.Duration(5 * time.Second),
		Materiality: 0.02, MaxAge: schemas.Duration(time.Hour),
		TimeZone: "UTC", Currency: "EUR", Clock: schemas.ClockWall, Prorate: true, LineDays: 35,
		Provisional: Provisional{
			CostShare: 0.6, ProductionCost: 10, HoldingShare: 0.02,
			Resource: "factory", Usage: 1, Per: schemas.PerPeriod,
		},
		// Codes of postage, fees, samples and manual bookings as ERP systems and web shops write them.
		DemandItems: []string{
			"POST", "POSTAGE", "DOT", "FREIGHT*", "SHIPPING*", "CARRIAGE", "C2", "M", "MANUAL", "D", "DISCOUNT*",
			"S", "SAMPLE", "SAMPLES", "ADJUST*", "BANK CHARGES", "AMAZONFEE", "*FEE", "FEES", "CRUK", "PADS", "GIFT_*",
		},
	}
}

// With returns s overlaid by a policy. The error names the field.
func (s Settings) With(p *schemas.Policy) (Settings, error) {
	set(&s.Period, p.Period)
	if p.Starts != nil {
		s.Starts = p.Starts
	}
	set(&s.WeekEnds, p.WeekEnds)
	set(&s.Horizon, p.Horizon)
	set(&s.Frozen, p.Frozen)
	set(&s.Freeze, p.Freeze)
	set(&s.Confirmation, p.Confirmation)
	set(&s.Mode, p.Mode)
	set(&s.Shortages, p.Shortages)
	set(&s.ChangePrice, p.ChangePrice)
	set(&s.DemandTolerance, p.DemandTolerance)
	set(&s.SafetyStock, p.SafetyStock)
	set(&s.Quiet, p.Quiet)
	set(&s.Ceiling, p.Ceiling)
	set(&s.Materiality, p.Materiality)
	set(&s.MaxAge, p.MaxAge)
	set(&s.TimeZone, p.TimeZone)
	set(&s.Country, p.Country)
	set(&s.Currency, p.Currency)
	set(&s.Clock, p.Clock)
	set(&s.Prorate, p.Prorate)
	set(&s.LineDays, p.LineDays)
	if d := p.ItemDefaults; d != nil {
		set(&s.Provisional.CostShare, d.CostShare)
		set(&s.Provisional.ProductionCost, d.ProductionCost)
		set(&s.Provisional.HoldingShare, d.HoldingShare)
		set(&s.Provisional.Resource, d.Resource)
		set(&s.Provisional.Usage, d.Usage)
		set(&s.Provisional.Per, d.Per)
		set(&s.Provisional.LeadTime, d.LeadTime)
		set(&s.Provisional.Whole, d.Whole)
		set(&s.SafetyStock, d.SafetyStock)
	}
	if p.DemandItems != nil {
		s.DemandItems = p.DemandItems
	}
	return s, s.Validate()
}

func set[T any](dst *T, v *T) {
	if v != nil {
		*dst = *v
	}
}

// Validate reports the first contradiction, by the name of its field.
func (s Settings) Validate() error {
	if _, err := time.LoadLocation(s.TimeZone); err != nil || s.TimeZone == "" {
		return fmt.Errorf("stream: time_zone: %q is not a known zone", s.TimeZone)
	}
	if s.Country != "" && !slices.Contains(forecast.Countries(), s.Country) {
		return fmt.Errorf("stream: country: no holidays are known of %q (known: %s)", s.Country, strings.Join(forecast.Countries(), " "))
	}
	if _, ok := weekday(s.WeekEnds); !ok {
		return fmt.Errorf("stream: week_ends: %q is not a day of the week", s.WeekEnds)
	}
	if s.Horizon < 1 || s.Horizon > 520 {
		return fmt.Errorf("stream: horizon: %d is not within 1 and 520", s.Horizon)
	}
	if s.Frozen < 0 || s.Frozen >= s.Horizon {
		return fmt.Errorf("stream: frozen: %d is not within 0 and the horizon of %d less one", s.Frozen, s.Horizon)
	}
	if s.Period == schemas.PeriodCustom {
		if len(s.Starts) < 2 {
			return fmt.Errorf("stream: starts: custom periods need at least two starts")
		}
		if !slices.IsSorted(s.Starts) || len(slices.Compact(slices.Clone(s.Starts))) != len(s.Starts) {
			return fmt.Errorf("stream: starts: not in strictly ascending order")
		}
	}
	if float64(s.Horizon)*s.daysPer(schemas.PerPeriod) > longestHorizon-366 {
		return fmt.Errorf("stream: horizon: %d periods are more than %d years", s.Horizon, longestHorizon/366-1)
	}
	if !(s.DemandTolerance >= 0 && s.DemandTolerance <= schemas.MaxDemandTolerance) {
		return fmt.Errorf("stream: demand_tolerance: %g is not within 0 and %g", s.DemandTolerance, schemas.MaxDemandTolerance)
	}
	if s.Ceiling < s.Quiet {
		return fmt.Errorf("stream: ceiling: %v is shorter than quiet %v", s.Ceiling, s.Quiet)
	}
	if _, err := compileCodes(s.DemandItems); err != nil {
		return err
	}
	return nil
}

// longestHorizon is about 60 years of days.
const longestHorizon = 60 * 366

func weekday(name string) (time.Weekday, bool) {
	for d := time.Sunday; d <= time.Saturday; d++ {
		if strings.EqualFold(name, d.String()) {
			return d, true
		}
	}
	return 0, false
}

// calendar is the planning calendar of the settings.
func (s Settings) calendar() calendar {
	ends, _ := weekday(s.WeekEnds)
	return calendar{Period: string(s.Period), WeekEnds: ends, Starts: s.Starts}
}

// sameCalendar says that the planning periods are the same.
func (s *Settings) sameCalendar(o *Settings) bool {
	a, b := s.calendar(), o.calendar()
	return a.same(&b)
}

// daysPer is the mean length of a unit of time in days.
func (s Settings) daysPer(per schemas.Per) float64 {
	const month = 365.25 / 12
	switch per {
	case schemas.PerDay:
		return 1
	case schemas.PerWeek:
		return 7
	case schemas.PerMonth:
		return month
	}
	switch s.Period {
	case schemas.PeriodDay:
		return 1
	case schemas.PeriodWeek:
		return 7
	case schemas.PeriodMonth:
		return month
	}
	n := len(s.Starts)
	return float64(s.Starts[n-1]-s.Starts[0]) / float64(n-1)
}
