package schemas

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

// plainBytes counts the bytes at the start of b that stand for themselves inside a JSON string: all
// but controls, the quote and the backslash. It looks at eight bytes at once: in x = v - 1 in every
// byte, the top bit of a byte that was 0 is set and was not before; a borrow can only reach bytes
// above the first such one, so the lowest bit set is right ("Bit Twiddling Hacks", S. E. Anderson,
// "Determine if a word has a zero byte" and "… a byte less than n").
func plainBytes(b []byte) int {
	const (
		ones = 0x0101010101010101
		tops = 0x8080808080808080
	)
	i := 0
	for ; i+8 <= len(b); i += 8 {
		w := binary.LittleEndian.Uint64(b[i:])
		quote, slash := w^ones*'"', w^ones*'\\'
		special := ((quote-ones)&^quote | (slash-ones)&^slash | (w-ones*' ')&^w) & tops
		if special != 0 {
			return i + bits.TrailingZeros64(special)/8
		}
	}
	for ; i < len(b); i++ {
		if c := b[i]; c < ' ' || c == '"' || c == '\\' {
			break
		}
	}
	return i
}

// text reads the string that starts at the current byte, a quote.
func (s *scanner) text() string {
	start := s.pos + 1
	i := start + plainBytes(s.data[start:])
	if i < len(s.data) && s.data[i] == '"' {
		s.pos = i + 1
		return view(s.data[start:i])
	}
	s.pos = i
	return s.escapedText(start)
}

// escapedText goes on where text met a backslash (or an error): it resolves escapes into the buffer.
func (s *scanner) escapedText(start int) string {
	from := len(s.buf)
	s.buf = append(s.buf, s.data[start:s.pos]...)
	for s.pos < len(s.data) {
		c := s.data[s.pos]
		switch {
		case c == '"':
			s.pos++
			return view(s.buf[from:])
		case c == '\\':
			s.pos++
			if !s.escape() {
				return ""
			}
		case c < ' ':
			s.syntax("control character in text")
			return ""
		default:
			s.buf = append(s.buf, c)
			s.pos++
		}
	}
	s.syntax("")
	return ""
}

// escape resolves one escape, the current byte being the one after the backslash.
func (s *scanner) escape() bool {
	if s.pos >= len(s.data) {
		s.syntax("")
		return false
	}
	c := s.data[s.pos]
	s.pos++
	switch c {
	case '"', '\\', '/':
		s.buf = append(s.buf, c)
	case 'b':
		s.buf = append(s.buf, '\b')
	case 'f':
		s.buf = append(s.buf, '\f')
	case 'n':
		s.buf = append(s.buf, '\n')
	case 'r':
		s.buf = append(s.buf, '\r')
	case 't':
		s.buf = append(s.buf, '\t')
	case 'u':
		r, ok := s.hex4()
		if ok && r >= 0xd800 && r < 0xe000 {
			// A surrogate has a meaning only as the first of a pair.
			ok = r < 0xdc00 && s.pos+1 < len(s.data) && s.data[s.pos] == '\\' && s.data[s.pos+1] == 'u'
			if ok {
				s.pos += 2
				var low rune
				low, ok = s.hex4()
				ok = ok && low >= 0xdc00 && low < 0xe000
				r = (r-0xd800)<<10 | (low - 0xdc00) + 0x10000
			}
		}
		if !ok {
			s.syntax("bad \\u escape")
			return false
		}
		s.buf = utf8.AppendRune(s.buf, r)
	default:
		s.pos--
		s.syntax("unknown escape")
		return false
	}
	return true
}

func (s *scanner) hex4() (rune, bool) {
	if s.pos+4 > len(s.data) {
		s.pos = len(s.data)
		return 0, false
	}
	var r rune
	for _, c := range s.data[s.pos : s.pos+4] {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	s.pos += 4
	return r, true
}
