package stream

import (
	"math"

	"drumbeat/schemas"
)

// activity tells the days on which a site was shut, or its feed cut off, from those on which it sold nothing.
// It counts the SKUs with demand, kept or held, on each day of the kept history, and is derived from the
// histories alone: facts in any order and of any age give the same verdicts, and nothing of it is saved.
//
// The rule. The number of SKUs that sell on a day is negative-binomial: with mean m and variance m + phi m²,
// both of the last 28 days that count, a day is empty by chance with the probability (1 + phi m)^(-1/phi). Minus
// its logarithm is the evidence of an empty day that it is no day of business. Evidence adds up
//
//	over the empty days of one weekday since the last one that was not: a weekly closing day
//	over empty days in a row: a closure, a holiday, an outage
//
// and from 12 on (e^-12 by chance) all the days that it is summed over are silent. So a busy shop's single day
// without a sale is silent at once, the Sundays of a shop with three sales a day are from the fourth on, and
// those before with them, and a shop that is empty every other day anyway proves nothing.
//
// The mean of a weekday that has sold is its own where that is smaller: Sundays with little to sell are not
// proven closed by what other days sell. An empty day counts for its weekday only if one of the six days before
// it was not: three weeks of vacation say nothing about Mondays.
type activity struct {
	skus      map[schemas.Date]int // with demand, by day; days without are absent
	uncounted bool                 // skus is to be made of the histories: after a restart, until somebody asks; see countDays
	stale     bool                 // something has changed since the survey
	survey    survey
}

// survey is what the counts say on an open day.
type survey struct {
	from, today schemas.Date
	silent      []bool // of the days [from, today)
	weekly      [7]bool
	holidays    map[string]bool // of the country: whether the site rests on them (shutHolidays)
}

const (
	activityProof = 12.0 // evidence that is enough
	activityDays  = 28   // that tell what an ordinary day is
	activityLeast = 7    // of them, before anything is judged
	weeklyLeast   = 3    // weeks that make a weekly closing day
	weekdayMemory = 8.0  // weeks
)

// hasDemand says that the day is one on which the site was at work as far as this SKU can tell: something of
// it was booked or held, or a row of it was rejected.
func (e dayEntry) hasDemand() bool { return e.Kept != 0 || e.Held != 0 || e.Missing }

// add counts one SKU more (by 1) or less (by -1) with demand on a day.
func (a *activity) add(d schemas.Date, by int) {
	if a.uncounted {
		a.stale = true
		return
	}
	if a.skus == nil {
		a.skus = map[schemas.Date]int{}
	}
	if n := a.skus[d] + by; n > 0 {
		a.skus[d] = n
	} else {
		delete(a.skus, d)
	}
	a.stale = true
}

// dayCounts are numbers of SKUs with demand by day, to be added to those of an activity.
type dayCounts struct {
	from schemas.Date
	n    []int
}

// add counts the SKU of a day's entry.
func (c *dayCounts) add(e dayEntry) {
	if !e.hasDemand() {
		return
	}
	i := int(e.Date) - int(c.from)
	if uint(i) >= uint(len(c.n)) {
		i = c.extend(e.Date)
	}
	c.n[i]++
}

// extend makes room for a day, and for a year around it; it returns the place of the day.
func (c *dayCounts) extend(d schemas.Date) int {
	const room = 365
	first, end := d-room, d+room
	if len(c.n) > 0 {
		first, end = min(first, c.from), max(end, c.from+schemas.Date(len(c.n)))
	}
	n := make([]int, end-first)
	if len(c.n) > 0 {
		copy(n[c.from-first:], c.n)
	}
	c.from, c.n = first, n
	return int(d - first)
}

// countDays makes the counts after a restart, which does not read the days of the years past.
func (s *site) countDays() {
	a := &s.activity
	if !a.uncounted {
		return
	}
	a.uncounted = false
	const bundle = 256
	counts := make([]dayCounts, (len(s.skus)+bundle-1)/bundle)
	s.across(len(counts), func(b int) {
		for _, k := range s.skus[b*bundle : min(len(s.skus), (b+1)*bundle)] {
			k.history.each(never, func(e dayEntry) bool {
				counts[b].add(e)
				return true
			})
		}
	})
	for _, c := range counts {
		for i, n := range c.n {
			if n > 0 {
				a.add(c.from.AddDays(i), n)
			}
		}
	}
}

// trim forgets the days before the kept history.
func (a *activity) trim(before schemas.Date) {
	for d := range a.skus {
		if d < before {
			delete(a.skus, d)
		}
	}
	a.stale = true
}

// silent says that the site booked nothing on a past day although it should have.
func (s *site) silent(d schemas.Date) bool {
	return s.activity.survey.isSilent(d)
}

func (v *survey) isSilent(d schemas.Date) bool {
	return d >= v.from && d < v.today && v.silent[d-v.from]
}

