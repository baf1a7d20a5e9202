package outlier

import (
	"math"

	"drumbeat/schemas"
)

// GrossRatio is how many times the expected size a sale may have: below it is a promotion, not an error.
const GrossRatio = 6.0

const (
	lowScore      = 5.0  // -z beyond which a small size is noted
	coldSales     = 3    // a SKU with fewer sales learnt is cold
	levelDrift    = 0.08 // standard deviation of the log level's change in a day
	driftDays     = 60   // a longer silence adds no more doubt
	leastMean     = 0.3
	firstPhi      = 0.15
	firstSpread   = 1.0 // variance of the log level after the first sale
	phiLeast      = 0.01
	phiMost       = 4.0
	believedRange = 4.0 // times, within which three gross sales are one level

	// declaredRatio takes the place of GrossRatio on the day of a declared event: promotions are expected,
	// of a size that nobody has told. On generated sales it lets tenfold days pass (nearly all of dense
	// demand, 92 % of sparse), and finds 97 % of the errors of x50 on sales that the event has left as they
	// were; 36 would find 32 % of these.
	declaredRatio = 16.0
)

// Context is what the document and the price of a day's largest line say about its size.
type Context uint8

// The contexts.
const (
	ContextUnknown Context = iota // neither is known
	ContextPlain                  // nothing explains it
	ContextMixed                  // document and price disagree, or the price alone does not explain it
	ContextBulk                   // explained: other lines are large too, or the price is low
	contexts                      // how many there are
)

// scores are scores beyond which a size is surprising. One that neither document nor price explains
// needs less to be an error. They were chosen on Online Retail (TestOutlierRuleOnOnlineRetail): with units
// alone 2.2 of 1,000 sale days of its busiest SKUs are flagged in the end, and 46 % of the errors of x50 on
// a random line are found; with document and price .9, and 70 %.
type scores struct {
	gross      float64 // when the sale comes
	both       float64 // the sum of that score and the one that later sales give it
	suspicious float64 // each of these two at least
}

var scoresOf = [contexts]scores{
	ContextUnknown: {4.75, 8.85, 3},
	ContextPlain:   {2.5, 4.2, 2},
	ContextMixed:   {3.7, 7.4, 3},
	ContextBulk:    {7, 13, 5},
}

// leastSuspicious is the score from which the context matters: the least of scoresOf.
const leastSuspicious = 2.0

// Review is what a person says of a day. A day accepted is never flagged, one rejected always is.
type Review uint8

// The answers of a review.
const (
	Unreviewed Review = iota
	Accepted
	Rejected
)

// Day is what the rule is told of a day.
type Day struct {
	Day      schemas.Date
	Units    float64 // of all standing sales of the day, held ones included
	Context  Context // of no account where the verdict is not Suspect
	Declared bool    // the day of a calendar event
	Review   Review  // of a person
}

// Rule is what the rule knows of one SKU. The zero value has seen no sale. An assignment makes an
// independent copy.
type Rule struct {
	level   float32   // log units of a sale, of the mean weekday
	spread  float32   // variance of level
	phi     float32   // dispersion
	weekday [7]int16  // effects on level, in 1/weekdayStep
	doubt   [7]uint16 // their variances, in 1/doubtStep
	last    schemas.Date
	sales   uint8 // learnt; stays at counterMost
	updates uint8 // of phi and weekday, likewise
	run     int8  // clipped residuals in a row, by sign
	kept    uint8 // sales in ring
	recent  [2]recentSale
	ring    [reviseLast]ringSale
	events  []event // shared by copies, never changed in place
}

// Verdict is what the rule says of a day's units.
type Verdict struct {
	Flag     bool    // grossly large: hold it
	Low      bool    // grossly small: a note, never held
	Believed bool    // this and the two former gross sales are accepted as the level
	Suspect  bool    // another context may make another verdict, at once or when later sales are known
	Score    float64 // z, of a size that is cold or far from what is expected; else 0
	Ratio    float64 // (units+1)/(Expected+1)
	Expected float64 // units of a sale on that day
}

// view is a sale as the rule sees it before it learns from it.
type view struct {
	Verdict
	level, spread, phi float64 // level of the mean weekday; spread on the day of the sale
	z                  float64 // against the own level, where Score may be the site's; 0 until asked for
	side               int8    // +1 grossly large, -1 grossly small, 0 neither
	cold               bool
	suspicious, gross  bool // beyond those scores of the context and the ratio
	recurs             bool // as large, but explained by an event of former years
}

// Judge says what the rule thinks of a day, without learning from it. Units of 0 or less, and what no
// Quantity holds, get the zero verdict. A nil prior knows nothing.
func (r *Rule) Judge(d Day, prior *Prior) Verdict {
	if !Judged(d.Units) {
		return Verdict{}
	}
	v := r.view(&d, prior)
	return v.Verdict
}

