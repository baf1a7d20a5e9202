package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"

	"drumbeat/cmd/drumbeat/internal/web/view"
	"drumbeat/schemas"
)

// SitePath is the site in a path. What several inputs share has to be exported: huma sets its fields.
type SitePath struct {
	Site string `path:"site" pattern:"^[A-Za-z0-9._-]{1,64}$" maxLength:"64" example:"hall-2"`
}

// RevisionQuery chooses a revision.
type RevisionQuery struct {
	Revision int64 `query:"revision" minimum:"0" doc:"0: the newest."`
}

// sitesAnswer lists the sites.
type sitesAnswer struct {
	Sites []view.Site `json:"sites"`
}

// historyAnswer lists revisions, the newest first.
type historyAnswer struct {
	Site      string          `json:"site"`
	Revisions []view.Revision `json:"revisions"`
	Next      int64           `json:"next,omitempty" doc:"Give it as before, to read on; missing at the end."`
}

// linesAnswer is a page of lines.
type linesAnswer struct {
	view.LinePage
	Next string `json:"next,omitempty" doc:"Give it as after, to read on; missing at the end."`
}

type planIn struct {
	SitePath
	RevisionQuery
	Conditional
	Accepts
}

func (a *API) plans() {
	missing := []int{http.StatusNotFound}
	register(a, operation{id: "sites", path: "/v1/sites", summary: "All sites with their newest plans", shows: sitesAnswer{}},
		func(ctx context.Context, _ *struct{}) (*answer, error) {
			sites, err := a.config.Reader.Sites(ctx)
			if err != nil {
				return nil, err
			}
			return reply(http.StatusOK, sitesAnswer{sites})
		})
	register(a, operation{id: "plan", path: "/v1/sites/{site}/plan", etag: true, csv: true, shows: plan{}, errors: missing,
		summary: "A plan's head: what it costs, why it was made, where capacity binds; as CSV all of its lines"},
		func(ctx context.Context, in *planIn) (*answer, error) {
			if in.wantsCSV() {
				return a.planTable(ctx, in)
			}
			p, err := a.config.Reader.Plan(ctx, in.Site, in.Revision)
			if err != nil {
				return nil, err
			}
			return conditionally(&in.Conditional, &p.Basis, func() (*answer, error) { return reply(http.StatusOK, plan{p}) })
		})
	register(a, operation{id: "plan-csv", path: "/v1/sites/{site}/plan.csv", etag: true, csv: true, errors: missing,
		summary: "All lines of a plan as CSV, a row for each SKU and period"}, a.planTable)
	a.planLines(missing)
	a.compared(missing)
}

// planTable is the plan as CSV.
func (a *API) planTable(ctx context.Context, in *planIn) (*answer, error) {
	page, err := a.config.Reader.Lines(ctx, view.LineQuery{Site: in.Site, Revision: in.Revision})
	if err != nil {
		return nil, err
	}
	return conditionally(&in.Conditional, &page.Basis, func() (*answer, error) {
		return table(fmt.Sprintf("plan-%s-%d", page.Site, page.Revision), planColumns, planRows(&page.Basis, linesOf(page.Lines)))
	})
}

func linesOf(list []view.Line) iter.Seq[*schemas.Line] {
	return func(yield func(*schemas.Line) bool) {
		for i := range list {
			if !yield(&list[i].Line) {
				return
			}
		}
	}
}

func (a *API) planLines(missing []int) {
	register(a, operation{id: "lines", path: "/v1/sites/{site}/plan/lines", etag: true, shows: linesAnswer{}, errors: missing,
		summary: "Lines of a plan, by SKU, a page at a time"},
		func(ctx context.Context, in *struct {
			SitePath
			RevisionQuery
			Conditional
			After    string `query:"after" maxLength:"200" doc:"An SKU: lines behind it."`
			Contains string `query:"contains" maxLength:"200" doc:"Text in the SKU, whatever its case."`
			Limit    int    `query:"limit" minimum:"1" maximum:"1000" default:"100"`
		}) (*answer, error) {
			page, err := a.config.Reader.Lines(ctx, view.LineQuery{Site: in.Site, Revision: in.Revision, After: in.After, Contains: in.Contains, Limit: in.Limit})
			if err != nil {
				return nil, err
			}
			out := linesAnswer{LinePage: *page}
			if page.More {
				out.Next = page.Lines[len(page.Lines)-1].SKU
			}
			return conditionally(&in.Conditional, &page.Basis, func() (*answer, error) { return reply(http.StatusOK, out) })
		})
}

func (a *API) compared(missing []int) {
	register(a, operation{id: "diff", path: "/v1/sites/{site}/plan/diff", etag: true, shows: view.Diff{}, errors: missing,
		summary: "What differs between two revisions: cost, shortages, production"},
		func(ctx context.Context, in *struct {
			SitePath
			Conditional
			From int64 `query:"from" minimum:"0" doc:"0: the one before to."`
			To   int64 `query:"to" minimum:"0" doc:"0: the newest."`
		}) (*answer, error) {
			d, err := a.config.Reader.Diff(ctx, in.Site, in.From, in.To)
			if err != nil {
				return nil, err
			}
			return byContent(&in.Conditional, d, func() (*answer, error) { return reply(http.StatusOK, d) }, &d.AgeSeconds)
		})
	register(a, operation{id: "history", path: "/v1/sites/{site}/plan/history", etag: true, shows: historyAnswer{}, errors: missing,
		summary: "Revisions of a plan with their causes, the newest first"},
		func(ctx context.Context, in *struct {
			SitePath
			Conditional
			Before int64 `query:"before" minimum:"0" doc:"A revision: those below it; 0: from the newest."`
			Limit  int   `query:"limit" minimum:"1" maximum:"1000" default:"50"`
		}) (*answer, error) {
			list, err := a.config.Reader.History(ctx, in.Site, in.Before, in.Limit)
			if err != nil {
				return nil, err
			}
			out := historyAnswer{Site: in.Site, Revisions: list}
			if len(list) == in.Limit && list[len(list)-1].Revision > 1 {
				out.Next = list[len(list)-1].Revision
			}
			var ages []*float64
			for i := range list {
				ages = append(ages, &list[i].AgeSeconds)
			}
			return byContent(&in.Conditional, list, func() (*answer, error) { return reply(http.StatusOK, out) }, ages...)
		})
}

// plan is a head as it was published, with the age of its data.
type plan struct{ *view.Plan }

// MarshalJSON adds two members to the published bytes.
func (p plan) MarshalJSON() ([]byte, error) {
	more, err := json.Marshal(planAge{p.DataAsOf.UTC().Format(timeFormat), p.AgeSeconds})
	if err != nil {
		return nil, err
	}
	head := bytes.TrimSuffix(bytes.TrimSpace(p.Raw), []byte("}"))
	return append(append(bytes.Clone(head), ','), more[1:]...), nil
}

const timeFormat = "2006-01-02T15:04:05.999999999Z07:00"

// planAge is what an answer says beside a head.
type planAge struct {
	DataAsOf   string  `json:"data_as_of" format:"date-time"`
	AgeSeconds float64 `json:"age_seconds" minimum:"0"`
}
