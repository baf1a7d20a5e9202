package solver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"sync"
	"time"

	"drumbeat/optimize"
	"drumbeat/stream"
)

// Config says how a Pool solves.
type Config struct {
	// Command starts a process that calls [Serve] on its standard input and [Answers].
	Command []string
	Env     []string // beside our own environment
	// Parallel is how many processes there are at most; 0: one a core. Each is started when it is needed.
	Parallel int
	// Limit is the longest time of one solve; 0: a minute. Grace is how long a process may go on beyond it, and the
	// time in which it has to give up; 0: 5 s.
	Limit, Grace time.Duration
	Metrics      *Metrics
	Log          *slog.Logger
}

// Pool solves Jobs in processes, a bounded number at once, a site in the process that knows it where that is free.
// It takes the place of [stream.Solvers]. Safe for concurrent use.
type Pool struct {
	c    Config
	free chan struct{} // a token for every slot that is idle

	mu    sync.Mutex
	slots []*slot
	home  map[string]*slot // where a site was solved last
}

// slot is the place of one process.
type slot struct {
	busy    bool
	process *process // nil: none runs
}

// NewPool makes a Pool; it starts nothing.
func NewPool(c Config) (*Pool, error) {
	if len(c.Command) == 0 {
		return nil, errors.New("solver: no command")
	}
	if c.Parallel <= 0 {
		c.Parallel = runtime.GOMAXPROCS(0)
	}
	if c.Limit <= 0 {
		c.Limit = time.Minute
	}
	if c.Grace <= 0 {
		c.Grace = 5 * time.Second
	}
	if c.Metrics == nil {
		c.Metrics = NewMetrics(nil)
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	p := &Pool{c: c, free: make(chan struct{}, c.Parallel), home: map[string]*slot{}}
	for range c.Parallel {
		p.slots = append(p.slots, &slot{})
		p.free <- struct{}{}
	}
	return p, nil
}

// Solve solves a job. What cannot be planned is refused before a process sees it, and no plan is returned that was not
// checked. Errors are those of [optimize.Engine.Solve].
func (p *Pool) Solve(ctx context.Context, job *stream.Job) stream.Outcome {
	if err := job.Problem.Check(); err != nil {
		return stream.Outcome{Err: err}
	}
	return stream.Solving(job, func() (*optimize.Plan, error) { return p.plan(ctx, job) })
}

func (p *Pool) plan(ctx context.Context, job *stream.Job) (*optimize.Plan, error) {
	select {
	case <-p.free:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	s := p.take(job.Site)
	defer p.release(s)
	if err := p.ready(s); err != nil {
		return nil, err
	}
	plan, lost, err := s.process.solve(ctx, p.request(s, job))
	if err == nil && lost == "" {
		if err = check(job.Problem, plan); err != nil {
			lost = causeWrong
		}
	}
	p.settle(s, job.Site, plan, err, lost)
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		err = fmt.Errorf("%w: no plan within %v: %w", optimize.ErrSolver, p.c.Limit, err)
	}
	if err != nil {
		return nil, err
	}
	return plan, nil
}

// ready makes sure that a process runs in the slot. One that has died since its last solve takes no plan with it.
func (p *Pool) ready(s *slot) error {
	if s.process != nil && s.process.hasEnded() {
		p.lose(s, "", causeCrash, fmt.Errorf("between two solves: %s", s.process.epitaph()))
	}
	if s.process != nil {
		return nil
	}
	child, err := startProcess(&p.c)
	if err != nil {
		return fmt.Errorf("%w: the solver process does not start: %w", optimize.ErrSolver, err)
	}
	s.process = child
	p.c.Metrics.Running.Inc()
	return nil
}

// lose ends a process that is of no use any more.
func (p *Pool) lose(s *slot, site string, why cause, err error) {
	p.c.Metrics.Restarts.WithLabelValues(string(why)).Inc()
	p.c.Metrics.Running.Dec()
	p.c.Log.Error("solver process lost", "site", site, "cause", string(why), "error", err)
	s.process.kill()
	s.process = nil
}

// take chooses an idle slot for a site: its own, else the one that knows the fewest sites among those that run, else
// a new one.
func (p *Pool) take(site string) *slot {
	p.mu.Lock()
	defer p.mu.Unlock()
	best := p.home[site]
	if best == nil || best.busy {
		best = nil
		for _, s := range p.slots {
			if !s.busy && (best == nil || s.known() < best.known()) {
				best = s
			}
		}
	}
	best.busy = true
	p.home[site] = best
	return best
}

// known is the number of sites of the process; one that does not run comes last.
func (s *slot) known() int {
	if s.process == nil {
		return int(^uint(0) >> 1)
	}
	return len(s.process.starts)
}

func (p *Pool) release(s *slot) {
	p.mu.Lock()
	s.busy = false
	p.mu.Unlock()
	p.free <- struct{}{}
}

// request makes a request of the job. The process forgets the sites that have moved to another since.
func (p *Pool) request(s *slot, job *stream.Job) *request {
	p.mu.Lock()
	defer p.mu.Unlock()
	child := s.process
	q := &request{site: job.Site, limit: p.c.Limit, problem: job.Problem}
	for site := range child.starts {
		if p.home[site] != s {
			q.forget = append(q.forget, site)
			delete(child.starts, site)
		}
	}
	slices.Sort(q.forget)
	switch last := child.starts[job.Site]; {
	case job.Start == nil:
		q.from = startCold
		q.forget = append(q.forget, job.Site)
	case last == job.Start:
		q.from = startOwn
	default:
		q.from, q.start = startSent, job.Start
	}
	return q
}

// settle keeps what is to be known of the process, or ends it.
func (p *Pool) settle(s *slot, site string, plan *optimize.Plan, err error, lost cause) {
	switch {
	case lost != "":
		p.c.Metrics.Solves.WithLabelValues(string(lost)).Inc()
		p.lose(s, site, lost, err)
	case err != nil:
		p.c.Metrics.Solves.WithLabelValues("error").Inc()
		s.process.starts[site] = nil
	default:
		p.c.Metrics.Solves.WithLabelValues("plan").Inc()
		s.process.starts[site] = plan.Start
	}
}

// Close ends the processes. No Solve may be running.
func (p *Pool) Close() {
	for _, s := range p.slots {
		if s.process != nil {
			s.process.close()
			s.process = nil
			p.c.Metrics.Running.Dec()
		}
	}
}
