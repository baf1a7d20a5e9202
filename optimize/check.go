package optimize

import (
	"errors"
	"fmt"
	"math"
)

// ErrProblem marks a Problem that cannot be planned as it stands: the message names SKU or resource,
// field and period.
var ErrProblem = errors.New("optimize: bad problem")

// maxMagnitude is the largest quantity, cost or capacity accepted. Beyond it neither float64 sums nor
// a solver can keep the six decimals that plans are published with.
const maxMagnitude = 1e15

// Check reports the first thing wrong with p, wrapped in ErrProblem: a number that is NaN, infinite, too
// large or negative where it must not be, a slice of the wrong length, an unknown resource, a duplicate name, a
// change price above the production cost (over-production would pay), or lots beside an emergency source.
func (p *Problem) Check() error {
	c := checker{p: p, T: len(p.Periods)}
	c.problem()
	for r := range p.Resources {
		if c.err != nil {
			break
		}
		c.resource(&p.Resources[r], r)
	}
	names := make(map[string]bool, len(p.SKUs))
	for s := range p.SKUs {
		if c.err != nil {
			break
		}
		sku := &p.SKUs[s]
		if names[sku.Name] {
			c.fail("SKU %q appears twice", sku.Name)
		}
		names[sku.Name] = true
		c.sku(sku, s)
	}
	if c.err != nil {
		return fmt.Errorf("%w: %w", ErrProblem, c.err)
	}
	return nil
}

// checker keeps the first error and the name of what is being looked at.
type checker struct {
	p   *Problem
	T   int
	who string
	err error
}

func (c *checker) fail(format string, args ...any) {
	if c.err == nil {
		c.err = fmt.Errorf(c.who+format, args...)
	}
}

func (c *checker) problem() {
	p := c.p
	if c.T == 0 {
		c.fail("no periods")
	}
	if p.Mode != "" && p.Mode != Elastic && p.Mode != Strict {
		c.fail("mode %q is neither elastic nor strict", p.Mode)
	}
	if p.Shortages != "" && p.Shortages != Lexicographic && p.Shortages != Economic {
		c.fail("shortages %q is neither lexicographic nor economic", p.Shortages)
	}
	if p.Frozen < 0 || p.Frozen > c.T {
		c.fail("frozen: %d periods of %d", p.Frozen, c.T)
	}
	seen := make(map[string]bool, c.T)
	for t, name := range p.Periods {
		if name == "" || seen[name] {
			c.fail("period %d: name %q is empty or appears twice", t+1, name)
		}
		seen[name] = true
	}
	c.series("holding_share", p.HoldingShare, true)
	resources := make(map[string]bool, len(p.Resources))
	for _, r := range p.Resources {
		if r.Name == "" || resources[r.Name] {
			c.fail("resource name %q is empty or appears twice", r.Name)
		}
		resources[r.Name] = true
	}
}

func (c *checker) resource(r *Resource, i int) {
	c.who = fmt.Sprintf("resource %q: ", r.Name)
	c.series("capacity", r.Capacity, false)
	c.flags("unlimited", r.Unlimited)
	c.series("load", r.Load, true)
	c.series("overtime", r.Overtime, true)
	c.series("overtime_cost", r.OvertimeCost, true)
	if r.Overtime != nil && r.OvertimeCost == nil {
		c.fail("overtime without overtime_cost")
	}
}

