package stream

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"drumbeat/schemas"
	"drumbeat/stream/outlier"
)

// A sale on the newest day moves no other one: the day is put in order once, when somebody asks for it.
func TestAFloodOfOneDayIsNotMovedForEachSale(t *testing.T) {
	const n = 1000
	p, err := New(benchConfig(), &Snapshot{})
	if err != nil {
		t.Fatal(err)
	}
	s := p.site("plant")
	for i := range n { // in the reverse of the books' order
		at := schemas.Date(20000).Time(nil).Add(time.Duration(n-i) * time.Second)
		f := fact{sku: "A", hasSKU: true, quantity: schemas.Unit, day: 20000, hasDay: true, at: at, hasTime: true}
		if !s.advance(&f) {
			t.Fatal("a plan is due")
		}
		if v := s.sale(&f); v.kind != outcomeKept {
			t.Fatalf("sale %d: %+v", i, v)
		}
	}
	k := s.known("A")
	if k.loose < n-2 { // but for the first one, which has no past
		t.Errorf("%d of %d sales wait to be put in order", k.loose, n)
	}
	k.append(nil)
	if k.loose != 0 || len(k.window) != n || !slices.IsSortedFunc(k.window, func(a, b booking) int { return a.compare(&b) }) {
		t.Errorf("%d bookings are saved, %d of them in no order", len(k.window), k.loose)
	}
}

// A window is the same whichever of its bookings were pushed and whenever it was put in order.
func TestPushedBookingsAreArranged(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var pushed, inserted sku
		for i := range rapid.IntRange(0, 40).Draw(t, "bookings") {
			e := booking{Day: 20000, Second: int32(rapid.IntRange(0, 5).Draw(t, "second")), mark: outlier.Mark(i)} // the mark tells equals apart
			if i > 20 {
				e.Day++
			}
			inserted.insert(e)
			switch rapid.IntRange(0, 4).Draw(t, "how") {
			case 0:
				pushed.insert(e)
			case 1:
				pushed.arrange()
				pushed.push(e)
			default:
				pushed.push(e)
			}
			if rapid.IntRange(0, 9).Draw(t, "remove") == 0 {
				j := rapid.IntRange(0, i).Draw(t, "place") % len(pushed.window)
				o := pushed.window[j]
				pushed.remove(j)
				inserted.remove(slices.Index(inserted.window, o))
			}
		}
		pushed.arrange()
		if !slices.Equal(pushed.window, inserted.window) {
			t.Fatalf("%v\nwant %v", pushed.window, inserted.window)
		}
	})
}
