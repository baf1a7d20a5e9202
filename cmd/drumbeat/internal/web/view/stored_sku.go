package view

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"drumbeat/schemas"
	"drumbeat/stream"
)

// SKU implements [Reader].
func (s *Stored) SKU(ctx context.Context, site, sku string, days int) (*SKU, error) {
	missing := fmt.Errorf("SKU %q of site %q: %w", sku, site, ErrNotFound)
	name, err := schemas.CanonicalSKU(sku)
	if err != nil {
		return nil, missing
	}
	plan, err := s.Plan(ctx, site, 0)
	if err != nil {
		return nil, err
	}
	out := &SKU{Basis: plan.Basis, SKU: name, History: []Day{}, Accuracy: []Accuracy{}}
	lines, err := s.store.Current(ctx, site, []string{name})
	if err != nil {
		return nil, err
	}
	known := false
	for _, m := range lines {
		if _, of, line := schemas.SplitPlanKey(string(m.Key)); !line || of != name {
			continue
		}
		known = true
		if m.Value == nil {
			continue // it has left the plan
		}
		if out.Line, err = readLine(m.Value); err != nil {
			return nil, err
		}
		out.Reason, out.Why = out.Line.Reason, out.Line.Why
	}
	for _, e := range plan.Head.Excluded {
		if e.SKU == name {
			known, out.Reason = true, e.Reason
		}
	}
	from, _ := schemas.NewDate(1900, time.January, 1)
	if days > 0 {
		from = max(from, schemas.DateOf(plan.Head.Now).AddDays(-days))
	}
	sales, err := s.store.SalesOf(ctx, site, name, from)
	if err != nil {
		return nil, err
	}
	for _, r := range sales {
		out.History = append(out.History, Day{r.Date, r.Quantity, r.Held, r.Outlier, r.Reason, r.Score})
	}
	row, err := s.store.ForecastOf(ctx, site, name)
	if err != nil {
		return nil, err
	}
	if row != nil {
		out.Forecast = forecastOf(row)
	}
	if !known && row == nil && len(sales) == 0 {
		return nil, missing
	}
	rows, err := s.store.AccuracyOf(ctx, site, name)
	for i := range rows {
		out.Accuracy = append(out.Accuracy, accuracyOf(&rows[i]))
	}
	return out, err
}

// Forecasts implements [Reader].
func (s *Stored) Forecasts(ctx context.Context, site string) ([]Forecast, error) {
	if err := s.exists(ctx, site); err != nil {
		return nil, err
	}
	rows, err := s.store.Forecasts(ctx, site)
	out := []Forecast{}
	for i := range rows {
		out = append(out, *forecastOf(&rows[i]))
	}
	return out, err
}

func forecastOf(r *stream.ForecastRow) *Forecast {
	return &Forecast{r.SKU, r.Revision, r.ExecutionDate, r.First, r.Model, notNil(r.Mean), notNil(r.Lower), notNil(r.Upper)}
}

func notNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// horizons are in the order in which people read them.
var horizons = []string{"1d", "7d", "28d", "cover"}

// Accuracy implements [Reader].
func (s *Stored) Accuracy(ctx context.Context, site string) ([]Accuracy, error) {
	if err := s.exists(ctx, site); err != nil {
		return nil, err
	}
	rows, err := s.store.Accuracy(ctx, site)
	if err != nil {
		return nil, err
	}
	whole := map[string]*stream.AccuracyRow{}
	out := []Accuracy{}
	for i := range rows {
		r := &rows[i]
		out = append(out, accuracyOf(r))
		sum := whole[r.Horizon]
		if sum == nil {
			sum = &stream.AccuracyRow{Horizon: r.Horizon, Days: r.Days, Through: r.Through}
			whole[r.Horizon] = sum
		}
		sum.Add(r.AccuracySums)
		sum.Days, sum.Windows, sum.Through = max(sum.Days, r.Days), sum.Windows+r.Windows, max(sum.Through, r.Through)
	}
	for _, r := range whole {
		out = append(out, accuracyOf(r))
	}
	slices.SortStableFunc(out, func(a, b Accuracy) int {
		return cmp.Or(cmp.Compare(a.SKU, b.SKU), cmp.Compare(slices.Index(horizons, a.Horizon), slices.Index(horizons, b.Horizon)))
	})
	return out, nil
}

func accuracyOf(r *stream.AccuracyRow) Accuracy {
	known := func(v float64) *float64 {
		if math.IsNaN(v) {
			return nil
		}
		return &v
	}
	return Accuracy{
		SKU: r.SKU, Horizon: r.Horizon, Days: r.Days, Windows: r.Windows, Through: r.Through, WAPE: known(r.WAPE()),
		NaiveWAPE: known(r.NaiveWAPE()), Bias: known(r.Bias()), Coverage80: known(r.Coverage80()), Coverage95: known(r.Coverage95()),
	}
}
