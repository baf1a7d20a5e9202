package simulate

import (
	"fmt"

	"drumbeat/cmd/drumbeat/internal/terminal"
)

// Table is the report for people: a line a policy, money a run.
func (r *Report) Table(style terminal.Style) string {
	money := func(title string) terminal.Column {
		return terminal.Column{Title: title, Right: true, Group: "cost"}
	}
	t := terminal.NewTable(
		terminal.Left("policy"), money("total"), money("production"), money("holding"), money("overtime"), money("orders"), money("lost"), money("leftover"),
		terminal.Right("regret"), terminal.Right("90 %"), terminal.Right("at its fill"), terminal.Right("fill"), terminal.Right("cycle"),
		terminal.Right("stock"), terminal.Right("plans"), terminal.Right("days to plan"), terminal.Right("moved"),
	)
	for i := range r.Policies {
		m := &r.Policies[i]
		c := &m.Cost
		moved, wait := "", ""
		if m.Plans.Wait.Told > 0 {
			wait = fmt.Sprintf("%.1f", m.Wait)
		}
		if m.Plans.Planned > 0 {
			moved = fmt.Sprintf("%.2f %%", 100*m.Moved)
		}
		t.Row(m.Policy, terminal.Amount(m.Total), terminal.Amount(c.Production), terminal.Amount(c.Holding), terminal.Amount(c.Overtime),
			terminal.Amount(c.Orders), terminal.Amount(c.Lost), terminal.Amount(c.Leftover),
			fmt.Sprintf("%.2f %%", 100*m.Regret), fmt.Sprintf("%.1f to %.1f", 100*m.RegretLow, 100*m.RegretHigh), fmt.Sprintf("%.2f %%", 100*m.AtFill),
			fmt.Sprintf("%.2f %%", 100*m.Fill), fmt.Sprintf("%.1f %%", 100*m.Cycle), terminal.Amount(m.Stock),
			terminal.Count(m.Plans.Published), wait, moved)
	}
	of := "resampled SKUs"
	if r.Seeds > 1 {
		of = fmt.Sprintf("resampled seeds of %d", r.Seeds)
	}
	return fmt.Sprintf("%s: %s, %d days from %s; leftover stock is credited at its production cost; 90 %% interval of regret from %s\n%s",
		r.Set, terminal.Plural(r.SKUs, "SKU"), r.Days, r.From, of, t.String(style))
}
