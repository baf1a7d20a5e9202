package stream

import (
	"math"
	"slices"

	"drumbeat/schemas"
)

// A sale is judged again when so many later sales of the SKU are known. The level is then the median of
// the next sales, at most reviseNext of them: a median bears errors among them.
const (
	reviseFirst  = 3
	reviseSecond = 7
	reviseLast   = 14
	reviseNext   = 7

	// suspicious is the score from which a sale that was not flagged is judged again, and the one that a
	// sale flagged when it came has to keep.
	suspicious = 3.5

	// medianVariance is the variance of a median of n draws, in units of the variance of their mean: π/2.
	medianVariance = 1.57
)

// judgedSale is a sale of a SKU's sequence with what the outlier rule thinks of it. The verdict is the one
// that it got when it came, but for Flag and Expected, which follow the revisions.
type judgedSale struct {
	verdict
	Day     schemas.Date
	Units   float64
	Cold    bool // judged before the SKU had coldSales sales: only revisions can tell
	Settled bool // believed as a new level, and never judged again
}

// revise takes into account that the last of sales has come: it settles the sales that it makes believed
// and judges those again that now have 3, 7 or 14 later sales (step 6 of the rule). It reads the filter's
// present dispersion and weekday effects and changes nothing but sales, of which it needs the last
// reviseLast+1. It returns the indexes of the sales whose Flag has changed.
func (f *sizeFilter) revise(sales []judgedSale) (changed []int) {
	newest := len(sales) - 1
	set := func(i int, flag bool) {
		if sales[i].Flag != flag {
			sales[i].Flag = flag
			changed = append(changed, i)
		}
	}
	if sales[newest].Believed {
		for i := max(0, newest-2); i <= newest; i++ {
			sales[i].Settled, sales[i].Low = true, false
			set(i, false)
		}
	}
	for _, later := range [...]int{reviseFirst, reviseSecond, reviseLast} {
		i := newest - later
		if i < 0 || sales[i].Settled {
			continue
		}
		s := &sales[i]
		forward := s.Score > suspicious && s.Ratio > grossRatio
		if !s.Flag && !s.Cold && !forward {
			continue
		}
		next := sales[i+1 : i+1+min(later, reviseNext)]
		expected, score, ratio := f.hindsight(s, next)
		gross := score > grossScore && ratio > grossRatio
		flag := gross
		if !s.Cold {
			surprising := s.Flag || s.Score > grossScore && s.Ratio > grossRatio
			flag = surprising && score > suspicious && ratio > grossRatio || gross && forward
		}
		if flag && !s.Flag {
			s.Expected = expected
		}
		set(i, flag)
	}
	return changed
}

// hindsight scores a sale against the median of the sales after it, which is as many days away as the
// level may have drifted in meanwhile.
func (f *sizeFilter) hindsight(s *judgedSale, next []judgedSale) (expected, z, ratio float64) {
	var scratch [reviseNext]float64
	logs := scratch[:0]
	for i := range next {
		logs = append(logs, math.Log(next[i].Units)-float64(f.weekday[next[i].Day.Weekday()]))
	}
	slices.Sort(logs)
	n := len(logs)
	middle := (logs[(n-1)/2] + logs[n/2]) / 2
	expected = max(math.Exp(middle+float64(f.weekday[s.Day.Weekday()])), leastMean)
	phi := math.Exp(float64(f.logPhi))
	days := float64(next[n-1].Day - s.Day)
	spread := medianVariance*phi/float64(n) + levelDrift*levelDrift*days/2
	return expected, residual(s.Units, expected, phi+spread), (s.Units + 1) / (expected + 1)
}
