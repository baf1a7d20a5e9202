package forecast

import (
	"bytes"
	"cmp"
	"math"
	"slices"
)

// pastErrors is what the combination's past errors say of the width of its forecasts.
//
// Errors are kept by lead, counted in blocks: lead 0 is the first block after an origin. For every lead there are
// discounted sums of the errors of single steps, and of the errors of the sum of all steps up to the end of that lead.
// Errors of demand that is not counted are divided by g = √f, f the forecast, so that the width follows the level:
// between additive noise (g = 1) and multiplicative (g = f), which were both tried.
//
// The shape comes from errors of all leads in turn, each over the scale that was known before it: so it also holds how far
// scales themselves are wrong, which is most where windows overlap and history is short.
type pastErrors struct {
	stride          int
	steps, totals   []leadErrors
	counts          countErrors
	shape, sumShape *ring // standardised errors of steps, and of sums; nil before the first
	every           int   // leads between the sums that enter sumShape
	started         bool
	seen            int     // observations
	discount        float64 // a block
	turn            int     // the lead whose steps enter shape
}

// leadErrors are discounted sums.
type leadErrors struct {
	n     float64 // errors
	scale float64 // |e|/g
}

const (
	errorMemory = 100 // buckets
	// noiseLimit bounds the scaling of what was observed where next to nothing was forecast.
	noiseLimit = 10
	// startErrors is the number of errors that the guess made of the first observation is worth; it fades like them.
	startErrors = 2
	// leadPrior is the number of errors at a lead that "as at lead 0" is worth.
	leadPrior = 10
	// drift is the growth of the variance of a sum beyond that of independent steps, per step, before there are
	// errors of sums: exponential smoothing with a ≈ .05. To it comes the error of a mean of few observations, 1/n.
	drift = .05
)

func newErrors(leads, stride int) pastErrors {
	x := make([]leadErrors, 2*leads)
	return pastErrors{stride: stride, steps: x[:leads:leads], totals: x[leads:], counts: newCountErrors(leads, stride), every: max(1, leads/4),
		discount: math.Pow(1-1./errorMemory, float64(stride))}
}

// noise is g, the part of the errors that follows the forecast.
func noise(f float64) float64 { return math.Sqrt(math.Abs(f)) }

// start books that y was observed, and makes a first guess from the first observation that is not zero: an error of half
// of it.
func (e *pastErrors) start(y float64, fraction bool) {
	e.seen++
	e.counts.seen++
	if e.started || y == 0 {
		return
	}
	e.started = true
	y = math.Abs(y)
	e.steps[0] = leadErrors{n: startErrors, scale: startErrors * y / 2 / noise(y)}
	e.counts.start(y, fraction)
}

// age discounts what is known by one block.
func (e *pastErrors) age() {
	if e.turn++; e.turn == len(e.steps) {
		e.turn = 0
	}
	for _, x := range [][]leadErrors{e.steps, e.totals} {
		for i := range x {
			x[i].n *= e.discount
			x[i].scale *= e.discount
		}
	}
	e.counts.age(e.discount)
}

// step books the observation y of a step at a lead whose forecast was f; the shape of errors only of series that are
// continuous or may soon be.
func (e *pastErrors) step(lead int, y, f float64, shapes bool) {
	g := max(noise(f), noise(y)/noiseLimit)
	if g == 0 { // nothing forecast, nothing sold
		return
	}
	if shapes && lead == e.turn {
		e.shape = e.shape.orNew()
		e.shape.push((y-f)/g, e.stepScale(lead))
	}
	e.steps[lead].n++
	e.steps[lead].scale += math.Abs(y-f) / g
	e.counts.steps[lead].add(y-f, f)
}

// sum books the demand y summed over the n observed buckets up to the end of a lead, forecast f.
func (e *pastErrors) sum(lead int, y, f float64, n int, shapes bool) {
	g := max(noise(f/float64(n)), noise(y/float64(n))/noiseLimit)
	if g == 0 {
		return
	}
	// A window that lost buckets stands for a whole one, of more demand and so of more variance.
	whole := math.Sqrt(float64((lead+1)*e.stride) / float64(n))
	if shapes && lead > 0 && (lead+1)%e.every == 0 {
		e.sumShape = e.sumShape.orNew()
		e.sumShape.push((y-f)*whole/g, e.totalScale(lead))
	}
	e.totals[lead].n++
	e.totals[lead].scale += math.Abs((y-f)*whole) / g
	e.counts.totals[lead].add((y-f)*whole, f*whole*whole)
}

// stepScale is the mean |e|/g of single steps at a lead.
func (e *pastErrors) stepScale(lead int) float64 {
	own := ratio(e.steps[0].scale, e.steps[0].n)
	if lead == 0 {
		return own
	}
	return (e.steps[lead].scale + leadPrior*own) / (e.steps[lead].n + leadPrior)
}

// totalScale is the mean |e|/g of sums up to the end of a lead.
func (e *pastErrors) totalScale(lead int) float64 {
	v := 0.0
	for i := 0; i <= lead; i++ {
		s := e.stepScale(i)
		v += s * s
	}
	return math.Sqrt(v * float64(e.stride) * e.inflation(lead))
}

