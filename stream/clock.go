package stream

import (
	"fmt"
	"slices"
	"time"

	"drumbeat/schemas"
)

// Tick tells the wall clock. A clock that went back is refused and counted.
func (p *Processor) Tick(now time.Time) {
	if now.Before(p.now) {
		p.clockBacks++
		return
	}
	p.now = now.Round(0).UTC() // as it is saved
	for _, name := range p.order {
		s := p.sites[name]
		if s.settings.Clock == schemas.ClockWall {
			s.setNow(p.now)
		}
	}
}

// EndOfInput says that no more records will come for now: sites with an event clock plan with what
// they have. The day of the watermark counts as over.
func (p *Processor) EndOfInput() {
	for _, name := range p.order {
		s := p.sites[name]
		if s.settings.Clock != schemas.ClockEvent || !s.started() || s.Pending.Any == 0 {
			continue
		}
		if s.Watermark.After(s.Now) || schemas.DateOf(s.Watermark.In(s.location)) >= s.Today {
			s.rollTo(schemas.DateOf(s.Watermark.In(s.location)) + 1)
			s.Now = s.Today.Time(s.location)
		}
		s.Pending.Immediate = true
		if s.Pending.Trigger == "" || s.Pending.Trigger == triggerSale {
			s.Pending.Trigger = triggerEnd
		}
		s.dirty = true
	}
}

// setNow moves the site's clock; it never goes back.
func (s *site) setNow(now time.Time) {
	if now.IsZero() || now.Before(s.Now) {
		return
	}
	day := schemas.DateOf(now.In(s.location))
	if !s.started() {
		s.begin(day)
	}
	if day > s.Today {
		s.rollTo(day)
		s.dirty = true
	}
	s.Now = now
}

// begin opens the site's first day.
func (s *site) begin(day schemas.Date) {
	s.Today = day
	s.trim()
	for _, k := range s.skus {
		k.expireStock(day) // of counts before the first sale
	}
	for i := range s.Waiting {
		s.Waiting[i].Until = day.AddDays(lateDays)
	}
	s.dirty = true
}

// Records of an event clock may run ahead of the watermark: a feed pauses, a shop closes. A jump of
// more than aheadDays needs the agreement of as many records in a row, so that one wrong year does
// not move the clock.
const (
	aheadDays    = 31
	aheadRecords = 3
)

// latest is the last day that an event clock may reach: a horizon from there still lies within the years
// that dates are saved in.
const latest = schemas.MaxDate - longestHorizon

// advance moves the clock of an event-time site to the fact's moment, and marks a fact that lies too
// far ahead. It returns false when the day that ends has to be planned first.
func (s *site) advance(f *fact) bool {
	if f.fault != nil || !f.hasDay {
		return true
	}
	if s.settings.Clock == schemas.ClockWall {
		today := s.Today
		if !s.started() { // the first records may come before the first tick
			today = schemas.DateOf(s.p.now.In(s.location))
		}
		f.ahead = s.started() && f.day > today.AddDays(1)
		if f.day <= today.AddDays(1) && f.at.After(s.Watermark) {
			s.Watermark = f.at
		}
		return true
	}
	if f.day > latest {
		f.ahead = true
		return true
	}
	if !s.started() {
		s.begin(f.day)
		s.Watermark, s.Now = f.at, f.at
		return true
	}
	if f.day > s.Today.AddDays(aheadDays) && !s.agreed(f.day) {
		f.ahead = true
		s.Ahead = append(s.Ahead, f.day)
		if n := len(s.Ahead); n >= aheadRecords {
			s.Ahead = s.Ahead[n-aheadRecords+1:]
		}
		return true
	}
	if f.day > s.Today {
		before := s.Today
		s.rollTo(f.day)
		s.Now = f.day.Time(s.location)
		if s.ends(before, f.day) && s.Pending.Any > 0 {
			s.Pending.Immediate = true
			return false
		}
	}
	if f.at.After(s.Watermark) {
		s.Watermark = f.at
	}
	if s.Watermark.After(s.Now) {
		s.Now = s.Watermark
	}
	s.Ahead = s.Ahead[:0]
	return true
}

// agreed says that the records before this one ran ahead to about the same day.
func (s *site) agreed(d schemas.Date) bool {
	return len(s.Ahead) >= aheadRecords-1 && !slices.ContainsFunc(s.Ahead, func(o schemas.Date) bool {
		return o > d+aheadDays || o < d-aheadDays
	})
}

