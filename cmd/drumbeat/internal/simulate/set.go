package simulate

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"drumbeat/schemas"
)

// Set is what a run needs to know of a world. The days [First, From) are history that policies learn from, the days
// [From, Until) are simulated; From begins a period.
type Set struct {
	Name               string
	Period             schemas.PeriodKind // week (from Monday) or month
	Horizon            int                // periods that a plan covers
	First, From, Until schemas.Date
	SKUs               []SKU
	Resources          []Resource
	Dirt               *Dirt // what spoils the feed; nil: nothing
}

// SKU is one product of a Set. Money is in one currency, quantities in base units.
type SKU struct {
	Name      string
	Cost      float64 // of making a unit
	Holding   float64 // of a unit and day
	Lost      float64 // of a unit that could not be served
	Backlog   float64 // of a unit and day that waits; above 0: unmet demand waits instead of being lost
	Lead      int     // periods
	Pack      schemas.Quantity
	Least     schemas.Quantity // of an order
	OrderCost float64          // per period in which something starts
	Resource  int              // index; negative: none that limits
	Usage     float64          // of the resource, per unit
	Safety    float64          // stock that a planner has fixed; negative: none
	Level     float64          // service level that a planner asks of Drumbeat for it; 0: its default
	Opening   schemas.Quantity
	Demand    []schemas.Quantity // by day from Set.First
}

// Resource has a capacity a day.
type Resource struct {
	Name         string
	Capacity     float64 // per Per
	Per          schemas.Per
	Overtime     float64 // per Per, beyond Capacity
	OvertimeCost float64 // of a unit of it
	Stretches    []Stretch
}

// Stretch is a span of days [From, Until) on which a resource makes so much a day, overtime not counted.
type Stretch struct {
	From, Until schemas.Date
	Daily       float64
}

// LostShare is the production cost as a share of the price, where no shortage cost says what a lost unit costs.
const LostShare = 0.6

// Check reports the first contradiction of a Set.
func (s *Set) Check() error {
	switch {
	case s.Period != schemas.PeriodWeek && s.Period != schemas.PeriodMonth:
		return fmt.Errorf("simulate: period %q is neither week nor month", s.Period)
	case s.Horizon < 1:
		return errors.New("simulate: no horizon")
	case s.First > s.From || s.From >= s.Until:
		return fmt.Errorf("simulate: the days %v, %v, %v are not in order", s.First, s.From, s.Until)
	case s.period(s.From).start != s.From:
		return fmt.Errorf("simulate: no %s begins on %v", s.Period, s.From)
	case len(s.SKUs) == 0:
		return errors.New("simulate: no SKU")
	}
	for i := range s.SKUs {
		k := &s.SKUs[i]
		if len(k.Demand) < int(s.Until-s.First) || k.Resource >= len(s.Resources) || k.Cost <= 0 || k.Lost < k.Cost || k.Holding <= 0 {
			return fmt.Errorf("simulate: SKU %s: its demand, resource or costs do not fit the set (costs above 0, a lost unit not below the cost)", k.Name)
		}
		if noProduct(k.Name) {
			return fmt.Errorf("simulate: SKU %s: its code is that of a fee or a booking, whose sales are no demand", k.Name)
		}
	}
	return nil
}

// inWeeks is the same world for a policy that plans it in weeks.
func (s *Set) inWeeks() (*Set, error) {
	if s.Period == schemas.PeriodWeek {
		return s, nil
	}
	for i := range s.SKUs {
		if k := &s.SKUs[i]; k.Lead > 0 || k.OrderCost > 0 {
			return nil, fmt.Errorf("simulate: weeks: SKU %s has a lead time or order costs in months", k.Name)
		}
	}
	w := *s
	w.Period, w.Horizon = schemas.PeriodWeek, int(math.Ceil(float64(s.Horizon)*daysPerMonth/7))
	w.Resources = slices.Clone(s.Resources)
	for r := range w.Resources {
		if w.Resources[r].Per == schemas.PerPeriod {
			w.Resources[r].Per = schemas.PerMonth
		}
	}
	return &w, nil
}

// span is the days [start, end).
type span struct{ start, end schemas.Date }

func (p span) days() int { return int(p.end - p.start) }

// period is the one that a day lies in.
func (s *Set) period(d schemas.Date) span {
	if s.Period == schemas.PeriodMonth {
		return month(d)
	}
	return week(d)
}

func week(d schemas.Date) span {
	start := d.StartOfWeek(time.Monday)
	return span{start, start + 7}
}

func month(d schemas.Date) span {
	start := d.StartOfMonth()
	return span{start, start.AddMonths(1)}
}

// after is the period n periods after the one that a day lies in.
func (s *Set) after(d schemas.Date, n int) span {
	p := s.period(d)
	for range n {
		p = s.period(p.end)
	}
	return p
}

// Days of a mean month and of a period.
const daysPerMonth = 365.25 / 12

func (s *Set) daysPerPeriod() float64 {
	if s.Period == schemas.PeriodMonth {
		return daysPerMonth
	}
	return 7
}

// capacity is what a resource can make on a day, and with overtime.
func (s *Set) capacity(r int, d schemas.Date) (plain, most float64) {
	v := &s.Resources[r]
	days := 1.0
	switch per := v.Per; {
	case per == schemas.PerWeek || per == schemas.PerPeriod && s.Period == schemas.PeriodWeek:
		days = 7
	case per == schemas.PerMonth || per == schemas.PerPeriod:
		days = float64(month(d).days())
	}
	plain = v.Capacity / days
	for _, s := range v.Stretches {
		if d >= s.From && d < s.Until {
			plain = s.Daily
		}
	}
	return plain, plain + v.Overtime/days
}

// demand is that of SKU i on a day.
func (s *Set) demand(i int, d schemas.Date) schemas.Quantity { return s.SKUs[i].Demand[d-s.First] }

// days are the simulated ones.
func (s *Set) days() int { return int(s.Until - s.From) }