// look surveys the kept days before the open one. Models that have learnt a day of which the verdict is
// another one than before are to be fitted anew. It runs before forecasts are made, not when a fact comes: what
// a night's batch of sales changes is looked at once.
func (s *site) look() {
	a := &s.activity
	s.countDays()
	s.foresee()
	if !a.stale && a.survey.today == s.Today {
		return
	}
	before := a.survey
	a.survey, a.stale = a.judge(s.Trimmed, s.Today, s.closed.has), false
	a.survey.holidays = s.shutHolidays()
	end := min(before.today, s.Today)
	for d := min(before.from, a.survey.from); d < end; d++ {
		if s.silent(d) != (d >= before.from && before.silent[d-before.from]) {
			for _, k := range s.skus {
				if k.through > d {
					k.forget()
				}
			}
			return
		}
	}
}

// judge applies the rule to the days [first, today). declared says which days a calendar has closed: these do
// not make a weekly closing day.
func (a *activity) judge(first, today schemas.Date, declared func(schemas.Date) bool) survey {
	for first < today && a.skus[first] == 0 {
		first++
	}
	v := survey{from: first, today: today, silent: make([]bool, max(0, today-first))}
	var usual ordinaryDay
	for d := first; d < today && usual.n < activityDays; d++ {
		if n := a.skus[d]; n > 0 {
			usual.add(n)
		}
	}
	var weeks [7]weekdayCount
	for d := first - 7; d < first; d++ {
		weeks[d.Weekday()].last = d
	}
	last := first // the last day that was not empty
	alone := 0.0  // evidence of the empty days since
	for d := first; d < today; d++ {
		w := &weeks[d.Weekday()]
		if n := a.skus[d]; n > 0 {
			w.open(d, n)
			usual.add(n)
			last, alone = d, 0
			continue
		}
		if d-last <= 6 {
			w.empty++
		}
		evidence := usual.evidence(w)
		if w.empty < weeklyLeast {
			alone += evidence
		}
		switch {
		case evidence*float64(w.empty) >= activityProof:
			for at := d; at > w.last; at -= 7 {
				v.silent[at-first] = true
			}
		case alone < activityProof && w.empty < weeklyLeast:
			usual.add(0)
		}
		if alone >= activityProof {
			for at := last + 1; at <= d; at++ {
				v.silent[at-first] = true
			}
		}
	}
	for i := range weeks {
		w := &weeks[i]
		for d := w.last + 7; d < today; d += 7 {
			w.discount(declared(d))
		}
		v.weekly[i] = w.empty >= weeklyLeast && usual.evidence(w)*float64(w.empty) >= activityProof
	}
	for d := today; d <= today+1; d++ { // what has come for the open day, and from zones ahead of it
		if a.skus[d] > 0 {
			v.weekly[d.Weekday()] = false
		}
	}
	return v
}

// weekdayCount is what the rule knows of a weekday.
type weekdayCount struct {
	last  schemas.Date // the last day that was not empty, before the first day if there was none
	sold  bool         // there was one
	empty int          // empty days since that count
	level float64      // mean number of SKUs, with sold
}

// open ends the empty days: that they were followed by a sale says that some of them were ordinary ones.
func (w *weekdayCount) open(d schemas.Date, n int) {
	if w.sold {
		w.level *= math.Pow(1-1/weekdayMemory, float64(w.empty))
		w.level += (float64(n) - w.level) / weekdayMemory
	} else {
		w.level = float64(n) / float64(w.empty+1)
	}
	w.last, w.sold, w.empty = d, true, 0
}

func (w *weekdayCount) discount(declared bool) {
	if declared && w.empty > 0 {
		w.empty--
	}
}

// ordinaryDay is the mean and the variance of the last activityDays counts. The sums are of whole numbers, so
// nothing is lost when one leaves.
type ordinaryDay struct {
	counts       [activityDays]float64
	n, at        int
	sum, squares float64
}

func (o *ordinaryDay) add(count int) {
	x := float64(count)
	old := o.counts[o.at]
	o.sum += x - old
	o.squares += x*x - old*old
	o.counts[o.at] = x
	o.at = (o.at + 1) % activityDays
	o.n = min(o.n+1, activityDays)
}

// evidence is minus the logarithm of the probability that an ordinary day of a weekday is empty.
func (o *ordinaryDay) evidence(w *weekdayCount) float64 {
	if o.n < activityLeast || o.sum == 0 {
		return 0
	}
	n := float64(o.n)
	mean := o.sum / n
	excess := (o.squares-o.sum*mean)/(n-1) - mean
	phi := max(0, excess/(mean*mean))
	if w.sold {
		mean = min(mean, w.level)
	}
	if phi*mean < 1e-9 {
		return mean
	}
	return math.Log1p(phi*mean) / phi
}
