package stream

import (
	"context"
	"fmt"
	"sync"
	"testing"
)

// When the generation ends while a large Problem is drawn, no SKU is begun any more, wherever the work is: each goroutine
// ends the one that it has. What was done by then cannot be seen in the next drawing.
func TestDrawingEndsWithItsGeneration(t *testing.T) {
	const skus, days = 24, 80
	whole := slowSite(t, skus, days, nil)
	steps := 0
	var mu sync.Mutex
	whole.onLearn = func(*sku) {
		mu.Lock()
		defer mu.Unlock()
		steps++
	}
	want := whole.forecasts()
	for _, at := range []int{1, steps / 7, steps / 2, steps - 1} {
		t.Run(fmt.Sprint("at day ", at, " of ", steps), func(t *testing.T) {
			s := slowSite(t, skus, days, nil)
			s.p.config.Shards = 3
			ctx, end := context.WithCancel(t.Context())
			defer end()
			n, after := 0, map[string]bool{}
			s.onLearn = func(k *sku) {
				mu.Lock()
				defer mu.Unlock()
				if n++; n == at {
					end()
				}
				if n > at {
					after[k.name] = true
				}
			}
			if p, d := s.draw(ctx); p != nil || d != nil {
				t.Error("it was drawn to its end")
			}
			if len(after) > s.p.config.Shards {
				t.Errorf("%d SKUs were worked on after the end, by %d goroutines", len(after), s.p.config.Shards)
			}
			s.onLearn = nil
			if err := sameForecasts(s.forecasts(), want); err != nil {
				t.Error(err)
			}
		})
	}
}

// Settled days that have changed are judged anew before a Problem is drawn, and that ends too: the others are judged later.
func TestJudgingAnewEndsWithItsGeneration(t *testing.T) {
	s := slowSite(t, 10, 40, nil)
	for _, k := range s.skus {
		s.changeLate(k, s.settled(), quantity(5))
	}
	ctx, end := context.WithCancel(t.Context())
	end()
	if _, d := s.draw(ctx); d != nil || len(s.stale) != len(s.skus) {
		t.Errorf("%d of %d SKUs are left to be judged", len(s.stale), len(s.skus))
	}
	if _, d := s.draw(t.Context()); d == nil || len(s.stale) != 0 {
		t.Errorf("%d SKUs are left in the end", len(s.stale))
	}
}
