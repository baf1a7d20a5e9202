package kafka

import (
	"context"
	"slices"
)

// A process that died stays a member until its session has timed out, and its partitions have no owner for so long. One
// that starts again in its place, under the same GroupConfig.Instance, knows that it is dead and takes it out of the
// group. It does so once its own request to join has arrived: a group that is empty for a moment would wait for more
// members (group.initial.rebalance.delay.ms, 3 s as brokers come), and one of several members would rebalance twice.

// clientID is the name under which the member joins.
func (m *member) clientID() string {
	if m.cfg.Instance == "" {
		return m.c.cfg.ClientID
	}
	return m.c.cfg.ClientID + "@" + m.cfg.Instance
}

// predecessors are the members of this instance before it has joined. Where the group cannot be asked there are none
// that are known: their sessions will time out.
func (m *member) predecessors(ctx context.Context) []string {
	if m.cfg.Instance == "" {
		return nil
	}
	dead, err := m.c.membersNamed(ctx, m.cfg.ID, m.clientID())
	if err != nil && ctx.Err() == nil {
		m.c.log.Debug("kafka: no predecessor is known", "group", m.cfg.ID, "error", err)
	}
	return dead
}

// succeed takes the predecessors out of the group as soon as this instance has joined it, and returns when none is left
// or ctx ends.
func (m *member) succeed(ctx context.Context, dead []string) {
	left := func(id string) bool { return !slices.Contains(dead, id) }
	for n := 0; len(dead) > 0; n++ {
		there, err := m.c.membersNamed(ctx, m.cfg.ID, m.clientID())
		if err == nil {
			joined := slices.ContainsFunc(there, left)
			dead = slices.DeleteFunc(there, left)
			if joined {
				for _, id := range dead {
					if err := m.c.leave(ctx, m.cfg.ID, id); err != nil {
						m.c.log.Warn("kafka: a former process stays in the group until its session ends", "error", err)
						return
					}
					m.c.log.Info("kafka: took the place of a former process", "group", m.cfg.ID, "member", id)
				}
				return
			}
		}
		if sleep(ctx, delay(min(n, 2))) != nil {
			return
		}
	}
}
