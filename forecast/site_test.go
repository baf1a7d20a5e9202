package forecast_test

import (
	"errors"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"drumbeat/forecast"
)

// inOrder and backwards run the calls of FitSite one after the other.
func inOrder(n int, f func(int)) error {
	for i := range n {
		f(i)
	}
	return nil
}

func backwards(n int, f func(int)) error {
	for i := range n {
		f(n - 1 - i)
	}
	return nil
}

// A site's forecasts do not depend on the order in which its series are fitted; those of one series alone are Fit's.
func TestFitSite(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := forecast.Config{Season: rapid.SampledFrom([]int{1, 7, 12}).Draw(t, "season"), Horizon: 6}
		value := rapid.OneOf(rapid.Just(0.), rapid.Just(math.NaN()), rapid.Map(rapid.IntRange(-3, 30), func(i int) float64 { return float64(i) }))
		site := make([]forecast.Series, rapid.IntRange(1, 5).Draw(t, "series"))
		for i := range site {
			site[i].Y = rapid.SliceOfN(value, 0, 80).Draw(t, "y")
		}
		a, err := forecast.FitSite(c, site, inOrder)
		b, bad := forecast.FitSite(c, site, backwards)
		if err := errors.Join(err, bad); err != nil {
			t.Fatal(err)
		}
		for i := range site {
			if x, y := means(a[i]), means(b[i]); !slices.Equal(x, y) {
				t.Fatalf("series %d: %v in order, %v backwards", i, x, y)
			}
		}
		if len(site) == 1 {
			c.Real = slices.ContainsFunc(site[0].Y, func(v float64) bool { return v < 0 })
			if x, y := means(a[0]), means(forecast.Fit(c, site[0].Y)); !slices.Equal(x, y) {
				t.Fatalf("alone: %v, fitted %v", x, y)
			}
		}
	})
}

func means(m *forecast.Model) []float64 {
	var p forecast.Path
	m.Forecast(&p, 6)
	return p.Mean
}

func TestFitSiteEnds(t *testing.T) {
	stop := errors.New("stop")
	if _, err := forecast.FitSite(forecast.Config{}, make([]forecast.Series, 2), func(int, func(int)) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("FitSite returned %v", err)
	}
}
