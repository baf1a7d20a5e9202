package stream

import (
	"math"
	"slices"

	"drumbeat/schemas"
)

// movement is one change of a SKU's stock. Day is its day by the site's clock, with or without an
// instant.
type movement struct {
	At       int64 // Unix seconds; with DateOnly kept, but nothing here goes by it
	DateOnly bool
	Day      schemas.Date
	Quantity schemas.Quantity // negative: out of stock
	Customer uint64           // hash; 0: none
	Line     uint64           // key in the line index; 0: none
}

// compare orders movements by day, those without an instant first, then by instant.
func (m movement) compare(o movement) int {
	switch {
	case m.Day != o.Day:
		return sign(m.Day < o.Day)
	case m.DateOnly != o.DateOnly:
		return sign(m.DateOnly)
	case m.DateOnly || m.At == o.At:
		return 0
	}
	return sign(m.At < o.At)
}

func sign(before bool) int {
	if before {
		return -1
	}
	return 1
}

// later says that m is after o for certain: where one of them has no instant, only their days tell.
func (m movement) later(o movement) bool {
	if m.Day == o.Day && (m.DateOnly || o.DateOnly) {
		return false
	}
	return m.compare(o) > 0
}

// movements are the last days' movements of one SKU, for counts that arrive late and for returns that
// look for their sale. The zero value is empty.
//
// Movements of one day that have neither instant nor customer nor line cannot be told apart by any
// question asked of them, so they are kept as one sum.
type movements struct {
	list []movement // in the order of compare, then of arrival
}

// add records a movement; one of quantity 0 is none.
func (m *movements) add(v movement) {
	if v.Quantity == 0 {
		return
	}
	if v.anonymous() {
		v.At = 0
	}
	i := len(m.list)
	for i > 0 && m.list[i-1].compare(v) > 0 {
		i--
	}
	if v.anonymous() {
		for j := i - 1; j >= 0 && m.list[j].compare(v) == 0; j-- {
			if m.list[j].anonymous() {
				m.list[j].Quantity = addQuantity(m.list[j].Quantity, v.Quantity)
				if m.list[j].Quantity == 0 {
					m.list = slices.Delete(m.list, j, j+1)
				}
				return
			}
		}
	}
	m.list = slices.Insert(m.list, i, v)
}

func (m movement) anonymous() bool { return m.DateOnly && m.Customer == 0 && m.Line == 0 }

// expire forgets the movements of the days before a day.
func (m *movements) expire(before schemas.Date) {
	n := 0
	for n < len(m.list) && m.list[n].Day < before {
		n++
	}
	m.list = slices.Delete(m.list, 0, n)
}

// len is the number of movements.
func (m *movements) len() int { return len(m.list) }

// each calls f for every movement in order until it returns false.
func (m *movements) each(f func(movement) bool) {
	for _, v := range m.list {
		if !f(v) {
			return
		}
	}
}

// takeSale finds the sale that a return of q > 0 reverses: the latest outgoing movement of exactly q
// units to the customer that is not after the return and not of a day before oldest. It removes and returns
// it. On one day, a movement without an instant is after none.
func (m *movements) takeSale(customer uint64, q schemas.Quantity, notAfter movement, oldest schemas.Date) (movement, bool) {
	if customer == 0 || q <= 0 {
		return movement{}, false
	}
	for i := len(m.list) - 1; i >= 0 && m.list[i].Day >= oldest; i-- {
		v := m.list[i]
		if v.Customer == customer && v.Quantity == -q && !v.later(notAfter) {
			m.list = slices.Delete(m.list, i, i+1)
			return v, true
		}
	}
	return movement{}, false
}

// takeLine removes and returns the latest movement of a document line, for a correction.
func (m *movements) takeLine(line uint64) (movement, bool) {
	if line == 0 {
		return movement{}, false
	}
	for i := len(m.list) - 1; i >= 0; i-- {
		if v := m.list[i]; v.Line == line {
			m.list = slices.Delete(m.list, i, i+1)
			return v, true
		}
	}
	return movement{}, false
}

