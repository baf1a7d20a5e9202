package console

import (
	"errors"
	"fmt"
	"html/template"
	"math"
	"net/http"
	"strings"

	"drumbeat/cmd/drumbeat/internal/web/chart"
	"drumbeat/cmd/drumbeat/internal/web/view"
	"drumbeat/schemas"
)

// siteBody is the Site view.
type siteBody struct {
	Facts     []fact
	Trouble   string // why the newest revision is no new plan
	Resources []tab
	Chart     template.HTML
	Legend    []legend
	Loads     *Table
	Change    *change
	Shortages *Table
	Excluded  *Table
}

// fact is a figure of the headline.
type fact struct {
	Name, Value, Note string
	Class             string // good, bad or nothing
	Link              string
}

// tab leads to another part of the same page.
type tab struct {
	Name, Link string
	Here       bool
}

// legend explains a colour of a chart.
type legend struct{ Class, Name, Link string }

// change is what a revision did to the plan before it.
type change struct {
	From, To  int64
	Cause     string
	Cost      string
	Short     string
	Moved     string
	Moves     *Table
	Truncated string
}

// planOf is the newest plan; nil where there is none yet.
func (c *Console) planOf(r *http.Request, p *page) (*view.Plan, error) {
	plan, err := c.Reader.Plan(r.Context(), p.Site, 0)
	if errors.Is(err, view.ErrNotFound) {
		return nil, nil
	}
	if err == nil {
		p.Basis = &plan.Basis
	}
	return plan, err
}

// site is what the morning meeting opens.
func (c *Console) site(r *http.Request, p *page) error {
	p.Title = p.Site
	plan, err := c.planOf(r, p)
	if err != nil || plan == nil {
		return err
	}
	c.warm.look(p.Site)
	head := plan.Head
	resources := resourcesOf(head)
	b := &siteBody{Facts: headline(plan, resources), Trouble: trouble(head)}
	if len(resources) > 0 {
		chosen := resources[0]
		for _, one := range resources {
			if one.Name == r.URL.Query().Get("resource") {
				chosen = one
			}
		}
		largest, ready, err := c.newest.of(r.Context(), c.Reader, head).loads.get(r.Context(), p.whole)
		p.Soon = !ready
		if err != nil {
			return err
		}
		chosen.draw(largest[chosen.Name], head.Shortages)
		b.Chart = chosen.SVG()
		b.Legend = loadLegend(p.Site, chosen)
		b.Loads = p.table(loadTable(chosen))
		for _, one := range resources {
			b.Resources = append(b.Resources, tab{one.Name, address(p.self, p.query, "resource", one.Name), one == chosen})
		}
	}
	if b.Change, err = c.change(r, p, head); err != nil {
		return err
	}
	b.Shortages = p.table(shortageTable(p, head))
	if len(head.Excluded) > 0 {
		b.Excluded = p.table(&Table{ID: "excluded", Caption: "SKUs that the plan leaves out", Columns: columns("SKU", "Reason")})
		for _, e := range head.Excluded {
			b.Excluded.add(linked(e.SKU, skuAddress(p.Site, e.SKU)), text(e.Reason))
		}
	}
	p.Body = b
	return nil
}

// trouble says in a sentence why there is no new plan; "" where there is one.
func trouble(head *schemas.Head) string {
	switch {
	case head.Status == schemas.PlanInfeasible && head.Infeasibility != nil:
		return infeasible(head.Infeasibility) + " The former plan stands."
	case head.Status == schemas.PlanInfeasible:
		return "No plan keeps all rules. The former plan stands."
	case head.Status == schemas.PlanDegraded:
		return "The former lines stand: " + head.Reason
	}
	return ""
}

