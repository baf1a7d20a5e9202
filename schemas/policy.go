package schemas

// PeriodKind is the length of a planning period.
type PeriodKind string

// The kinds of periods. Custom periods begin at Policy.Starts (4-4-5 calendars).
const (
	PeriodDay    PeriodKind = "day"
	PeriodWeek   PeriodKind = "week"
	PeriodMonth  PeriodKind = "month"
	PeriodCustom PeriodKind = "custom"
)

// Freeze says when the frozen periods of a plan become binding.
type Freeze string

// A plan-approved event freezes, with auto the passing of time as well.
const (
	FreezeAuto     Freeze = "auto"
	FreezeApproved Freeze = "approved"
)

// Confirmation says how planned production becomes supply.
type Confirmation string

// Assume books it as its period begins; events waits for receipts.
const (
	ConfirmAssume Confirmation = "assume"
	ConfirmEvents Confirmation = "events"
)

// Mode says what may give way when capacity does not suffice.
type Mode string

// Strict plans have no shortage or are infeasible; elastic plans have the least.
const (
	ModeStrict  Mode = "strict"
	ModeElastic Mode = "elastic"
)

// Shortages says how an elastic plan weighs what it cannot serve.
type Shortages string

// Lexicographic: first the least shortage, then the least cost. Economic: shortage has a price.
const (
	ShortagesLexicographic Shortages = "lexicographic"
	ShortagesEconomic      Shortages = "economic"
)

// Clock says what a site's time is.
type Clock string

// Wall is the clock of the service, event the watermark of the log.
const (
	ClockWall  Clock = "wall"
	ClockEvent Clock = "event"
)

// SafetyStockRule is a rule with its figure: units, months or a service level.
type SafetyStockRule struct {
	Rule  SafetyStockKind `json:"rule"`
	Value float64         `json:"value"`
}

// ItemDefaults shape the provisional item of a SKU that is sold before it is defined.
// nil keeps the default.
type ItemDefaults struct {
	CostShare      *float64         `json:"cost_share,omitempty"`      // production cost as a share of the observed unit price
	ProductionCost *float64         `json:"production_cost,omitempty"` // where no price was seen
	HoldingShare   *float64         `json:"holding_share,omitempty"`   // holding cost a month as a share of the production cost
	SafetyStock    *SafetyStockRule `json:"safety_stock,omitempty"`
	Resource       *string          `json:"resource,omitempty"`
	Usage          *float64         `json:"usage,omitempty"`
	Per            *Per             `json:"per,omitempty"`       // of LeadTime
	LeadTime       *float64         `json:"lead_time,omitempty"` // in Per
	Whole          *bool            `json:"whole,omitempty"`
}

// MaxDemandTolerance bounds a policy's demand_tolerance.
const MaxDemandTolerance = .5

// Policy is the data of drumbeat.policy.v1. A field that is absent keeps the default of the site's
// configuration: each policy event replaces the former one as a whole.
type Policy struct {
	Period          *PeriodKind      `json:"period,omitempty"`
	Starts          []Date           `json:"starts,omitempty"`    // ascending, with period custom
	WeekEnds        *string          `json:"week_ends,omitempty"` // monday … sunday
	Horizon         *int             `json:"horizon,omitempty"`   // periods, 1 to 520
	Frozen          *int             `json:"frozen,omitempty"`    // periods, 0 to the horizon
	Freeze          *Freeze          `json:"freeze,omitempty"`
	Confirmation    *Confirmation    `json:"confirmation,omitempty"`
	Mode            *Mode            `json:"mode,omitempty"`
	Shortages       *Shortages       `json:"shortages,omitempty"`
	ChangePrice     *float64         `json:"change_price,omitempty"`     // in periods of holding cost
	DemandTolerance *float64         `json:"demand_tolerance,omitempty"` // share of a period's forecast, 0 to MaxDemandTolerance
	SafetyStock     *SafetyStockRule `json:"safety_stock,omitempty"`
	Quiet           *Duration        `json:"quiet,omitempty"`       // a plan is due after so much silence
	Ceiling         *Duration        `json:"ceiling,omitempty"`     // or at the latest after this
	Materiality     *float64         `json:"materiality,omitempty"` // share of a SKU's period demand, 0 to 1
	MaxAge          *Duration        `json:"max_age,omitempty"`     // when immaterial changes join
	TimeZone        *string          `json:"time_zone,omitempty"`   // IANA name; the reader checks that it exists
	Country         *string          `json:"country,omitempty"`     // ISO 3166, two letters: its national holidays are events
	Currency        *string          `json:"currency,omitempty"`    // ISO 4217, three letters
	Clock           *Clock           `json:"clock,omitempty"`
	Prorate         *bool            `json:"prorate,omitempty"`
	LineDays        *int             `json:"line_days,omitempty"` // days a document line can be corrected, 1 to 1130
	ItemDefaults    *ItemDefaults    `json:"item_defaults,omitempty"`
	DemandItems     []string         `json:"demand_items,omitempty"` // patterns (path.Match) of codes that are no product
}