// counted says whether a stock count contains the movement. A count with an instant contains the
// movements up to it, and those without an instant of its day and before; a count of a day (dateOnly; at
// is ignored) contains that whole day. day is the count's day by the site's clock.
func (m movement) counted(at int64, dateOnly bool, day schemas.Date) bool {
	if dateOnly || m.DateOnly {
		return m.Day <= day
	}
	return m.At <= at
}

// after is the sum of the movements that a stock count does not contain; see counted.
func (m *movements) after(at int64, dateOnly bool, day schemas.Date) schemas.Quantity {
	var sum schemas.Quantity
	for _, v := range m.list {
		if !v.counted(at, dateOnly, day) {
			sum = addQuantity(sum, v.Quantity)
		}
	}
	return sum
}

// addQuantity adds and stays at the ends of int64 where the sum would leave it: one absurd event
// must not turn a stock into its opposite.
func addQuantity(a, b schemas.Quantity) schemas.Quantity {
	sum := a + b
	switch {
	case a > 0 && b > 0 && sum < 0:
		return math.MaxInt64
	case a < 0 && b < 0 && sum >= 0:
		return math.MinInt64
	}
	return sum
}

// Which of a movement's fields follow in its encoding.
const (
	movementDateOnly = 1 << iota
	movementCustomer
	movementLine
	movementMicro // the quantity is in millionths, else in units
	movementAt
)

// append encodes the movements.
func (m *movements) append(dst []byte) []byte {
	dst = appendUvarint(dst, uint64(len(m.list)))
	var day schemas.Date
	var at int64
	for _, v := range m.list {
		var flags byte
		quantity := int64(v.Quantity)
		if v.Quantity%schemas.Unit == 0 {
			quantity /= int64(schemas.Unit)
		} else {
			flags |= movementMicro
		}
		if v.DateOnly {
			flags |= movementDateOnly
		}
		if v.Customer != 0 {
			flags |= movementCustomer
		}
		if v.Line != 0 {
			flags |= movementLine
		}
		if v.At != 0 {
			flags |= movementAt
		}
		dst = append(dst, flags)
		dst = appendVarint(dst, int64(v.Day)-int64(day))
		day = v.Day
		if v.At != 0 {
			dst = appendVarint(dst, v.At-at)
			at = v.At
		}
		dst = appendVarint(dst, quantity)
		if v.Customer != 0 {
			dst = appendUint64(dst, v.Customer)
		}
		if v.Line != 0 {
			dst = appendUint64(dst, v.Line)
		}
	}
	return dst
}

// decodeMovements reads what append wrote and returns what follows it.
func decodeMovements(src []byte) (m movements, rest []byte, err error) {
	r := reader{b: src}
	n := r.count(3)
	if n > 0 {
		m.list = make([]movement, 0, n)
	}
	var day, at int64
	for range n {
		flags := r.byte()
		v := movement{DateOnly: flags&movementDateOnly != 0}
		day += r.varint()
		v.Day = schemas.Date(day)
		if int64(v.Day) != day {
			r.fail()
		}
		if flags&movementAt != 0 {
			at += r.varint()
			v.At = at
		}
		quantity := r.varint()
		if flags&movementMicro == 0 {
			if quantity > math.MaxInt64/int64(schemas.Unit) || quantity < math.MinInt64/int64(schemas.Unit) {
				r.fail()
			}
			quantity *= int64(schemas.Unit)
		}
		v.Quantity = schemas.Quantity(quantity)
		if flags&movementCustomer != 0 {
			v.Customer = r.uint64()
		}
		if flags&movementLine != 0 {
			v.Line = r.uint64()
		}
		if r.err != nil || len(m.list) > 0 && m.list[len(m.list)-1].compare(v) > 0 {
			r.fail()
			break
		}
		m.list = append(m.list, v)
	}
	if r.err != nil {
		return movements{}, nil, r.err
	}
	return m, r.b, nil
}
