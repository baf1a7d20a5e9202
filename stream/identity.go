package stream

import (
	"crypto/sha256"
	"encoding/binary"

	"drumbeat/schemas"
	"drumbeat/stream/internal/codec"
)

// The window within which an event that is sent again is recognised: the last identityWindow events
// of the site, less those of more than identityDays days ago. Whole pages are forgotten, so up to one
// page more may be remembered.
const (
	identityWindow = 1_000_000
	identityDays   = 7
)

// identities are the CloudEvents source + id of the events that a site has seen. A million of them
// take about 25 MB. The zero value is empty.
type identities struct {
	set pageSet[identity]
}

// identity is the first half of a SHA-256: that two of a million differing events share one has a
// chance of 1e-27, and no producer can bring it about on purpose.
type identity [16]byte

func (i identity) slot() uint64               { return binary.LittleEndian.Uint64(i[:]) }
func (i identity) same(o identity) bool       { return i == o }
func (i identity) appendTo(dst []byte) []byte { return append(dst, i[:]...) }

// digest hashes texts so that ("ab", "c") and ("a", "bc") differ.
func digest(texts ...string) [sha256.Size]byte {
	var scratch [256]byte
	b := scratch[:0]
	for _, s := range texts {
		b = codec.AppendText(b, s)
	}
	return sha256.Sum256(b)
}

// key64 is a hash of texts that is never 0, which stands for none.
func key64(texts ...string) uint64 {
	sum := digest(texts...)
	return max(binary.LittleEndian.Uint64(sum[:]), 1)
}

// key32 is a hash of a customer or a document that is never 0, which stands for none (FNV-1a). It tells
// those apart that meet within the days of one SKU's window; nobody gains by a collision.
func key32(text string) uint32 {
	h := uint64(14695981039346656037)
	for i := 0; i < len(text); i++ {
		h = (h ^ uint64(text[i])) * 1099511628211
	}
	return max(uint32(h^h>>32), 1)
}

// key is a hash of the identity that is never 0.
func (i identity) key() uint64 { return max(i.slot(), 1) }

// identityOf is the identity of an event.
func identityOf(source, id string) identity {
	sum := digest(source, id)
	return identity(sum[:16])
}

// has says that an event has been remembered within the window. day is the day on which it arrives by
// the site's clock.
func (s *identities) has(e identity, day schemas.Date) bool {
	for p := s.set.oldest(); p != nil; p = s.set.oldest() {
		if p.newest >= day-identityDays && s.set.len()-pageSize < identityWindow {
			break
		}
		s.set.drop()
	}
	_, ok := s.set.find(e)
	return ok
}

// remember adds an event that has was asked about.
func (s *identities) remember(e identity, day schemas.Date) { s.set.add(e, day) }

// dirtyPages returns the pages that have changed since the last call and what has been dropped since.
func (s *identities) dirtyPages(site string) ([]Page, []DropPages) {
	return s.set.dirty(site, IdentityPage)
}

// restore adds a saved page; pages come in the order of their numbers.
func (s *identities) restore(p Page) error {
	return s.set.restore(p, len(identity{}), func(r *codec.Reader) identity {
		return identity(r.Take(len(identity{})))
	})
}
