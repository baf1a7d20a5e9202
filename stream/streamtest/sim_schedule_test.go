package streamtest_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing/synctest"
	"time"

	"drumbeat/stream/memory"
)

// simulation is one run: processes, a broker, a database and a feed, whose every step is drawn from a seed.
type simulation struct {
	rand   *rand.Rand
	broker broker
	group  group
	store  *memory.Store
	feed   feed
	judge  *judge

	mu        sync.Mutex
	waiting   []*effect // in the order of compareEffects
	scratch   []*effect
	processes []*process
	started   int

	calm    bool         // no more faults
	silent  bool         // no more events
	skip    map[int]bool // faults that do not happen
	faults  []string     // that happened or were skipped, in order
	rate    int          // of faults, in a thousand effects
	cut     bool         // the faults end with a power cut
	mended  time.Time    // until when plans in line fail when the other faults have ended
	counts  map[string]int
	tracing bool
	trace   []string
	hash    uint64 // of what was done
}

// result is what a run comes to.
type result struct {
	violation string
	faults    []string
	trace     []string
	hash      uint64
	counts    map[string]int
	turns     int
}

// Limits of a run.
const (
	turns     = 500              // with faults
	settling  = 15 * time.Minute // within which all must be well when the faults have ended
	calmTurns = 60_000
)

// simulate runs a seed without the faults to be skipped. It is called in a bubble of synctest.
func simulate(seed uint64, skip map[int]bool, tracing bool) result {
	s := &simulation{
		rand: rand.New(rand.NewPCG(seed, 1)), store: memory.NewStore(), skip: skip, tracing: tracing, counts: map[string]int{},
	}
	s.judge = newJudge(s)
	s.cut = seed%4 == 0
	s.sleep(time.Duration(24*s.rand.IntN(7)+23)*time.Hour + time.Duration(s.rand.IntN(3600))*time.Second) // midnight may be near, or the end of a week
	s.rate = []int{0, 40, 100, 200}[s.rand.IntN(4)]
	s.newFeed()
	s.start()
	if s.rand.IntN(2) == 0 {
		s.start()
	}
	silent := turns // a feed that says no more must not be forgotten
	if s.rand.IntN(3) > 0 {
		silent = turns / 4 * (1 + s.rand.IntN(3))
	}
	n := 0
	for ; n < turns && s.judge.violation == ""; n++ {
		s.silent = n >= silent
		s.turn()
	}
	if s.judge.violation == "" {
		s.settle()
	}
	s.end()
	if s.judge.violation == "" {
		s.judge.final()
	}
	return result{s.judge.violation, s.faults, s.trace, s.hash, s.counts, n}
}

// rest waits until nothing moves by itself.
func (s *simulation) rest() {
	s.over()
	synctest.Wait()
}

// over tells the race detector that what was done to the world is over before anybody else goes on, as it is: one
// effect is let through at a time, and processes move only while the simulation rests or sleeps.
func (s *simulation) over() {
	s.mu.Lock()
	s.mu.Unlock() //nolint:staticcheck // nothing is to be done between
}

// sleep lets time pass.
func (s *simulation) sleep(d time.Duration) {
	s.rest()
	timer := time.NewTimer(d)
	<-timer.C
}

// note adds a step to the trace.
func (s *simulation) note(format string, args ...any) {
	if s.tracing {
		s.trace = append(s.trace, time.Now().UTC().Format("Mon 15:04:05.000 ")+fmt.Sprintf(format, args...))
	}
}

func (s *simulation) mix(n int64) { s.hash = (s.hash ^ uint64(n)) * 1099511628211 }

// fault says whether the next fault happens; it has its number in the list of them, so that it can be left out.
func (s *simulation) fault(what string, to any) bool {
	if s.calm {
		return false
	}
	n := len(s.faults)
	text := ""
	if s.tracing {
		text = fmt.Sprintf("#%d: %v %s", n, to, what)
	}
	s.faults = append(s.faults, text)
	if s.skip[n] {
		return false
	}
	s.counts[what]++
	s.note("FAULT %s", text)
	return true
}

// turn waits until nothing moves by itself, and then does one thing.
func (s *simulation) turn() {
	s.rest()
	for _, p := range s.processes {
		if p.dying && !p.dead {
			s.kill(p)
			s.rest()
		}
	}
	list := s.passable()
	s.mix(int64(len(list)))
	switch k := s.rand.IntN(100); {
	case k < 78 && len(list) > 0:
		s.pass(list[s.rand.IntN(len(list))])
	case k < 87:
		s.wait(s.pastime())
	case k < 93:
		for range 1 + s.rand.IntN(4) {
			if !s.silent {
				s.sell()
			}
		}
		s.forwardSome()
	case k < 95:
		s.forwardSome()
	default:
		s.happen()
	}
	s.rest()
	s.coordinate()
}

// pastime draws how long nothing happens.
func (s *simulation) pastime() time.Duration {
	switch s.rand.IntN(20) {
	case 0:
		return time.Duration(s.rand.IntN(40_000)) * time.Millisecond
	case 1, 2, 3, 4:
		return time.Duration(s.rand.IntN(4_000)) * time.Millisecond
	}
	return time.Duration(1+s.rand.IntN(400)) * time.Millisecond
}

func (s *simulation) wait(d time.Duration) {
	s.mix(int64(d))
	s.note("%v pass", d)
	s.sleep(d)
}

