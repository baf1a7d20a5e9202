package repair

import (
	"strings"
	"time"

	"drumbeat/schemas"
)

// Day reads the day of a sale as ERP systems write it, in the site's zone loc (not nil); at is
// the instant where hasTime. dmy says that the feed declares DD/MM/YYYY.
//
//	2024-01-31                              None
//	2024-01-31T10:15:00Z, 2024-01-31 10:15  DateTime; without a zone it is site time
//	31/01/2024                              DMY; with a day up to 12 only where dmy
//	2024.01.31                              Dots
//	2024/01/31                              Slashes
//	20240131                                Compact
//	31-Jan-2024, Jan 31st 2024              MonthName; English names, and no year of two digits
//
// Everything else is a fault: bad-date where no reading is a day of the years 1900 to 2199,
// uncertain-date where there is more than one reading or a reading that is only likely. Month before
// day (12/31/2023) is uncertain even where only one reading exists: it proves that the feed writes US
// order, in which its other days up to 12 would be read wrongly if any of them were accepted.
func Day(s string, dmy bool, loc *time.Location) (d schemas.Date, at time.Time, hasTime bool, rep Kind, fault *Fault) {
	s = strings.TrimSpace(s)
	if d, err := schemas.ParseDate(s); err == nil {
		return d, time.Time{}, false, None, nil
	}
	if i, err := schemas.ParseInstant(s); err == nil {
		at = i.In(loc)
		if d = schemas.DateOf(at); d < schemas.MinDate || d > schemas.MaxDate {
			return 0, time.Time{}, false, None, dateFault(BadDate, s, "outside the years 1900 to 2199")
		}
		return d, at, true, DateTime, nil
	}
	d, rep, fault = otherDate(s, dmy)
	return d, time.Time{}, false, rep, fault
}

// otherDate reads the forms that are no ISO 8601.
func otherDate(s string, dmy bool) (schemas.Date, Kind, *Fault) {
	var digits, other bool
	for i := 0; i < len(s); i++ {
		if '0' <= s[i] && s[i] <= '9' {
			digits = true
		} else {
			other = true
		}
	}
	switch {
	case s == "":
		return 0, None, &Fault{MissingDate, "date", "empty text"}
	case !digits:
		return 0, None, dateFault(BadDate, s, "no date")
	case len(s) == 8 && !other:
		return civil(s, s[:4], s[4:6], s[6:], Compact)
	}
	if y, m, d, ok := cutDate(s, '.'); ok && len(y) == 4 && len(m) == 2 && len(d) == 2 {
		return civil(s, y, m, d, Dots)
	}
	if y, m, d, ok := cutDate(s, '/'); ok && len(y) == 4 && len(m) == 2 && len(d) == 2 {
		return civil(s, y, m, d, Slashes)
	}
	if d, m, y, ok := cutDate(s, '/'); ok && len(d) <= 2 && len(m) <= 2 && len(y) == 4 {
		day, month := number(d), number(m)
		switch {
		case dmy || day > 12: // where the month is above 12 too there is no such day
			return civil(s, y, m, d, DMY)
		case month > 12:
			return 0, None, dateFault(UncertainDate, s, "month before day is not expected of this feed")
		}
		return 0, None, dateFault(UncertainDate, s, "day and month cannot be told apart; declare the feed dmy if it is")
	}
	if len(s) >= 10 && s[4] == '-' && s[7] == '-' && number(s[:4]) >= 0 && number(s[5:7]) >= 0 && number(s[8:10]) >= 0 {
		return 0, None, dateFault(BadDate, s, "no such day or time of day in the years 1900 to 2199")
	}
	if d, ok := fullText(s); ok {
		return d, MonthName, nil
	}
	return 0, None, dateFault(UncertainDate, s, "this form has no certain reading")
}

// fullText reads a day that names its month and begins or ends with a year of four digits, and has nothing else.
func fullText(s string) (schemas.Date, bool) {
	list := Readings(s)
	if len(list) != 1 || list[0].Form != textForm || list[0].Text != list[0].Date.String() {
		return 0, false
	}
	year := func(w string) bool { return len(w) == 4 && number(w) >= 0 }
	w := words(s)
	return list[0].Date, year(w[0]) || year(w[len(w)-1])
}

// civil is the day of three runs of digits.
func civil(s, year, month, day string, rep Kind) (schemas.Date, Kind, *Fault) {
	d, ok := schemas.NewDate(number(year), time.Month(number(month)), number(day))
	if !ok {
		return 0, None, dateFault(BadDate, s, "no such day in the years 1900 to 2199")
	}
	return d, rep, nil
}

// cutDate splits three runs of digits at two separators.
func cutDate(s string, separator byte) (a, b, c string, ok bool) {
	i := strings.IndexByte(s, separator)
	j := strings.LastIndexByte(s, separator)
	if i < 1 || j <= i+1 || j == len(s)-1 {
		return "", "", "", false
	}
	a, b, c = s[:i], s[i+1:j], s[j+1:]
	return a, b, c, number(a) >= 0 && number(b) >= 0 && number(c) >= 0
}

// number is the value of a run of at most nine digits, -1 for anything else.
func number(s string) int {
	if len(s) == 0 || len(s) > 9 {
		return -1
	}
	n := 0
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return -1
		}
		n = n*10 + int(s[i]-'0')
	}
	return n
}

func dateFault(reason, s, detail string) *Fault {
	return &Fault{Reason: reason, Field: "date", Detail: Shown(s) + ": " + detail}
}
