package stream

import (
	"drumbeat/schemas"
	"drumbeat/stream/internal/codec"
)

// lineEntry is what a correction of a document line has to know of it.
type lineEntry struct {
	SKU      uint32 // index within the site, below 1<<24
	Day      schemas.Date
	Quantity schemas.Quantity // what still stands of it; negative: a return
	Version  uint16
	Reversed bool // taken back, in part or whole: only a higher version replaces it
	Held     bool // its quantity was held when it came
}

// lineIndex finds the lines of a site's documents, as their newest version has left them. A line
// takes 24 bytes and its slot in the table, about 30 together; a correction appends the line again.
// The zero value is empty.
type lineIndex struct {
	set pageSet[line]
}

// line is an entry as it is stored: 24 bytes.
type line struct {
	key uint64
	// From the lowest bit: SKU 24 bits, day 22 bits (two's complement), reversed, held, version 16 bits.
	packed   uint64
	quantity schemas.Quantity
}

const lineSize = 24

func (l line) slot() uint64     { return l.key }
func (l line) same(o line) bool { return l.key == o.key }

func (l line) appendTo(dst []byte) []byte {
	dst = codec.AppendUint64(dst, l.key)
	dst = codec.AppendUint64(dst, l.packed)
	return codec.AppendUint64(dst, uint64(l.quantity))
}

// lineKey is the key of a document's line. It is never 0.
func lineKey(document, line string) uint64 { return key64(document, line) }

// get returns the line as it was put last.
func (x *lineIndex) get(key uint64) (lineEntry, bool) {
	l, ok := x.set.find(line{key: key})
	if !ok {
		return lineEntry{}, false
	}
	return lineEntry{
		SKU:      uint32(l.packed & (1<<24 - 1)),
		Day:      schemas.Date(int32(l.packed>>24<<10) >> 10),
		Quantity: l.quantity,
		Version:  uint16(l.packed >> 48),
		Reversed: l.packed>>46&1 == 1,
		Held:     l.packed>>47&1 == 1,
	}, true
}

// put stores a line, in the place of what was stored under its key.
func (x *lineIndex) put(key uint64, e lineEntry) {
	packed := uint64(e.SKU)&(1<<24-1) | uint64(e.Day)&(1<<22-1)<<24 | flag(e.Reversed)<<46 | flag(e.Held)<<47 | uint64(e.Version)<<48
	x.set.add(line{key, packed, e.Quantity}, e.Day)
}

// expire forgets the oldest pages, as long as all their lines are of days before a day.
func (x *lineIndex) expire(before schemas.Date) {
	for p := x.set.oldest(); p != nil && p.newest < before; p = x.set.oldest() {
		x.set.drop()
	}
}

// dirtyPages returns the pages that have changed since the last call and what has been dropped since.
func (x *lineIndex) dirtyPages(site string) ([]Page, []DropPages) {
	return x.set.dirty(site, LinePage)
}

// restore adds a saved page; pages come in the order of their numbers.
func (x *lineIndex) restore(p Page) error {
	return x.set.restore(p, lineSize, func(r *codec.Reader) line {
		return line{r.Uint64(), r.Uint64(), schemas.Quantity(r.Uint64())}
	})
}
