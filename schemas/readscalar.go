package schemas

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// MaxAmount is the largest cost, price, rate or capacity. Beyond it floats lose the sixth decimal
// and a solver its footing.
const MaxAmount = 1e12

// scalar reads a value of the kind asked for and reports any other.
func (s *scanner) scalar(kind FieldKind, what string) (string, bool) {
	f := s.field()
	if s.err != nil {
		return "", false
	}
	if f.Kind != kind {
		s.wrong(ReasonBadField, "not "+what)
		return "", false
	}
	return f.Raw, true
}

// sku reads a SKU into its canonical form.
func (s *scanner) sku() string {
	raw, ok := s.scalar(Text, "text")
	if !ok {
		return ""
	}
	sku, err := CanonicalSKU(raw)
	if err != nil {
		s.wrong(ReasonBadSKU, excerpt(raw))
		return ""
	}
	return strings.Clone(sku)
}

// label reads the name of something: 1 to 200 printable bytes, trimmed.
func (s *scanner) label() string {
	raw, ok := s.scalar(Text, "text")
	if !ok {
		return ""
	}
	v := strings.TrimSpace(raw)
	if len(v) == 0 || len(v) > 200 || strings.ContainsFunc(v, func(r rune) bool { return !unicode.IsPrint(r) }) {
		s.wrong(ReasonBadField, excerpt(raw)+" is not 1 to 200 printable bytes")
		return ""
	}
	return strings.Clone(v)
}

// remark reads text for people, at most 1,000 bytes, possibly of several lines.
func (s *scanner) remark() string {
	raw, ok := s.scalar(Text, "text")
	if !ok {
		return ""
	}
	if len(raw) > 1000 || strings.ContainsRune(raw, 0) {
		s.wrong(ReasonBadField, "longer than 1,000 bytes, or holds a NUL")
		return ""
	}
	return strings.Clone(raw)
}

// quantity reads a number of base units.
func (s *scanner) quantity(least Quantity) Quantity {
	raw, ok := s.scalar(Number, "a number")
	if !ok {
		return 0
	}
	q, err := ParseQuantity(raw)
	if err != nil {
		s.wrong(ReasonBadField, excerpt(raw)+": "+strings.TrimPrefix(err.Error(), "schemas: "))
		return 0
	}
	if q < least {
		s.wrong(ReasonBadField, raw+" is below "+least.String())
	}
	return q
}

// amount reads a finite number within [least, most].
func (s *scanner) amount(least, most float64) float64 {
	raw, ok := s.scalar(Number, "a number")
	if !ok {
		return 0
	}
	// ParseFloat errs only on a range beyond float64 here, with ±Inf as its value.
	v, _ := strconv.ParseFloat(raw, 64)
	if !(v >= least && v <= most) {
		s.wrong(ReasonBadField, excerpt(raw)+" is not within "+bound(least)+" and "+bound(most))
		return 0
	}
	return v + 0 // -0 becomes 0
}

// positive reads a finite number above 0.
func (s *scanner) positive() float64 {
	v := s.amount(0, MaxAmount)
	if v == 0 {
		s.wrong(ReasonBadField, "is not above 0")
	}
	return v
}

func bound(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

// whole reads an integer within [least, most].
func (s *scanner) whole(least, most int64) int64 {
	v := s.amount(math.Inf(-1), math.Inf(1))
	if s.err == nil && (v != math.Trunc(v) || v < float64(least) || v > float64(most)) {
		s.wrong(ReasonBadField, "is not a whole number within "+strconv.FormatInt(least, 10)+" and "+strconv.FormatInt(most, 10))
		return 0
	}
	return int64(v)
}

func (s *scanner) flag() bool {
	raw, ok := s.scalar(Bool, "true or false")
	return ok && raw == "true"
}

func (s *scanner) date() Date {
	raw, ok := s.scalar(Text, "a date")
	if !ok {
		return 0
	}
	d, good := parseDate(raw)
	if !good {
		s.wrong(ReasonBadField, excerpt(raw)+" is not a date YYYY-MM-DD of the years 1900 to 2199")
	}
	return d
}

func (s *scanner) dates() (list []Date) {
	s.list(func() { list = append(list, s.date()) })
	return list
}

func (s *scanner) asOf() AsOf {
	raw, ok := s.scalar(Text, "a date or an instant")
	if !ok {
		return AsOf{}
	}
	a, err := ParseAsOf(raw)
	if err != nil {
		s.wrong(ReasonBadField, excerpt(raw)+" is neither a date nor an instant")
	}
	return a
}

func (s *scanner) duration() Duration {
	raw, ok := s.scalar(Text, "a duration")
	if !ok {
		return 0
	}
	d, err := ParseDuration(raw)
	if err != nil {
		s.wrong(ReasonBadField, excerpt(raw)+` is not a duration such as "2s" or "PT2S"`)
	}
	return d
}

// period reads the name of a planning period.
func (s *scanner) period() string {
	raw, ok := s.scalar(Text, "a period")
	if !ok {
		return ""
	}
	if !ValidPeriod(raw) {
		s.wrong(ReasonBadField, excerpt(raw)+" is not a period such as 2026-01, 2026-W05 or 2026-01-31")
		return ""
	}
	return strings.Clone(raw)
}

// ValidPeriod says whether s names a planning period: its start date, a month 2026-01 or an ISO week 2026-W05.
func ValidPeriod(s string) bool {
	if len(s) == 10 {
		_, ok := parseDate(s)
		return ok
	}
	if len(s) == 8 && s[5] == 'W' && s[4] == '-' {
		week, ok := twoDigits(s[6], s[7])
		_, year := parseDate(s[:4] + "-01-01")
		return ok && year && week >= 1 && week <= 53
	}
	if len(s) == 7 {
		_, ok := parseDate(s + "-01")
		return ok
	}
	return false
}

// oneOf reads text that must be one of the values.
func oneOf[E ~string](s *scanner, values []E) E {
	raw, ok := s.scalar(Text, "text")
	if !ok {
		return ""
	}
	i := slices.Index(values, E(raw))
	if i < 0 {
		s.wrong(ReasonBadField, excerpt(raw)+" is none of "+join(values))
		return ""
	}
	return values[i]
}

func join[E ~string](values []E) string {
	var b strings.Builder
	for i, v := range values {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(string(v))
	}
	return b.String()
}

// excerpt quotes a value in an error: one line, at most 40 bytes of it.
func excerpt(raw string) string {
	if len(raw) > 40 {
		raw = strings.ToValidUTF8(raw[:40], "") + "…"
	}
	return strconv.Quote(raw)
}
