package api

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// changes wakes those who wait for a new plan.
type changes struct {
	mu      sync.Mutex
	waiting map[string]chan struct{} // by site; closed at the next change
}

func newChanges() *changes { return &changes{waiting: map[string]chan struct{}{}} }

// next is closed at the next change of the site.
func (c *changes) next(site string) <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	ch := c.waiting[site]
	if ch == nil {
		ch = make(chan struct{})
		c.waiting[site] = ch
	}
	return ch
}

// changed wakes who waits for the site; "": everybody.
func (c *changes) changed(site string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for name, ch := range c.waiting {
		if site == "" || name == site {
			close(ch)
			delete(c.waiting, name)
		}
	}
}

// listenAgain is how long after a lost connection the next one is tried.
const listenAgain = time.Second

// OnPlan calls planned, besides, whenever a site has a new plan, and with "" when some may have been missed and at the
// start. It must not block, and OnPlan comes before Run.
func (a *API) OnPlan(planned func(site string)) { a.planned = planned }

// Run listens for new plans until ctx ends, and then frees what questions are answered with. While the
// database is away it tries again; streams then wait.
func (a *API) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		for ctx.Err() == nil {
			if err := a.config.Reader.Changes(ctx, a.tell); err != nil && ctx.Err() == nil {
				a.config.Log.Warn("not told of new plans", "error", err)
			}
			select {
			case <-ctx.Done():
			case <-time.After(listenAgain):
			}
		}
		return nil
	})
	err := group.Wait()
	if closed := a.sandboxes.close(); err == nil {
		err = closed
	}
	return err
}

func (a *API) tell(site string) {
	a.changes.changed(site)
	if a.planned != nil {
		a.planned(site)
	}
}
