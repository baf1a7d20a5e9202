package stream

import (
	"encoding/binary"
	"hash/crc32"
	"math"
	"math/bits"
	"slices"

	"drumbeat/schemas"
	"drumbeat/stream/outlier"
)

// packedDays is a run of day entries as a stream of bits, which can be read from its start and added
// to at its end. A plain day, one with nothing but a positive quantity, takes
//
//	the days since the entry before, as an Elias gamma code: 1 bit for the next day, 3 for two or three
//	1 bit 0: plain
//	the quantity in units: its number of binary digits against the mean of those before it, as unary
//	zigzag, then the digits without the leading one
//
// so that a busy SKU costs about a byte a day, whatever its size, and a slow one two bytes a sale.
// Any other day has a 1 for "plain", then missing (1 bit), censored (1), kept and held (1 bit: not 0, then sign
// and magnitude as above), verdict (2), whether it is suspicious (1 bit; then suspect as kept, context 2 and
// score 32) and reason (1 bit: not 0, then 8).
type packedDays struct {
	unit      schemas.Quantity // a power of ten that divides all quantities; 0 stands for one base unit
	n         int
	first     schemas.Date
	last      schemas.Date
	level     uint16 // running mean of the binary digits of what was kept, in sixteenths
	bits      []byte // from the lowest bit of the first byte on
	size      int    // in bits
	bookmarks [2]bookmark
}

// bookmark is a place between two entries at which reading can begin, so that the newest days are found without reading all
// before them. The two newest are kept.
type bookmark struct {
	n, at int   // entries and bits before it
	last  int64 // day of the entry before
	level uint16
}

// bookmarkEvery is the number of entries from one mark to the next.
const bookmarkEvery = 64

// bookmarkOf is the number of entries before the older mark of n of them, 0 where there is none: it depends on n alone.
func bookmarkOf(n int) int { return max(0, (n-1)/bookmarkEvery-1) * bookmarkEvery }

func (p *packedDays) setBookmark(m bookmark) { p.bookmarks = [2]bookmark{p.bookmarks[1], m} }

// unitExponent is the number of decimals of the finest unit.
const unitExponent = 6

func (p *packedDays) step() schemas.Quantity {
	if p.unit == 0 {
		return schemas.Unit
	}
	return p.unit
}

// exponent is the number of decimals of the unit.
func (p *packedDays) exponent() byte {
	var decimals byte
	for u := p.step(); u < schemas.Unit; u *= 10 {
		decimals++
	}
	return decimals
}

func (p *packedDays) setExponent(decimals byte) {
	u := schemas.Unit
	for range decimals {
		u /= 10
	}
	p.unit = u
}

// refine makes the unit fine enough for the quantities of e. It never becomes coarser again.
func (p *packedDays) refine(e dayEntry) {
	u := p.step()
	for e.Kept%u != 0 || e.Held%u != 0 || e.Suspect%u != 0 {
		u /= 10
	}
	if u == p.step() {
		return
	}
	finer := packedDays{unit: u}
	p.each(math.MinInt32, func(e dayEntry) bool {
		finer.add(e)
		return true
	})
	*p = finer
}

// add appends the entry of a day after the last one, in quantities that the unit divides.
func (p *packedDays) add(e dayEntry) {
	if p.n == 0 {
		p.first, p.last = e.Date, e.Date-1
	} else if p.n%bookmarkEvery == 0 {
		p.setBookmark(bookmark{p.n, p.size, int64(p.last), p.level})
	}
	p.writeGap(uint32(e.Date - p.last))
	p.n++
	p.last = e.Date
	u := p.step()
	if e.plain(u) {
		p.write(0, 1)
		p.writeMagnitude(uint64(e.Kept / u))
		p.learn(uint64(e.Kept / u))
		return
	}
	p.write(1, 1)
	p.write(flag(e.Missing), 1)
	p.write(flag(e.Censored), 1)
	p.writeSigned(int64(e.Kept / u))
	if e.Kept > 0 {
		p.learn(uint64(e.Kept / u))
	}
	p.writeSigned(int64(e.Held / u))
	p.write(uint64(e.Verdict), 2)
	p.write(flag(e.suspicious()), 1)
	if e.suspicious() {
		p.writeSigned(int64(e.Suspect / u))
		p.write(uint64(e.Context), 2)
		p.write(uint64(math.Float32bits(e.Score)), 32)
	}
	p.write(flag(e.Reason != heldNone), 1)
	if e.Reason != heldNone {
		p.write(uint64(e.Reason), 8)
	}
}