// inflation is the variance of the error of a sum up to the end of a lead over the sum of the variances of its steps:
// 1 if steps err independently, more if they err together, as they do whenever the level is wrong.
func (e *pastErrors) inflation(lead int) float64 {
	h := float64((lead + 1) * e.stride)
	prior := 1 + (drift+1/float64(max(e.seen, 1)))*(h-1)
	own := prior
	v := 0.0
	for i := 0; i <= lead; i++ {
		s := e.stepScale(i)
		v += s * s
	}
	if t := &e.totals[lead]; v > 0 && t.n > 0 {
		s := t.scale / t.n
		own = s * s / (v * float64(e.stride))
	}
	return shrunkInflation(own, prior, e.totals[lead].n, h, e.stride)
}

// shrunkInflation weighs the inflation of n windows of h buckets against the prior. Windows overlap: a block adds one
// window, worth stride/h of one that stands alone and a little.
func shrunkInflation(own, prior, n, h float64, stride int) float64 {
	n *= 1.5 * float64(stride) / h
	return (n*own + leadPrior*prior) / (n + leadPrior)
}

func ratio(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}

// ring holds the newest standardised errors, without their signs. Their order is kept up too once it has been asked for:
// most models are asked only at the end of a long history.
type ring struct {
	z       [ringSize]float32
	order   [ringSize]uint8 // places in z by ascending error
	n       int             // pushed so far
	inOrder bool
}

const (
	ringSize  = 128
	ringLimit = 20 // of a standardised error
)

func (r *ring) orNew() *ring {
	if r == nil {
		return new(ring)
	}
	return r
}

func (r *ring) push(e, scale float64) {
	z := 0.0
	if e != 0 {
		z = min(math.Abs(e)/scale, ringLimit)
		if z != z {
			return
		}
	}
	at := r.n % ringSize
	if r.inOrder {
		r.reorder(uint8(at), float32(z))
	}
	r.z[at] = float32(z)
	r.n++
}

// reorder takes the place at out of the order, if there is an error in it, and puts it in where x belongs.
func (r *ring) reorder(at uint8, x float32) {
	n := min(r.n, ringSize)
	to, _ := slices.BinarySearchFunc(r.order[:n], x, func(i uint8, x float32) int { return cmp.Compare(r.z[i], x) })
	from := n
	if n == ringSize {
		from = bytes.IndexByte(r.order[:], at)
	}
	if to > from {
		to--
		copy(r.order[from:to], r.order[from+1:to+1])
	} else {
		copy(r.order[to+1:from+1], r.order[to:from])
	}
	r.order[to] = at
}

// ascending is the places of the errors in their order.
func (r *ring) ascending() []uint8 {
	order := r.order[:min(r.n, ringSize)]
	if !r.inOrder {
		for i := range order {
			order[i] = uint8(i)
		}
		slices.SortFunc(order, func(a, b uint8) int { return cmp.Compare(r.z[a], r.z[b]) })
		r.inOrder = true
	}
	return order
}

// shapeSize is the number of points of a shape: normal scores from -3 to 3, half a unit apart.
const shapeSize = 13

// shape is a quantile function at the normal scores, for errors with mean absolute value 1.
type shape [shapeSize]float64

// shapeProbability are the probabilities that a normal score is nearer to 0 than these.
var shapeProbability = func() (p [shapeSize]float64) {
	for i := range p {
		p[i] = 2*normalCDF(math.Abs(float64(i)/2-3)) - 1
	}
	return p
}()

// normalScale is the standard deviation of a normal distribution over its mean absolute value.
const normalScale = 1.2533141373155003 // sqrt(π/2)

// shapePrior is the number of errors that the normal shape is worth.
const shapePrior = 20

// of writes the shape of the ring's errors, shrunk to normal. It is symmetric: a few dozen errors tell their spread but
// not their skewness, and errors of many steps share a sign. overlap is the number of pushes that make one
// error of its own.
func (s *shape) of(r *ring, overlap float64) {
	var order []uint8
	if r != nil {
		order = r.ascending()
	}
	n := len(order)
	own := float64(n) / overlap
	own /= own + shapePrior
	for i := range s {
		u := float64(i)/2 - 3
		s[i] = normalScale * u
		if n == 0 || u == 0 {
			continue
		}
		at := shapeProbability[i]*float64(n) - .5
		j := int(math.Floor(at))
		q := float64(r.z[order[min(max(j, 0), n-1)]])
		if j >= 0 && j+1 < n {
			q += (at - float64(j)) * (float64(r.z[order[j+1]]) - q)
		}
		s[i] = (1-own)*s[i] + own*math.Copysign(q, u)
	}
}

// at is the quantile at the normal score u.
func (s *shape) at(u float64) float64 {
	x := 2 * (u + 3)
	switch {
	case x <= 0:
		return s[0] + normalScale*(u+3)
	case x >= shapeSize-1:
		return s[shapeSize-1] + normalScale*(u-3)
	}
	i := int(x)
	return s[i] + (x-float64(i))*(s[i+1]-s[i])
}
