package schemas

import (
	"errors"
	"strings"
)

// The two errors a caller must tell apart from a bad record. Both are matched by errors.Is on a
// [DecodeError] with the reason of the same name.
var (
	ErrUnknownType  = errors.New("schemas: unknown event type")
	ErrNewerVersion = errors.New("schemas: event type has a newer version than this release knows")
)

// The reasons of a [DecodeError]: stable slugs that stand in the header `reason` of dead letters.
const (
	ReasonNotJSON         = "not-json"         // truncated, not JSON, invalid UTF-8, NaN or Infinity as a number
	ReasonTooLarge        = "too-large"        // the record is larger than MaxRecord
	ReasonTooDeep         = "too-deep"         // nested deeper than MaxDepth
	ReasonNotCloudEvent   = "not-cloudevent"   // JSON, but no CloudEvents 1.0
	ReasonMissingField    = "missing-field"    // an attribute or field that the type requires
	ReasonBadField        = "bad-field"        // a value that the field cannot have
	ReasonDuplicateMember = "duplicate-member" // a member that we read stands twice
	ReasonBadSKU          = "bad-sku"
	ReasonBadSite         = "bad-site"
	ReasonUnknownType     = "unknown-type"
	ReasonNewerVersion    = "newer-version"
)

// DecodeError says why a record is no event.
type DecodeError struct {
	Reason string // one of the Reason constants
	Field  string // the attribute or the path of the field, "data.on_hand"; may be empty
	Detail string // for people, one line
}

func (e *DecodeError) Error() string {
	var b strings.Builder
	b.WriteString("schemas: ")
	b.WriteString(e.Reason)
	if e.Field != "" {
		b.WriteString(": ")
		b.WriteString(e.Field)
	}
	if e.Detail != "" {
		b.WriteString(": ")
		b.WriteString(e.Detail)
	}
	return b.String()
}

// Is matches [ErrUnknownType] and [ErrNewerVersion].
func (e *DecodeError) Is(target error) bool {
	return target == ErrUnknownType && e.Reason == ReasonUnknownType ||
		target == ErrNewerVersion && e.Reason == ReasonNewerVersion
}
