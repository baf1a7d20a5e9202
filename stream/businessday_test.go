package stream

import (
	"fmt"
	"testing"
	"time"

	"drumbeat/schemas"

	"pgregory.net/rapid"
)

// zones are sites east and west, with summer times of an hour and of half an hour, that begin at midnight (São
// Paulo until 2019, Havana), and with a day that never was.
var zones = []string{
	"UTC", "Europe/Berlin", "America/Sao_Paulo", "America/Havana", "Asia/Kolkata", "Pacific/Apia",
	"Australia/Lord_Howe", "America/St_Johns",
}

func testZone(t testing.TB, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Skipf("needs the time zone database: %v", err)
	}
	return loc
}

// shopIn is a site in a zone, with an event clock.
func shopIn(t testing.TB, zone string, period schemas.PeriodKind) (*Processor, func(at string) *site) {
	t.Helper()
	config := benchConfig()
	config.Settings.TimeZone, config.Settings.Period = zone, period
	p, err := New(config, &Snapshot{})
	if err != nil {
		t.Fatal(err)
	}
	n := int64(0)
	return p, func(at string) *site {
		t.Helper()
		ev := schemas.Event{ID: fmt.Sprint(n), Source: "/shop", Type: schemas.TypeSale}
		ev.Sale = schemas.Sale{SKU: schemas.TextField("K1"), Quantity: schemas.Field{Raw: "1", Kind: schemas.Number}, Time: schemas.TextField(at)}
		if len(at) == len("2006-01-02") {
			ev.Sale.Date, ev.Sale.Time = ev.Sale.Time, schemas.Field{}
		}
		value, err := schemas.Encode(&ev)
		if err != nil {
			t.Fatal(err)
		}
		if done, err := p.Step(Record{Offset: n, Key: []byte("shop"), Value: value}); err != nil || !done {
			t.Fatalf("%s: %v, %v", at, done, err)
		}
		n++
		return p.sites["shop"]
	}
}

// An instant belongs to the day that the site's clock on the wall shows, on days of 23, 24, 25 and 23½ hours;
// the first and the last instant of a day are of it; and the site's own clock stands on the day that is open.
func TestInstantsBelongToTheSitesDay(t *testing.T) {
	for _, c := range []struct {
		zone, day string
		hours     float64
	}{
		{"UTC", "2026-03-29", 24},
		{"Europe/Berlin", "2026-03-29", 23}, // also the end of a week and of nearly a month
		{"Europe/Berlin", "2026-10-25", 25},
		{"America/Sao_Paulo", "2018-11-04", 23}, // has no midnight
		{"America/Sao_Paulo", "2018-02-17", 25}, // its last hour comes twice
		{"America/Sao_Paulo", "2026-11-01", 24}, // given up in 2019
		{"America/Havana", "2022-03-13", 23},
		{"America/Havana", "2022-11-06", 25}, // its first hour comes twice
		{"Asia/Kolkata", "2026-03-29", 24},
		{"Pacific/Apia", "2011-12-29", 24},
		{"Pacific/Apia", "2011-12-31", 24},
		{"Australia/Lord_Howe", "2026-10-04", 23.5},
		{"Australia/Lord_Howe", "2026-04-05", 24.5},
		{"America/St_Johns", "2026-03-08", 23},
	} {
		loc, d := testZone(t, c.zone), testDay(t, c.day)
		first, next := d.Time(loc), (d + 1).Time(loc)
		if got := next.Sub(first).Hours(); got != c.hours {
			t.Errorf("%s: %s has %v hours, want %v", c.zone, c.day, got, c.hours)
		}
		p, sell := shopIn(t, c.zone, schemas.PeriodDay)
		s := sell(first.Add(-time.Second).UTC().Format(time.RFC3339))
		if s.Today >= d {
			t.Errorf("%s: the second before %s is of %v", c.zone, c.day, s.Today)
		}
		want := 0.0
		for at := first; at.Before(next); at = at.Add(30 * time.Minute) {
			sell(at.UTC().Format(time.RFC3339))
			want++
		}
		sell(next.Add(-time.Second).UTC().Format(time.RFC3339))
		k := s.known("K1")
		if s.Today != d || k.history.at(d).Kept.Float() != want+1 {
			t.Errorf("%s: %s has %v units, want %v; open is %v", c.zone, c.day, k.history.at(d).Kept, want+1, s.Today)
		}
		if s.Now.Before(first) || !s.Now.Before(next) {
			t.Errorf("%s: on %s it is %v", c.zone, c.day, s.Now)
		}
		sell(next.UTC().Format(time.RFC3339))
		if s.Today <= d || k.history.at(s.Today).Kept.Float() != 1 {
			t.Errorf("%s: the instant after %s opens %v", c.zone, c.day, s.Today)
		}
		p.EndOfInput()
		if day := schemas.DateOf(s.Now.In(loc)); day != s.Today {
			t.Errorf("%s: after %s it is %v and %v is open", c.zone, c.day, s.Now, s.Today)
		}
	}
}

