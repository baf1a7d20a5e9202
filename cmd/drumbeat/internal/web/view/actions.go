package view

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"drumbeat/optimize"
	"drumbeat/schemas"
)

// Actions implements [Reader].
func (s *Stored) Actions(ctx context.Context, site string) (*Actions, error) {
	page, err := s.Lines(ctx, LineQuery{Site: site})
	if err != nil {
		return nil, err
	}
	out := &Actions{Basis: page.Basis, Actions: []Action{}}
	p, err := s.Problem(ctx, site)
	if errors.Is(err, ErrNotFound) {
		return out, nil // nothing was ever solved
	}
	if err != nil {
		return nil, err
	}
	items := make(map[string]*optimize.SKU, len(p.Problem.SKUs))
	for i := range p.Problem.SKUs {
		items[p.Problem.SKUs[i].Name] = &p.Problem.SKUs[i]
	}
	for i := range page.Lines {
		if item := items[page.Lines[i].SKU]; item != nil {
			out.Actions = append(out.Actions, actionsOf(&page.Lines[i].Line, item)...)
		}
	}
	order := []ActionKind{Release, Expedite, Defer, Cancel}
	slices.SortStableFunc(out.Actions, func(a, b Action) int {
		if a.Kind == Release && b.Kind == Release {
			return cmp.Compare(b.Cost, a.Cost)
		}
		return cmp.Or(cmp.Compare(slices.Index(order, a.Kind), slices.Index(order, b.Kind)), cmp.Compare(a.Cost, b.Cost))
	})
	return out, nil
}

// actionsOf are the actions about one line, whose costs item has. Each can be taken for itself or together with
// the others: what one of them uses up is not there for the next.
func actionsOf(l *schemas.Line, item *optimize.SKU) []Action {
	var list []Action
	if len(l.Periods) == 0 {
		return nil
	}
	if first := &l.Periods[0]; first.Production > 0 {
		list = append(list, Action{
			Kind: Release, SKU: l.SKU, Quantity: first.Production, Period: first.Period,
			Cost: schemas.RoundMoney(first.Production.Float()*item.ProductionCost + item.OrderCost), Reason: l.Reason,
		})
	}
	o := newOrders(l)
	list = append(list, o.expedite()...)
	list = append(list, o.cancel(item)...)
	return append(list, o.postpone(item)...)
}

// orders are the open orders of a line, by the period in which they are due, and what of the stock at the end
// of each period is neither safety stock nor spoken for.
type orders struct {
	l      *schemas.Line
	due    []schemas.Quantity
	excess []schemas.Quantity
}

func newOrders(l *schemas.Line) *orders {
	o := &orders{l: l}
	for i := range l.Periods {
		p := &l.Periods[i]
		o.due = append(o.due, p.Receipts)
		o.excess = append(o.excess, max(0, p.Inventory-p.SafetyStock))
	}
	return o
}

// expedite fills each shortage from the next open orders. The saving is what one more unit is worth when it is
// missing, less what it is worth when it would have come.
func (o *orders) expedite() (list []Action) {
	for t := range o.l.Periods {
		p := &o.l.Periods[t]
		need := max(p.Shortage, p.Shortfall)
		what := "short"
		if p.Shortage == 0 {
			what = "below its safety stock"
		}
		for u := t + 1; u < len(o.due) && need > 0; u++ {
			q := min(need, o.due[u])
			if q <= 0 {
				continue
			}
			later := &o.l.Periods[u]
			list = append(list, Action{
				Kind: Expedite, SKU: o.l.SKU, Quantity: q, Period: later.Period, To: p.Period,
				Cost:   schemas.RoundMoney(-q.Float() * max(0, p.Price-later.Price)),
				Reason: fmt.Sprintf("%s %v in %s", what, need, p.Period),
			})
			need -= q
			o.due[u] -= q
		}
	}
	return list
}

// cancel drops what stands above the safety stock from its arrival to the end of the horizon, the latest
// orders first. It saves the production and the holding.
func (o *orders) cancel(item *optimize.SKU) (list []Action) {
	last := len(o.due) - 1
	least := o.excess[last]
	for t := last; t >= 0 && least > 0; t-- {
		least = min(least, o.excess[t])
		q := min(least, o.due[t])
		if q <= 0 {
			continue
		}
		periods := float64(len(o.due) - t)
		list = append(list, Action{
			Kind: Cancel, SKU: o.l.SKU, Quantity: q, Period: o.l.Periods[t].Period,
			Cost:   schemas.RoundMoney(-q.Float() * (item.ProductionCost + item.HoldingCost*periods)),
			Reason: fmt.Sprintf("stock stays above the safety stock to the end of %s without it", o.l.Periods[last].Period),
		})
		o.take(q, t, last+1)
		o.due[t] -= q
		least -= q
	}
	return list
}

// postpone moves what is above the safety stock when it comes to the first period that needs it.
func (o *orders) postpone(item *optimize.SKU) (list []Action) {
	for t := len(o.due) - 1; t >= 0; t-- {
		q := min(o.due[t], o.excess[t])
		to := t
		for to < len(o.due)-1 && o.excess[to] >= q {
			to++
		}
		if q <= 0 || to == t {
			continue
		}
		list = append(list, Action{
			Kind: Defer, SKU: o.l.SKU, Quantity: q, Period: o.l.Periods[t].Period, To: o.l.Periods[to].Period,
			Cost:   schemas.RoundMoney(-q.Float() * item.HoldingCost * float64(to-t)),
			Reason: "stock stays above the safety stock until " + o.l.Periods[to].Period,
		})
		o.take(q, t, to)
		o.due[t] -= q
	}
	return list
}

// take uses up excess from period a to the one before b.
func (o *orders) take(q schemas.Quantity, a, b int) {
	for t := a; t < b; t++ {
		o.excess[t] -= q
	}
}
