package stream_test

import (
	"strings"
	"testing"
	"time"

	"drumbeat/schemas"
	"drumbeat/stream"
)

func TestDaysWithAKeptAndAHeldPart(t *testing.T) {
	b := planned(t, nil)
	d := day0 + 14
	b.take(b.sold("A", 10, d), b.sold("A", 800, d))
	b.end()
	row := b.sales["A "+d.String()]
	if row.Quantity != qty(810) || row.Held != qty(800) || !row.Outlier || row.Reason != "outlier" {
		t.Errorf("row %+v", row)
	}
	b.take(b.define(&schemas.OutlierReviewed{SKU: "A", Date: d, Verdict: schemas.VerdictAccept, By: "p"}))
	b.end()
	row = b.sales["A "+d.String()]
	if row.Quantity != qty(810) || row.Held != 0 || row.Outlier {
		t.Errorf("row after acceptance %+v", row)
	}
	b.take(b.sold("A", 900, d)) // what a person has accepted is not judged again
	b.end()
	if row = b.sales["A "+d.String()]; row.Quantity != qty(1710) || row.Held != 0 {
		t.Errorf("row after more %+v", row)
	}
}

// Two lines of a day, one of them held: cancelling either takes back that one.
func TestCancellationsTellHeldFromKept(t *testing.T) {
	b := planned(t, nil)
	d := day0 + 14
	line := func(document string, units float64) *schemas.Sale {
		s := saleOf("A", units, d)
		s.Document, s.Line = schemas.TextField(document), schemas.TextField("1")
		return s
	}
	cancel := func(document string) stream.Record {
		return b.cancel(&schemas.SaleCancelled{Document: schemas.TextField(document), Line: schemas.TextField("1")})
	}
	b.take(b.sale(line("big", 800)), b.sale(line("small", 10)), cancel("small"))
	b.end()
	if row := b.sales["A "+d.String()]; row.Quantity != qty(800) || row.Held != qty(800) {
		t.Errorf("without the small one: %+v", row)
	}
	b.take(b.sale(line("other", 9)), cancel("big"))
	b.end()
	if row := b.sales["A "+d.String()]; row.Quantity != qty(9) || row.Held != 0 || row.Outlier {
		t.Errorf("without the big one: %+v", row)
	}
	b.take(b.sale(line("other", 9)), cancel("big"), cancel("small"))
	b.end()
	if row := b.sales["A "+d.String()]; row.Quantity != qty(9) || b.audit.Duplicate != 3 {
		t.Errorf("again: %+v, %d duplicates", row, b.audit.Duplicate)
	}
}

// A feed that pauses for months goes on: the records that ran ahead are demand once the clock follows.
func TestHeldForTheFutureIsBookedWhenItComes(t *testing.T) {
	b := planned(t, nil)
	far := day0 + 14 + 100
	b.take(b.sold("A", 10, far))
	if row := b.sales["A "+far.String()]; row.Held != qty(10) || row.Reason != "future-date" {
		t.Errorf("first record after the pause: %+v", row)
	}
	b.take(b.sold("A", 11, far+1))
	if today := b.p.Today("plant"); today != (day0 + 14).String() {
		t.Errorf("two records moved the clock to %s", today)
	}
	b.take(b.sold("A", 12, far+2))
	for i, want := range []float64{10, 11, 12} {
		if row := b.sales["A "+(far+schemas.Date(i)).String()]; row.Quantity != qty(want) || row.Held != 0 {
			t.Errorf("day %d after the pause: %+v", i+1, row)
		}
	}
	b.take(b.sold("A", 10, schemas.MaxDate), b.sold("A", 10, schemas.MaxDate), b.sold("A", 10, schemas.MaxDate))
	if today := b.p.Today("plant"); today != (far + 2).String() {
		t.Errorf("the clock is at %s", today)
	}
}

