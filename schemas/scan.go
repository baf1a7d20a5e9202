package schemas

import "unsafe"

// scanner reads JSON (RFC 8259) in one pass without building a tree. Text and numbers come back as
// views of the input. The first error sticks: every method then returns its zero value.
//
// It is stricter than encoding/json where two readers could understand one text differently: names
// are compared exactly, lone surrogates are errors, and its users refuse a member that they read if
// it stands twice. The caller checks beforehand that the input is valid UTF-8.
type scanner struct {
	data  []byte
	pos   int
	depth int
	buf   []byte // text whose escapes were resolved; grows only, views of it stay valid until reset
	err   *DecodeError

	site Field // the member `site` of the data

	// The member being read, for errors.
	parent, name string
}

func (s *scanner) reset(data []byte) {
	*s = scanner{data: data, buf: s.buf[:0]}
}

func (s *scanner) fail(reason, field, detail string) {
	if s.err == nil {
		s.err = &DecodeError{Reason: reason, Field: field, Detail: detail}
	}
}

func (s *scanner) syntax(detail string) {
	if s.err != nil {
		return
	}
	if s.pos >= len(s.data) {
		detail = "ends too early"
	}
	s.fail(ReasonNotJSON, "", detail+" at byte "+itoa(s.pos))
}

// wrong reports the member being read.
func (s *scanner) wrong(reason, detail string) {
	if s.err != nil {
		return
	}
	field := s.name
	if s.parent != "" {
		field = s.parent + "." + s.name
	}
	s.fail(reason, field, detail)
}

// view is b as a string without a copy.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// peek skips white space and returns the next byte, 0 at the end.
func (s *scanner) peek() byte {
	for s.pos < len(s.data) {
		c := s.data[s.pos]
		if c > ' ' {
			return c
		}
		if c != ' ' && c != '\n' && c != '\t' && c != '\r' {
			return c
		}
		s.pos++
	}
	return 0
}

// open enters an object or array whose first byte is next.
func (s *scanner) open() {
	s.pos++
	s.depth++
	if s.depth > MaxDepth {
		s.fail(ReasonTooDeep, "", "more than "+itoa(MaxDepth)+" levels at byte "+itoa(s.pos-1))
	}
}

// member moves to the value of the next member of an object and returns its name; false at the end
// of the object, which is then left.
func (s *scanner) member(first bool) (string, bool) {
	if s.err != nil {
		return "", false
	}
	c := s.peek()
	if c == '}' {
		s.pos++
		s.depth--
		return "", false
	}
	if !first {
		if c != ',' {
			s.syntax("expected , or }")
			return "", false
		}
		s.pos++
		c = s.peek()
	}
	if c != '"' {
		s.syntax("expected a member name")
		return "", false
	}
	name := s.text()
	if s.peek() != ':' {
		s.syntax("expected :")
		return "", false
	}
	s.pos++
	return name, s.err == nil
}

// element moves to the next element of an array; false at its end, which is then left.
func (s *scanner) element(first bool) bool {
	if s.err != nil {
		return false
	}
	c := s.peek()
	if c == ']' {
		s.pos++
		s.depth--
		return false
	}
	if !first {
		if c != ',' {
			s.syntax("expected , or ]")
			return false
		}
		s.pos++
		s.peek()
	}
	return true
}

// number reads -?(0|[1-9][0-9]*)(.[0-9]+)?([eE][+-]?[0-9]+)?
func (s *scanner) number() string {
	start, data, i := s.pos, s.data, s.pos
	if i < len(data) && data[i] == '-' {
		i++
	}
	first := i
	for i < len(data) && data[i]-'0' <= 9 {
		i++
	}
	ok := i > first && (data[first] != '0' || i == first+1)
	if ok && i < len(data) && data[i] == '.' {
		i++
		from := i
		for i < len(data) && data[i]-'0' <= 9 {
			i++
		}
		ok = i > from
	}
	if ok && i < len(data) && data[i]|0x20 == 'e' {
		i++
		if i < len(data) && (data[i] == '+' || data[i] == '-') {
			i++
		}
		from := i
		for i < len(data) && data[i]-'0' <= 9 {
			i++
		}
		ok = i > from
	}
	if !ok {
		s.pos = i
		s.syntax("not a number")
		return ""
	}
	s.pos = i
	return view(data[start:i])
}

func (s *scanner) word(w string) bool {
	if len(s.data)-s.pos >= len(w) && string(s.data[s.pos:s.pos+len(w)]) == w {
		s.pos += len(w)
		return true
	}
	s.syntax("not a value")
	return false
}

// field reads any value as it was sent.
func (s *scanner) field() Field {
	switch c := s.peek(); {
	case c == '"':
		return Field{Raw: s.text(), Kind: Text}
	case c == '-' || c-'0' <= 9:
		return Field{Raw: s.number(), Kind: Number}
	case c == 't' && s.word("true"):
		return Field{Raw: "true", Kind: Bool}
	case c == 'f' && s.word("false"):
		return Field{Raw: "false", Kind: Bool}
	case c == 'n' && s.word("null"):
		return Field{Kind: Null}
	case c == '{' || c == '[':
		start := s.pos
		s.skip()
		return Field{Raw: view(s.data[start:s.pos]), Kind: Other}
	}
	s.syntax("not a value")
	return Field{}
}

// skip reads any value and forgets it.
func (s *scanner) skip() {
	switch c := s.peek(); c {
	case '{':
		s.open()
		for first := true; ; first = false {
			if _, ok := s.member(first); !ok {
				return
			}
			s.skip()
		}
	case '[':
		s.open()
		for first := true; s.element(first); first = false {
			s.skip()
		}
	case '"':
		from := len(s.buf)
		s.text()
		s.buf = s.buf[:from]
	default:
		s.field()
	}
}

// end requires that nothing but white space is left.
func (s *scanner) end() {
	if s.err == nil && (s.peek() != 0 || s.pos < len(s.data)) {
		s.syntax("something after the end")
	}
}
