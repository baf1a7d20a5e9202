package view

import (
	"strconv"
	"testing"

	"drumbeat/optimize"
	"drumbeat/schemas"

	"pgregory.net/rapid"
)

// TestActionsKeepStock takes all actions of a drawn line at once: what is cancelled or deferred leaves no period
// with less than its safety stock that had it before, no order is moved beyond what it brings, and what is
// expedited never exceeds what is short.
func TestActionsKeepStock(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 8).Draw(t, "periods")
		quantity := rapid.Map(rapid.IntRange(0, 30), func(v int) schemas.Quantity { return schemas.Quantity(v) * schemas.Unit })
		l := schemas.Line{SKU: "A", Reason: "just in time"}
		opening := quantity.Draw(t, "opening")
		place := map[string]int{}
		for i := range n {
			p := schemas.LinePeriod{Period: "p" + strconv.Itoa(i), Opening: opening, Demand: quantity.Draw(t, "demand"), SafetyStock: quantity.Draw(t, "safety"),
				Price: rapid.Float64Range(0, 9).Draw(t, "price")}
			if rapid.Bool().Draw(t, "order") {
				p.Receipts = quantity.Draw(t, "receipts")
			}
			if rapid.Bool().Draw(t, "made") {
				p.Production = quantity.Draw(t, "production")
				p.Arrivals = p.Production
			}
			p.Inventory = p.Opening + p.Receipts + p.Arrivals - p.Demand
			p.Shortage = max(0, -p.Inventory)
			p.Inventory = max(0, p.Inventory)
			p.Shortfall = max(0, p.SafetyStock-p.Inventory)
			opening = p.Inventory
			place[p.Period] = i
			l.Periods = append(l.Periods, p)
		}
		item := &optimize.SKU{ProductionCost: 10, HoldingCost: 2}
		stock, due, need := make([]schemas.Quantity, n), make([]schemas.Quantity, n), make([]schemas.Quantity, n)
		for i, p := range l.Periods {
			stock[i], due[i], need[i] = p.Inventory, p.Receipts, max(p.Shortage, p.Shortfall)
		}
		releases := 0
		for _, a := range actionsOf(&l, item) {
			from := place[a.Period]
			if a.Quantity <= 0 || a.Reason == "" {
				t.Fatalf("%+v", a)
			}
			switch a.Kind {
			case Release:
				releases++
				if from != 0 || a.Quantity != l.Periods[0].Production || a.Cost != a.Quantity.Float()*10 {
					t.Fatalf("%+v", a)
				}
				continue
			case Expedite:
				to := place[a.To]
				if need[to] -= a.Quantity; to >= from || need[to] < 0 || a.Cost > 0 {
					t.Fatalf("%+v: need left %v", a, need[to])
				}
			case Cancel:
				for i := from; i < n; i++ {
					stock[i] -= a.Quantity
				}
				if want := -a.Quantity.Float() * (10 + 2*float64(n-from)); a.Cost != want {
					t.Fatalf("%+v, want cost %v", a, want)
				}
			case Defer:
				to := place[a.To]
				for i := from; i < to; i++ {
					stock[i] -= a.Quantity
				}
				if want := -a.Quantity.Float() * 2 * float64(to-from); to <= from || a.Cost != want {
					t.Fatalf("%+v, want cost %v", a, want)
				}
			}
			if due[from] -= a.Quantity; due[from] < 0 {
				t.Fatalf("%+v: more than the orders of %s bring", a, a.Period)
			}
		}
		if (releases == 1) != (l.Periods[0].Production > 0) {
			t.Fatalf("%d releases", releases)
		}
		for i, p := range l.Periods {
			if stock[i] < min(p.Inventory, p.SafetyStock) {
				t.Fatalf("%s: %v left of %v, safety stock %v", p.Period, stock[i], p.Inventory, p.SafetyStock)
			}
		}
	})
}
