package bench

import (
	"context"
	"errors"
	"time"

	"drumbeat/cmd/drumbeat/internal/generate"
	"drumbeat/forecast"
)

// forecastCase is some series of one kind, and what a plan asks of them.
type forecastCase struct {
	name    string
	config  forecast.Config
	horizon int           // buckets that are forecast
	period  int           // buckets of a period
	lead    int           // buckets of the lead time
	goal    time.Duration // of a first fit
	series  [][]float64
}

// What one core may take, a SKU.
const (
	countGoal  = 1500 * time.Microsecond // first fit
	smoothGoal = 4 * time.Millisecond    // first fit of a continuous series
	closeGoal  = 50 * time.Microsecond
	saleGoal   = time.Microsecond
)

const (
	forecastDays = 1096 // three years
	monthDays    = 30   // of the months that are made of days here
	months       = 96
	weeks        = 156
	caseSeries   = 8 // series of a case
)

// forecastCases are series of every kind, drawn from a generated range of SKUs: what has a mean of at least 20 a
// bucket is forecast as continuous.
func forecastCases(ctx context.Context) ([]forecastCase, error) {
	histories, err := dailyDemand(ctx, 300, months*monthDays)
	if err != nil {
		return nil, err
	}
	days := forecast.Config{Season: 7}
	cases := []forecastCase{
		{name: "three years of days, sparse", config: days, goal: countGoal},
		{name: "three years of days, counts", config: days, goal: countGoal},
		{name: "three years of days, continuous", config: days, goal: smoothGoal},
	}
	for i := range cases {
		cases[i].horizon, cases[i].period, cases[i].lead = 364, 7, 28
	}
	weekly := forecastCase{name: "156 weeks", config: forecast.Config{Season: 52}, horizon: 52, period: 1, lead: 13, goal: smoothGoal}
	monthly := forecastCase{name: "96 months", config: forecast.Config{Season: 12}, horizon: 12, period: 1, lead: 12, goal: smoothGoal}
	kinds := map[string]*forecastCase{"sparse": &cases[0], "count": &cases[1], "continuous": &cases[2]}
	for _, y := range histories {
		recent := y[len(y)-forecastDays:]
		kinds[kindOf(days, recent)].add(recent)
		if y := summed(y[len(y)-7*weeks:], 7); kindOf(weekly.config, y) == "continuous" {
			weekly.add(y)
		}
		if y := summed(y, monthDays); kindOf(monthly.config, y) == "continuous" {
			monthly.add(y)
		}
	}
	cases = append(cases, weekly, monthly)
	for i := range cases {
		if len(cases[i].series) < caseSeries {
			return nil, errors.New("bench: forecast: too few series of " + cases[i].name)
		}
	}
	return cases, nil
}

func kindOf(c forecast.Config, y []float64) string { return forecast.Fit(c, y).Explain().Kind }

func (c *forecastCase) add(y []float64) {
	if len(c.series) < caseSeries {
		c.series = append(c.series, y)
	}
}

// dailyDemand is the generated demand of each SKU, a value a day.
func dailyDemand(ctx context.Context, skus, days int) ([][]float64, error) {
	all := make([][]float64, skus)
	number := make(map[string]int, skus)
	for i := range all {
		all[i] = make([]float64, days)
		number[generate.LoadSKU(i)] = i
	}
	for row := range generate.Load(generate.LoadConfig{SKUs: skus, Days: days, First: generate.First, Seed: 1}) {
		day := int(row.Date.Sub(generate.First) / (24 * time.Hour))
		if day%64 == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		all[number[row.SKU]][day] += float64(row.Quantity)
	}
	return all, nil
}

// summed is a series in buckets of n days.
func summed(y []float64, n int) []float64 {
	z := make([]float64, len(y)/n)
	for i := range z {
		for _, v := range y[i*n : (i+1)*n] {
			z[i] += v
		}
	}
	return z
}
