package outlier

import (
	"math"

	"drumbeat/schemas"
)

// A yearly event is a time of the year at which a SKU has sold far more than usual and was believed:
// the year after, the same is no error.
const (
	eventScore   = 3.0
	eventRatio   = 2.5 // times the expected size; a sale beyond both is remembered
	eventDays    = 3   // of the year, before or after
	eventAge     = 300 // days after which it may recur
	eventMargin  = 2.0 // times the remembered ratio
	eventsMost   = 40
	ratioPerUnit = 16 // sixteenths are fine enough for a factor with a margin of 2
)

// event is a remembered sale.
type event struct {
	day   schemas.Date
	ratio uint16 // to the expected size, in sixteenths
}

// remember stores a sale as an event, in the place of the oldest where there are eventsMost. The list is
// made anew: copies of the rule share it.
func (r *Rule) remember(d schemas.Date, ratio float64) {
	old := r.events
	if len(old) == eventsMost {
		old = old[1:]
	}
	events := make([]event, len(old), len(old)+1)
	copy(events, old)
	r.events = append(events, event{d, uint16(min(math.Round(ratio*ratioPerUnit), math.MaxUint16))})
}

// recurs says that units on day d are no more than a remembered event explains.
func (r *Rule) recurs(d schemas.Date, units, mean float64) bool {
	for _, e := range r.events {
		if int64(d)-int64(e.day) > eventAge && yearDistance(d, e.day) <= eventDays && units <= eventMargin*float64(e.ratio)/ratioPerUnit*mean {
			return true
		}
	}
	return false
}

// yearDistance is the number of days between two days of the year, around its end too.
func yearDistance(a, b schemas.Date) int {
	const year = 366
	apart := (yearDay(a) - yearDay(b) + year) % year
	return min(apart, year-apart)
}

func yearDay(d schemas.Date) int {
	year, _, _ := d.Civil()
	start, _ := schemas.NewDate(year, 1, 1)
	return int(d - start)
}