func (s *simulation) forwardSome() {
	for from := range origins {
		for range s.rand.IntN(6) {
			s.forward(from)
		}
		if s.rand.IntN(3) == 0 {
			s.feed.committed[from] = s.feed.forwarded[from]
		}
	}
}

// pass lets one effect through, mostly as it should be.
func (s *simulation) pass(e *effect) {
	v := verdict{draw: s.rand.Uint64()}
	fate, chance := s.fates(e)
	if !s.calm && chance < s.rate && fate != done {
		if fate == late && e.kind != "publish" && e.kind != "solve" {
			if e.until.IsZero() && s.fault(e.kind+" is slow", e.p) {
				e.until = time.Now().Add(time.Duration(v.draw%40_000) * time.Millisecond)
				return
			}
		} else if s.fault(e.kind+": "+fateNames[fate], e.p) {
			v.fate = fate
		}
	}
	// Plans in line are made by an owner alone: what only it has begun, and nobody would end.
	var end context.CancelFunc
	if m := e.p.member; e.kind == "save" && s.rate > 0 && s.byEvents() && m != nil && m.end != nil && v.draw>>60 == 0 && s.fault("save: refused, and the generation ends", e.p) {
		v.fate, end = refused, m.end
	}
	if e.kind == "solve" && s.rate > 0 && s.byEvents() && s.calm && time.Now().Before(s.mended) {
		v.fate = refused
	}
	s.mix(int64(e.p.number)<<32 | int64(e.partition)<<16 | int64(v.fate)<<8 | int64(len(e.kind)))
	if s.tracing && (v.fate != done || e.kind != "fetch") {
		s.note("%v/%d: %s %s %s", e.p, e.partition, e.kind, e.detail, fateNames[v.fate])
	}
	s.answer(e, v)
	s.rest()
	if end != nil {
		s.group.ending = true
		end()
		s.rest()
	}
}

// fates draws what could go wrong with an effect, and how likely that is, in a thousand.
func (s *simulation) fates(e *effect) (fate, int) {
	chance, k := s.rand.IntN(1000), s.rand.IntN(10)
	options := []fate{refused, lost, last, late}
	switch e.kind {
	case "publish":
		options = []fate{refused, lost, last, late, part}
	case "solve":
		options = []fate{refused, late, wrong, wrong}
	case "fetch", "read back", "join":
		options = []fate{refused}
	}
	if e.kind == "join" {
		return done, chance
	}
	return options[k%len(options)], chance
}

// coordinate is what the group's coordinator does by itself.
func (s *simulation) coordinate() {
	if s.group.complete() && (s.calm || s.rand.IntN(3) == 0) {
		s.group.form(s.rand.Uint64())
		s.note("generation %d forms of %d members", s.group.generation, len(s.group.members))
	}
	for _, p := range s.processes {
		if m := p.member; m != nil && !p.paused && !p.dead && len(p.ended) == 0 && s.group.overdue(m) && (s.calm || s.rand.IntN(8) == 0) {
			s.note("%v learns that its generation is over", p)
			m.end()
			s.rest()
		}
	}
}

// settle lets everything come to rest without faults.
func (s *simulation) settle() {
	s.rest()
	if s.cut && s.rate > 0 {
		s.powerCut()
	}
	s.calm = true
	s.mended = time.Now().Add(20 * time.Second) // nothing but the owner makes the last plan of an event clock again
	s.note("calm")
	for _, p := range s.processes {
		p.paused, p.skew = false, max(p.skew, 0)
		if p.dead && p.member != nil {
			s.group.evict(p.member)
		}
	}
	for len(s.broker.limbo) > 0 {
		s.arrive()
	}
	for from := range origins {
		for s.forward(from) {
		}
	}
	if len(s.live()) == 0 {
		s.start()
	}
	began := time.Now()
	idle := 0
	for n := 0; s.judge.violation == ""; n++ {
		if n > calmTurns {
			s.judge.fail("%d steps after the last fault there is still something to do", n)
			return
		}
		s.rest()
		s.coordinate()
		s.rest()
		if list := s.passable(); len(list) > 0 {
			s.pass(list[s.rand.IntN(len(list))])
			continue
		}
		s.sleep(500 * time.Millisecond)
		s.rest()                 // what else is due at this moment happens before anybody looks
		if idle++; idle%4 != 0 { // to look costs time
			continue
		}
		why := s.judge.unsettled()
		if why == "" {
			return
		}
		if time.Since(began) > settling {
			s.judge.fail("%v after the last fault: %s", time.Since(began), why)
			return
		}
	}
}

// end stops all processes in good order.
func (s *simulation) end() {
	s.rest()
	s.calm = true
	for _, p := range s.processes {
		p.stopped, p.paused = true, false
		p.cancel()
	}
	for n := 0; ; n++ {
		s.rest()
		if s.judge.violation != "" || n > 1000 {
			if n > 1000 {
				s.judge.fail("processes do not end")
			}
			for _, p := range s.processes {
				s.kill(p)
			}
		}
		running := slices.ContainsFunc(s.processes, func(p *process) bool { return len(p.ended) == 0 })
		if !running {
			break
		}
		if list := s.passable(); len(list) > 0 {
			s.pass(list[0])
		} else {
			s.sleep(time.Second)
		}
	}
	for _, p := range s.processes {
		if err := <-p.ended; err != nil {
			s.judge.fail("%v has ended: %v", p, err)
		}
	}
}
