package schemas

import (
	"encoding/json"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestEveryDateAgainstPackageTime(t *testing.T) {
	day := time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC)
	for d := MinDate; d <= MaxDate; d++ {
		y, m, dd := d.Civil()
		ty, tm, td := day.Date()
		if y != ty || m != tm || dd != td || d.Weekday() != day.Weekday() || DateOf(day) != d || !d.Time(nil).Equal(day) {
			t.Fatalf("day %d is %d-%d-%d %s, package time has %s", d, y, m, dd, d.Weekday(), day)
		}
		if text := d.String(); text != day.Format(time.DateOnly) {
			t.Fatalf("day %d writes %s", d, text)
		}
		if back, err := ParseDate(d.String()); err != nil || back != d {
			t.Fatalf("%s reads as %d, %v", d, back, err)
		}
		day = day.AddDate(0, 0, 1)
	}
	if day.Year() != 2200 {
		t.Fatalf("the last day is %s", day.AddDate(0, 0, -1))
	}
}

func TestParseDateIsStrict(t *testing.T) {
	for _, s := range []string{
		"", "2026-1-31", "2026-01-31T00:00:00", " 2026-01-31", "2026/01/31", "20260131", "31-01-2026", "2026-02-29",
		"2026-02-30", "2100-02-29", "2026-13-01", "2026-00-10", "2026-01-00", "2026-04-31", "0000-01-01", "9999-12-31",
		"1899-12-31", "2200-01-01", "-026-01-31", "2026-01-3a", "2026--1-01", "٢٠٢٦-01-01",
	} {
		if d, err := ParseDate(s); err == nil {
			t.Errorf("ParseDate(%q) = %s", s, d)
		}
	}
	for _, s := range []string{"2000-02-29", "2024-02-29", "1900-01-01", "2199-12-31"} {
		if d, err := ParseDate(s); err != nil || d.String() != s {
			t.Errorf("ParseDate(%q) = %s, %v", s, d, err)
		}
	}
}

func TestDateArithmetic(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := Date(rapid.Int32Range(int32(MinDate), int32(MaxDate)).Draw(t, "day"))
		n := rapid.IntRange(-600, 600).Draw(t, "months")
		got := d.AddMonths(n)
		y, m, day := d.Civil()
		first := time.Date(y, m+time.Month(n), 1, 0, 0, 0, 0, time.UTC)
		want := first.AddDate(0, 0, min(day, DaysIn(first.Year(), first.Month()))-1)
		if got != DateOf(want) {
			t.Fatalf("%s and %d months: %s, want %s", d, n, got, want)
		}
		weekday := time.Weekday(rapid.IntRange(0, 6).Draw(t, "weekday"))
		start := d.StartOfWeek(weekday)
		if start.Weekday() != weekday || start > d || d-start > 6 {
			t.Fatalf("week of %s that starts on %s starts on %s", d, weekday, start)
		}
		if y2, m2, d2 := d.StartOfMonth().Civil(); y2 != y || m2 != m || d2 != 1 {
			t.Fatalf("month of %s starts on %s", d, d.StartOfMonth())
		}
		b, err := json.Marshal(d)
		var back Date
		if err != nil || json.Unmarshal(b, &back) != nil || back != d {
			t.Fatalf("%s is %s in JSON and reads as %s", d, b, back)
		}
	})
}

func TestInstants(t *testing.T) {
	madrid, err := time.LoadLocation("Europe/Madrid")
	if err != nil {
		t.Skipf("needs the time zone database: %v", err)
	}
	for _, c := range []struct{ text, inMadrid string }{
		{"2026-02-03T09:15:00Z", "2026-02-03T10:15:00+01:00"},
		{"2026-02-03t09:15:00.125z", "2026-02-03T10:15:00.125+01:00"},
		{"2026-02-03T09:15:00+05:30", "2026-02-03T04:45:00+01:00"},
		{"2026-02-03 09:15", "2026-02-03T09:15:00+01:00"},
		{"2026-02-03T09:15:00.000000000999", "2026-02-03T09:15:00+01:00"},
		// The hour that summer time skips, and the one it repeats.
		{"2026-03-29T02:30:00", "2026-03-29T03:30:00+02:00"},
		{"2026-10-25T02:30:00", "2026-10-25T02:30:00+02:00"},
	} {
		i, err := ParseInstant(c.text)
		if got := i.In(madrid).Format(time.RFC3339Nano); err != nil || got != c.inMadrid {
			t.Errorf("%s is %s in Madrid, %v; want %s", c.text, got, err, c.inMadrid)
		}
		if back, err := ParseInstant(i.String()); err != nil || !back.Time.Equal(i.Time) || back.Zoned != i.Zoned {
			t.Errorf("%s comes back from %s as %v, %v", c.text, i, back, err)
		}
	}
	for _, s := range []string{
		"", "2026-02-03", "2026-02-03T09", "2026-02-03T24:00:00Z", "2026-02-03T09:60:00Z", "2026-02-03T09:15:60Z",
		"2026-02-30T09:15:00Z", "2026-02-03T09:15:00.Z", "2026-02-03T09:15:00+0100", "2026-02-03T09:15:00+24:00",
		"0000-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2026-02-03T09:15:0", "2026-02-03T09:15:00 Z", "2026-02-03T9:15:00Z",
	} {
		if i, err := ParseInstant(s); err == nil {
			t.Errorf("ParseInstant(%q) = %s", s, i)
		}
	}
}

