package stream

import "math"

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

// sitePrior is what the sales of all SKUs of a site say about a SKU that is new: the running mean and
// variance of log sizes (B. Welford, "Note on a method for calculating corrected sums of squares and
// products", 1962) and the geometric mean of the dispersions. Its JSON is its saved form: Go writes a
// float64 so that it reads back the same.
type sitePrior struct {
	Sizes   int64   `json:"sizes"`   // log sizes seen
	Mean    float64 `json:"mean"`    // of log sizes
	Squares float64 `json:"squares"` // sum of squared deviations
	SKUs    int64   `json:"skus"`    // that have sold
	Phis    int64   `json:"phis"`    // SKUs in LogPhis
	LogPhis float64 `json:"log_phis"`
}

func (p *sitePrior) knowsSizes() bool { return p.Sizes >= siteSizes && p.SKUs >= siteSKUs }

// deviation is the standard deviation of log sizes.
func (p *sitePrior) deviation() float64 {
	return max(math.Sqrt(p.Squares/float64(max(p.Sizes, 1))), siteSpread)
}

// dispersion is where the dispersion of a new SKU starts.
func (p *sitePrior) dispersion() float64 {
	if p.Phis < sitePhis {
		return firstPhi
	}
	return math.Exp(clamp(p.LogPhis/float64(p.Phis), logPhiLeast, logPhiMost))
}

func (p *sitePrior) add(logSize float64) {
	if p.Sizes > siteStart {
		most := siteClip * p.deviation()
		logSize = clamp(logSize, p.Mean-most, p.Mean+most)
	}
	p.Sizes++
	off := logSize - p.Mean
	p.Mean += off / float64(p.Sizes)
	p.Squares += off * (logSize - p.Mean)
}

// learnPhi takes the change of a SKU's log dispersion at its update of that number.
func (p *sitePrior) learnPhi(update uint8, before, now float64) {
	switch {
	case update < sitePhiAfter:
	case update == sitePhiAfter:
		p.Phis++
		p.LogPhis += now
	default:
		p.LogPhis += now - before
	}
}
