package console

import (
	"errors"
	"fmt"
	"html/template"
	"math"
	"net/http"
	"net/url"
	"slices"

	"drumbeat/cmd/drumbeat/internal/web/chart"
	"drumbeat/optimize"
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
	Moved     string
	PlanCSV   string // the scenario's lines
	Legend    []legend
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
	if err := c.show(p, b, head, now, shown); err != nil {
		return err
	}
	return r.Context().Err()
}

// show fills the part of the page that is about the scenario of the form.
func (c *Console) show(p *page, b *whatIfBody, head *schemas.Head, now *scenario, shown *resourceLoad) error {
	switch {
	case errors.Is(now.err, ErrRefused):
		b.Bad, b.Wrong = true, refusal(now.err)
		return nil
	case now.err != nil:
		c.Log.Error("console: a what-if failed", "site", p.Site, "error", now.err)
		b.Bad, b.Wrong = true, "This could not be solved; the log says why."
		return nil
	case now.answer == nil:
		b.Verdict = "The plan as it is. Change something to see what it would do."
		if shown == nil {
			return nil
		}
		largest, ready, err := c.newest.of(p.context, c.Reader, head).loads.get(p.context, p.whole)
		p.Soon = !ready
		if err != nil {
			return err
		}
		shown.draw(largest[shown.Name], head.Shortages)
		b.draw(p, shown)
		return nil
	}
	a := now.answer
	b.Verdict, b.Bad = answerSentence(a)
	if a.Status == optimize.Infeasible {
		return nil
	}
	if r := chosenResource(answerLoads(a), b.Fields.Get("resource")); r != nil {
		r.draw(largestOf(a)[r.Name], nil)
		b.draw(p, r)
	}
	b.Moves = p.table(&Table{
		ID: "moves", Caption: "Largest moves of production against the plan", Columns: columns("SKU", "Period", "#Now", "#Then", "#Difference"), Empty: "No production moves.",
	})
	for _, m := range a.Moves {
		b.Moves.add(linked(m.SKU, skuAddress(p.Site, m.SKU)), text(m.Period), nonzero(number(m.From)), nonzero(number(m.To)), number(round2(m.To-m.From)).difference())
	}
	b.Moved = chart.Number(a.Moved)
	p.table(scenarioPlan(p, a))
	b.PlanCSV = address(p.self, p.query, "csv", "plan")
	return nil
}

func (b *whatIfBody) draw(p *page, r *resourceLoad) {
	b.ChartOf, b.Chart, b.Loads, b.Legend = r.Name, r.SVG(), p.table(loadTable(r)), loadLegend(p.Site, r)
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
