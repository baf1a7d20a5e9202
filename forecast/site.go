package forecast

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
)

// Series is the demand history of one series of a site.
type Series struct {
	Y      []float64 // one value a bucket, oldest first; NaN: missing
	First  int       // number of the bucket of Y[0], as Events counts
	Events Events    // nil: none
}

// FitSite fits the series of a site: twice, for what all of them together have taught goes into the second fit.
// A series with a negative value is Real.
//
// The error of run ends the fit.
func FitSite(c Config, all []Series, run Runner) ([]*Model, error) {
	c.Prior = nil
	models := make([]*Model, len(all))
	fit := func(i int) {
		c, s := c, &all[i]
		for _, v := range s.Y {
			c.Real = c.Real || v < 0
		}
		c.First, c.Events = s.First, s.Events
		models[i] = Fit(c, s.Y)
	}
	if err := run(len(all), fit); err != nil {
		return nil, err
	}
	if c.Prior = NewPrior(c, models); c.Prior == nil {
		return models, nil
	}
	return models, run(len(all), fit)
}

// Runner calls f for every index below n, in any order and at the same time if it likes, and returns when all calls have.
// After an error some may be missing.
type Runner func(n int, f func(i int)) error

// OnAllCores is a Runner that stops with the error of ctx once that ends. A call must touch only what belongs to its
// index, so that the order cannot be seen.
func OnAllCores(ctx context.Context) Runner {
	return func(n int, f func(i int)) error {
		var next atomic.Int64
		var group sync.WaitGroup
		for range min(runtime.GOMAXPROCS(0), n) {
			group.Go(func() {
				for ctx.Err() == nil {
					i := int(next.Add(1)) - 1
					if i >= n {
						return
					}
					f(i)
				}
			})
		}
		group.Wait()
		return ctx.Err()
	}
}
