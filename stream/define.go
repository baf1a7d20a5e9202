package stream

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"drumbeat/schemas"
	"drumbeat/stream/outlier"
	"drumbeat/stream/repair"
)

// checkDefinition says why an event that is no sale cannot be applied; it changes nothing. What a
// decoder can see was checked by it.
func (s *site) checkDefinition(ev *schemas.Event) *fault {
	switch e := ev.Data.(type) {
	case *schemas.Policy:
		next, err := s.p.config.Settings.With(e)
		if err != nil {
			field, detail, _ := strings.Cut(strings.TrimPrefix(err.Error(), "stream: "), ": ")
			return &fault{"bad-field", field, detail}
		}
		if s.HasSales && next.TimeZone != s.settings.TimeZone {
			return &fault{"time-zone-fixed", "time_zone", "the site has sales; its days cannot move"}
		}
	case *schemas.StockCounted:
		if !s.started() {
			return nil
		}
		return s.checkCount(e)
	case *schemas.ProductionPin:
		if _, ok := s.calendar.parse(e.Period); !ok {
			return &fault{"bad-field", "period", repair.Shown(e.Period) + " is no period of the site"}
		}
	case *schemas.PlanApproved:
		if _, ok := s.calendar.parse(e.Through); !ok {
			return &fault{"bad-field", "through", repair.Shown(e.Through) + " is no period of the site"}
		}
		if e.Revision != s.Revision {
			return &fault{"stale-revision", "revision", "the newest revision is another one"}
		}
	case *schemas.OutlierReviewed:
		k := s.known(canonical(e.SKU))
		if k == nil {
			return &fault{"unknown-sku", "sku", repair.Shown(e.SKU) + " is not known"}
		}
		if d := k.history.at(e.Date); d.Held == 0 && d.Verdict == outlier.Unreviewed {
			return &fault{"nothing-held", "date", "nothing of " + repair.Shown(e.SKU) + " is held on " + e.Date.String()}
		}
	}
	return nil
}

func canonical(sku string) string {
	name, err := schemas.CanonicalSKU(sku)
	if err != nil {
		return ""
	}
	return name
}

// define applies an event that is no sale. Of two definitions of the same thing the newest event time
// wins, so an older one is kept without effect.
func (s *site) define(ev *schemas.Event) outcome {
	st := stampOf(ev, s.moment())
	switch e := ev.Data.(type) {
	case *schemas.Item:
		k := s.learn(canonical(e.SKU))
		s.live(k, st, e.Discontinued)
		if !k.item.Provisional && !st.after(k.item.Stamp) {
			return kept(reasonOlder)
		}
		s.backlogs(k, e, st)
		price := k.item.UnitPrice
		k.item = item{Item: *e, Stamp: st, UnitPrice: price}
		s.classify(k)
		if e.InitialInventory != nil && s.started() && k.stock.Source != stockCounted && k.stock.Source != stockInitial {
			s.start(k, stockInitial, *e.InitialInventory)
		}
		s.unsettle(k)
		s.save(k)
		s.note(triggerItem, k.name, true)
	case *schemas.StockCounted:
		k := s.learn(canonical(e.SKU))
		v := s.count(k, e, st)
		if v.reason != reasonOlder {
			s.weigh(k, triggerStock)
		}
		return v
	case *schemas.Receipt:
		k := s.learn(canonical(e.SKU))
		v := s.receipt(k, e, st)
		if v.reason == "" {
			s.weigh(k, triggerReceipt)
		}
		return v
	case *schemas.Resource:
		if old, ok := s.Resources[e.Resource]; ok && !st.after(old.Stamp) {
			return kept(reasonOlder)
		}
		if s.Resources == nil {
			s.Resources = map[string]resource{}
		}
		s.Resources[e.Resource] = resource{*e, st}
		s.note(triggerCapacity, "", true)
	case *schemas.Capacity:
		s.Capacities = insertByStamp(s.Capacities, capacityChange{*e, st}, func(c capacityChange) stamp { return c.Stamp })
		s.note(triggerCapacity, "", true)
	case *schemas.Calendar:
		old, known := s.Entries[e.Name]
		if known && !st.after(old.Stamp) {
			return kept(reasonOlder)
		}
		if s.Entries == nil {
			s.Entries = map[string]entry{}
		}
		s.Entries[e.Name] = entry{*e, st}
		s.reconfigure()
		s.unsettleAll()
		s.refitFor(e)
		if known {
			s.refitFor(&old.Calendar)
		}
		for _, k := range s.skus {
			s.refold(k) // a declared event excuses what is held
		}
		s.note(triggerCalendar, "", true)
	case *schemas.OutlierReviewed:
		s.review(s.known(canonical(e.SKU)), e)
	case *schemas.DemandOverride:
		e.SKU = canonical(e.SKU)
		s.unsettle(s.learn(e.SKU))
		s.Overrides = insertByStamp(s.Overrides, override{*e, st}, func(o override) stamp { return o.Stamp })
		s.note(triggerOverride, e.SKU, true)
	case *schemas.ProductionPin:
		e.SKU = canonical(e.SKU)
		at, _ := s.calendar.parse(e.Period)
		for i := range s.Pins {
			if p, _ := s.calendar.parse(s.Pins[i].Period); s.Pins[i].SKU == e.SKU && p.Start == at.Start {
				if !st.after(s.Pins[i].Stamp) {
					return kept(reasonOlder)
				}
				s.Pins = slices.Delete(s.Pins, i, i+1)
				break
			}
		}
		s.Pins = insertByStamp(s.Pins, pin{*e, st}, func(p pin) stamp { return p.Stamp })
		s.note(triggerPin, e.SKU, true)
	case *schemas.PlanApproved:
		through, _ := s.calendar.parse(e.Through)
		s.Approval = &schemas.Approval{Revision: e.Revision, Through: e.Through, By: e.By, At: time.Unix(0, st.Time).UTC()}
		s.FrozenUntil = through.End
		s.Baseline, s.BaselineFrom, s.BaselineUntil = e.Revision, s.Plan.From, s.Plan.Until
		for _, k := range s.skus {
			k.baseline, k.hasBaseline = slices.Clone(k.planned), k.inPlan
			s.save(k)
		}
		s.note(triggerApproval, "", true)
	case *schemas.Policy:
		if s.Policy != nil && !st.after(s.PolicyStamp) {
			return kept(reasonOlder)
		}
		before := s.settings
		s.Policy, s.PolicyStamp = e, st
		s.reconfigure()
		if s.settings.Country != before.Country {
			s.cutShares(0) // they do not know the holidays
		}
		s.refitAll()
		s.unsettleAll()
		if !s.settings.sameCalendar(&before) {
			s.forgetPeriods()
		}
		s.note(triggerPolicy, "", true)
	case *schemas.Operator:
		s.note(triggerOperator, "", true)
		s.Pending.Detail = "asked for by " + e.By
		if e.Action == schemas.Replan {
			s.unsettleAll()
			s.Pending.Immediate = true
		}
	}
	return kept("")
}

