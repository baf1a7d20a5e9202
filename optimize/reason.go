package optimize

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Reason says why the line of an SKU is as it is: what happens, and because of what.
type Reason struct {
	Kind  Kind  `json:"kind"`
	Cause Cause `json:"cause,omitempty"`

	Quantity float64 `json:"quantity,omitempty"` // what is short in Period
	Period   string  `json:"period,omitempty"`   // of the shortage, or the one that what is made early is for
	Early    int     `json:"early,omitempty"`    // periods between
	Frozen   string  `json:"frozen,omitempty"`   // production is frozen through this period, and there is some

	Resource  string   `json:"resource,omitempty"`     // cause capacity: what is full
	From      string   `json:"from,omitempty"`         // in these periods,
	To        string   `json:"to,omitempty"`           //
	Price     float64  `json:"price,omitempty"`        // at most at this price
	Displaced []string `json:"displaced_by,omitempty"` // cause capacity of a shortage: who uses it
	Arrives   string   `json:"arrives,omitempty"`      // cause lead time: the first period that new supply reaches; empty: none in the horizon
	Pack      float64  `json:"pack,omitempty"`
}

// Kind is what happens to a line.
type Kind string

// The kinds, the most pressing first.
const (
	Lost        Kind = "short"
	Late        Kind = "late"
	BelowSafety Kind = "below_safety"
	NoDemand    Kind = "no_demand"
	Covered     Kind = "covered"
	MadeEarly   Kind = "early"
	Follows     Kind = "follows"
	JustInTime  Kind = "just_in_time"
)

// Cause is what a line cannot help.
type Cause string

// The causes.
const (
	ByLeadTime      Cause = "lead_time"
	ByCapacity      Cause = "capacity"
	ByMaxProduction Cause = "max_production"
	ByStorage       Cause = "storage"
	ByFrozen        Cause = "frozen"
	ByPin           Cause = "pinned"
	ByLots          Cause = "lots"
	ByOrders        Cause = "orders"
	ByBaseline      Cause = "baseline"
)

// String is the reason as a sentence.
func (r Reason) String() string {
	text := ""
	switch r.Kind {
	case Lost, Late, BelowSafety:
		what := map[Kind]string{Lost: "short", Late: "late with", BelowSafety: "below safety stock by"}[r.Kind]
		text = fmt.Sprintf("%s %s in %s: ", what, number(r.Quantity), r.Period)
		switch {
		case r.Cause == ByLeadTime && r.Arrives == "":
			return text + "new supply arrives after the horizon"
		case r.Cause == ByLeadTime:
			return text + "new supply cannot arrive before " + r.Arrives
		case r.Cause == ByCapacity && len(r.Displaced) > 0:
			return fmt.Sprintf("%s%s full, price %.2f, used by %s", text, r.Resource, r.Price, strings.Join(r.Displaced, ", "))
		case r.Cause == ByCapacity:
			return fmt.Sprintf("%s%s full, price %.2f", text, r.Resource, r.Price)
		}
		return text + map[Cause]string{ByMaxProduction: "maximum production reached", ByStorage: "storage full", ByFrozen: "production is frozen",
			ByPin: "production is pinned", ByLots: "no further lot fits", "": "making it costs more than the shortage"}[r.Cause]
	case NoDemand:
		return "no demand"
	case Covered:
		return "stock and open orders cover demand"
	case Follows:
		return "keeps to the former plan"
	case JustInTime:
		text = "just in time"
		if r.Cause == ByLots {
			text += fmt.Sprintf(", rounded to packs of %s", number(r.Pack))
		}
	case MadeEarly:
		text = r.early()
	}
	if r.Frozen != "" {
		return fmt.Sprintf("frozen through %s, then %s", r.Frozen, text)
	}
	return text
}

// early is the sentence of what is made before it is needed.
func (r Reason) early() string {
	text := "made " + strconv.Itoa(r.Early) + " periods early"
	switch r.Early {
	case 0:
		text = "made beyond what is needed in " + r.Period
	case 1:
		text = "made 1 period early"
	}
	switch {
	case r.Cause == ByCapacity && r.From == r.To:
		return fmt.Sprintf("%s: %s full in %s, price %.2f", text, r.Resource, r.From, r.Price)
	case r.Cause == ByCapacity:
		return fmt.Sprintf("%s: %s full in %s..%s, price %.2f", text, r.Resource, r.From, r.To, r.Price)
	case r.Cause == "":
		return text
	}
	return text + ": " + map[Cause]string{ByPin: "pinned", ByFrozen: "frozen", ByMaxProduction: "maximum production reached later",
		ByOrders: "one order covers them", ByLots: "lots are larger than what is needed", ByBaseline: "moving it costs more than the stock"}[r.Cause]
}

// number prints a quantity without needless decimals.
func number(v float64) string {
	return strconv.FormatFloat(math.Round(v*1000)/1000, 'f', -1, 64)
}
