package stream

import (
	"encoding/binary"
	"fmt"

	"drumbeat/schemas"
	"drumbeat/stream/internal/codec"
)

// pageSize is the number of entries of a full page.
const pageSize = 4096

// pageEntry is what a pageSet holds: a value of fixed size with a key inside.
type pageEntry[E any] interface {
	slot() uint64  // a hash of the key
	same(e E) bool // the keys are equal
	appendTo(dst []byte) []byte
}

// pageSet is a log of entries, cut into pages that are written once (the newest one again until it is
// full), with a hash table over it that finds the newest entry of a key. It forgets whole pages from
// the oldest on. The table holds four bytes a slot, the entry's place in the log.
//
// What it answers depends only on the pages it holds, so a set that was restored from its pages goes
// on exactly as the one that wrote them. The zero value is empty.
type pageSet[E pageEntry[E]] struct {
	ring  []page[E] // page n stands at n mod len(ring), a power of two
	first int64     // number of the oldest page
	next  int64     // number after the newest page

	slots []uint32 // open addressing, linear probing: 0 empty, else the place in the ring + 1
	used  int      // slots that are not empty

	unsaved int64 // pages from this number on have changed since the last dirty
	dropped int64 // pages before this number are gone from the store too
}

// page is a run of entries; newest is the latest day of any of them.
type page[E any] struct {
	entries []E
	newest  schemas.Date
}

func (s *pageSet[E]) page(number int64) *page[E] { return &s.ring[number&int64(len(s.ring)-1)] }

func (s *pageSet[E]) at(place uint32) *E {
	return &s.ring[place/pageSize].entries[place%pageSize]
}

// len is the number of entries in the pages, superseded ones too.
func (s *pageSet[E]) len() int {
	if s.next == s.first {
		return 0
	}
	return int(s.next-s.first-1)*pageSize + len(s.page(s.next-1).entries)
}

// find returns the newest entry with the key of e.
func (s *pageSet[E]) find(e E) (*E, bool) {
	if s.used == 0 {
		return nil, false
	}
	i := s.probe(e)
	if s.slots[i] == 0 {
		return nil, false
	}
	return s.at(s.slots[i] - 1), true
}

// probe is the slot that holds the key of e, or the empty one where it belongs.
func (s *pageSet[E]) probe(e E) uint64 {
	mask := uint64(len(s.slots) - 1)
	i := e.slot() & mask
	for s.slots[i] != 0 && !(*s.at(s.slots[i] - 1)).same(e) {
		i = (i + 1) & mask
	}
	return i
}

// add appends e, which supersedes an earlier entry of its key.
func (s *pageSet[E]) add(e E, day schemas.Date) {
	if s.next == s.first || len(s.page(s.next-1).entries) == pageSize {
		s.open()
	}
	p := s.page(s.next - 1)
	if len(p.entries) == 0 || day > p.newest {
		p.newest = day
	}
	p.entries = append(p.entries, e)
	s.unsaved = min(s.unsaved, s.next-1)
	s.index(e, len(p.entries)-1)
}

// open starts a page.
func (s *pageSet[E]) open() {
	if int(s.next-s.first) == len(s.ring) {
		ring := make([]page[E], max(1, 2*len(s.ring)))
		for n := s.first; n < s.next; n++ {
			ring[n&int64(len(ring)-1)] = *s.page(n)
		}
		s.ring = ring
		s.rebuild(len(s.slots))
	}
	s.next++
}

// index points the key of e at its entry i of the newest page.
func (s *pageSet[E]) index(e E, i int) {
	if 4*(s.used+1) > 3*len(s.slots) {
		s.rebuild(max(16, 2*len(s.slots)))
		return // e stands in its page already
	}
	slot := s.probe(e)
	if s.slots[slot] == 0 {
		s.used++
	}
	s.slots[slot] = s.place(s.next-1, i)
}

func (s *pageSet[E]) place(number int64, i int) uint32 {
	return uint32(number&int64(len(s.ring)-1))*pageSize + uint32(i) + 1
}

