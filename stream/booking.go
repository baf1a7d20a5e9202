package stream

import (
	"cmp"
	"math"

	"drumbeat/schemas"
	"drumbeat/stream/internal/codec"
	"drumbeat/stream/outlier"
)

// booking is a line of a SKU's books as its newest version says it: something sold, returned, or a
// cancellation of a quantity on a day.
type booking struct {
	Day      schemas.Date
	Second   int32            // since the start of the day by the site's clock; dayOnly: no instant is known
	Quantity schemas.Quantity // positive; what is taken back by a return or a cancellation is, too
	Line     uint64           // key in the line index, of a cancellation the key of what waits; 0: none
	Document uint32           // hash; 0: none
	Customer uint32           // hash; 0: none
	price    outlier.Log      // of one unit
	size     outlier.Log      // of the quantity; derived
	kind     bookingKind
	mark     outlier.Mark

	// What resolve finds, never saved.
	fate  returnFate
	found schemas.Date     // of a return or a cancellation that took a sale back: the day of that sale
	left  schemas.Quantity // of a sale: what stands of it
}

// dayOnly is the Second of a booking without an instant.
const dayOnly int32 = -1

// bookingKind tells what a booking says.
type bookingKind uint8

const (
	bookedSale bookingKind = iota
	bookedReturn
	bookedCancel // takes a quantity from a day, wherever it was sold
	// bookedDone is a return that took back a sale that has left the window: it does nothing any more, but
	// its line is still known.
	bookedDone
)

// rank orders the kinds: sales first, and a return keeps its place when it is done.
func (k bookingKind) rank() bookingKind {
	if k == bookedDone {
		return bookedReturn
	}
	return k
}

// returnFate says what became of a return or a cancellation.
type returnFate uint8

const (
	fateNone     returnFate = iota
	fateReversed            // it took a sale back
	fateReturned            // it adds to stock
	fateHeld                // it is held: see heldReason
	fateMissing             // a cancellation that finds nothing to take back yet
)

// order is where a booking stands within its day: a sale without an instant is before all others, for it
// can be what any return of the day takes back; a return without one is after them.
func (e *booking) order() int32 {
	switch {
	case e.Second != dayOnly:
		return e.Second
	case e.kind == bookedSale:
		return dayOnly
	}
	return math.MaxInt32
}

// compare is the order in which the books are read: it depends on what bookings say alone, never on when
// they came. Bookings that compare equal say the same.
func (e *booking) compare(o *booking) int {
	if e.Day != o.Day {
		return cmp.Compare(e.Day, o.Day)
	}
	return cmp.Or(
		cmp.Compare(e.order(), o.order()),
		cmp.Compare(e.kind.rank(), o.kind.rank()),
		cmp.Compare(e.Quantity, o.Quantity),
		cmp.Compare(e.Customer, o.Customer),
		cmp.Compare(e.Document, o.Document),
		cmp.Compare(e.Line, o.Line),
		cmp.Compare(e.price, o.price),
	)
}

// measure takes the logarithm of the quantity, when that is set.
func (e *booking) measure() { e.size = outlier.LogOf(e.Quantity.Float()) }

// line is what a sale says of the usual size and price of its SKU's lines.
func (e *booking) line() outlier.Line { return outlier.Line{Size: e.size, Price: e.price} }

// Which of a booking's fields follow in its encoding; the kind stands in the two highest bits.
const (
	bookedTimed = 1 << iota
	bookedLine
	bookedDocument
	bookedCustomer
	bookedPrice
	bookedMicro // the quantity is in millionths, else in units
	bookedKinds = 6
)

// appendBookings encodes bookings in their order.
func appendBookings(dst []byte, list []booking) []byte {
	dst = codec.AppendUvarint(dst, uint64(len(list)))
	var day schemas.Date
	for i := range list {
		e := &list[i]
		flags := byte(e.kind) << bookedKinds
		quantity := int64(e.Quantity)
		if e.Quantity%schemas.Unit == 0 {
			quantity /= int64(schemas.Unit)
		} else {
			flags |= bookedMicro
		}
		for _, f := range [...]struct {
			set bool
			bit byte
		}{{e.Second != dayOnly, bookedTimed}, {e.Line != 0, bookedLine}, {e.Document != 0, bookedDocument}, {e.Customer != 0, bookedCustomer}, {e.price != outlier.NoLog, bookedPrice}} {
			if f.set {
				flags |= f.bit
			}
		}
		dst = append(dst, flags, byte(e.mark))
		dst = codec.AppendVarint(dst, int64(e.Day)-int64(day))
		day = e.Day
		dst = codec.AppendUvarint(dst, uint64(quantity))
		if e.Second != dayOnly {
			dst = codec.AppendUvarint(dst, uint64(e.Second))
		}
		if e.Line != 0 {
			dst = codec.AppendUint64(dst, e.Line)
		}
		if e.Document != 0 {
			dst = codec.AppendUint32(dst, e.Document)
		}
		if e.Customer != 0 {
			dst = codec.AppendUint32(dst, e.Customer)
		}
		if e.price != outlier.NoLog {
			dst = codec.AppendVarint(dst, int64(e.price))
		}
	}
	return dst
}

// decodeBookings reads what appendBookings wrote.
func decodeBookings(r *codec.Reader) []booking {
	n := r.Count(4)
	if n == 0 {
		return nil
	}
	list := make([]booking, 0, n)
	day := int64(0)
	for range n {
		flags := r.Byte()
		e := booking{kind: bookingKind(flags >> bookedKinds), mark: outlier.Mark(r.Byte()), Second: dayOnly, price: outlier.NoLog}
		day += r.Varint()
		if e.Day = schemas.Date(day); int64(e.Day) != day {
			r.Fail()
		}
		quantity := r.Uvarint()
		if flags&bookedMicro == 0 {
			if quantity > math.MaxInt64/uint64(schemas.Unit) {
				r.Fail()
			}
			quantity *= uint64(schemas.Unit)
		}
		if e.Quantity = schemas.Quantity(quantity); e.Quantity < 0 {
			r.Fail()
		}
		e.measure()
		if flags&bookedTimed != 0 {
			e.Second = int32(r.UpTo(math.MaxInt32))
		}
		if flags&bookedLine != 0 {
			e.Line = r.Uint64()
		}
		if flags&bookedDocument != 0 {
			e.Document = r.Uint32()
		}
		if flags&bookedCustomer != 0 {
			e.Customer = r.Uint32()
		}
		if flags&bookedPrice != 0 {
			p := r.Varint()
			if e.price = outlier.Log(p); int64(e.price) != p || e.price == outlier.NoLog {
				r.Fail()
			}
		}
		if r.Err == nil && len(list) > 0 && list[len(list)-1].compare(&e) > 0 {
			r.Fail()
		}
		if r.Err != nil {
			return nil
		}
		list = append(list, e)
	}
	return list
}
