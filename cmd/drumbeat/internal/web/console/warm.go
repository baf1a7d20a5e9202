package console

import (
	"context"
	"errors"
	"sync"
	"time"

	"drumbeat/cmd/drumbeat/internal/web/view"
)

// warm remembers which sites people look at, so that what takes long about a new plan is found out before the next
// look.
type warm struct {
	mu     sync.Mutex
	looked map[string]time.Time
	busy   map[string]bool // by site; "": all of them
}

const (
	interest  = 10 * time.Minute // a site that nobody has looked at for so long is left alone
	warmSites = 16               // of a start, when nobody has looked yet
)

func (w *warm) look(site string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.looked == nil {
		w.looked = map[string]time.Time{}
	}
	w.looked[site] = time.Now()
}

// begin says whether the site is to be prepared: nobody does it yet, and whether somebody looks at it.
func (w *warm) begin(site string) (free, looked bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.busy[site] {
		return false, false
	}
	if w.busy == nil {
		w.busy = map[string]bool{}
	}
	w.busy[site] = true
	return true, time.Since(w.looked[site]) < interest
}

func (w *warm) end(site string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.busy, site)
}

// Planned is to be called when a site has a new plan, and with "" for all sites. It does not block: the pages of a
// site that somebody looks at are made ready beside, and the counters of its inputs are read.
func (c *Console) Planned(site string) {
	free, looked := c.warm.begin(site)
	if !free {
		return
	}
	go func() {
		defer c.warm.end(site)
		ctx, cancel := context.WithTimeout(context.Background(), summaryTimeout)
		defer cancel()
		if err := c.prepare(ctx, site, looked); err != nil && !errors.Is(err, view.ErrNotFound) {
			c.Log.Debug("console: not prepared", "site", site, "error", err) // the next look tries again
		}
	}()
}

func (c *Console) prepare(ctx context.Context, site string, looked bool) error {
	sites := []string{site}
	if site == "" {
		all, err := c.Reader.Sites(ctx)
		if err != nil {
			return err
		}
		sites, looked = nil, true
		for _, s := range all[:min(len(all), warmSites)] {
			if s.Plan != nil {
				sites = append(sites, s.Site)
			}
		}
	}
	for _, name := range sites {
		audits, err := c.Reader.Audit(ctx, name)
		if err != nil {
			return err
		}
		for _, a := range audits {
			c.rates.of(name, a)
		}
		if !looked {
			continue
		}
		plan, err := c.Reader.Plan(ctx, name, 0)
		if err != nil {
			return err
		}
		s := c.newest.of(ctx, c.Reader, plan.Head)
		if _, _, err := s.loads.get(ctx, true); err != nil {
			return err
		}
		if _, _, err := s.change.get(ctx, true); err != nil {
			return err
		}
	}
	return nil
}
