package stream

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"testing"
	"time"

	"drumbeat/schemas"
	"drumbeat/stream/internal/codec"
	"drumbeat/stream/outlier"

	"pgregory.net/rapid"
)

// yard is a site with one SKU whose books the tests keep by hand.
type yard struct {
	s *site
	k *sku
}

const yardDay = schemas.Date(20458) // a Monday

func newYard(t interface{ Fatal(...any) }, confirmation schemas.Confirmation) *yard {
	set := DefaultSettings()
	set.Clock, set.Confirmation = schemas.ClockEvent, confirmation
	p, err := New(Config{Settings: set}, &Snapshot{})
	if err != nil {
		t.Fatal(err)
	}
	s := p.newSite("plant")
	s.begin(yardDay)
	y := &yard{s, s.learn("A")}
	y.k.item.Provisional = false
	return y
}

// restart saves the SKU and reads it back.
func (y *yard) restart(t interface{ Fatal(...any) }) {
	saved := y.k.append(nil)
	k, err := decodeSKU("A", saved)
	if err != nil {
		t.Fatal(err)
	}
	y.k, y.s.skus[0], y.s.names["A"] = k, k, k
	y.s.stale = nil
	y.s.recallSKU(k)
	k.expireStock(y.s.Today)
	if again := k.append(nil); !bytes.Equal(again, saved) {
		t.Fatal(fmt.Sprintf("saved again as\n%x, was\n%x", again, saved))
	}
}

// stockFact is one business fact about the stock of a SKU.
type stockFact struct {
	kind     string // sale, return, count, receipt
	day      schemas.Date
	second   int64 // of the day; 0: a date only
	quantity schemas.Quantity
	stamp    stamp

	order     string
	status    schemas.ReceiptStatus
	remaining *schemas.Quantity

	arrives []schemas.Date // on which it comes in each telling
	again   []bool
}

func (f *stockFact) at() int64 { return int64(f.day)*86400 + f.second }

// tell gives a fact to the books.
func (y *yard) tell(f *stockFact) {
	b := booking{Day: f.day, Second: dayOnly, Quantity: f.quantity}
	if f.second > 0 {
		b.Second = int32(f.second)
	}
	// Whatever is sold or returned is right: this is about stock.
	y.k.history.update(f.day, func(e *dayEntry) { e.Verdict = outlier.Accepted })
	switch f.kind {
	case "sale":
		y.s.book(y.k, b)
	case "return":
		b.kind = bookedReturn
		y.s.book(y.k, b)
	case "count":
		c := &schemas.StockCounted{SKU: "A", OnHand: f.quantity, AsOf: schemas.AsOf{Date: f.day}}
		if f.second > 0 {
			as, err := schemas.ParseAsOf(time.Unix(f.at(), 0).UTC().Format(time.RFC3339))
			if err != nil {
				panic(err)
			}
			c.AsOf = as
		}
		y.s.count(y.k, c, f.stamp)
	case "receipt":
		y.s.receipt(y.k, &schemas.Receipt{Order: f.order, SKU: "A", Quantity: f.quantity, Date: f.day, Status: f.status, Remaining: f.remaining}, f.stamp)
	}
}

