package stream_test

import (
	"fmt"
	"strings"
	"testing"

	"drumbeat/schemas"
	"drumbeat/stream"
)

// TestBadInput sends the corpus of spoiled records through the Processor, one site a record: each has its stated
// outcome, nothing panics, and the sale behind it counts as if it had not been there.
func TestBadInput(t *testing.T) {
	const kept, flagged = "kept", "flagged"
	day := day0.String()
	sale := func(data string) string {
		return `{"specversion":"1.0","id":"bad","source":"/erp","type":"drumbeat.sale.v1","data":{` + data + `}}`
	}
	of := func(quantity string) string {
		return sale(`"sku":"A","quantity":` + quantity + `,"date":"` + day + `"`)
	}
	on := func(date string) string { return sale(`"sku":"A","quantity":1,"date":"` + date + `"`) }
	at := func(time string) string { return sale(`"sku":"A","quantity":1,"time":"` + time + `"`) }
	named := func(sku string) string { return sale(`"sku":"` + sku + `","quantity":1,"date":"` + day + `"`) }
	good := of("1")
	for _, c := range []struct{ name, value, outcome string }{
		{"truncated", good[:len(good)-9], "not-json"},
		{"NaN", of("NaN"), "not-json"},
		{"NaN as text", of(`"NaN"`), "bad-quantity"},
		{"1e308", of("1e308"), "bad-quantity"},
		{"beyond every number", of("1e99999"), "bad-quantity"},
		{"negative zero", of("-0"), kept}, // zero: sells nothing,
		{"ten megabytes of text", named(strings.Repeat("x", 10<<20)), "too-large"},
		{"deep nesting", sale(`"x":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000)), "too-deep"},
		{"quantity a list", of("[1]"), "bad-quantity"},
		{"quantity true", of("true"), "bad-quantity"},
		{"SKU a number", sale(`"sku":85123,"quantity":1,"date":"` + day + `"`), kept},
		{"SKU an object", sale(`"sku":{},"quantity":1,"date":"` + day + `"`), "bad-sku"},
		{"invalid UTF-8", named("\xff"), "not-json"},
		{"year 0000", on("0000-01-01"), "bad-date"},
		{"year 9999", on("9999-12-31"), "bad-date"},
		{"a leap day", on("2024-02-29"), kept},
		{"29 February of a year without", on("2025-02-29"), "bad-date"},
		{"an hour that the clock skips", at("2025-03-30T02:30:00"), kept},
		{"an hour that comes twice", at("2025-10-26T02:30:00"), kept},
		{"a leap second", at("2016-12-31T23:59:60Z"), "bad-date"},
		{"a month ahead", on((day0 + 40).String()), flagged},
		{"SKU with a slash", named("A/B"), kept},
		{"SKU with a NUL", named(`A\u0000`), "bad-sku"},
		{"SKU of blanks", named("  "), "missing-sku"},
		{"SKU with markup", named("<script>"), kept},
		{"site that cannot be", strings.Replace(good, `"id"`, `"site":"../x","id"`, 1), "bad-site"},
		{"a site never heard of", strings.Replace(good, `"id"`, `"site":"another","id"`, 1), kept},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := settings()
			s.TimeZone = "Europe/Madrid"
			b := newBench(t, stream.Config{DefaultSite: "plant", Settings: s, PlanEvery: "end"})
			b.take(b.sold("K", 5, day0), b.raw([]byte(c.value)), b.sold("K", 7, day0))
			b.end()
			got := kept
			switch {
			case len(b.letters) > 1:
				got = fmt.Sprint(len(b.letters), " dead letters")
			case len(b.letters) == 1:
				got = b.letters[0].Reason
				if !strings.HasPrefix(c.value, string(b.letters[0].Value[:min(len(b.letters[0].Value), 20)])) {
					t.Errorf("the dead letter is not the record: %.80q", b.letters[0].Value)
				}
			case b.audit.Flagged > 0:
				got = flagged
			}
			if got != c.outcome {
				t.Errorf("%s, want %s (%+v)", got, c.outcome, b.audit)
			}
			if a := b.audit; a.Read != a.Kept+a.Flagged+a.Rejected+a.Duplicate {
				t.Errorf("the counters do not add up: %+v", a)
			}
			if q := b.sales["K "+day].Quantity; q != 12*schemas.Unit {
				t.Errorf("%v of K are counted, 12 were sold", q)
			}
		})
	}
}
