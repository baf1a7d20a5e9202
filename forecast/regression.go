package forecast

import "math"

// regression is the discounted least-squares fit of a daily series, or of its logarithm, to a constant, the week, the
// year and a straight line, with ridge:
//
//	min Σ λ^j (x(-j) - θ'φ(-j))² + ρ |θ|²,   φ(τ) = 1, cos and sin of 2πiτ/7 (i ≤ 3), of 2πiτ/365.25 (i ≤ K), τ/730
//
// Time τ is counted from the newest day. So the matrix Σ λ^j φ(-j) φ(-j)' depends on the number of days alone: no date is
// needed, its factor is computed once for all series (see gram), and a series keeps only the vector Σ λ^j φ(-j) x(-j),
// which is turned by a day every day. Three waves are all that a week can hold: they are the six weekday contrasts. A
// missing day counts as what was forecast of it, one step of the EM algorithm, so that the matrix stays common.
//
// A fit with fewer waves of the year uses the head of the same factor. The line comes last, so that fits with and without
// it share the factor too. θ is renewed every week. The constant is free of ridge.
//
// Source: West and Harrison (1997), Bayesian Forecasting and Dynamic Models, ch. 8 (form-free and Fourier seasonality).
type regression struct {
	log  bool
	days int
	*regressionSums
	fits []fit // by yearWaves without and with line; nil until there are fitMinimum days
}

// regressionSums are nil before the first day: most series never need them.
type regressionSums struct {
	xy   [regressors]float64
	week [7]float64 // what the open week has shown, NaN: missing
}

const (
	yearDays     = 365.25
	weekWaves    = 3
	maxYearWaves = 10
	yearFrom     = 1 + 2*weekWaves // index of the first wave of the year
	line         = yearFrom + 2*maxYearWaves
	regressors   = line + 1

	lineUnit    = 730    // days: a slope of the size of the level in two years is a large one
	fitHalfLife = 730    // days, half-life of the weights λ^j: a year must not forget the one before
	fitRidge    = .3     // ρ, days' worth: for fits that are nearly singular only
	fitMinimum  = 65 * 7 // days: 1¼ years
	stepsInYear = 384    // steps whose waves are kept in a table: those of a year and some knots
)

// yearWaves are the numbers K: a season of one broad peak, of a few, of months.
var yearWaves = [...]int{3, 6, maxYearWaves}

var fitDiscount = math.Exp2(-1. / fitHalfLife)

// fit is θ at the end of the last complete week: constant and week, waves of the year, slope.
type fit struct {
	week  [yearFrom]float64
	year  [2 * maxYearWaves]float64
	slope float64
	waves int
}

// frequency is that of wave i of φ, weeks first.
func frequency(i int) float64 {
	if i < weekWaves {
		return 2 * math.Pi * float64(i+1) / 7
	}
	return 2 * math.Pi * float64(i-weekWaves+1) / yearDays
}

var turns = func() (t [weekWaves + maxYearWaves]struct{ cos, sin float64 }) { // by a day
	for i := range t {
		t[i].sin, t[i].cos = math.Sincos(frequency(i))
	}
	return t
}()

// basis writes φ(τ).
func basis(x *[regressors]float64, tau int) {
	x[0] = 1
	for i := range turns {
		x[2+2*i], x[1+2*i] = math.Sincos(frequency(i) * float64(tau))
	}
	x[line] = float64(tau) / lineUnit
}

// table holds φ(-6) and on.
var table = func() (t [7 + stepsInYear][regressors]float64) {
	for i := range t {
		basis(&t[i], i-6)
	}
	return t
}()

func (r *regression) ready() bool { return r.fits != nil }

// reset forgets everything.
func (r *regression) reset() {
	if r.days > 0 {
		*r = regression{log: r.log}
	}
}

// observe closes a day.
func (r *regression) observe(b *bucket) {
	x, filled := b.y, b.filled
	if r.log {
		x, filled = b.log, b.filledLog
	}
	if !(math.Abs(filled) <= maxValue) { // nothing has been sold yet
		r.reset()
		return
	}
	if r.regressionSums == nil {
		r.regressionSums = new(regressionSums)
	}
	v := &r.xy
	v[line] = fitDiscount * (v[line] - v[0]/lineUnit)
	v[0] = fitDiscount*v[0] + filled
	for i := range turns {
		t, c, s := &turns[i], v[1+2*i], v[2+2*i]
		v[1+2*i] = fitDiscount*(c*t.cos+s*t.sin) + filled
		v[2+2*i] = fitDiscount * (s*t.cos - c*t.sin)
	}
	r.week[r.days%7] = x
	if r.days++; r.days%7 == 0 && r.days >= fitMinimum {
		r.renew()
	}
}

// renew solves for θ of all fits.
func (r *regression) renew() {
	if r.fits == nil {
		r.fits = make([]fit, 2*len(yearWaves))
	}
	g := grams.at(r.days / 7)
	var z, plain, lined [line]float64
	for i := range z {
		s := r.xy[i]
		for j, a := range g.row(i) {
			s -= a * z[j]
		}
		z[i] = s * g.inverse[i]
	}
	for k, waves := range yearWaves {
		p := yearFrom + 2*waves
		// The line's row of the factor is known up to p, with a diagonal of its own.
		s, d := r.xy[line], g.line[line]
		for j, a := range g.line[:p] {
			s -= a * z[j]
			d -= a * a
		}
		slope := s / d
		for i := range p {
			plain[i], lined[i] = z[i], z[i]-g.line[i]*slope
		}
		for i := p - 1; i >= 0; i-- {
			a, b := plain[i]*g.inverse[i], lined[i]*g.inverse[i]
			plain[i], lined[i] = a, b
			for j, x := range g.row(i) {
				plain[j] -= x * a
				lined[j] -= x * b
			}
		}
		r.fits[2*k].set(waves, plain[:p], 0)
		r.fits[2*k+1].set(waves, lined[:p], slope)
	}
}

func (f *fit) set(waves int, theta []float64, slope float64) {
	f.waves, f.slope = waves, slope
	copy(f.week[:], theta)
	copy(f.year[:], theta[yearFrom:])
}

// weekly writes the constant and the week of the days τ = from, from+1, …; from is at least -6.
func (f *fit) weekly(from int) (week [7]float64) {
	for k := range week {
		week[k] = f.week[0]
		for i, x := range table[(from+6+k)%7][1:yearFrom] {
			week[k] += x * f.week[1+i]
		}
	}
	return week
}

// yearly is the rest of θ'φ(τ): the waves of the year, and the line.
func (f *fit) yearly(tau int) float64 {
	var beyond [regressors]float64
	row := &beyond
	if i := tau + 6; i < len(table) {
		row = &table[i]
	} else {
		basis(row, tau)
	}
	theta := f.year[:2*f.waves]
	x := row[yearFrom:]
	x = x[:len(theta)]
	cos, sin := f.slope*row[line], 0.0 // two sums, which need not wait for each other
	for i := 1; i < len(theta) && i < len(x); i += 2 {
		cos += x[i-1] * theta[i-1]
		sin += x[i] * theta[i]
	}
	return cos + sin
}

// path writes θ'φ(τ) for τ = from, from+1, …; from is at least -6.
func (f *fit) path(dst []float64, from int) {
	week := f.weekly(from)
	for k := range dst {
		dst[k] = week[k%7] + f.yearly(from+k)
	}
}
