package console

import (
	"math"
	"net/url"
	"time"

	"drumbeat/cmd/drumbeat/internal/web/chart"
)

// moment is an instant as pages write it; the script adds how long ago it is.
func moment(t time.Time) string {
	if t.IsZero() {
		return chart.Missing
	}
	return t.UTC().Format("2006-01-02 15:04 UTC")
}

// instant is a cell of a time.
func instant(t time.Time) Cell {
	if t.IsZero() {
		return Cell{Text: chart.Missing, Class: "zero"}
	}
	return Cell{Text: t.UTC().Format("2006-01-02 15:04"), Raw: t.UTC().Format(time.RFC3339Nano), Time: true}
}

// plural is "1 period", "3 periods".
func plural(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return chart.Number(float64(n)) + " " + one + "s"
}

// at is an address of the console: /sites/SITE/view?key=value…
func at(site, view string, query ...string) string {
	a := "/sites/" + url.PathEscape(site)
	if view != "" {
		a += "/" + view
	}
	v := url.Values{}
	for i := 0; i+1 < len(query); i += 2 {
		if query[i+1] != "" {
			v.Set(query[i], query[i+1])
		}
	}
	if len(v) > 0 {
		a += "?" + v.Encode()
	}
	return a
}

func skuAddress(site, sku string) string { return at(site, "sku", "code", sku) }

// gap is a certificate's relative distance as a percentage.
func gap(v float64) string {
	if v != 0 && math.Abs(v) < 1e-4 {
		return "below 0.01 %"
	}
	return chart.Number(100*v) + " %"
}

// address is a page's own address with one value of its query changed; what a form said is dropped.
func address(self string, query url.Values, key, value string) string {
	v := url.Values{}
	for k, values := range query {
		if k != "csv" && k != "done" && k != "wrong" {
			v[k] = values
		}
	}
	v.Del(key)
	if value != "" {
		v.Set(key, value)
	}
	if len(v) == 0 {
		return self
	}
	return self + "?" + v.Encode()
}
