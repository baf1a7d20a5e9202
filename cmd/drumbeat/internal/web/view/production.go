package view

import (
	"context"
	"errors"

	"drumbeat/schemas"
)

// Production is the list that is released: what an approval lets start, in the order of SKU and period.
type Production struct {
	Basis
	Approved *schemas.Approval `json:"approved,omitempty"` // nil: no approval reaches into the plan
	Starts   []Start           `json:"production"`
}

// Start is production of one SKU that may start in a period.
type Start struct {
	SKU       string           `json:"sku"`
	Period    string           `json:"period"`
	Quantity  schemas.Quantity `json:"quantity"`                                                                       // approved, what is an order already included
	Planned   schemas.Quantity `json:"planned" doc:"What the newest plan starts beside the orders there are."`         // by the newest plan
	Arrives   string           `json:"arrives,omitempty" doc:"The period of its arrival; missing: after the horizon."` // by the lead time
	Resources []string         `json:"resources"`
}

// Released reads the list of a site's newest plan.
func Released(ctx context.Context, r Reader, site string) (*Production, error) {
	plan, err := r.Plan(ctx, site, 0)
	if err != nil {
		return nil, err
	}
	out := &Production{Basis: plan.Basis, Approved: plan.Head.Approved, Starts: []Start{}}
	if out.Approved == nil {
		return out, nil
	}
	page, err := r.Lines(ctx, LineQuery{Site: site, Revision: plan.Revision})
	if err != nil {
		return nil, err
	}
	for i := range page.Lines {
		l := &page.Lines[i].Line
		for t := range l.Periods {
			if p := &l.Periods[t]; p.Approved > 0 {
				out.Starts = append(out.Starts, Start{SKU: l.SKU, Period: p.Period, Quantity: p.Approved, Planned: p.Production, Resources: []string{}})
			}
		}
	}
	return out, out.route(ctx, r, plan.Head.Periods)
}

// route fills in what the items say: the resources that make a SKU, and how long that takes.
func (p *Production) route(ctx context.Context, r Reader, periods []string) error {
	found, err := r.Problem(ctx, p.Site)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	at := map[string]int{}
	for t, name := range periods {
		at[name] = t
	}
	items := map[string]int{}
	for i := range found.Problem.SKUs {
		items[found.Problem.SKUs[i].Name] = i
	}
	for i := range p.Starts {
		s := &p.Starts[i]
		n, known := items[s.SKU]
		if !known {
			continue
		}
		item := &found.Problem.SKUs[n]
		for _, use := range item.Uses {
			s.Resources = append(s.Resources, found.Problem.Resources[use.Resource].Name)
		}
		if t := at[s.Period] + item.LeadTime; t < len(periods) {
			s.Arrives = periods[t]
		}
	}
	return nil
}
