package bench

import (
	"math"
	"testing"
)

// Two seeds within bounds that only a broken model or a broken cleaner misses; `drumbeat bench accuracy` has the goals.
func TestAccuracy(t *testing.T) {
	got := map[string]float64{}
	err := Accuracy(2)(t.Context(), func(r Row) { got[r.Case+" "+r.Metric] = r.Value })
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		figure    string
		low, high float64
	}{
		{"SKU-001, 2 seeds wape", 1, 8},
		{"SKU-001, 2 seeds bias", -5, 5},
		{"SKU-001, 2 seeds declared_wape", 1, 8},
		{"SKU-001, 2 seeds cover_80", 60, 100},
		{"SKU-002, 2 seeds wape", 15, 45},
		{"SKU-003, 2 seeds wape", 1, 15},
		{"SKU-003, 2 seeds wape_floor", 1, 4},
		{"SKU-001, goal wape", 2.8, 2.8},
	} {
		if v, ok := got[c.figure]; !ok || !(v >= c.low && v <= c.high) {
			t.Errorf("%s is %.3f, want %g to %g", c.figure, v, c.low, c.high)
		}
	}
}

func TestAccuracyNeedsSeeds(t *testing.T) {
	if err := Accuracy(0)(t.Context(), func(Row) {}); err == nil {
		t.Error("no seed, no error")
	}
}

func TestWAPE(t *testing.T) {
	f, y := [12]float64{3, 4, 0}, [12]float64{4, 2, 0, 2}
	if got, want := wape(f, y), 5./8; math.Abs(got-want) > 1e-12 {
		t.Errorf("WAPE %g, want %g", got, want)
	}
}