func flag(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// expected is the number of binary digits that the next magnitude is measured against.
func (p *packedDays) expected() int { return int(p.level+8) >> 4 }

// learn moves the mean by an eighth of the distance; the first magnitude sets it.
func (p *packedDays) learn(v uint64) {
	digits := uint16(bits.Len64(v)) << 4
	if p.level == 0 {
		p.level = digits
		return
	}
	p.level = uint16((7*int(p.level) + int(digits)) / 8)
}

// write appends the n lowest bits of v.
func (p *packedDays) write(v uint64, n int) {
	if n > 32 {
		p.write(v, 32)
		v, n = v>>32, n-32
	}
	v &= 1<<n - 1
	used := p.size & 7
	if used > 0 {
		last := len(p.bits) - 1
		v = v<<used | uint64(p.bits[last])
		p.bits = p.bits[:last]
	}
	p.size += n
	for n += used; n > 0; n -= 8 {
		p.bits = append(p.bits, byte(v))
		v >>= 8
	}
}

func (p *packedDays) writeUnary(n int) {
	for ; n >= 32; n -= 32 {
		p.write(0, 32)
	}
	p.write(1<<n, n+1)
}

func (p *packedDays) writeGap(days uint32) {
	n := bits.Len32(days) - 1
	p.writeUnary(n)
	p.write(uint64(days), n) // the leading one is known
}

func (p *packedDays) writeMagnitude(v uint64) {
	n := bits.Len64(v)
	off := n - p.expected()
	p.writeUnary(off<<1 ^ off>>63)
	p.write(v, n-1)
}

func (p *packedDays) writeSigned(v int64) {
	p.write(flag(v != 0), 1)
	if v == 0 {
		return
	}
	p.write(flag(v < 0), 1)
	magnitude := uint64(v)
	if v < 0 {
		magnitude = -magnitude
	}
	p.writeMagnitude(magnitude)
}

// each calls f for the entries of the days from a day on, in order, until it returns false.
func (p *packedDays) each(from schemas.Date, f func(e dayEntry) bool) {
	begin := bookmark{last: int64(p.first) - 1}
	for _, m := range p.bookmarks {
		if m.n > 0 && m.last < int64(from) {
			begin = m
		}
	}
	r := p.reader(p.bits, begin)
	for range p.n - begin.n {
		if e := r.entry(); e.Date >= from && !f(e) {
			return
		}
	}
}

func (p *packedDays) reader(b []byte, m bookmark) bitReader {
	return bitReader{b: b, at: m.at, last: m.last, days: packedDays{unit: p.unit, level: m.level}}
}

// load reads entries from src into an empty p, from the mark on, up to n of them. p keeps a copy of all but the last; those,
// at most tail, it returns. size is the number of bytes that all take. It is false where src holds no such entries.
func (p *packedDays) load(begin bookmark, n, tail int, src []byte) (rest []dayEntry, size int, ok bool) {
	r := p.reader(src, begin)
	packed := max(0, n-tail)
	if packed == 0 {
		rest = make([]dayEntry, 0, tailMost+1)
	}
	for i := begin.n; i < n; i++ {
		if i > 0 && i < packed && i%bookmarkEvery == 0 {
			p.setBookmark(bookmark{i, r.at, r.last, r.days.level})
		}
		e := r.entry()
		if r.bad || e.Kept == 0 && e.empty() || i == 0 && e.Date != p.first {
			return nil, 0, false
		}
		if i >= packed {
			rest = append(rest, e)
		} else if i == packed-1 {
			p.n, p.last, p.level, p.size = packed, e.Date, r.days.level, r.at
			rest = make([]dayEntry, 0, tailMost+1)
		}
	}
	size = (r.at + 7) / 8
	if r.at&7 != 0 && src[size-1]>>(r.at&7) != 0 {
		return nil, 0, false
	}
	if packed == 0 {
		p.first = 0
	}
	p.bits = slices.Clone(src[:(p.size+7)/8])
	if used := p.size & 7; used != 0 {
		p.bits[len(p.bits)-1] &= 1<<used - 1
	}
	return rest, size, true
}

// checksum is of the bits before a mark, which load does not read.
func checksum(b []byte, m bookmark) uint32 {
	sum := crc32.Checksum(b[:m.at/8], castagnoli)
	if used := m.at & 7; used != 0 {
		sum = crc32.Update(sum, castagnoli, []byte{b[m.at/8] & (1<<used - 1)})
	}
	return sum
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// bitReader reads what packedDays writes; days follows the writer's unit and level.
type bitReader struct {
	b    []byte
	at   int // in bits
	bad  bool
	last int64 // day of the entry before
	days packedDays
}

// peek returns at least 57 of the bits that follow, zeros after the last one.
func (r *bitReader) peek() uint64 {
	at := r.at >> 3
	if at+8 <= len(r.b) {
		return binary.LittleEndian.Uint64(r.b[at:]) >> (r.at & 7)
	}
	var v uint64
	for i := len(r.b) - 1; i >= at; i-- {
		v = v<<8 | uint64(r.b[i])
	}
	return v >> (r.at & 7)
}

func (r *bitReader) read(n int) uint64 {
	if n > 32 {
		low := r.read(32)
		return low | r.read(n-32)<<32
	}
	if r.at+n > 8*len(r.b) {
		r.bad = true
		return 0
	}
	v := r.peek() & (1<<n - 1)
	r.at += n
	return v
}

// unary counts the zeros before the next one.
func (r *bitReader) unary() int {
	for n := 0; r.at < 8*len(r.b); n += 32 {
		if zeros := bits.TrailingZeros64(r.peek()); zeros < 32 {
			r.at += zeros + 1
			return n + zeros
		}
		r.at += 32
	}
	r.bad = true
	return 0
}

func (r *bitReader) magnitude() uint64 {
	off := r.unary()
	n := r.days.expected() + (off>>1 ^ -(off & 1))
	if n < 1 || n > 64 {
		r.bad = true
		return 0
	}
	return r.read(n-1) | 1<<(n-1)
}

func (r *bitReader) signed() schemas.Quantity {
	if r.read(1) == 0 {
		return 0
	}
	negative := r.read(1) == 1
	v := r.magnitude()
	u := uint64(r.days.step())
	if v > math.MaxInt64/u && !(negative && v <= (1<<63)/u) {
		r.bad = true
		return 0
	}
	if negative {
		return schemas.Quantity(-(v * u))
	}
	return schemas.Quantity(v * u)
}

// plain reads a plain entry that lies within one word, as nearly all do; false, and nothing read, for any other.
func (r *bitReader) plain() (e dayEntry, ok bool) {
	const word = 57
	if r.at>>3+8 > len(r.b) {
		return e, false
	}
	v := r.peek()
	gap := bits.TrailingZeros64(v)
	if gap > 15 {
		return e, false
	}
	used := 2*gap + 1
	days := v>>(gap+1)&(1<<gap-1) | 1<<gap
	if v>>used&1 != 0 {
		return e, false
	}
	used++
	off := bits.TrailingZeros64(v >> used)
	digits := r.days.expected() + (off>>1 ^ -(off & 1))
	used += off + 1
	if digits < 1 || digits > 40 || used+digits-1 > word {
		return e, false
	}
	size := v>>used&(1<<(digits-1)-1) | 1<<(digits-1)
	last := r.last + int64(days)
	if last > math.MaxInt32 {
		return e, false
	}
	r.last = last
	r.at += used + digits - 1
	r.days.learn(size)
	return dayEntry{Date: schemas.Date(last), Kept: schemas.Quantity(size) * r.days.step()}, true
}

func (r *bitReader) entry() dayEntry {
	if e, ok := r.plain(); ok {
		return e
	}
	n := r.unary()
	if n > 31 {
		r.bad = true
		return dayEntry{}
	}
	r.last += int64(r.read(n) | 1<<n)
	e := dayEntry{Date: schemas.Date(r.last)}
	r.bad = r.bad || r.last > math.MaxInt32
	u := r.days.step()
	if r.read(1) == 0 {
		v := r.magnitude()
		// The division is only for the few that could overflow.
		r.bad = r.bad || v >= 1<<40 && v > uint64(math.MaxInt64/u)
		e.Kept = schemas.Quantity(v) * u
		r.days.learn(v)
		return e
	}
	e.Missing = r.read(1) == 1
	e.Censored = r.read(1) == 1
	e.Kept = r.signed()
	if e.Kept > 0 {
		r.days.learn(uint64(e.Kept / u))
	}
	e.Held = r.signed()
	e.Verdict = outlier.Review(r.read(2))
	if r.read(1) == 1 {
		e.Suspect = r.signed()
		e.Context = outlier.Context(r.read(2))
		e.Score = math.Float32frombits(uint32(r.read(32)))
		r.bad = r.bad || !e.suspicious()
	}
	if r.read(1) == 1 {
		e.Reason = heldReason(r.read(8))
		r.bad = r.bad || e.Reason == heldNone
	}
	return e
}