// A rejected event may come again under its own identity, once what was missing is there.
func TestRejectedEventsMayComeAgain(t *testing.T) {
	b := planned(t, nil)
	d := day0 + 14
	again := b.define(&schemas.OutlierReviewed{SKU: "A", Date: d, Verdict: schemas.VerdictAccept, By: "p"})
	b.take(again)
	b.rejects("nothing-held", "date: ")
	b.take(b.sold("A", 800, d))
	b.end()
	if row := b.sales["A "+d.String()]; row.Held != qty(800) {
		t.Errorf("row before the review %+v", row)
	}
	b.take(b.raw(again.Value))
	b.end()
	if row := b.sales["A "+d.String()]; row.Held != 0 || row.Quantity != qty(800) {
		t.Errorf("row after it %+v", row)
	}
	duplicates := b.audit.Duplicate
	b.take(b.raw(again.Value), b.define(&schemas.Operator{Action: schemas.Replan, By: "p"}))
	b.end()
	if b.audit.Duplicate != duplicates+1 {
		t.Errorf("the third time is no duplicate: %+v", b.audit)
	}
}

// A cancellation by day that overtakes its sale waits for it, be it the first of its SKU; if the sale does
// not come, it is a dead letter.
func TestCancellationsByDayWaitForTheirSale(t *testing.T) {
	b := planned(t, nil)
	d := day0 + 14
	s := saleOf("E", 5, d)
	c := &schemas.SaleCancelled{SKU: s.SKU, Quantity: s.Quantity, Date: s.Date}
	b.take(b.cancel(c), b.cancel(c), b.sale(s))
	b.end()
	if row := b.sales["E "+d.String()]; row.Quantity != 0 {
		t.Errorf("row %+v", row)
	}
	if _, in := b.lines["E"]; in {
		t.Error("a SKU that was never sold is in the plan")
	}
	if b.audit.Flagged != 2 || len(b.letters) != 0 {
		t.Errorf("audit %+v, %d letters", b.audit, len(b.letters))
	}
	b.take(b.sold("A", 10, d+8), b.sold("A", 10, d+9))
	b.end()
	if len(b.letters) != 1 || b.letters[0].Reason != "unknown-line" || b.audit.Flagged != 1 || b.audit.Rejected != 1 {
		t.Errorf("letters %+v, audit %+v", b.letters, b.audit)
	}
}

func TestTimeZoneIsFixedWithTheFirstSale(t *testing.T) {
	b := newBench(t, stream.Config{Settings: settings()})
	b.take(b.define(&schemas.Policy{TimeZone: ptr("Europe/Madrid"), Clock: ptr(schemas.ClockEvent)}))
	s := saleOf("A", 3, day0)
	s.Date, s.Time = schemas.Field{}, schemas.TextField("2026-03-28T23:30:00Z") // 00:30 of the 29th, on which clocks change
	b.take(b.sale(s), b.define(&schemas.Policy{TimeZone: ptr("UTC"), Clock: ptr(schemas.ClockEvent)}))
	b.rejects("time-zone-fixed", "time_zone: ")
	b.end()
	if row := b.sales["A 2026-03-29"]; row.Quantity != qty(3) {
		t.Errorf("booked on %+v", b.sales)
	}
	if today := b.p.Today("plant"); today != "2026-03-30" {
		t.Errorf("the input ends on %s", today)
	}
}

// A day before the kept history changes its daily row alone: no SKU, no forecast, no stock.
func TestDaysBeforeTheKeptHistory(t *testing.T) {
	b := planned(t, nil)
	d := day0 - 2000
	old := saleOf("OLD", 7, d)
	old.Document, old.Line = schemas.TextField("D"), schemas.TextField("1")
	b.take(b.sold("A", 10, d), b.sold("A", 5, d), b.sold("A", -3, d), b.sale(old), b.sale(old),
		b.cancel(&schemas.SaleCancelled{SKU: schemas.TextField("A"), Quantity: schemas.NumberField(qty(5)), Date: schemas.TextField(d.String())}))
	b.end()
	if got := b.old["A "+d.String()]; got != qty(10) {
		t.Errorf("%v of A, want 10", got)
	}
	if got := b.old["OLD "+d.String()]; got != qty(7) {
		t.Errorf("%v of OLD, want 7", got)
	}
	if _, known := b.p.View("plant", "OLD"); known || len(b.letters) != 0 {
		t.Errorf("known %v, %d letters", known, len(b.letters))
	}
	if r := b.audit.Reasons; r["beyond-history"] != 4 || r["return"] != 1 || b.audit.Duplicate != 1 {
		t.Errorf("audit %+v", b.audit)
	}
}

