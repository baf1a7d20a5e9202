package optimize

// Status is the outcome of a solve.
type Status string

// The outcomes. Degraded is given by the caller of the engine, never by the engine itself.
const (
	Optimal    Status = "optimal"
	Infeasible Status = "infeasible"
	Degraded   Status = "degraded"
)

// Plan is the answer to a Problem. Matrices are indexed [SKU][period] or [resource][period] in the
// order of the Problem.
type Plan struct {
	Status        Status         `json:"status"`
	Infeasibility *Infeasibility `json:"infeasibility,omitempty"` // set when Status is Infeasible; no matrices then

	Production [][]float64 `json:"production,omitempty"` // x, by start period
	Inventory  [][]float64 `json:"inventory,omitempty"`  // I⁺ at the end of t
	Lost       [][]float64 `json:"lost,omitempty"`
	Backlog    [][]float64 `json:"backlog,omitempty"` // I⁻ at the end of t; nil when no SKU backlogs
	Shortfall  [][]float64 `json:"shortfall,omitempty"`
	Overtime   [][]float64 `json:"overtime,omitempty"`
	Emergency  [][]float64 `json:"emergency,omitempty"` // from the source of last resort; nil when no SKU has one

	// Prices are valid dual prices of capacity (>= 0, cost of one unit less). Values are the duals of
	// the stock rows: what one more unit of demand in t would cost. In lexicographic elastic plans both
	// include the shortage prices of the stages.
	Prices [][]float64 `json:"prices,omitempty"`
	Values [][]float64 `json:"values,omitempty"`
	// Weights are the shortage prices, in multiples of each SKU's shortage cost, that Prices and Values include.
	Weights Weights `json:"weights"`
	// CostPrices and CostValues are the same without shortage prices, where production comes in lots and something is
	// short: duals of the problem in which what the plan loses and owes is not asked for. nil: none.
	CostPrices [][]float64 `json:"cost_prices,omitempty"`
	CostValues [][]float64 `json:"cost_values,omitempty"`

	Cost        Cost        `json:"cost"`
	Objective   float64     `json:"objective"` // what was minimised at the last stage, change price included
	Certificate Certificate `json:"certificate"`

	MovedUnits  float64 `json:"moved_units"`  // Σ|x − x̄|/2 over the periods of the baseline
	FrozenMoves int     `json:"frozen_moves"` // values that differ from Fixed in frozen periods without a pin
	RaisedRows  []Row   `json:"raised_rows,omitempty"`

	Stats Stats  `json:"stats"`
	Start *Start `json:"-"` // what a next solve can start from
}

// Weights price shortages in multiples of a SKU's shortage cost (ShortageCost, else ProductionCost, else 1).
type Weights struct {
	Shortfall float64 `json:"shortfall"` // λ: per unit and period below the safety stock
	Loss      float64 `json:"loss"`      // Λ: per lost unit, and on the backlog cost
}

// Row names a capacity row that fixed production exceeds; By is the amount.
type Row struct {
	Resource int     `json:"resource"`
	Period   int     `json:"period"`
	By       float64 `json:"by"`
}

// Cost is the cost of a plan. Total = Production + Holding + Overtime (+ Shortage with Economic).
// Production includes emergency purchases and Orders. Shortage is 0 unless Economic.
// Stability is the cost difference to the optimum without change price, NaN-free, 0 where not computed.
type Cost struct {
	Total      float64 `json:"total"`
	Production float64 `json:"production"`
	Holding    float64 `json:"holding"`
	Overtime   float64 `json:"overtime"`
	Shortage   float64 `json:"shortage"`
	Stability  float64 `json:"stability"`
	Orders     float64 `json:"orders,omitempty"` // order costs, a part of Production
}

// Certificate is what the independent check of a plan found.
type Certificate struct {
	Bound               float64 `json:"bound"` // lower bound on Objective from the stored prices
	Gap                 float64 `json:"gap"`   // (Objective − Bound)/max(1,|Objective|)
	PrimalInfeasibility float64 `json:"primal_infeasibility"`
	DualInfeasibility   float64 `json:"dual_infeasibility"`
	Checked             bool    `json:"checked"`
	RoundingGap         float64 `json:"rounding_gap"` // lots: (Objective − Bound)/|Bound|, what they can cost too much for what is lost and owed
	// ShortageGap is how far the weighted shortage and cost of a plan in lots that is short may be above the least of any
	// plan, as a share of it. 0: nothing is short, or no lots.
	ShortageGap float64 `json:"shortage_gap,omitempty"`
}

// Stats says how the plan was found.
type Stats struct {
	Components    int // problems that share no limited resource,
	Guided        int // those of them that were solved by prices,
	Fallbacks     int // and those that prices were meant for but that had to be solved as a whole
	Disagreements int // plans of this Engine that a cold solve did not confirm ([Options.ConfirmEvery])
	Rows, Columns int // of all their LPs
	Iterations    int
	Warm          bool    // started from an earlier basis
	Stages        int     // LPs solved
	Seconds       float64 // wall clock; not part of any published plan
}

// Infeasibility explains why a strict problem has no plan. See optimisation.md for the definitions.
type Infeasibility struct {
	Cause            string    `json:"cause"`              // capacity, lead_time, storage, max_production, frozen, rounding
	Resource         string    `json:"resource,omitempty"` // the resource with the largest missing quantity
	SKU              string    `json:"sku,omitempty"`
	FirstShortPeriod string    `json:"first_short_period"`
	Missing          float64   `json:"missing"`
	PeakPeriod       string    `json:"peak_period"`
	Factor           *float64  `json:"factor"` // null: no factor on the capacities is feasible
	SmallestCapacity []float64 `json:"smallest_capacity"`
	UniformExtra     *float64  `json:"uniform_extra"`
	BindingPeriods   []string  `json:"binding_periods"`
	Repair           []Extra   `json:"repair,omitempty"` // cause capacity: the cheapest overtime that would do
}

// Extra is capacity beyond all that a resource has in a period, overtime included.
type Extra struct {
	Resource string  `json:"resource"`
	Period   string  `json:"period"`
	Extra    float64 `json:"extra"`
}
