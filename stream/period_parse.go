package stream

import (
	"strconv"
	"time"

	"drumbeat/schemas"
)

// parse finds the period that a text names: by its name, or by a day in it.
func (c calendar) parse(text string) (period, bool) {
	if d, err := schemas.ParseDate(text); err == nil {
		return c.at(d), true
	}
	if d, err := schemas.ParseDate(text + "-01"); err == nil && c.Period == string(schemas.PeriodMonth) {
		return c.at(d), true
	}
	if len(text) == len("2026-W05") && text[4:6] == "-W" {
		year, err1 := strconv.Atoi(text[:4])
		week, err2 := strconv.Atoi(text[6:])
		fourth, ok := schemas.NewDate(year, time.January, 4)
		if err1 != nil || err2 != nil || !ok || week < 1 || week > 53 {
			return period{}, false
		}
		// The fourth of January is always in week 1.
		p := c.at(fourth.StartOfWeek(time.Monday).AddDays(7 * (week - 1)))
		return p, p.Name == text
	}
	return period{}, false
}
