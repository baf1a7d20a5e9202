package outlier

import (
	"math"
	"time"

	"drumbeat/schemas"
)

// What a site must have seen before its sizes judge the first sales of a SKU.
const (
	siteScore    = 6.0 // standard deviations
	siteSizes    = 200
	siteSKUs     = 20
	siteStart    = 30  // sizes that are taken as they are; later ones are clipped
	siteClip     = 4.0 // standard deviations
	siteSpread   = 0.3 // the least standard deviation of log sizes
	sitePhis     = 5   // SKUs whose dispersion starts a new one's
	sitePhiAfter = 10  // updates before a SKU's dispersion counts
)

// Prior is what the sales of all SKUs of a site say about a SKU that is new, as of the end of a day.
// It is never changed once made. A nil one knows nothing.
type Prior struct {
	AsOf       schemas.Date `json:"as_of"`
	Sizes      int64        `json:"sizes"`      // log sizes seen
	SKUs       int64        `json:"skus"`       // that have sold
	Mean       float64      `json:"mean"`       // of log sizes
	Deviation  float64      `json:"deviation"`  // of log sizes, at least siteSpread
	Dispersion float64      `json:"dispersion"` // where that of a new SKU starts
}

func (p *Prior) knowsSizes() bool {
	return p != nil && p.Sizes >= siteSizes && p.SKUs >= siteSKUs
}

// dispersion is where the dispersion of a new SKU starts.
func (p *Prior) dispersion() float64 {
	if p == nil {
		return firstPhi
	}
	return p.Dispersion
}

// PriorLag is how many days before the Monday of a day's week the last day lies that has a say in its verdict. What
// judges a day must not depend on when its facts come, so the caller settles a day, after which nothing changes it, in
// less: when the first fact of the week can come, a day ahead of it, the days up to there have settled.
const PriorLag = 16

// formerPriors are the weeks that days from the last settled one to a day ahead of today can refer to.
const formerPriors = 4

// priorDay is the last day that may have a say in the verdict of day d: a Saturday.
func priorDay(d schemas.Date) schemas.Date { return d.StartOfWeek(time.Monday) - PriorLag }

// priorWeek is the first priorDay that is not before d.
func priorWeek(d schemas.Date) schemas.Date { return d.StartOfWeek(time.Sunday) + 6 }

// Priors follow what a site sells through its settled days: the running mean and variance of log
// sizes (T. Chan, G. Golub, R. LeVeque, "Updating formulae and a pairwise algorithm for computing sample
// variances", 1979) and the geometric mean of the dispersions, with what they were at the end of the last
// weeks. The zero value has seen nothing. Its JSON is its saved form: Go writes a float64 so that it reads
// back the same.
type Priors struct {
	Sizes   int64        `json:"sizes"`
	Mean    float64      `json:"mean"`    // of log sizes
	Squares float64      `json:"squares"` // sum of squared deviations
	SKUs    int64        `json:"skus"`
	Phis    int64        `json:"phis"`     // SKUs in LogPhis
	LogPhis float64      `json:"log_phis"` // sum, a multiple of 1/learnStep and so exact
	Last    schemas.Date `json:"last"`     // day that something was learnt from
	Former  []*Prior     `json:"former,omitempty"`

	newest *Prior // made of the figures above when asked for
	day    Learning
}

// At is the prior that judges a day: at most formerPriors weeks before that of the last closed day.
func (p *Priors) At(day schemas.Date) *Prior {
	asOf := priorDay(day)
	if p.Last <= asOf {
		if p.newest == nil {
			p.newest = p.snapshot(p.Last)
		}
		return p.newest
	}
	for i := len(p.Former) - 1; i >= 0; i-- {
		if p.Former[i].AsOf <= asOf {
			return p.Former[i]
		}
	}
	return nil
}

// Oldest is the first prior that is kept, for days that are older; nil where there is none.
func (p *Priors) Oldest() *Prior {
	if len(p.Former) == 0 {
		return nil
	}
	return p.Former[0]
}

func (p *Priors) snapshot(asOf schemas.Date) *Prior {
	s := &Prior{AsOf: asOf, Sizes: p.Sizes, SKUs: p.SKUs, Mean: p.Mean, Deviation: p.deviation(), Dispersion: firstPhi}
	if p.Phis >= sitePhis {
		s.Dispersion = clamp(math.Exp(p.LogPhis/float64(p.Phis)), phiLeast, phiMost)
	}
	return s
}

func (p *Priors) deviation() float64 {
	return max(math.Sqrt(p.Squares/float64(max(p.Sizes, 1))), siteSpread)
}

// Learning takes what a settled day teaches. It is to be closed before the state is saved.
func (p *Priors) Learning() *Learning {
	if !p.day.open {
		p.day = Learning{open: true, all: p.Sizes < siteStart, least: math.Inf(-1), most: math.Inf(1)}
		if p.Sizes > siteStart {
			off := siteClip * p.deviation()
			p.day.least, p.day.most = p.Mean-off, p.Mean+off
		}
	}
	return &p.day
}

// Close ends a settled day. Days are closed in their order; those that taught nothing need not be.
func (p *Priors) Close(day schemas.Date) {
	d := p.day
	p.day = Learning{}
	if d == (Learning{open: d.open, all: d.all, least: d.least, most: d.most}) {
		return
	}
	if before := priorWeek(p.Last); p.SKUs > 0 && before < day {
		p.Former = append(p.Former, p.snapshot(before))
		p.Former = p.Former[max(0, len(p.Former)-formerPriors):]
	}
	if p.SKUs == 0 {
		p.Last = day
	}
	p.Last = max(p.Last, day)
	p.newest = nil
	p.SKUs += d.skus
	p.Phis += d.phis
	p.LogPhis += float64(d.logPhis) / learnStep
	if d.sizes > 0 {
		n, sum := float64(d.sizes), float64(d.sum)/learnStep
		squares := float64(d.squares)/learnStep/learnStep - sum*sum/n
		all := float64(p.Sizes) + n
		off := sum/n - p.Mean
		p.Mean += off * n / all
		p.Squares += max(squares, 0) + off*off*float64(p.Sizes)*n/all
		p.Sizes += d.sizes
	}
}

// learnStep is the fineness of the logarithms that a day is summed up from. 2^21 log sizes, the square of
// each below 2^42, fit an int64.
const learnStep = 1 << 16

// Learning sums up what a day teaches, in integers, so that its SKUs may come in any order. A nil one
// learns nothing.
type Learning struct {
	open              bool
	all               bool    // the site knows so little that it takes every size
	least, most       float64 // log sizes beyond them are clipped
	sizes, skus, phis int64
	sum, squares      int64 // of log sizes and their squares
	logPhis           int64
}

func (l *Learning) takesAll() bool { return l != nil && l.all }

// sku counts a SKU that sells for the first time.
func (l *Learning) sku() {
	if l != nil {
		l.skus++
	}
}

// size takes the units of a sale.
func (l *Learning) size(units float64) {
	if l == nil {
		return
	}
	v := learnt(clamp(math.Log(units), l.least, l.most))
	l.sizes++
	l.sum += v
	l.squares += v * v
}

// dispersion takes a SKU's dispersion and the change of its logarithm at its update of that number.
func (l *Learning) dispersion(update uint8, phi, step float64) {
	switch {
	case l == nil || update < sitePhiAfter:
	case update == sitePhiAfter:
		l.phis++
		l.logPhis += learnt(math.Log(phi))
	default:
		l.logPhis += learnt(step)
	}
}

func learnt(v float64) int64 { return int64(math.Round(v * learnStep)) }
