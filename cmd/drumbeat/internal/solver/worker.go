package solver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"drumbeat/optimize"
)

// Serve is the child: it answers requests on out, with an Engine a site, until in ends or out takes no more. It returns
// then even if a solve is running, which cannot be stopped when it hangs; the process is to end with it.
func Serve(in io.Reader, out io.Writer, newSolver func() optimize.Solver) error {
	s := &server{newSolver: newSolver, out: newWriter(out), engines: map[string]*engine{}}
	ended := make(chan error, 2)
	go func() { ended <- s.read(newReader(in), ended) }()
	return <-ended
}

// server answers one request at a time; the engines and out belong to the one that runs.
type server struct {
	newSolver func() optimize.Solver
	out       *writer
	engines   map[string]*engine
}

// read takes messages until they end.
func (s *server) read(r *reader, ended chan<- error) error {
	var running uint64
	give := func() {}  // up the request that runs
	var one sync.Mutex // request at a time
	for {
		kind, id, err := r.header()
		switch {
		case errors.Is(err, io.EOF):
			give()
			return nil
		case err != nil:
			return err
		case kind == kindCancel:
			if id == running {
				give()
			}
		case kind == kindSolve:
			q, err := r.request(id)
			if err != nil {
				return err
			}
			ctx, cancel := context.WithTimeout(context.Background(), q.limit)
			running, give = id, cancel
			go func() {
				defer cancel()
				// The caller may have the whole of an answer, and ask again, before the write of it returns.
				one.Lock()
				defer one.Unlock()
				plan, err := s.solve(ctx, q)
				if err := s.out.answer(id, plan, err); err != nil {
					ended <- err
				}
			}()
		default:
			return fmt.Errorf("%w: kind %d", errCodec, kind)
		}
	}
}

// engine is the Engine of a site and where its next solve begins.
type engine struct {
	*optimize.Engine
	last *optimize.Start
}

// solve solves with the site's engine.
func (s *server) solve(ctx context.Context, q *request) (*optimize.Plan, error) {
	for _, site := range q.forget {
		if e := s.engines[site]; e != nil {
			delete(s.engines, site)
			if err := e.Close(); err != nil {
				return nil, err
			}
		}
	}
	e := s.engines[q.site]
	if e == nil {
		e = &engine{Engine: optimize.NewEngine(s.newSolver, optimize.Options{})}
		s.engines[q.site] = e
	}
	start := q.start
	if q.from == startOwn {
		start = e.last
	}
	plan, err := e.Solve(ctx, q.problem, start)
	e.last = nil
	if err == nil {
		e.last = plan.Start
	}
	return plan, err
}
