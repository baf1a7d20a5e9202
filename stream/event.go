package stream

import (
	"slices"
	"strconv"
	"strings"

	"drumbeat/forecast"
	"drumbeat/schemas"
)

// namedEvents are what models know of the days of a site: the events that calendars declare, by name, and the national
// holidays of its country. The models share these maps; days are added at their end alone.
type namedEvents struct {
	all      forecast.Events
	ofSKU    map[string]forecast.Events // of SKUs with events of their own: theirs and those of all
	holidays forecast.Events
	until    schemas.Date // holidays are entered up to it; never: none
}

// newNamedEvents derives the declared events from the entries; their order does not matter.
func newNamedEvents(entries map[string]entry) namedEvents {
	e := namedEvents{all: forecast.Events{}, ofSKU: map[string]forecast.Events{}, holidays: forecast.Events{}, until: never}
	var single []entry
	for _, of := range entries {
		switch {
		case of.Effect != schemas.EffectEvent:
		case len(of.SKUs) > 0:
			single = append(single, of)
		default:
			of.enter(e.all)
		}
	}
	for _, of := range single {
		for _, name := range of.SKUs {
			name = canonical(name)
			if e.ofSKU[name] == nil {
				e.ofSKU[name] = e.all.Clone()
			}
			of.enter(e.ofSKU[name])
		}
	}
	return e
}

func (e *entry) enter(events forecast.Events) {
	name := eventName(e.Name)
	for _, span := range e.spans() {
		for d := span.first; d <= span.last; d++ {
			events.Add(int(d), name)
		}
	}
}

// eventName is the name under which the times of an event belong together: that of the entry without a year, since an
// entry with from and to can declare one time only ("Black Friday 2025").
func eventName(name string) string {
	words := slices.DeleteFunc(strings.Fields(name), func(w string) bool {
		year, err := strconv.Atoi(w)
		return err == nil && len(w) == 4 && year >= 1900 && year < 2200
	})
	if len(words) == 0 {
		return name
	}
	return strings.Join(words, " ")
}

// of is what the model of a SKU knows.
func (e *namedEvents) of(sku string) forecast.Events {
	if own, ok := e.ofSKU[sku]; ok {
		return own
	}
	return e.all
}

// holidaysAhead is for how many days beyond the horizon holidays are entered at a time.
const holidaysAhead = 2 * 366

// foresee enters the holidays from the beginning of the kept history to the end of every horizon.
func (s *site) foresee() {
	if s.settings.Country == "" || !s.started() {
		return
	}
	e := &s.named
	reach := max(longestCover, int(float64(s.settings.Horizon+1)*s.settings.daysPer(schemas.PerPeriod)))
	if e.until != never && s.Today.AddDays(reach) <= e.until {
		return
	}
	from, to := e.until+1, min(s.Today.AddDays(reach+holidaysAhead), schemas.MaxDate)
	if e.until == never {
		from = s.Today.AddDays(-(historyDays + 31))
	}
	e.until = to
	lists := []forecast.Events{e.holidays, e.all}
	for _, own := range e.ofSKU {
		lists = append(lists, own)
	}
	for _, events := range lists {
		if err := events.AddHolidays(s.settings.Country, everyDay, int(from), int(to)); err != nil {
			panic("stream: settings that were checked do not hold: " + err.Error())
		}
	}
}

var everyDay = func() forecast.Freq {
	f, err := forecast.ParseFreq("D")
	if err != nil {
		panic(err)
	}
	return f
}()

// shutHolidays says of every past holiday of the country whether the site was shut on most of its days, and under ""
// whether it was on most holidays of all. Days that would have been days of rest anyway say nothing.
func (s *site) shutHolidays() map[string]bool {
	count := map[string][2]int{} // shut, all
	v := &s.activity.survey
	for d := v.from; d < v.today; d++ {
		names := s.named.holidays[int(d)]
		if len(names) == 0 || v.weekly[d.Weekday()] {
			continue
		}
		shut := s.silent(d) || s.closed.has(d)
		for _, name := range append([]string{""}, names...) {
			c := count[name]
			c[1]++
			if shut {
				c[0]++
			}
			count[name] = c
		}
	}
	rest := make(map[string]bool, len(count))
	for name, c := range count {
		rest[name] = 2*c[0] > c[1]
	}
	return rest
}

// shutOn says that a day is a holiday on which the site rests, as it did on most of its days or, of a holiday that it has
// not met yet, on most holidays.
func (s *site) shutOn(d schemas.Date) bool {
	for _, name := range s.named.holidays[int(d)] {
		rest, met := s.activity.survey.holidays[name]
		if !met {
			rest = s.activity.survey.holidays[""]
		}
		if rest {
			return true
		}
	}
	return false
}
