package stream_test

import (
	"fmt"
	"time"

	"drumbeat/schemas"
	"drumbeat/stream"
)

// Two sites of one partition of drumbeat.events.
const (
	upgradeSite, upgradeOther = "plant", "works-51"
	upgradePartition          = 4
)

// upgradeLog makes the log of a new version's golden files: 75 days of two sites with every type of event and with
// all that a state can hold on the day of the cut, the day saved, which is a Thursday. The first site freezes by
// itself and takes its plans as made, the other one has them approved and confirmed.
func upgradeLog() (records []stream.Record, saved int) {
	f := &feed{site: upgradeSite}
	add := func(r stream.Record) { records = append(records, r) }
	define := func(data any) { add(f.define(data)) }
	const days, cut = 75, 66
	for n := range days {
		day := day0.AddDays(n)
		f.clock = day.Time(nil)
		f.site = upgradeSite
		for _, ev := range upgradeDecisions(n, day) {
			define(ev)
		}
		if day.Time(nil).Weekday() != time.Sunday {
			upgradeSales(f, n, day, add)
		}
		if n == cut {
			upgradeLoose(f, day, add)
			saved = len(records)
		}
		f.site = upgradeOther
		for _, ev := range upgradeApprovals(n, day) {
			define(ev)
		}
		add(f.sold("NUT", float64(4+n%5), day))
		if n%3 == 0 {
			add(f.sold("PIN", float64(1+n%2), day))
		}
	}
	return records, saved
}

// upgradeSales are the sales of a day, by document and line, with what goes wrong with them.
func upgradeSales(f *feed, n int, day schemas.Date, add func(stream.Record)) {
	line := func(sku string, units float64, line int) *schemas.Sale {
		s := saleOf(sku, units, day)
		s.Document, s.Line = schemas.TextField(fmt.Sprint("D", n)), schemas.TextField(fmt.Sprint(line))
		s.UnitPrice, s.Customer = schemas.TextField("7.5"), schemas.TextField(fmt.Sprint("c", n%4))
		return s
	}
	first := f.sale(line("AXLE", float64(20+n*7%11), 1))
	add(first)
	timed := line("BOLT", float64(9+n*5%7), 2)
	timed.Time, timed.Date = schemas.TextField(day.String()+"T10:15:00Z"), schemas.Field{}
	add(f.sale(timed))
	switch {
	case n%10 == 3:
		add(f.sale(line("CAP", 3, 3)))
	case n%20 == 7: // another version of the line, the same record again by its producer, and a line cancelled
		next := line("AXLE", 18, 1)
		next.Version = schemas.Field{Raw: "2", Kind: schemas.Number}
		add(f.sale(next))
		add(f.raw(first.Value))
		add(f.cancel(&schemas.SaleCancelled{Document: schemas.TextField(fmt.Sprint("D", n)), Line: schemas.TextField("2")}))
	case n%20 == 11: // a return of a customer, and one that nothing explains
		back := saleOf("BOLT", -2, day)
		back.Customer = schemas.TextField("c1")
		add(f.sale(back))
		add(f.sale(saleOf("AXLE", -1, day)))
	case n == 40, n == 54, n == 59: // far too much
		add(f.sale(line("BOLT", 900, 4)))
	}
}

