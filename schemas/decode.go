package schemas

// Limits of a record.
const (
	MaxRecord = 1 << 20 // bytes of a record's value
	MaxDepth  = 32      // nesting of objects and arrays
)

// Decoder turns records into events. It is reusable and not safe for concurrent use; the zero value
// is ready for use.
type Decoder struct {
	buf []byte // text whose escapes were resolved
}

// Decode reads one record into ev, in CloudEvents 1.0 structured mode or in Kafka binary mode. What
// is no event comes back as a *[DecodeError], and ev is then of no use.
func (d *Decoder) Decode(headers []Header, value []byte, ev *Event) error {
	return &DecodeError{Reason: ReasonNotJSON}
}

// SiteOf finds the site of a record for intake.
func SiteOf(headers []Header, value []byte) (site string, ok bool) { return "", false }

// Encode turns an event into a structured-mode record: canonical compact JSON.
func Encode(ev *Event) ([]byte, error) { return nil, &DecodeError{Reason: ReasonUnknownType} }

func parseType(s string) (Type, error) {
	for t := TypeSale; t < typeCount; t++ {
		if s == t.String() {
			return t, nil
		}
	}
	return TypeUnknown, ErrUnknownType
}
