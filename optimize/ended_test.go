package optimize

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// looked is a context that ends at its n-th look and counts the looks after it.
type looked struct {
	mu     sync.Mutex
	left   int
	looks  int
	later  int
	ends   chan struct{}
	reason error
}

func endsAtLook(n int) *looked {
	return &looked{left: n, ends: make(chan struct{}), reason: context.DeadlineExceeded}
}

func (c *looked) Deadline() (time.Time, bool) { return time.Time{}, false }
func (c *looked) Value(any) any               { return nil }
func (c *looked) Done() <-chan struct{}       { return c.ends }

func (c *looked) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.looks++
	if c.left > 0 {
		if c.left--; c.left == 0 {
			close(c.ends)
		}
		return nil
	}
	c.later++
	return c.reason
}

// counted is how often it was looked at, in all and after its end.
func (c *looked) counted() (looks, later int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.looks, c.later
}

// laterLooks is how often a solve may look at a context that has ended, one worker: once at each level of loops, and once for
// each that finishes what it has.
const laterLooks = 40

// However far a solve has come, it ends with its context, at its next look.
func TestSolvesEndWithTheirContext(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := randomProblem(t)
		if rapid.Bool().Draw(t, "lots") {
			randomLots(t, p)
		}
		opts := Options{Workers: 1, GuidedRows: rapid.SampledFrom([]int{-1, 1}).Draw(t, "guided rows")}
		never := endsAtLook(1 << 40)
		if _, err := NewEngine(newDense, opts).Solve(never, p, nil); err != nil {
			t.Fatal(err)
		}
		most, _ := never.counted()
		if most < 2 {
			return // impossible by itself
		}
		ctx := endsAtLook(rapid.IntRange(1, most-1).Draw(t, "look"))
		plan, err := NewEngine(newDense, opts).Solve(ctx, p, nil)
		looks, later := ctx.counted()
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("%v, %v after %d looks of %d", plan, err, looks, most)
		}
		if later > laterLooks {
			t.Fatalf("%d looks after the end, of %d", later, most)
		}
	})
}
