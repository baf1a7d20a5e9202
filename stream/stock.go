package stream

import (
	"cmp"
	"slices"
	"time"

	"drumbeat/schemas"
)

// stockSource says where the belief about a SKU's stock comes from.
type stockSource uint8

const (
	stockUnknown stockSource = iota // no plan yet: nothing is believed
	stockAssumed                    // started at the safety stock
	stockInitial                    // started at the item's initial inventory
	stockCounted                    // started at a count
)

// stock is what a SKU's newest count says, or a start that stands for one. What is believed to be on hand
// since then follows from it by a walk over days: belief.go.
type stock struct {
	Source  stockSource
	Counted schemas.Quantity // on hand at the moment of the count
	Stamp   stamp            // of a count
	Day     schemas.Date     // by the site's clock
	At      int64            // Unix seconds, with HasTime
	Second  int32            // the same since the start of the day
	HasTime bool             // else the count contains all of its day

	// Of a count whose day is settled: old is where the walk begins.
	Settled bool
	old     level

	// Backlog says that demand waits for stock, so that the belief may be negative: since BacklogFrom; on
	// the days before, the opposite held.
	Backlog     bool
	BacklogFrom schemas.Date

	belief belief // derived, never saved
}

// checkCount refuses a count ahead of the clock, or before the days whose flows are kept. A count below
// zero is taken: an ERP that books an issue before its receipt reports one, and the count before it would
// be further from the truth. Without a backlog it is impossible stock from the end of its day on.
func (s *site) checkCount(c *schemas.StockCounted) *fault {
	day, _ := s.countedAt(c)
	if day > s.Today.AddDays(1) {
		return &fault{"future-date", "as_of", c.AsOf.String() + " lies ahead of the site's clock"}
	}
	if oldest := s.Today.AddDays(-keptMoves); day < oldest {
		return &fault{"count-too-old", "as_of", c.AsOf.String() + " is before " + oldest.String() + ", the first day whose movements are kept"}
	}
	return nil
}

func (s *site) countedAt(c *schemas.StockCounted) (schemas.Date, time.Time) {
	if !c.AsOf.HasTime {
		return c.AsOf.Date, time.Time{}
	}
	at := c.AsOf.Instant().In(s.location)
	return schemas.DateOf(at), at
}

// compareMoment orders counts by the moment they speak of; one of a whole day speaks of its end.
func (st *stock) compareMoment(o *stock) int {
	if st.Day != o.Day || !st.HasTime && !o.HasTime {
		return cmp.Compare(st.Day, o.Day)
	}
	switch {
	case st.HasTime && !o.HasTime:
		return -1
	case o.HasTime && !st.HasTime:
		return 1
	}
	return cmp.Compare(st.At, o.At)
}

// count applies a stock count: the newest one by its own moment holds, of several of one moment the one
// with the newest stamp.
func (s *site) count(k *sku, c *schemas.StockCounted, st stamp) outcome {
	day, at := s.countedAt(c)
	next := stock{Source: stockCounted, Counted: c.OnHand, Stamp: st, Day: day, HasTime: c.AsOf.HasTime}
	if next.HasTime {
		next.At = at.Unix()
		next.Second = int32(next.At - s.startOf(day))
	}
	if old := &k.stock; old.Source == stockCounted {
		if order := next.compareMoment(old); order < 0 || order == 0 && !st.after(old.Stamp) {
			return kept(reasonOlder)
		}
	}
	s.begins(k, next)
	if c.OnHand < 0 && !k.stock.Backlog {
		return kept(reasonNegativeCount)
	}
	return kept("")
}

// start gives a SKU that was never counted its first stock, as of this moment: what has been booked until
// now is in it, and so is what arrives late for the days before.
func (s *site) start(k *sku, source stockSource, onHand schemas.Quantity) {
	var today [2]schemas.Quantity // and what is booked ahead for tomorrow
	k.flows(s.Today, today[:])
	onHand = addQuantity(onHand, -addQuantity(today[0], today[1]))
	s.begins(k, stock{Source: source, Counted: onHand, Day: s.Today.AddDays(-1)})
}

