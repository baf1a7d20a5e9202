package generate

import (
	"math"
	"testing"
)

// Over many sets, sales of a day average to what is expected of it, in each month and in the week of Black Friday.
func TestExpected(t *testing.T) {
	const sets = 30
	type cell struct {
		sku    string
		month  int
		friday bool
	}
	type sums struct{ n, sold, squares, expected float64 }
	cells := map[cell]*sums{}
	for seed := range uint64(sets) {
		for _, r := range ThreeSKU(seed) {
			at := cell{r.SKU, int(r.Date.Month()), friday(r.Date)}
			s := cells[at]
			if s == nil {
				s = &sums{}
				cells[at] = s
			}
			e := Expected(r.SKU, r.Date)
			s.n++
			s.sold += float64(r.Quantity)
			s.squares += (float64(r.Quantity) - e) * (float64(r.Quantity) - e)
			s.expected += e
		}
	}
	if len(cells) != 39 {
		t.Fatalf("%d cells, want three SKUs in twelve months and a week", len(cells))
	}
	for at, s := range cells {
		// Five standard errors; rounding shifts a mean by less than .05.
		if off := math.Abs(s.sold-s.expected) / s.n; off > 5*math.Sqrt(s.squares)/s.n+.05 {
			t.Errorf("%+v: %.3f sold a day, %.3f expected", at, s.sold/s.n, s.expected/s.n)
		}
	}
}
