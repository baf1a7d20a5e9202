package postgres

import (
	"drumbeat/stream"
)

func accuracyStage(b *stream.Batch) stage {
	type key struct{ site, sku, horizon string }
	rows := last(b.Accuracy, func(r stream.AccuracyRow) key { return key{r.Site, r.SKU, r.Horizon} })
	return stage{
		table: "in_accuracy", rows: len(rows),
		columns: []string{"site", "sku", "horizon", "horizon_days", "class", "through_date", "windows", "weight", "demand", "forecast",
			"abs_error", "squared_error", "naive_error", "whole_weight", "covered_80", "covered_95", "pinball_95"},
		row: func(i int) []any {
			r := &rows[i]
			return []any{r.Site, r.SKU, r.Horizon, int32(r.Days), r.Class, date(r.Through), r.Windows, r.Weight, r.Demand, r.Forecast,
				r.AbsError, r.SquaredError, r.NaiveError, r.Whole, r.Covered80, r.Covered95, r.Pinball95}
		},
		merge: []string{`
			INSERT INTO drumbeat.forecast_accuracy (site, sku, horizon, horizon_days, class, through_date, windows, weight, demand, forecast,
				abs_error, squared_error, naive_error, whole_weight, covered_80, covered_95, pinball_95)
			SELECT site, sku, horizon, horizon_days, class, through_date, windows, weight, demand, forecast,
				abs_error, squared_error, naive_error, whole_weight, covered_80, covered_95, pinball_95 FROM in_accuracy
			ON CONFLICT (site, sku, horizon) DO UPDATE SET horizon_days = excluded.horizon_days, class = excluded.class,
				through_date = excluded.through_date, windows = excluded.windows, weight = excluded.weight, demand = excluded.demand,
				forecast = excluded.forecast, abs_error = excluded.abs_error, squared_error = excluded.squared_error,
				naive_error = excluded.naive_error, whole_weight = excluded.whole_weight, covered_80 = excluded.covered_80,
				covered_95 = excluded.covered_95, pinball_95 = excluded.pinball_95, updated_at = excluded.updated_at`},
	}
}

func modelStage(b *stream.Batch) stage {
	type key struct{ site, sku string }
	rows := last(b.Models, func(r stream.ModelRow) key { return key{r.Site, r.SKU} })
	return stage{
		table: "in_models", rows: len(rows),
		columns: []string{"site", "sku", "kind", "through_date", "models", "step_error", "sum_error", "horizon_days"},
		row: func(i int) []any {
			r := &rows[i]
			return []any{r.Site, r.SKU, r.Kind, date(r.Through), r.Models, r.StepError, r.SumError, int32(r.Horizon)}
		},
		merge: []string{`
			INSERT INTO drumbeat.forecast_models (site, sku, kind, through_date, models, step_error, sum_error, horizon_days)
			SELECT site, sku, kind, through_date, models, step_error, sum_error, horizon_days FROM in_models
			ON CONFLICT (site, sku) DO UPDATE SET kind = excluded.kind, through_date = excluded.through_date, models = excluded.models,
				step_error = excluded.step_error, sum_error = excluded.sum_error, horizon_days = excluded.horizon_days,
				updated_at = excluded.updated_at`},
	}
}