// rebuild makes the table anew from the pages.
func (s *pageSet[E]) rebuild(slots int) {
	s.slots = make([]uint32, slots)
	s.used = 0
	for n := s.first; n < s.next; n++ {
		for i, e := range s.page(n).entries {
			slot := s.probe(e)
			if s.slots[slot] == 0 {
				s.used++
			}
			s.slots[slot] = s.place(n, i)
		}
	}
}

// oldest is the oldest page, nil where there is none but the newest: that one is still written to.
func (s *pageSet[E]) oldest() *page[E] {
	if s.next-s.first < 2 {
		return nil
	}
	return s.page(s.first)
}

// drop forgets the oldest page.
func (s *pageSet[E]) drop() {
	p := s.page(s.first)
	for i, e := range p.entries {
		if slot := s.probe(e); s.slots[slot] == s.place(s.first, i) {
			s.free(slot)
		}
	}
	*p = page[E]{}
	s.first++
}

// free empties a slot and moves the entries behind it that would no longer be found (D. Knuth, The
// Art of Computer Programming 3, algorithm 6.4 R).
func (s *pageSet[E]) free(hole uint64) {
	mask := uint64(len(s.slots) - 1)
	for i := (hole + 1) & mask; s.slots[i] != 0; i = (i + 1) & mask {
		home := (*s.at(s.slots[i] - 1)).slot() & mask
		if (i-home)&mask >= (i-hole)&mask {
			s.slots[hole] = s.slots[i]
			hole = i
		}
	}
	s.slots[hole] = 0
	s.used--
}

// dirty returns the pages that have changed since the last call and what has been dropped since.
func (s *pageSet[E]) dirty(site string, kind PageKind) (pages []Page, drops []DropPages) {
	for n := max(s.unsaved, s.first); n < s.next; n++ {
		p := s.page(n)
		pages = append(pages, Page{Site: site, Kind: kind, Number: n, Data: s.encode(p)})
	}
	if s.first > s.dropped {
		drops = []DropPages{{Site: site, Kind: kind, Before: s.first}}
	}
	s.unsaved, s.dropped = s.next, s.first
	return pages, drops
}

const pageVersion = 1

func (s *pageSet[E]) encode(p *page[E]) []byte {
	var scratch [64]byte
	size := len(p.entries[0].appendTo(scratch[:0]))
	data := make([]byte, 0, 1+2*binary.MaxVarintLen64+size*len(p.entries))
	data = append(data, pageVersion)
	data = codec.AppendVarint(data, int64(p.newest))
	data = codec.AppendUvarint(data, uint64(len(p.entries)))
	for _, e := range p.entries {
		data = e.appendTo(data)
	}
	return data
}

// restore adds a saved page. Pages come in the order of their numbers without a gap, and only the
// last may be short; read takes one entry of size bytes.
func (s *pageSet[E]) restore(p Page, size int, read func(r *codec.Reader) E) error {
	r := codec.Reader{Rest: p.Data}
	if v := r.Byte(); r.Err == nil && v != pageVersion {
		return fmt.Errorf("stream: site %s: page %d of kind %d: version %d is not known", p.Site, p.Number, p.Kind, v)
	}
	newest := r.Int32()
	n := r.Count(size)
	if r.Err != nil || n == 0 || n > pageSize || len(r.Rest) != n*size || p.Number < 0 {
		return fmt.Errorf("stream: site %s: page %d of kind %d: %w", p.Site, p.Number, p.Kind, codec.ErrDamaged)
	}
	if s.next == s.first {
		s.first, s.next, s.dropped = p.Number, p.Number, p.Number
	} else if p.Number != s.next || len(s.page(s.next-1).entries) < pageSize {
		return fmt.Errorf("stream: site %s: page %d of kind %d does not continue page %d", p.Site, p.Number, p.Kind, s.next-1)
	}
	for range n {
		s.add(read(&r), schemas.Date(newest))
	}
	s.unsaved = s.next
	return nil
}
