package stream

import (
	"errors"
	"iter"
	"math/bits"
	"strings"
	"time"
	"unicode"

	"drumbeat/schemas"
)

// repairKind says how a field was put right. Only what has one certain meaning is repaired.
type repairKind uint8

// The kinds of repairs; repairNone is the zero value.
const (
	repairNone       repairKind = iota
	repairDateTime              // an instant where a date was due
	repairDMY                   // DD/MM/YYYY
	repairDots                  // YYYY.MM.DD
	repairCompact               // YYYYMMDD
	repairNumberText            // a number as text
	repairSKU                   // blanks or marks without width around a SKU, or lower case
	repairSlashes               // YYYY/MM/DD
	repairText                  // a month's name, with a year of four digits
	repairKinds                 // how many there are
)

var repairNames = [repairKinds]string{
	repairNone:       "none",
	repairDateTime:   "iso-date-time",
	repairDMY:        "dd-mm-yyyy",
	repairDots:       "yyyy.mm.dd",
	repairCompact:    "yyyymmdd",
	repairNumberText: "number-as-text",
	repairSKU:        "sku-form",
	repairSlashes:    "yyyy/mm/dd",
	repairText:       "text-date",
}

// String is the slug under which the audit counts the kind.
func (k repairKind) String() string {
	if k >= repairKinds {
		return "unknown"
	}
	return repairNames[k]
}

// repairSet is the set of repairs of one event. The zero value is empty.
type repairSet uint16

// add puts k into the set; repairNone changes nothing.
func (s *repairSet) add(k repairKind) { *s |= repairSet(1<<k) &^ 1 }

// all yields the kinds in the set, in the order of their declaration.
func (s repairSet) all() iter.Seq[repairKind] {
	return func(yield func(repairKind) bool) {
		for ; s != 0; s &= s - 1 {
			if !yield(repairKind(bits.TrailingZeros16(uint16(s)))) {
				return
			}
		}
	}
}

// fault says why a field makes its event a dead letter.
type fault struct {
	Reason string // one of the fault reasons below
	Field  string // sku, quantity, date, time
	Detail string // for people
}

// The reasons of faults.
const (
	faultMissingQuantity = "missing-quantity"
	faultBadQuantity     = "bad-quantity"
	faultMissingDate     = "missing-date"
	faultBadDate         = "bad-date"
	faultUncertainDate   = "uncertain-date"
	faultMissingSKU      = "missing-sku"
	faultBadSKU          = "bad-sku"
)

func (f *fault) Error() string {
	return "stream: " + f.Reason + ": " + f.Field + ": " + f.Detail
}

// shown is raw text cut for a message.
func shown(s string) string {
	const most = 40
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return `"` + s + `"`
}

// parseAmount reads a quantity: a JSON number, or a number as text, which is a repair. The sign of a text
// may stand behind it ("100-", as SAP writes) or be a minus sign of typography. "1,234" is refused: it is
// 1234 in one country and 1.234 in another; so is "1 234", which may be two fields run into one.
func parseAmount(f schemas.Field) (q schemas.Quantity, rep repairKind, err *fault) {
	raw := f.Raw
	switch f.Kind {
	case schemas.Absent, schemas.Null:
		return 0, repairNone, &fault{faultMissingQuantity, "quantity", "no quantity"}
	case schemas.Number:
	case schemas.Text:
		raw = strings.TrimSpace(raw)
		if raw == "" {
			return 0, repairNone, &fault{faultMissingQuantity, "quantity", "empty text"}
		}
		raw, rep = leadingSign(raw), repairNumberText
	default:
		return 0, repairNone, &fault{faultBadQuantity, "quantity", shown(raw) + " is no number"}
	}
	q, parseErr := schemas.ParseQuantity(raw)
	if parseErr != nil {
		return 0, repairNone, &fault{faultBadQuantity, "quantity", shown(raw) + ": " + strings.TrimPrefix(parseErr.Error(), "schemas: ")}
	}
	return q, rep, nil
}

// minus is U+2212, which word processors and spreadsheets write for a hyphen before a number.
const minus = "\u2212"

// leadingSign puts the minus sign of a number in front of it as a hyphen. A text with two signs stays as it is.
func leadingSign(s string) string {
	if rest, ok := strings.CutPrefix(s, minus); ok {
		s = "-" + rest
	} else if rest, ok := strings.CutSuffix(s, minus); ok {
		s = rest + "-"
	}
	if rest, ok := strings.CutSuffix(s, "-"); ok && rest != "" && strings.Trim(rest, ".0123456789") == "" {
		return "-" + rest
	}
	return s
}

// trimSKU removes blanks of every width, and the marks without any that copying leaves at the ends of a text:
// byte order mark, zero-width space, word joiner.
func trimSKU(s string) string {
	return strings.TrimFunc(s, func(r rune) bool {
		return unicode.IsSpace(r) || r == '\ufeff' || r == '\u200b' || r == '\u2060'
	})
}

// parseSKU reads a SKU into its canonical form: trimmed and upper-case. Full-width letters and digits stay:
// whether they name the same product is not certain. A code sent as a JSON number
// is taken by its digits; its leading zeros, if it had any, were lost before it came here.
func parseSKU(f schemas.Field) (sku string, rep repairKind, err *fault) {
	switch f.Kind {
	case schemas.Absent, schemas.Null:
		return "", repairNone, &fault{faultMissingSKU, "sku", "no SKU"}
	case schemas.Text, schemas.Number:
	default:
		return "", repairNone, &fault{faultBadSKU, "sku", shown(f.Raw) + " is no text"}
	}
	trimmed := trimSKU(f.Raw)
	if trimmed == "" {
		return "", repairNone, &fault{faultMissingSKU, "sku", "empty text"}
	}
	sku, canonicalErr := schemas.CanonicalSKU(trimmed)
	if canonicalErr != nil {
		return "", repairNone, &fault{faultBadSKU, "sku", shown(f.Raw) + ": " + strings.TrimPrefix(canonicalErr.Error(), "schemas: ")}
	}
	if sku != f.Raw {
		rep = repairSKU
	}
	return sku, rep, nil
}

// parseWhen reads the day of a sale, and its instant where it has one, from the fields date and
// time; time wins where both are present. dmy says that the feed declares DD/MM/YYYY.
func parseWhen(date, clock schemas.Field, dmy bool, loc *time.Location) (d schemas.Date, at time.Time, hasTime bool, rep repairKind, err *fault) {
	f, name := clock, "time"
	if blank(f) {
		f, name = date, "date"
	}
	if blank(f) {
		return 0, time.Time{}, false, repairNone, &fault{faultMissingDate, "date", "neither date nor time"}
	}
	if f.Kind != schemas.Text && f.Kind != schemas.Number {
		return 0, time.Time{}, false, repairNone, &fault{faultBadDate, name, shown(f.Raw) + " is no date"}
	}
	d, at, hasTime, rep, parseErr := parseDay(f.Raw, dmy, loc)
	if parseErr != nil {
		why := &fault{Reason: faultBadDate, Detail: parseErr.Error()}
		errors.As(parseErr, &why)
		return 0, time.Time{}, false, repairNone, &fault{why.Reason, name, why.Detail}
	}
	if rep == repairDateTime && name == "time" {
		rep = repairNone
	}
	return d, at, hasTime, rep, nil
}

// blank says that a field carries nothing.
func blank(f schemas.Field) bool {
	return !f.Present() || f.Kind == schemas.Text && strings.TrimSpace(f.Raw) == ""
}
