// Package repair says what the fields of a sale mean, as ERP systems write them. A field with one certain meaning is read
// and what was put right is named, a [Kind]; any other is a [Fault]. [Readings] lists what an uncertain date may mean,
// for people.
package repair

import (
	"iter"
	"math/bits"
	"strings"
	"time"
	"unicode"

	"drumbeat/schemas"
)

// Kind says how a field was put right. Only what has one certain meaning is repaired.
type Kind uint8

// The kinds of repairs; None is the zero value.
const (
	None       Kind = iota
	DateTime        // an instant where a date was due
	DMY             // DD/MM/YYYY
	Dots            // YYYY.MM.DD
	Compact         // YYYYMMDD
	NumberText      // a number as text
	SKUForm         // blanks or marks without width around a SKU, or lower case
	Slashes         // YYYY/MM/DD
	MonthName       // a month's name, with a year of four digits
	kinds           // how many there are
)

var names = [kinds]string{
	None:       "none",
	DateTime:   "iso-date-time",
	DMY:        "dd-mm-yyyy",
	Dots:       "yyyy.mm.dd",
	Compact:    "yyyymmdd",
	NumberText: "number-as-text",
	SKUForm:    "sku-form",
	Slashes:    "yyyy/mm/dd",
	MonthName:  "text-date",
}

// String is the slug under which the audit counts the kind.
func (k Kind) String() string {
	if k >= kinds {
		return "unknown"
	}
	return names[k]
}

// Set is the set of repairs of one event. The zero value is empty.
type Set uint16

// Add puts k into the set; None changes nothing.
func (s *Set) Add(k Kind) { *s |= Set(1<<k) &^ 1 }

// All yields the kinds in the set, in the order of their declaration.
func (s Set) All() iter.Seq[Kind] {
	return func(yield func(Kind) bool) {
		for ; s != 0; s &= s - 1 {
			if !yield(Kind(bits.TrailingZeros16(uint16(s)))) {
				return
			}
		}
	}
}

// Kinds is the set of all kinds.
func Kinds() Set { return 1<<kinds - 2 }

// Fault says why a field has no certain meaning, which makes its event a dead letter.
type Fault struct {
	Reason string // one of the reasons below
	Field  string // sku, quantity, date, time
	Detail string // for people
}

// The reasons of faults.
const (
	MissingQuantity = "missing-quantity"
	BadQuantity     = "bad-quantity"
	MissingDate     = "missing-date"
	BadDate         = "bad-date"
	UncertainDate   = "uncertain-date"
	MissingSKU      = "missing-sku"
	BadSKU          = "bad-sku"
)

// Shown is raw text as the details of faults show it: in quotes, and cut.
func Shown(s string) string {
	const most = 40
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return `"` + s + `"`
}

// Amount reads a quantity: a JSON number, or a number as text, which is a repair. The sign of a text
// may stand behind it ("100-", as SAP writes) or be a minus sign of typography. "1,234" is refused: it is
// 1234 in one country and 1.234 in another; so is "1 234", which may be two fields run into one.
func Amount(f schemas.Field) (q schemas.Quantity, rep Kind, err *Fault) {
	raw := f.Raw
	switch f.Kind {
	case schemas.Absent, schemas.Null:
		return 0, None, &Fault{MissingQuantity, "quantity", "no quantity"}
	case schemas.Number:
	case schemas.Text:
		raw = strings.TrimSpace(raw)
		if raw == "" {
			return 0, None, &Fault{MissingQuantity, "quantity", "empty text"}
		}
		raw, rep = leadingSign(raw), NumberText
	default:
		return 0, None, &Fault{BadQuantity, "quantity", Shown(raw) + " is no number"}
	}
	q, parseErr := schemas.ParseQuantity(raw)
	if parseErr != nil {
		return 0, None, &Fault{BadQuantity, "quantity", Shown(raw) + ": " + strings.TrimPrefix(parseErr.Error(), "schemas: ")}
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

// SKU reads a SKU into its canonical form: trimmed and upper-case. Full-width letters and digits stay:
// whether they name the same product is not certain. A code sent as a JSON number
// is taken by its digits; its leading zeros, if it had any, were lost before it came here.
func SKU(f schemas.Field) (sku string, rep Kind, err *Fault) {
	switch f.Kind {
	case schemas.Absent, schemas.Null:
		return "", None, &Fault{MissingSKU, "sku", "no SKU"}
	case schemas.Text, schemas.Number:
	default:
		return "", None, &Fault{BadSKU, "sku", Shown(f.Raw) + " is no text"}
	}
	trimmed := trimSKU(f.Raw)
	if trimmed == "" {
		return "", None, &Fault{MissingSKU, "sku", "empty text"}
	}
	sku, canonicalErr := schemas.CanonicalSKU(trimmed)
	if canonicalErr != nil {
		return "", None, &Fault{BadSKU, "sku", Shown(f.Raw) + ": " + strings.TrimPrefix(canonicalErr.Error(), "schemas: ")}
	}
	if sku != f.Raw {
		rep = SKUForm
	}
	return sku, rep, nil
}

// When reads the day of a sale, and its instant where it has one, from the fields date and
// time; time wins where both are present. dmy says that the feed declares DD/MM/YYYY.
func When(date, clock schemas.Field, dmy bool, loc *time.Location) (d schemas.Date, at time.Time, hasTime bool, rep Kind, err *Fault) {
	f, name := clock, "time"
	if blank(f) {
		f, name = date, "date"
	}
	if blank(f) {
		return 0, time.Time{}, false, None, &Fault{MissingDate, "date", "neither date nor time"}
	}
	if f.Kind != schemas.Text && f.Kind != schemas.Number {
		return 0, time.Time{}, false, None, &Fault{BadDate, name, Shown(f.Raw) + " is no date"}
	}
	d, at, hasTime, rep, err = Day(f.Raw, dmy, loc)
	if err != nil {
		return 0, time.Time{}, false, None, &Fault{err.Reason, name, err.Detail}
	}
	if rep == DateTime && name == "time" {
		rep = None
	}
	return d, at, hasTime, rep, nil
}

// blank says that a field carries nothing.
func blank(f schemas.Field) bool {
	return !f.Present() || f.Kind == schemas.Text && strings.TrimSpace(f.Raw) == ""
}
