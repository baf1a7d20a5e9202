package simulate

import (
	"context"
	"time"
)

// coverage is the rule "keep so many weeks of stock": each Monday it orders up to the demand of that many weeks and of
// the lead time, as the last four weeks have sold. Where capacity does not suffice all are cut by one factor: it is
// shared by need.
type coverage struct {
	simple
	set   *Set
	weeks float64
}

// recent is the number of days whose sales the rule takes for the demand to come.
const recent = 28

// Morning implements [Policy].
func (c *coverage) Morning(_ context.Context, p *Past) (list []Order, err error) {
	if p.Today.Weekday() != time.Monday && p.Today != c.set.From {
		return nil, nil
	}
	c.reviewed(p.Today)
	next := week(p.Today).end
	for i := range c.set.SKUs {
		k := &c.set.SKUs[i]
		daily := mean(p.Sold[i], recent)
		target := daily * (7*c.weeks + float64(k.Lead)*c.set.daysPerPeriod())
		if q := k.lot(target - p.position(i)); q > 0 {
			list = append(list, c.set.order(i, q, p.Today, next))
		}
	}
	return list, nil
}
