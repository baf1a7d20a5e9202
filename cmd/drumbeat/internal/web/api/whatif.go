package api

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"time"

	"drumbeat/cmd/drumbeat/internal/web/view"
	"drumbeat/optimize"
	"drumbeat/schemas"
	"drumbeat/stream"
)

// whatIfAnswer is the plan under overrides beside the one in force, which site to age_seconds are of. The rest
// is an optimize.Answer.
type whatIfAnswer struct {
	Site       string    `json:"site"`
	PlanID     string    `json:"plan_id"`
	Revision   int64     `json:"revision"`
	CreatedAt  time.Time `json:"created_at"`
	DataAsOf   time.Time `json:"data_as_of"`
	AgeSeconds float64   `json:"age_seconds"`

	Status        optimize.Status         `json:"status" enum:"optimal,infeasible" doc:"Under the overrides."`
	StatusNow     schemas.PlanStatus      `json:"status_now" doc:"Of the plan in force."`
	Infeasibility *optimize.Infeasibility `json:"infeasibility,omitempty" doc:"Why there is no plan, when first, and what capacity would do."`
	Cost          optimize.Cost           `json:"cost"`
	Baseline      optimize.Cost           `json:"baseline" doc:"Cost of the plan in force."`
	Difference    optimize.Cost           `json:"difference"`
	Short         optimize.Missing        `json:"short"`
	ShortNow      optimize.Missing        `json:"short_now"`
	Moved         float64                 `json:"moved"`
	Moves         []optimize.Move         `json:"moves" doc:"The largest."`
	Loads         []optimize.LoadChange   `json:"loads" doc:"Every limited resource and period."`
	Shorts        []optimize.ShortSKU     `json:"shorts"`
	Certificate   optimize.Certificate    `json:"certificate"`
}

func answered(b *view.Basis, age float64, a *optimize.Answer) whatIfAnswer {
	why := a.Infeasibility
	if why != nil {
		full := *why
		full.SmallestCapacity, full.BindingPeriods = notNil(full.SmallestCapacity), notNil(full.BindingPeriods)
		why = &full
	}
	return whatIfAnswer{
		Site: b.Site, PlanID: b.PlanID, Revision: b.Revision, CreatedAt: b.CreatedAt, DataAsOf: b.DataAsOf, AgeSeconds: age,
		Status: a.Status, StatusNow: b.Status, Infeasibility: why, Cost: a.Cost, Baseline: a.Baseline, Difference: a.Difference,
		Short: a.Short, ShortNow: a.ShortNow, Moved: a.Moved, Moves: notNil(a.Moves), Loads: notNil(a.Loads), Shorts: notNil(a.Shorts),
		Certificate: a.Certificate,
	}
}

func (a *API) whatIf() {
	register(a, operation{id: "what-if", method: http.MethodPost, path: "/v1/sites/{site}/what-if", csv: true, body: true,
		shows: whatIfAnswer{}, errors: []int{http.StatusNotFound},
		summary: "Plan with other capacities, costs, demand, safety stock or SKUs, beside the plan in force; nothing is stored. As CSV: the lines of that plan"},
		func(ctx context.Context, in *struct {
			SitePath
			Accepts
			Body optimize.Overrides
		}) (*answer, error) {
			found, basis, err := a.sandboxes.ask(ctx, in.Site, &in.Body)
			if err != nil {
				return nil, err
			}
			if in.wantsCSV() {
				return table(fmt.Sprintf("what-if-%s-%d", basis.Site, basis.Revision), planColumns, planRows(basis, scenarioLines(basis.Site, found)))
			}
			// The basis was read when the sandbox was made; its data have aged since.
			return reply(http.StatusOK, answered(basis, max(0, a.config.Now().Sub(basis.DataAsOf).Seconds()), found))
		})
}

func notNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// scenarioLines are the lines of the plan under overrides; none if there is no such plan.
func scenarioLines(site string, a *optimize.Answer) iter.Seq[*schemas.Line] {
	return func(yield func(*schemas.Line) bool) {
		for i := range a.Problem.SKUs {
			if a.Status == optimize.Infeasible {
				return
			}
			if line := stream.LineOf(site, a.Problem, a.Plan, i, nil); !yield(&line) {
				return
			}
		}
	}
}
