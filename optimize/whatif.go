package optimize

import (
	"fmt"
	"math"
	"slices"
)

// Overrides change a Problem for a question of the kind what if. Nothing named means everything: no resource all
// resources, no SKU all SKUs, no periods the whole horizon. Later entries apply on top of former ones.
type Overrides struct {
	Mode      Mode               `json:"mode,omitempty"`
	Resources []ResourceOverride `json:"resources,omitempty"`
	SKUs      []SKUOverride      `json:"skus,omitempty"`
	Added     []AddedSKU         `json:"added,omitempty"`
}

// ResourceOverride changes a resource. What is nil stays.
type ResourceOverride struct {
	Resource        string   `json:"resource,omitempty"`
	Periods         []string `json:"periods,omitempty"`
	Capacity        *float64 `json:"capacity,omitempty"`         // per period; a limit where there was none
	CapacityPercent *float64 `json:"capacity_percent,omitempty"` // −10: a tenth less
	Overtime        *float64 `json:"overtime,omitempty"`
	OvertimeCost    *float64 `json:"overtime_cost,omitempty"`
}

// SKUOverride changes an SKU. What is nil stays; Periods is about demand and safety stock.
type SKUOverride struct {
	SKU            string   `json:"sku,omitempty"`
	Periods        []string `json:"periods,omitempty"`
	Demand         *float64 `json:"demand,omitempty"`         // per period
	DemandPercent  *float64 `json:"demand_percent,omitempty"` // 20: a fifth more
	SafetyStock    *float64 `json:"safety_stock,omitempty"`
	ProductionCost *float64 `json:"production_cost,omitempty"`
	HoldingCost    *float64 `json:"holding_cost,omitempty"`
	ShortageCost   *float64 `json:"shortage_cost,omitempty"`
	OrderCost      *float64 `json:"order_cost,omitempty"`
}

// AddedSKU is an SKU that the problem does not have. A demand profile shorter than the horizon is repeated.
type AddedSKU struct {
	SKU            string    `json:"sku"`
	Demand         []float64 `json:"demand"`
	SafetyStock    float64   `json:"safety_stock,omitempty"`
	Opening        float64   `json:"opening,omitempty"`
	ProductionCost float64   `json:"production_cost"`
	HoldingCost    float64   `json:"holding_cost"`
	ShortageCost   float64   `json:"shortage_cost,omitempty"`
	Resource       string    `json:"resource,omitempty"` // ""; none
	Usage          float64   `json:"usage,omitempty"`    // 0 is 1
	LeadTime       int       `json:"lead_time,omitempty"`
	PackSize       float64   `json:"pack_size,omitempty"`
	MinOrder       float64   `json:"min_order,omitempty"`
	OrderCost      float64   `json:"order_cost,omitempty"`
}

// With is p with overrides, as a Problem of its own; p stays as it is. Change prices never exceed the new production
// cost. The error wraps ErrProblem and names what is unknown or out of range.
func (p *Problem) With(o *Overrides) (*Problem, error) {
	q := *p
	q.SKUs, q.Resources = slices.Clone(p.SKUs), slices.Clone(p.Resources)
	if o.Mode != "" {
		q.Mode = o.Mode
	}
	for _, v := range o.Resources {
		if err := q.overrideResource(&v); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrProblem, err)
		}
	}
	for _, v := range o.SKUs {
		if err := q.overrideSKU(&v); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrProblem, err)
		}
	}
	for _, v := range o.Added {
		if err := q.addSKU(&v); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrProblem, err)
		}
	}
	return &q, q.Check()
}

// indices are the places of the named periods; all without any.
func (p *Problem) indices(periods []string) ([]int, error) {
	var list []int
	for t, name := range p.Periods {
		if len(periods) == 0 || slices.Contains(periods, name) {
			list = append(list, t)
		}
	}
	for _, name := range periods {
		if !slices.Contains(p.Periods, name) {
			return nil, fmt.Errorf("period %q is not in the horizon", name)
		}
	}
	return list, nil
}

// replaced is v, or zeros where it is nil, with new values at the places; v stays as it is.
func (p *Problem) replaced(v []float64, at []int, value func(old float64) float64) []float64 {
	c := make([]float64, len(p.Periods))
	copy(c, v)
	for _, t := range at {
		c[t] = value(c[t])
	}
	return c
}

func toValue(v float64) func(float64) float64 { return func(float64) float64 { return v } }

