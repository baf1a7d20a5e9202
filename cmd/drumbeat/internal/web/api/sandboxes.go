package api

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"time"

	"drumbeat/cmd/drumbeat/internal/web/view"
	"drumbeat/optimize"
)

// maxSandboxes is for how many sites the newest plan is kept ready for questions.
const maxSandboxes = 8

// sandboxes keeps the newest plan of some sites ready for what-if questions.
type sandboxes struct {
	reader    view.Reader
	newSolver func() optimize.Solver
	running   chan struct{} // a slot for each solve at a time

	mu    sync.Mutex
	sites map[string]*sandbox
	used  int64 // counts uses
}

// sandbox is one site's.
type sandbox struct {
	last int64 // the newest use

	mu   sync.Mutex
	made *baseline // nil: none yet
}

// baseline is a plan that is made ready once for all who wait for it; it goes on when they have gone.
type baseline struct {
	revision int64         // the site's newest when it was begun
	done     chan struct{} // closed when the rest is there
	basis    view.Basis
	box      *optimize.Sandbox
	err      error
}

// failed says that it is there and of no use.
func (m *baseline) failed() bool {
	select {
	case <-m.done:
		return m.err != nil
	default:
		return false
	}
}

// free waits for it and frees its solvers.
func (m *baseline) free() error {
	if m == nil {
		return nil
	}
	<-m.done
	if m.box == nil {
		return nil
	}
	return m.box.Close()
}

func newSandboxes(r view.Reader, newSolver func() optimize.Solver) *sandboxes {
	return &sandboxes{reader: r, newSolver: newSolver, running: make(chan struct{}, max(2, runtime.GOMAXPROCS(0))), sites: map[string]*sandbox{}}
}

// ask answers a question about the newest plan of a site.
func (s *sandboxes) ask(ctx context.Context, site string, o *optimize.Overrides) (*optimize.Answer, *view.Basis, error) {
	select {
	case s.running <- struct{}{}:
		defer func() { <-s.running }()
	case <-ctx.Done():
		return nil, nil, errBusy
	}
	newest, err := s.reader.Newest(ctx, site)
	if err != nil {
		return nil, nil, err
	}
	box, basis, err := s.of(site).ready(ctx, s, site, newest)
	if err != nil {
		return nil, nil, err
	}
	answer, err := box.WhatIf(ctx, o)
	return answer, basis, err
}

// of returns the site's sandbox; the one that nobody has used for longest makes room.
func (s *sandboxes) of(site string) *sandbox {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.used++
	b := s.sites[site]
	if b == nil {
		if len(s.sites) == maxSandboxes {
			oldest := ""
			for name, other := range s.sites {
				if oldest == "" || other.last < s.sites[oldest].last {
					oldest = name
				}
			}
			// Who still asks it gets an answer: what it solves with is freed by the last of them. The error of
			// freeing is told to nobody: nothing can be done about it.
			go func(b *sandbox) { _ = b.close() }(s.sites[oldest])
			delete(s.sites, oldest)
		}
		b = &sandbox{}
		s.sites[site] = b
	}
	b.last = s.used
	return b
}

// baselineTimeout is far above what the largest site takes.
const baselineTimeout = 2 * time.Minute

// ready is the sandbox of the newest plan. The stored problem is solved again from the stored start, which gives
// the plan that was published, with all that a question compares and starts from.
func (b *sandbox) ready(ctx context.Context, s *sandboxes, site string, newest int64) (*optimize.Sandbox, *view.Basis, error) {
	b.mu.Lock()
	if former := b.made; former == nil || former.revision != newest || former.failed() {
		b.made = &baseline{revision: newest, done: make(chan struct{})}
		go b.made.make(context.WithoutCancel(ctx), s, site, former)
	}
	m := b.made
	b.mu.Unlock()
	select {
	case <-m.done:
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
	if m.err != nil {
		return nil, nil, m.err
	}
	basis := m.basis
	return m.box, &basis, nil
}

// make solves, and frees what it takes the place of.
func (m *baseline) make(ctx context.Context, s *sandboxes, site string, former *baseline) {
	ctx, cancel := context.WithTimeout(ctx, baselineTimeout)
	defer cancel()
	defer close(m.done)
	if m.err = former.free(); m.err != nil {
		return
	}
	p, err := s.reader.Problem(ctx, site)
	if err != nil {
		m.err = err
		return
	}
	engine := optimize.NewEngine(s.newSolver, optimize.Options{})
	plan, err := engine.Solve(ctx, p.Problem, p.Start)
	if m.err = errors.Join(err, engine.Close()); m.err == nil {
		m.box, m.basis = optimize.NewSandbox(s.newSolver, optimize.Options{}, p.Problem, plan), p.Basis
	}
}

// close frees what there is, or will be in a moment.
func (b *sandbox) close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	err := b.made.free()
	b.made = nil
	return err
}

// close frees all solvers.
func (s *sandboxes) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for _, b := range s.sites {
		errs = append(errs, b.close())
	}
	s.sites = map[string]*sandbox{}
	return errors.Join(errs...)
}
