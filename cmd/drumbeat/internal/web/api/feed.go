package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"drumbeat/cmd/drumbeat/internal/web/view"
)

// auditAnswer is the audit of a site.
type auditAnswer struct {
	Site  string       `json:"site"`
	Audit []view.Audit `json:"audit"`
}

func (a *API) feed() {
	missing := []int{http.StatusNotFound}
	register(a, operation{id: "audit", path: "/v1/sites/{site}/audit", etag: true, csv: true, shows: auditAnswer{}, errors: missing,
		summary: "What became of the records of a site, by origin"}, a.audit)
	register(a, operation{id: "audit-csv", path: "/v1/sites/{site}/audit.csv", etag: true, csv: true, errors: missing,
		summary: "What became of the records of a site, as CSV"}, func(ctx context.Context, in *siteIn) (*answer, error) {
		in.Accept = "text/csv"
		return a.audit(ctx, in)
	})
	register(a, operation{id: "dead-letters", path: "/v1/dead-letters", shows: view.LetterPage{}, summary: "Rejected records, the newest first, and how many there are"},
		func(ctx context.Context, in *struct {
			Site    string `query:"site" maxLength:"64" doc:"Of this site."`
			Reason  string `query:"reason" maxLength:"100" doc:"With this reason."`
			Waiting bool   `query:"waiting" doc:"Those that were not sent again so far."`
			Until   string `query:"until" maxLength:"40" doc:"Rejected before this instant (RFC 3339)."`
			Limit   int    `query:"limit" minimum:"1" maximum:"1000" default:"100"`
		}) (*answer, error) {
			q := view.LetterQuery{Site: in.Site, Reason: in.Reason, Waiting: in.Waiting, Limit: in.Limit}
			if in.Until != "" {
				var err error
				if q.Until, err = time.Parse(time.RFC3339, in.Until); err != nil {
					return nil, huma.Error422UnprocessableEntity("validation failed", &huma.ErrorDetail{Location: "query.until", Message: "no instant", Value: in.Until})
				}
			}
			page, err := a.config.Reader.DeadLetters(ctx, q)
			if err != nil {
				return nil, err
			}
			return reply(http.StatusOK, page)
		})
	a.replays()
}

func (a *API) audit(ctx context.Context, in *siteIn) (*answer, error) {
	list, err := a.config.Reader.Audit(ctx, in.Site)
	if err != nil {
		return nil, err
	}
	return byContent(&in.Conditional, list, func() (*answer, error) {
		if in.wantsCSV() {
			return table("audit-"+in.Site, auditColumns, auditRows(in.Site, list))
		}
		return reply(http.StatusOK, auditAnswer{in.Site, list})
	})
}
