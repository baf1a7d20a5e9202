package stream

import (
	"math"
	"slices"
	"time"

	"drumbeat/schemas"
)

// change is what has happened since the newest saved plan. It is part of the saved state: a change
// stays pending until the batch with the plan that covers it is saved.
type change struct {
	Material  int64     `json:"material"` // number of material changes
	Any       int64     `json:"any"`      // of all changes
	First     time.Time `json:"first"`    // of the material ones, by the wall clock
	Last      time.Time `json:"last"`
	FirstAny  time.Time `json:"first_any"`
	Trigger   string    `json:"trigger,omitempty"` // of the first material change
	SKUs      []string  `json:"skus,omitempty"`    // the first that changed
	Detail    string    `json:"detail,omitempty"`
	Immediate bool      `json:"immediate,omitempty"` // due at once
}

// namedSKUs is the number of SKUs that a cause names.
const namedSKUs = 10

// The triggers of a plan.
const (
	triggerSale     = "sale"
	triggerStock    = "stock"
	triggerReceipt  = "receipt"
	triggerItem     = "item"
	triggerCapacity = "capacity"
	triggerCalendar = "calendar"
	triggerPolicy   = "policy"
	triggerReview   = "review"
	triggerOverride = "override"
	triggerPin      = "pin"
	triggerApproval = "approval"
	triggerOperator = "operator"
	triggerBreaker  = "breaker"
	triggerRollOver = "roll-over"
	triggerEnd      = "end-of-input"
	triggerRetry    = "retry"
	triggerAge      = "max-age"
)

// note adds a change. An immaterial one joins the next plan, at the latest after the maximum age.
func (c *change) note(now time.Time, trigger, sku string, material bool) {
	if c.Any == 0 {
		c.FirstAny = now
	}
	c.Any++
	if material {
		if c.Material == 0 {
			c.First, c.Trigger = now, trigger
			c.SKUs = c.SKUs[:0:0]
		}
		c.Material++
		c.Last = now
	} else if c.Trigger == "" {
		c.Trigger = trigger
	}
	if sku != "" && len(c.SKUs) < namedSKUs && !slices.Contains(c.SKUs, sku) {
		c.SKUs = append(c.SKUs, sku)
	}
}

// join puts an earlier change that no plan has covered before c.
func (c *change) join(earlier change) {
	if earlier.Any == 0 {
		return
	}
	later := *c
	*c = earlier
	c.Any += later.Any
	c.Material += later.Material
	c.Immediate = earlier.Immediate || later.Immediate
	if later.Material > 0 {
		c.Last = later.Last
		if earlier.Material == 0 {
			c.First, c.Trigger, c.SKUs = later.First, later.Trigger, nil
		}
	}
	if c.Detail == "" {
		c.Detail = later.Detail
	}
	for _, sku := range later.SKUs {
		if len(c.SKUs) < namedSKUs && !slices.Contains(c.SKUs, sku) {
			c.SKUs = append(c.SKUs, sku)
		}
	}
}

// due says whether a plan is due at now: after a quiet period without a further material change, at the
// ceiling, or when immaterial changes have waited for long enough.
func (c *change) due(now time.Time, s *Settings) bool {
	if c.Any == 0 {
		return false
	}
	return c.Immediate ||
		c.Material > 0 && (!now.Before(c.Last.Add(time.Duration(s.Quiet))) || !now.Before(c.First.Add(time.Duration(s.Ceiling)))) ||
		!now.Before(c.FirstAny.Add(time.Duration(s.MaxAge)))
}

// weigh decides whether what happened to a SKU matters: its net requirement has moved by more than the
// materiality's share of its demand in a period since the newest plan, or a need that stock and open
// orders do not cover has appeared or gone.
func (s *site) weigh(k *sku, trigger string) {
	material := true
	if s.FirstPlan && k.inPlan && trigger == triggerSale {
		need := s.need(k, k.outlook)
		material = math.Abs(need-k.seen) > s.settings.Materiality*k.scale || (need > 0) != (k.seen > 0)
	}
	s.note(trigger, k.name, material)
}

// note adds a change of the site.
func (s *site) note(trigger, sku string, material bool) {
	now := s.p.now
	if s.settings.Clock == schemas.ClockEvent {
		now = s.Now
	}
	if material && s.Pending.Material == 0 && s.settings.Clock == schemas.ClockWall {
		s.p.waits++
	}
	s.Pending.note(now, trigger, sku, material)
	s.dirty = true
}

// uncover makes what a plan was to cover pending again.
func (s *site) uncover(covered change) {
	if covered.Material > 0 && s.Pending.Material > 0 && s.settings.Clock == schemas.ClockWall {
		s.p.waits-- // the later one waits with it
	}
	s.Pending.join(covered)
}

// need is what the rest of the current period still asks beyond stock and open orders. A sale that the
// forecast of today expected does not change it.
func (s *site) need(k *sku, expected outlook) float64 {
	sold := k.history.at(expected.day).Kept.Float()
	supply := s.believed(k)
	for i := range k.orders {
		k.orders[i].coming(s.Today, func(_ schemas.Date, q schemas.Quantity) { supply = addQuantity(supply, q) })
	}
	return expected.rest + max(0, expected.today-sold) - supply.Float()
}
