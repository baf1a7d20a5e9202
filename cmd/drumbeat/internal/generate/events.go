package generate

import (
	"time"

	"drumbeat/schemas"
)

// Event is the row as its feed sends it. SKU and day identify it within the source, so that a feed that
// is sent again is all duplicates. Numbers are sent as JSON numbers.
func (r *Row) Event(site, source string) schemas.Event {
	e := schemas.Event{
		ID: r.SKU + "/" + r.Date.Format(time.DateOnly), Source: source,
		Type: schemas.TypeSale, Site: site,
		Sale: schemas.Sale{SKU: schemas.TextField(r.SKU)},
	}
	if r.GivenQuantity != "" {
		e.Sale.Quantity = schemas.Field{Raw: r.GivenQuantity, Kind: schemas.Number}
	}
	if r.GivenDate != "" {
		e.Sale.Date = schemas.TextField(r.GivenDate)
	}
	return e
}

// Events are the rows as their feed sends them, in their order.
func Events(rows []Row, site, source string) []schemas.Event {
	events := make([]schemas.Event, len(rows))
	for i := range rows {
		events[i] = rows[i].Event(site, source)
	}
	return events
}

// FactoryCapacity is what the demo's factory makes a month. The demand that ThreeSKU draws does not fit
// into 15,000.
const FactoryCapacity = 16_500

// Definitions are the demo site's policy, resource and items, as of the instant at: thirteen months, one
// factory, and for each SKU what it costs to make and to hold for a month.
func Definitions(site, source string, at time.Time) []schemas.Event {
	month, horizon := schemas.PeriodMonth, 13
	define := func(id string, data any) schemas.Event {
		return schemas.Event{
			ID: id, Source: source, Type: schemas.TypeOf(data), Time: at.UTC(), HasTime: true, Site: site, Data: data,
		}
	}
	item := func(sku string, production, holding float64, inventory, safety schemas.Quantity) schemas.Event {
		inventory *= schemas.Unit
		safety *= schemas.Unit
		return define("item/"+sku, &schemas.Item{
			SKU: sku, ProductionCost: production, HoldingCost: holding, Per: schemas.PerMonth,
			InitialInventory: &inventory, SafetyStock: &safety, Resource: "factory", Usage: 1,
		})
	}
	return []schemas.Event{
		define("policy", &schemas.Policy{Period: &month, Horizon: &horizon}),
		define("resource/factory", &schemas.Resource{Resource: "factory", Capacity: FactoryCapacity, Per: schemas.PerMonth}),
		item("SKU-001", 10, 2, 500, 200),
		item("SKU-002", 50, 5, 20, 5),
		item("SKU-003", 15, 3, 300, 100),
	}
}
