package schemas

import (
	"slices"
	"strconv"
)

func itoa(n int) string { return strconv.Itoa(n) }

// members reads an object. read takes the value of a member it knows and returns true; the others
// are skipped. null counts as absent. A member that is known and stands twice is an error, so is
// one of required that is missing.
func (s *scanner) members(required []string, read func(name string) bool) {
	parent, name := s.parent, s.name
	if s.peek() != '{' {
		if s.skip(); s.err == nil {
			s.wrong(ReasonBadField, "not an object")
		}
		return
	}
	if parent != "" {
		s.parent = parent + "." + name
	} else {
		s.parent = name
	}
	var seen []string
	s.open()
	for first := true; ; first = false {
		member, ok := s.member(first)
		if !ok {
			break
		}
		s.name = member
		if s.peek() == 'n' {
			s.skip()
			continue
		}
		if parent == "" && member == "site" {
			s.once(&s.site, member)
			continue
		}
		if !read(member) {
			s.skip()
			continue
		}
		if slices.Contains(seen, member) {
			s.wrong(ReasonDuplicateMember, "stands twice")
		}
		seen = append(seen, member)
	}
	for _, r := range required {
		if !slices.Contains(seen, r) {
			s.missing(r)
		}
	}
	s.parent, s.name = parent, name
}

// missing reports a member of the object being read that is not there.
func (s *scanner) missing(name string) {
	s.name = name
	s.wrong(ReasonMissingField, "is required")
}

// list reads an array.
func (s *scanner) list(element func()) {
	if s.peek() != '[' {
		if s.skip(); s.err == nil {
			s.wrong(ReasonBadField, "not a list")
		}
		return
	}
	s.open()
	for first := true; s.element(first); first = false {
		element()
	}
}

// bad reports a member of the object that was read last.
func (s *scanner) bad(name, detail string) {
	s.fail(ReasonBadField, s.path(name), detail)
}

// absent reports a member that the object which was read last must have.
func (s *scanner) absent(name string) {
	s.fail(ReasonMissingField, s.path(name), "is required")
}

func (s *scanner) path(name string) string {
	if s.parent != "" {
		return s.parent + "." + s.name + "." + name
	}
	return s.name + "." + name
}

func pointer[T any](v T) *T { return &v }