func TestInstantAgainstPackageTime(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := time.Unix(rapid.Int64Range(int64(MinDate)*86400, int64(MaxDate)*86400).Draw(t, "seconds"),
			rapid.Int64Range(0, 999_999_999).Draw(t, "nanos"))
		zone := time.FixedZone("", rapid.IntRange(-14*60, 14*60).Draw(t, "offset")*60)
		text := want.In(zone).Format(time.RFC3339Nano)
		if y := want.In(zone).Year(); y < 1900 || y > 2199 {
			return
		}
		got, err := ParseInstant(text)
		if err != nil || !got.Zoned || !got.Time.Equal(want) {
			t.Fatalf("%s reads as %s, %v", text, got, err)
		}
	})
}

func TestDurations(t *testing.T) {
	for _, c := range []struct {
		text string
		want time.Duration
		out  string
	}{
		{"2s", 2 * time.Second, "2s"},
		{"60m", time.Hour, "1h"},
		{"90m", 90 * time.Minute, "1h30m"},
		{"1h0m5s", time.Hour + 5*time.Second, "1h0m5s"},
		{"0", 0, "0s"},
		{"250ms", 250 * time.Millisecond, "250ms"},
		{"10m", 10 * time.Minute, "10m"},
		{"20h", 20 * time.Hour, "20h"},
		{"PT2S", 2 * time.Second, "2s"},
		{"PT0.5S", 500 * time.Millisecond, "500ms"},
		{"P7D", 168 * time.Hour, "168h"},
		{"P1W", 168 * time.Hour, "168h"},
		{"P1DT1H30M", 25*time.Hour + 30*time.Minute, "25h30m"},
	} {
		d, err := ParseDuration(c.text)
		if err != nil || time.Duration(d) != c.want || d.String() != c.out {
			t.Errorf("ParseDuration(%q) = %s, %v; want %s", c.text, d, err, c.out)
		}
		if back, err := ParseDuration(d.String()); err != nil || back != d {
			t.Errorf("%s comes back as %s, %v", d, back, err)
		}
	}
	for _, s := range []string{"", "2", "-2s", "P", "PT", "P1Y", "P1M", "PT1D", "P1H", "P1D2", "PTT1S", "1h-", "P1.2.3D", "P99999999999D", "PT1S-"} {
		if d, err := ParseDuration(s); err == nil {
			t.Errorf("ParseDuration(%q) = %s", s, d)
		}
	}
}

func TestTimesAreStrictInJSONToo(t *testing.T) {
	for _, text := range []string{`7`, `"2026-02-30"`, `"soon"`, `{}`, `"2"`, `"2026-02-03`, `""`} {
		var d Date
		var a AsOf
		var l Duration
		for _, into := range []any{&d, &a, &l} {
			if err := json.Unmarshal([]byte(text), into); err == nil {
				t.Errorf("%T takes %s as %v", into, text, into)
			}
		}
	}
	for _, text := range []string{`"x"`, `true`, `[]`, `1e13`, `"NaN"`, `0.0000001`} {
		var q Quantity
		if err := json.Unmarshal([]byte(text), &q); err == nil {
			t.Errorf("%s reads as quantity %s", text, q)
		}
	}
	if got := MinDate.AddMonths(-12 * 1901).String(); got != "-0001-01-01" {
		t.Errorf("a day before the year 0 writes %s", got)
	}
	if d := MinDate.AddDays(366); d.String() != "1901-01-02" {
		t.Errorf("366 days after %s: %s", MinDate, d)
	}
}

// Of every day around a change of clocks, in every zone that has ever skipped or repeated a midnight, and in
// some that never did: Time is an instant of the day (or of the first day after it, where the zone leaves it
// out), and no instant before it is.
func TestDaysStartWithTheirFirstInstant(t *testing.T) {
	for _, name := range []string{
		"UTC", "Europe/Berlin", "America/Sao_Paulo", "America/Havana", "Atlantic/Azores", "America/St_Johns",
		"Asia/Beirut", "Asia/Kolkata", "Asia/Kathmandu", "Pacific/Apia", "Pacific/Kwajalein", "Australia/Lord_Howe",
		"America/New_York", "Africa/Cairo", "Asia/Amman", "America/Asuncion", "Asia/Tehran", "Antarctica/Troll",
	} {
		loc, err := time.LoadLocation(name)
		if err != nil {
			t.Skipf("needs the time zone database: %v", err)
		}
		first, _ := NewDate(1970, time.January, 2)
		last, _ := NewDate(2030, time.December, 31)
		for d := first; d <= last; d++ {
			at := d.Time(loc)
			if before := DateOf(at.Add(-time.Nanosecond)); before >= d {
				t.Fatalf("%s: %v starts at %v, but the instant before it belongs to %v", name, d, at, before)
			}
			day := DateOf(at)
			if day != d && (name != "Pacific/Apia" && name != "Pacific/Kwajalein" || day != d+1) {
				t.Fatalf("%s: %v starts at %v, which belongs to %v", name, d, at, day)
			}
			if end := (d + 1).Time(loc); end.Before(at) || end.Sub(at) > 26*time.Hour {
				t.Fatalf("%s: %v lasts from %v to %v", name, d, at, end)
			}
		}
	}
}
