package stream

import (
	"bytes"
	"fmt"
	"testing"

	"drumbeat/schemas"
	"drumbeat/stream/internal/codec"

	"pgregory.net/rapid"
)

func (y *yard) receipt(t testing.TB, order string, status schemas.ReceiptStatus, units int, date schemas.Date, time int64) outcome {
	t.Helper()
	return y.s.receipt(y.k, &schemas.Receipt{
		Order: order, SKU: "A", Quantity: schemas.Quantity(units) * schemas.Unit, Date: date, Start: &date, Status: status,
	}, stamp{Time: time, ID: order})
}

func (y *yard) wants(t testing.TB, units int) {
	t.Helper()
	if got := y.s.believed(y.k); got != schemas.Quantity(units)*schemas.Unit {
		t.Errorf("%v: %v are believed to be there, want %d", y.s.Today, got, units)
	}
}

// What an internal order has booked is taken back on its days when the real order comes, however late: what
// was found or lost meanwhile is as if it had never been.
func TestRealOrderReplacesWhatWasAssumed(t *testing.T) {
	y := newYard(t, schemas.ConfirmAssume)
	y.s.start(y.k, stockInitial, 0)
	y.s.assume(y.k, yardDay, 70*schemas.Unit)
	y.s.rollTo(yardDay + 3)
	y.wants(t, 30)
	y.tell(&stockFact{kind: "sale", day: yardDay + 3, quantity: 35 * schemas.Unit})
	y.s.rollTo(yardDay + 30)
	y.wants(t, 35)
	y.restart(t)
	y.receipt(t, "o", schemas.ReceiptReceived, 50, yardDay+5, 1)
	y.wants(t, 50) // the sale had nothing to be made from
	if found := y.s.found(y.k); found != 35*schemas.Unit {
		t.Errorf("%v found, want 35", found)
	}
	for i := range y.k.orders {
		if y.k.orders[i].internal() {
			t.Errorf("still there: %+v", y.k.orders[i])
		}
	}
	// What is made beyond a real order that is known stays, whatever else is said of that order.
	y.s.assume(y.k, yardDay+30, 7*schemas.Unit)
	y.receipt(t, "p", schemas.ReceiptExpected, 5, yardDay+40, 1)
	y.receipt(t, "o", schemas.ReceiptReceived, 51, yardDay+5, 2)
	y.s.rollTo(yardDay + 35)
	y.wants(t, 51+7)
}

// A count has in it what internal orders brought until then, and not what they bring later.
func TestCountTakesThePlaceOfPlannedStock(t *testing.T) {
	y := newYard(t, schemas.ConfirmAssume)
	y.s.start(y.k, stockInitial, 0)
	y.s.assume(y.k, yardDay, 70*schemas.Unit)
	y.s.rollTo(yardDay + 5)
	y.wants(t, 50)
	y.tell(&stockFact{kind: "count", day: yardDay + 2, quantity: 12 * schemas.Unit})
	y.wants(t, 12+20)
	y.s.rollTo(yardDay + 50)
	y.wants(t, 12+40)
}

// The states of an order come to the same in any order of arrival.
func TestOrderStates(t *testing.T) {
	type state struct {
		status    schemas.ReceiptStatus
		units     int
		day       schemas.Date
		remaining int // -1: none
	}
	for _, c := range []struct {
		name                     string
		states                   []state // by the time of their events
		due                      schemas.Date
		quantity, received, open int
		start                    schemas.Date
	}{
		{"expected", []state{{"expected", 50, 9, -1}}, 9, 50, 0, 50, 2},
		{"postponed", []state{{"expected", 50, 9, -1}, {"expected", 40, 12, -1}}, 12, 40, 0, 40, 5},
		{"part", []state{{"expected", 50, 9, -1}, {"received", 20, 8, 30}}, 9, 50, 20, 30, 2},
		{"parts", []state{{"expected", 50, 9, -1}, {"received", 20, 8, 30}, {"received", 45, 10, 5}}, 9, 50, 45, 5, 2},
		{"closed short", []state{{"expected", 50, 9, -1}, {"received", 45, 8, -1}}, 9, 45, 45, 0, 2},
		{"corrected downwards", []state{{"received", 45, 8, 5}, {"received", 40, 9, 10}}, 9, 50, 40, 10, 1},
		{"cancelled", []state{{"expected", 50, 9, -1}, {"cancelled", 0, 9, -1}}, 9, 0, 0, 0, 2},
		{"rest cancelled", []state{{"expected", 50, 9, -1}, {"received", 20, 8, 30}, {"cancelled", 20, 9, -1}}, 9, 20, 20, 0, 2},
		{"revived", []state{{"expected", 50, 9, -1}, {"cancelled", 0, 9, -1}, {"expected", 60, 14, -1}}, 14, 60, 0, 60, 7},
	} {
		t.Run(c.name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				y := newYard(t, schemas.ConfirmEvents)
				y.k.item.LeadTime, y.k.item.Per = 7, schemas.PerDay
				order := make([]int, len(c.states))
				for i := range order {
					order[i] = i
				}
				for _, i := range append(rapid.Permutation(order).Draw(t, "order"), order...) {
					v := c.states[i]
					e := &schemas.Receipt{Order: "o", Quantity: schemas.Quantity(v.units) * schemas.Unit, Date: yardDay + v.day, Status: v.status}
					if q := schemas.Quantity(v.remaining) * schemas.Unit; q >= 0 {
						e.Remaining = &q
					}
					y.s.receipt(y.k, e, stamp{Time: int64(i), ID: "e"})
				}
				y.restart(t)
				o := &y.k.orders[0]
				got := []any{o.Due - yardDay, int(o.Quantity / schemas.Unit), int(o.Received / schemas.Unit), int(o.Open / schemas.Unit), o.Start - yardDay}
				want := []any{c.due, c.quantity, c.received, c.open, c.start}
				if fmt.Sprint(got) != fmt.Sprint(want) {
					t.Fatalf("due, quantity, received, open, start: %v, want %v", got, want)
				}
			})
		})
	}
}

