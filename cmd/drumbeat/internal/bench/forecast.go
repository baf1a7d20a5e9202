package bench

import (
	"context"
	"fmt"
	"slices"
	"time"

	"drumbeat/forecast"
)

// Forecast measures what a forecast costs: of single series the first fit, the closing of a bucket and a sale inside
// the open one, on one core; then of all SKUs of a site over all cores; and, if peers is not nil, the first fit
// beside other libraries in turns.
func Forecast(ctx context.Context, peers *Peers, report func(Row)) error {
	all, err := forecastCases(ctx)
	if err != nil {
		return err
	}
	for i := range all {
		if err := all[i].measure(ctx, report); err != nil {
			return err
		}
	}
	if err := forecastSites(ctx, report); err != nil || peers == nil {
		return err
	}
	for i := range all {
		if err := all[i].beside(ctx, peers, report); err != nil {
			return err
		}
	}
	return nil
}

// question is what a plan asks a model: the distribution of every bucket of the horizon and of every period, and an
// upper quantile of the demand over the lead time.
type question struct {
	outlook forecast.Outlook
	mean    []float64
	lower   []float64
	upper   []float64
	answers float64 // their sum
}

func (q *question) ask(m *forecast.Model, c *forecastCase) {
	m.Outlook(&q.outlook, c.horizon)
	if len(q.mean) != c.horizon {
		q.mean, q.lower, q.upper = make([]float64, c.horizon), make([]float64, c.horizon), make([]float64, c.horizon)
	}
	q.outlook.Interval(q.mean, q.lower, q.upper, .1)
	for from := 0; from+c.period <= c.horizon; from += c.period {
		q.sum(from, from+c.period, 0)
	}
	q.answers += q.outlook.Sum(0, c.lead).Quantile(.95)
}

// sum asks for the interval of a period whose mean has moved.
func (q *question) sum(from, to int, shift float64) {
	d := q.outlook.Sum(from, to)
	q.answers += d.Mean + shift + max(0, d.Quantile(.1)+shift) + d.Quantile(.9) + shift
}

// sell takes a sale of the open bucket off what is still expected of it and of its period.
func (q *question) sell(c *forecastCase, sold float64) {
	expected := q.mean[0]
	q.sum(0, c.period, max(0, expected-sold)-expected)
}

func (c *forecastCase) measure(ctx context.Context, report func(Row)) error {
	var q question
	at := 0
	next := func() []float64 {
		at++
		return c.series[at%len(c.series)]
	}
	models := make([]*forecast.Model, len(c.series))
	for i, y := range c.series {
		models[i] = forecast.Fit(c.config, y)
	}
	for _, x := range []struct {
		what string
		goal time.Duration
		run  func()
	}{
		{"first fit", c.goal, func() { q.ask(forecast.Fit(c.config, next()), c) }},
		{"bucket closes", closeGoal, func() {
			y := next()
			m := models[at%len(models)]
			m.Append(y[m.Len()%len(y)])
			q.ask(m, c)
		}},
		{"sale in the open bucket", saleGoal, func() {
			at++
			q.sell(c, float64(at%8))
		}},
	} {
		clock, processor, err := timed(ctx, x.run)
		if err != nil {
			return err
		}
		for _, r := range []Row{
			{Metric: "microseconds", Value: clock * 1e6},
			{Metric: "cpu_microseconds", Value: processor * 1e6},
			{Metric: "goal_microseconds", Value: x.goal.Seconds() * 1e6},
		} {
			r.Bench, r.Case, r.Unit = "forecast", x.what+", "+c.name, "us"
			report(r)
		}
	}
	return nil
}

// A figure is the median of so many slices of so long each: others may use the machine.
const (
	forecastSlices = 20
	forecastSlice  = 50 * time.Millisecond
)

// timed is the median time of a call of f by the clock, and the mean of its processor time, in seconds.
func timed(ctx context.Context, f func()) (clock, processor float64, err error) {
	var each []float64
	calls, used := 0, cpu()
	for range forecastSlices {
		if ctx.Err() != nil {
			return 0, 0, ctx.Err()
		}
		n, began := 0, time.Now()
		for n == 0 || time.Since(began) < forecastSlice {
			for range 1 + n/4 { // the clock itself takes time
				f()
				n++
			}
		}
		each = append(each, since(began)/float64(n))
		calls += n
	}
	slices.Sort(each)
	return each[len(each)/2], (cpu() - used).Seconds() / float64(calls), nil
}

// beside lets the peers and this program fit and forecast the same series in turns.
func (c *forecastCase) beside(ctx context.Context, peers *Peers, report func(Row)) error {
	const (
		series = 3
		fits   = 20 // of this program, in each of its turns
	)
	var q question
	var path forecast.Path
	var own float64
	others := make([]float64, len(peerModels))
	for _, y := range c.series[:min(series, len(c.series))] {
		used := cpu()
		for range fits {
			m := forecast.Fit(c.config, y)
			m.Outlook(&q.outlook, c.lead)
			q.outlook.Path(&path, c.lead)
		}
		own += (cpu() - used).Seconds() / fits
		for i, model := range peerModels {
			took, err := peers.fit(ctx, model, c, y)
			if err != nil {
				return err
			}
			others[i] += took
		}
	}
	rows := []Row{{Metric: "drumbeat_cpu_ms", Value: own * 1e3 / series, Unit: "ms"}}
	for i, model := range peerModels {
		rows = append(rows, Row{Metric: model + "_cpu_ms", Value: others[i] * 1e3 / series, Unit: "ms"},
			Row{Metric: model + "_ratio", Value: others[i] / own, Unit: "1"})
	}
	for _, r := range rows {
		r.Bench, r.Case = "forecast", fmt.Sprintf("fit and %d buckets beside peers, %s", c.lead, c.name)
		report(r)
	}
	return nil
}
