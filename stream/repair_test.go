package stream

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"drumbeat/schemas"

	"pgregory.net/rapid"
)

func madrid(t testing.TB) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation("Europe/Madrid")
	if err != nil {
		t.Skipf("no time zone data on this machine: %v", err)
	}
	return loc
}

// Whatever day a feed means, each certain form of it is read as that day and counted as that repair.
func TestDateFormsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := schemas.Date(rapid.Int32Range(int32(schemas.MinDate), int32(schemas.MaxDate)).Draw(t, "day"))
		year, month, day := want.Civil()
		dmy := rapid.Bool().Draw(t, "dmy")
		for _, form := range []struct {
			text      string
			rep       repairKind
			uncertain bool
		}{
			{want.String(), repairNone, false},
			{" " + want.String() + " ", repairNone, false},
			{want.String() + "T10:15:00", repairDateTime, false},
			{want.String() + " 23:59", repairDateTime, false},
			{fmt.Sprintf("%04d.%02d.%02d", year, month, day), repairDots, false},
			{fmt.Sprintf("%04d%02d%02d", year, month, day), repairCompact, false},
			{fmt.Sprintf("%02d/%02d/%04d", day, month, year), repairDMY, !dmy && day <= 12},
			{fmt.Sprintf("%d/%d/%04d", day, month, year), repairDMY, !dmy && day <= 12},
			{fmt.Sprintf("%02d/%02d/%02d", day, month, year%100), repairNone, true},
			{fmt.Sprintf("%s %d %04d", month.String()[:3], day, year), repairNone, true},
			{fmt.Sprintf("%d.%d.%04d", day, month, year), repairNone, true},
		} {
			got, at, hasTime, rep, err := parseDay(form.text, dmy, time.UTC)
			if form.uncertain {
				if reason(err) != faultUncertainDate {
					t.Fatalf("%q (dmy %v): got %v, %v, want it uncertain", form.text, dmy, got, err)
				}
				continue
			}
			if err != nil || got != want || rep != form.rep || hasTime != (rep == repairDateTime) || hasTime && schemas.DateOf(at) != want {
				t.Fatalf("%q (dmy %v): got %v, %v, %v, %v, %v; want %v, %v", form.text, dmy, got, at, hasTime, rep, err, want, form.rep)
			}
		}
	})
}

func reason(err error) string {
	var f *fault
	if errors.As(err, &f) && f != nil {
		return f.Reason
	}
	return ""
}

func TestDatesThatAreRefused(t *testing.T) {
	for _, c := range []struct {
		text string
		dmy  bool
		want string
	}{
		{"", false, faultMissingDate},
		{"  ", false, faultMissingDate},
		{"n/a", false, faultBadDate},
		{"yesterday", false, faultBadDate},
		{"2023-02-29", false, faultBadDate},
		{"2023-13-01", false, faultBadDate},
		{"1899-12-31", false, faultBadDate},
		{"2200-01-01", false, faultBadDate},
		{"2023-01-01T25:00:00Z", false, faultBadDate},
		{"2023.02.29", false, faultBadDate},
		{"20230229", false, faultBadDate},
		{"31122023", false, faultBadDate}, // the year 3112
		{"29/02/2023", false, faultBadDate},
		{"32/01/2023", false, faultBadDate},
		{"31/13/2023", false, faultBadDate},
		{"12/31/2023", true, faultBadDate}, // the feed is declared day first
		{"12/31/2023", false, faultUncertainDate},
		{"05/04/2023", false, faultUncertainDate},
		{"31/12/23", false, faultUncertainDate},
		{"31/12/23", true, faultUncertainDate},
		{"Dec 31st 23", false, faultUncertainDate},
		{"45292", false, faultUncertainDate}, // a spreadsheet's day number
		{"2023-W05", false, faultUncertainDate},
		{"31-12-2023", false, faultUncertainDate},
		{"31/12/2023 10:00", false, faultUncertainDate},
		{"０１/０２/２０２３", false, faultBadDate},
		{strings.Repeat("9", 400), false, faultUncertainDate},
	} {
		d, _, _, rep, err := parseDay(c.text, c.dmy, time.UTC)
		if reason(err) != c.want || d != 0 || rep != repairNone {
			t.Errorf("%q (dmy %v): got %v, %v, %v, want %s", c.text, c.dmy, d, rep, err, c.want)
		}
		if err != nil && len(err.Error()) > 200 {
			t.Errorf("%q: the error has %d bytes", c.text, len(err.Error()))
		}
	}
}

