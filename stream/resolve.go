package stream

import (
	"slices"
	"sort"

	"drumbeat/schemas"
	"drumbeat/stream/outlier"
)

// A fact may come lateDays after its own day and still lead to the same books as one that came in time.
// A return looks for its sale on its own day and the reverseWindow days before, and may itself be late, so
// what was sold on a day stands for good bookDays later.
const (
	lateDays      = 7
	reverseWindow = 7
	bookDays      = lateDays + reverseWindow + 1
)

// What the outlier rule looks back to has settled when it does.
const _ = uint(outlier.PriorLag - bookDays - 1)

// insert puts a booking where it belongs and returns its place.
func (k *sku) insert(e booking) int {
	k.arrange()
	n := len(k.window)
	if n == 0 || k.window[n-1].compare(&e) <= 0 {
		k.window = append(k.window, e)
		return n
	}
	i := sort.Search(n, func(i int) bool { return k.window[i].compare(&e) > 0 })
	k.window = slices.Insert(k.window, i, e)
	return i
}

// push puts a sale of the newest day at the end, and leaves its place within the day to arrange: a day of many
// sales would be moved for each of them.
func (k *sku) push(e booking) {
	if n := len(k.window); k.loose > 0 || n > 0 && k.window[n-1].compare(&e) > 0 {
		k.loose++
	}
	k.window = append(k.window, e)
}

// arrange brings what was pushed into its order.
func (k *sku) arrange() {
	if k.loose == 0 {
		return
	}
	i := len(k.window) - k.loose
	loose := slices.Clone(k.window[i:])
	k.loose = 0
	slices.SortStableFunc(loose, func(a, b booking) int { return a.compare(&b) })
	for at, j := len(k.window)-1, len(loose)-1; j >= 0; at-- {
		if i > 0 && k.window[i-1].compare(&loose[j]) > 0 {
			i--
			k.window[at] = k.window[i]
		} else {
			k.window[at] = loose[j]
			j--
		}
	}
}

// remove takes a booking out.
func (k *sku) remove(i int) {
	if i >= len(k.window)-k.loose {
		k.loose--
	}
	k.window = slices.Delete(k.window, i, i+1)
}

// bookingOf is the place of the sale (or of what is not a sale) of a document line, -1 if there is none.
func (k *sku) bookingOf(line uint64, sale bool) int {
	if line == 0 {
		return -1
	}
	return bookingIn(k.window, line, sale)
}

func bookingIn(list []booking, line uint64, sale bool) int {
	for i := len(list) - 1; i >= 0; i-- {
		if e := &list[i]; e.Line == line && (e.kind == bookedSale) == sale {
			return i
		}
	}
	return -1
}

// on is the range of the bookings of a day.
func (k *sku) on(d schemas.Date) []booking {
	i := k.before(d)
	return k.window[i : i+sort.Search(len(k.window)-i, func(n int) bool { return k.window[i+n].Day > d })]
}

// before is the number of the bookings before a day.
func (k *sku) before(d schemas.Date) int {
	return sort.Search(len(k.window), func(i int) bool { return k.window[i].Day >= d })
}

// resolve finds what stands of every sale in the window. It reads the bookings in their own order, so its
// result depends on the set of them alone:
//
//  1. a return that names the line of a sale takes that one back, in whole or part, whenever it was;
//  2. a cancellation of a day takes back a sale of its quantity (and customer, if it names one) on that
//     day, the latest; else that much of whatever was sold on the day, if it is enough;
//  3. any other return of a customer takes back the latest sale of its quantity to that customer which
//     is not after the return and at most reverseWindow days before it, if there is one.
//
// What is left over waits (a cancellation) or stays a return. The day of the newest booking that is no sale is kept.
func (k *sku) resolve() {
	returns := false
	k.returns = never
	for i := range k.window {
		e := &k.window[i]
		if e.kind == bookedSale {
			e.left = e.Quantity
		} else {
			k.returns = e.Day
			e.fate, e.found = fateNone, 0
			if e.kind == bookedDone {
				e.fate = fateReversed
			} else {
				returns = true
			}
		}
	}
	if !returns {
		return
	}
	for i := range k.window {
		if e := &k.window[i]; e.kind == bookedReturn && e.Line != 0 {
			if j := k.bookingOf(e.Line, true); j >= 0 {
				e.takeBack(&k.window[j], e.Quantity)
			}
		}
	}
	for i := range k.window {
		if e := &k.window[i]; e.kind == bookedCancel {
			k.cancelDay(e)
		}
	}
	for i := range k.window {
		if e := &k.window[i]; e.kind == bookedReturn && e.fate == fateNone {
			if e.Customer != 0 {
				k.returnToCustomer(i)
			}
			if e.fate == fateNone {
				e.fate = fateReturned
			}
		}
	}
}

// takeBack takes a quantity, as far as it is there, from a sale.
func (e *booking) takeBack(sale *booking, quantity schemas.Quantity) schemas.Quantity {
	quantity = min(quantity, sale.left)
	sale.left -= quantity
	e.fate, e.found = fateReversed, sale.Day
	return quantity
}

// whole says that a sale stands as it was made.
func (e *booking) whole() bool { return e.kind == bookedSale && e.left == e.Quantity }

