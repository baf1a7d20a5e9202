package streamtest_test

import (
	"context"
	"fmt"
	"slices"
	"time"

	"drumbeat/schemas"
	"drumbeat/stream"
)

// happen is something that befalls a process, the broker or the database from outside.
func (s *simulation) happen() {
	k, draw := s.rand.IntN(18), s.rand.Uint64()
	s.mix(int64(k))
	live := s.live()
	var p *process
	if len(live) > 0 {
		p = live[draw>>32%uint64(len(live))]
	}
	switch {
	case p == nil, k == 0 && len(live) < 3:
		s.note("a process starts")
		s.start()
	case k == 1 && s.rate > 0:
		if s.fault("is killed", p) {
			s.kill(p)
		}
	case k == 2:
		if s.fault("stops", p) {
			p.stopped = true
			p.cancel()
		}
	case k <= 5 && p.paused:
		s.note("%v goes on", p)
		p.paused = false
	case k <= 5 && s.rate > 0 && k > 3:
		if s.fault("is paused", p) {
			p.paused = true
		}
	case k <= 8:
		s.expel(draw)
	case k == 9 && s.rate > 0:
		if s.fault("is taken by someone", fmt.Sprint("partition ", draw%partitions)) {
			if _, err := s.store.Load(context.Background(), int32(draw%partitions)); err != nil {
				s.judge.fail("load: %v", err)
			}
		}
	case k == 10 && s.rate > 0:
		if s.fault("has a clock that jumps", p) {
			p.skew = time.Duration(int64(draw%40_000)-20_000) * time.Millisecond
		}
	case k == 11:
		if s.fault("begins anew", "intake") {
			s.feed.forwarded = s.feed.committed
		}
	case k == 12, k == 16, k == 17:
		s.writeOld(draw)
	case k == 13:
		if s.fault("is compacted", "the plan topic") {
			topic := &s.broker.plans[draw%partitions]
			topic.compact(topic.end - int64(draw>>8%8))
		}
	default:
		s.arrive()
	}
}

// expel is a session timeout: of a process that is dead, paused, or only slow.
func (s *simulation) expel(draw uint64) {
	members := slices.DeleteFunc(slices.Clone(s.group.members), func(m *member) bool {
		return !m.p.dead && !m.p.paused && (s.rate == 0 || draw%4 != 0)
	})
	if len(members) == 0 {
		return
	}
	m := members[draw>>8%uint64(len(members))]
	if m.p.dead || s.fault("is expelled from the group", m.p) {
		s.note("%v is no member any more", m.p)
		s.group.evict(m)
	}
}

// writeOld repeats a record of the plan topic, as a writer does whose request was delayed.
func (s *simulation) writeOld(draw uint64) {
	old := s.broker.plans[draw%partitions].records
	if len(old) == 0 {
		old = s.broker.plans[(draw+1)%partitions].records
	}
	if len(old) == 0 || s.rate == 0 {
		return
	}
	r := old[draw>>8%uint64(len(old))/2] // not of the newest
	site, _, _ := schemas.SplitPlanKey(string(r.Key))
	if s.fault("comes again", fmt.Sprintf("an old record of %s", r.Key)) {
		s.append(stream.Message{Topic: schemas.PlansTopic, Key: r.Key, Value: r.Value, Headers: r.Headers, Site: site})
	}
}

// powerCut kills all processes at once. What was on its way to the plan topic lands, as do old lines, and the topic is
// compacted before anybody looks at it.
func (s *simulation) powerCut() {
	for _, p := range s.live() {
		if s.fault("is killed in a power cut", p) {
			s.kill(p)
		}
	}
	for len(s.broker.limbo) > 0 {
		s.arrive()
	}
	for i := range s.broker.plans {
		topic := &s.broker.plans[i]
		for _, r := range slices.Clone(topic.records) {
			site, sku, line := schemas.SplitPlanKey(string(r.Key))
			if line && s.fault("comes again", fmt.Sprintf("an old record of %s/%s", site, sku)) {
				s.append(stream.Message{Topic: schemas.PlansTopic, Key: r.Key, Value: r.Value, Headers: r.Headers, Site: site})
				break
			}
		}
		topic.compact(topic.end)
	}
}

// arrive lets one request land whose writer has given up.
func (s *simulation) arrive() {
	if len(s.broker.limbo) == 0 {
		return
	}
	m := s.broker.limbo[0]
	s.broker.limbo = s.broker.limbo[1:]
	s.note("a late record of %s lands", m.Key)
	s.append(m)
}