// begins replaces what the belief starts from.
func (s *site) begins(k *sku, next stock) {
	next.Backlog, next.BacklogFrom = k.stock.Backlog, k.stock.BacklogFrom
	k.stock = next
	if s.started() {
		k.settle(s.Today)
	}
	s.save(k)
}

// backlogs follows a definition that says whether unmet demand waits. It holds from the day of its event
// on, as far as days are open to change. A discontinued item says nothing about that.
func (s *site) backlogs(k *sku, e *schemas.Item, st stamp) {
	on := e.BacklogCost > 0
	if e.Discontinued || on == k.stock.Backlog {
		return
	}
	from := never
	if s.started() {
		from = schemas.DateOf(time.Unix(0, st.Time).In(s.location))
		from = min(max(from, s.Today.AddDays(-reverseWindow)), s.Today)
		if k.stock.Settled && k.stock.BacklogFrom > k.stock.old.Day { // two changes in one walk: begin it after the first
			s.believed(k)
			k.stock.old = k.stock.belief.from
		}
	}
	k.stock.Backlog, k.stock.BacklogFrom = on, from
	k.stock.belief = belief{}
}

// waits says whether demand that is not met on a day waits for stock.
func (st *stock) waits(day schemas.Date) bool { return st.Backlog == (day >= st.BacklogFrom) }

// Reasons that go with counts and receipts that are kept.
const (
	reasonNegativeCount = "negative-count"  // below zero, on a SKU without backlog
	reasonLateReceipt   = "receipt-too-old" // of an order that nobody knows any more: without effect
)

// What else changes stock than sales is kept by day, for as long as a late count may refer to it:
// keptMoves days and up to keptMore, for days are forgotten that many at a time.
const (
	keptMoves = 92
	keptMore  = 31
)

// forgotten is the newest day whose flows are forgotten. SKUs take turns.
func (k *sku) forgotten(today schemas.Date) schemas.Date {
	last := int(today) - keptMoves - 1
	into := (last - int(k.index)) % keptMore
	if into < 0 {
		into += keptMore
	}
	return schemas.Date(last - into)
}

// addOther adds to stock on a day what is no demand: returns.
func (s *site) addOther(k *sku, d schemas.Date, q schemas.Quantity) {
	if d > k.forgotten(s.Today) {
		k.others = addDay(k.others, d, q)
	}
	s.moved(k, d, q)
}

// movedAfter is the sum of what moved on a day of the window with an instant after a second of the day.
func (k *sku) movedAfter(d schemas.Date, second int32) (sum schemas.Quantity) {
	for _, b := range k.on(d) {
		switch {
		case b.Second <= second: // or of the day alone
		case b.kind == bookedSale && k.heldBecause(&b) == heldNone:
			sum = addQuantity(sum, -b.left)
		case b.fate == fateReturned:
			sum = addQuantity(sum, b.Quantity)
		}
	}
	return sum
}

// expireStock forgets what no count and no correction can refer to any more.
func (k *sku) expireStock(today schemas.Date) {
	k.settle(today)
	forgotten := k.forgotten(today)
	n := 0
	for n < len(k.others) && k.others[n].Day <= forgotten {
		n++
	}
	k.others = slices.Delete(k.others, 0, n)
	k.forgetOrders(forgotten)
}

// addDay adds a quantity to the sum of its day; list is in order of days and holds no zeros.
func addDay(list []dayMove, day schemas.Date, q schemas.Quantity) []dayMove {
	i, found := slices.BinarySearchFunc(list, day, func(e dayMove, d schemas.Date) int { return cmp.Compare(e.Day, d) })
	if found {
		if list[i].Quantity = addQuantity(list[i].Quantity, q); list[i].Quantity == 0 {
			return slices.Delete(list, i, i+1)
		}
		return list
	}
	return slices.Insert(list, i, dayMove{day, q})
}
