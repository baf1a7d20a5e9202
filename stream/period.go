package stream

import (
	"fmt"
	"slices"
	"time"

	"drumbeat/schemas"
)

// period is one planning period: the days from Start up to but without End.
type period struct {
	Start, End schemas.Date
	Name       string // 2026-01 a month, 2026-W05 an ISO week, else the start date
}

// calendar cuts time into planning periods that neither overlap nor leave a gap.
type calendar struct {
	Period   string // day, week, month, custom
	WeekEnds time.Weekday
	Starts   []schemas.Date // of custom periods, ascending; Settings.Validate asks for two
}

// same says that both cut time in the same way.
func (c *calendar) same(o *calendar) bool {
	return c.Period == o.Period && c.WeekEnds == o.WeekEnds && slices.Equal(c.Starts, o.Starts)
}

// defaultSpan is the length in days of custom periods whose starts do not tell it.
const defaultSpan = 7

// at is the period that contains d.
func (c calendar) at(d schemas.Date) period {
	switch c.Period {
	case string(schemas.PeriodDay):
		return period{d, d + 1, d.String()}
	case string(schemas.PeriodMonth):
		start := d.StartOfMonth()
		return period{start, start.AddMonths(1), start.String()[:len("2006-01")]}
	case string(schemas.PeriodCustom):
		if len(c.Starts) > 0 {
			return c.custom(d)
		}
	}
	start := d.StartOfWeek((c.WeekEnds + 1) % 7)
	return period{start, start + 7, weekName(start)}
}

// custom finds d's period among the declared starts. The first length repeats before the first start
// and the last one from the last start on, so that the calendar never ends.
func (c calendar) custom(d schemas.Date) period {
	n := len(c.Starts)
	i, found := slices.BinarySearch(c.Starts, d)
	if !found {
		i--
	}
	if i >= 0 && i < n-1 {
		return period{c.Starts[i], c.Starts[i+1], c.Starts[i].String()}
	}
	anchor, span := c.Starts[0], schemas.Date(defaultSpan)
	if n > 1 {
		span = c.Starts[1] - c.Starts[0]
	}
	if i >= 0 {
		anchor = c.Starts[n-1]
		if n > 1 {
			span = c.Starts[n-1] - c.Starts[n-2]
		}
	}
	span = max(span, 1)
	into := (d - anchor) % span
	if into < 0 {
		into += span
	}
	start := d - into
	return period{start, start + span, start.String()}
}

// next is the period after p.
func (c calendar) next(p period) period { return c.at(p.End) }

// from returns n periods, the first of which contains d.
func (c calendar) from(d schemas.Date, n int) []period {
	periods := make([]period, 0, max(n, 0))
	for len(periods) < n {
		p := c.at(d)
		periods = append(periods, p)
		d = p.End
	}
	return periods
}

// weekName is the ISO 8601 name of a week that starts on a Monday; other weeks are named by their
// first day, since no standard numbers them.
func weekName(start schemas.Date) string {
	if start.Weekday() != time.Monday {
		return start.String()
	}
	// An ISO week belongs to the year of its Thursday.
	thursday := start + 3
	year, _, _ := thursday.Civil()
	first, _ := schemas.NewDate(year, time.January, 1)
	return fmt.Sprintf("%04d-W%02d", year, int(thursday-first)/7+1)
}
