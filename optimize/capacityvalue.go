package optimize

import (
	"context"
	"math"
)

// CapacityValue says what one resource's capacity in one period is worth, found by solving again: a price is one
// of many where the plan is degenerate, these figures are not. In a plan that is short of something
// capacity first buys less shortage; the money is then what that costs besides.
type CapacityValue struct {
	Resource string `json:"resource"`
	Period   string `json:"period"`
	// ValueOfOneMore is what one more unit saves, CostOfOneLess what one fewer costs; null: then there is no plan.
	ValueOfOneMore float64  `json:"value_of_one_more"`
	CostOfOneLess  *float64 `json:"cost_of_one_less"`
	// PriceRange is what the next small amount more saves and the next small amount less costs, per unit: every
	// valid price lies between. null: with less there is no plan.
	PriceRange [2]*float64 `json:"price_range"`
	LostMore   float64     `json:"lost_more"` // change of lost units with one more,
	LostLess   float64     `json:"lost_less"` // and with one less
}

// smallAmount is small enough to stay within a kink of the cost and large enough for plans that are rounded.
const smallAmount = 1.0 / 64

// CapacityValue solves the problem with a little more and less capacity of resource r in period t. Lots do not count
// in it: a single unit seldom makes or breaks one.
func (b *Sandbox) CapacityValue(ctx context.Context, r, t int) (*CapacityValue, error) {
	p := b.p
	if p.lots() {
		p = p.relaxed()
	}
	solve := func(change float64) (*Plan, error) {
		q := *p
		q.Resources = append([]Resource(nil), p.Resources...)
		res := &q.Resources[r]
		res.Capacity = append([]float64(nil), res.Capacity...)
		res.Capacity[t] = math.Max(0, res.Capacity[t]+change)
		return b.solve(ctx, &q)
	}
	v := &CapacityValue{Resource: p.Resources[r].Name, Period: p.Periods[t]}
	base, err := solve(0)
	if err != nil || base.Status == Infeasible {
		return v, err
	}
	for _, change := range []float64{1, -1, smallAmount, -smallAmount} {
		plan, err := solve(change)
		if err != nil {
			return nil, err
		}
		if plan.Status == Infeasible {
			continue
		}
		per := math.Round((base.Objective-plan.Objective)/change*1e4)/1e4 + 0
		switch change {
		case 1:
			v.ValueOfOneMore, v.LostMore = per, rounded(plan.missing().Lost-base.missing().Lost)
		case -1:
			v.CostOfOneLess, v.LostLess = &per, rounded(plan.missing().Lost-base.missing().Lost)
		case smallAmount:
			v.PriceRange[0] = &per
		default:
			v.PriceRange[1] = &per
		}
	}
	return v, nil
}
