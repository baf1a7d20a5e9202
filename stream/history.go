package stream

import (
	"math"
	"slices"

	"drumbeat/schemas"
	"drumbeat/stream/internal/codec"
	"drumbeat/stream/outlier"
)

// dayEntry is what is known of one SKU's demand on one day. Kept + Held is the day's demand as it was
// reported; a forecast learns from Kept alone, and from neither on a day that is Missing.
type dayEntry struct {
	Date       schemas.Date
	Kept, Held schemas.Quantity
	Suspect    schemas.Quantity // of the day's sales, what is held if the day is flagged; 0: all of it
	Missing    bool             // a row of the day was rejected: without a sale it is unknown, not zero
	Censored   bool             // out of stock at its end: demand may have been more than was sold
	Verdict    outlier.Review   // of a person
	Context    outlier.Context  // of suspect sales
	Score      float32
	Reason     heldReason
}

// suspicious says that the outlier rule had something to say of the day.
func (e dayEntry) suspicious() bool { return e.Suspect != 0 || e.Context != 0 || e.Score != 0 }

// sold is what was sold on the day, held or not.
func (e dayEntry) sold() schemas.Quantity { return addQuantity(e.Kept, max(0, e.Held)) }

// heldReason says why a quantity is held.
type heldReason uint8

// The reasons; heldNone is the zero value.
const (
	heldNone         heldReason = iota
	heldOutlier                 // far above what the SKU sells, or the site if the SKU has sold nothing yet
	heldUnreferenced            // negative, with neither document nor customer
	heldReturn                  // a return of more than was sold in 90 days
	heldFuture                  // dated more than a day ahead of the clock
	heldReview                  // rejected by a person
	heldReasons                 // how many there are
)

var heldNames = [heldReasons]string{
	heldNone:         "",
	heldOutlier:      "outlier",
	heldUnreferenced: "unreferenced-negative",
	heldReturn:       "return-exceeds-sales",
	heldFuture:       "future-date",
	heldReview:       "rejected-by-review",
}

// String is the slug that tables and counters show, "" for heldNone.
func (r heldReason) String() string {
	if r >= heldReasons {
		return "unknown"
	}
	return heldNames[r]
}

// empty says that nothing is known of the day beyond that nothing happened.
func (e dayEntry) empty() bool {
	return e == dayEntry{Date: e.Date}
}

// plain says that all there is to the day is a positive quantity that is a multiple of unit.
func (e dayEntry) plain(unit schemas.Quantity) bool {
	return e.Kept > 0 && e.Kept%unit == 0 && e == dayEntry{Date: e.Date, Kept: e.Kept}
}

// history is the demand of one SKU by day, from the oldest day kept to the newest. Days without an
// entry are zeros. The zero value is empty.
//
// The last days stand as they are, in tail, where nearly all changes fall; the days before are packed
// into a stream of bits. A change among the packed days unpacks them, in about 50 µs for three years of
// a busy SKU, until the history is saved or grows at its end: a file in no order at all costs that once
// a save, not once a row. What is encoded depends on the entries and their unit alone, not on where the
// packed part ends, and the unit is saved too, so a restored history goes on to save the same bytes as
// the one that was saved.
type history struct {
	packed packedDays
	tail   []dayEntry // at most tailMost, more after a change among the packed days
}

// The tail is packed down to tailLeast entries when it would grow beyond tailMost, which makes an append
// constant in time on average and keeps the window's days at hand.
const (
	tailMost  = 26
	tailLeast = bookDays + 1
)

// len is the number of days with an entry.
func (h *history) len() int { return h.packed.n + len(h.tail) }

// first is the first day with an entry; false where there is none.
func (h *history) first() (schemas.Date, bool) {
	if h.packed.n > 0 {
		return h.packed.first, true
	}
	if len(h.tail) > 0 {
		return h.tail[0].Date, true
	}
	return 0, false
}

// last is the last day with an entry; false where there is none.
func (h *history) last() (schemas.Date, bool) {
	if n := len(h.tail); n > 0 {
		return h.tail[n-1].Date, true
	}
	return h.packed.last, h.packed.n > 0
}

// at is the entry of a day; a day without one is zero.
func (h *history) at(d schemas.Date) dayEntry {
	if i, ok := h.find(d); ok {
		return h.tail[i]
	}
	found := dayEntry{Date: d}
	if h.isPacked(d) {
		h.packed.each(d, func(e dayEntry) bool {
			if e.Date == d {
				found = e
			}
			return false
		})
	}
	return found
}

// update calls f with the entry of day d, new or as it is, and stores what f makes of it. An entry
// that f leaves empty is removed. f must not change the date.
func (h *history) update(d schemas.Date, f func(e *dayEntry)) {
	if h.isPacked(d) {
		h.unpack()
	}
	i, ok := h.find(d)
	if !ok {
		h.tail = slices.Insert(h.tail, i, dayEntry{Date: d})
	}
	e := &h.tail[i] // in its place: one of its own would be allocated for every change
	f(e)
	e.Date = d
	h.packed.refine(*e)
	if e.empty() {
		h.tail = slices.Delete(h.tail, i, i+1)
	}
	// A change before the last day is seldom the only one: the days stay unpacked for those to come.
	if i >= len(h.tail)-1 {
		h.pack()
	}
}

