package forecast

import (
	"math"
	"slices"
	"time"
)

// anniversaries finds yearly events that nobody has declared, in days: days far off what was expected that are far off
// again, in the same direction, a year later.
//
// A day that stands out is remembered with the ratio of its demand to the forecast and with the probability p that
// it belongs to a yearly event; at first the share π of remembered days that have come back in this series, peaks and dips
// apart: a day without sales is often one whose records were lost. On its
// anniversary Bayes' rule is applied: an event comes back with probability .95, a chance with the frequency ε of days that
// stand out,
//
//	odds ← odds × .95/ε if it stands out again, odds × .05/(1-ε) if not
//
// and the forecast of an anniversary is multiplied by 1 + p (ratio - 1). A day that an event explains teaches the
// models nothing, so that what follows it is not lifted; one that stands out for the first time counts at most as a
// deviation that is still ordinary: otherwise the forecast of what follows would be lifted.
//
// A day without sales of a product that always sells teaches nothing either, unless more of them follow: its records were
// lost, or there was no stock.
//
// The anniversary is the same date or the same weekday 52 weeks later, whichever has come back more often in the series.
type anniversaries struct {
	days          []standout // oldest first, at most maxStandouts
	seen, far     float64    // days judged, and those that stood out
	peaks, dips   recurrence // of days that had stood out once
	dates, weekly float64    // which of the two has come back
	blank         int        // days in a row without sales that stood out
}

// recurrence counts anniversaries, and those that stood out again.
type recurrence struct{ trials, hits float64 }

// standout is a day far off its forecast.
type standout struct {
	day   int     // as Config.First counts
	ratio float64 // of demand to what was expected, mean of all years
	most  float64 // demand it has had at most
	years float64 // that it has stood out
	p     float64 // probability of a yearly event; 0: none of its anniversaries was observed
}

const (
	maxStandouts   = 48  // a year's promotions of a week each, every month but some
	standoutWidth  = 4   // standard deviations
	standoutLift   = .5  // and at least this part of the forecast and of the mean
	standoutNoise  = .5  // of the forecast: above it a large day is an order like others
	standoutStart  = 56  // days before which a forecast is not worth comparing with
	comesBack      = .95 // probability that a yearly event comes back
	mostCertain    = .97 // bound of p: any event may be given up
	lostDays       = 2   // in a row; three are how things are
	standoutGrowth = 1.5 // of the largest demand it has had: a ratio to a forecast of next to nothing is no measure
	forgetStandout = .02 // probability below which a day is forgotten
)

// chance is ε.
func (a *anniversaries) chance() float64 { return (a.far + 1) / (a.seen + 50) }

// of is the record of days like x.
func (a *anniversaries) of(x *standout) *recurrence {
	if x.ratio > 1 {
		return &a.peaks
	}
	return &a.dips
}

// probability is p of x, π until an anniversary of it was observed: as if one of three had come back.
func (a *anniversaries) probability(x *standout) float64 {
	if x.p > 0 {
		return x.p
	}
	r := a.of(x)
	return (r.hits + 1) / (r.trials + 3)
}

// anniversary is the day a year later.
func (a *anniversaries) anniversary(day int) int {
	if a.weekly > a.dates {
		return day + 364
	}
	return sameDate(day)
}

// sameDate is the same date a year later; the first of March for the 29th of February.
func sameDate(day int) int {
	t := time.Unix(int64(day)*secondsPerDay, 0).UTC()
	return int(t.AddDate(1, 0, 0).Unix() / secondsPerDay)
}

// judge returns what the models shall see of the demand y of a day that was forecast f with standard deviation sd.
func (a *anniversaries) judge(day int, y, f, sd, mean float64) float64 {
	width := max(standoutWidth*sd, standoutLift*max(f, mean))
	far := math.Abs(y-f) > width
	a.seen++
	x := standout{day: day, ratio: min(y/f, effectLimit), most: y, years: 1}
	explained := false
	for i := 0; i < len(a.days); i++ {
		old := a.days[i]
		if day < old.day+364 { // neither the date nor the weekday has come yet
			continue
		}
		if due := a.anniversary(old.day); due < day { // nothing was known of its anniversary
			a.days = append(a.days[:i], a.days[i+1:]...)
			i--
			if !slices.ContainsFunc(a.days, func(x standout) bool { return x.day == due }) {
				old.day = due
				a.days = slices.Insert(a.days, i+1, old)
				i++
			}
			continue
		}
		date, week := sameDate(old.day) == day, old.day+364 == day
		again := far && (old.ratio > 1) == (y > f)
		if again && date {
			a.dates++
		}
		if again && week {
			a.weekly++
		}
		switch due := a.anniversary(old.day) == day; {
		case due && again, again && (date || week) && x.years == 1:
			if old.p == 0 {
				r := a.of(&old)
				r.trials++
				r.hits++
			}
			x.years = old.years + 1
			x.ratio = old.ratio + (x.ratio-old.ratio)/x.years
			x.most = max(x.most, old.most)
			x.p = min(posterior(a.probability(&old), comesBack, a.chance()), mostCertain)
			explained = true
		case due:
			p := a.probability(&old)
			if old.p == 0 {
				a.of(&old).trials++
			}
			old.p = posterior(p, 1-comesBack, 1-a.chance())
			if old.p > forgetStandout && !far {
				old.day = day
				a.days = append(a.days, old)
			}
		default:
			continue
		}
		a.days = append(a.days[:i], a.days[i+1:]...)
		i--
	}
	if !far {
		a.blank = 0
		return y
	}
	a.far++
	if a.blank++; y != 0 {
		a.blank = 0
	}
	if len(a.days) == maxStandouts {
		a.days = append(a.days[:0], a.days[1:]...)
	}
	a.days = append(a.days, x)
	if explained || a.blank > 0 && a.blank <= lostDays {
		return missing
	}
	return min(max(y, f-width), f+width)
}

// posterior is the probability of an event that has probability p before an observation that is likely by a given it,
// by b without.
func posterior(p, a, b float64) float64 { return p * a / (p*a + (1-p)*b) }

// standsOut tells the next day's demand and returns what the models shall see of it.
func (m *Model) standsOut(y float64) float64 {
	if m.seen < standoutStart || !(math.Abs(y) <= maxValue) {
		return y
	}
	f := m.expected()
	if !(f > 0) {
		return y
	}
	e := &m.errors
	sd := normalScale * e.stepScale(0) * noise(f)
	if m.isCount() {
		sd = math.Sqrt(e.counts.ratio(0) * f)
	}
	if sd > standoutNoise*f {
		return y
	}
	return m.yearly.judge(m.config.First+m.t, y, f, sd, m.total/float64(m.seen))
}

// liftAnniversaries multiplies the path of the next days by the yearly events found; declared events speak for themselves.
func (m *Model) liftAnniversaries(path []float64) {
	if m.yearly == nil || len(m.yearly.days) == 0 {
		return
	}
	from := m.config.First + m.t
	for i := range m.yearly.days {
		x := &m.yearly.days[i]
		p := m.yearly.probability(x)
		day := m.yearly.anniversary(x.day)
		for day-from < len(path) {
			if day >= from && len(m.config.Events[day]) == 0 {
				f := &path[day-from]
				*f = min(*f*(1+p*(x.ratio-1)), max(*f, standoutGrowth*x.most))
			}
			day = m.yearly.anniversary(day)
		}
	}
}
