package schemas

import (
	"encoding/json"
	"errors"
	"time"
)

// Instant is a point in time as a message wrote it. Without a zone (Zoned false) it is site time:
// Time then holds the clock that was read, in UTC, and [Instant.In] applies the site's zone.
type Instant struct {
	Time  time.Time
	Zoned bool
}

// ErrInstant says that text is no instant.
var ErrInstant = errors.New("schemas: not an instant YYYY-MM-DDThh:mm:ss with an optional zone")

// In is the instant in the site's zone. Of a clock reading that occurs twice (summer time ends) it
// is the earlier one; a reading that is skipped (summer time begins) moves on by what was skipped.
func (i Instant) In(loc *time.Location) time.Time {
	if i.Zoned {
		return i.Time.In(loc)
	}
	clock := i.Time.UTC()
	// Zones agree with the offset of either the day before or the day after, but for the transition.
	_, before := clock.AddDate(0, 0, -1).In(loc).Zone()
	_, after := clock.AddDate(0, 0, 1).In(loc).Zone()
	early := clock.Add(-time.Duration(before) * time.Second).In(loc)
	if _, offset := early.Zone(); offset == before || before == after {
		return early
	}
	late := clock.Add(-time.Duration(after) * time.Second).In(loc)
	if _, offset := late.Zone(); offset == after {
		return late
	}
	return early
}

// ParseInstant reads RFC 3339 (years 1900 to 2199); a space may stand for the T, seconds may be
// missing, and a missing zone makes the instant site time. Instants with a zone come back in UTC.
func ParseInstant(s string) (Instant, error) {
	i, ok := parseInstant(s)
	if !ok {
		return Instant{}, ErrInstant
	}
	return i, nil
}

func parseInstant[T string | []byte](s T) (Instant, bool) {
	if len(s) < 16 || (s[10] != 'T' && s[10] != 't' && s[10] != ' ') || s[13] != ':' {
		return Instant{}, false
	}
	day, ok := parseDate(s[:10])
	hour, ok1 := twoDigits(s[11], s[12])
	minute, ok2 := twoDigits(s[14], s[15])
	if !ok || !ok1 || !ok2 || hour > 23 || minute > 59 {
		return Instant{}, false
	}
	second, nanos, i := 0, 0, 16
	if i < len(s) && s[i] == ':' {
		if len(s) < 19 {
			return Instant{}, false
		}
		second, ok = twoDigits(s[17], s[18])
		if !ok || second > 59 {
			return Instant{}, false
		}
		i = 19
		if i < len(s) && s[i] == '.' {
			scale := 100_000_000
			i++
			start := i
			for ; i < len(s) && '0' <= s[i] && s[i] <= '9'; i++ {
				nanos += int(s[i]-'0') * scale
				scale /= 10
			}
			if i == start {
				return Instant{}, false
			}
		}
	}
	offset, zoned := 0, true
	switch rest := s[i:]; {
	case len(rest) == 0:
		zoned = false
	case len(rest) == 1 && (rest[0] == 'Z' || rest[0] == 'z'):
	case len(rest) == 6 && (rest[0] == '+' || rest[0] == '-') && rest[3] == ':':
		h, ok1 := twoDigits(rest[1], rest[2])
		m, ok2 := twoDigits(rest[4], rest[5])
		if !ok1 || !ok2 || h > 23 || m > 59 {
			return Instant{}, false
		}
		offset = h*3600 + m*60
		if rest[0] == '-' {
			offset = -offset
		}
	default:
		return Instant{}, false
	}
	seconds := int64(day)*86400 + int64(hour*3600+minute*60+second-offset)
	return Instant{Time: time.Unix(seconds, int64(nanos)).UTC(), Zoned: zoned}, true
}

// AppendTo appends the instant in RFC 3339, without a zone where it had none.
func (i Instant) AppendTo(dst []byte) []byte {
	if i.Zoned {
		return i.Time.UTC().AppendFormat(dst, time.RFC3339Nano)
	}
	return i.Time.AppendFormat(dst, "2006-01-02T15:04:05.999999999")
}

// String is the instant in RFC 3339.
func (i Instant) String() string { return string(i.AppendTo(nil)) }

// AsOf is the moment of a stock count: a whole day, or an instant.
type AsOf struct {
	Date    Date      // the day as it was written, in the instant's own zone
	Time    time.Time // set where HasTime
	HasTime bool
	Zoned   bool // false: Time is site time, as in [Instant]
}

// ParseAsOf reads a date or an instant.
func ParseAsOf(s string) (AsOf, error) {
	if d, ok := parseDate(s); ok {
		return AsOf{Date: d}, nil
	}
	i, ok := parseInstant(s)
	if !ok {
		return AsOf{}, ErrInstant
	}
	d, _ := parseDate(s[:10])
	return AsOf{Date: d, Time: i.Time, HasTime: true, Zoned: i.Zoned}, nil
}

// Instant is the instant of a; it has no meaning without HasTime.
func (a AsOf) Instant() Instant { return Instant{Time: a.Time, Zoned: a.Zoned} }

// String is the date or the instant.
func (a AsOf) String() string {
	if !a.HasTime {
		return a.Date.String()
	}
	return a.Instant().String()
}

// MarshalJSON writes the date or the instant as JSON text.
func (a AsOf) MarshalJSON() ([]byte, error) { return json.Marshal(a.String()) }

// UnmarshalJSON reads a date or an instant.
func (a *AsOf) UnmarshalJSON(data []byte) error {
	var s string
	if err := json.Unmarshal(data, &s); err != nil {
		return err
	}
	v, err := ParseAsOf(s)
	if err != nil {
		return err
	}
	*a = v
	return nil
}
