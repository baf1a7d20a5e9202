package stream

import (
	"math/bits"

	"drumbeat/schemas"
	"drumbeat/stream/internal/codec"
)

// Which parts of a stock follow in its encoding. The two lowest bits are its source.
const (
	stockHasTime = 4 << iota
	stockSettled
	stockBacklog
	stockSince // of the backlog, or of its end
)

// append encodes the stock: one byte where nothing is known of it.
func (st *stock) append(dst []byte) []byte {
	flags := byte(st.Source)
	for _, f := range [...]struct {
		on   bool
		flag byte
	}{{st.HasTime, stockHasTime}, {st.Settled, stockSettled}, {st.Backlog, stockBacklog}, {st.BacklogFrom != 0, stockSince}} {
		if f.on {
			flags |= f.flag
		}
	}
	dst = append(dst, flags)
	if st.BacklogFrom != 0 {
		dst = codec.AppendVarint(dst, int64(st.BacklogFrom))
	}
	if st.Source == stockUnknown {
		return dst
	}
	dst = appendAmount(dst, st.Counted)
	dst = codec.AppendVarint(dst, int64(st.Day))
	if st.HasTime {
		dst = codec.AppendVarint(dst, st.At)
		dst = codec.AppendVarint(dst, int64(st.Second))
	}
	if st.Source == stockCounted {
		dst = st.Stamp.append(dst)
	}
	if st.Settled {
		dst = codec.AppendVarint(dst, int64(st.old.Day-st.Day))
		dst = appendAmount(dst, st.old.OnHand)
		dst = appendAmount(dst, st.old.Found)
	}
	return dst
}

func (st *stock) decode(r *codec.Reader) {
	flags := r.Byte()
	*st = stock{
		Source: stockSource(flags & 3), HasTime: flags&stockHasTime != 0, Settled: flags&stockSettled != 0,
		Backlog: flags&stockBacklog != 0,
	}
	if flags&stockSince != 0 {
		st.BacklogFrom = schemas.Date(r.Int32())
	}
	if st.Source == stockUnknown {
		return
	}
	st.Counted = decodeAmount(r)
	st.Day = schemas.Date(r.Int32())
	if st.HasTime {
		st.At, st.Second = r.Varint(), r.Int32()
	}
	if st.Source == stockCounted {
		st.Stamp.decode(r)
	}
	if st.Settled {
		st.old.Day = st.Day + schemas.Date(r.Int32())
		st.old.OnHand, st.old.Found = decodeAmount(r), decodeAmount(r)
	}
}

func (a *stamp) append(dst []byte) []byte {
	return codec.AppendText(codec.AppendVarint(dst, a.Time), a.ID)
}

func (a *stamp) decode(r *codec.Reader) { a.Time, a.ID = r.Varint(), r.Text() }

// appendAmount appends a quantity: whole units, which most are, in the even numbers.
func appendAmount(dst []byte, q schemas.Quantity) []byte {
	if units := int64(q / schemas.Unit); q%schemas.Unit == 0 {
		return codec.AppendVarint(dst, units<<1)
	}
	if q > wideAmount || q < -wideAmount { // the marker 1, for which no quantity stands, and all of it
		return codec.AppendVarint(codec.AppendVarint(dst, 1), int64(q))
	}
	return codec.AppendVarint(dst, int64(q)<<1|1)
}

// wideAmount is the largest quantity that leaves a bit to spare.
const wideAmount = 1 << 61

func decodeAmount(r *codec.Reader) schemas.Quantity {
	v := r.Varint()
	switch {
	case v == 1: // 0 millionths are whole units
		return schemas.Quantity(r.Varint())
	case v&1 == 1:
		return schemas.Quantity(v >> 1)
	}
	units := v >> 1
	if most := int64(1<<63-1) / int64(schemas.Unit); units > most || units < -most-1 {
		r.Fail()
		return 0
	}
	return schemas.Quantity(units) * schemas.Unit
}