// A day is the site's, not the sender's.
func TestInstantsFallOnTheSitesDay(t *testing.T) {
	loc := madrid(t)
	for text, want := range map[string]string{
		"2024-06-30T23:30:00Z":      "2024-07-01",
		"2024-06-30T23:30:00+02:00": "2024-06-30",
		"2024-06-30 23:30":          "2024-06-30",
		"2024-01-01T00:30:00+14:00": "2023-12-31",
	} {
		d, at, hasTime, _, err := parseDay(text, false, loc)
		if err != nil || !hasTime || d.String() != want || schemas.DateOf(at) != d || at.Location() != loc {
			t.Errorf("%s: got %v, %v, %v, want %s", text, d, at, err, want)
		}
	}
	if _, _, _, _, err := parseDay("2199-12-31T23:30:00Z", false, loc); reason(err) != faultBadDate {
		t.Errorf("an instant on 2200-01-01 in Madrid: got %v", err)
	}
}

func TestWhenPrefersTime(t *testing.T) {
	date, instant := schemas.TextField("2024-06-30"), schemas.TextField("2024-07-02T10:00:00Z")
	var none schemas.Field
	blank := schemas.TextField(" ")
	for _, c := range []struct {
		name        string
		date, clock schemas.Field
		day         string
		hasTime     bool
		rep         repairKind
		fault       string // reason and field
	}{
		{"date", date, none, "2024-06-30", false, repairNone, ""},
		{"date, blank time", date, blank, "2024-06-30", false, repairNone, ""},
		{"time", none, instant, "2024-07-02", true, repairNone, ""},
		{"both", date, instant, "2024-07-02", true, repairNone, ""},
		{"an instant in date", instant, none, "2024-07-02", true, repairDateTime, ""},
		{"a day in time", none, date, "2024-06-30", false, repairNone, ""},
		{"digits", schemas.Field{Raw: "20240630", Kind: schemas.Number}, none, "2024-06-30", false, repairCompact, ""},
		{"neither", blank, schemas.Field{Kind: schemas.Null}, "", false, repairNone, "missing-date date"},
		{"bad time", date, schemas.TextField("2024-06-31T00:00:00Z"), "", false, repairNone, "bad-date time"},
		{"an object", schemas.Field{Raw: "{}", Kind: schemas.Other}, none, "", false, repairNone, "bad-date date"},
		{"a number", schemas.NumberField(12 * schemas.Unit), none, "", false, repairNone, "uncertain-date date"},
	} {
		d, _, hasTime, rep, err := parseWhen(c.date, c.clock, false, time.UTC)
		got := ""
		if err != nil {
			got = err.Reason + " " + err.Field
		}
		if got != c.fault || err == nil && (d.String() != c.day || hasTime != c.hasTime || rep != c.rep) {
			t.Errorf("%s: got %v, %v, %v, %q", c.name, d, hasTime, rep, got)
		}
	}
}

