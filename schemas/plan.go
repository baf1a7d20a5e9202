package schemas

import (
	"strings"
	"time"
)

// PlanStatus is the outcome that a head announces.
type PlanStatus string

// The outcomes. Optimal plans of elastic mode may have shortages. An infeasible one has no lines, and
// the former plan stands: the checksum is still that of the former lines, so that a reader who comes
// later can prove that it holds them. A degraded one keeps the former lines and says why.
const (
	PlanOptimal    PlanStatus = "optimal"
	PlanInfeasible PlanStatus = "infeasible"
	PlanDegraded   PlanStatus = "degraded"
)

// Head closes a revision of a site's plan. Key on the topic: the site. Field order is the order of
// the JSON members. Quantities are base units, money is in the site's currency.
type Head struct {
	Site          string         `json:"site"`
	Revision      int64          `json:"revision"` // 1, 2, 3 …
	PlanID        string         `json:"plan_id"`  // PlanID(Site, Revision)
	Status        PlanStatus     `json:"status"`
	Reason        string         `json:"reason,omitempty"` // why it is degraded
	Mode          Mode           `json:"mode"`
	CreatedAt     time.Time      `json:"created_at"`
	Now           time.Time      `json:"now"`      // the site's clock that the plan was made for
	Baseline      int64          `json:"baseline"` // the revision that changes are measured against; 0: none
	Cause         Cause          `json:"cause"`
	Input         Input          `json:"input"`
	Periods       []string       `json:"periods"` // start dates or names
	Cost          Cost           `json:"cost"`
	Objective     float64        `json:"objective"`
	Certificate   Certificate    `json:"certificate"`
	Resources     []ResourceLoad `json:"resources"`
	ShortageTotal Quantity       `json:"shortage_total"`
	Shortages     []Shortage     `json:"shortages"` // the MaxShortages largest
	Excluded      []Excluded     `json:"excluded"`
	Lines         int            `json:"lines"`         // lines of the whole plan
	ChangedLines  int            `json:"changed_lines"` // lines published with this revision, tombstones counted
	MovedUnits    Quantity       `json:"moved_units"`
	FrozenMoves   int            `json:"frozen_moves"`
	State         PlanState      `json:"state"`
	Infeasibility *Infeasibility `json:"infeasibility,omitempty"`
	Approved      *Approval      `json:"approved,omitempty"` // the newest approval, while it reaches into the plan
	Checksum      string         `json:"checksum"`           // of the lines in force after this head, see Checksummer
}

// Approval is what a person has released: the production of a revision through a period. LinePeriod.Approved
// says how much of what that is.
type Approval struct {
	Revision int64     `json:"revision"`
	Through  string    `json:"through"`
	By       string    `json:"by"`
	At       time.Time `json:"at"`
}

// MaxShortages is the number of shortages that a head lists.
const MaxShortages = 100

// Cause says what made the plan due.
type Cause struct {
	Trigger string   `json:"trigger"` // sale, stock, item, capacity, calendar, policy, review, roll-over, operator …
	SKUs    []string `json:"skus"`    // the first of those that changed
	Detail  string   `json:"detail"`
}

// Input says which part of the log the plan has seen.
type Input struct {
	Topic     string    `json:"topic"`
	Partition int       `json:"partition"`
	Offset    int64     `json:"offset"` // the next one: all before it are in the plan
	Watermark time.Time `json:"watermark"`
	Events    int64     `json:"events"` // events of the site that are in the plan
}

// Cost is what the plan costs over its horizon. Total = production + holding + overtime, and
// + shortage where shortages are economic. Stability is what keeping to the baseline costs.
type Cost struct {
	Total      float64 `json:"total"`
	Production float64 `json:"production"`
	Holding    float64 `json:"holding"`
	Overtime   float64 `json:"overtime"`
	Shortage   float64 `json:"shortage"`
	Stability  float64 `json:"stability"`
	Orders     float64 `json:"orders,omitempty"` // order costs, a part of production; not written where 0
}

// Certificate is the result of the independent check of the plan.
type Certificate struct {
	Bound               float64 `json:"bound"` // no plan costs less
	Gap                 float64 `json:"gap"`   // relative distance of the objective to it
	PrimalInfeasibility float64 `json:"primal_infeasibility"`
	DualInfeasibility   float64 `json:"dual_infeasibility"`
	Checked             bool    `json:"checked"`
	RoundingGap         float64 `json:"rounding_gap"`
}

// ResourceLoad is one resource in one period.
type ResourceLoad struct {
	Resource string   `json:"resource"`
	Period   string   `json:"period"`
	Capacity Quantity `json:"capacity"` // Unlimited (-1) where there is no limit
	Load     Quantity `json:"load"`
	Overtime Quantity `json:"overtime"`
	Price    float64  `json:"price"` // what one unit of capacity more would save
}

// Unlimited stands for the capacity of a resource without a limit.
const Unlimited = -1 * Unit

// ShortageKind says what is short.
type ShortageKind string

// The kinds of shortage.
const (
	ShortageLost    ShortageKind = "lost"    // demand that is not served
	ShortageBacklog ShortageKind = "backlog" // demand that is served late
	ShortageSafety  ShortageKind = "safety"  // stock below its safety stock
)

// Shortage is what one SKU lacks in one period, and why.
type Shortage struct {
	SKU         string       `json:"sku"`
	Period      string       `json:"period"`
	Quantity    Quantity     `json:"quantity"`
	Kind        ShortageKind `json:"kind"`
	Resource    string       `json:"resource"` // the resource that binds; "" where none does
	Price       float64      `json:"price"`    // of that resource
	DisplacedBy []string     `json:"displaced_by"`
}

