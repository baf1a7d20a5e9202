package schemas

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"slices"
)

// Checksummer computes the checksum of a plan: the SHA-256, in lower-case hex, over the values of
// all its lines without `revision`, in byte order of SKU, each followed by a line feed. The zero
// value is ready for use.
type Checksummer struct {
	hash    hash.Hash
	last    string
	lines   int
	scratch []byte
}

// Add adds the published bytes of the next line. SKUs must ascend in byte order.
func (c *Checksummer) Add(sku string, published []byte) error {
	if c.hash == nil {
		c.hash = sha256.New()
	}
	if c.lines > 0 && sku <= c.last {
		return fmt.Errorf("schemas: checksum: SKU %q after %q", sku, c.last)
	}
	c.lines++
	c.last = sku
	c.scratch = append(AppendStripped(c.scratch[:0], published), '\n')
	c.hash.Write(c.scratch)
	return nil
}

// Sum is the checksum of the lines so far.
func (c *Checksummer) Sum() string {
	if c.hash == nil {
		c.hash = sha256.New()
	}
	return hex.EncodeToString(c.hash.Sum(nil))
}

// Checksum is the checksum of a whole plan: published bytes by SKU.
func Checksum(lines map[string][]byte) string {
	skus := make([]string, 0, len(lines))
	for sku := range lines {
		skus = append(skus, sku)
	}
	slices.Sort(skus)
	h := sha256.New()
	var scratch []byte
	for _, sku := range skus {
		scratch = append(AppendStripped(scratch[:0], lines[sku]), '\n')
		h.Write(scratch)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// StripRevision turns the published bytes of a line into the bytes that are summed, in new memory.
func StripRevision(value []byte) []byte { return AppendStripped(nil, value) }

// AppendStripped appends value without its member `revision`, which stands third in the bytes that
// [Line.Append] makes; bytes of another shape are appended whole, and so never sum to a plan's
// checksum by accident.
func AppendStripped(dst, value []byte) []byte {
	member, _, end := revisionMember(value)
	if member == 0 {
		return append(dst, value...)
	}
	return append(append(dst, value[:member]...), value[end:]...)
}

// revisionMember finds the member `revision` where it stands third: where it starts with its comma,
// where its digits start, and where they end. member is 0 where it does not.
func revisionMember(value []byte) (member, digits, end int) {
	const name = `,"revision":`
	member = textEnd(value, `{"site":`)
	if member == 0 {
		return 0, 0, 0
	}
	sku := textEnd(value[member:], `,"sku":`)
	member += sku
	if sku == 0 || !bytes.HasPrefix(value[member:], []byte(name)) {
		return 0, 0, 0
	}
	digits = member + len(name)
	for end = digits; end < len(value) && '0' <= value[end] && value[end] <= '9'; end++ {
	}
	if end == digits {
		return 0, 0, 0
	}
	return member, digits, end
}

// textEnd is the index after the JSON string that follows prefix, 0 where there is none.
func textEnd(b []byte, prefix string) int {
	if !bytes.HasPrefix(b, []byte(prefix)) || len(b) <= len(prefix) || b[len(prefix)] != '"' {
		return 0
	}
	for i := len(prefix) + 1; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return 0
}