// upgradeDecisions are what people and systems say on a day to the site that freezes by itself.
func upgradeDecisions(n int, day schemas.Date) []any {
	switch n {
	case 0:
		return []any{
			&schemas.Policy{Clock: ptr(schemas.ClockEvent), Horizon: ptr(5), Frozen: ptr(1), LineDays: ptr(35), Country: ptr("ES"), DemandTolerance: ptr(.25),
				Freeze: ptr(schemas.FreezeAuto), Confirmation: ptr(schemas.ConfirmAssume)},
			&schemas.Resource{Resource: "factory", Capacity: 200, Per: schemas.PerWeek, OvertimeCapacity: 40, OvertimeCost: 1.5},
			&schemas.Item{SKU: "AXLE", ProductionCost: 5, HoldingCost: .1, LeadTime: 1, InitialInventory: ptr(qty(90)), SafetyStock: ptr(qty(30))},
			&schemas.Item{SKU: "BOLT", ProductionCost: 8, HoldingCost: .2, PackSize: qty(6), BacklogCost: 2, InitialInventory: ptr(qty(40))},
		}
	case 3:
		return []any{&schemas.Heartbeat{}, &schemas.Operator{Action: schemas.Replan, By: "ana"}}
	case 20:
		return []any{
			&schemas.StockCounted{SKU: "AXLE", OnHand: qty(75), AsOf: schemas.AsOf{Date: day}},
			&schemas.StockCounted{SKU: "BOLT", OnHand: qty(33), AsOf: schemas.AsOf{Date: day, Time: day.Time(time.UTC).Add(9 * time.Hour), HasTime: true, Zoned: true}},
			&schemas.Receipt{Order: "PO-1", SKU: "BOLT", Quantity: qty(24), Date: day.AddDays(5), Status: schemas.ReceiptExpected},
		}
	case 24:
		return []any{&schemas.Receipt{Order: "PO-1", SKU: "BOLT", Quantity: qty(20), Date: day, Status: schemas.ReceiptReceived, Remaining: ptr(qty(4))}}
	case 41:
		return []any{
			&schemas.OutlierReviewed{SKU: "BOLT", Date: day.AddDays(-1), Verdict: "reject", By: "ana"},
			&schemas.Calendar{Name: "fair", Dates: []schemas.Date{day.AddDays(-30), day.AddDays(30)}, Effect: schemas.EffectEvent, SKUs: []string{"AXLE"}},
			&schemas.Calendar{Name: "inventory", From: ptr(day.AddDays(29)), To: ptr(day.AddDays(30)), Effect: schemas.EffectClosed},
		}
	case 62:
		return []any{
			&schemas.Capacity{Resource: "factory", From: day.AddDays(3), To: day.AddDays(9), Capacity: 120, Per: schemas.PerWeek},
			&schemas.DemandOverride{SKU: "AXLE", From: day, To: day.AddDays(20), Mode: schemas.OverrideScale, Factor: ptr(1.2), By: "ana", Reason: "season"},
			&schemas.ProductionPin{SKU: "BOLT", Period: day.AddDays(9).String(), Min: ptr(qty(12)), By: "ana"},
			&schemas.Receipt{Order: "PO-2", SKU: "AXLE", Quantity: qty(60), Date: day.AddDays(9), Start: ptr(day), Status: schemas.ReceiptExpected},
			&schemas.Item{SKU: "CAP", ProductionCost: 3, HoldingCost: .1, InitialInventory: ptr(qty(10)), Discontinued: true},
		}
	}
	return nil
}

// upgradeApprovals are the same for the site whose plans people approve.
func upgradeApprovals(n int, day schemas.Date) []any {
	switch n {
	case 0:
		return []any{
			&schemas.Policy{Clock: ptr(schemas.ClockEvent), Horizon: ptr(4), Freeze: ptr(schemas.FreezeApproved), Confirmation: ptr(schemas.ConfirmEvents)},
			&schemas.Item{SKU: "NUT", ProductionCost: 4, HoldingCost: .1},
		}
	case 57:
		return []any{&schemas.PlanApproved{Revision: 8, Through: day.AddDays(7).String(), By: "ben"}}
	}
	return nil
}

// upgradeLoose is what hangs in the air on the day of the cut: a record that is no event, a cancellation whose sale
// has not come, a return, a sale three weeks late and one dated ahead.
func upgradeLoose(f *feed, day schemas.Date, add func(stream.Record)) {
	add(f.raw([]byte("no JSON")))
	add(f.cancel(&schemas.SaleCancelled{Document: schemas.TextField("D900"), Line: schemas.TextField("1")}))
	back := saleOf("AXLE", -2, day)
	back.Customer = schemas.TextField("c9")
	add(f.sale(back))
	add(f.sold("AXLE", 2, day.AddDays(-21)))
	add(f.sold("AXLE", 5, day.AddDays(60)))
}
