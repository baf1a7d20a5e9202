package forecast

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Freq is the calendar of a series: it maps dates to buckets, numbered without gaps.
type Freq struct {
	name    string
	unit    freqUnit
	weekday time.Weekday // on which weeks end
}

type freqUnit uint8

const (
	byIndex freqUnit = iota
	byDay
	byWeek
	byMonth
)

// ParseFreq reads D (days), W or W-SUN … W-SAT (weeks that end on that day, W on Sunday), MS (months, dated by their
// first day) or 1 (an integer time index).
func ParseFreq(s string) (Freq, error) {
	switch s {
	case "1":
		return Freq{name: s, unit: byIndex}, nil
	case "D":
		return Freq{name: s, unit: byDay}, nil
	case "MS":
		return Freq{name: s, unit: byMonth}, nil
	case "W":
		return Freq{name: s, unit: byWeek, weekday: time.Sunday}, nil
	}
	if day, ok := strings.CutPrefix(s, "W-"); ok {
		for d := time.Sunday; d <= time.Saturday; d++ {
			if day == strings.ToUpper(d.String()[:3]) {
				return Freq{name: s, unit: byWeek, weekday: d}, nil
			}
		}
	}
	return Freq{}, fmt.Errorf("forecast: frequency %q is none of D, W, W-MON … W-SUN, MS, 1", s)
}

// Season is the usual number of buckets of a season: 7, 52, 12, or 1 (none) for an integer index.
func (f Freq) Season() int {
	switch f.unit {
	case byDay:
		return 7
	case byWeek:
		return 52
	case byMonth:
		return 12
	}
	return 1
}

// Dated says whether buckets have dates.
func (f Freq) Dated() bool { return f.unit != byIndex }

// Index is the bucket that is labelled s: the day, the last day of the week, the first of the month, the number.
func (f Freq) Index(s string) (int, error) {
	i, err := f.Containing(s)
	if err != nil {
		return 0, err
	}
	if f.Dated() && f.Label(i) != dateOnly(s) {
		return 0, fmt.Errorf("%q does not begin or end a bucket of frequency %s (%s does)", s, f.name, f.Label(i))
	}
	return i, nil
}

// Containing is the bucket in which the date s falls.
func (f Freq) Containing(s string) (int, error) {
	if !f.Dated() {
		i, err := strconv.Atoi(s)
		if err != nil || i > maxIndex || i < -maxIndex {
			return 0, fmt.Errorf("%q is not a whole number", s)
		}
		return i, nil
	}
	t, err := time.Parse(time.DateOnly, dateOnly(s))
	if err != nil {
		return 0, fmt.Errorf("%q is not a date (YYYY-MM-DD)", s)
	}
	return f.bucket(t), nil
}

const maxIndex = 1 << 40

// dateOnly cuts a midnight off, which some programs write behind a date.
func dateOnly(s string) string {
	for _, midnight := range []string{" 00:00:00", "T00:00:00", "T00:00:00Z"} {
		if d, ok := strings.CutSuffix(s, midnight); ok {
			return d
		}
	}
	return s
}

const secondsPerDay = 24 * 60 * 60

// bucket is the number of the bucket of a day given as midnight UTC.
func (f Freq) bucket(t time.Time) int {
	switch f.unit {
	case byMonth:
		return t.Year()*12 + int(t.Month()) - 1
	case byWeek:
		ahead := (int(f.weekday) - int(t.Weekday()) + 7) % 7
		return floorDiv(int(t.Unix()/secondsPerDay)+ahead-f.weekOrigin(), 7)
	default:
		return floorDiv(int(t.Unix()), secondsPerDay)
	}
}

// weekOrigin is the first day from 1970-01-01 on which a week ends; that day was a Thursday.
func (f Freq) weekOrigin() int { return (int(f.weekday) - int(time.Thursday) + 7) % 7 }

func floorDiv(a, b int) int {
	q := a / b
	if a%b != 0 && (a < 0) != (b < 0) {
		q--
	}
	return q
}

// Label is the date, or the number, of bucket i.
func (f Freq) Label(i int) string {
	switch f.unit {
	case byMonth:
		return fmt.Sprintf("%04d-%02d-01", floorDiv(i, 12), i-12*floorDiv(i, 12)+1)
	case byWeek:
		return time.Unix(int64(i*7+f.weekOrigin())*secondsPerDay, 0).UTC().Format(time.DateOnly)
	case byDay:
		return time.Unix(int64(i)*secondsPerDay, 0).UTC().Format(time.DateOnly)
	}
	return strconv.Itoa(i)
}
