package stream

import (
	"math"

	"drumbeat/schemas"
)

// closeWindows compares the windows that end on day x or before with demand. All days up to x are settled and
// none after it, so that the books of these days are what the facts that came in time say.
func (s *site) closeWindows(x schemas.Date) {
	silent := silentDays{s: s}
	for _, k := range s.skus {
		for k.accuracy.closes <= x {
			s.closeNext(k, &silent)
		}
	}
}

// closeNext closes the windows of a SKU that end first.
func (s *site) closeNext(k *sku, silent *silentDays) {
	day := k.accuracy.closes
	a := k.accuracy.unpack()
	shut := silent.until(day)
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
			if demand, part := s.compare(k, &p, w.days, shut); part >= leastKnown {
				t := &a.spans[w.span]
				t.add(&w, day, demand, part)
				s.p.accuracy = append(s.p.accuracy, t.row(s.name, k.name, a.class, w.span))
			}
		}
		if len(open) > 0 {
			origins = append(origins, publication{day: p.day, shape: p.shape[:longest], open: open})
		}
	}
	a.origins = origins
	s.keepAccuracy(k, &a)
}

// leastKnown is the part of a window that must be known for it to count.
const leastKnown = 0.5

// compare returns the demand of the known days of a window, and which part of the forecast is of these days: 1 if all
// of it is, also where a day that is not known was to have no demand. Where no demand is expected at all, all days
// weigh the same.
func (s *site) compare(k *sku, p *publication, days int, shut *survey) (demand, part float64) {
	known, all := 0, 0
	flat := true
	for _, v := range p.shape[:days] {
		flat = flat && v == 0
	}
	s.knownDemand(k, p.day+1, days, shut, func(i int, units float64) {
		weight := int(p.shape[i])
		if flat {
			weight = 1
		}
		all += weight
		if !math.IsNaN(units) {
			known += weight
			demand += units
		}
	})
	return demand, float64(known) / float64(all)
}

// knownDemand calls f for some days from first on with what is known of the demand of each, NaN where nothing is: of
// days that are held in whole or part, rejected, out of stock, closed, silent or no days of the SKU's life. A model
// learns from more (dayDemand): the rest of a held day, and a large sale of a day that ended out of stock. To compare
// with these would be to choose by the outcome.
func (s *site) knownDemand(k *sku, first schemas.Date, days int, shut *survey, f func(i int, units float64)) {
	gaps := k.life.gaps(s.location)
	flags := s.settledFlags(k, first)
	see := func(e dayEntry) float64 {
		held := e.Held > 0
		units := e.Kept
		for _, x := range flags {
			if x.day == e.Date && e.Verdict != verdictAccepted {
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
	next := first
	end := first.AddDays(days)
	tell := func(e dayEntry) {
		f(int(e.Date-first), see(e))
		next++
	}
	k.history.each(first, func(e dayEntry) bool {
		for next < min(e.Date, end) {
			tell(dayEntry{Date: next})
		}
		if e.Date >= end {
			return false
		}
		tell(e)
		return true
	})
	for next < end {
		tell(dayEntry{Date: next})
	}
}

// settledFlags are the flags of days from first on that may still change, as the settled days say. What the history
// shows of these days follows days that are still open to facts.
func (s *site) settledFlags(k *sku, first schemas.Date) []dayFlag {
	flags := s.flags[:0]
	k.settled.each(func(day schemas.Date, flag bool) {
		if day >= first {
			flags = append(flags, dayFlag{day, flag})
		}
	})
	s.flags = flags
	return flags
}

// silentDays finds the days on which the site was silent, as the days up to one say.
type silentDays struct {
	s     *site
	day   schemas.Date
	known bool
	shut  survey
}

func (v *silentDays) until(day schemas.Date) *survey {
	if !v.known || v.day != day {
		s := v.s
		v.shut, v.day, v.known = s.activity.judge(s.Trimmed, day+1, s.closed.has), day, true
	}
	return &v.shut
}