// Without a zone an instant is read off the site's wall: in the hour that is skipped and in the one that comes
// twice it still is of that day.
func TestWallClockOfOddHours(t *testing.T) {
	for _, c := range []struct{ zone, at, day string }{
		{"Europe/Berlin", "2026-03-29T02:30:00", "2026-03-29"},
		{"Europe/Berlin", "2026-10-25T02:30:00", "2026-10-25"},
		{"America/Sao_Paulo", "2018-11-04T00:30:00", "2018-11-04"},
		{"America/Sao_Paulo", "2018-02-17T23:30:00", "2018-02-17"},
		{"America/Havana", "2022-11-06T00:30:00", "2022-11-06"},
		{"Australia/Lord_Howe", "2026-10-04T02:15:00", "2026-10-04"},
		{"Pacific/Apia", "2011-12-29T23:59:59", "2011-12-29"},
		{"Pacific/Apia", "2011-12-31T00:00:00", "2011-12-31"},
		{"America/St_Johns", "2010-11-07T00:00:30", "2010-11-07"}, // at 00:01 it was 23:01 once more
	} {
		testZone(t, c.zone)
		_, sell := shopIn(t, c.zone, schemas.PeriodWeek)
		if s := sell(c.at); s.Today.String() != c.day || s.known("K1").history.at(testDay(t, c.day)).Kept != schemas.Unit {
			t.Errorf("%s: %s is of %v, want %s", c.zone, c.at, s.Today, c.day)
		}
	}
}

// The instants of many days, in their order: the open day is the wall's, no day is opened twice, and what was
// sold is on it. Where midnight comes twice (St. John's until 2011) the clock stays on the day it has opened.
func TestTheOpenDayFollowsTheWall(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		zone := rapid.SampledFrom(zones).Draw(t, "zone")
		loc, err := time.LoadLocation(zone)
		if err != nil {
			t.Skipf("needs the time zone database: %v", err)
		}
		year := rapid.SampledFrom([]int{2009, 2011, 2018, 2022, 2026}).Draw(t, "year")
		at := time.Date(year, time.January, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(rapid.IntRange(0, 8760).Draw(t, "hour")) * time.Hour)
		config := benchConfig()
		config.Settings.TimeZone, config.Settings.Clock = zone, schemas.ClockWall
		p, err := New(config, &Snapshot{})
		if err != nil {
			t.Fatal(err)
		}
		p.Tick(at)
		s := p.site("shop")
		for range rapid.IntRange(1, 60).Draw(t, "ticks") {
			at = at.Add(time.Duration(rapid.IntRange(1, 36*60).Draw(t, "minutes")) * time.Minute)
			before := s.Today
			p.Tick(at)
			if wall := schemas.DateOf(at.In(loc)); s.Today != max(before, wall) {
				t.Fatalf("%s: at %v %v is open", zone, at.In(loc), s.Today)
			}
		}
	})
}

// Weeks and months that end on a change of clocks end with their last instant.
func TestPeriodsEndOnChangesOfClocks(t *testing.T) {
	for _, c := range []struct {
		zone   string
		period schemas.PeriodKind
		end    string // first day of the period after
	}{
		{"Europe/Berlin", schemas.PeriodWeek, "2026-03-30"},
		{"Europe/Berlin", schemas.PeriodWeek, "2026-10-26"},
		{"America/Sao_Paulo", schemas.PeriodWeek, "2018-02-19"}, // after the day after the repeated hour
		{"America/Havana", schemas.PeriodWeek, "2022-11-07"},
		{"Pacific/Apia", schemas.PeriodMonth, "2012-01-01"},
		{"Europe/Berlin", schemas.PeriodMonth, "2013-04-01"}, // clocks changed on Easter Sunday, the 31st
	} {
		loc, end := testZone(t, c.zone), testDay(t, c.end)
		_, sell := shopIn(t, c.zone, c.period)
		s := sell(end.Time(loc).Add(-time.Nanosecond).UTC().Format(time.RFC3339Nano))
		if p := s.calendar.at(s.Today); p.End != end || s.Today != end-1 {
			t.Errorf("%s: the instant before %s is of %v to %v", c.zone, c.end, p.Start, p.End)
		}
		if s = sell(end.Time(loc).UTC().Format(time.RFC3339Nano)); s.calendar.at(s.Today).Start != end {
			t.Errorf("%s: %s begins %v", c.zone, c.end, s.calendar.at(s.Today).Start)
		}
	}
}
