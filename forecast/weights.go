package forecast

import "math"

// losses are the discounted past losses of every expert, and the weights that follow from them.
//
// An expert is charged, at the end of every block, with its steps in the block as it saw them one block ago, and with
// the sum over the horizon that ends there, where the forecast was its own; the second is what stock depends on, the first is known sooner. Relative to
// the mean of the experts that may speak,
//
//	ℓ_e = log( (1-c) S_e/S̄ + c C_e/C̄ + .001 ),    w_e ∝ exp(-P n/(n+20) ℓ_e)
//
// with n the discounted number of buckets judged. Counts: squared losses, c → 1 (single buckets are noise), P small,
// since one series hardly separates its experts (see Prior); continuous: absolute losses, c → .8, P large. Experts below 5 % of
// the best are dropped. An expert that needs a season or two of data before its first forecast, or that may speak since the
// kind of the series has changed, enters with half a horizon of losses 1.5 times those of the plain mean: it has to earn
// its weight. Source: the polynomially weighted average of Cesa-Bianchi and Lugosi (2006), with discounting;
// the constants are from experiments on public series (DESIGN.md).
type losses struct {
	stride   int
	discount float64   // a block
	paths    []float64 // every expert's steps for the open block
	one, two []float64 // Σ|e|, Σe² of steps
	sumOne   []float64 // the same of sums
	sumTwo   []float64
	n, sumN  []float64 // discounted numbers of buckets and of sums judged, by expert
	ready    []bool    // the newest forecast was the expert's own
}

const (
	lossMemory     = 120 // buckets: discount 1-1/120 a bucket
	lossTrust      = 20  // buckets after which losses have half their say
	lossFloor      = .001
	entryFee       = 1.5 // losses of a newcomer, relative to the plain mean's
	weightFloor    = .05
	countPower     = 8
	smoothPower    = 10
	countSumShare  = 1
	smoothSumShare = .7
)

func newLosses(experts, stride int) losses {
	x := make([]float64, (6+stride)*experts)
	next := func(n int) []float64 {
		y := x[:n:n]
		x = x[n:]
		return y
	}
	return losses{stride: stride, discount: math.Pow(1-1./lossMemory, float64(stride)), n: next(experts), sumN: next(experts), ready: make([]bool, experts), one: next(experts), two: next(experts), sumOne: next(experts), sumTwo: next(experts), paths: next(stride * experts)}
}

// path is where the steps of expert i for the next block are kept.
func (l *losses) path(i int) []float64 { return l.paths[i*l.stride : (i+1)*l.stride] }

// steps charges every expert with the block y.
func (l *losses) steps(y []float64) {
	seen := 0
	for _, v := range y {
		if v == v {
			seen++
		}
	}
	for i := range l.one {
		if !l.ready[i] {
			continue
		}
		one, two := 0.0, 0.0
		p := l.path(i)
		for k, v := range y {
			if v == v {
				e := v - p[k]
				one += math.Abs(e)
				two += e * e
			}
		}
		d := l.discount
		l.n[i] = d*l.n[i] + float64(seen)
		l.sumN[i] *= d
		l.one[i] = d*l.one[i] + one
		l.two[i] = d*l.two[i] + two
		l.sumOne[i] *= d
		l.sumTwo[i] *= d
	}
}

// enter admits expert i, which has made a forecast again, or for the first time.
func (l *losses) enter(i, leads int) {
	l.ready[i] = true
	if i == 0 || l.n[0] == 0 {
		return
	}
	l.n[i] = float64(leads*l.stride) / 2
	l.one[i] = entryFee * l.n[i] * l.one[0] / l.n[0]
	l.two[i] = entryFee * entryFee * l.n[i] * l.two[0] / l.n[0]
	if l.sumN[0] > 0 {
		l.sumN[i] = float64(leads) / 2
		l.sumOne[i] = entryFee * l.sumN[i] * l.sumOne[0] / l.sumN[0]
		l.sumTwo[i] = entryFee * entryFee * l.sumN[i] * l.sumTwo[0] / l.sumN[0]
	}
}

// sums charges every expert with the horizon whose demand was y. It follows the call of steps for the same block.
func (l *losses) sums(y float64, forecasts []float64) {
	for i, f := range forecasts {
		if !l.ready[i] || f != f {
			continue
		}
		l.sumN[i]++
		e := y - f
		l.sumOne[i] += math.Abs(e)
		l.sumTwo[i] += e * e
	}
}

// weights writes the weight of every expert into dst; experts that may not speak now get 0.
func (m *Model) weights(dst []float64) {
	m.relativeLosses(dst)
	count := m.isCount()
	power := float64(smoothPower)
	if count {
		power = countPower
	}
	power *= m.losses.n[0] / (m.losses.n[0] + lossTrust)
	best := math.Inf(-1)
	for i, l := range dst {
		dst[i] *= -power
		if p := m.config.Prior; p != nil && p.loss != nil && count {
			dst[i] -= p.power * p.loss[i]
		}
		if l == l {
			best = max(best, dst[i])
		}
	}
	total := 0.0
	for i, w := range dst {
		w = math.Exp(w - best)
		if !(w >= weightFloor) { // also NaN
			w = 0
		}
		dst[i] = w
		total += w
	}
	if total == 0 { // nothing can be told apart: the plain mean
		dst[0], total = 1, 1
	}
	for i := range dst {
		dst[i] /= total
	}
}

// relativeLosses writes ℓ of every expert (see losses), NaN for those that may not speak or have not spoken yet.
func (m *Model) relativeLosses(dst []float64) {
	l := &m.losses
	step, sum := l.one, l.sumOne
	share := float64(smoothSumShare)
	if m.isCount() {
		step, sum = l.two, l.sumTwo
		share = countSumShare
	}
	meanStep, meanSum, n := 0.0, 0.0, 0.0
	for i := range m.pool {
		if l.ready[i] && m.asks(m.pool[i].for_) {
			meanStep += ratio(step[i], l.n[i])
			meanSum += ratio(sum[i], l.sumN[i])
			n++
		}
	}
	meanStep = ratio(meanStep, n)
	meanSum = ratio(meanSum, n)
	c := 0.0
	if l.sumN[0] > 0 {
		c = share * l.sumN[0] / (l.sumN[0] + float64(m.leads))
	}
	for i := range dst {
		if !l.ready[i] || !m.asks(m.pool[i].for_) {
			dst[i] = math.NaN()
			continue
		}
		x := lossFloor
		if meanStep > 0 {
			x += (1 - c) * ratio(step[i], l.n[i]) / meanStep
		}
		if meanSum > 0 {
			x += c * ratio(sum[i], l.sumN[i]) / meanSum
		}
		dst[i] = math.Log(x)
	}
}