// believe is the contract, word for word: all facts, sorted, and a walk.
func believe(facts []*stockFact, first schemas.Date, initial schemas.Quantity, backlog bool, today schemas.Date) (onHand, found schemas.Quantity) {
	var count *stockFact
	moment := func(f *stockFact) int64 {
		if f.second == 0 {
			return int64(f.day+1) * 86400 // the whole day is in it
		}
		return f.at()
	}
	flows := map[schemas.Date]schemas.Quantity{}
	for _, f := range facts {
		if f.kind == "count" && (count == nil || cmp.Or(cmp.Compare(moment(f), moment(count)), cmp.Compare(f.stamp.Time, count.stamp.Time)) > 0) {
			count = f
		}
	}
	day := first
	onHand = initial
	if count != nil {
		day, onHand = count.day, count.quantity
	}
	var receipts []*stockFact
	for _, f := range facts {
		q := f.quantity
		switch f.kind {
		case "receipt":
			receipts = append(receipts, f)
			continue
		case "count":
			continue
		case "sale":
			q = -q
		}
		if f.day == day && (count == nil || count.second == 0 || f.second == 0 || f.second <= count.second) {
			continue // in the count
		}
		flows[f.day] += q
	}
	slices.SortFunc(receipts, func(a, b *stockFact) int { return cmp.Compare(a.stamp.Time, b.stamp.Time) })
	sums := map[string]schemas.Quantity{}
	for _, f := range receipts {
		if f.status == schemas.ReceiptReceived {
			if f.day != day {
				flows[f.day] += f.quantity - sums[f.order]
			}
			sums[f.order] = f.quantity
		}
	}
	for ; ; day++ {
		if onHand += flows[day]; day < today && onHand < 0 && !backlog {
			found -= onHand
			onHand = 0
		}
		if day > today {
			return onHand, found
		}
	}
}

func drawFacts(t *rapid.T, tellings int) []*stockFact {
	var facts []*stockFact
	for i := range rapid.IntRange(1, 25).Draw(t, "facts") {
		f := &stockFact{
			kind:     rapid.SampledFrom([]string{"sale", "sale", "sale", "return", "count", "receipt", "receipt"}).Draw(t, "kind"),
			day:      yardDay.AddDays(rapid.IntRange(0, 20).Draw(t, "day")),
			quantity: schemas.Quantity(rapid.Int64Range(1, 30).Draw(t, "units")) * schemas.Unit,
			stamp:    stamp{Time: rapid.Int64Range(0, 9).Draw(t, "stamp")<<8 + int64(i), ID: fmt.Sprint(i)},
		}
		late := reverseWindow
		switch f.kind {
		case "sale", "return":
			if rapid.Bool().Draw(t, "instant") {
				f.second = rapid.Int64Range(1, 9).Draw(t, "hour") * 3600
			} else if rapid.IntRange(0, 4).Draw(t, "very late") == 0 {
				late = 60
			}
			if rapid.IntRange(0, 4).Draw(t, "micro") == 0 {
				f.quantity += 7
			}
		case "count":
			f.quantity -= 5 * schemas.Unit // some below zero
			if rapid.Bool().Draw(t, "instant") {
				f.second = rapid.Int64Range(1, 9).Draw(t, "hour")*3600 + 1
			} else if rapid.Bool().Draw(t, "very late") {
				late = 60
			}
		case "receipt":
			f.order = rapid.SampledFrom([]string{"o1", "o2"}).Draw(t, "order")
			f.status = rapid.SampledFrom([]schemas.ReceiptStatus{"expected", "received", "received", "received", "cancelled"}).Draw(t, "status")
			if rapid.Bool().Draw(t, "part") {
				f.remaining = new(schemas.Quantity)
				*f.remaining = 4 * schemas.Unit
			}
			if rapid.IntRange(0, 4).Draw(t, "very late") == 0 {
				late = 60
			}
		}
		for range tellings {
			f.arrives = append(f.arrives, f.day.AddDays(rapid.IntRange(-1, late).Draw(t, "late")))
			f.again = append(f.again, (f.kind == "count" || f.kind == "receipt") && rapid.Bool().Draw(t, "again"))
		}
		facts = append(facts, f)
	}
	return facts
}

