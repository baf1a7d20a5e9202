package console

import (
	"context"
	"fmt"
	"sync"

	"drumbeat/optimize"
	"drumbeat/schemas"
)

// asked keeps the newest answers, so that scenarios that stand beside the one that changes are not solved
// again with every move of a slider.
type asked struct {
	mu      sync.Mutex
	answers map[string]*optimize.Answer
}

// maxAsked bounds what is kept.
const maxAsked = 64

// ask solves a scenario, unless it has just been solved for this revision.
func (c *Console) ask(ctx context.Context, head *schemas.Head, s *scenario) {
	o, err := s.overrides(head.Periods)
	if err != nil {
		s.err = err
		return
	}
	key := fmt.Sprintf("%s\x00%s", head.PlanID, s.encode())
	c.asked.mu.Lock()
	s.answer = c.asked.answers[key]
	c.asked.mu.Unlock()
	if s.answer != nil {
		return
	}
	if s.answer, s.err = c.Ask(ctx, head.Site, o); s.err != nil {
		return
	}
	c.asked.mu.Lock()
	defer c.asked.mu.Unlock()
	if c.asked.answers == nil || len(c.asked.answers) >= maxAsked {
		c.asked.answers = map[string]*optimize.Answer{}
	}
	c.asked.answers[key] = s.answer
}