// Judged says that units are what a Quantity can hold and above 0.
func Judged(units float64) bool {
	return units > 0 && units <= math.MaxInt64/float64(schemas.Unit)
}

// view does the first steps of the rule: it expects, scores and decides.
func (r *Rule) view(d *Day, prior *Prior) (v view) {
	v.cold = r.sales < coldSales
	var weekday, site float64
	if v.cold && prior.knowsSizes() {
		site = (math.Log(d.Units) - prior.Mean) / prior.Deviation
	}
	if r.sales == 0 {
		v.phi = prior.dispersion()
		if prior.knowsSizes() {
			v.level, v.spread = prior.Mean, prior.Deviation*prior.Deviation
		} else {
			v.level, v.spread = math.Log(d.Units), firstSpread
		}
	} else {
		v.level, v.phi = float64(r.level), float64(r.phi)
		days := float64(min(max(int64(d.Day)-int64(r.last), 0), driftDays))
		v.spread = float64(r.spread) + levelDrift*levelDrift*days
		weekday = r.effect(d.Day)
	}
	v.Expected = max(math.Exp(v.level+weekday), leastMean)
	v.Ratio = (d.Units + 1) / (v.Expected + 1)
	if v.cold || v.Ratio > GrossRatio || v.Ratio < 1/GrossRatio {
		v.score(d)
		v.Score = v.z
		r.decide(&v, d, site)
	} else {
		v.Flag = d.Review == Rejected
	}
	return v
}

// score fills in z, which the verdict on an ordinary size does not need.
func (v *view) score(d *Day) {
	if v.z == 0 {
		v.z = residual(d.Units, v.Expected, v.phi+v.spread)
	}
}

// decide fills in what the scores mean. site is the score against the site's sizes, of a cold SKU.
func (r *Rule) decide(v *view, d *Day, site float64) {
	if v.Ratio > d.ratio() {
		v.suspicious = v.z > scoresOf[d.Context].suspicious
		v.gross = v.z > scoresOf[d.Context].gross
		v.Suspect = r.sales > 0 && v.z > leastSuspicious && d.Review == Unreviewed
	}
	switch {
	case v.gross:
		v.side = 1
	case v.z < -lowScore && 1/v.Ratio > GrossRatio:
		v.side = -1
	}
	if v.cold {
		// Of a SKU without a past the site's sizes are the judge, else its own two sales, provisionally.
		v.Flag = site > siteScore || r.sales > 0 && v.gross
		if site > siteScore && site > v.Score {
			v.Score = site
		}
	} else {
		v.recurs = v.gross && r.recurs(d.Day, d.Units, v.Expected)
		v.Flag = v.gross && !v.recurs
		v.Low = v.side < 0
	}
	switch d.Review {
	case Rejected:
		v.Flag, v.Low, v.side = true, false, 0
	case Accepted:
		v.Flag = false
	}
	if d.Declared {
		v.side = 0
	}
	if v.side != 0 && r.believes(v.side, d.Units) {
		v.Flag, v.Low, v.Believed = false, false, true
	}
}

// ratio is the number of times the expected size beyond which the day's units may be an error.
func (d *Day) ratio() float64 {
	if d.Declared {
		return declaredRatio
	}
	return GrossRatio
}

// believes says that units and the last two sales, gross on the same side, are one level.
func (r *Rule) believes(side int8, units float64) bool {
	if r.kept < 2 || r.recent[0].side != side || r.recent[1].side != side {
		return false
	}
	a, b := float64(r.ring[0].units), float64(r.ring[1].units)
	return (max(units, a, b)+1)/(min(units, a, b)+1) <= believedRange
}

// residual is z, with 2 asinh sqrt(x) = log(1 + 2x + 2 sqrt(x² + x)), so that the difference takes one
// logarithm.
func residual(y, mean, phi float64) float64 {
	a, b := phi*y, phi*mean
	return math.Log((1+2*(a+math.Sqrt(a*a+a)))/(1+2*(b+math.Sqrt(b*b+b)))) / math.Sqrt(phi)
}

// expected is the number of units of a sale on day d, given that there is one: what stands in the
// place of a held day. It is 0 for a SKU that has never sold.
func (r *Rule) expected(d schemas.Date) float64 {
	if r.sales == 0 {
		return 0
	}
	return max(math.Exp(float64(r.level)+r.effect(d)), leastMean)
}

// effect is the effect of d's weekday on the log of a sale.
func (r *Rule) effect(d schemas.Date) float64 {
	return float64(r.weekday[d.Weekday()]) / weekdayStep
}
