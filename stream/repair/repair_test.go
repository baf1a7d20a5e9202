package repair

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
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
			rep       Kind
			uncertain bool
		}{
			{want.String(), None, false},
			{" " + want.String() + " ", None, false},
			{want.String() + "T10:15:00", DateTime, false},
			{want.String() + " 23:59", DateTime, false},
			{fmt.Sprintf("%04d.%02d.%02d", year, month, day), Dots, false},
			{fmt.Sprintf("%04d/%02d/%02d", year, month, day), Slashes, false},
			{fmt.Sprintf("%04d%02d%02d", year, month, day), Compact, false},
			{fmt.Sprintf("%02d/%02d/%04d", day, month, year), DMY, !dmy && day <= 12},
			{fmt.Sprintf("%d/%d/%04d", day, month, year), DMY, !dmy && day <= 12},
			{fmt.Sprintf("%02d/%02d/%02d", day, month, year%100), None, true},
			{fmt.Sprintf("%s %d %04d", month.String()[:3], day, year), MonthName, false},
			{fmt.Sprintf("%02d-%s-%04d", day, strings.ToUpper(month.String()[:3]), year), MonthName, false},
			{fmt.Sprintf("%s %d, %04d", month, day, year), MonthName, false},
			{fmt.Sprintf("%s %d %02d", month.String()[:3], day, year%100), None, true},
			{fmt.Sprintf("%d.%d.%04d", day, month, year), None, true},
		} {
			got, at, hasTime, rep, err := Day(form.text, dmy, time.UTC)
			if form.uncertain {
				if reason(err) != UncertainDate {
					t.Fatalf("%q (dmy %v): got %v, %v, want it uncertain", form.text, dmy, got, err)
				}
				continue
			}
			if err != nil || got != want || rep != form.rep || hasTime != (rep == DateTime) || hasTime && schemas.DateOf(at) != want {
				t.Fatalf("%q (dmy %v): got %v, %v, %v, %v, %v; want %v, %v", form.text, dmy, got, at, hasTime, rep, err, want, form.rep)
			}
		}
	})
}

func reason(f *Fault) string {
	if f == nil {
		return ""
	}
	return f.Reason
}

