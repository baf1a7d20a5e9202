package cases

import (
	"math"

	"drumbeat/forecast"
)

// loss is what one window costs.
type loss struct {
	mase, square              float64 // scaled; NaN: the history has no scale
	volume, surplus, pinballs float64
	in80, in95                float64
	sum, sumError, sumPinball float64
	sumCovered                float64
	bad                       bool
}

func pinball(y, q, p float64) float64 {
	if y >= q {
		return p * (y - q)
	}
	return (1 - p) * (q - y)
}

// Quantiles of the normal distribution at .9, .95 and .975.
const (
	z90  = 1.2815515655
	z95  = 1.6448536270
	z975 = 1.9599639845
)

// judge compares a path, and the mean and the .95 quantile of the sum over the lead time, with what followed.
func (s *Set) judge(w Window, path *forecast.Path, mean, q95 float64) (l loss) {
	x := &s.Series[w.Series]
	past, future := x.Y[:w.Known], x.Y[w.Known:w.Known+s.Horizon]
	floor := math.Inf(-1)
	if s.NonNegative {
		floor = 0
	}
	within := func(y, low, high float64) float64 {
		if y >= low && y <= high {
			return 1
		}
		return 0
	}
	h := float64(s.Horizon)
	one, two := 0.0, 0.0
	for k, y := range future {
		expected, median := max(path.Mean[k], floor), max(path.Median[k], floor)
		lo80, hi80 := max(path.Lo80[k], floor), max(path.Hi80[k], floor)
		lo95, hi95 := max(path.Lo95[k], floor), max(path.Hi95[k], floor)
		for _, v := range []float64{expected, median, lo80, hi80, lo95, hi95} {
			l.bad = l.bad || math.IsNaN(v) || math.IsInf(v, 0)
		}
		upper := hi80 + (hi95-hi80)*(z95-z90)/(z975-z90)
		e := y - expected
		one += math.Abs(e)
		two += e * e
		l.volume += math.Abs(y)
		l.surplus -= e
		l.pinballs += 2 * (pinball(y, lo80, .1) + pinball(y, median, .5) + pinball(y, hi80, .9) + pinball(y, upper, .95)) / 4
		l.in80 += within(y, lo80, hi80) / h
		l.in95 += within(y, lo95, hi95) / h
	}
	l.mase = one / h / naiveError(past, s.ScaleLag)
	l.square = two / h / naiveSquare(past)
	sum := 0.0
	for _, y := range future[:w.Lead] {
		sum += y
	}
	l.bad = l.bad || math.IsNaN(mean+q95) || math.IsInf(mean+q95, 0)
	l.sum, l.sumError, l.sumPinball = math.Abs(sum), math.Abs(sum-mean), 2*pinball(sum, max(q95, floor), .95)
	if sum <= q95 {
		l.sumCovered = 1
	}
	return l
}

// naiveError is the mean |y_t - y_(t-lag)|, NaN where there is none.
func naiveError(y []float64, lag int) float64 {
	sum := 0.0
	for i := lag; i < len(y); i++ {
		sum += math.Abs(y[i] - y[i-lag])
	}
	return positive(sum / float64(len(y)-lag))
}

// naiveSquare is the mean (y_t - y_(t-1))² from the first sale on, NaN where there is none.
func naiveSquare(y []float64) float64 {
	for i := range y {
		if y[i] != 0 {
			y = y[i:]
			break
		}
	}
	sum := 0.0
	for i := 1; i < len(y); i++ {
		sum += (y[i] - y[i-1]) * (y[i] - y[i-1])
	}
	return positive(sum / float64(len(y)-1))
}

func positive(x float64) float64 {
	if x > 0 && !math.IsInf(x, 0) {
		return x
	}
	return math.NaN()
}

// tally adds the losses of windows up.
type tally struct {
	loss
	n, scaled, squared float64
}

func (t *tally) add(l *loss) {
	t.n++
	if l.mase == l.mase {
		t.mase += l.mase
		t.scaled++
	}
	if l.square == l.square {
		t.square += l.square
		t.squared++
	}
	t.volume += l.volume
	t.surplus += l.surplus
	t.pinballs += l.pinballs
	t.in80 += l.in80
	t.in95 += l.in95
	t.sum += l.sum
	t.sumError += l.sumError
	t.sumPinball += l.sumPinball
	t.sumCovered += l.sumCovered
}

func (t *tally) scores() Scores {
	return Scores{
		Model: "drumbeat", Windows: int(t.n),
		MASE: t.mase / t.scaled, PRMSSE: math.Sqrt(t.square / t.squared),
		WQL: t.pinballs / t.volume, Bias: t.surplus / t.volume, C80: t.in80 / t.n, C95: t.in95 / t.n,
		CWAPE: t.sumError / t.sum, CPB95: t.sumPinball / t.sum, CCov: t.sumCovered / t.n,
	}
}
