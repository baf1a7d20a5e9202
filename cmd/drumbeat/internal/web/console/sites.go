package console

import (
	"net/http"

	"drumbeat/cmd/drumbeat/internal/web/chart"
)

// sites is the first page: every site with its newest plan in a row.
func (c *Console) sites(r *http.Request, p *page) error {
	p.Title = "Sites"
	sites, err := c.Reader.Sites(r.Context())
	if err != nil {
		return err
	}
	t := p.table(&Table{
		ID: "sites", Caption: "Sites", Columns: columns("Site", "#Revision", "Status", "#Cost", "#Shortage", "#SKUs", "Planned"),
		Empty: "No site yet: the first event makes one.",
	})
	for _, s := range sites {
		row := []Cell{linked(s.Site, at(s.Site, ""))}
		if s.Plan == nil {
			none := Cell{Text: chart.Missing, Class: "zero"}
			t.add(append(row, none, text("no plan yet"), none, none, none, none)...)
			continue
		}
		t.add(append(row, number(float64(s.Plan.Revision)), text(string(s.Plan.Status)), money(s.Plan.Cost.Total),
			alarming(quantity(s.Plan.ShortageTotal)), number(float64(s.Plan.Lines)), instant(s.Plan.CreatedAt))...)
	}
	p.Body = t
	return nil
}
