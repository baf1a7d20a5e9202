package cases

import (
	"math"
	"slices"
	"testing"

	"drumbeat/forecast"
)

const public = "../../../shared/forecast_cases"

// The references' scores come from other code: what Zero and HistAvg scored there, they score here.
func TestScoresOfKnownForecasts(t *testing.T) {
	names, err := Names(public)
	if err != nil {
		t.Skipf("the cases are not here: %v", err)
	}
	compared := 0
	for _, name := range names {
		set, err := Read(public, name)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			peer     string
			constant func(past []float64) float64
			widths   bool // the reference's intervals are known, too
		}{
			{"Zero", func([]float64) float64 { return 0 }, true},
			{"HistAvg", mean, false},
		} {
			i := slices.IndexFunc(set.Peers, func(x Scores) bool { return x.Model == c.peer })
			if i < 0 || set.Peers[i].Windows != len(set.Windows) {
				continue
			}
			want := set.Peers[i]
			losses := make([]loss, len(set.Windows))
			for j, w := range set.Windows {
				f := c.constant(set.Series[w.Series].Y[:w.Known])
				x := slices.Repeat([]float64{f}, set.Horizon)
				losses[j] = set.judge(w, &forecast.Path{Mean: x, Median: x, Lo80: x, Hi80: x, Lo95: x, Hi95: x}, f*float64(w.Lead), f*float64(w.Lead))
			}
			got, err := set.total(losses)
			if err != nil {
				t.Fatal(err)
			}
			columns := map[string][2]float64{"MASE": {got.MASE, want.MASE}, "pRMSSE": {got.PRMSSE, want.PRMSSE}, "bias": {got.Bias, want.Bias}, "cWAPE": {got.CWAPE, want.CWAPE}}
			if c.widths {
				columns["wQL"], columns["cPB95"], columns["cCov"] = [2]float64{got.WQL, want.WQL}, [2]float64{got.CPB95, want.CPB95}, [2]float64{got.CCov, want.CCov}
				columns["c80"], columns["c95"] = [2]float64{got.C80, want.C80}, [2]float64{got.C95, want.C95}
			}
			for column, v := range columns {
				if !(math.Abs(v[0]-v[1]) <= 1e-5*math.Abs(v[1])) {
					t.Errorf("%s: %s of %s is %.8f, the reference says %.8f", name, column, c.peer, v[0], v[1])
				}
				compared++
			}
		}
	}
	if compared < 40 {
		t.Errorf("only %d figures compared", compared)
	}
}

func mean(y []float64) float64 {
	sum := 0.0
	for _, v := range y {
		sum += v
	}
	return sum / float64(len(y))
}

func TestSummarise(t *testing.T) {
	panel := &Set{Series: make([]Series, 2)}
	single := &Set{Series: make([]Series, 1)}
	results := []Result{{Set: panel, Ratio: [4]float64{.5, 2, .5, 2}}, {Set: single, Ratio: [4]float64{4, 1, 1, 1}}, {Set: panel, Ratio: [4]float64{1, 1, 1, 1}}}
	if s := Summarise(results, Panels); s != (Summary{Sets: 2, Columns: 8, Won: 6, Mean: 1, Worst: 2}) {
		t.Errorf("panels: %+v", s)
	}
	if s := Summarise(results, Singles); s.Sets != 1 || s.Won != 3 || s.Worst != 4 || math.Abs(s.Mean-math.Sqrt2) > 1e-12 {
		t.Errorf("single series: %+v", s)
	}
}
