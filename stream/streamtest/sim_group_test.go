package streamtest_test

import (
	"context"
	"errors"
	"slices"
	"sync"

	"drumbeat/stream"
)

// group is the consumer group of drumbeat.events, as a coordinator sees it. A member learns that a generation has
// ended at its next heartbeat, which may be long after others own what it had.
type group struct {
	members    []*member
	generation int
	ending     bool // the generation is over: the next one forms when all members have asked for it
	owner      [partitions]*member
}

// member is one stay of a process in the group.
type member struct {
	p          *process
	generation int // it is in; 0: none
	ids        []int32
	asks       bool               // for the next generation
	end        context.CancelFunc // of its generation as it knows it; nil: it knows of none
}

var errOver = errors.New("simulated: the generation is over")

// overdue says that the member does not know yet that its generation is over.
func (g *group) overdue(m *member) bool {
	return m.end != nil && !m.asks && (g.ending || !slices.Contains(g.members, m) || m.generation != g.generation)
}

// complete says that the next generation can form.
func (g *group) complete() bool {
	return g.ending && len(g.members) > 0 && !slices.ContainsFunc(g.members, func(m *member) bool { return !m.asks })
}

// form begins the next generation; a member mostly keeps what it had.
func (g *group) form(draw uint64) {
	g.generation++
	g.ending = false
	for _, m := range g.members {
		m.generation, m.ids, m.asks = g.generation, nil, false
	}
	for id := range g.owner {
		if !slices.Contains(g.members, g.owner[id]) || draw>>(8*id)&3 == 0 {
			g.owner[id] = g.members[int(draw>>(16+8*id)&255)%len(g.members)]
		}
		g.owner[id].ids = append(g.owner[id].ids, int32(id))
	}
}

// evict removes a member that was not heard of.
func (g *group) evict(m *member) {
	if at := slices.Index(g.members, m); at >= 0 {
		g.members = slices.Delete(g.members, at, at+1)
		g.ending = true
	}
}

// Run implements stream.Source.
func (p *process) Run(ctx context.Context, own func(context.Context, stream.Partition) error) error {
	m := &member{p: p}
	defer func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if !p.dead {
			p.group.evict(m)
		}
	}()
	for {
		p.mu.Lock()
		if !slices.Contains(p.group.members, m) && !p.dead {
			p.group.members = append(p.group.members, m)
		}
		m.asks, m.end = true, nil
		p.group.ending, p.member = p.group.ending || !p.dead, m
		p.mu.Unlock()
		p.ask(&effect{p: p, kind: "join", partition: -1, ready: func() bool {
			return ctx.Err() != nil || !m.asks || !slices.Contains(p.group.members, m)
		}})
		if ctx.Err() != nil {
			return nil
		}
		if m.asks { // evicted
			continue
		}
		if err := m.live(ctx, own); err != nil || ctx.Err() != nil {
			return err
		}
	}
}

// live owns partitions for the length of a generation.
func (m *member) live(ctx context.Context, own func(context.Context, stream.Partition) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	m.p.mu.Lock()
	m.end = cancel
	m.p.mu.Unlock()
	var all sync.WaitGroup
	errs := make(chan error, len(m.ids))
	for _, id := range m.ids {
		all.Go(func() {
			err := own(context.WithValue(ctx, partitionKey{}, id), &share{m, m.generation, id})
			if err != nil && ctx.Err() == nil {
				errs <- err
			}
			cancel()
		})
	}
	<-ctx.Done()
	all.Wait()
	select {
	case err := <-errs:
		return err
	default:
		return nil
	}
}
