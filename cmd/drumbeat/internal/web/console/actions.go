package console

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"drumbeat/cmd/drumbeat/internal/web/view"
	"drumbeat/schemas"
)

// actionsBody is the Actions view.
type actionsBody struct {
	Revision int64
	Periods  []string
	Actions  *Table
	Approved *schemas.Approval // nil: nothing is released
	Released *Table
	Through  string
	CSV      string // address of the production list through a period, without the period
	SKU      string
	CanAct   bool
}

// actionsShown is the number of actions of one page; the download has all.
const actionsShown = 100

// actions shows what to do now, and the forms of what a planner can rule.
func (c *Console) actions(r *http.Request, p *page) error {
	p.Title = "Actions for " + p.Site
	plan, err := c.planOf(r, p)
	if err != nil || plan == nil {
		return err
	}
	found, err := c.Reader.Actions(r.Context(), p.Site)
	if err != nil {
		return err
	}
	b := &actionsBody{Revision: plan.Revision, Periods: plan.Head.Periods, SKU: r.URL.Query().Get("code"), CanAct: c.Submit != nil}
	b.Actions = p.table(actionTable(p, found.Actions))
	released, err := view.Released(r.Context(), c.Reader, p.Site)
	if err != nil {
		return err
	}
	b.Approved, b.Released = released.Approved, p.table(releasedTable(p, released))
	b.Through = r.URL.Query().Get("through")
	if b.Through == "" && len(b.Periods) > 0 {
		b.Through = b.Periods[0]
	}
	if p.whole {
		lines, err := c.Reader.Lines(r.Context(), view.LineQuery{Site: p.Site, Revision: plan.Revision})
		if err != nil {
			return err
		}
		p.table(productionList(lines, b.Through))
	}
	b.CSV = address(p.self, nil, "csv", "production")
	p.Body = b
	return nil
}

func actionTable(p *page, list []view.Action) *Table {
	t := &Table{
		ID: "actions", Caption: "What to do now", Columns: columns("Do", "SKU", "#Quantity", "Period", "To", "#Cost", "Why"),
		Empty: "Nothing: no production begins in the first period, and every open order is due when it is needed.",
	}
	for i, a := range list {
		if i == actionsShown && !p.whole {
			t.Caption = "What to do now: the first " + strconv.Itoa(actionsShown) + " of " + strconv.Itoa(len(list))
			break
		}
		t.add(text(string(a.Kind)).classed("kind "+string(a.Kind)), linked(a.SKU, skuAddress(p.Site, a.SKU)), quantity(a.Quantity), text(a.Period), text(a.To),
			number(a.Cost), text(a.Reason).classed("sentence cap"))
	}
	return t
}

// releasedTable is what may start; its download is for purchasing.
func releasedTable(p *page, list *view.Production) *Table {
	t := &Table{
		ID: "released", Caption: "Released production", Columns: columns("SKU", "Period", "#Released", "#Still to order", "Arrives", "Resources"),
		Empty: "Nothing: an approval releases what the plan starts through a period.",
	}
	if p.whole && list.Approved != nil {
		t.Columns = append(t.Columns, columns("#Revision", "Through", "By", "At")...)
	}
	for i, s := range list.Starts {
		if i == actionsShown && !p.whole {
			t.Caption += fmt.Sprintf(": the first %d of %d", actionsShown, len(list.Starts))
			break
		}
		row := []Cell{linked(s.SKU, skuAddress(p.Site, s.SKU)), text(s.Period), quantity(s.Quantity), nonzero(quantity(s.Planned)), text(s.Arrives), text(strings.Join(s.Resources, ", "))}
		if p.whole {
			a := list.Approved
			row = append(row, number(float64(a.Revision)), text(a.Through), text(a.By), instant(a.At))
		}
		t.add(row...)
	}
	return t
}

// productionList is what the plan starts up to and with a period.
func productionList(page *view.LinePage, through string) *Table {
	t := &Table{ID: "production", Columns: columns("SKU", "Period", "#Production", "#Revision")}
	for _, l := range page.Lines {
		for _, period := range l.Periods {
			if period.Production > 0 {
				t.add(text(l.SKU), text(period.Period), quantity(period.Production), quantity(schemas.Quantity(page.Revision)*schemas.Unit))
			}
			if period.Period == through {
				break
			}
		}
	}
	return t
}
