package stream

import (
	"cmp"
	"math"
	"slices"

	"drumbeat/schemas"
)

// daySet is a set of days as stretches that neither overlap nor touch, in their order.
type daySet []daySpan

// daySpan is the days from the first to the last, both included.
type daySpan struct{ first, last schemas.Date }

// newDaySet is the union of stretches in any order. It reorders list.
func newDaySet(list []daySpan) daySet {
	slices.SortFunc(list, func(a, b daySpan) int { return cmp.Compare(a.first, b.first) })
	set := list[:0]
	for _, e := range list {
		switch n := len(set); {
		case e.last < e.first:
		case n > 0 && e.first <= set[n-1].last+1:
			set[n-1].last = max(set[n-1].last, e.last)
		default:
			set = append(set, e)
		}
	}
	return daySet(slices.Clip(set))
}

// has takes O(log n) time.
func (set daySet) has(d schemas.Date) bool {
	i, found := slices.BinarySearchFunc(set, d, func(e daySpan, d schemas.Date) int { return cmp.Compare(e.first, d) })
	return found || i > 0 && d <= set[i-1].last
}

// count is the number of days of [from, to) in the set.
func (set daySet) count(from, to schemas.Date) (n int) {
	i, _ := slices.BinarySearchFunc(set, from, func(e daySpan, d schemas.Date) int { return cmp.Compare(e.last, d) })
	for _, e := range set[i:] {
		if e.first >= to {
			break
		}
		n += max(0, int(min(e.last+1, to)-max(e.first, from)))
	}
	return n
}

// calendarDays are the days that calendar entries close or declare an event of, for the whole site and for
// single SKUs.
type calendarDays struct {
	closed, events daySet
	ofSKU          map[string]*skuDays // by canonical name
}

type skuDays struct{ closed, events daySet }

// spans are the days of an entry.
func (e *entry) spans() (list []daySpan) {
	for _, d := range e.Dates {
		list = append(list, daySpan{d, d})
	}
	if e.From != nil && e.To != nil {
		list = append(list, daySpan{*e.From, *e.To})
	}
	return list
}

// newCalendarDays derives the days from the entries; their order does not matter.
func newCalendarDays(entries map[string]entry) (days calendarDays) {
	type lists struct{ closed, events []daySpan }
	var all lists
	single := map[string]*lists{}
	for _, e := range entries {
		of := []*lists{&all}
		if len(e.SKUs) > 0 {
			of = of[:0]
		}
		for _, name := range e.SKUs {
			name = canonical(name)
			if single[name] == nil {
				single[name] = &lists{}
			}
			of = append(of, single[name])
		}
		for _, l := range of {
			if e.Effect == schemas.EffectClosed {
				l.closed = append(l.closed, e.spans()...)
			} else {
				l.events = append(l.events, e.spans()...)
			}
		}
	}
	days.closed, days.events = newDaySet(all.closed), newDaySet(all.events)
	days.ofSKU = make(map[string]*skuDays, len(single))
	for name, l := range single {
		days.ofSKU[name] = &skuDays{newDaySet(l.closed), newDaySet(l.events)}
	}
	return days
}

// closedFor says that a calendar has closed the day for the whole site or for the SKU.
func (s *site) closedFor(k *sku, d schemas.Date) bool {
	if s.closed.has(d) {
		return true
	}
	if len(s.ofSKU) == 0 {
		return false
	}
	of := s.ofSKU[k.name]
	return of != nil && of.closed.has(d)
}

// declared says that a calendar has declared an event of the site or of the SKU on the day.
func (s *site) declared(k *sku, d schemas.Date) bool {
	if s.events.has(d) {
		return true
	}
	if len(s.ofSKU) == 0 {
		return false
	}
	of := s.ofSKU[k.name]
	return of != nil && of.events.has(d)
}

// restDay says that a SKU has no demand on a day from the open one on: a calendar closes it, or its weekday is
// a learnt weekly closing day, or it is a holiday on which the site rests, and no declared event opens it. What is learnt from sales says nothing of
// production: a plant that ships no Saturdays may well produce on them, so capacity and the orders of the plan
// follow the calendar alone (openDays).
func (s *site) restDay(k *sku, d schemas.Date) bool {
	return s.closedFor(k, d) || (s.activity.survey.weekly[d.Weekday()] || s.shutOn(d)) && !s.declared(k, d)
}

// demandDays counts the days of [from, to) on which a SKU can have demand.
func (s *site) demandDays(k *sku, from, to schemas.Date) (n int) {
	for d := from; d < to; d++ {
		if !s.restDay(k, d) {
			n++
		}
	}
	return n
}

// coverWithDemand is the part of cover days that have demand, by their share in the horizon of so many days: a model
// expects demand of every day, and one week of closure says nothing about the safety stock of a year.
func (s *site) coverWithDemand(k *sku, cover, days int) int {
	n := s.demandDays(k, s.Today, s.Today.AddDays(days))
	if n == days || n == 0 || cover == 0 {
		return cover
	}
	return max(1, int(math.Round(float64(cover)*float64(n)/float64(days))))
}

// openDays counts the days of [from, to) on which no calendar closes the site.
func (s *site) openDays(from, to schemas.Date) int {
	return max(0, int(to-from)) - s.closed.count(from, to)
}

// until is the set's days before d.
func (set daySet) until(d schemas.Date) daySet {
	var days daySet
	for _, e := range set {
		if e.first < d {
			days = append(days, daySpan{e.first, min(e.last, d-1)})
		}
	}
	return days
}
