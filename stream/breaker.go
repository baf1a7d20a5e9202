package stream

import (
	"fmt"
	"slices"
	"time"

	"drumbeat/schemas"
)

// A flood of bad records (a broken release of the ERP, a wrong mapping) holds its site instead of emptying the log
// into dead letters. The log keeps what comes meanwhile; it is looked at only for the operator's event that
// releases the site. Then the partition reads again from the first record that was held:
//
//	open ── too many of the newest records rejected ──► held ── release-breaker at offset R ──► again ── R folded ──► open
//	                                                    folds nothing, plans nothing           folds its own records only
//
// So what was held is folded in its order, exactly once, as if the site had never been held; but for the clock,
// which goes on. The other sites go on while one is held, and pass over what they have folded while it is read again.

// breaker counts what became of the newest records of a site. Its zero value is open.
type breaker struct {
	Records  int   `json:"records,omitempty"` // the newest: from half of breakerWindow to all of it
	Rejected int   `json:"rejected,omitempty"`
	Hold     *hold `json:"hold,omitempty"` // nil: open
}

// hold is a site whose records wait in the log.
type hold struct {
	From     int64        `json:"from"` // offset of the first record that waits
	Since    time.Time    `json:"since"`
	Records  int64        `json:"records"` // that wait
	Reason   string       `json:"reason"`
	Released bool         `json:"released,omitempty"` // they are read again
	Origins  []originMark `json:"origins,omitempty"`  // what the site had seen when it was held, and has since
}

// originMark is the highest offset seen of an origin partition.
type originMark struct {
	Topic     string `json:"topic"`
	Partition int32  `json:"partition"`
	Offset    int64  `json:"offset"`
}

// The share is one of the newest breakerWindow records or, since they are not kept one by one, of at least half as
// many. Fewer than breakerLeast say nothing.
const (
	breakerWindow = 1000
	breakerLeast  = 200
)

// held says that the site's records wait.
func (s *site) held() bool { return s.Breaker.Hold != nil }

// judge counts the record that was folded last, and holds the site if too many were rejected.
func (s *site) judge() {
	rejected := s.rejected > 0
	s.rejected = 0
	share := s.p.config.BreakerShare
	if share <= 0 || s.held() || !schemas.ValidSite(s.name) {
		return
	}
	b := &s.Breaker
	b.Records++
	if rejected {
		b.Rejected++
	}
	if rejected && b.Records >= breakerLeast && float64(b.Rejected) > share*float64(b.Records) {
		s.hold()
		return
	}
	if b.Records == breakerWindow {
		b.Records, b.Rejected = b.Records/2, b.Rejected/2
	}
}

// hold begins with the next record.
func (s *site) hold() {
	b := &s.Breaker
	h := &hold{
		From: s.p.next, Since: s.moment(),
		Reason: fmt.Sprintf("held: %d of the newest %d records were rejected, the last one for %s", b.Rejected, b.Records, s.rejectedFor),
	}
	for o, offset := range s.p.origins {
		h.Origins = append(h.Origins, originMark{o.Topic, o.Partition, offset})
	}
	slices.SortFunc(h.Origins, func(a, b originMark) int {
		return origin{a.Topic, a.Partition}.compare(origin{b.Topic, b.Partition})
	})
	*b = breaker{Hold: h}
	s.dirty = true
	s.p.config.Log.Error("site held until release-breaker", "site", s.name, "offset", h.From, "reason", h.Reason)
	s.sayHeld()
}

// sayHeld publishes the plan in force once more, as degraded: it stands until the site is released. A site without
// a plan has nothing to say.
func (s *site) sayHeld() {
	former, ok := s.formerHead()
	if !ok {
		return
	}
	s.degrade(former, s.Breaker.Hold.Reason, change{Trigger: triggerBreaker})
}

// withhold passes over a record of a held site, unless its event (nil: it cannot be read) releases the site.
func (p *Processor) withhold(s *site, rec *Record, from recordOrigin, ev *schemas.Event) {
	s.dirty = true
	h := s.Breaker.Hold
	if !s.releasedBy(ev) {
		h.Records++
		p.accepted(rec, from)
		return
	}
	h.Released = true
	p.origins[from.origin] = from.offset // it may come twice, too
	p.again, p.next = rec.Offset+1, h.From
	p.changed = true
	p.config.Log.Warn("site released", "site", s.name, "offset", rec.Offset, "held_records", h.Records, "since", h.Since)
}

// peek reads a record without folding it; nil: it cannot be read.
func (p *Processor) peek(rec *Record) *schemas.Event {
	if laidAside(rec) != nil || p.decoder.Decode(rec.Headers, rec.Value, &p.event) != nil {
		return nil
	}
	return &p.event
}

// releasedBy says that a record is an operator's event that releases the site, and not one of before sent again.
func (s *site) releasedBy(ev *schemas.Event) bool {
	if ev == nil || ev.Type != schemas.TypeOperator {
		return false
	}
	op, ok := ev.Data.(*schemas.Operator)
	return ok && op.Action == schemas.ReleaseBreaker && !s.ids.has(identityOf(ev.Source, ev.ID), s.Today)
}

// stepAgain steps a record that the partition had passed before a site was released: that site folds its own, all
// others have. As in Step, false asks for a plan first.
func (p *Processor) stepAgain(rec *Record, from recordOrigin) (bool, error) {
	name, _ := p.siteOf(rec)
	if s := p.sites[name]; s != nil && s.held() && s.Breaker.Hold.Released && s.Breaker.Hold.unseen(from) {
		if done, err := p.fold(s.name, rec, from); err != nil || !done {
			return done, err
		}
		s.Breaker.Hold.see(from)
	}
	p.next = rec.Offset + 1
	p.changed = true
	if p.next >= p.again {
		p.rejoin()
	}
	return true, nil
}

// rejoin opens the sites whose held records have been read: their plan is due.
func (p *Processor) rejoin() {
	p.again = 0
	for _, name := range p.order {
		s := p.sites[name]
		if !s.held() || !s.Breaker.Hold.Released {
			continue
		}
		s.Breaker = breaker{}
		s.note(triggerOperator, "", true)
		s.Pending.Immediate = true
	}
}

func (h *hold) mark(o origin) *originMark {
	for i := range h.Origins {
		if m := &h.Origins[i]; m.Topic == o.Topic && m.Partition == o.Partition {
			return m
		}
	}
	return nil
}

// unseen says that intake has not sent a record before.
func (h *hold) unseen(from recordOrigin) bool {
	m := h.mark(from.origin)
	return m == nil || from.offset > m.Offset
}

func (h *hold) see(from recordOrigin) {
	if m := h.mark(from.origin); m != nil {
		m.Offset = from.offset
		return
	}
	h.Origins = append(h.Origins, originMark{from.Topic, from.Partition, from.offset})
}
