package repair

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"drumbeat/schemas"
)

// Reading is a day that a text may mean. A person, or a rule that has more to go by than the text, chooses;
// the service itself repairs only what has one certain meaning.
type Reading struct {
	Date schemas.Date
	Text string    // in ISO 8601, with the time of day where the text has one
	Form DateForm  // what the text is read as
	Sort FieldSort // the order of day, month and year in it, where the form has one
}

// DateForm names a way of writing a day, for people.
type DateForm string

// textForm is a day with its month by name.
const textForm DateForm = "text"

// FieldSort is the order in which a feed writes day, month and year.
type FieldSort string

// The orders of fields; a form without an order has the empty one.
const (
	DayFirst   FieldSort = "day before month"
	MonthFirst FieldSort = "month before day"
	YearFirst  FieldSort = "year first"
)

// Readings lists the days of the years 1900 to 2199 that a text may mean, each once, most usual form first:
//
//	31/12/23 31-12-2023 31.12.2023     any order of day and month; of two digits a year, which may stand first
//	31122023                           eight digits that are no YYYYMMDD
//	Dec 31st 23, 31 December 2023      English month names
//	45291, 45291.5                     days of a spreadsheet, since 1899-12-30
//	1703980800, 1703980800000          seconds and milliseconds since 1970, UTC
//
// Years of two digits are of this century. A time of day after the date is kept.
func Readings(text string) []Reading {
	text = strings.TrimSpace(text)
	if len(text) > 64 {
		return nil
	}
	day, clock := cutClock(text)
	readings := &readingList{clock: clock}
	if a, b, c, ok := cutAny(day); ok {
		readings.fields(a, b, c)
	} else if words := words(day); len(words) == 3 {
		readings.words(words)
	} else if clock == "" {
		readings.number(text)
	}
	return readings.list
}

// cutClock cuts a time of day from the end of a text: "31/12/2023 10:15", "31/12/2023T10:15:00".
func cutClock(text string) (day, clock string) {
	i := strings.LastIndexAny(text, " T")
	if i < 0 {
		return text, ""
	}
	if _, err := schemas.ParseInstant("2024-01-01T" + text[i+1:]); err != nil {
		return text, ""
	}
	return strings.TrimSpace(text[:i]), text[i+1:]
}

// cutAny splits three runs of digits at two separators of one kind.
func cutAny(s string) (a, b, c string, ok bool) {
	for _, separator := range "/-." {
		if a, b, c, ok = cutDate(s, byte(separator)); ok {
			return a, b, c, true
		}
	}
	return "", "", "", false
}

type readingList struct {
	list  []Reading
	clock string
}

// add takes a day that exists and is not there yet.
func (l *readingList) add(form DateForm, sort FieldSort, year, month, day int) {
	d, ok := schemas.NewDate(year, time.Month(month), day)
	if !ok || slices.ContainsFunc(l.list, func(r Reading) bool { return r.Date == d }) {
		return
	}
	text := d.String()
	if l.clock != "" {
		text += "T" + l.clock
	}
	l.list = append(l.list, Reading{Date: d, Text: text, Form: form, Sort: sort})
}

// fields reads three runs of digits.
func (l *readingList) fields(a, b, c string) {
	x, y, z := number(a), number(b), number(c)
	switch {
	case len(a) <= 2 && len(b) <= 2 && len(c) == 4:
		l.add("DD/MM/YYYY", DayFirst, z, y, x)
		l.add("MM/DD/YYYY", MonthFirst, z, x, y)
	case len(a) == 4 && len(b) <= 2 && len(c) <= 2:
		l.add("YYYY/MM/DD", YearFirst, x, y, z)
	case len(a) <= 2 && len(b) <= 2 && len(c) == 2:
		l.add("DD/MM/YY", DayFirst, 2000+z, y, x)
		l.add("MM/DD/YY", MonthFirst, 2000+z, x, y)
		if len(a) == 2 {
			l.add("YY/MM/DD", YearFirst, 2000+x, y, z)
		}
	}
}

// words reads a month's name with day and year around it.
func (l *readingList) words(words []string) {
	at := slices.IndexFunc(words, func(w string) bool { return monthNamed(w) > 0 })
	if at < 0 {
		return
	}
	month := monthNamed(words[at])
	rest := slices.Delete(slices.Clone(words), at, at+1)
	l.named(month, rest[0], rest[1])
	l.named(month, rest[1], rest[0])
}

// named adds the reading of a day and a year beside a month's name.
func (l *readingList) named(month int, day, year string) {
	d, y := ordinal(day), number(year)
	switch {
	case d < 1 || y < 0: // 31st is no year
		return
	case len(year) == 2:
		l.add(textForm, "", 2000+y, month, d)
	case len(year) == 4:
		l.add(textForm, "", y, month, d)
	}
}

// number reads a run of digits.
func (l *readingList) number(text string) {
	whole, fraction, dotted := strings.Cut(text, ".")
	n, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || n < 0 || whole[0] == '+' || dotted && number(fraction) < 0 {
		return
	}
	switch {
	case len(whole) == 8 && !dotted:
		l.add("DDMMYYYY", DayFirst, number(text[4:]), number(text[2:4]), number(text[:2]))
		l.add("MMDDYYYY", MonthFirst, number(text[4:]), number(text[:2]), number(text[2:4]))
	case len(whole) == 5:
		year, month, day := time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC).AddDate(0, 0, int(n)).Date()
		l.add("day number of a spreadsheet", "", year, int(month), day)
	case len(whole) == 9 || len(whole) == 10:
		l.instant("seconds since 1970", time.Unix(n, 0))
	case (len(whole) == 12 || len(whole) == 13) && !dotted:
		l.instant("milliseconds since 1970", time.UnixMilli(n))
	}
}

func (l *readingList) instant(form DateForm, at time.Time) {
	at = at.UTC()
	before := len(l.list)
	l.add(form, "", at.Year(), int(at.Month()), at.Day())
	if len(l.list) > before {
		l.list[before].Text = at.Format(time.RFC3339)
	}
}

// words splits at blanks, commas, hyphens and dots.
func words(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == ',' || r == '-' || r == '.' || r == '/' })
}

// ordinal is the number of 31, 31st, 2nd, 3rd or 4th; -1 for anything else.
func ordinal(s string) int {
	for _, suffix := range [...]string{"st", "nd", "rd", "th"} {
		if rest, ok := strings.CutSuffix(strings.ToLower(s), suffix); ok {
			s = rest
			break
		}
	}
	if len(s) > 2 {
		return -1
	}
	return number(s)
}

// monthNamed is the month of an English name or its first three letters or more; 0 for anything else.
func monthNamed(s string) int {
	if len(s) < 3 {
		return 0
	}
	for m := time.January; m <= time.December; m++ {
		if name := m.String(); len(s) <= len(name) && strings.EqualFold(s, name[:len(s)]) {
			return int(m)
		}
	}
	return 0
}
