package schemas

import (
	"errors"
	"fmt"
	"time"
)

// Date is a calendar day as days since 1970-01-01. It has no time zone: the site's zone decides
// which day an instant belongs to.
type Date int32

// The days a message may name.
const (
	MinDate Date = -25567 // 1900-01-01
	MaxDate Date = 84005  // 2199-12-31
)

// ErrDate says that text is no day between 1900-01-01 and 2199-12-31 in the form YYYY-MM-DD.
var ErrDate = errors.New("schemas: not a date YYYY-MM-DD of the years 1900 to 2199")

// ParseDate reads YYYY-MM-DD and nothing else. The day must exist in the Gregorian calendar.
func ParseDate(s string) (Date, error) {
	d, ok := parseDate(s)
	if !ok {
		return 0, ErrDate
	}
	return d, nil
}

func parseDate[T string | []byte](s T) (Date, bool) {
	if len(s) != 10 || s[4] != '-' || s[7] != '-' {
		return 0, false
	}
	y1, ok1 := twoDigits(s[0], s[1])
	y2, ok2 := twoDigits(s[2], s[3])
	m, ok3 := twoDigits(s[5], s[6])
	d, ok4 := twoDigits(s[8], s[9])
	if !ok1 || !ok2 || !ok3 || !ok4 {
		return 0, false
	}
	return NewDate(y1*100+y2, time.Month(m), d)
}

func twoDigits(a, b byte) (int, bool) {
	a, b = a-'0', b-'0'
	return int(a)*10 + int(b), a <= 9 && b <= 9
}

// NewDate is the day of a year, month and day of month; false where there is no such day or the
// year is not within 1900 and 2199.
func NewDate(year int, month time.Month, day int) (Date, bool) {
	if year < 1900 || year > 2199 || month < 1 || month > 12 || day < 1 || day > DaysIn(year, month) {
		return 0, false
	}
	return civilDays(year, int(month), day), true
}

// DaysIn is the number of days of a month.
func DaysIn(year int, month time.Month) int {
	if month == time.February {
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 30 + int(month+month>>3)&1
}

// civilDays counts days since 1970-01-01 in the proleptic Gregorian calendar with years that start
// in March, so that the leap day is the last of its year (H. Hinnant, "chrono-Compatible Low-Level
// Date Algorithms", days_from_civil).
func civilDays(y, m, d int) Date {
	if m <= 2 {
		y--
		m += 12
	}
	era := y / 400
	if y < 0 {
		era = (y - 399) / 400
	}
	yearOfEra := y - era*400
	dayOfYear := (153*(m-3)+2)/5 + d - 1
	return Date(era*146097 + yearOfEra*365 + yearOfEra/4 - yearOfEra/100 + dayOfYear - 719468)
}

// DateOf is the day of t in t's own location.
func DateOf(t time.Time) Date {
	y, m, d := t.Date()
	return civilDays(y, int(m), d)
}

// Civil is the year, month and day of month.
func (d Date) Civil() (year int, month time.Month, day int) {
	z := int(d) + 719468
	era := z / 146097
	if z < 0 {
		era = (z - 146096) / 146097
	}
	doe := z - era*146097
	yoe := (doe - doe/1460 + doe/36524 - doe/146096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153
	day = doy - (153*mp+2)/5 + 1
	m := mp + 3
	year = yoe + era*400
	if m > 12 {
		m -= 12
		year++
	}
	return year, time.Month(m), day
}

// Weekday is the day of the week; 1970-01-01 was a Thursday.
func (d Date) Weekday() time.Weekday {
	w := (int(d) + 4) % 7
	if w < 0 {
		w += 7
	}
	return time.Weekday(w)
}

// AddDays is the day n days later.
func (d Date) AddDays(n int) Date { return d + Date(n) }

// AddMonths is the same day of month n months later, or that month's last day where it is shorter.
func (d Date) AddMonths(n int) Date {
	y, m, day := d.Civil()
	months := y*12 + int(m) - 1 + n
	y = months / 12
	month := months % 12
	if month < 0 {
		month += 12
		y--
	}
	m = time.Month(month + 1)
	return civilDays(y, int(m), min(day, DaysIn(y, m)))
}

// StartOfMonth is the first day of d's month.
func (d Date) StartOfMonth() Date {
	_, _, day := d.Civil()
	return d - Date(day-1)
}

// StartOfWeek is the latest day not after d that falls on first.
func (d Date) StartOfWeek(first time.Weekday) Date {
	return d - Date((int(d.Weekday())-int(first)+7)%7)
}

// Time is the first instant of d in loc (UTC where loc is nil): midnight, or where clocks skip midnight the
// moment after. Of a day that a zone has left out (Apia, 2011-12-30) it is the start of the day after it.
func (d Date) Time(loc *time.Location) time.Time {
	if loc == nil {
		loc = time.UTC
	}
	y, m, day := d.Civil()
	t := time.Date(y, m, day, 0, 0, 0, 0, loc)
	if loc == time.UTC {
		return t
	}
	// Of a clock reading that was skipped or that occurs twice, package time does not say which offset it takes.
	from, to := t.ZoneBounds()
	if DateOf(t) < d {
		return to
	}
	if !from.IsZero() && t.Sub(from) < 24*time.Hour {
		before := from.Add(-time.Nanosecond)
		if DateOf(before) >= d {
			_, early := before.Zone()
			_, late := t.Zone()
			return t.Add(time.Duration(late-early) * time.Second)
		}
		if hour, minute, second := t.Clock(); hour|minute|second != 0 {
			return from
		}
	}
	return t
}

// AppendTo appends d as YYYY-MM-DD.
func (d Date) AppendTo(dst []byte) []byte {
	y, m, day := d.Civil()
	if y < 0 || y > 9999 {
		return fmt.Appendf(dst, "%05d-%02d-%02d", y, int(m), day)
	}
	return append(dst, byte('0'+y/1000), byte('0'+y/100%10), byte('0'+y/10%10), byte('0'+y%10),
		'-', byte('0'+int(m)/10), byte('0'+int(m)%10), '-', byte('0'+day/10), byte('0'+day%10))
}

// String is d as YYYY-MM-DD.
func (d Date) String() string { return string(d.AppendTo(nil)) }

// MarshalJSON writes d as JSON text.
func (d Date) MarshalJSON() ([]byte, error) {
	return append(d.AppendTo([]byte{'"'}), '"'), nil
}

// UnmarshalJSON reads JSON text YYYY-MM-DD; null leaves d as it is.
func (d *Date) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		return nil
	}
	if len(data) != 12 || data[0] != '"' || data[11] != '"' {
		return ErrDate
	}
	v, ok := parseDate(data[1:11])
	if !ok {
		return ErrDate
	}
	*d = v
	return nil
}
