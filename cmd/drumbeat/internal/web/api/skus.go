package api

import (
	"context"
	"net/http"

	"drumbeat/cmd/drumbeat/internal/web/view"
)

// forecastAnswer lists the forecasts of a site.
type forecastAnswer struct {
	Site      string          `json:"site"`
	Forecasts []view.Forecast `json:"forecasts"`
}

// accuracyAnswer says how accurate forecasts were.
type accuracyAnswer struct {
	Site     string          `json:"site"`
	Accuracy []view.Accuracy `json:"accuracy"`
}

type siteIn struct {
	SitePath
	Conditional
	Accepts
}

func (a *API) skus() {
	missing := []int{http.StatusNotFound}
	register(a, operation{id: "sku", path: "/v1/sites/{site}/skus/{sku}", etag: true, shows: view.SKU{}, errors: missing,
		summary: "One SKU: history, forecast, plan and the reason for it. The SKU is percent-encoded"},
		func(ctx context.Context, in *struct {
			SitePath
			Conditional
			SKU  string `path:"sku" maxLength:"200" example:"85123A"`
			Days int    `query:"days" minimum:"0" maximum:"100000" default:"400" doc:"Days of history; 0: all."`
		}) (*answer, error) {
			sku, err := a.config.Reader.SKU(ctx, in.Site, in.SKU, in.Days)
			if err != nil {
				return nil, err
			}
			return byContent(&in.Conditional, sku, func() (*answer, error) { return reply(http.StatusOK, sku) }, &sku.AgeSeconds)
		})
	register(a, operation{id: "forecast", path: "/v1/sites/{site}/forecast", etag: true, csv: true, shows: forecastAnswer{}, errors: missing,
		summary: "The daily forecast of every SKU"}, a.forecast)
	register(a, operation{id: "forecast-csv", path: "/v1/sites/{site}/forecast.csv", etag: true, csv: true, errors: missing,
		summary: "The daily forecast of every SKU as CSV"}, func(ctx context.Context, in *siteIn) (*answer, error) {
		in.Accept = "text/csv"
		return a.forecast(ctx, in)
	})
	register(a, operation{id: "accuracy", path: "/v1/sites/{site}/accuracy", etag: true, shows: accuracyAnswer{}, errors: missing,
		summary: "How accurate published forecasts were, of the site and of each SKU"},
		func(ctx context.Context, in *siteIn) (*answer, error) {
			list, err := a.config.Reader.Accuracy(ctx, in.Site)
			if err != nil {
				return nil, err
			}
			return byContent(&in.Conditional, list, func() (*answer, error) { return reply(http.StatusOK, accuracyAnswer{in.Site, list}) })
		})
}

func (a *API) forecast(ctx context.Context, in *siteIn) (*answer, error) {
	list, err := a.config.Reader.Forecasts(ctx, in.Site)
	if err != nil {
		return nil, err
	}
	return byContent(&in.Conditional, list, func() (*answer, error) {
		if in.wantsCSV() {
			return table("forecast-"+in.Site, forecastColumns, forecastRows(in.Site, list))
		}
		return reply(http.StatusOK, forecastAnswer{in.Site, list})
	})
}
