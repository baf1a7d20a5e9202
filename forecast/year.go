package forecast

import (
	"fmt"
	"math"
)

// weeksPerYear times 7 days is a year that keeps the weekday; it is short by 1¼ days, which the smoothing hides.
const weeksPerYear = 52

// year is the profile of the last year of a daily series: the demand of every week, less its weekdays, relative to the
// year,
//
//	g_w = (A_w + κ) / (B_w + κ)
//
// A_w is the demand of the five weeks around w, weighted 1 2 3 2 1, B_w what their days would have sold at the mean level
// of the year, κ = v the demand that "no season" is worth (factors of a season differ by about one; see factors).
type year struct {
	num, den [weeksPerYear]float64 // demand, and the sum of weekday factors, of the last 52 complete weeks
	next     int                   // where the open week will stand, which is where the week one year ago stands
	weeks    int                   // complete weeks so far
	days     int                   // of the open week
	n, d     float64               // of the open week
	now      float64               // g of the open week
	low, top float64               // range of g over the year
	level    float64               // mean demand a day of the last 52 weeks
	prior    float64               // κ
	trust    float64               // share of the profile that is season, not noise
}

const (
	yearPriorRatio = 1       // κ/v
	yearOverlap    = 19. / 9 // Σω²/Σω of the weights 1 2 3 2 1: how much of the noise they leave
)

func newYear() *year { return &year{now: math.NaN()} }

// observe closes a day with demand y (NaN: missing), weekday factor f and variance-to-mean ratio v.
func (r *year) observe(y, f, v float64) {
	if y == y {
		r.n += y
		r.d += f
	}
	if r.days++; r.days < 7 {
		return
	}
	r.num[r.next], r.den[r.next] = r.n, r.d
	r.n, r.d, r.days = 0, 0, 0
	r.weeks++
	if r.next++; r.next == weeksPerYear {
		r.next = 0
	}
	if r.weeks < weeksPerYear {
		return
	}
	num, den := 0.0, 0.0
	for i := range r.num {
		num += r.num[i]
		den += r.den[i]
	}
	r.level, r.prior = ratio(num, den), yearPriorRatio*v
	r.now = r.factor(r.next)
	r.survey(v * yearOverlap)
}

// survey goes over all weeks for the range of g, and for the share of the profile's variance that is not noise if ratios
// of demand have a variance of v/B. The sums are those of around: three weeks, and three of those.
func (r *year) survey(v float64) {
	const last = weeksPerYear - 1
	threeA := [3]float64{r.num[last-2] + r.num[last-1] + r.num[last], r.num[last-1] + r.num[last] + r.num[0]}
	threeB := [3]float64{r.den[last-2] + r.den[last-1] + r.den[last], r.den[last-1] + r.den[last] + r.den[0]}
	before, next := last, 1
	variance, weight := 0.0, 0.0
	r.low, r.top = math.Inf(1), math.Inf(-1)
	for w := range r.num {
		threeA[2] = r.num[before] + r.num[w] + r.num[next]
		threeB[2] = r.den[before] + r.den[w] + r.den[next]
		a := threeA[0] + threeA[1] + threeA[2]
		b := (threeB[0] + threeB[1] + threeB[2]) * r.level
		if b > 0 {
			variance += (a - b) * (a - b) / b
			weight++
		}
		g := 1.0
		if b+r.prior != 0 {
			g = (a + r.prior) / (b + r.prior)
		}
		r.low, r.top = min(r.low, g), max(r.top, g)
		threeA[0], threeA[1], threeB[0], threeB[1] = threeA[1], threeA[2], threeB[1], threeB[2]
		before = w
		if next++; next == weeksPerYear {
			next = 0
		}
	}
	r.trust = max(0, 1-ratio(weight*v, variance))
}

// around is the demand of the weeks around the one at w, and what they would have sold at the mean level.
func (r *year) around(w int) (a, b float64) {
	for i, weight := range [5]float64{1, 2, 3, 2, 1} {
		j := (w + i - 2 + weeksPerYear) % weeksPerYear
		a += weight * r.num[j]
		b += weight * r.den[j]
	}
	return a, b * r.level
}

// factor is g of the week that stands at w, NaN before a year is complete.
func (r *year) factor(w int) float64 {
	if r.weeks < weeksPerYear {
		return math.NaN()
	}
	a, b := r.around(w)
	if b+r.prior == 0 {
		return 1
	}
	return (a + r.prior) / (b + r.prior)
}

// ahead writes g of the days to come.
func (r *year) ahead(dst []float64) {
	day, w, g := r.days, r.next, r.now
	for k := range dst {
		dst[k] = g
		if day++; day == 7 {
			day = 0
			if w++; w == weeksPerYear {
				w = 0
			}
			g = r.factor(w)
		}
	}
}

// yearly is the level of a daily series with the season of the last year, f the weekday factor:
//
//	N ← (1-a) N + a y,   D ← (1-a) D + a f g,   forecast of step k: f_k g_k (N + ε L)/(D + ε)
//
// with L the mean of the last year: out of season D is near zero and says nothing of the season to come. N/D is this year's demand over last year's, which carries growth. It is the seasonal naive forecast with adaptive
// level (see naive), smoothed over weeks because single days of a shop are noise.
type yearly struct {
	a        float64
	year     *year
	num, den float64
}

// yearLevelPrior is ε.
const yearLevelPrior = .1

func (e *yearly) observe(b *bucket) {
	if b.y != b.y || b.year != b.year {
		return
	}
	g := b.factor * b.year
	e.num += e.a * (g*b.y - e.num)
	e.den += e.a * (g*g - e.den)
}

func (e *yearly) multiple() (profile, float64) {
	if !(e.den > 0) {
		return ofYear, math.NaN()
	}
	return ofYear, (e.num + yearLevelPrior*e.year.level) / (e.den + yearLevelPrior)
}

func (e *yearly) forecast(dst []float64, ahead future) {
	_, l := e.multiple()
	for k := range dst {
		dst[k] = l * ahead.factor[k] * ahead.year[k]
	}
}

func (e *yearly) name() string { return fmt.Sprintf("year*season*level(%g)", e.a) }
