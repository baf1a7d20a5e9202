package schemas

import "time"

// Type is the type of an event, one constant for every type of the contract.
type Type uint8

// The types. The number is no part of any format; the name is.
const (
	TypeUnknown Type = iota
	TypeSale
	TypeSaleCancelled
	TypeStockCounted
	TypeReceipt
	TypeItem
	TypeResource
	TypeCapacity
	TypeCalendar
	TypeOutlierReviewed
	TypeDemandOverride
	TypeProductionPin
	TypePlanApproved
	TypePolicy
	TypeOperator
	TypeHeartbeat
	typeCount
)

var typeNames = [typeCount]string{
	TypeSale:            "sale",
	TypeSaleCancelled:   "sale-cancelled",
	TypeStockCounted:    "stock-counted",
	TypeReceipt:         "receipt",
	TypeItem:            "item",
	TypeResource:        "resource",
	TypeCapacity:        "capacity",
	TypeCalendar:        "calendar",
	TypeOutlierReviewed: "outlier-reviewed",
	TypeDemandOverride:  "demand-override",
	TypeProductionPin:   "production-pin",
	TypePlanApproved:    "plan-approved",
	TypePolicy:          "policy",
	TypeOperator:        "operator",
	TypeHeartbeat:       "heartbeat",
}

// Types lists every type in the order of the contract.
func Types() []Type {
	types := make([]Type, 0, typeCount-1)
	for t := TypeSale; t < typeCount; t++ {
		types = append(types, t)
	}
	return types
}

// String is the CloudEvents type, "drumbeat.sale.v1".
func (t Type) String() string {
	if t == TypeUnknown || t >= typeCount {
		return "unknown"
	}
	return "drumbeat." + typeNames[t] + ".v1"
}

// ParseType reads a CloudEvents type. A known name with a version above ours is [ErrNewerVersion]
// (the partition waits for the upgrade), anything else [ErrUnknownType] (a dead letter).
func ParseType(s string) (Type, error) { return parseType(s) }

// FieldKind is the JSON kind of a field as it was sent.
type FieldKind uint8

// The kinds.
const (
	Absent FieldKind = iota
	Null
	Text
	Number
	Bool
	Other // an object or an array
)

// Field is a scalar of an event as it was sent; the cleaner gives it a meaning and counts repairs.
// Raw is the text without quotes and escapes, the number's digits, "true" or "false", or the JSON
// of an object or array; it is empty for Absent and Null. It aliases the record's bytes (or the
// Decoder's buffer, where the text had escapes): clone what outlives the next Decode.
type Field struct {
	Raw  string
	Kind FieldKind
}

// Present says whether the field carries a value: it is neither absent nor null.
func (f Field) Present() bool { return f.Kind > Null }

// TextField is a field of JSON text.
func TextField(s string) Field { return Field{Raw: s, Kind: Text} }

// NumberField is a field of a JSON number.
func NumberField(q Quantity) Field { return Field{Raw: q.String(), Kind: Number} }

// Sale is the data of drumbeat.sale.v1, fields as they were sent. A later version of a line
// replaces the former; quantity 0 cancels it; a negative quantity is a return.
type Sale struct {
	SKU       Field `json:"sku"`
	Quantity  Field `json:"quantity"`
	Date      Field `json:"date"` // the day, or
	Time      Field `json:"time"` // the instant
	Document  Field `json:"document"`
	Line      Field `json:"line"`
	Version   Field `json:"version"`
	UnitPrice Field `json:"unit_price"`
	Customer  Field `json:"customer"`
	Channel   Field `json:"channel"`
}

// SaleCancelled is the data of drumbeat.sale-cancelled.v1: the document and line of the sale, or its
// SKU, quantity and date (and customer).
type SaleCancelled struct {
	SKU      Field `json:"sku"`
	Quantity Field `json:"quantity"`
	Date     Field `json:"date"`
	Time     Field `json:"time"`
	Document Field `json:"document"`
	Line     Field `json:"line"`
	Customer Field `json:"customer"`
	Version  Field `json:"version"`
}

// Event is one CloudEvent. Source + ID identify it.
//
// ID and the fields of Sale and Cancelled alias the record or the Decoder's buffer and hold until
// the next Decode or until the record's bytes are reused; everything else may be kept.
type Event struct {
	ID      string
	Source  string
	Type    Type
	Time    time.Time // UTC; zero without HasTime
	HasTime bool
	Site    string // "" where the event names none: the configured default

	Sale      Sale          // for TypeSale
	Cancelled SaleCancelled // for TypeSaleCancelled
	Data      any           // for all others: a pointer to the type's data, *StockCounted, *Item …
}

// Header is a header of a Kafka record.
type Header struct {
	Key   string
	Value []byte
}
