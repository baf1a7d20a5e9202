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
	discount float64 // a block
	each     []expertLosses
	rows     []float32 // of stride steps of the open block: the profiles, then the paths of experts that are no multiples
}

// expertLosses are the losses of one expert, and its forecast of the open block: by times a row. Their sums take half the
// space of the numbers that they are computed with; nothing depends on the last digits.
type expertLosses struct {
	one, two       float32 // Σ|e|, Σe² of steps
	sumOne, sumTwo float32 // the same of sums
	n, sumN        float32 // discounted numbers of buckets and of sums judged
	by             float32
	row, own       uint8 // own: the row of a path that is no multiple; 0: none yet
	ready          bool  // the newest forecast was the expert's own
	grade          grade
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
	return losses{
		stride: stride, discount: math.Pow(1-1./lossMemory, float64(stride)),
		each: make([]expertLosses, experts), rows: make([]float32, int(profiles)*stride),
	}
}

// row is where the steps of row i for the open block are kept.
func (l *losses) row(i uint8) []float32 { return l.rows[int(i)*l.stride : (int(i)+1)*l.stride] }

// begin opens a block, of whose buckets the profiles are known.
func (l *losses) begin(ahead future) {
	level, season, year := l.row(uint8(flat)), l.row(uint8(ofSeason)), l.row(uint8(ofYear))
	for k := range level {
		level[k], season[k], year[k] = 1, float32(ahead.factor[k]), float32(ahead.factor[k]*ahead.year[k])
	}
}

// keep keeps what expert i forecasts of the open block.
func (l *losses) keep(i int, f told) {
	x := &l.each[i]
	if f.head == nil {
		x.row, x.by = uint8(f.profile), float32(f.by)
		return
	}
	if x.own == 0 {
		x.own = uint8(len(l.rows) / l.stride)
		l.rows = append(make([]float32, 0, len(l.rows)+l.stride), l.rows...)[:len(l.rows)+l.stride]
	}
	x.row, x.by = x.own, 1
	row := l.row(x.own)
	for k := range row {
		row[k] = float32(f.head[k])
	}
}

// steps charges every expert with the block y.
func (l *losses) steps(y []float64) {
	seen := 0
	for _, v := range y {
		if v == v {
			seen++
		}
	}
	d := l.discount
	for i := range l.each {
		x := &l.each[i]
		if !x.ready {
			continue
		}
		one, two := 0.0, 0.0
		row, by := l.row(x.row), float64(x.by)
		for k, v := range y {
			if v == v {
				e := v - by*float64(row[k])
				one += math.Abs(e)
				two += e * e
			}
		}
		x.n = float32(d*float64(x.n) + float64(seen))
		x.sumN = float32(d * float64(x.sumN))
		x.one = float32(d*float64(x.one) + one)
		x.two = float32(d*float64(x.two) + two)
		x.sumOne = float32(d * float64(x.sumOne))
		x.sumTwo = float32(d * float64(x.sumTwo))
	}
}

// enter admits expert i, which has made a forecast again, or for the first time.
func (l *losses) enter(i, leads int) {
	x, mean := &l.each[i], &l.each[0]
	x.ready = true
	if i == 0 || mean.n == 0 {
		return
	}
	x.n = float32(leads*l.stride) / 2
	x.one = entryFee * x.n * mean.one / mean.n
	x.two = entryFee * entryFee * x.n * mean.two / mean.n
	if mean.sumN > 0 {
		x.sumN = float32(leads) / 2
		x.sumOne = entryFee * x.sumN * mean.sumOne / mean.sumN
		x.sumTwo = entryFee * entryFee * x.sumN * mean.sumTwo / mean.sumN
	}
}

// sums charges every expert with the horizon of which y was sold in the observed buckets, known being their part of the
// forecast. To fill the others with the combination's path would make it its own judge: who speaks loudest, were it a level
// that forgets in a week, would be right wherever nobody looked. It follows the call of steps for the same block.
func (l *losses) sums(y, known float64, forecasts []float32) {
	for i, f := range forecasts {
		x := &l.each[i]
		if !x.ready || f != f {
			continue
		}
		x.sumN++
		e := y - known*float64(f)
		x.sumOne += float32(math.Abs(e))
		x.sumTwo += float32(e * e)
	}
}

// step and sum are the mean absolute or squared loss of a step and of a sum.
func (x *expertLosses) step(squared bool) float64 {
	if squared {
		return ratio(float64(x.two), float64(x.n))
	}
	return ratio(float64(x.one), float64(x.n))
}

func (x *expertLosses) sum(squared bool) float64 {
	if squared {
		return ratio(float64(x.sumTwo), float64(x.sumN))
	}
	return ratio(float64(x.sumOne), float64(x.sumN))
}

// weights writes the weight of every expert into dst; experts that may not speak now get 0.
func (m *Model) weights(dst []float64) {
	m.relativeLosses(dst)
	count := m.isCount()
	power := float64(smoothPower)
	if count {
		power = countPower
	}
	n := float64(m.losses.each[0].n)
	power *= n / (n + lossTrust)
	best := math.Inf(-1)
	for i, l := range dst {
		dst[i] *= -power
		if p := m.config.Prior.ofCounts(); p != nil && count {
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
	if total == 0 { // nothing can be told apart
		dst[m.first], total = 1, 1
	}
	for i := range dst {
		dst[i] /= total
	}
}

// relativeLosses writes ℓ of every expert (see losses), NaN for those that may not speak or have not spoken yet.
func (m *Model) relativeLosses(dst []float64) {
	all, count := m.losses.each, m.isCount()
	squared := count
	share := float64(smoothSumShare)
	if count {
		share = countSumShare
	}
	var asks [grades]bool
	for g := range grades {
		asks[g] = m.asks(g)
	}
	meanStep, meanSum, n := 0.0, 0.0, 0.0
	for i := range all {
		if x := &all[i]; x.ready && asks[x.grade] {
			meanStep += x.step(squared)
			meanSum += x.sum(squared)
			n++
		}
	}
	meanStep = ratio(meanStep, n)
	meanSum = ratio(meanSum, n)
	c := 0.0
	if n := float64(all[0].sumN); n > 0 {
		c = share * n / (n + float64(m.leads))
	}
	for i := range dst {
		l := &all[i]
		if !l.ready || !asks[l.grade] {
			dst[i] = math.NaN()
			continue
		}
		x := lossFloor
		if meanStep > 0 {
			x += (1 - c) * l.step(squared) / meanStep
		}
		if meanSum > 0 {
			x += c * l.sum(squared) / meanSum
		}
		dst[i] = math.Log(x)
	}
}