// The belief is what the facts say, in whatever order and however often they come, on every later day, and
// a restart changes no byte of what is saved.
func TestBeliefIsAFunctionOfTheFacts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const tellings = 2
		facts := drawFacts(t, tellings)
		backlog := rapid.Bool().Draw(t, "backlog")
		initial := schemas.Quantity(rapid.Int64Range(0, 20).Draw(t, "initial")) * schemas.Unit
		seldom := rapid.IntRange(0, 5).Draw(t, "looks seldom")
		restarts := rapid.Bool().Draw(t, "restarts")
		for telling := range tellings {
			order := slices.Clone(facts)
			if telling > 0 {
				order = rapid.Permutation(order).Draw(t, "order")
			}
			y, never := newYard(t, schemas.ConfirmEvents), newYard(t, schemas.ConfirmEvents)
			both := []*yard{y, never}
			for _, v := range both {
				v.s.backlogs(v.k, &schemas.Item{BacklogCost: map[bool]float64{true: 1}[backlog]}, stamp{})
				v.s.start(v.k, stockInitial, initial)
			}
			var told []*stockFact
			look := func(day schemas.Date) {
				want, found := believe(told, yardDay-1, initial, backlog, day)
				if got := y.s.believed(y.k); got != want || y.s.found(y.k) != found {
					t.Fatalf("telling %d, %v: %v on hand, %v found; want %v, %v", telling, day, got, y.s.found(y.k), want, found)
				}
			}
			for day := yardDay; day < yardDay+150; day++ {
				for _, v := range both {
					v.s.rollTo(day)
				}
				for _, f := range order {
					if max(f.arrives[telling], yardDay) != day {
						continue
					}
					told = append(told, f)
					for _, v := range both {
						v.tell(f)
						if f.again[telling] {
							v.tell(f)
						}
					}
					if rapid.IntRange(0, seldom).Draw(t, "looks") == 0 {
						look(day)
					}
					if restarts && rapid.IntRange(0, 3).Draw(t, "restart") == 0 {
						y.restart(t)
					}
				}
				if seldom == 0 || day >= yardDay+80 || rapid.IntRange(0, 2*seldom).Draw(t, "looks") == 0 {
					look(day)
				}
			}
			if a, b := y.k.append(nil), never.k.append(nil); !bytes.Equal(a, b) {
				t.Fatalf("saved after restarts:\n%x, want\n%x", a, b)
			}
		}
	})
}

// What comes later than all that is kept is added to what is believed now.
func TestChangesTooLateForTheWalk(t *testing.T) {
	y := newYard(t, schemas.ConfirmEvents)
	y.s.start(y.k, stockInitial, 50*schemas.Unit)
	y.s.rollTo(yardDay + 200)
	y.wants(t, 50)
	y.tell(&stockFact{kind: "return", day: yardDay + 3, quantity: 4 * schemas.Unit})
	y.wants(t, 54)
	y.tell(&stockFact{kind: "sale", day: yardDay + 4, quantity: 60 * schemas.Unit})
	y.restart(t)
	y.wants(t, 0)
	if found := y.s.found(y.k); found != 6*schemas.Unit {
		t.Errorf("%v found, want 6", found)
	}
}

// A backlog outlives its item, and a definition changes nothing of the days before it.
func TestBacklogAndDefinitions(t *testing.T) {
	define := func(y *yard, cost float64, discontinued bool, day schemas.Date) {
		y.s.backlogs(y.k, &schemas.Item{BacklogCost: cost, Discontinued: discontinued}, stamp{Time: int64(day) * 86400e9})
	}
	y := newYard(t, schemas.ConfirmEvents)
	define(y, 1, false, yardDay)
	y.s.start(y.k, stockInitial, 0)
	y.tell(&stockFact{kind: "sale", day: yardDay, quantity: 9 * schemas.Unit})
	y.s.rollTo(yardDay + 3)
	define(y, 0, true, yardDay+3)
	y.s.rollTo(yardDay + 40)
	y.restart(t)
	define(y, 1, false, yardDay+40)
	y.wants(t, -9)
	y.receipt(t, "o", schemas.ReceiptReceived, 10, yardDay+40, 1)
	y.wants(t, 1)

	for _, late := range []schemas.Date{0, 7} {
		y = newYard(t, schemas.ConfirmEvents)
		y.s.start(y.k, stockInitial, 0)
		for day := range schemas.Date(60) {
			y.s.rollTo(yardDay + day)
			y.tell(&stockFact{kind: "sale", day: yardDay + day, quantity: schemas.Unit})
			if day == 20+late {
				define(y, 1, false, yardDay+20)
			}
		}
		y.wants(t, -40)
		y.tell(&stockFact{kind: "return", day: yardDay + 5, quantity: schemas.Unit}) // what was found that day was not
		y.wants(t, -40)
		define(y, 0, false, yardDay+59)
		y.wants(t, -40)
		y.s.rollTo(yardDay + 60)
		y.restart(t)
		y.wants(t, 0)
		if found := y.s.found(y.k); found != 59*schemas.Unit {
			t.Errorf("%v late: %v found, want 59", late, found)
		}
	}
}

