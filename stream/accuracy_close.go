package stream

import (
	"math"
	"sync"

	"drumbeat/schemas"
	"drumbeat/stream/outlier"
)

// closeWindows compares the windows that end on day x or before with demand. All days up to x are settled and
// none after it, so that the books of these days are what the facts that came in time say.
func (s *site) closeWindows(x schemas.Date) {
	var due []*sku
	for _, k := range s.skus {
		if k.accuracy.closes <= x {
			due = append(due, k)
		}
	}
	if len(due) == 0 {
		return
	}
	s.countDays()
	silent := silentDays{s: s, until: map[schemas.Date]*survey{}}
	after := make([]accuracy, len(due))
	rows := make([][]AccuracyRow, len(due))
	s.across(len(due), func(i int) {
		a := due[i].accuracy.unpack()
		for day := a.closes(); day <= x; day = a.closes() {
			rows[i] = append(rows[i], s.closeDue(due[i], &a, day, silent.of(day))...)
		}
		after[i] = a
	})
	for i, k := range due {
		s.keepAccuracy(k, &after[i])
		s.p.accuracy = append(s.p.accuracy, rows[i]...)
	}
}

// closeDue closes the windows of a SKU that end on a day. It touches nothing but the accuracy.
func (s *site) closeDue(k *sku, a *accuracy, day schemas.Date, shut *survey) (rows []AccuracyRow) {
	first := day
	for i := range a.origins {
		for j := range a.origins[i].open {
			if p := &a.origins[i]; p.last(&p.open[j]) == day {
				first = min(first, p.day+1)
			}
		}
	}
	demand := s.knownDemand(k, first, day, shut)
	origins := a.origins[:0]
	for _, p := range a.origins {
		open := p.open[:0]
		longest := 0
		for _, w := range p.open {
			if p.last(&w) > day {
				open = append(open, w)
				longest = max(longest, w.days)
				continue
			}
			if units, part := p.compare(demand[p.day+1-first:]); part >= leastKnown {
				t := &a.spans[w.span]
				t.add(&w, day, units, part)
				rows = append(rows, t.row(s.name, k.name, a.class, w.span))
			}
		}
		if len(open) > 0 {
			origins = append(origins, publication{day: p.day, shape: p.shape[:longest], open: open})
		}
	}
	a.origins = origins
	return rows
}

// leastKnown is the part of a window that must be known for it to count.
const leastKnown = 0.5

// compare returns the demand of the known days of a window, and which part of the forecast is of these days: 1 if all
// of it is, also where a day that is not known was to have no demand. Where no demand is expected at all, all days
// weigh the same.
func (p *publication) compare(demand []float64) (units, part float64) {
	known, all, days := 0, 0, 0
	for i, v := range demand {
		weight := int(p.shape[i])
		all += weight
		if v == v {
			units += v
			known += weight
			days++
		}
	}
	if all == 0 {
		return units, float64(days) / float64(len(demand))
	}
	return units, float64(known) / float64(all)
}

// knownDemand is the demand of the days from first to last, NaN where nothing is known of it: of days that are held in
// whole or part, rejected, out of stock, closed, silent or no days of the SKU's life. A model learns from more
// (dayDemand): the rest of a held day, and a large sale of a day that ended out of stock. To compare with these
// would be to choose by the outcome.
func (s *site) knownDemand(k *sku, first, last schemas.Date, shut *survey) []float64 {
	gaps := k.life.gaps(s.location)
	flags := k.settledFlags(first)
	see := func(e dayEntry) float64 {
		held, units := e.Held > 0, e.Kept
		for _, x := range flags {
			if x.day == e.Date && e.Verdict != outlier.Accepted {
				held, units = x.flag, e.sold()
			}
		}
		switch {
		case gaps.has(e.Date), held, e.Censored:
			return math.NaN()
		case units > 0:
			return units.Float()
		case e.Missing, s.closedFor(k, e.Date), shut.isSilent(e.Date):
			return math.NaN()
		}
		return 0
	}
	list := make([]float64, 0, last-first+1)
	fill := func(to schemas.Date) {
		for d := first + schemas.Date(len(list)); d < to; d++ {
			list = append(list, see(dayEntry{Date: d}))
		}
	}
	k.history.each(first, func(e dayEntry) bool {
		fill(min(e.Date, last+1))
		if e.Date <= last {
			list = append(list, see(e))
		}
		return e.Date < last
	})
	fill(last + 1)
	return list
}

// settledFlags are the flags of days from first on that may still change, as the settled days say. What the history
// shows of these days follows days that are still open to facts.
func (k *sku) settledFlags(first schemas.Date) (flags []dayFlag) {
	k.settled.Each(func(day schemas.Date, flag bool) {
		if day >= first {
			flags = append(flags, dayFlag{day, flag})
		}
	})
	return flags
}

// silentDays finds the days on which the site was silent, as the days up to one say. It is safe for concurrent use.
type silentDays struct {
	s     *site
	mu    sync.Mutex
	until map[schemas.Date]*survey
}

func (v *silentDays) of(day schemas.Date) *survey {
	v.mu.Lock()
	defer v.mu.Unlock()
	shut := v.until[day]
	if shut == nil {
		found := v.s.activity.judge(v.s.Trimmed, day+1, v.s.closed.has)
		shut = &found
		v.until[day] = shut
	}
	return shut
}
