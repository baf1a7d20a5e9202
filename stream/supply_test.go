package stream_test

import (
	"strings"
	"testing"
	"time"

	"drumbeat/schemas"
	"drumbeat/stream"
)

// An order that is overdue arrives in the first period, and the line says so; once it has come, it no
// longer does.
func TestOverdueOrdersAreFlagged(t *testing.T) {
	b := planned(t, func(c *stream.Config) { c.Settings.Confirmation = schemas.ConfirmEvents })
	today := day0 + 14
	receipt := func(status schemas.ReceiptStatus, units float64, date schemas.Date) stream.Record {
		b.clock = b.clock.Add(time.Second)
		return b.define(&schemas.Receipt{Order: "o", SKU: "A", Quantity: qty(units), Date: date, Start: ptr(day0), Status: status})
	}
	b.clock = today.Time(nil)
	b.take(b.define(&schemas.StockCounted{SKU: "A", OnHand: qty(50), AsOf: schemas.AsOf{Date: today - 2}}),
		receipt(schemas.ReceiptExpected, 30, today-3), b.define(&schemas.Receipt{
			Order: "next", SKU: "A", Quantity: qty(5), Date: today + 8, Status: schemas.ReceiptExpected}))
	b.end()
	line := b.lines["A"]
	if p := line.Periods[0]; p.Overdue != qty(30) || p.Receipts != qty(30) || line.Periods[1].Overdue != 0 || line.Periods[1].Receipts != qty(5) {
		t.Errorf("first periods %+v", line.Periods[:2])
	}
	// Received ahead of the clock: it is on its way, in its period, and not yet on hand.
	before := b.view("A").OnHand
	b.take(receipt(schemas.ReceiptReceived, 30, today+7))
	b.end()
	if p := b.lines["A"].Periods; p[0].Overdue != 0 || p[0].Receipts != 0 || p[1].Receipts != qty(35) || b.view("A").OnHand != before {
		t.Errorf("received ahead: %+v, %v on hand", p[:2], b.view("A").OnHand)
	}
	b.take(receipt(schemas.ReceiptReceived, 36, today-1)) // six more, and they are there
	b.end()
	if p := b.lines["A"].Periods; p[0].Overdue != 0 || p[0].Receipts != 0 || p[1].Receipts != qty(35) || b.view("A").OnHand != before+6 {
		t.Errorf("received: %+v, %v on hand", p[:2], b.view("A").OnHand)
	}
}

// What went out beyond the belief is shown in the line and the head until the next count.
func TestImpossibleStockIsShown(t *testing.T) {
	b := planned(t, func(c *stream.Config) { c.Settings.Confirmation = schemas.ConfirmEvents })
	d := day0 + 14
	b.clock = d.Time(nil)
	b.take(b.define(&schemas.StockCounted{SKU: "A", OnHand: qty(4), AsOf: schemas.AsOf{Date: d - 1}}), b.sold("A", 10, d), b.sold("A", 1, d+1))
	b.end()
	if line, h := b.lines["A"], b.head(); line.Found != qty(7) || h.State.FoundSKUs != 1 || line.Periods[0].Opening != 0 {
		t.Errorf("found %v, head %+v, opening %v", line.Found, h.State, line.Periods[0].Opening)
	}
	b.clock = b.clock.Add(time.Second)
	b.take(b.define(&schemas.StockCounted{SKU: "A", OnHand: qty(40), AsOf: schemas.AsOf{Date: d}}))
	b.end()
	if line, h := b.lines["A"], b.head(); line.Found != 0 || h.State.FoundSKUs != 0 || line.Periods[0].Opening != qty(39) {
		t.Errorf("after a count: found %v, head %+v, opening %v", line.Found, h.State, line.Periods[0].Opening)
	}
}

// What is sold beyond the belief comes out of what arrives today: it is not there a second time.
func TestSoldOutOfTodaysArrivals(t *testing.T) {
	b := planned(t, func(c *stream.Config) {
		c.Settings.Confirmation, c.Settings.Clock = schemas.ConfirmEvents, schemas.ClockWall
	})
	d := day0 + 14
	expect := func(order string, units float64, date schemas.Date) stream.Record {
		return b.define(&schemas.Receipt{Order: order, SKU: "A", Quantity: qty(units), Date: date, Status: schemas.ReceiptExpected})
	}
	b.clock = d.Time(nil).Add(9 * time.Hour)
	b.p.Tick(b.clock)
	b.take(b.define(&schemas.StockCounted{SKU: "A", OnHand: qty(4), AsOf: schemas.AsOf{Date: d - 1}}),
		expect("overdue", 5, d-1), expect("today", 20, d), expect("tomorrow", 30, d+1))
	for _, c := range []struct{ sold, opening, receipts float64 }{
		{1, 3, 55}, {9, 0, 49}, // of 4 there and 25 to come today
		{40, 0, 30}, // the rest lay there, though no book knew it
	} {
		b.take(b.sold("A", c.sold, d))
		b.clock = b.clock.Add(time.Hour)
		b.p.Tick(b.clock)
		b.end()
		if p := b.lines["A"].Periods[0]; p.Opening != qty(c.opening) || p.Receipts != qty(c.receipts) {
			t.Errorf("%v more are sold: opening %v, receipts %v, want %v and %v", c.sold, p.Opening, p.Receipts, c.opening, c.receipts)
		}
	}
}

// What no receipt confirms expires when its period ends: it is listed, and planned again.
func TestUnconfirmedPlansExpire(t *testing.T) {
	b := planned(t, func(c *stream.Config) { c.Settings.Confirmation = schemas.ConfirmEvents })
	d := day0 + 14
	b.clock = d.Time(nil)
	b.take(b.define(&schemas.StockCounted{SKU: "A", OnHand: qty(0), AsOf: schemas.AsOf{Date: d - 1}}))
	b.end()
	week := b.production("A")[0]
	if week <= 0 {
		t.Fatalf("nothing planned: %v", b.production("A"))
	}
	for ; d < day0+21; d++ {
		b.take(b.sold("A", 1, d))
	}
	b.end()
	h := b.head()
	if !strings.Contains(h.Cause.Detail, "1 planned orders expired unconfirmed: A ") {
		t.Errorf("cause %+v", h.Cause)
	}
	if again := b.production("A"); again[0]+again[1] <= 0 {
		t.Errorf("not planned again: %v", again)
	}
	if v := b.view("A"); len(v.Orders) > 0 || v.OnHand > 0 {
		t.Errorf("believed without a receipt: %+v", v)
	}
}

// A SKU that was never counted starts at its safety stock with the first plan, whose head says so.
func TestNeverCounted(t *testing.T) {
	b := planned(t, nil)
	if v := b.view("A"); !v.Assumed || b.heads[0].State.Stock != schemas.StockAssumed || b.heads[0].State.AssumedStock != 1 {
		t.Errorf("%+v, state %+v", v, b.heads[0].State)
	}
	if p := b.lines["A"].Periods[0]; len(b.heads) == 1 && p.Opening != p.SafetyStock {
		t.Errorf("opens with %v, safety stock %v", p.Opening, p.SafetyStock)
	}
}
