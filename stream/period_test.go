package stream

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"drumbeat/schemas"

	"pgregory.net/rapid"
)

func drawCalendar(t *rapid.T) calendar {
	c := calendar{
		Period:   rapid.SampledFrom([]string{"day", "week", "month", "custom"}).Draw(t, "period"),
		WeekEnds: time.Weekday(rapid.IntRange(0, 6).Draw(t, "week ends")),
	}
	if c.Period == "custom" {
		d := schemas.Date(rapid.Int32Range(18000, 22000).Draw(t, "first start"))
		for range rapid.IntRange(1, 15).Draw(t, "starts") {
			c.Starts = append(c.Starts, d)
			d += schemas.Date(rapid.SampledFrom([]int32{28, 35, 1, 7}).Draw(t, "length"))
		}
	}
	return c
}

// Periods follow one another without gap or overlap, every day finds its own, and no two have one name.
func TestPeriodsTileTheCalendar(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := drawCalendar(t)
		d := schemas.Date(rapid.Int32Range(int32(schemas.MinDate), int32(schemas.MaxDate)-20000).Draw(t, "day"))
		if rapid.Bool().Draw(t, "near the starts") {
			d = schemas.Date(rapid.Int32Range(17900, 22600).Draw(t, "day"))
		}
		n := rapid.IntRange(1, 40).Draw(t, "periods")
		periods := c.from(d, n)
		if len(periods) != n || periods[0].Start > d || periods[0].End <= d {
			t.Fatalf("%d periods from %v: %v", n, d, periods)
		}
		names := map[string]bool{}
		for i, p := range periods {
			if names[p.Name] {
				t.Fatalf("two periods are called %s", p.Name)
			}
			names[p.Name] = true
			if i > 0 && (periods[i-1].End != p.Start || c.next(periods[i-1]) != p) {
				t.Fatalf("%v does not follow %v", p, periods[i-1])
			}
			for _, in := range []schemas.Date{p.Start, p.End - 1, p.Start + (p.End-p.Start)/2} {
				if got := c.at(in); got != p {
					t.Fatalf("%v lies in %v, want %v", in, got, p)
				}
			}
		}
		if c.Period == "custom" {
			for i, start := range c.Starts {
				if p := c.at(start); p.Start != start || i+1 < len(c.Starts) && p.End != c.Starts[i+1] {
					t.Fatalf("the period declared at %v is %v", start, p)
				}
			}
		}
	})
}

func TestPeriodNames(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := drawCalendar(t)
		d := schemas.Date(rapid.Int32Range(int32(schemas.MinDate)+7, int32(schemas.MaxDate)-7).Draw(t, "day"))
		p := c.at(d)
		want := p.Start.String()
		switch {
		case c.Period == "month":
			year, month, _ := d.Civil()
			want = fmt.Sprintf("%04d-%02d", year, int(month))
		case c.Period == "week" && c.WeekEnds == time.Sunday:
			year, week := d.Time(time.UTC).ISOWeek()
			want = fmt.Sprintf("%04d-W%02d", year, week)
		}
		if p.Name != want {
			t.Fatalf("the %s of %v is called %s, want %s", c.Period, d, p.Name, want)
		}
		if c.Period == "week" && (p.End-1).Weekday() != c.WeekEnds {
			t.Fatalf("a week that ends on %v runs %v to %v", c.WeekEnds, p.Start, p.End)
		}
	})
}

// A quarter of 4, 4 and 5 weeks: its last length goes on after it, its first one before.
func TestCustomPeriodsGoOn(t *testing.T) {
	day := func(s string) schemas.Date {
		d, err := schemas.ParseDate(s)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	c := calendar{Period: "custom", Starts: []schemas.Date{day("2026-01-05"), day("2026-02-02"), day("2026-03-02"), day("2026-04-06")}}
	var got []string
	for _, p := range c.from(day("2025-12-31"), 6) {
		got = append(got, p.Name)
	}
	want := []string{"2025-12-08", "2026-01-05", "2026-02-02", "2026-03-02", "2026-04-06", "2026-05-11"}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