// ends says whether a plan is due when the site goes from one day to another.
func (s *site) ends(from, to schemas.Date) bool {
	switch s.p.config.PlanEvery {
	case "end":
		return false
	case "week":
		ends, _ := weekday(s.settings.WeekEnds)
		first := (ends + 1) % 7
		return from.StartOfWeek(first) != to.StartOfWeek(first)
	}
	return true
}

// longestRoll bounds the days that are closed one by one; a longer silence has nothing to close.
const longestRoll = 1130

// rollTo closes every day before day and opens it.
func (s *site) rollTo(day schemas.Date) {
	if day > s.Today+longestRoll {
		s.Today = day - longestRoll
	}
	for s.Today < day {
		s.closeDay(s.Today)
		s.Today++
		if s.calendar.at(s.Today).Start == s.Today {
			s.beginPeriod()
		}
	}
	s.settleThrough(s.settled())
	s.Open, _ = s.countOpen()
	for _, k := range s.skus {
		k.expireStock(s.Today)
		s.mature(k)
		s.censorWindow(k)
	}
	s.expire()
	if len(s.skus) > 0 {
		s.note(triggerRollOver, "", true)
	}
}

// closeDay books what arrives on a day that ends.
func (s *site) closeDay(day schemas.Date) {
	for _, k := range s.skus {
		s.arrive(k, day)
	}
}

// beginPeriod turns the plan's first period into orders (confirmation: assume) or lists what nobody
// has confirmed (events), and fixes the baseline: the plan in force now.
func (s *site) beginPeriod() {
	begun := s.calendar.at(s.Today)
	ended := s.calendar.at(s.Today - 1)
	approved := s.settings.Freeze == schemas.FreezeApproved || s.FrozenUntil > s.Today
	if !approved {
		s.Baseline, s.BaselineFrom, s.BaselineUntil = s.Revision, s.Plan.From, s.Plan.Until
	}
	s.Expired = nil
	for _, k := range s.skus {
		if len(k.planned) > 0 || k.inPlan || k.hasBaseline {
			s.save(k)
		}
		if s.settings.Confirmation == schemas.ConfirmEvents {
			if missing := plannedAt(k.planned, ended.Start) - k.ordered(ended); missing > 0 {
				s.Expired = append(s.Expired, fmt.Sprintf("%s %v of %s", k.name, missing, ended.Name))
			}
		}
		if !approved {
			k.baseline, k.hasBaseline = k.planned, k.inPlan
		}
		if s.settings.Confirmation == schemas.ConfirmAssume {
			s.assume(k, s.Today, plannedAt(k.planned, begun.Start)-k.ordered(begun))
		}
	}
	slices.Sort(s.Expired)
}

// ordered is the quantity of the orders that start in a period, arrived or not.
func (k *sku) ordered(p period) (sum schemas.Quantity) {
	for i := range k.orders {
		if o := &k.orders[i]; o.Start >= p.Start && o.Start < p.End {
			sum += o.Quantity
		}
	}
	return sum
}

// historyDays is the length of the kept daily history.
const historyDays = 1130

// expire forgets what is too old to matter.
func (s *site) expire() {
	s.lines.expire(s.Today.AddDays(-s.settings.LineDays))
	s.expireWaiting()
	s.Overrides = slices.DeleteFunc(s.Overrides, func(o override) bool {
		return o.To < s.Today || o.Expires != nil && *o.Expires < s.Today
	})
	s.Pins = slices.DeleteFunc(s.Pins, func(n pin) bool {
		p, ok := s.calendar.parse(n.Period)
		return !ok || p.End <= s.Today || n.Expires != nil && *n.Expires < s.Today
	})
	s.Capacities = slices.DeleteFunc(s.Capacities, func(c capacityChange) bool { return c.To < s.calendar.at(s.Today).Start })
	s.trim()
}

// trim forgets the history before the kept one, once a month.
func (s *site) trim() {
	oldest := s.Today.StartOfMonth().AddDays(-historyDays)
	if oldest <= s.Trimmed || s.keepAll {
		return
	}
	s.Trimmed = oldest
	s.activity.trim(oldest)
	for _, k := range s.skus {
		if first, ok := k.history.first(); ok && first < oldest {
			k.life.older = k.life.older || k.kept(never, oldest-1) > 0
			k.history.trim(oldest)
			k.forget()
			s.save(k)
		}
	}
}
