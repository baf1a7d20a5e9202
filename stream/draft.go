package stream

import (
	"context"
	"slices"
	"strings"
	"time"

	"drumbeat/optimize"
	"drumbeat/schemas"
)

// draft is what a Job was made from: the figures that its plan's lines show beside the solver's.
type draft struct {
	day       schemas.Date // the open one
	calendar  calendar
	periods   []period
	names     []string
	frozen    int
	approved  int               // periods
	approval  *schemas.Approval // nil: of none
	skus      []draftSKU        // in byte order of name, as in the Problem
	input     schemas.Input
	state     schemas.PlanState
	excluded  []schemas.Excluded
	left      []string // SKUs of the newest plan that are no longer in it
	resources []string
}

// draftSKU is the netted state of one SKU.
type draftSKU struct {
	k                                          *sku
	opening, found, overdue                    schemas.Quantity
	demand, low, high, receipts, safety, start []schemas.Quantity // by period; start: orders that start in it
	baseline                                   []schemas.Quantity
	hasBaseline                                []bool
	approved                                   []schemas.Quantity // by approved period
	forecast                                   ForecastRow
	issued                                     *issued // on an origin
	outlook                                    outlook
	scale                                      float64
	terms                                      terms
}

// longestCover bounds the days that the safety stock of a service level covers.
const longestCover = 1826

// draw nets the site: it brings the models up to date and builds the Problem of the newest state. Of a large site that takes
// seconds, for which a group would wait where a generation ends: when ctx has, the work stops at the next SKU, and the draft
// is nil. The models that are up to date by then stay.
func (s *site) draw(ctx context.Context) (*optimize.Problem, *draft) {
	s.freshen(ctx)
	d := &draft{day: s.Today, calendar: s.calendar}
	d.periods = s.calendar.from(s.Today, s.settings.Horizon)
	cuts := make([]int, len(d.periods))
	for t, p := range d.periods {
		cuts[t] = int(p.End - s.Today)
		d.names = append(d.names, p.Name)
	}
	d.frozen, d.approved = s.frozenPeriods(d.periods), s.approvedPeriods(d.periods)
	if d.approved > 0 {
		d.approval = s.Approval
	}
	s.look()
	if s.recalled {
		s.sumLessons()
	}
	s.share(ctx)
	if ctx.Err() != nil {
		return nil, nil
	}
	if s.recalled {
		s.sumLessons() // with the shares of today
	}

	var list []*sku
	for _, k := range s.sorted() {
		switch {
		case k.item.Discontinued:
			d.leave(k, "discontinued")
		case k.unsold():
		default:
			list = append(list, k)
		}
	}
	d.skus = make([]draftSKU, len(list))
	p := &optimize.Problem{
		Periods: d.names, Mode: optimize.Mode(s.settings.Mode), Shortages: optimize.Shortages(s.settings.Shortages),
		Frozen: d.frozen, SKUs: make([]optimize.SKU, len(list)),
	}
	part := s.openShare(d.periods[0])
	if part != 1 {
		p.HoldingShare = slices.Repeat([]float64{1}, len(d.periods))
		p.HoldingShare[0] = part
	}
	failed := s.refresh(ctx, list, func(i int, k *sku) {
		t := s.terms(k)
		a := s.spanOf(k, &t, cuts)
		s.net(d, i, k, t, expect(k.model, a, 0), a)
	})
	if ctx.Err() != nil {
		return nil, nil
	}
	s.taken()
	s.storeModels(list)
	for _, i := range failed {
		k := list[i]
		t := s.terms(k)
		a := s.spanOf(k, &t, cuts)
		s.net(d, i, k, t, s.lastGood(k, a), a)
		d.state.StaleSKUs = append(d.state.StaleSKUs, k.name)
	}
	index := map[string]int{}
	for i := range d.skus {
		if ctx.Err() != nil {
			return nil, nil
		}
		s.supply(d, &d.skus[i])
		s.pose(p, d, i, index)
	}
	p.Resources = s.poseResources(d, p, index)
	if p.Check() != nil {
		s.exclude(p, d)
	}
	s.describe(d)
	return p, d
}