// byPercent is rounded to what plans are stated in.
func byPercent(v float64) func(float64) float64 {
	return func(old float64) float64 { return rounded(old * (1 + v/100)) }
}

func (p *Problem) overrideResource(o *ResourceOverride) error {
	at, err := p.indices(o.Periods)
	if err != nil {
		return fmt.Errorf("resource %q: %w", o.Resource, err)
	}
	found := false
	for r := range p.Resources {
		res := &p.Resources[r]
		if o.Resource != "" && res.Name != o.Resource {
			continue
		}
		found = true
		if o.Capacity != nil {
			res.Capacity = p.replaced(res.Capacity, at, toValue(*o.Capacity))
			if res.Unlimited = slices.Clone(res.Unlimited); res.Unlimited != nil {
				for _, t := range at {
					res.Unlimited[t] = false
				}
			}
		}
		if o.CapacityPercent != nil {
			res.Capacity = p.replaced(res.Capacity, at, byPercent(*o.CapacityPercent))
		}
		if o.Overtime != nil {
			res.Overtime = p.replaced(res.Overtime, at, toValue(*o.Overtime))
			if res.OvertimeCost == nil {
				res.OvertimeCost = make([]float64, len(p.Periods))
			}
		}
		if o.OvertimeCost != nil {
			res.OvertimeCost = p.replaced(res.OvertimeCost, at, toValue(*o.OvertimeCost))
		}
	}
	if !found {
		return fmt.Errorf("resource %q is unknown", o.Resource)
	}
	return nil
}

func (p *Problem) overrideSKU(o *SKUOverride) error {
	at, err := p.indices(o.Periods)
	if err != nil {
		return fmt.Errorf("SKU %q: %w", o.SKU, err)
	}
	found := false
	for s := range p.SKUs {
		sku := &p.SKUs[s]
		if o.SKU != "" && sku.Name != o.SKU {
			continue
		}
		found = true
		if o.Demand != nil {
			sku.Demand = p.replaced(sku.Demand, at, toValue(*o.Demand))
		}
		if o.DemandPercent != nil {
			sku.Demand = p.replaced(sku.Demand, at, byPercent(*o.DemandPercent))
		}
		if o.SafetyStock != nil {
			sku.SafetyStock = p.replaced(sku.SafetyStock, at, toValue(*o.SafetyStock))
		}
		for _, v := range []struct{ dst, value *float64 }{{&sku.ProductionCost, o.ProductionCost}, {&sku.HoldingCost, o.HoldingCost},
			{&sku.ShortageCost, o.ShortageCost}, {&sku.OrderCost, o.OrderCost}} {
			if v.value != nil {
				*v.dst = *v.value
			}
		}
		if o.ProductionCost != nil && sku.ChangePrice != nil {
			sku.ChangePrice = slices.Clone(sku.ChangePrice)
			for t, k := range sku.ChangePrice {
				sku.ChangePrice[t] = math.Min(k, sku.ProductionCost)
			}
		}
	}
	if !found {
		return fmt.Errorf("SKU %q is unknown", o.SKU)
	}
	return nil
}

func (p *Problem) addSKU(o *AddedSKU) error {
	if len(o.Demand) == 0 || len(o.Demand) > len(p.Periods) {
		return fmt.Errorf("SKU %q: demand: %d values for %d periods", o.SKU, len(o.Demand), len(p.Periods))
	}
	sku := SKU{Name: o.SKU, Opening: o.Opening, ProductionCost: o.ProductionCost, HoldingCost: o.HoldingCost, ShortageCost: o.ShortageCost,
		LeadTime: o.LeadTime, PackSize: o.PackSize, MinOrder: o.MinOrder, OrderCost: o.OrderCost,
		SafetyStock: slices.Repeat([]float64{o.SafetyStock}, len(p.Periods))}
	for t := range p.Periods {
		sku.Demand = append(sku.Demand, o.Demand[t%len(o.Demand)])
	}
	if o.Resource != "" {
		r := slices.IndexFunc(p.Resources, func(r Resource) bool { return r.Name == o.Resource })
		if r < 0 {
			return fmt.Errorf("SKU %q: resource %q is unknown", o.SKU, o.Resource)
		}
		use := Use{Resource: r, Amount: o.Usage}
		if use.Amount == 0 {
			use.Amount = 1
		}
		sku.Uses = []Use{use}
	}
	p.SKUs = append(p.SKUs, sku)
	return nil
}