// cancelDay takes a cancelled quantity from its day.
func (k *sku) cancelDay(e *booking) {
	day := k.on(e.Day)
	for i := len(day) - 1; i >= 0; i-- {
		s := &day[i]
		if s.whole() && s.Quantity == e.Quantity && (e.Customer == 0 || s.Customer == e.Customer) {
			e.takeBack(s, e.Quantity)
			return
		}
	}
	var sold schemas.Quantity
	for i := range day {
		sold = addQuantity(sold, day[i].left)
	}
	if sold < e.Quantity {
		e.fate = fateMissing
		return
	}
	rest := e.Quantity
	for i := len(day) - 1; i >= 0 && rest > 0; i-- {
		if s := &day[i]; s.left > 0 {
			rest -= e.takeBack(s, rest)
		}
	}
}

// returnToCustomer finds the sale that booking i takes back.
func (k *sku) returnToCustomer(i int) {
	e := &k.window[i]
	for j := i - 1; j >= 0 && k.window[j].Day >= e.Day-reverseWindow; j-- {
		if s := &k.window[j]; s.whole() && s.Customer == e.Customer && s.Quantity == e.Quantity {
			e.takeBack(s, e.Quantity)
			return
		}
	}
}

// dayTally is what the bookings of one day come to.
type dayTally struct {
	day              schemas.Date
	from, to         int              // the day's bookings
	sold             schemas.Quantity // what stands of its sales
	returned, refuse schemas.Quantity // returns: those that add to stock, those that are held
	refused          heldReason       // why returns are held

	// What the outlier rule says of it; see judgeDay.
	review  outlier.Review
	context outlier.Context
	flag    bool
	suspect schemas.Quantity // what is held if the day is flagged; 0: all of it
	score   float32
}

// tallyOf is a day as the history has it; its flag is the caller's to say.
func tallyOf(h dayEntry) dayTally {
	t := dayTally{day: h.Date, sold: h.sold(), suspect: h.Suspect, score: h.Score, context: h.Context}
	if h.Held < 0 {
		t.refuse, t.refused = -h.Held, h.Reason
	}
	return t
}

// tallies sums the bookings of the window by day into list.
func (k *sku) tallies(list []dayTally) []dayTally {
	for i := range k.window {
		e := &k.window[i]
		n := len(list)
		if n == 0 || list[n-1].day != e.Day {
			list = append(list, dayTally{day: e.Day, from: i})
			n++
		}
		t := &list[n-1]
		t.to = i + 1
		if e.kind == bookedSale {
			t.sold = addQuantity(t.sold, e.left)
		}
	}
	return list
}

// returnWindow is the number of days of sales that a return is held against.
const returnWindow = 90

// weighReturns decides which returns of the window add to stock; see refuses.
func (k *sku) weighReturns(list []dayTally, settled schemas.Date) {
	for n := range list {
		t := &list[n]
		for i := t.from; i < t.to; i++ {
			e := &k.window[i]
			if e.kind != bookedReturn || e.fate != fateReturned {
				continue
			}
			if k.refuses(e, list[:n+1], settled) {
				e.fate, t.refused = fateHeld, e.refusal()
				t.refuse = addQuantity(t.refuse, e.Quantity)
			} else {
				t.returned = addQuantity(t.returned, e.Quantity)
			}
		}
	}
}

// refuses says that a return is held: it names neither a document nor a customer, or is more than was sold in
// returnWindow days, held sales included, and nobody has accepted its day.
func (k *sku) refuses(e *booking, days []dayTally, settled schemas.Date) bool {
	return k.history.at(e.Day).Verdict != outlier.Accepted &&
		(e.refusal() == heldUnreferenced || e.Quantity > k.soldUntil(e.Day, days, settled))
}

// refusal is the reason for which a return is held, if it is.
func (e *booking) refusal() heldReason {
	if e.Document == 0 && e.Customer == 0 {
		return heldUnreferenced
	}
	return heldReturn
}

// soldUntil is what was sold in the returnWindow days up to a day: as the history says of settled days, and as
// the tallies say of later ones.
func (k *sku) soldUntil(day schemas.Date, days []dayTally, settled schemas.Date) (sum schemas.Quantity) {
	for i := range days {
		sum = addQuantity(sum, days[i].sold)
	}
	k.history.each(day-returnWindow, func(e dayEntry) bool {
		if e.Date > min(day, settled) {
			return false
		}
		sum = addQuantity(sum, e.sold())
		return true
	})
	return sum
}

// largest is the booking of a day's largest sale, nil on a day without one.
func (k *sku) largest(t *dayTally) *booking {
	var most *booking
	for i := t.from; i < t.to; i++ {
		if e := &k.window[i]; e.left > 0 && (most == nil || e.left >= most.left) {
			most = e
		}
	}
	return most
}

// suspects are the sales of a grossly large day that make it so: the largest, as few as leave the rest of
// it of ordinary size. It returns their sum.
func (k *sku) suspects(t *dayTally, expected float64) (sum schemas.Quantity) {
	var least schemas.Quantity // of those counted
	for rest := t.sold; rest > 0; rest = t.sold - sum {
		if sum > 0 && rest.Float()+1 <= outlier.GrossRatio*(expected+1) {
			break
		}
		var next schemas.Quantity
		for i := t.from; i < t.to; i++ {
			if left := k.window[i].left; left > next && (sum == 0 || left < least) {
				next = left
			}
		}
		for i := t.from; i < t.to; i++ { // sales of one size go together
			if k.window[i].left == next {
				sum = addQuantity(sum, next)
			}
		}
		least = next
	}
	return sum
}
