package stream

import (
	"drumbeat/schemas"
)

// capacityOn is the capacity rule of a resource on a day: the newest change that covers it, else the
// resource's own figure.
func (s *site) capacityOn(r *resource, d schemas.Date) (capacity float64, per schemas.Per) {
	capacity, per = r.Capacity, r.Per
	for i := range s.Capacities {
		if c := &s.Capacities[i]; c.Capacity.Resource == r.Resource.Resource && c.From <= d && d <= c.To {
			capacity, per = c.Capacity.Capacity, c.Per
		}
	}
	return capacity, per
}

// bucket is the stretch of days that a rate counts over: its capacity is spread over its open days.
func (s *site) bucket(d schemas.Date, per schemas.Per) period {
	switch per {
	case schemas.PerDay:
		return period{Start: d, End: d + 1}
	case schemas.PerWeek:
		return calendar{Period: string(schemas.PeriodWeek), WeekEnds: s.calendar.WeekEnds}.at(d)
	case schemas.PerMonth:
		return calendar{Period: string(schemas.PeriodMonth)}.at(d)
	}
	return s.calendar.at(d)
}

// spread sums a capacity that may change from day to day over the days [from, to): in each bucket of
// its unit of time, by the share of the bucket's open days.
func (s *site) spread(from, to schemas.Date, on func(d schemas.Date) (float64, schemas.Per)) float64 {
	total := 0.0
	for d := from; d < to; {
		capacity, per := on(d)
		b := s.bucket(d, per)
		end := d + 1
		for ; end < min(to, b.End); end++ {
			if c, p := on(end); c != capacity || p != per {
				break
			}
		}
		if open := s.openDays(b.Start, b.End); open > 0 {
			if n := s.openDays(d, end); n == open {
				total += capacity
			} else {
				total += capacity * float64(n) / float64(open)
			}
		}
		d = end
	}
	return total
}