func TestAmounts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := schemas.Quantity(rapid.Int64Range(-int64(schemas.MaxQuantity), int64(schemas.MaxQuantity)).Draw(t, "quantity"))
		if q, rep, err := parseAmount(schemas.NumberField(want)); err != nil || q != want || rep != repairNone {
			t.Fatalf("number %v: got %v, %v, %v", want, q, rep, err)
		}
		text := schemas.TextField(" " + want.String() + "\t")
		if q, rep, err := parseAmount(text); err != nil || q != want || rep != repairNumberText {
			t.Fatalf("text %v: got %v, %v, %v", want, q, rep, err)
		}
	})
	for _, c := range []struct {
		field schemas.Field
		want  string
	}{
		{schemas.Field{}, faultMissingQuantity},
		{schemas.Field{Kind: schemas.Null}, faultMissingQuantity},
		{schemas.TextField(" "), faultMissingQuantity},
		{schemas.TextField("1,234"), faultBadQuantity},
		{schemas.TextField("12 pcs"), faultBadQuantity},
		{schemas.TextField("NaN"), faultBadQuantity},
		{schemas.TextField("0x10"), faultBadQuantity},
		{schemas.TextField("1.0000001"), faultBadQuantity},
		{schemas.Field{Raw: "1e300", Kind: schemas.Number}, faultBadQuantity},
		{schemas.Field{Raw: "true", Kind: schemas.Bool}, faultBadQuantity},
		{schemas.Field{Raw: "[1]", Kind: schemas.Other}, faultBadQuantity},
	} {
		if q, rep, err := parseAmount(c.field); err == nil || err.Reason != c.want || err.Field != "quantity" || q != 0 || rep != repairNone {
			t.Errorf("%+v: got %v, %v, %v, want %s", c.field, q, rep, err, c.want)
		}
	}
}

func TestSKUs(t *testing.T) {
	for _, c := range []struct {
		field schemas.Field
		sku   string
		rep   repairKind
		want  string
	}{
		{schemas.TextField("SKU-001"), "SKU-001", repairNone, ""},
		{schemas.TextField(" sku-001 "), "SKU-001", repairSKU, ""},
		{schemas.Field{Raw: "22423", Kind: schemas.Number}, "22423", repairNone, ""},
		{schemas.Field{}, "", repairNone, faultMissingSKU},
		{schemas.TextField("\t "), "", repairNone, faultMissingSKU},
		{schemas.TextField("A\x00B"), "", repairNone, faultBadSKU},
		{schemas.TextField(strings.Repeat("X", 201)), "", repairNone, faultBadSKU},
		{schemas.Field{Raw: "{}", Kind: schemas.Other}, "", repairNone, faultBadSKU},
	} {
		sku, rep, err := parseSKU(c.field)
		got := ""
		if err != nil {
			got = err.Reason
		}
		if sku != c.sku || rep != c.rep || got != c.want {
			t.Errorf("%+v: got %q, %v, %v", c.field, sku, rep, err)
		}
	}
}

func TestRepairSet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		kinds := rapid.SliceOf(rapid.Map(rapid.Uint8Range(0, uint8(repairKinds)-1), func(k uint8) repairKind { return repairKind(k) })).Draw(t, "kinds")
		var set repairSet
		for _, k := range kinds {
			set.add(k)
		}
		want := slices.Compact(slices.Sorted(slices.Values(slices.DeleteFunc(kinds, func(k repairKind) bool { return k == repairNone }))))
		if got := slices.Collect(set.all()); !slices.Equal(got, want) {
			t.Fatalf("got %v, want %v", got, want)
		}
	})
}

// No text whatever breaks a reader, and what is read lies within the years that a message may name.
func FuzzParseDay(f *testing.F) {
	for _, s := range []string{"2024-01-31", "31/01/2024", "2024.01.31", "20240131", "2024-01-31T10:00:00.5+05:30", "Dec 31st 23", "//", "..", "1/1/1"} {
		f.Add(s, false)
	}
	f.Fuzz(func(t *testing.T, s string, dmy bool) {
		d, _, _, _, err := parseDay(s, dmy, time.UTC)
		if err == nil && (d < schemas.MinDate || d > schemas.MaxDate) {
			t.Fatalf("%q is read as %v", s, d)
		}
		if err != nil && reason(err) == "" {
			t.Fatalf("%q: %v has no reason", s, err)
		}
	})
}