// append encodes an order.
func (o *order) append(dst []byte) []byte {
	dst = codec.AppendText(dst, o.ID)
	dst = codec.AppendVarint(dst, int64(o.Start))
	if !o.internal() {
		dst = codec.AppendVarint(dst, int64(o.heard-o.Start))
		dst = codec.AppendUvarint(dst, uint64(len(o.states)))
		for i := range o.states {
			dst = o.states[i].append(dst, o.Start)
		}
		return dst
	}
	dst = codec.AppendVarint(dst, int64(o.StartEnd-o.Start))
	dst = codec.AppendVarint(dst, int64(o.Due-o.Start))
	dst = codec.AppendVarint(dst, int64(o.DueEnd-o.Due))
	dst = appendAmount(dst, o.Quantity)
	if days, ok := o.even(); ok {
		return codec.AppendUvarint(append(dst, 0), days)
	}
	dst = codec.AppendUvarint(dst, uint64(len(o.booked))+1)
	for _, q := range o.booked {
		dst = appendAmount(dst, q)
	}
	return dst
}

// even says on which days from Due on an order that is done came, as bits, where each brought its even
// share.
func (o *order) even() (days uint64, ok bool) {
	if len(o.booked) == 0 || len(o.booked) > 64 {
		return 0, false
	}
	for i, q := range o.booked {
		if q != 0 {
			days |= 1 << i
		}
	}
	want := evenly(max(0, o.Quantity), days) // as it is decoded
	if len(want) != len(o.booked) {
		return 0, false
	}
	for i, q := range o.booked {
		if want[i] != q {
			return 0, false
		}
	}
	return days, true
}

// evenly spreads a quantity over days.
func evenly(q schemas.Quantity, days uint64) []schemas.Quantity {
	list := make([]schemas.Quantity, bits.Len64(days))
	n, of := 0, bits.OnesCount64(days)
	for i := range list {
		if days>>i&1 == 1 {
			list[i] = share(q, n+1, of) - share(q, n, of)
			n++
		}
	}
	return list
}

func (o *order) decode(r *codec.Reader) {
	o.ID = r.Text()
	o.Start = schemas.Date(r.Int32())
	if !o.internal() {
		o.heard = o.Start + schemas.Date(r.Int32())
		for n := r.Count(5); n > 0; n-- {
			var e orderState
			e.decode(r, o.Start)
			o.states = append(o.states, e)
		}
		if len(o.states) == 0 {
			r.Fail()
			return
		}
		start := o.Start
		o.derive(func(schemas.Date) schemas.Date { return start })
		o.Start = start
		return
	}
	o.StartEnd = o.Start + schemas.Date(r.Int32())
	o.Due = o.Start + schemas.Date(r.Int32())
	o.DueEnd = o.Due + schemas.Date(r.Int32())
	o.Quantity = decodeAmount(r)
	if n := r.UpTo(uint64(len(r.Rest)) + 1); n == 0 {
		o.booked = evenly(max(0, o.Quantity), r.Uvarint())
	} else {
		for ; n > 1; n-- {
			o.booked = append(o.booked, decodeAmount(r))
		}
	}
	for _, q := range o.booked {
		o.Received += q
	}
	o.Open = o.Quantity - o.Received
}

// Which parts of a state follow in its encoding. The two lowest bits are its status.
const (
	stateStart = 4 << iota
	stateRemaining
	stateSettled
)

// append encodes a state by its days' distance to a day.
func (e *orderState) append(dst []byte, near schemas.Date) []byte {
	flags := byte(e.Status)
	if e.HasStart {
		flags |= stateStart
	}
	if e.Remaining != 0 {
		flags |= stateRemaining
	}
	if e.Settled {
		flags |= stateSettled
	}
	dst = e.Stamp.append(append(dst, flags))
	dst = codec.AppendVarint(dst, int64(e.Date-near))
	dst = appendAmount(dst, e.Quantity)
	if e.HasStart {
		dst = codec.AppendVarint(dst, int64(e.Start-near))
	}
	if e.Remaining != 0 {
		dst = appendAmount(dst, e.Remaining)
	}
	return dst
}

func (e *orderState) decode(r *codec.Reader, near schemas.Date) {
	flags := r.Byte()
	if e.Status = orderStatus(flags & 3); e.Status > statusCancelled {
		e.Status = statusCancelled
		r.Fail()
	}
	e.HasStart, e.Settled = flags&stateStart != 0, flags&stateSettled != 0
	e.Stamp.decode(r)
	e.Date = near + schemas.Date(r.Int32())
	e.Quantity = decodeAmount(r)
	if e.HasStart {
		e.Start = near + schemas.Date(r.Int32())
	}
	if flags&stateRemaining != 0 {
		e.Remaining = decodeAmount(r)
	}
}
