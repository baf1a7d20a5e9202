package optimize

// Mode says what may give way when capacity does not suffice.
type Mode string

// The modes of the model.
const (
	Elastic Mode = "elastic" // demand and safety stock may be short, lexicographically before cost
	Strict  Mode = "strict"  // nothing may be short; the problem may be infeasible
)

// Shortages says how an elastic problem weighs what it cannot serve.
type Shortages string

// The two ways to weigh shortages.
const (
	Lexicographic Shortages = "lexicographic" // least weighted loss, then least weighted shortfall, then cost
	Economic      Shortages = "economic"      // the real prices are part of the cost
)

// Problem is one site's planning problem: S SKUs, T periods, R resources.
// Quantities are in base units of each SKU, money in the site's currency.
// Slices that are indexed by period have length T.
type Problem struct {
	Periods   []string  `json:"periods"`             // names or start dates, in calendar order
	Mode      Mode      `json:"mode"`                // "" is Elastic
	Shortages Shortages `json:"shortages,omitempty"` // "" is Lexicographic
	Frozen    int       `json:"frozen"`              // F: the first F periods are frozen for SKUs that have SKU.Fixed

	// HoldingShare scales the holding cost of each period (a partly elapsed first period counts for less).
	// nil means 1 everywhere.
	HoldingShare []float64 `json:"holding_share,omitempty"`

	SKUs      []SKU      `json:"skus"`
	Resources []Resource `json:"resources"`
}

// SKU is the part of a Problem that belongs to one SKU.
type SKU struct {
	Name        string    `json:"name"`
	Demand      []float64 `json:"demand"`             // d[t] >= 0
	SafetyStock []float64 `json:"safety_stock"`       // ss[t] >= 0, asked of the stock at the end of t
	Receipts    []float64 `json:"receipts,omitempty"` // rec[t] >= 0: open orders arriving in t; nil: none
	Opening     float64   `json:"opening"`            // I0; negative only with BacklogCost (an open backlog)

	ProductionCost float64 `json:"production_cost"` // c, per unit
	HoldingCost    float64 `json:"holding_cost"`    // h, per unit and period
	Uses           []Use   `json:"uses"`            // capacity needed per unit, at most one entry a resource
	LeadTime       int     `json:"lead_time,omitempty"`

	MaxProduction []float64 `json:"max_production,omitempty"` // upper bound of x[t]; nil: none
	ShortageCost  float64   `json:"shortage_cost,omitempty"`  // weight of a lost unit; 0: ProductionCost
	BacklogCost   float64   `json:"backlog_cost,omitempty"`   // > 0: unmet demand is backlogged at this price per unit and period

	// Baseline is x̄, the production that change is measured against; NaN-free, valid where
	// HasBaseline[t]. nil: no baseline at all. ChangePrice is k[t] <= c.
	Baseline    []float64 `json:"baseline,omitempty"`
	HasBaseline []bool    `json:"has_baseline,omitempty"`
	ChangePrice []float64 `json:"change_price,omitempty"`

	// Fixed is the production of the frozen periods t < Problem.Frozen; nil: this SKU is free there
	// (it has no plan in force yet).
	Fixed []float64 `json:"fixed,omitempty"`

	// Pins bound single periods and override Fixed.
	Pins []Pin `json:"pins,omitempty"`

	StorageCapacity float64 `json:"storage_capacity,omitempty"` // upper bound of stock; 0: none
	PackSize        float64 `json:"pack_size,omitempty"`        // production in multiples; 0: any quantity
	MinOrder        float64 `json:"min_order,omitempty"`        // least production where there is any; 0: none
	OrderCost       float64 `json:"order_cost,omitempty"`       // per period with production; 0: none

	// EmergencyCost > 0 adds a source of last resort without limit, arriving at once, at this price
	// per unit (a purchase, say). It takes no capacity.
	EmergencyCost float64 `json:"emergency_cost,omitempty"`
}

// Use is the capacity of one resource that one unit needs.
type Use struct {
	Resource int     `json:"resource"` // index into Problem.Resources
	Amount   float64 `json:"amount"`   // > 0
}

// Pin bounds the production of one period. Max < 0 means no upper bound.
type Pin struct {
	Period int     `json:"period"`
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
}

// Resource is a shared capacity.
type Resource struct {
	Name string `json:"name"`
	// Capacity is C[t] in units of Use.Amount; Unlimited marks periods without a limit (Capacity is 0 there).
	Capacity  []float64 `json:"capacity"`
	Unlimited []bool    `json:"unlimited,omitempty"`
	// Load is the capacity that open orders take in their start period; it may exceed Capacity.
	Load         []float64 `json:"load,omitempty"`
	Overtime     []float64 `json:"overtime,omitempty"`      // OT[t]; nil: none
	OvertimeCost []float64 `json:"overtime_cost,omitempty"` // o[t] per unit of overtime
}
