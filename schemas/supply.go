package schemas

// StockCounted is the data of drumbeat.stock-counted.v1: what lay on hand at a moment.
type StockCounted struct {
	SKU    string   `json:"sku"`
	OnHand Quantity `json:"on_hand"` // may be negative: a count that the books overtook
	AsOf   AsOf     `json:"as_of"`
}

// ReceiptStatus is the state of an order.
type ReceiptStatus string

// The states of an order.
const (
	ReceiptExpected  ReceiptStatus = "expected"
	ReceiptReceived  ReceiptStatus = "received"
	ReceiptCancelled ReceiptStatus = "cancelled"
)

// Receipt is the data of drumbeat.receipt.v1: an order that is due, has arrived or was cancelled.
type Receipt struct {
	Order     string        `json:"order"`
	SKU       string        `json:"sku"`
	Quantity  Quantity      `json:"quantity"` // cumulative for the order and SKU
	Date      Date          `json:"date"`     // due or received
	Status    ReceiptStatus `json:"status"`
	Start     *Date         `json:"start,omitempty"`     // when it loads its resource; nil: date less lead time
	Remaining *Quantity     `json:"remaining,omitempty"` // what is still to come after a part receipt; nil: 0 once received
}

// Per is the unit of time of a rate or of a length of time.
type Per string

// The units of time. PerPeriod, the zero value, is the site's own planning period.
const (
	PerPeriod Per = ""
	PerDay    Per = "day"
	PerWeek   Per = "week"
	PerMonth  Per = "month"
)

// SafetyStockKind says how a safety stock is found.
type SafetyStockKind string

// The rules for safety stock.
const (
	SafetyFixed        SafetyStockKind = "fixed"         // units
	SafetyMonths       SafetyStockKind = "months"        // months of forecast demand
	SafetyServiceLevel SafetyStockKind = "service_level" // cycle service, 0 < value < 1
)

// Item is the data of drumbeat.item.v1: a whole item; it replaces the former. An item that is
// discontinued needs no other field but its SKU.
type Item struct {
	SKU              string          `json:"sku"`
	ProductionCost   float64         `json:"production_cost"`             // per unit
	HoldingCost      float64         `json:"holding_cost"`                // per unit and Per
	InitialInventory *Quantity       `json:"initial_inventory,omitempty"` // counts until the first stock count; nil: assumed
	SafetyStock      *Quantity       `json:"safety_stock,omitempty"`      // units, or months with that rule; nil: the rule or the policy decides
	Resource         string          `json:"resource,omitempty"`          // "": factory
	Usage            float64         `json:"usage,omitempty"`             // capacity per unit; 0: 1
	Per              Per             `json:"per,omitempty"`               // unit of holding cost, lead time, maximum production
	SafetyStockRule  SafetyStockKind `json:"safety_stock_rule,omitempty"` // "": fixed where SafetyStock is set
	ServiceLevel     float64         `json:"service_level,omitempty"`     // for that rule; 0: not set
	ShortageCost     float64         `json:"shortage_cost,omitempty"`     // per lost unit; 0: the production cost
	BacklogCost      float64         `json:"backlog_cost,omitempty"`      // per unit and period; above 0: unmet demand is backlogged
	LeadTime         float64         `json:"lead_time,omitempty"`         // in Per
	PackSize         Quantity        `json:"pack_size,omitempty"`         // 0: any quantity
	MinOrder         Quantity        `json:"min_order,omitempty"`         // 0: none
	OrderCost        float64         `json:"order_cost,omitempty"`        // per period with production
	MaxProduction    *Quantity       `json:"max_production,omitempty"`    // per Per; nil: none
	StorageCapacity  *Quantity       `json:"storage_capacity,omitempty"`  // nil: none
	Whole            bool            `json:"whole,omitempty"`             // whole units only
	Discontinued     bool            `json:"discontinued,omitempty"`
	Routings         []Routing       `json:"routings,omitempty"` // several resources; replaces Resource and Usage
}

// Routing is the capacity of one resource that one unit needs.
type Routing struct {
	Resource string  `json:"resource"`
	Usage    float64 `json:"usage"` // above 0
}

// Resource is the data of drumbeat.resource.v1.
type Resource struct {
	Resource         string  `json:"resource"`
	Capacity         float64 `json:"capacity"` // per Per
	Per              Per     `json:"per"`
	OvertimeCapacity float64 `json:"overtime_capacity,omitempty"` // per Per, beyond Capacity
	OvertimeCost     float64 `json:"overtime_cost,omitempty"`     // per unit of overtime
}

// Capacity is the data of drumbeat.capacity.v1: a resource's figure on the days From to To, both in it.
type Capacity struct {
	Resource string  `json:"resource"`
	From     Date    `json:"from"`
	To       Date    `json:"to"`
	Capacity float64 `json:"capacity"` // per Per
	Per      Per     `json:"per"`
}

// CalendarEffect is what a calendar entry does.
type CalendarEffect string

// The effects: nothing is sold or made on a closed day; an event is a regressor of the forecast.
const (
	EffectClosed CalendarEffect = "closed"
	EffectEvent  CalendarEffect = "event"
)

// Calendar is the data of drumbeat.calendar.v1. It names its days as Dates or as From to To.
type Calendar struct {
	Name   string         `json:"name"`
	Dates  []Date         `json:"dates,omitempty"`
	From   *Date          `json:"from,omitempty"`
	To     *Date          `json:"to,omitempty"`
	Effect CalendarEffect `json:"effect"`
	SKUs   []string       `json:"skus,omitempty"` // none: all SKUs
}