// A count below zero is taken. Without a backlog it is impossible stock once its day ends.
func TestNegativeCounts(t *testing.T) {
	y := newYard(t, schemas.ConfirmEvents)
	v := y.s.count(y.k, &schemas.StockCounted{SKU: "A", OnHand: -5 * schemas.Unit, AsOf: schemas.AsOf{Date: yardDay}}, stamp{})
	if v.reason != reasonNegativeCount || v.kind != outcomeKept {
		t.Errorf("outcome %+v", v)
	}
	y.wants(t, -5)
	y.s.rollTo(yardDay + 1)
	y.wants(t, 0)
	if found := y.s.found(y.k); found != 5*schemas.Unit {
		t.Errorf("%v found, want 5", found)
	}
}

// The first stock is what it is said to be at the moment when it is: what was sold that day is in it.
func TestFirstStock(t *testing.T) {
	y := newYard(t, schemas.ConfirmEvents)
	y.tell(&stockFact{kind: "sale", day: yardDay, quantity: 3 * schemas.Unit})
	y.s.start(y.k, stockAssumed, 20*schemas.Unit)
	y.wants(t, 20)
	y.tell(&stockFact{kind: "sale", day: yardDay, quantity: 3 * schemas.Unit})
	y.tell(&stockFact{kind: "sale", day: yardDay - 1, quantity: 3 * schemas.Unit})
	y.wants(t, 17)
}

// A SKU of which nothing is known costs two bytes, one that was never counted a few.
func TestStockCodec(t *testing.T) {
	y := newYard(t, schemas.ConfirmAssume)
	if n := len(y.k.stock.append(nil)); n != 1 {
		t.Errorf("an unknown stock takes %d bytes", n)
	}
	y.s.start(y.k, stockAssumed, 120*schemas.Unit)
	y.s.rollTo(yardDay + 300)
	if n := len(y.k.stock.append(nil)); n > 16 {
		t.Errorf("an assumed stock takes %d bytes", n)
	}
	y.s.assume(y.k, yardDay+300, 100*schemas.Unit)
	y.s.rollTo(yardDay + 320)
	if n := len(y.k.orders[0].append(nil)); n > 16 {
		t.Errorf("an internal order that is done takes %d bytes", n)
	}
	rapid.Check(t, func(t *rapid.T) {
		q := drawQuantity(t, "quantity")
		r := codec.Reader{Rest: appendAmount(nil, q)}
		if got := decodeAmount(&r); got != q || r.Err != nil || len(r.Rest) > 0 {
			t.Fatalf("%d becomes %d, %v", q, got, r.Err)
		}
	})
}

// What a sale of today costs: the hook and a look at the belief.
func BenchmarkBelief(b *testing.B) {
	y := newYard(b, schemas.ConfirmAssume)
	y.s.start(y.k, stockAssumed, 120*schemas.Unit)
	for day := range schemas.Date(1000) {
		y.s.rollTo(yardDay + day)
		y.tell(&stockFact{kind: "sale", day: yardDay + day, quantity: schemas.Unit})
		if day > 900 && day%7 == 0 {
			y.s.assume(y.k, yardDay+day, 7*schemas.Unit)
		}
	}
	for _, c := range []struct {
		name string
		day  schemas.Date
	}{{"today", y.s.Today}, {"yesterday", y.s.Today - 1}, {"settled", y.s.Today - 20}} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				y.s.moved(y.k, c.day, -1)
				y.s.believed(y.k)
			}
		})
	}
	b.Run("need", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			y.s.need(y.k, y.k.outlook)
		}
	})
	b.Run("new day", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			y.s.Today++
			y.k.expireStock(y.s.Today)
			y.s.believed(y.k)
		}
	})
}