// headline is what everybody asks first.
func headline(plan *view.Plan, resources []*resourceLoad) []fact {
	head := plan.Head
	cost := fact{Name: "Cost of the plan", Value: chart.Whole(head.Cost.Total),
		Note: "production " + chart.Whole(head.Cost.Production) + ", holding " + chart.Whole(head.Cost.Holding)}
	if head.Cost.Overtime > 0 {
		cost.Note += ", overtime " + chart.Whole(head.Cost.Overtime)
	}
	short := fact{Name: "Demand not met", Value: chart.Number(head.ShortageTotal.Float()), Class: "good", Note: "every order can be served"}
	if head.ShortageTotal > 0 {
		short.Class, short.Note, short.Link = "bad", "units; see the shortages", "#shortages"
	}
	narrow := fact{Name: "Bottleneck", Value: "none", Note: "no resource is full"}
	if len(resources) > 0 && resources[0].full() > 0 {
		r := resources[0]
		narrow.Value, narrow.Note = r.Name, fmt.Sprintf("full in %d of %s", r.full(), plural(len(r.Periods), "period"))
		if price, period := r.highest(); price > 0 {
			narrow.Note += fmt.Sprintf("; up to %s a unit, in %s", chart.Number(price), period)
		}
	}
	proof := fact{Name: "Certificate", Value: "not checked", Class: "bad", Note: "no independent check of this plan"}
	if head.Certificate.Checked {
		proof.Value, proof.Class, proof.Note = "optimal", "good", "gap "+gap(head.Certificate.Gap)+", checked without the solver"
		if head.Certificate.Gap > 1e-6 {
			proof.Value = "within " + gap(head.Certificate.Gap)
			proof.Class = ""
		}
	}
	stock := "stock counted"
	if head.State.Stock == schemas.StockAssumed {
		stock = "stock assumed for " + plural(head.State.AssumedStock, "SKU")
	}
	return []fact{
		cost, short, narrow, proof,
		{Name: "Data as of", Value: plan.DataAsOf.UTC().Format("2 Jan 2006"), Note: plan.DataAsOf.UTC().Format("15:04 UTC; ") + plural(int(head.Input.Events), "event") + "; " + stock},
		{Name: "Revision", Value: chart.Number(float64(head.Revision)), Note: plural(head.Lines, "SKU") + ", " + plural(len(head.Periods), "period") + "; " + head.Cause.Trigger, Link: at(head.Site, "history")},
	}
}

func loadLegend(site string, r *resourceLoad) (list []legend) {
	for i, s := range r.Series {
		list = append(list, legend{fmt.Sprintf("s%d", i+1), s.Name, skuAddress(site, s.Name)})
	}
	if sum(r.Rest) > 0 {
		name := "other SKUs and open orders"
		if len(r.Series) == 0 {
			name = "load"
		}
		list = append(list, legend{"rest", name, ""})
	}
	list = append(list, legend{"capacity", "capacity", ""})
	if sum(r.Overtime) > 0 {
		list = append(list, legend{"overtime", "overtime", ""})
	}
	if sum(r.Short) > 0 {
		list = append(list, legend{"short", "demand not met", ""})
	}
	return list
}

func loadTable(r *resourceLoad) *Table {
	t := &Table{ID: "load", Caption: "Load of " + r.Name, Columns: columns("Period", "#Capacity", "#Load", "#Utilisation", "#Overtime", "#Price", "#Not met")}
	for i, period := range r.Periods {
		t.add(text(period), number(r.Capacity[i]), number(r.Total[i]), share(r.Total[i]/r.Capacity[i]), nonzero(number(r.Overtime[i])),
			nonzero(number(r.Price[i])), alarming(number(r.Short[i])))
	}
	return t
}

func shortageTable(p *page, head *schemas.Head) *Table {
	t := &Table{
		ID: "shortages", Caption: "Shortages", Columns: columns("SKU", "Period", "#Quantity", "Kind", "Resource", "#Price", "Displaced by"),
		Empty: "None: every order can be served and every safety stock is kept.",
	}
	for i, s := range head.Shortages {
		if i == 15 && !p.whole {
			t.Caption += fmt.Sprintf(" (15 largest of %d)", len(head.Shortages))
			break
		}
		because := s.Resource
		if because == "" {
			because = "none"
		}
		t.add(linked(s.SKU, skuAddress(p.Site, s.SKU)), text(s.Period), quantity(s.Quantity), text(kind(s.Kind)), text(because),
			nonzero(number(s.Price)), text(strings.Join(s.DisplacedBy, ", ")).classed("wrap"))
	}
	return t
}