// each calls f for the entries from a day on, in the order of days, until it returns false.
func (h *history) each(from schemas.Date, f func(e dayEntry) bool) {
	more := true
	if h.isPacked(from) {
		h.packed.each(from, func(e dayEntry) bool {
			more = f(e)
			return more
		})
	}
	for _, e := range h.tail {
		if !more {
			return
		}
		if e.Date >= from {
			more = f(e)
		}
	}
}

// trim forgets the days before a day.
func (h *history) trim(before schemas.Date) {
	if first, ok := h.first(); !ok || first >= before {
		return
	}
	h.unpack()
	i, _ := h.find(before)
	h.tail = slices.Delete(h.tail, 0, i)
	h.pack()
}

// find is the place of a day in the tail, or where it belongs. Nearly all are looked for near its end.
func (h *history) find(d schemas.Date) (int, bool) {
	low, high := 0, len(h.tail)
	for step := 1; low < high; step *= 2 {
		i := max(high-step, low)
		if h.tail[i].Date < d {
			low = i + 1
			break
		}
		high = i
	}
	for low < high {
		if i := (low + high) / 2; h.tail[i].Date < d {
			low = i + 1
		} else {
			high = i
		}
	}
	return low, low < len(h.tail) && h.tail[low].Date == d
}

// isPacked says that d lies among the packed days.
func (h *history) isPacked(d schemas.Date) bool { return h.packed.n > 0 && d <= h.packed.last }

// unpack puts all entries into the tail.
func (h *history) unpack() {
	if h.packed.n == 0 {
		return
	}
	all := make([]dayEntry, 0, h.len()+1)
	h.packed.each(math.MinInt32, func(e dayEntry) bool {
		all = append(all, e)
		return true
	})
	h.tail = append(all, h.tail...)
	h.packed = packedDays{unit: h.packed.unit}
}

// pack moves the oldest entries of a tail that has grown too long.
func (h *history) pack() {
	if len(h.tail) <= tailMost {
		return
	}
	n := len(h.tail) - tailLeast
	for _, e := range h.tail[:n] {
		h.packed.add(e)
	}
	if rest := h.tail[n:]; cap(h.tail) > 2*tailMost {
		h.tail = append(make([]dayEntry, 0, tailMost+1), rest...)
	} else {
		h.tail = h.tail[:copy(h.tail, rest)]
	}
}

// append encodes the history. Its version is the caller's. Of more than two runs of bookmarkEvery entries the older mark stands
// before the bits, with a checksum of what is before it: a restart reads on from there and leaves the years before to
// whoever asks for them.
func (h *history) append(dst []byte) []byte {
	h.pack()
	all := h.packed
	all.bits = slices.Clone(all.bits)
	for _, e := range h.tail {
		all.add(e)
	}
	n := all.n
	if all.bookmarks[0].n != bookmarkOf(n) { // days at the end have gone
		all = packedDays{unit: h.packed.unit}
		h.each(math.MinInt32, func(e dayEntry) bool {
			all.add(e)
			return true
		})
	}
	dst = codec.AppendUvarint(dst, uint64(n))
	dst = append(dst, all.exponent())
	if n == 0 {
		return dst
	}
	dst = codec.AppendVarint(dst, int64(all.first))
	if m := all.bookmarks[0]; m.n > 0 {
		dst = codec.AppendUvarint(dst, uint64(m.at))
		dst = codec.AppendUvarint(dst, uint64(m.last-int64(all.first)))
		dst = codec.AppendUvarint(dst, uint64(m.level))
		dst = codec.AppendUint32(dst, checksum(all.bits, m))
	}
	return append(dst, all.bits...)
}

// decodeHistory reads what append wrote and returns what follows it. marked says that a mark may stand before the bits.
func decodeHistory(src []byte, marked bool) (h history, rest []byte, err error) {
	r := codec.Reader{Rest: src}
	n := int(r.UpTo(math.MaxInt32))
	exponent := r.Byte()
	if exponent > unitExponent {
		r.Fail()
	}
	if r.Err != nil {
		return history{}, nil, r.Err
	}
	h.packed.setExponent(exponent)
	if n == 0 {
		return h, r.Rest, nil
	}
	first := schemas.Date(r.Int32())
	h.packed.first = first
	begin := bookmark{last: int64(first) - 1}
	if marked && bookmarkOf(n) > 0 {
		begin = bookmark{n: bookmarkOf(n), at: int(r.Uvarint()), last: int64(first) + int64(r.UpTo(math.MaxUint32))}
		begin.level = uint16(r.UpTo(math.MaxUint16))
		sum := r.Uint32()
		if begin.last > math.MaxInt32 || begin.at < 0 || begin.at > 8*len(r.Rest) || checksum(r.Rest, begin) != sum {
			r.Fail()
		}
	}
	if r.Err != nil {
		return history{}, nil, r.Err
	}
	tail, size, ok := h.packed.load(begin, n, tailLeast, r.Rest)
	if !ok {
		return history{}, nil, codec.ErrDamaged
	}
	h.tail = tail
	return h, r.Rest[size:], nil
}

// kept is the demand of the days [from, to].
func (k *sku) kept(from, to schemas.Date) (sum schemas.Quantity) {
	k.history.each(from, func(e dayEntry) bool {
		if e.Date > to {
			return false
		}
		sum = addQuantity(sum, e.Kept)
		return true
	})
	return sum
}
