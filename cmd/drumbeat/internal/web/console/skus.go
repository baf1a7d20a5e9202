package console

import (
	"net/http"
	"slices"

	"drumbeat/cmd/drumbeat/internal/web/chart"
	"drumbeat/cmd/drumbeat/internal/web/view"
	"drumbeat/schemas"
)

// skusBody is the list of a plan's lines.
type skusBody struct {
	Search   string
	Total    int
	Lines    *Table
	First    string // address of the first part; "" where it is shown
	Next     string // address of the next one; "" at the end
	WholeCSV string // every line and period
}

// perPage is the number of SKUs of one page.
const perPage = 50

// skus lists the lines of the newest plan.
func (c *Console) skus(r *http.Request, p *page) error {
	p.Title = "SKUs of " + p.Site
	plan, err := c.planOf(r, p)
	if err != nil || plan == nil {
		return err
	}
	q := view.LineQuery{Site: p.Site, Contains: r.URL.Query().Get("search"), After: r.URL.Query().Get("after"), Limit: perPage}
	if p.whole {
		q.Limit, q.After = 0, ""
	}
	lines, err := c.Reader.Lines(r.Context(), q)
	if err != nil {
		return err
	}
	b := &skusBody{Search: q.Contains, Total: lines.Total}
	b.Lines = p.table(&Table{
		ID: "skus", Caption: "SKUs", Columns: columns("SKU", "#Demand", "#Production", "#Next make", "In", "#Least stock", "#Not met", "#Cost", "Reason"),
		Empty: "No SKU matches.",
	})
	for i := range lines.Lines {
		b.Lines.add(lineRow(p.Site, &lines.Lines[i].Line)...)
	}
	if p.whole {
		p.table(wholePlan(lines.Lines))
	}
	b.WholeCSV = address(p.self, nil, "csv", "plan")
	if q.After != "" {
		b.First = address(p.self, p.query, "after", "")
	}
	if lines.More {
		b.Next = address(p.self, p.query, "after", lines.Lines[len(lines.Lines)-1].SKU)
	}
	p.Body = b
	return nil
}

// lineRow sums a line up.
func lineRow(site string, l *schemas.Line) []Cell {
	var demand, production, short schemas.Quantity
	next, in := Cell{Text: chart.Missing, Class: "zero"}, Cell{}
	least := schemas.MaxQuantity
	for _, t := range l.Periods {
		demand, production, short = demand+t.Demand, production+t.Production, short+t.Shortage
		least = min(least, t.Inventory)
		if t.Production > 0 && in.Text == "" {
			next, in = quantity(t.Production), text(t.Period)
		}
	}
	if len(l.Periods) == 0 {
		least = 0
	}
	return []Cell{
		linked(l.SKU, skuAddress(site, l.SKU)), quantity(demand), nonzero(quantity(production)), next, in,
		quantity(least), alarming(quantity(short)), money(l.Cost), text(l.Reason).classed("sentence cap"),
	}
}

// wholePlan has every line and period.
func wholePlan(lines []view.Line) *Table {
	t := planTable("plan", "Plan")
	t.Columns = slices.Insert(t.Columns, 0, Column{Name: "SKU"})
	for i := range lines {
		for _, period := range lines[i].Periods {
			t.add(append([]Cell{text(lines[i].SKU)}, planRow(&period)...)...)
		}
	}
	return t
}

func planTable(id, caption string) *Table {
	return &Table{ID: id, Caption: caption, Columns: columns("Period", "#Demand", "#Low", "#High", "#Opening", "#Receipts", "#Production", "#Arrivals",
		"#Stock", "#Safety stock", "#Below safety", "#Not met", "#Price", "Frozen")}
}

func planRow(t *schemas.LinePeriod) []Cell {
	frozen := Cell{Raw: "false"}
	if t.Frozen {
		frozen = Cell{Text: "frozen", Raw: "true"}
	}
	return []Cell{
		text(t.Period), quantity(t.Demand), quantity(t.DemandLow), quantity(t.DemandHigh), quantity(t.Opening), nonzero(quantity(t.Receipts)),
		nonzero(quantity(t.Production)), nonzero(quantity(t.Arrivals)), quantity(t.Inventory), quantity(t.SafetyStock),
		nonzero(quantity(t.Shortfall)), nonzero(quantity(t.Shortage)), nonzero(number(t.Price)), frozen,
	}
}
