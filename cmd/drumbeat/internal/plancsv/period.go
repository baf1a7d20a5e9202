package plancsv

import (
	"errors"
	"fmt"
	"sort"
	"strconv"
	"time"
)

// granularity is the length of a period.
type granularity int

const (
	months granularity = iota + 1 // 2026-01
	weeks                         // 2026-W05, ISO 8601
	dates                         // 2026-01-31: the day a period starts on
)

// maxPeriods is the longest horizon: a typing error in a year must not fill the memory.
const maxPeriods = 2000

// parsePeriod reads a period and the day it starts on.
func parsePeriod(s string) (start time.Time, g granularity, err error) {
	if d, err := time.Parse("2006-01-02", s); err == nil {
		return d, dates, nil
	}
	if d, err := time.Parse("2006-01", s); err == nil {
		return d, months, nil
	}
	if len(s) == 8 && (s[4:6] == "-W" || s[4:6] == "-w") {
		year, err1 := strconv.ParseUint(s[:4], 10, 16)
		week, err2 := strconv.ParseUint(s[6:], 10, 8)
		if err1 == nil && err2 == nil {
			start := weekStart(int(year), int(week))
			if y, w := start.ISOWeek(); y == int(year) && w == int(week) {
				return start, weeks, nil
			}
		}
	}
	return time.Time{}, 0, fmt.Errorf("%q is no period (2026-01, 2026-W05 or 2026-01-31)", excerpt(s))
}

// weekStart is the Monday of an ISO week: week 1 is the one with January 4.
func weekStart(year, week int) time.Time {
	fourth := time.Date(year, 1, 4, 0, 0, 0, 0, time.UTC)
	monday := fourth.AddDate(0, 0, -(int(fourth.Weekday())+6)%7)
	return monday.AddDate(0, 0, 7*(week-1))
}

// calendar is the horizon: periods in calendar order, without gaps for months and weeks.
type calendar struct {
	of    granularity
	names []string
	start []time.Time
	index map[time.Time]int
}

// newCalendar makes the horizon that spans the given starts.
func newCalendar(of granularity, seen map[time.Time]bool) (*calendar, error) {
	c := &calendar{of: of, index: map[time.Time]int{}}
	for d := range seen {
		c.start = append(c.start, d)
	}
	sort.Slice(c.start, func(i, j int) bool { return c.start[i].Before(c.start[j]) })
	if of != dates {
		last := c.start[len(c.start)-1]
		c.start = c.start[:1]
		for d := c.next(c.start[0]); !d.After(last) && len(c.start) <= maxPeriods; d = c.next(d) {
			c.start = append(c.start, d)
		}
	}
	if len(c.start) > maxPeriods {
		return nil, fmt.Errorf("the periods from %s on are more than %d", c.name(c.start[0]), maxPeriods)
	}
	for i, d := range c.start {
		c.index[d] = i
		c.names = append(c.names, c.name(d))
	}
	return c, nil
}

func (c *calendar) next(d time.Time) time.Time {
	if c.of == months {
		return d.AddDate(0, 1, 0)
	}
	return d.AddDate(0, 0, 7)
}

func (c *calendar) name(d time.Time) string {
	switch c.of {
	case months:
		return d.Format("2006-01")
	case weeks:
		y, w := d.ISOWeek()
		return fmt.Sprintf("%04d-W%02d", y, w)
	}
	return d.Format("2006-01-02")
}

// at finds the period that a date, or a period's name, falls into: −1 before the horizon, T after it.
func (c *calendar) at(s string) (int, error) {
	d, _, err := parsePeriod(s)
	if err != nil {
		return 0, fmt.Errorf("%q is no date", excerpt(s))
	}
	i := sort.Search(len(c.start), func(i int) bool { return c.start[i].After(d) }) - 1
	last := len(c.start) - 1
	if i == last && c.of != dates && !d.Before(c.next(c.start[last])) {
		i++
	}
	return i, nil
}

// days is the length of a period, for rates given per day, week or month.
func (c *calendar) days() (float64, error) {
	switch c.of {
	case months:
		return 365.25 / 12, nil
	case weeks:
		return 7, nil
	}
	step := 0.0
	for i := 1; i < len(c.start); i++ {
		d := c.start[i].Sub(c.start[i-1]).Hours() / 24
		if step != 0 && d != step {
			return 0, errors.New("periods of unequal length have no rate per day, week or month")
		}
		step = d
	}
	if step == 0 {
		return 0, errors.New("a single date says nothing about the length of a period")
	}
	return step, nil
}