func (c *checker) sku(s *SKU, i int) {
	c.who = fmt.Sprintf("SKU %q: ", s.Name)
	if s.Name == "" {
		c.fail("number %d has no name", i+1)
	}
	c.series("demand", s.Demand, false)
	c.series("safety_stock", s.SafetyStock, false)
	c.series("receipts", s.Receipts, true)
	c.series("max_production", s.MaxProduction, true)
	c.series("baseline", s.Baseline, true)
	c.series("change_price", s.ChangePrice, true)
	c.flags("has_baseline", s.HasBaseline)
	c.amount("production_cost", s.ProductionCost)
	c.amount("holding_cost", s.HoldingCost)
	c.amount("shortage_cost", s.ShortageCost)
	c.amount("backlog_cost", s.BacklogCost)
	c.amount("storage_capacity", s.StorageCapacity)
	c.amount("emergency_cost", s.EmergencyCost)
	c.amount("order_cost", s.OrderCost)
	c.amount("min_order", s.MinOrder)
	c.amount("pack_size", s.PackSize)
	if s.Opening < 0 && s.BacklogCost == 0 {
		c.fail("opening: %g is negative but the SKU has no backlog_cost", s.Opening)
	} else {
		c.amount("opening", math.Abs(s.Opening))
	}
	if s.LeadTime < 0 {
		c.fail("lead_time: %d is negative", s.LeadTime)
	}
	used := make(map[int]bool, len(s.Uses))
	for _, u := range s.Uses {
		switch {
		case u.Resource < 0 || u.Resource >= len(c.p.Resources):
			c.fail("uses: resource %d of %d", u.Resource, len(c.p.Resources))
		case used[u.Resource]:
			c.fail("uses: resource %q twice", c.p.Resources[u.Resource].Name)
		case !(u.Amount > 0) || u.Amount > maxMagnitude:
			c.fail("uses: amount %g of resource %q", u.Amount, c.p.Resources[u.Resource].Name)
		}
		used[u.Resource] = true
	}
	c.plan(s)
	c.lots(s)
}

// plan checks what ties the SKU to the plan in force: baseline, change price, frozen production, pins.
func (c *checker) plan(s *SKU) {
	if s.ChangePrice != nil && s.Baseline == nil {
		c.fail("change_price without baseline")
	}
	if s.HasBaseline != nil && s.Baseline == nil {
		c.fail("has_baseline without baseline")
	}
	if c.err == nil {
		for t, k := range s.ChangePrice {
			if k > s.ProductionCost {
				c.fail("change_price in %s: %g is above the production cost %g", c.p.Periods[t], k, s.ProductionCost)
			}
		}
	}
	if s.Fixed != nil {
		if len(s.Fixed) < c.p.Frozen {
			c.fail("fixed: %d values for %d frozen periods", len(s.Fixed), c.p.Frozen)
		}
		if len(s.Fixed) > c.T {
			c.fail("fixed: %d values for %d periods", len(s.Fixed), c.T)
		}
		for t, v := range s.Fixed {
			c.value("fixed", t, v)
		}
	}
	pinned := make(map[int]bool, len(s.Pins))
	for _, pin := range s.Pins {
		switch {
		case pin.Period < 0 || pin.Period >= c.T:
			c.fail("pins: period %d of %d", pin.Period+1, c.T)
		case pinned[pin.Period]:
			c.fail("pins: two for %s", c.p.Periods[pin.Period])
		case !(pin.Min >= 0 && pin.Min <= maxMagnitude) || math.IsNaN(pin.Max) || pin.Max > maxMagnitude:
			c.fail("pins in %s: %g to %g", c.p.Periods[pin.Period], pin.Min, pin.Max)
		case pin.Max >= 0 && pin.Max < pin.Min:
			c.fail("pins in %s: max %g is below min %g", c.p.Periods[pin.Period], pin.Max, pin.Min)
		}
		pinned[pin.Period] = true
	}
}

// lots refuses what cannot be combined with lots.
func (c *checker) lots(s *SKU) {
	if s.EmergencyCost > 0 && s.lotted() {
		c.fail("emergency_cost: %g cannot be planned with pack_size, min_order or order_cost", s.EmergencyCost)
	}
}

// series checks the length and every value of a per-period slice.
func (c *checker) series(field string, v []float64, optional bool) {
	if v == nil && optional {
		return
	}
	if len(v) != c.T {
		c.fail("%s: %d values for %d periods", field, len(v), c.T)
		return
	}
	for t, x := range v {
		c.value(field, t, x)
	}
}

func (c *checker) flags(field string, v []bool) {
	if v != nil && len(v) != c.T {
		c.fail("%s: %d values for %d periods", field, len(v), c.T)
	}
}

// value wants 0 <= x <= maxMagnitude; the comparison also refuses NaN.
func (c *checker) value(field string, t int, x float64) {
	if !(x >= 0 && x <= maxMagnitude) && c.err == nil {
		name := fmt.Sprint(t + 1)
		if t < c.T {
			name = c.p.Periods[t]
		}
		c.fail("%s in %s: %g is not a number from 0 to %g", field, name, x, maxMagnitude)
	}
}

func (c *checker) amount(field string, x float64) {
	if !(x >= 0 && x <= maxMagnitude) {
		c.fail("%s: %g is not a number from 0 to %g", field, x, maxMagnitude)
	}
}
