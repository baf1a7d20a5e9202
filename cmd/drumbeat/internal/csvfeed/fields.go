package csvfeed

import (
	"fmt"
	"slices"
	"strings"

	"drumbeat/schemas"
)

// kind is how a cell becomes JSON.
type kind uint8

const (
	text   kind = iota
	number      // a JSON number
	truth       // true or false
	list        // texts separated by semicolons
)

// field is a field of a type of event as a column can fill it.
type field struct {
	name     string
	kind     kind
	required bool
}

// saleFields are in the order of saleCells.
var saleFields = []field{
	{name: "sku", required: true},
	{name: "quantity", kind: number, required: true},
	{name: "date"},
	{name: "time"},
	{name: "document"},
	{name: "line"},
	{name: "version", kind: number},
	{name: "unit_price", kind: number},
	{name: "customer"},
	{name: "channel"},
}

// definitions holds the fields of the other types: the columns of items.csv, and the data of the event types.
var definitions = map[schemas.Type][]field{
	schemas.TypeStockCounted: {
		{name: "sku", required: true}, {name: "on_hand", kind: number, required: true}, {name: "as_of", required: true},
	},
	schemas.TypeReceipt: {
		{name: "order", required: true}, {name: "sku", required: true}, {name: "quantity", kind: number, required: true},
		{name: "date", required: true}, {name: "status"}, {name: "start"}, {name: "remaining", kind: number},
	},
	schemas.TypeItem: {
		{name: "sku", required: true}, {name: "production_cost", kind: number}, {name: "holding_cost", kind: number},
		{name: "initial_inventory", kind: number}, {name: "safety_stock", kind: number}, {name: "resource"},
		{name: "usage", kind: number}, {name: "per"}, {name: "safety_stock_rule"}, {name: "service_level", kind: number},
		{name: "shortage_cost", kind: number}, {name: "backlog_cost", kind: number}, {name: "lead_time", kind: number},
		{name: "pack_size", kind: number}, {name: "min_order", kind: number}, {name: "order_cost", kind: number},
		{name: "max_production", kind: number}, {name: "storage_capacity", kind: number}, {name: "whole", kind: truth},
		{name: "discontinued", kind: truth},
	},
	schemas.TypeResource: {
		{name: "resource", required: true}, {name: "capacity", kind: number, required: true}, {name: "per"},
		{name: "overtime_capacity", kind: number}, {name: "overtime_cost", kind: number},
	},
	schemas.TypeCapacity: {
		{name: "resource", required: true}, {name: "from", required: true}, {name: "to", required: true},
		{name: "capacity", kind: number, required: true}, {name: "per"},
	},
	schemas.TypeCalendar: {
		{name: "name", required: true}, {name: "dates", kind: list}, {name: "from"}, {name: "to"}, {name: "effect"},
		{name: "skus", kind: list},
	},
	schemas.TypePolicy: {
		{name: "period"}, {name: "starts", kind: list}, {name: "week_ends"}, {name: "horizon", kind: number},
		{name: "frozen", kind: number}, {name: "freeze"}, {name: "confirmation"}, {name: "mode"}, {name: "shortages"},
		{name: "change_price", kind: number}, {name: "demand_tolerance", kind: number}, {name: "safety_stock.rule"}, {name: "safety_stock.value", kind: number},
		{name: "quiet"}, {name: "ceiling"}, {name: "materiality", kind: number}, {name: "max_age"}, {name: "time_zone"},
		{name: "country"}, {name: "currency"}, {name: "clock"}, {name: "prorate", kind: truth}, {name: "line_days", kind: number},
		{name: "item_defaults.cost_share", kind: number}, {name: "item_defaults.production_cost", kind: number},
		{name: "item_defaults.holding_share", kind: number}, {name: "item_defaults.safety_stock.rule"},
		{name: "item_defaults.safety_stock.value", kind: number}, {name: "item_defaults.resource"},
		{name: "item_defaults.usage", kind: number}, {name: "item_defaults.per"},
		{name: "item_defaults.lead_time", kind: number}, {name: "item_defaults.whole", kind: truth},
		{name: "demand_items", kind: list},
	},
}

// typeNames are the names of --type.
var typeNames = []struct {
	name string
	t    schemas.Type
}{
	{"sale", schemas.TypeSale},
	{"item", schemas.TypeItem},
	{"stock", schemas.TypeStockCounted},
	{"receipt", schemas.TypeReceipt},
	{"resource", schemas.TypeResource},
	{"capacity", schemas.TypeCapacity},
	{"calendar", schemas.TypeCalendar},
	{"policy", schemas.TypePolicy},
}

// ParseType reads the name of a type as the command line has it: sale, item, stock, receipt, resource,
// capacity, calendar or policy.
func ParseType(name string) (schemas.Type, error) {
	var known []string
	for _, x := range typeNames {
		if x.name == name {
			return x.t, nil
		}
		known = append(known, x.name)
	}
	return 0, fmt.Errorf("no type %q; there are %s", name, strings.Join(known, ", "))
}

// typeName is the name of --type for t.
func typeName(t schemas.Type) string {
	for _, x := range typeNames {
		if x.t == t {
			return x.name
		}
	}
	return t.String()
}

// columns finds the column of each field; -1 where the file has none.
func (f *Feed) columns(fields []field, t schemas.Type, header []string, m map[string]string) ([]int, error) {
	for name := range m {
		if !slices.ContainsFunc(fields, func(x field) bool { return x.name == name }) {
			return nil, &Error{File: f.name, Field: name, Err: fmt.Errorf("--map: type %s has no such field; it has %s", typeName(t), fieldNames(fields))}
		}
	}
	columns := make([]int, len(fields))
	for i, x := range fields {
		name, mapped := m[x.name]
		if !mapped {
			name = x.name
		}
		at, twice := place(header, name)
		switch {
		case mapped && name == "":
			at = -1
		case mapped && at < 0:
			return nil, &Error{File: f.name, Line: 1, Field: x.name, Err: fmt.Errorf("no column %q; the header has %s", name, strings.Join(header, ", "))}
		case twice:
			return nil, &Error{File: f.name, Line: 1, Field: x.name, Err: fmt.Errorf("two columns are named %q", name)}
		}
		if at < 0 && x.required {
			return nil, f.missing(x.name, header)
		}
		columns[i] = at
	}
	return columns, nil
}

// place finds the column of a name, in that case or, if there is none, in any; -1: none.
func place(header []string, name string) (at int, twice bool) {
	for _, same := range []func(a, b string) bool{func(a, b string) bool { return a == b }, strings.EqualFold} {
		at = -1
		for i, cell := range header {
			if same(strings.TrimSpace(cell), name) {
				at, twice = i, at >= 0
			}
		}
		if at >= 0 {
			return at, twice
		}
	}
	return -1, false
}

// missing is the error for a required field without a column.
func (f *Feed) missing(name string, header []string) error {
	return &Error{File: f.name, Line: 1, Field: name, Err: fmt.Errorf("required, but there is no such column; the header has %s (--map %s=COLUMN)", strings.Join(header, ", "), name)}
}

func fieldNames(fields []field) string {
	names := make([]string, len(fields))
	for i, x := range fields {
		names[i] = x.name
	}
	return strings.Join(names, ", ")
}