// kind is what a shortage means to a planner.
func kind(k schemas.ShortageKind) string {
	switch k {
	case schemas.ShortageLost:
		return "lost"
	case schemas.ShortageBacklog:
		return "late"
	case schemas.ShortageSafety:
		return "below safety"
	}
	return string(k)
}

// change is what the newest revision moved, and why; nil for the first plan.
func (c *Console) change(r *http.Request, p *page, head *schemas.Head) (*change, error) {
	d, ready, err := c.newest.of(r.Context(), c.Reader, head).change.get(r.Context(), p.whole)
	p.Soon = p.Soon || !ready
	if err != nil || d == nil {
		return nil, err
	}
	ch := describe(p, d, "moves")
	ch.Moved = chart.Number(head.MovedUnits.Float()) // without what rolled over
	return ch, nil
}

// describe says what differs between two revisions.
func describe(p *page, d *view.Diff, id string) *change {
	ch := &change{From: d.From, To: d.To, Cause: because(d.Cause), Cost: chart.Signed(math.Round(d.CostTo.Total - d.CostFrom.Total)),
		Short: chart.Signed((d.ShortageTo - d.ShortageFrom).Float()), Moved: chart.Number(d.MovedUnits.Float())}
	t := p.table(&Table{
		ID: id, Caption: fmt.Sprintf("Largest moves of production, revision %d to %d", d.From, d.To),
		Columns: columns("SKU", "Period", "#Before", "#After", "#Difference"), Empty: "No production moved.",
	})
	for i, m := range d.Moves {
		if i == 12 && !p.whole {
			break
		}
		t.add(linked(m.SKU, skuAddress(p.Site, m.SKU)), text(m.Period), nonzero(quantity(m.From)), nonzero(quantity(m.To)), quantity(m.To-m.From).difference())
	}
	if n := len(t.Rows); n < d.MovesTotal {
		ch.Truncated = fmt.Sprintf("The %d largest of %s.", n, plural(d.MovesTotal, "move"))
	}
	if d.Incomplete {
		ch.Truncated += " Lines of the earlier revision have expired; compared as far as they are stored."
	}
	ch.Moves = t
	return ch
}

// because is a cause in words.
func because(c schemas.Cause) string {
	s := c.Trigger
	if c.Detail != "" {
		s += ": " + c.Detail
	}
	if n := len(c.SKUs); n > 5 {
		s += fmt.Sprintf(" (%s and others)", strings.Join(c.SKUs[:5], ", "))
	} else if n > 0 {
		s += " (" + strings.Join(c.SKUs, ", ") + ")"
	}
	return s
}

// infeasible says by how much a strict plan fails, when first, and what would do.
func infeasible(x *schemas.Infeasibility) string {
	s := "Infeasible: "
	switch {
	case x.Cause == "capacity" && x.Missing <= 0: // of the demand up to any period alone there would be enough
		s += fmt.Sprintf("%s is short up to %s, beside what is frozen and other limits.", x.Resource, x.PeakPeriod)
	case x.Cause == "capacity":
		s += fmt.Sprintf("%s is short from %s on, by %s up to %s.", x.Resource, x.FirstShortPeriod, chart.Number(x.Missing), x.PeakPeriod)
	default:
		s += strings.ReplaceAll(x.Cause, "_", " ")
		if x.SKU != "" {
			s += " of " + x.SKU
		}
		if x.FirstShortPeriod != "" {
			s += ", first in " + x.FirstShortPeriod
		}
		s += "."
	}
	if need, ok := uniform(x.SmallestCapacity); ok {
		s += fmt.Sprintf(" The smallest capacity that would do is %s a period.", chart.Number(need))
	} else if x.UniformExtra != nil {
		s += fmt.Sprintf(" It needs %s more in every period.", chart.Number(*x.UniformExtra))
	}
	return s
}

// uniform is the one value of a row that has no other.
func uniform(row []float64) (float64, bool) {
	for _, v := range row {
		if chart.Number(v) != chart.Number(row[0]) {
			return 0, false
		}
	}
	if len(row) == 0 {
		return 0, false
	}
	return row[0], true
}

func round2(v float64) float64 { return math.Round(v*100) / 100 }
