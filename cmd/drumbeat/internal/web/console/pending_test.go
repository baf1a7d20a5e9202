package console

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// A page waits a moment, a download as long as it takes, and nobody longer than for himself.
func TestPending(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := begin(func() (int, error) {
			time.Sleep(time.Second) // of the bubble's clock
			return 7, nil
		})
		start := time.Now()
		if _, ready, err := p.get(t.Context(), false); ready || err != nil || time.Since(start) != patience {
			t.Errorf("ready %v, %v after %v", ready, err, time.Since(start))
		}
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		if _, ready, err := p.get(gone, true); ready || !errors.Is(err, context.Canceled) {
			t.Errorf("who has gone gets ready %v, %v", ready, err)
		}
		if v, ready, err := p.get(t.Context(), true); v != 7 || !ready || err != nil || time.Since(start) != time.Second {
			t.Errorf("%d, ready %v, %v after %v", v, ready, err, time.Since(start))
		}
		if v, ready, _ := p.get(t.Context(), false); v != 7 || !ready {
			t.Errorf("again %d, ready %v", v, ready)
		}
	})
}
