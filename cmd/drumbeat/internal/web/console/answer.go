package console

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strings"

	"drumbeat/cmd/drumbeat/internal/web/chart"
	"drumbeat/optimize"
	"drumbeat/schemas"
	"drumbeat/stream"
)

// refusal is what is wrong with a planner's wish.
func refusal(err error) string { return strings.TrimPrefix(err.Error(), ErrRefused.Error()+": ") }

// answerSentence says the answer in words; bad where it is no plan to wish for.
func answerSentence(a *optimize.Answer) (s string, bad bool) {
	if a.Status == optimize.Infeasible {
		if a.Infeasibility == nil {
			return "Infeasible: no plan keeps all rules.", true
		}
		x := a.Infeasibility
		return infeasible(&schemas.Infeasibility{
			Cause: x.Cause, Resource: x.Resource, SKU: x.SKU, FirstShortPeriod: x.FirstShortPeriod, Missing: x.Missing, PeakPeriod: x.PeakPeriod,
			SmallestCapacity: x.SmallestCapacity, UniformExtra: x.UniformExtra,
		}), true
	}
	switch d := round2(a.Difference.Total); {
	case d == 0:
		s = fmt.Sprintf("It costs the same as the plan: %s.", chart.Whole(a.Cost.Total))
	case d > 0:
		s = fmt.Sprintf("It costs %s, %s more than the plan.", chart.Whole(a.Cost.Total), chart.Whole(d))
	default:
		s = fmt.Sprintf("It costs %s, %s less than the plan.", chart.Whole(a.Cost.Total), chart.Whole(-d))
	}
	if a.Short.Lost > 0 {
		s += fmt.Sprintf(" %s units of demand are not met (in the plan %s).", chart.Number(a.Short.Lost), chart.Number(a.ShortNow.Lost))
		bad = a.Short.Lost > a.ShortNow.Lost+1e-6
	}
	return s, bad
}

// answerLoads are the loads of an answer by resource.
func answerLoads(a *optimize.Answer) []*resourceLoad {
	head := &schemas.Head{}
	for _, l := range a.Loads {
		head.Resources = append(head.Resources, schemas.ResourceLoad{
			Resource: l.Resource, Period: l.Period, Capacity: micro(l.Capacity), Load: micro(l.Load), Overtime: micro(l.Overtime), Price: l.Price,
		})
	}
	return resourcesOf(head)
}

func micro(v float64) schemas.Quantity {
	return schemas.Quantity(math.Round(v * float64(schemas.Unit)))
}

// largestOf are the largest SKUs of an answer's plan by resource.
func largestOf(a *optimize.Answer) map[string][]chart.Series {
	largest := map[string][]chart.Series{}
	for i := range a.Problem.SKUs {
		for _, use := range a.Problem.SKUs[i].Uses {
			row := make([]float64, len(a.Problem.Periods))
			for t := range row {
				row[t] = use.Amount * a.Plan.Production[i][t]
			}
			name := a.Problem.Resources[use.Resource].Name
			largest[name] = keepLargest(largest[name], chart.Series{Name: a.Problem.SKUs[i].Name, Values: row})
		}
	}
	return largest
}

// scenarioPlan is the answer's whole plan; its rows are filled for a download only.
func scenarioPlan(p *page, a *optimize.Answer) *Table {
	t := planTable("plan", "Plan of the scenario")
	t.Columns = append(columns("SKU"), t.Columns...)
	for i := 0; p.whole && i < len(a.Problem.SKUs); i++ {
		line := stream.LineOf(p.Site, a.Problem, a.Plan, i, nil)
		for k := range line.Periods {
			t.add(append([]Cell{text(line.SKU)}, planRow(&line.Periods[k])...)...)
		}
	}
	return t
}

// figures are what scenarios are compared by.
type figures struct {
	cost        optimize.Cost
	short       float64
	full, price float64
}

func figuresOf(cost optimize.Cost, short float64, resources []*resourceLoad) figures {
	f := figures{cost: cost, short: short}
	for _, r := range resources {
		price, _ := r.highest()
		f.full, f.price = math.Max(f.full, float64(r.full())), math.Max(f.price, price)
	}
	return f
}

// compareTable has the plan and every scenario as columns.
func compareTable(head *schemas.Head, all []*scenario) *Table {
	t := &Table{ID: "compare", Caption: "Side by side", Columns: columns("Figure", "#The plan"), Mixed: true}
	now := figuresOf(optimize.Cost(head.Cost), head.ShortageTotal.Float(), resourcesOf(head))
	then := make([]*figures, len(all))
	for i, s := range all {
		t.Columns = append(t.Columns, Column{s.Name(), true})
		if s.answer != nil && s.answer.Status != optimize.Infeasible {
			f := figuresOf(s.answer.Cost, s.answer.Short.Lost, answerLoads(s.answer))
			then[i] = &f
		}
	}
	for _, row := range []struct {
		name string
		of   func(f *figures) float64
		cell func(float64) Cell
	}{
		{"Total cost", func(f *figures) float64 { return f.cost.Total }, money},
		{"Production", func(f *figures) float64 { return f.cost.Production }, money},
		{"Holding", func(f *figures) float64 { return f.cost.Holding }, money},
		{"Overtime", func(f *figures) float64 { return f.cost.Overtime }, money},
		{"Demand not met", func(f *figures) float64 { return f.short }, number},
		{"Full periods", func(f *figures) float64 { return f.full }, number},
		{"Highest price", func(f *figures) float64 { return round2(f.price) }, number},
	} {
		cells := []Cell{text(row.name), row.cell(row.of(&now))}
		for _, f := range then {
			if f == nil {
				cells = append(cells, Cell{Text: chart.Missing, Class: "zero"})
				continue
			}
			c := row.cell(row.of(f))
			if d := round2(row.of(f) - row.of(&now)); d != 0 {
				c.Note = chart.Signed(d)
			}
			cells = append(cells, c)
		}
		t.add(cells...)
	}
	status := []Cell{text("Status"), text(string(head.Status))}
	for _, s := range all {
		switch {
		case s.err != nil:
			status = append(status, text("no answer").classed("bad"))
		case s.answer.Status == optimize.Infeasible:
			status = append(status, text("infeasible").classed("bad"))
		default:
			status = append(status, text(string(s.answer.Status)))
		}
	}
	t.add(status...)
	return t
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
	o, err := s.overrides(plan.Head.Periods)
	if err == nil {
		c.ask(r.Context(), plan.Head, s)
		err = s.err
	}
	if errors.Is(err, ErrRefused) {
		http.Error(w, refusal(err), http.StatusUnprocessableEntity)
		return
	}
	var body []byte
	if err == nil {
		body, err = json.MarshalIndent(map[string]any{"site": p.Site, "plan_id": plan.PlanID, "name": s.Name(), "overrides": o, "answer": s.answer}, "", "  ")
	}
	if err != nil {
		c.Log.Error("console: a scenario cannot be downloaded", "site", p.Site, "error", err)
		http.Error(w, "The scenario cannot be answered; the log says why.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Disposition", `attachment; filename="`+p.Site+`-what-if.json"`)
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(body) // a failed write: the reader has gone
}
