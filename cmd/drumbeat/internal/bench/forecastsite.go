package bench

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"drumbeat/forecast"
)

// siteSizes are numbers of SKUs that forecastSites has re-forecast when a day closes, and siteGoal the time that the
// largest may take on two cores.
var siteSizes = []int{1000, 10_000, 100_000}

const siteGoal = 4 * time.Second

const (
	// siteModels is the number of models in memory. A larger site is that many, over and over: the time is the same, and
	// they do not fit into any cache either.
	siteModels = 5000
	// siteHistories is the number of different histories; the models begin at different days of them.
	siteHistories = 1000
)

// forecastSites closes a day for all SKUs of sites of several sizes, over all cores, and asks every model what a plan asks.
func forecastSites(ctx context.Context, report func(Row)) error {
	histories, err := dailyDemand(ctx, siteHistories, forecastDays)
	if err != nil {
		return err
	}
	c := &forecastCase{config: forecast.Config{Season: 7}, horizon: 364, period: 7, lead: 28}
	models := make([]*forecast.Model, siteModels)
	put := func(name string, rows ...Row) {
		for _, r := range rows {
			r.Bench, r.Case = "forecast", fmt.Sprintf("%s, %d cores", name, runtime.GOMAXPROCS(0))
			report(r)
		}
	}
	before := heap()
	began := time.Now()
	if err := overCores(ctx, siteModels, func(i int, _ *question) {
		y := histories[i%siteHistories]
		m := forecast.New(c.config)
		for day := range y {
			m.Append(y[(i+day)%len(y)])
		}
		models[i] = m
	}); err != nil {
		return err
	}
	fitted := since(began)
	put(fmt.Sprintf("first fit of %d SKUs", siteModels),
		Row{Metric: "seconds", Value: fitted, Unit: "s"},
		Row{Metric: "models_per_second", Value: siteModels / fitted, Unit: "1/s"},
		Row{Metric: "model_bytes", Value: float64(heap()-before) / siteModels, Unit: "B"})
	for _, skus := range siteSizes {
		began, used := time.Now(), cpu()
		if err := overCores(ctx, skus, func(i int, q *question) {
			m := models[i%siteModels]
			y := histories[i%siteHistories]
			m.Append(y[(i+m.Len())%len(y)])
			q.ask(m, c)
		}); err != nil {
			return err
		}
		took := since(began)
		rows := []Row{
			{Metric: "seconds", Value: took, Unit: "s"},
			{Metric: "models_per_second", Value: float64(skus) / took, Unit: "1/s"},
			{Metric: "cpu_microseconds", Value: (cpu() - used).Seconds() * 1e6 / float64(skus), Unit: "us"},
		}
		if skus == siteSizes[len(siteSizes)-1] {
			rows = append(rows, Row{Metric: "goal_seconds", Value: siteGoal.Seconds(), Unit: "s"})
		}
		put(fmt.Sprintf("%d SKUs re-forecast", skus), rows...)
	}
	runtime.KeepAlive(models)
	return nil
}

// overCores calls f for 0 … n-1, in bundles on all cores. A model is never with two of them at a time, for a bundle of
// siteModels is complete before the next begins.
func overCores(ctx context.Context, n int, f func(i int, q *question)) error {
	questions := make([]question, runtime.GOMAXPROCS(0))
	for from := 0; from < n; from += siteModels {
		to := min(from+siteModels, n)
		var next atomic.Int64
		var group sync.WaitGroup
		for k := range questions {
			group.Go(func() {
				for ctx.Err() == nil {
					i := from + int(next.Add(1)) - 1
					if i >= to {
						return
					}
					f(i, &questions[k])
				}
			})
		}
		group.Wait()
	}
	return ctx.Err()
}