func TestDatesThatAreRefused(t *testing.T) {
	for _, c := range []struct {
		text string
		dmy  bool
		want string
	}{
		{"", false, MissingDate},
		{"  ", false, MissingDate},
		{"n/a", false, BadDate},
		{"yesterday", false, BadDate},
		{"2023-02-29", false, BadDate},
		{"2023-13-01", false, BadDate},
		{"1899-12-31", false, BadDate},
		{"2200-01-01", false, BadDate},
		{"2023-01-01T25:00:00Z", false, BadDate},
		{"2023.02.29", false, BadDate},
		{"20230229", false, BadDate},
		{"31122023", false, BadDate}, // the year 3112
		{"29/02/2023", false, BadDate},
		{"32/01/2023", false, BadDate},
		{"31/13/2023", false, BadDate},
		{"12/31/2023", true, BadDate}, // the feed is declared day first
		{"12/31/2023", false, UncertainDate},
		{"05/04/2023", false, UncertainDate},
		{"31/12/23", false, UncertainDate},
		{"31/12/23", true, UncertainDate},
		{"Dec 31st 23", false, UncertainDate},
		{"31 Dec 2023 10:15", false, UncertainDate},
		{"45292", false, UncertainDate}, // a spreadsheet's day number
		{"2023-W05", false, UncertainDate},
		{"31-12-2023", false, UncertainDate},
		{"31/12/2023 10:00", false, UncertainDate},
		{"2023/1/2", false, UncertainDate},
		{"2023/13/01", false, BadDate},
		{"1703980800000", false, UncertainDate}, // milliseconds since 1970
		{"０１/０２/２０２３", false, BadDate},
		{strings.Repeat("9", 400), false, UncertainDate},
	} {
		d, _, _, rep, err := Day(c.text, c.dmy, time.UTC)
		if reason(err) != c.want || d != 0 || rep != None {
			t.Errorf("%q (dmy %v): got %v, %v, %v, want %s", c.text, c.dmy, d, rep, err, c.want)
		}
		if err != nil && len(err.Detail) > 200 {
			t.Errorf("%q: the error has %d bytes", c.text, len(err.Detail))
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
		d, at, hasTime, _, err := Day(text, false, loc)
		if err != nil || !hasTime || d.String() != want || schemas.DateOf(at) != d || at.Location() != loc {
			t.Errorf("%s: got %v, %v, %v, want %s", text, d, at, err, want)
		}
	}
	if _, _, _, _, err := Day("2199-12-31T23:30:00Z", false, loc); reason(err) != BadDate {
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
		rep         Kind
		fault       string // reason and field
	}{
		{"date", date, none, "2024-06-30", false, None, ""},
		{"date, blank time", date, blank, "2024-06-30", false, None, ""},
		{"time", none, instant, "2024-07-02", true, None, ""},
		{"both", date, instant, "2024-07-02", true, None, ""},
		{"an instant in date", instant, none, "2024-07-02", true, DateTime, ""},
		{"a day in time", none, date, "2024-06-30", false, None, ""},
		{"digits", schemas.Field{Raw: "20240630", Kind: schemas.Number}, none, "2024-06-30", false, Compact, ""},
		{"neither", blank, schemas.Field{Kind: schemas.Null}, "", false, None, "missing-date date"},
		{"bad time", date, schemas.TextField("2024-06-31T00:00:00Z"), "", false, None, "bad-date time"},
		{"an object", schemas.Field{Raw: "{}", Kind: schemas.Other}, none, "", false, None, "bad-date date"},
		{"a number", schemas.NumberField(12 * schemas.Unit), none, "", false, None, "uncertain-date date"},
	} {
		d, _, hasTime, rep, err := When(c.date, c.clock, false, time.UTC)
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
		if q, rep, err := Amount(schemas.NumberField(want)); err != nil || q != want || rep != None {
			t.Fatalf("number %v: got %v, %v, %v", want, q, rep, err)
		}
		digits, negative := strings.CutPrefix(want.String(), "-")
		texts := []string{" " + want.String() + "\t"}
		if negative {
			texts = append(texts, digits+"-", "\u2212"+digits, digits+"\u2212")
		}
		for _, text := range texts {
			if q, rep, err := Amount(schemas.TextField(text)); err != nil || q != want || rep != NumberText {
				t.Fatalf("text %q: got %v, %v, %v", text, q, rep, err)
			}
		}
	})
	for _, c := range []struct {
		field schemas.Field
		want  string
	}{
		{schemas.Field{}, MissingQuantity},
		{schemas.Field{Kind: schemas.Null}, MissingQuantity},
		{schemas.TextField(" "), MissingQuantity},
		{schemas.TextField("1,234"), BadQuantity},
		{schemas.TextField("12 pcs"), BadQuantity},
		{schemas.TextField("-100-"), BadQuantity},
		{schemas.TextField("+100-"), BadQuantity},
		{schemas.TextField("1e2-"), BadQuantity},
		{schemas.TextField("-"), BadQuantity},
		{schemas.TextField("1-2"), BadQuantity},
		{schemas.TextField("1\u00a0234"), BadQuantity},
		{schemas.TextField("１２"), BadQuantity},
		{schemas.TextField("NaN"), BadQuantity},
		{schemas.TextField("0x10"), BadQuantity},
		{schemas.TextField("1.0000001"), BadQuantity},
		{schemas.Field{Raw: "1e300", Kind: schemas.Number}, BadQuantity},
		{schemas.Field{Raw: "true", Kind: schemas.Bool}, BadQuantity},
		{schemas.Field{Raw: "[1]", Kind: schemas.Other}, BadQuantity},
	} {
		if q, rep, err := Amount(c.field); err == nil || err.Reason != c.want || err.Field != "quantity" || q != 0 || rep != None {
			t.Errorf("%+v: got %v, %v, %v, want %s", c.field, q, rep, err, c.want)
		}
	}
}

