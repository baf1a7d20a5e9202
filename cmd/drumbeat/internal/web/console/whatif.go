package console

import (
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"drumbeat/cmd/drumbeat/internal/web/chart"
	"drumbeat/schemas"
)

// whatIfBody is the What if view.
type whatIfBody struct {
	Served    bool
	Fields    url.Values
	Resources []string
	Periods   []string
	Slider    slider
	Kept      []kept   // scenarios beside this one
	KeptRaw   []string // as the form carries them on
	Keep      string   // address with this scenario kept; "": there is none, or no place
	Share     string
	JSON      string
	Wrong     string
	Verdict   string // the answer in a sentence
	Bad       bool
	Compare   *Table
	Chart     template.HTML
	ChartOf   string
	Loads     *Table
	Moves     *Table
	Truncated string
}

// slider is the range of the capacity field.
type slider struct{ Min, Max, Step, Value string }

// kept is a scenario that stands beside this one.
type kept struct{ Name, Edit, Drop string }

// whatIf answers questions; all of them stand in the address, nothing on the server.
func (c *Console) whatIf(r *http.Request, p *page) error {
	p.Title = "What if, " + p.Site
	plan, err := c.planOf(r, p)
	if err != nil || plan == nil {
		return err
	}
	head := plan.Head
	q := r.URL.Query()
	now := readScenario(q)
	b := &whatIfBody{Served: c.Ask != nil, Fields: now.fields, Periods: head.Periods}
	p.Body = b
	resources := resourcesOf(head)
	for _, res := range resources {
		b.Resources = append(b.Resources, res.Name)
	}
	shown := chosenResource(resources, now.fields.Get("resource"))
	b.Slider = sliderOf(shown, now.fields.Get("capacity"))
	if !b.Served {
		return nil
	}
	raw := q["s"]
	raw = raw[:min(len(raw), maxScenarios)]
	b.KeptRaw = raw
	var all []*scenario
	for i, text := range raw {
		v, err := url.ParseQuery(text)
		if err != nil {
			continue // an address cut short: the others still stand
		}
		s := readScenario(v)
		c.ask(r.Context(), head, s)
		all = append(all, s)
		rest := slices.Delete(slices.Clone(raw), i, i+1)
		b.Kept = append(b.Kept, kept{s.Name(), withScenarios(p.self, s.fields, rest), withScenarios(p.self, now.fields, rest)})
	}
	if !now.empty() {
		c.ask(r.Context(), head, now)
		all = append(all, now)
		b.Share = withScenarios(p.self, now.fields, raw)
		b.JSON = at(p.Site, "what-if.json") + "?" + now.encode()
		if len(raw) < maxScenarios && now.err == nil {
			b.Keep = withScenarios(p.self, nil, append(slices.Clone(raw), now.encode()))
		}
	}
	b.Compare = p.table(compareTable(head, all))
	c.show(p, b, head, now, shown)
	return r.Context().Err()
}

// show fills the part of the page that is about the scenario of the form.
func (c *Console) show(p *page, b *whatIfBody, head *schemas.Head, now *scenario, shown *resourceLoad) {
	switch {
	case errors.Is(now.err, ErrRefused):
		b.Bad, b.Wrong = true, strings.TrimPrefix(now.err.Error(), ErrRefused.Error()+": ")
		return
	case now.err != nil:
		c.Log.Error("console: a what-if failed", "site", p.Site, "error", now.err)
		b.Bad, b.Wrong = true, "This could not be solved; the log says why."
		return
	case now.answer == nil:
		b.Verdict = "The plan as it is. Change something to see what it would do."
		b.draw(p, head, shown)
		return
	}
	a := now.answer
	b.Verdict, b.Bad = answerSentence(a)
	if a.Plan.Status != schemas.PlanInfeasible {
		b.draw(p, a.Plan, chosenResource(resourcesOf(a.Plan), b.Fields.Get("resource")))
	}
	b.Moves = p.table(&Table{
		ID: "moves", Caption: "Largest moves of production against the plan", Columns: columns("SKU", "Period", "#Now", "#Then", "#Difference"), Empty: "No production moves.",
	})
	for i, m := range a.Moves {
		if i == 12 && !p.whole {
			break
		}
		b.Moves.add(linked(m.SKU, skuAddress(p.Site, m.SKU)), text(m.Period), nonzero(quantity(m.From)), nonzero(quantity(m.To)), signed((m.To - m.From).Float()))
	}
	if n := len(b.Moves.Rows); n < a.MovesTotal {
		b.Truncated = fmt.Sprintf("The %d largest of %s.", n, plural(a.MovesTotal, "move"))
	}
}

func (b *whatIfBody) draw(p *page, head *schemas.Head, r *resourceLoad) {
	if r == nil {
		return
	}
	r.draw(nil, head.Shortages)
	b.ChartOf, b.Chart, b.Loads = r.Name, r.SVG(), p.table(loadTable(r))
}

func chosenResource(list []*resourceLoad, name string) *resourceLoad {
	for _, r := range list {
		if r.Name == name {
			return r
		}
	}
	if len(list) == 0 {
		return nil
	}
	return list[0]
}

// sliderOf reaches from half to one and a half of a resource's largest capacity.
func sliderOf(r *resourceLoad, value string) slider {
	most := 0.0
	if r != nil {
		for _, v := range r.Capacity {
			if v > most {
				most = v
			}
		}
	}
	if most == 0 {
		return slider{}
	}
	step := math.Pow(10, math.Floor(math.Log10(most))-2)
	round := func(v float64) string { return fmt.Sprint(math.Round(v/step) * step) }
	if value == "" {
		value = fmt.Sprint(most)
	}
	return slider{round(most / 2), round(most * 1.5), fmt.Sprint(step), value}
}