// reasonOlder goes with a definition that a newer one had already replaced.
const reasonOlder = "older-definition"

// moment is the site's now for stamps.
func (s *site) moment() time.Time {
	if s.settings.Clock == schemas.ClockWall && s.p.now.After(s.Now) {
		return s.p.now
	}
	return s.Now
}

// reconfigure derives the settings anew.
func (s *site) reconfigure() {
	if err := s.configure(); err != nil {
		panic("stream: a policy that was checked does not hold: " + err.Error())
	}
	if s.settings.Clock == schemas.ClockWall && !s.started() {
		s.setNow(s.p.now)
	}
}

// refitAll makes all models start anew: a policy shapes them by its zone and its country.
func (s *site) refitAll() {
	for _, k := range s.skus {
		k.forget()
	}
}

// refitFor makes the models start anew that a calendar entry concerns. What the models share knows of an event of the whole site
// from the day on which it was declared, if it is not made anew.
func (s *site) refitFor(e *schemas.Calendar) {
	if len(e.SKUs) == 0 {
		if e.Effect == schemas.EffectEvent {
			s.cutShares(0)
		}
		s.refitAll()
		return
	}
	for _, name := range e.SKUs {
		if k := s.known(canonical(name)); k != nil {
			k.forget()
		}
	}
}

// forgetPeriods drops what is known by periods that no longer exist.
func (s *site) forgetPeriods() {
	s.Baseline, s.BaselineFrom, s.BaselineUntil, s.FrozenUntil = 0, 0, 0, 0
	for _, k := range s.skus {
		if len(k.planned) > 0 || k.hasBaseline {
			k.planned, k.baseline, k.hasBaseline = nil, nil, false
			s.save(k)
		}
	}
}

// insertByStamp keeps list in the order of event times, so that a later definition is applied last.
func insertByStamp[T any](list []T, v T, of func(T) stamp) []T {
	i, _ := slices.BinarySearchFunc(list, of(v), func(e T, st stamp) int {
		a := of(e)
		return cmp.Or(cmp.Compare(a.Time, st.Time), cmp.Compare(a.ID, st.ID))
	})
	return slices.Insert(list, i, v)
}