// An order that is done is forgotten once nothing can refer to it; what it brought stays, and an export of
// old receipts does not bring it again. One that is open is never forgotten.
func TestOldOrdersAreForgotten(t *testing.T) {
	y := newYard(t, schemas.ConfirmAssume)
	y.s.start(y.k, stockInitial, 0)
	y.s.assume(y.k, yardDay, 70*schemas.Unit)
	y.receipt(t, "open", schemas.ReceiptExpected, 5, yardDay+10, 1)
	for i := range 10 {
		y.receipt(t, "parts", schemas.ReceiptReceived, i+1, yardDay.AddDays(20+i), int64(i))
	}
	y.s.rollTo(yardDay + 60)
	y.wants(t, 70+10)
	y.s.rollTo(yardDay + 300)
	y.restart(t)
	y.wants(t, 80)
	if len(y.k.orders) != 1 || y.k.orders[0].ID != "open" || y.k.orders[0].Open != 5*schemas.Unit {
		t.Errorf("orders %+v", y.k.orders)
	}
	if v := y.receipt(t, "parts", schemas.ReceiptReceived, 10, yardDay+29, 99); v.reason != reasonLateReceipt {
		t.Errorf("an old receipt: %+v", v)
	}
	y.wants(t, 80)
	y.receipt(t, "open", schemas.ReceiptReceived, 3, yardDay+10, 2)
	y.receipt(t, "never", schemas.ReceiptCancelled, 3, yardDay+10, 2)
	y.restart(t)
	y.wants(t, 83)
	y.receipt(t, "open", schemas.ReceiptReceived, 4, yardDay+300, 3)
	y.wants(t, 84)
	y.receipt(t, "open", schemas.ReceiptReceived, 9, yardDay+299, 1) // said before what is kept
	y.wants(t, 84)
}

// Of an order that goes on for years, what is old is folded.
func TestLongOrdersAreFolded(t *testing.T) {
	y := newYard(t, schemas.ConfirmEvents)
	y.s.start(y.k, stockInitial, 0)
	rest := schemas.Unit
	for i := range 1000 {
		y.s.rollTo(yardDay.AddDays(i))
		y.s.receipt(y.k, &schemas.Receipt{
			Order: "o", Quantity: schemas.Quantity(i+1) * schemas.Unit, Date: yardDay.AddDays(i), Status: schemas.ReceiptReceived, Remaining: &rest,
		}, stamp{Time: int64(i), ID: "e"})
	}
	y.wants(t, 1000)
	y.restart(t)
	y.wants(t, 1000)
	if n := len(y.k.orders[0].states); n > keptMoves+keptMore+2 {
		t.Errorf("%d states are kept", n)
	}
}

// A lead time of a month goes by the calendar, so that what is due at the end of March starts in February.
func TestStartOfAnOrderThatNamesNone(t *testing.T) {
	y := newYard(t, schemas.ConfirmEvents)
	for _, c := range []struct {
		length float64
		per    schemas.Per
		due    string
		start  string
	}{
		{1, schemas.PerMonth, "2026-03-31", "2026-02-28"},
		{0.5, schemas.PerMonth, "2026-03-31", "2026-03-16"},
		{2, schemas.PerWeek, "2026-03-31", "2026-03-17"},
		{1, schemas.PerPeriod, "2026-03-31", "2026-03-24"},
	} {
		y.k.item.LeadTime, y.k.item.Per = c.length, c.per
		as, err := schemas.ParseAsOf(c.due)
		if err != nil {
			t.Fatal(err)
		}
		if got := y.s.startFor(y.k, as.Date).String(); got != c.start {
			t.Errorf("%v %s before %s: %s, want %s", c.length, c.per, c.due, got, c.start)
		}
	}
}

func FuzzDecodeOrder(f *testing.F) {
	y := newYard(f, schemas.ConfirmAssume)
	y.s.assume(y.k, yardDay, 70*schemas.Unit+3)
	f.Add(y.k.orders[0].append(nil))
	y.s.rollTo(yardDay + 3)
	f.Add(y.k.orders[0].append(nil))
	y.s.rollTo(yardDay + 8)
	f.Add(y.k.orders[0].append(nil))
	y.receipt(f, "o", schemas.ReceiptExpected, 50, yardDay+5, 1)
	y.receipt(f, "o", schemas.ReceiptReceived, 20, yardDay+5, 2)
	y.receipt(f, "o", schemas.ReceiptCancelled, 20, yardDay+5, 3)
	f.Add(y.k.orders[0].append(nil))
	f.Add([]byte("\x0000001\x021")) // a negative quantity
	f.Fuzz(func(t *testing.T, data []byte) {
		var o, again order
		r := codec.Reader{Rest: data}
		if o.decode(&r); r.Err != nil {
			return
		}
		saved := o.append(nil)
		r = codec.Reader{Rest: saved}
		if again.decode(&r); r.Err != nil || len(r.Rest) > 0 || !bytes.Equal(again.append(nil), saved) {
			t.Fatalf("does not survive its own encoding: %v", r.Err)
		}
	})
}