func TestSKUs(t *testing.T) {
	for _, c := range []struct {
		field schemas.Field
		sku   string
		rep   Kind
		want  string
	}{
		{schemas.TextField("SKU-001"), "SKU-001", None, ""},
		{schemas.TextField(" sku-001 "), "SKU-001", SKUForm, ""},
		{schemas.TextField("\ufeffSKU-001"), "SKU-001", SKUForm, ""},
		{schemas.TextField("\u00a0SKU-001\u200b\u3000"), "SKU-001", SKUForm, ""},
		{schemas.TextField("ＳＫＵ-1"), "ＳＫＵ-1", None, ""},
		{schemas.TextField("A\u200bB"), "", None, BadSKU},
		{schemas.TextField("\ufeff \u200b"), "", None, MissingSKU},
		{schemas.Field{Raw: "22423", Kind: schemas.Number}, "22423", None, ""},
		{schemas.Field{}, "", None, MissingSKU},
		{schemas.TextField("\t "), "", None, MissingSKU},
		{schemas.TextField("A\x00B"), "", None, BadSKU},
		{schemas.TextField(strings.Repeat("X", 201)), "", None, BadSKU},
		{schemas.Field{Raw: "{}", Kind: schemas.Other}, "", None, BadSKU},
	} {
		sku, rep, err := SKU(c.field)
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
		kinds := rapid.SliceOf(rapid.Map(rapid.Uint8Range(0, uint8(kinds)-1), func(k uint8) Kind { return Kind(k) })).Draw(t, "kinds")
		var set Set
		for _, k := range kinds {
			set.Add(k)
		}
		want := slices.Compact(slices.Sorted(slices.Values(slices.DeleteFunc(kinds, func(k Kind) bool { return k == None }))))
		if got := slices.Collect(set.All()); !slices.Equal(got, want) {
			t.Fatalf("got %v, want %v", got, want)
		}
	})
}

// No text whatever breaks a reader, and what is read lies within the years that a message may name.
func FuzzDay(f *testing.F) {
	for _, s := range []string{"2024-01-31", "31/01/2024", "2024.01.31", "20240131", "2024-01-31T10:00:00.5+05:30", "Dec 31st 23", "//", "..", "1/1/1"} {
		f.Add(s, false)
	}
	f.Fuzz(func(t *testing.T, s string, dmy bool) {
		d, _, _, _, err := Day(s, dmy, time.UTC)
		if err == nil && (d < schemas.MinDate || d > schemas.MaxDate) {
			t.Fatalf("%q is read as %v", s, d)
		}
		if err != nil && reason(err) == "" {
			t.Fatalf("%q: %v has no reason", s, err)
		}
	})
}

// certainDate is every form that is read, and no other.
var certainDate = regexp.MustCompile(`^(\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d([.,]\d+)?)?(Z|z|[+-]\d\d:?\d\d)?)?|\d{4}[./]\d\d[./]\d\d|\d{8}|\d{1,2}/\d{1,2}/\d{4})$`)

// certainText is a month's name with a day and, first or last, a year of four digits.
var certainText = regexp.MustCompile(`^(?i)[ ,./-]*(\d{1,2}(st|nd|rd|th)?[ ,./-]+(dec|march)[ ,./-]+\d{4}|(dec|march)[ ,./-]+\d{1,2}(st|nd|rd|th)?[ ,./-]+\d{4}|\d{4}[ ,./-]+(dec|march)[ ,./-]+\d{1,2}(st|nd|rd|th)?|\d{4}[ ,./-]+\d{1,2}(st|nd|rd|th)?[ ,./-]+(dec|march))[ ,./-]*$`)

// Whatever stands in a date, it is read only where it has one certain meaning.
func TestUncertainDatesAreNeverRepaired(t *testing.T) {
	part := rapid.OneOf(
		rapid.Map(rapid.IntRange(0, 40), func(n int) string { return fmt.Sprintf("%02d", n) }),
		rapid.Map(rapid.IntRange(0, 40), strconv.Itoa), rapid.Map(rapid.IntRange(1890, 2210), strconv.Itoa),
		rapid.SampledFrom([]string{"Dec", "march", "31st", "2nd", "T10:00", " 10:15:30", "Z", "+02:00", "45291", "1703980800000", ""}))
	between := rapid.SampledFrom([]string{"/", "-", ".", " ", "", ", "})
	rapid.Check(t, func(t *rapid.T) {
		text, dmy := "", rapid.Bool().Draw(t, "dmy")
		for i := range rapid.IntRange(1, 4).Draw(t, "parts") {
			if i > 0 {
				text += between.Draw(t, "between")
			}
			text += part.Draw(t, "part")
		}
		d, _, _, rep, err := Day(text, dmy, time.UTC)
		if err != nil {
			return
		}
		if text := strings.TrimSpace(text); !certainDate.MatchString(text) && !certainText.MatchString(text) {
			t.Fatalf("%q is read as %v (%v)", text, d, rep)
		}
		if _, _, day := d.Civil(); rep == DMY && !dmy && day <= 12 {
			t.Fatalf("%q is read as %v, but nobody has declared the order of the feed", text, d)
		}
	})
}