// withScenarios is the page's address with a scenario in the form and others beside it.
func withScenarios(self string, fields url.Values, raw []string) string {
	v := url.Values{}
	for k := range fields {
		v.Set(k, fields.Get(k))
	}
	for _, s := range raw {
		v.Add("s", s)
	}
	if len(v) == 0 {
		return self
	}
	return self + "?" + v.Encode()
}

// answerSentence says the answer in words; bad where it is no plan to wish for.
func answerSentence(a *Answer) (s string, bad bool) {
	if a.Plan.Status == schemas.PlanInfeasible {
		if a.Plan.Infeasibility == nil {
			return "Infeasible: no plan keeps all rules.", true
		}
		return infeasible(a.Plan.Infeasibility), true
	}
	d := a.Plan.Cost.Total - a.Baseline.Cost.Total
	switch {
	case math.Abs(d) < .005:
		s = "It costs the same as the plan: " + chart.Whole(a.Plan.Cost.Total) + "."
	case d > 0:
		s = fmt.Sprintf("It costs %s, %s more than the plan.", chart.Whole(a.Plan.Cost.Total), chart.Number(round2(d)))
	default:
		s = fmt.Sprintf("It costs %s, %s less than the plan.", chart.Whole(a.Plan.Cost.Total), chart.Number(round2(-d)))
	}
	if a.Plan.ShortageTotal > 0 {
		s += fmt.Sprintf(" %s units of demand are not met (now %s).", chart.Number(a.Plan.ShortageTotal.Float()), chart.Number(a.Baseline.ShortageTotal.Float()))
		bad = a.Plan.ShortageTotal > a.Baseline.ShortageTotal
	}
	return s, bad
}

// compareTable has the plan and every scenario as columns.
func compareTable(head *schemas.Head, all []*scenario) *Table {
	t := &Table{ID: "compare", Caption: "Side by side", Columns: columns("Figure", "#The plan")}
	for _, s := range all {
		t.Columns = append(t.Columns, Column{s.Name(), true})
	}
	for _, row := range []struct {
		name  string
		of    func(h *schemas.Head) float64
		cell  func(float64) Cell
		delta bool
	}{
		{"Total cost", func(h *schemas.Head) float64 { return h.Cost.Total }, money, true},
		{"Production", func(h *schemas.Head) float64 { return h.Cost.Production }, money, true},
		{"Holding", func(h *schemas.Head) float64 { return h.Cost.Holding }, money, true},
		{"Overtime", func(h *schemas.Head) float64 { return h.Cost.Overtime }, money, true},
		{"Demand not met", func(h *schemas.Head) float64 { return h.ShortageTotal.Float() }, number, true},
		{"Full periods", fullPeriods, number, false},
		{"Highest price", highestPrice, number, false},
	} {
		cells := []Cell{text(row.name), row.cell(row.of(head))}
		for _, s := range all {
			cells = append(cells, answerCell(head, s, row.of, row.cell, row.delta))
		}
		t.add(cells...)
	}
	last := []Cell{text("Status"), text(string(head.Status))}
	for _, s := range all {
		switch {
		case s.err != nil:
			last = append(last, text("no answer").classed("bad"))
		case s.answer.Plan.Status == schemas.PlanInfeasible:
			last = append(last, text("infeasible").classed("bad"))
		default:
			last = append(last, text(string(s.answer.Plan.Status)))
		}
	}
	t.add(last...)
	return t
}

func money(v float64) Cell {
	c := number(v)
	c.Text = chart.Whole(v)
	return c
}

func answerCell(head *schemas.Head, s *scenario, of func(*schemas.Head) float64, cell func(float64) Cell, delta bool) Cell {
	if s.answer == nil || s.answer.Plan.Status == schemas.PlanInfeasible {
		return Cell{Text: chart.Missing, Class: "zero"}
	}
	v := of(s.answer.Plan)
	c := cell(v)
	if d := round2(v - of(head)); delta && d != 0 {
		c.Note = chart.Signed(d)
	}
	return c
}

func fullPeriods(h *schemas.Head) (n float64) {
	for _, r := range resourcesOf(h) {
		n = math.Max(n, float64(r.full()))
	}
	return n
}

func highestPrice(h *schemas.Head) (price float64) {
	for _, r := range h.Resources {
		price = math.Max(price, r.Price)
	}
	return price
}

// scenarioJSON is a scenario with its answer as a file.
func (c *Console) scenarioJSON(w http.ResponseWriter, r *http.Request) {
	p := &page{View: "whatif", Site: r.PathValue("site")}
	plan, err := c.planOf(r, p)
	if err != nil || plan == nil || c.Ask == nil {
		http.NotFound(w, r)
		return
	}
	s := readScenario(r.URL.Query())
	c.ask(r.Context(), plan.Head, s)
	if s.err != nil {
		http.Error(w, s.err.Error(), http.StatusUnprocessableEntity)
		return
	}
	o, err := s.overrides(plan.Head.Periods)
	if err != nil {
		http.Error(w, err.Error(), http.StatusUnprocessableEntity)
		return
	}
	body, err := json.MarshalIndent(map[string]any{
		"site": p.Site, "baseline": plan.PlanID, "name": s.Name(), "overrides": o, "plan": s.answer.Plan, "moves": s.answer.Moves,
	}, "", "  ")
	if err != nil {
		c.Log.Error("console: a scenario has no JSON", "error", err)
		http.Error(w, "The scenario cannot be written.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Disposition", `attachment; filename="`+p.Site+`-what-if.json"`)
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(body) // a failed write: the reader has gone
}
