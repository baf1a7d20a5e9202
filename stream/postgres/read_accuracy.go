package postgres

import (
	"context"
	"time"

	"drumbeat/schemas"
	"drumbeat/stream"
)

// Accuracy returns how accurate the published forecasts of a site were, by SKU and horizon.
func (s *Store) Accuracy(ctx context.Context, site string) ([]stream.AccuracyRow, error) {
	return s.accuracy(ctx, "site = $1", site)
}

func (s *Store) accuracy(ctx context.Context, where, site string, args ...any) ([]stream.AccuracyRow, error) {
	var rows []stream.AccuracyRow
	r := stream.AccuracyRow{Site: site}
	var through time.Time
	err := s.each(ctx, "forecast accuracy", []any{&r.SKU, &r.Horizon, &r.Days, &r.Class, &through, &r.Windows, &r.Weight, &r.Demand,
		&r.Forecast, &r.AbsError, &r.SquaredError, &r.NaiveError, &r.Whole, &r.Covered80, &r.Covered95, &r.Pinball95}, func() error {
		r.Through = schemas.DateOf(through)
		rows = append(rows, r)
		return nil
	}, `SELECT sku, horizon, horizon_days, class, through_date, windows, weight, demand, forecast, abs_error, squared_error,
			naive_error, whole_weight, covered_80, covered_95, pinball_95
		FROM drumbeat.forecast_accuracy WHERE `+where+" ORDER BY sku, horizon", append([]any{site}, args...)...)
	return rows, err
}

// Models returns which experts carry the forecasts of a site, by SKU.
func (s *Store) Models(ctx context.Context, site string) ([]stream.ModelRow, error) {
	var rows []stream.ModelRow
	r := stream.ModelRow{Site: site}
	var through time.Time
	err := s.each(ctx, "forecast models", []any{&r.SKU, &r.Kind, &through, &r.Models, &r.StepError, &r.SumError, &r.Horizon}, func() error {
		r.Through = schemas.DateOf(through)
		rows = append(rows, r)
		r.Models = nil
		return nil
	}, `SELECT sku, kind, through_date, models, step_error, sum_error, horizon_days
		FROM drumbeat.forecast_models WHERE site = $1 ORDER BY sku`, site)
	return rows, err
}
