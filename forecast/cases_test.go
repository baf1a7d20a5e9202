package forecast_test

import (
	"cmp"
	"math"
	"os"
	"testing"

	"drumbeat/forecast"
	"drumbeat/forecast/cases"
)

// caseDir is where the cases lie; DRUMBEAT_CASES names others of the same format.
func caseDir(t *testing.T) (dir string, names []string) {
	t.Helper()
	dir = cmp.Or(os.Getenv("DRUMBEAT_CASES"), "../../shared/forecast_cases")
	names, err := cases.Names(dir)
	if err != nil {
		t.Skipf("the cases are not here: %v", err)
	}
	return dir, names
}

// Limits of the scores on the public cases: ours over the best peer's, of every column of every set.
const (
	panelMean  = .975 // geometric mean
	panelWorst = 1.06
	singleMean = 1.12 // of all columns: one column of a handful of windows is chance
)

// Limits of intervals and means, on panels.
const (
	near80, near95, nearSum = .03, .02, .03 // distance from the nominal .80, .95 and, of sums, .95
	nearMean                = .10           // bias
	dying                   = .7            // demand judged over demand known, below which no mean can be held to nearMean
)

func TestCases(t *testing.T) {
	if testing.Short() {
		t.Skip("reads whole data sets")
	}
	dir, names := caseDir(t)
	results, err := cases.ScoreAll(dir, names, forecast.Config{}, forecast.OnAllCores(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("ratio to the best peer of each column\n%s", cases.Table(results))
	if os.Getenv("DRUMBEAT_CASES") != "" {
		return // the limits are those of the public cases
	}
	if s := cases.Summarise(results, cases.Panels); s.Sets == 0 || s.Mean > panelMean || s.Worst > panelWorst {
		t.Errorf("panels: mean %.4f, worst %.3f; want at most %.3f and %.2f", s.Mean, s.Worst, panelMean, panelWorst)
	}
	if s := cases.Summarise(results, cases.Singles); s.Sets == 0 || s.Mean > singleMean {
		t.Errorf("single series: mean %.4f, want at most %.2f", s.Mean, singleMean)
	}
	for i := range results {
		checkIntervals(t, &results[i])
	}
}

// checkIntervals holds the intervals of a panel to their nominal coverage. Whole numbers that are often zero cannot meet
// it exactly: their intervals may cover more, not less.
func checkIntervals(t *testing.T, r *cases.Result) {
	t.Helper()
	if !r.Set.Panel() {
		return
	}
	for _, c := range []struct {
		name               string
		got, nominal, near float64
	}{
		{"steps within the 80 % interval", r.Scores.C80, .80, near80},
		{"steps within the 95 % interval", r.Scores.C95, .95, near95},
		{"sums below their 95 % quantile", r.Scores.CCov, .95, nearSum},
	} {
		if c.got < c.nominal-c.near || c.got > c.nominal+c.near && !r.Set.Intermittent {
			t.Errorf("%s: %.3f of the %s, want %.2f ± %.2f", r.Set.Name, c.got, c.name, c.nominal, c.near)
		}
	}
	if trend := r.Set.Trend(); trend > dying && math.Abs(r.Scores.Bias) > nearMean {
		t.Errorf("%s: bias %+.3f, want at most %.2f either way (trend %.2f)", r.Set.Name, r.Scores.Bias, nearMean, trend)
	}
}
