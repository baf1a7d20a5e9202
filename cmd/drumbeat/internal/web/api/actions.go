package api

import (
	"context"
	"fmt"
	"net/http"

	"drumbeat/cmd/drumbeat/internal/web/view"
)

func (a *API) actionLists() {
	missing := []int{http.StatusNotFound}
	register(a, operation{id: "actions", path: "/v1/sites/{site}/actions", etag: true, csv: true, shows: view.Actions{}, errors: missing,
		summary: "What to do now: release, expedite, defer, cancel, each with its cost"}, a.actions)
	register(a, operation{id: "actions-csv", path: "/v1/sites/{site}/actions.csv", etag: true, csv: true, errors: missing,
		summary: "What to do now, as CSV"}, func(ctx context.Context, in *actionsIn) (*answer, error) {
		in.Accept = "text/csv"
		return a.actions(ctx, in)
	})
	register(a, operation{id: "production", path: "/v1/sites/{site}/production", etag: true, csv: true, shows: view.Production{}, errors: missing,
		summary: "What is released to start: the production that the newest approval covers"}, a.production)
	register(a, operation{id: "production-csv", path: "/v1/sites/{site}/production.csv", etag: true, csv: true, errors: missing,
		summary: "What is released to start, as CSV"}, func(ctx context.Context, in *actionsIn) (*answer, error) {
		in.Accept = "text/csv"
		return a.production(ctx, in)
	})
}

type actionsIn struct {
	SitePath
	Conditional
	Accepts
}

func (a *API) actions(ctx context.Context, in *actionsIn) (*answer, error) {
	list, err := a.config.Reader.Actions(ctx, in.Site)
	if err != nil {
		return nil, err
	}
	return conditionally(&in.Conditional, &list.Basis, func() (*answer, error) {
		if in.wantsCSV() {
			return table(fmt.Sprintf("actions-%s-%d", list.Site, list.Revision), actionColumns, actionRows(list))
		}
		return reply(http.StatusOK, list)
	})
}

func (a *API) production(ctx context.Context, in *actionsIn) (*answer, error) {
	list, err := view.Released(ctx, a.config.Reader, in.Site)
	if err != nil {
		return nil, err
	}
	return conditionally(&in.Conditional, &list.Basis, func() (*answer, error) {
		if in.wantsCSV() {
			return table(fmt.Sprintf("production-%s-%d", list.Site, list.Revision), productionColumns, productionRows(list))
		}
		return reply(http.StatusOK, list)
	})
}
