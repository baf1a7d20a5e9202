package main

import (
	"fmt"
	"testing"
	"time"

	"drumbeat/optimize"
	"drumbeat/schemas"
	"drumbeat/stream"
)

// mallRecords are weeks of a site that is large enough to be solved by prices: one factory, short of capacity for the
// safety stock of all its products at first. Weeks from and to are counted from the first; the first brings the definitions.
func mallRecords(t *testing.T, from, to int) []stream.Record {
	t.Helper()
	const skus = 270
	var records []stream.Record
	offset := int64(from) * 10_000
	add := func(ev schemas.Event) {
		ev.Source, ev.ID, ev.Site = "test", fmt.Sprint(offset), "plant"
		value, err := schemas.Encode(&ev)
		if err != nil {
			t.Fatal(err)
		}
		records = append(records, stream.Record{Offset: offset, Key: []byte("plant"), Value: value})
		offset++
	}
	define := func(data any) {
		at := time.Date(2024, 1, 1, 0, 0, len(records), 0, time.UTC)
		add(schemas.Event{Type: schemas.TypeOf(data), Time: at, HasTime: true, Data: data})
	}
	if from == 0 {
		horizon := 8
		define(&schemas.Policy{Horizon: &horizon})
		define(&schemas.Resource{Resource: "factory", Capacity: 5000, Per: schemas.PerWeek, OvertimeCapacity: 300, OvertimeCost: 9})
		for i := range skus {
			safety := schemas.Quantity(10+i%7) * schemas.Unit
			define(&schemas.Item{SKU: fmt.Sprintf("P%03d", i), ProductionCost: float64(5 + i%13), HoldingCost: 0.05 + float64(i%5)/20, SafetyStock: &safety,
				Resource: "factory", Usage: 1})
		}
	}
	for week := from; week < to; week++ {
		for day := 0; day < 7; day += 3 {
			date := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, 7*week+day).Format(time.DateOnly)
			for i := range skus {
				add(schemas.Event{Type: schemas.TypeSale, Sale: schemas.Sale{SKU: schemas.TextField(fmt.Sprintf("P%03d", i)), Date: schemas.TextField(date),
					Quantity: schemas.NumberField(schemas.Quantity(2+(week*(i+3)+day)%9) * schemas.Unit)}})
			}
		}
	}
	return records
}

// Plans that were found by prices, cold, warm, and after a restart from the prices stored with the last one, hold when
// they are solved again.
func TestVerifyPlansByPrices(t *testing.T) {
	takeTurn(t, otherLane)
	dsn, store := testDatabase(t)
	settings := stream.DefaultSettings()
	settings.Clock = schemas.ClockEvent
	saved(t, store, settings, mallRecords(t, 0, 4), nil)
	before, err := store.Revisions(t.Context(), "plant", 100)
	if err != nil {
		t.Fatal(err)
	}
	saved(t, store, settings, mallRecords(t, 4, 6), nil)

	status, checks, says := verified(t, dsn)
	if status != 0 {
		t.Errorf("status %d: %s", status, says)
	}
	if len(before) < 2 || len(checks) <= len(before) {
		t.Fatalf("%d revisions, %d after the restart", len(before), len(checks))
	}
	priced := 0
	for n, c := range checks {
		if !c.OK || !c.Solved {
			t.Errorf("%+v", c)
		}
		r, err := store.Revision(t.Context(), "plant", n)
		if err != nil {
			t.Fatal(err)
		}
		var start optimize.Start
		if r.Start == nil {
			continue
		}
		if err := stream.Unpack(r.Start, &start); err != nil {
			t.Fatal(err)
		}
		for _, b := range start.Blocks {
			for _, v := range b.Prices {
				if v > 0 {
					priced++
					break
				}
			}
		}
	}
	if priced < 2 {
		t.Errorf("%d plans started from prices", priced)
	}
}