// unsold says that nothing is known of a SKU but sales that are held or were taken back.
func (k *sku) unsold() bool {
	if !k.item.Provisional || k.stock.Source == stockCounted || len(k.orders) > 0 {
		return false
	}
	unsold := true
	k.history.each(never, func(e dayEntry) bool {
		unsold = e.Kept == 0
		return unsold
	})
	return unsold
}

// exclude takes the SKUs out of the problem that cannot be planned as they stand, so that the others are.
// Their open orders still take capacity.
func (s *site) exclude(p *optimize.Problem, d *draft) {
	alone := *p
	if alone.SKUs = nil; alone.Check() != nil {
		return // not a SKU's fault: the engine's error says whose
	}
	keep := 0
	for i := range p.SKUs {
		alone.SKUs = p.SKUs[i : i+1]
		k := d.skus[i].k
		err := alone.Check()
		if err == nil {
			p.SKUs[keep], d.skus[keep] = p.SKUs[i], d.skus[i]
			keep++
			continue
		}
		reason := strings.TrimPrefix(err.Error(), optimize.ErrProblem.Error()+": ")
		s.p.config.Log.Error("SKU cannot be planned", "site", s.name, "sku", k.name, "error", err)
		d.leave(k, reason)
	}
	p.SKUs, d.skus = p.SKUs[:keep], d.skus[:keep]
	slices.SortFunc(d.excluded, func(a, b schemas.Excluded) int { return strings.Compare(a.SKU, b.SKU) })
}

// leave keeps a SKU out of the plan.
func (d *draft) leave(k *sku, reason string) {
	if k.inPlan {
		d.left = append(d.left, k.name)
	}
	d.excluded = append(d.excluded, schemas.Excluded{SKU: k.name, Reason: reason})
}

// frozenPeriods is the number of periods at the front whose production is fixed.
func (s *site) frozenPeriods(periods []period) int {
	n := s.approvedPeriods(periods)
	if s.settings.Freeze == schemas.FreezeAuto {
		n = max(n, min(s.settings.Frozen, len(periods)))
	}
	return n
}

// approvedPeriods is the number of periods at the front that a person has approved.
func (s *site) approvedPeriods(periods []period) int {
	n := 0
	for n < len(periods) && periods[n].Start < s.FrozenUntil {
		n++
	}
	return n
}

// openShare is the share of a period's open days that are left, 1 where the site does not prorate.
func (s *site) openShare(p period) float64 {
	open := s.openDays(p.Start, p.End)
	if !s.settings.Prorate || open == 0 {
		return 1
	}
	return float64(s.openDays(max(p.Start, s.Today), p.End)) / float64(open)
}

// describe says how good the state is that the plan is made from.
func (s *site) describe(d *draft) {
	d.state.Stock = schemas.StockCountedState
	var oldest *stock
	for i := range d.skus {
		k := d.skus[i].k
		if k.item.Provisional {
			d.state.ProvisionalItems++
		}
		if d.skus[i].found > 0 {
			d.state.FoundSKUs++
		}
		switch k.stock.Source {
		case stockCounted:
			if oldest == nil || k.stock.Day < oldest.Day {
				oldest = &k.stock
			}
		case stockAssumed, stockUnknown:
			d.state.AssumedStock++
			d.state.Stock = schemas.StockAssumed
		}
	}
	if oldest != nil {
		d.state.StockAsOf = oldest.Day.String()
		if oldest.HasTime {
			d.state.StockAsOf = time.Unix(oldest.At, 0).In(s.location).Format(time.RFC3339)
		}
	}
	d.input = schemas.Input{
		Topic: s.p.config.Topic, Partition: int(s.p.config.Partition), Offset: max(s.p.next, s.p.again), Watermark: s.Watermark, Events: s.Events,
	}
}
