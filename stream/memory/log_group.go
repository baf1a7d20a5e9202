package memory

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"golang.org/x/sync/errgroup"

	"drumbeat/stream"
)

// group is the consumer group of the events topic. A generation starts when every member is idle.
type group struct {
	log       *Log
	members   []*Member
	owner     map[int32]*Member // who had the partition last
	committed map[int32]int64
	gen       *generation // nil before the first
}

// generation is an assignment while it holds.
type generation struct {
	assigned map[*Member][]int32
	busy     map[*Member]bool // members that have not yet finished with it
	ended    chan struct{}
	over     bool // ended is closed
}

// Member is a member of the log's consumer group.
type Member struct {
	log  *Log
	seen *generation
}

// Source returns a new member of the group; Run joins it.
func (l *Log) Source() *Member { return &Member{log: l} }

// Committed returns the group's offset of a partition of the events topic, -1 if there is none.
func (l *Log) Committed(partition int32) int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	if next, ok := l.group.committed[partition]; ok {
		return next
	}
	return -1
}

// Run implements stream.Source. If own returns nil while its context lives, the generation ends and the
// next one begins.
func (m *Member) Run(ctx context.Context, own func(ctx context.Context, p stream.Partition) error) error {
	m.join()
	defer m.leave()
	for {
		gen := m.await(ctx)
		if gen == nil {
			return nil
		}
		if err := m.live(ctx, gen, own); err != nil {
			return err
		}
	}
}

// live calls own for the member's partitions and waits for all calls.
func (m *Member) live(ctx context.Context, gen *generation, own func(context.Context, stream.Partition) error) error {
	defer m.idle(gen)
	select {
	case <-gen.ended: // it ended before this member noticed that it had begun
		return nil
	default:
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var all errgroup.Group
	for _, id := range gen.assigned[m] {
		all.Go(func() error {
			defer cancel()
			err := own(ctx, &share{log: m.log, gen: gen, id: id})
			if err != nil && ctx.Err() == nil {
				return fmt.Errorf("memory: partition %s/%d: %w", m.log.cfg.Events, id, err)
			}
			return nil
		})
	}
	select {
	case <-gen.ended:
	case <-ctx.Done():
	}
	cancel()
	return all.Wait()
}

func (m *Member) join() {
	m.log.mu.Lock()
	defer m.log.mu.Unlock()
	g := &m.log.group
	g.members = append(g.members, m)
	g.rebalance()
}

func (m *Member) leave() {
	m.log.mu.Lock()
	defer m.log.mu.Unlock()
	g := &m.log.group
	g.members = slices.DeleteFunc(g.members, func(x *Member) bool { return x == m })
	if g.gen != nil {
		delete(g.gen.busy, m)
	}
	g.rebalance()
}

// await returns the next generation, nil when ctx has ended.
func (m *Member) await(ctx context.Context) *generation {
	for {
		m.log.mu.Lock()
		gen, changed := m.log.group.gen, m.log.changed
		m.log.mu.Unlock()
		if ctx.Err() != nil {
			return nil
		}
		if gen != nil && gen != m.seen {
			if _, mine := gen.assigned[m]; mine {
				m.seen = gen
				return gen
			}
		}
		select {
		case <-ctx.Done():
		case <-changed:
		}
	}
}

// idle says that the member has finished with a generation.
func (m *Member) idle(gen *generation) {
	m.log.mu.Lock()
	defer m.log.mu.Unlock()
	delete(gen.busy, m)
	m.log.group.rebalance()
}

// rebalance ends the generation and, once nobody is busy with it, starts the next; the caller holds mu.
func (g *group) rebalance() {
	if g.gen != nil {
		if !g.gen.over {
			g.gen.over = true
			close(g.gen.ended)
		}
		if len(g.gen.busy) > 0 {
			return
		}
	}
	g.gen = &generation{assigned: map[*Member][]int32{}, busy: map[*Member]bool{}, ended: make(chan struct{})}
	if len(g.members) > 0 {
		g.assign(g.gen)
	}
	g.log.notify()
}

// assign shares the partitions out evenly; a member keeps what it had up to its share.
func (g *group) assign(gen *generation) {
	if g.owner == nil {
		g.owner = map[int32]*Member{}
	}
	n := int32(g.log.cfg.Partitions)
	share := (int(n) + len(g.members) - 1) / len(g.members)
	for _, m := range g.members {
		gen.assigned[m] = nil
		gen.busy[m] = true
	}
	var free []int32
	for id := range n {
		m := g.owner[id]
		if mine, member := gen.assigned[m]; member && len(mine) < share {
			gen.assigned[m] = append(mine, id)
		} else {
			free = append(free, id)
		}
	}
	fewest := func() *Member {
		return slices.MinFunc(g.members, func(a, b *Member) int { return len(gen.assigned[a]) - len(gen.assigned[b]) })
	}
	for _, id := range free {
		m := fewest()
		gen.assigned[m] = append(gen.assigned[m], id)
	}
	for _, m := range g.members { // the rounded-up share can leave one member two short
		for few := fewest(); len(gen.assigned[m])-len(gen.assigned[few]) > 1; few = fewest() {
			last := len(gen.assigned[m]) - 1
			gen.assigned[few] = append(gen.assigned[few], gen.assigned[m][last])
			gen.assigned[m] = gen.assigned[m][:last]
		}
	}
	clear(g.owner)
	for m, ids := range maps.All(gen.assigned) {
		for _, id := range ids {
			g.owner[id] = m
		}
	}
}

// errOver is what a partition says after its generation.
var errOver = fmt.Errorf("memory: the generation is over: %w", context.Canceled)

// share implements stream.Partition.
type share struct {
	log *Log
	gen *generation
	id  int32
}

func (s *share) ID() int32 { return s.id }

func (s *share) Alive(ctx context.Context) error {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	if s.gen.over {
		return errOver
	}
	return ctx.Err()
}

func (s *share) Fetch(ctx context.Context, offset int64, maxBytes int) (stream.Fetched, error) {
	return s.log.fetch(ctx, s.log.cfg.Events, s.id, offset, maxBytes)
}

// Commit works until the next generation has begun.
func (s *share) Commit(_ context.Context, next int64) error {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	if s.log.group.gen != s.gen {
		return errOver
	}
	if s.log.group.committed == nil {
		s.log.group.committed = map[int32]int64{}
	}
	s.log.group.committed[s.id] = next
	return nil
}