// Excluded is a SKU that the plan leaves out.
type Excluded struct {
	SKU    string `json:"sku"`
	Reason string `json:"reason"`
}

// PlanState says how good the state is that the plan was made from.
type PlanState struct {
	Stock            string   `json:"stock"`                // StockCountedState, or StockAssumed where a SKU was never counted
	StockAsOf        string   `json:"stock_as_of"`          // date or instant of the oldest count in use; "" where there is none
	AssumedStock     int      `json:"assumed_stock"`        // SKUs that were never counted
	StaleSKUs        []string `json:"stale_skus"`           // SKUs that keep an older forecast because their model failed
	ProvisionalItems int      `json:"provisional_items"`    // SKUs that are sold but not defined
	FoundSKUs        int      `json:"found_skus,omitempty"` // SKUs whose stock was impossible since their newest count: see Line.Found; not written where 0
}

// The values of PlanState.Stock.
const (
	StockCountedState = "counted"
	StockAssumed      = "assumed"
)

// Infeasibility says by how much a strict plan fails, when first, and what capacity would do.
type Infeasibility struct {
	Cause            string    `json:"cause"` // capacity, lead_time, storage, max_production, frozen, rounding
	Resource         string    `json:"resource"`
	SKU              string    `json:"sku,omitempty"`
	FirstShortPeriod string    `json:"first_short_period"`
	Missing          float64   `json:"missing"` // capacity missing up to PeakPeriod, in the resource's unit
	PeakPeriod       string    `json:"peak_period"`
	Factor           *float64  `json:"factor"`            // smallest common factor on all capacities; null: none helps
	SmallestCapacity []float64 `json:"smallest_capacity"` // factor times capacity, by period
	UniformExtra     *float64  `json:"uniform_extra"`     // smallest addition to every capacity above 0; null: none helps
	BindingPeriods   []string  `json:"binding_periods"`
	Repair           []Repair  `json:"repair,omitempty"` // the cheapest overtime that would do; not written where none would
}

// Repair is overtime beyond all that there is.
type Repair struct {
	Resource string  `json:"resource"`
	Period   string  `json:"period"`
	Extra    float64 `json:"extra"` // in the resource's unit
}

// Line is the plan of one SKU. Key on the topic: site/sku.
type Line struct {
	Site     string       `json:"site"`
	SKU      string       `json:"sku"`
	Revision int64        `json:"revision"` // the revision that last changed the line
	Periods  []LinePeriod `json:"periods"`
	Cost     float64      `json:"cost"` // production and holding over the horizon
	Reason   string       `json:"reason"`
	Why      *Why         `json:"why,omitempty"`   // the reason, for machines
	Found    Quantity     `json:"found,omitempty"` // sold or sent out beyond the believed stock since the newest count; not written where 0
}

// Why is the reason of a line in its parts. What does not apply is not written.
type Why struct {
	Kind        string   `json:"kind"`                   // short, late, below_safety, no_demand, covered, early, follows, just_in_time
	Cause       string   `json:"cause,omitempty"`        // lead_time, capacity, max_production, storage, frozen, pinned, lots, orders, baseline
	Quantity    Quantity `json:"quantity,omitempty"`     // what is short in Period
	Period      string   `json:"period,omitempty"`       // of the shortage, or the one that what is made early is for
	Early       int      `json:"early,omitempty"`        // periods between
	Frozen      string   `json:"frozen,omitempty"`       // production is frozen through this period
	Resource    string   `json:"resource,omitempty"`     // that is full,
	From        string   `json:"from,omitempty"`         // from this period
	To          string   `json:"to,omitempty"`           // to this one,
	Price       float64  `json:"price,omitempty"`        // at this price at most
	DisplacedBy []string `json:"displaced_by,omitempty"` // SKUs that use it
	Arrives     string   `json:"arrives,omitempty"`      // the first period that new supply reaches
	Pack        Quantity `json:"pack,omitempty"`
}

// LinePeriod is one period of a line. inventory = opening + receipts + arrivals − demand + shortage.
type LinePeriod struct {
	Period      string   `json:"period"`
	Demand      Quantity `json:"demand"`
	DemandLow   Quantity `json:"demand_low"`
	DemandHigh  Quantity `json:"demand_high"`
	Opening     Quantity `json:"opening"`
	Receipts    Quantity `json:"receipts"`           // of open orders
	Overdue     Quantity `json:"overdue,omitempty"`  // of the receipts, what was due before today; not written where 0
	Production  Quantity `json:"production"`         // by the period it starts in
	Approved    Quantity `json:"approved,omitempty"` // to start in the period by Head.Approved, orders included; not written where 0
	Arrivals    Quantity `json:"arrivals"`           // of planned production
	Inventory   Quantity `json:"inventory"`          // at the end
	SafetyStock Quantity `json:"safety_stock"`
	Shortfall   Quantity `json:"shortfall"` // below the safety stock
	Shortage    Quantity `json:"shortage"`  // demand lost or in backlog
	Frozen      bool     `json:"frozen"`
	Price       float64  `json:"price"` // what one unit of demand more would cost
}

// Plan is a head with the lines of the whole plan, as `drumbeat plan --json` prints it: the member
// `lines` holds them in place of their number.
type Plan struct {
	Head
	Lines []Line
}

// PlanKey is the key of a line on the plans topic.
func PlanKey(site, sku string) string { return site + "/" + sku }

// SplitPlanKey takes a key of the plans topic apart; sku is empty and line false for a head's.
// A site name has no slash, a SKU may have some.
func SplitPlanKey(key string) (site, sku string, line bool) { return strings.Cut(key, "/") }
