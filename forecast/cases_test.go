package forecast_test

import (
	"cmp"
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

// Limits of the scores on the public cases.
const (
	panelMean   = .975 // geometric mean of ours over the best peer's, of every column of every panel
	panelWorst  = 1.06
	singleMean  = 1.12
	singleWorst = 1.5 // six windows of one series: chance
)

func TestCases(t *testing.T) {
	if testing.Short() {
		t.Skip("reads whole data sets")
	}
	dir, names := caseDir(t)
	results, err := cases.ScoreAll(dir, names, forecast.Config{}, cases.Parallel)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("ratio to the best peer of each column\n%s", cases.Table(results))
	if os.Getenv("DRUMBEAT_CASES") != "" {
		return // the limits are of the public ones
	}
	if s := cases.Summarise(results, true); s.Sets == 0 || s.Mean > panelMean || s.Worst > panelWorst {
		t.Errorf("panels: mean %.4f, worst %.3f; want at most %.3f and %.2f", s.Mean, s.Worst, panelMean, panelWorst)
	}
	if s := cases.Summarise(results, false); s.Sets == 0 || s.Mean > singleMean || s.Worst > singleWorst {
		t.Errorf("single series: mean %.4f, worst %.3f; want at most %.2f and %.1f", s.Mean, s.Worst, singleMean, singleWorst)
	}
}
