package bench

import (
	"fmt"
	"math"
)

// accuracyGoal is what a SKU's mean figures should not exceed, either way, by metric.
type accuracyGoal struct {
	sku   string
	event bool // sells three times as much in the week of Black Friday
	most  []metricGoal
}

type metricGoal struct {
	metric  string
	percent float64
}

var accuracyGoals = []accuracyGoal{
	{"SKU-001", true, []metricGoal{{"wape", 2.8}, {"week_bias", 8}, {"declared_week_bias", 3}}},
	{"SKU-002", false, []metricGoal{{"wape", 33}, {"bias", 8}}},
	{"SKU-003", false, []metricGoal{{"wape", 4}}},
}

// accuracy sums the figures of one SKU over seeds, as shares, in the order of their first appearance.
type accuracy struct {
	n       float64
	metrics []string
	sums    map[string]float64
}

func (a *accuracy) sum(metric string, share float64) {
	if a.sums == nil {
		a.sums = map[string]float64{}
	}
	if _, ok := a.sums[metric]; !ok {
		a.metrics = append(a.metrics, metric)
	}
	a.sums[metric] += share
}

func (a *accuracy) add(plain, declared, unspoiled *yearAhead, is *truth, event bool) {
	a.n++
	covered := 0.0
	for t, y := range is.sold.months {
		if y >= plain.low[t] && y <= plain.high[t] {
			covered++
		}
	}
	year := is.sold.total()
	a.sum("wape", wape(plain.months, is.sold.months))
	a.sum("wape_floor", wape(is.expected.months, is.sold.months))
	a.sum("bias", plain.total()/year-1)
	a.sum("year_error", math.Abs(plain.total()/year-1))
	a.sum("year_floor", math.Abs(is.expected.total()/year-1))
	a.sum("cover_80", covered/float64(len(is.sold.months)))
	a.sum("declared_wape", wape(declared.months, is.sold.months))
	a.sum("unspoiled_wape", wape(unspoiled.months, is.sold.months))
	if !event {
		return
	}
	week := is.sold.week
	a.sum("week_bias", plain.week/week-1)
	a.sum("week_error", math.Abs(plain.week/week-1))
	a.sum("week_floor", math.Abs(is.expected.week/week-1))
	a.sum("declared_week_bias", declared.week/week-1)
	a.sum("declared_week_error", math.Abs(declared.week/week-1))
}

// wape is the sum of absolute errors over the sum of what was sold.
func wape(f, y [12]float64) float64 {
	errors, volume := 0.0, 0.0
	for t := range y {
		errors += math.Abs(f[t] - y[t])
		volume += y[t]
	}
	return errors / volume
}

func (a *accuracy) report(goal accuracyGoal, report func(Row)) {
	for _, m := range a.metrics {
		report(Row{Bench: "accuracy", Case: fmt.Sprintf("%s, %g seeds", goal.sku, a.n), Metric: m, Value: 100 * a.sums[m] / a.n, Unit: "%"})
	}
	for _, m := range goal.most {
		report(Row{Bench: "accuracy", Case: goal.sku + ", goal", Metric: m.metric, Value: m.percent, Unit: "%"})
	}
}
