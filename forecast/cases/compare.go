package cases

import (
	"fmt"
	"math"
	"strings"
)

// Scores judge a model on a set. Lower is better, except of coverage.
type Scores struct {
	Model   string
	Windows int
	// MASE is the mean over windows of the mean |error|, scaled by the known history's mean |y_t - y_(t-lag)|.
	MASE float64
	// PRMSSE is the root of the mean over windows of the mean squared error, scaled by the mean (y_t - y_(t-1))²
	// from the first sale on. It stands for MASE where most buckets are zero, for there a forecast of zero wins MASE.
	PRMSSE float64
	// WQL is the mean of 2 x pinball loss at .1, .5, .9 and .95, divided by the volume.
	WQL float64
	// Bias is the surplus of the forecast over the volume.
	Bias float64
	// C80 and C95 are the shares of buckets within the intervals.
	C80, C95 float64
	// CWAPE is the |error| of the demand summed over the lead time, divided by the volume.
	CWAPE float64
	// CPB95 is 2 x pinball loss of the .95 quantile of that sum, divided by the volume: what safety stock costs.
	CPB95 float64
	// CCov is the share of sums at or below that quantile.
	CCov float64
}

// columns are the four scores by which models are ranked.
func (x *Scores) columns(intermittent bool) [4]float64 {
	first := x.MASE
	if intermittent {
		first = x.PRMSSE
	}
	return [4]float64{first, x.WQL, x.CWAPE, x.CPB95}
}

// Result is a set with our scores.
type Result struct {
	Set    *Set
	Scores Scores
	// Ratio is each of the scores by which models are ranked over the best peer's: a peer that ran on all windows, the best of
	// the column.
	Ratio [4]float64
}

// Compare puts scores beside the best peers.
func (s *Set) Compare(ours Scores) Result {
	r := Result{Set: s, Scores: ours}
	mine := ours.columns(s.Intermittent)
	for i := range r.Ratio {
		best := math.Inf(1)
		for _, p := range s.Peers {
			if p.Windows == ours.Windows {
				if x := p.columns(s.Intermittent)[i]; x < best {
					best = x
				}
			}
		}
		r.Ratio[i] = mine[i] / best
	}
	return r
}

// Group is a kind of sets.
type Group struct {
	Name string
	In   func(*Set) bool
}

// The groups whose ratios are summarised.
var (
	Panels       = Group{"panels", (*Set).Panel}
	Intermittent = Group{"intermittent panels", func(s *Set) bool { return s.Panel() && s.Intermittent }}
	Smooth       = Group{"smooth panels", func(s *Set) bool { return s.Panel() && !s.Intermittent }}
	Singles      = Group{"single series", func(s *Set) bool { return !s.Panel() }}
)

// Summary is the geometric mean and the worst of the ratios of some sets, and the number of columns won.
type Summary struct {
	Sets, Columns, Won int
	Mean, Worst        float64
}

// Summarise joins the ratios of a group.
func Summarise(results []Result, g Group) Summary {
	var s Summary
	logs := 0.0
	for _, r := range results {
		if !g.In(r.Set) {
			continue
		}
		s.Sets++
		for _, x := range r.Ratio {
			s.Columns++
			logs += math.Log(x)
			s.Worst = max(s.Worst, x)
			if x <= 1 {
				s.Won++
			}
		}
	}
	if s.Columns > 0 {
		s.Mean = math.Exp(logs / float64(s.Columns))
	}
	return s
}

// Table draws results as text. MASE* is pRMSSE where a set is judged by that.
func Table(results []Result) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-14s %8s %7s %7s %7s %7s %8s %6s %6s %6s\n", "set", "windows", "MASE*", "wQL", "cWAPE", "cPB95", "bias", "c80", "c95", "cCov")
	for _, r := range results {
		x := r.Scores
		fmt.Fprintf(&b, "%-14s %8d %7.4f %7.4f %7.4f %7.4f %+8.4f %6.4f %6.4f %6.4f\n", r.Set.Name, x.Windows,
			r.Ratio[0], r.Ratio[1], r.Ratio[2], r.Ratio[3], x.Bias, x.C80, x.C95, x.CCov)
	}
	for _, g := range []Group{Panels, Intermittent, Smooth, Singles} {
		if s := Summarise(results, g); s.Sets > 0 {
			fmt.Fprintf(&b, "%s: %d sets, geometric mean %.4f, columns won %d of %d, worst %.3f\n", g.Name, s.Sets, s.Mean, s.Won, s.Columns, s.Worst)
		}
	}
	return b.String()
}
