package view

import (
	"fmt"
	"testing"

	"drumbeat/schemas"
)

// TestDiffOverRollOver: what has become an order as its period began has not moved; what is beyond that has.
func TestDiffOverRollOver(t *testing.T) {
	line := func(first int, figures ...[2]int) []Line { // production and receipts
		l := Line{Line: schemas.Line{SKU: "A"}}
		for i, f := range figures {
			l.Periods = append(l.Periods, schemas.LinePeriod{
				Period: fmt.Sprint("W", first+i), Production: schemas.Quantity(f[0]) * schemas.Unit, Receipts: schemas.Quantity(f[1]) * schemas.Unit,
			})
		}
		return []Line{l}
	}
	for _, c := range []struct {
		what          string
		before, after []Line
		want          string
	}{
		{"became an order", line(1, [2]int{0, 5}, [2]int{90, 0}, [2]int{80, 0}), line(2, [2]int{0, 90}, [2]int{80, 0}, [2]int{70, 0}), "0 [{A W4 0 70}]"},
		{"and less is planned", line(1, [2]int{0, 5}, [2]int{90, 0}, [2]int{80, 0}), line(2, [2]int{0, 60}, [2]int{80, 0}), "15 [{A W2 90 60}]"},
		{"without orders", line(1, [2]int{90, 0}, [2]int{50, 0}), line(1, [2]int{40, 0}, [2]int{100, 0}), "50 [{A W1 90 40} {A W2 50 100}]"},
	} {
		d := Diff{}
		d.compare(c.before, c.after)
		if got := fmt.Sprint(d.MovedUnits, " ", d.Moves); got != c.want {
			t.Errorf("%s: %s, want %s", c.what, got, c.want)
		}
	}
}