// An order that is cancelled no longer counts as made, and one that comes in parts is topped up.
func TestReceipts(t *testing.T) {
	b := planned(t, func(c *stream.Config) { c.Settings.Confirmation = schemas.ConfirmEvents; c.Settings.Frozen = 0 })
	at := day0 + 14
	receipt := func(status schemas.ReceiptStatus, units float64, remaining *schemas.Quantity) stream.Record {
		b.clock = b.clock.Add(time.Second)
		return b.define(&schemas.Receipt{Order: "o", SKU: "A", Quantity: qty(units), Date: at, Start: &at, Status: status, Remaining: remaining})
	}
	b.clock = at.Time(nil)
	b.take(b.define(&schemas.StockCounted{SKU: "A", OnHand: qty(30), AsOf: schemas.AsOf{Date: day0 + 13}}))
	for i, step := range []struct {
		record       stream.Record
		onHand, open float64
	}{
		{receipt(schemas.ReceiptExpected, 50, nil), 30, 50},
		{receipt(schemas.ReceiptReceived, 20, ptr(qty(30))), 50, 30},
		{receipt(schemas.ReceiptReceived, 45, ptr(qty(5))), 75, 5},
		{receipt(schemas.ReceiptReceived, 40, ptr(qty(10))), 70, 10}, // the ERP takes five back
		{receipt(schemas.ReceiptCancelled, 40, nil), 70, 0},
	} {
		b.take(step.record)
		o := b.p.Orders("plant", "A")[0]
		if v := b.view("A"); v.OnHand != step.onHand || o.Open.Float() != step.open {
			t.Errorf("step %d: %v on hand, %v open; want %v, %v", i+1, v.OnHand, o.Open, step.onHand, step.open)
		}
	}
	if o := b.p.Orders("plant", "A")[0]; o.Quantity != qty(40) {
		t.Errorf("a cancelled order still stands for %v", o.Quantity)
	}
}

// A count with a time has the movements up to it, one with a date the whole day, and a late one is
// corrected by what has happened since.
func TestCounts(t *testing.T) {
	b := planned(t, nil)
	d := day0 + 14
	sale := func(clock string, units float64) stream.Record {
		s := saleOf("A", units, d)
		s.Date, s.Time = schemas.Field{}, schemas.TextField(d.String()+"T"+clock+"Z")
		return b.sale(s)
	}
	count := func(text string, units float64) stream.Record {
		b.clock = b.clock.Add(time.Second)
		as, err := schemas.ParseAsOf(text)
		if err != nil {
			t.Fatal(err)
		}
		return b.define(&schemas.StockCounted{SKU: "A", OnHand: qty(units), AsOf: as})
	}
	b.clock = d.Time(nil)
	b.take(sale("08:00:00", 4), sale("12:00:00", 2))
	for _, step := range []struct {
		text         string
		units, after float64
	}{
		{d.String() + "T10:00:00Z", 100, 98},
		{d.String() + "T08:30:00Z", 50, 98}, // older than the one before
		{d.String() + "T13:00:00Z", 90, 90},
	} {
		b.take(count(step.text, step.units))
		if v := b.view("A"); v.OnHand != step.after {
			t.Errorf("%v counted at %s: %v on hand, want %v", step.units, step.text, v.OnHand, step.after)
		}
	}
	b.take(sale("15:00:00", 5), b.sold("A", 7, d+1), count(d.String(), 60))
	b.end()
	if h := b.head(); h.State.Stock != schemas.StockCountedState || !strings.HasPrefix(h.State.StockAsOf, d.String()) {
		t.Errorf("state %+v", h.State)
	}
	b.take(count((d + 300).String(), 1))
	b.rejects("future-date", "as_of: ")
	b.take(count((d - 200).String(), 1))
	b.rejects("count-too-old", "as_of: ")
}
