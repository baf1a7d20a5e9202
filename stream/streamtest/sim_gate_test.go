package streamtest_test

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"
)

// An effect is one thing that a process does to the world: a call of one of its ports. It waits at the gate until
// the simulation lets it through, one at a time, so that the seed decides the order of all effects.
type effect struct {
	p         *process
	kind      string
	partition int32  // whose owner does it
	detail    string // tells effects of one kind and owner apart
	ready     func() bool
	owners    bool      // the owner's own goroutine waits for it
	since     time.Time // when it came
	until     time.Time // it is slow: not before
	verdict   chan verdict
}

// verdict is what becomes of an effect.
type verdict struct {
	fate fate
	draw uint64 // of what is left to chance in the effect itself
}

type fate int

const (
	done    fate = iota
	refused      // not done
	lost         // done, and the answer is lost
	part         // done in part, then refused
	late         // refused, and done some time later
	wrong        // done wrong
	dead         // the process is dead: not done
	last         // done, then the process dies
)

var fateNames = [...]string{"done", "refused", "answer lost", "done in part", "refused, done later", "done wrong", "process dead", "done, then the process dies"}

// The errors that processes see.
var (
	errRefused = errors.New("simulated fault: refused")
	errLost    = errors.New("simulated fault: the answer is lost")
	errDead    = errors.New("simulated fault: this process is dead")
)

func (f fate) err() error {
	switch f {
	case refused, part, late:
		return errRefused
	case lost:
		return errLost
	case dead, last:
		return errDead
	}
	return nil
}

// acts says whether anything is done at all.
func (f fate) acts() bool { return f == done || f == lost || f == last || f == wrong }

// ask waits at the gate.
func (s *simulation) ask(e *effect) verdict {
	s.mu.Lock()
	if e.p.dead {
		s.mu.Unlock()
		return verdict{fate: dead}
	}
	e.since, e.verdict = time.Now(), make(chan verdict, 1)
	at, _ := slices.BinarySearchFunc(s.waiting, e, compareEffects)
	s.waiting = slices.Insert(s.waiting, at, e) // their order does not tell in which they came
	s.mu.Unlock()
	return <-e.verdict
}

func compareEffects(a, b *effect) int {
	return cmp.Or(cmp.Compare(a.p.number, b.p.number), cmp.Compare(a.partition, b.partition), cmp.Compare(a.kind, b.kind), cmp.Compare(a.detail, b.detail))
}

// answer lets an effect through.
func (s *simulation) answer(e *effect, v verdict) {
	s.mu.Lock()
	s.waiting = slices.DeleteFunc(s.waiting, func(w *effect) bool { return w == e })
	s.mu.Unlock()
	if v.fate == last {
		e.p.dying = true
	}
	e.verdict <- v
}

// passable lists the effects that could be let through now, in a fixed order. While the owner's own goroutine waits
// for one, no other of its effects is: two answers that wait for it at once would be taken in no fixed order.
func (s *simulation) passable() []*effect {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := s.scratch[:0]
	for i, e := range s.waiting {
		switch {
		case e.p.paused, e.ready != nil && !e.ready(), time.Now().Before(e.until) && !s.calm:
		case !e.owners && s.ownerWaits(i):
		default:
			list = append(list, e)
		}
	}
	s.scratch = list
	return list
}

// ownerWaits says whether the owner's goroutine waits for another effect than i, or for models that are still to be read.
func (s *simulation) ownerWaits(i int) bool {
	e := s.waiting[i]
	if ctx := e.p.recalling[e.partition]; ctx != nil && ctx.Err() == nil {
		return true
	}
	return slices.ContainsFunc(s.waiting, func(o *effect) bool { return o.owners && o.p == e.p && o.partition == e.partition })
}

// partitionKey marks the context of an owner with its partition.
type partitionKey struct{}

func partitionOf(ctx context.Context) int32 {
	id, ok := ctx.Value(partitionKey{}).(int32)
	if !ok {
		return -1
	}
	return id
}

// do is an effect that is done or not, as a whole.
func (p *process) do(ctx context.Context, kind string, owners bool, act func(draw uint64) error) error {
	v := p.ask(&effect{p: p, kind: kind, partition: partitionOf(ctx), owners: owners})
	if v.fate.acts() {
		if err := ctx.Err(); err != nil && kind != "save" { // a save that has begun may still succeed
			return err
		}
		err := act(v.draw)
		p.over()
		if err != nil {
			return err
		}
	}
	return v.fate.err()
}
