package stream

import (
	"errors"
	"iter"
	"math/bits"
	"strings"
	"time"

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
	repairSKU                   // blanks around a SKU, or lower case
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
}

// String is the slug under which the audit counts the kind.
func (k repairKind) String() string {
	if k >= repairKinds {
		return "unknown"
	}
	return repairNames[k]
}

// repairSet is the set of repairs of one event. The zero value is empty.
type repairSet uint8

// add puts k into the set; repairNone changes nothing.
func (s *repairSet) add(k repairKind) { *s |= repairSet(1<<k) &^ 1 }

// all yields the kinds in the set, in the order of their declaration.
func (s repairSet) all() iter.Seq[repairKind] {
	return func(yield func(repairKind) bool) {
		for ; s != 0; s &= s - 1 {
			if !yield(repairKind(bits.TrailingZeros8(uint8(s)))) {
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

// parseAmount reads a quantity: a JSON number, or a number as text, which is a repair. "1,234" is
// refused: it is 1234 in one country and 1.234 in another.
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
		rep = repairNumberText
	default:
		return 0, repairNone, &fault{faultBadQuantity, "quantity", shown(raw) + " is no number"}
	}
	q, parseErr := schemas.ParseQuantity(raw)
	if parseErr != nil {
		return 0, repairNone, &fault{faultBadQuantity, "quantity", shown(raw) + ": " + strings.TrimPrefix(parseErr.Error(), "schemas: ")}
	}
	return q, rep, nil
}

// parseSKU reads a SKU into its canonical form: trimmed and upper-case. A code sent as a JSON number
// is taken by its digits; its leading zeros, if it had any, were lost before it came here.
func parseSKU(f schemas.Field) (sku string, rep repairKind, err *fault) {
	switch f.Kind {
	case schemas.Absent, schemas.Null:
		return "", repairNone, &fault{faultMissingSKU, "sku", "no SKU"}
	case schemas.Text, schemas.Number:
	default:
		return "", repairNone, &fault{faultBadSKU, "sku", shown(f.Raw) + " is no text"}
	}
	if strings.TrimSpace(f.Raw) == "" {
		return "", repairNone, &fault{faultMissingSKU, "sku", "empty text"}
	}
	sku, canonicalErr := schemas.CanonicalSKU(f.Raw)
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
