package web

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// Check is one condition of readiness. Ready returns nil when it holds; it may be called by several
// requests at once, and ctx ends after two seconds.
type Check struct {
	Name  string
	Ready func(ctx context.Context) error
}

// checkTimeout is below the period of ordinary probes.
const checkTimeout = 2 * time.Second

// ready runs all checks side by side and names those that failed, in the order given.
func ready(checks []Check) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), checkTimeout)
		defer cancel()
		errs := make([]error, len(checks))
		var wg sync.WaitGroup
		for i, c := range checks {
			wg.Go(func() { errs[i] = c.run(ctx) })
		}
		wg.Wait()
		var failures []Failure
		names := []string{}
		for i, c := range checks {
			names = append(names, c.Name)
			if errs[i] != nil {
				failures = append(failures, Failure{c.Name, errs[i].Error()})
			}
		}
		if len(failures) > 0 {
			WriteProblem(w, Problem{
				Title: "Not ready", Status: http.StatusServiceUnavailable,
				Detail: fmt.Sprintf("%d of %d checks failed", len(failures), len(checks)), Checks: failures,
			})
			return
		}
		writeJSON(w, http.StatusOK, map[string]any{"status": "ready", "checks": names})
	})
}

// run waits for the check or for the end of ctx: a check that hangs must not hang the probe.
func (c Check) run(ctx context.Context) error {
	done := make(chan error, 1)
	go func() {
		defer func() {
			if p := recover(); p != nil {
				done <- fmt.Errorf("the check panicked: %v", p)
			}
		}()
		done <- c.Ready(ctx)
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return fmt.Errorf("no answer within %v", checkTimeout)
	}
}