// The day that was meant is among the readings of every form that people and programs write.
func TestReadingsHoldWhatWasMeant(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := schemas.Date(rapid.Int32Range(10957, 36000).Draw(t, "day")) // 2000 to 2068
		year, month, day := want.Civil()
		at := want.Time(time.UTC).Add(10*time.Hour + 15*time.Minute)
		for _, text := range []string{
			at.Format("02/01/2006"), at.Format("2/1/2006"), at.Format("01/02/2006"), at.Format("02/01/06"), at.Format("01-02-06"),
			at.Format("02.01.2006"), at.Format("02-01-2006"), at.Format("06/01/02"), at.Format("2006/1/2"),
			at.Format("02/01/2006 15:04"), at.Format("1/2/2006 15:04:05"), at.Format("Jan 2, 2006"), at.Format("2-Jan-2006"), at.Format("2 January 06"),
			fmt.Sprintf("%s %dth %02d", month.String()[:3], day, year%100), at.Format("02012006"), at.Format("01022006"),
			strconv.Itoa(int(want) + 25569), fmt.Sprintf("%d.427", int(want)+25569), strconv.FormatInt(at.Unix(), 10), strconv.FormatInt(at.UnixMilli(), 10),
		} {
			if d, _, _, _, err := Day(text, false, time.UTC); err == nil && d == want {
				continue
			}
			readings := Readings(text)
			if !slices.ContainsFunc(readings, func(r Reading) bool { return r.Date == want }) {
				t.Fatalf("%q: %v is not among %v", text, want, readings)
			}
		}
	})
	for text, want := range map[string][]string{
		"Dec 31st 23":      {"2023-12-31"},
		"03/04/24":         {"2024-04-03", "2024-03-04", "2003-04-24"},
		"31/12/23":         {"2023-12-31", "2031-12-23"},
		"05/05/2024":       {"2024-05-05"},
		"12/31/2023 10:15": {"2023-12-31T10:15"},
		"45291":            {"2023-12-31"},
		"1703980800000":    {"2023-12-31T00:00:00Z"},
		"23 Dec 31":        {"2031-12-23", "2023-12-31"},
		"yesterday":        nil,
		"99/99/99":         nil,
		"":                 nil,
	} {
		var got []string
		for _, r := range Readings(text) {
			got = append(got, r.Text)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// No text breaks the readers of quantities and SKUs, nor the list of readings; what is read is in range, and
// what a reading proposes is certain.
func FuzzFields(f *testing.F) {
	for _, s := range []string{"12", "100-", "\u2212.5", "1e9", "1,5", " a-1\u200b", "\xff", "A\x00", "31/12/23 10:15", "Dec 31st 23", "45291.5", "1703980800000"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if q, _, err := Amount(schemas.TextField(s)); err == nil && (q > schemas.MaxQuantity || q < -schemas.MaxQuantity) {
			t.Fatalf("%q is read as %v", s, q)
		}
		if sku, _, err := SKU(schemas.TextField(s)); err == nil {
			if again, rep, err := SKU(schemas.TextField(sku)); err != nil || again != sku || rep != None {
				t.Fatalf("%q is read as %q, that as %q (%v, %v)", s, sku, again, rep, err)
			}
		}
		for _, r := range Readings(s) {
			if d, _, _, _, err := Day(r.Text, false, time.UTC); err != nil || d != r.Date {
				t.Fatalf("%q may be %v, written %q, which is read as %v (%v)", s, r.Date, r.Text, d, err)
			}
		}
	})
}
