package bench

import (
	"context"

	"drumbeat/forecast"
	"drumbeat/forecast/cases"
)

// Cases scores the sets of cases in a folder: each of our scores over the best peer's, and how well intervals hold.
func Cases(dir string) func(ctx context.Context, report func(Row)) error {
	return func(ctx context.Context, report func(Row)) error {
		names, err := cases.Names(dir)
		if err != nil {
			return err
		}
		var results []cases.Result
		for _, name := range names {
			r, err := cases.ScoreAll(dir, []string{name}, forecast.Config{}, forecast.OnAllCores(ctx))
			if err != nil {
				return err
			}
			if ctx.Err() != nil {
				return ctx.Err()
			}
			results = append(results, r...)
			reportCase(name, &r[0], report)
		}
		for _, g := range []cases.Group{cases.Panels, cases.Singles} {
			if s := cases.Summarise(results, g); s.Sets > 0 {
				report(Row{Bench: "cases", Case: g.Name, Metric: "mean_ratio", Value: s.Mean, Unit: "1"})
				report(Row{Bench: "cases", Case: g.Name, Metric: "worst_ratio", Value: s.Worst, Unit: "1"})
			}
		}
		return nil
	}
}

func reportCase(name string, r *cases.Result, report func(Row)) {
	for i, column := range []string{"scaled_error_ratio", "wql_ratio", "cwape_ratio", "cpb95_ratio"} {
		report(Row{Bench: "cases", Case: name, Metric: column, Value: r.Ratio[i], Unit: "1"})
	}
	for _, x := range []struct {
		metric string
		value  float64
	}{{"bias", r.Scores.Bias}, {"c80", r.Scores.C80}, {"c95", r.Scores.C95}, {"ccov", r.Scores.CCov}} {
		report(Row{Bench: "cases", Case: name, Metric: x.metric, Value: x.value, Unit: "1"})
	}
}
