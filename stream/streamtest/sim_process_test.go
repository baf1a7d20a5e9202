package streamtest_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"drumbeat/optimize"
	"drumbeat/schemas"
	"drumbeat/stream"
)

// process is one Runner, with ports whose effects wait at the gate.
type process struct {
	*simulation
	number  int
	cancel  context.CancelFunc
	ended   chan error
	member  *member // its stay in the group
	paused  bool    // nothing of it gets through, and it does not know
	dying   bool    // dies before anything else happens
	dead    bool
	stopped bool          // told to end
	skew    time.Duration // of its wall clock
	engines map[string]*optimize.Engine

	recalling map[int32]context.Context // by partition, of owners whose models are still to be read
}

// start begins a process.
func (s *simulation) start() {
	s.started++
	p := &process{simulation: s, number: s.started, ended: make(chan error, 1), engines: map[string]*optimize.Engine{}, recalling: map[int32]context.Context{}}
	set := stream.DefaultSettings()
	set.Horizon, set.SafetyStock = 3, schemas.SafetyStockRule{Rule: schemas.SafetyFixed, Value: 5}
	set.MaxAge = schemas.Duration(20 * time.Second)
	runner, err := stream.NewRunner(stream.RunnerConfig{
		Processor: stream.Config{Settings: set, Shards: 1}, Source: p, Store: (*faultyStore)(p), Publisher: p, PlanLog: p,
		PlanPartitions: partitions, Solve: p.solve,
		Now: func() time.Time {
			s.mu.Lock()
			defer s.mu.Unlock()
			return time.Now().Add(p.skew)
		},
		Jitter: func(most time.Duration) time.Duration { return most / 2 },
	})
	if err != nil {
		s.judge.fail("runner: %v", err)
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	p.cancel = cancel
	s.processes = append(s.processes, p)
	go func() { p.ended <- runner.Run(ctx) }()
	s.rest()
}

// live counts the processes that are neither dead nor told to end.
func (s *simulation) live() (list []*process) {
	for _, p := range s.processes {
		if !p.dead && !p.dying && !p.stopped {
			list = append(list, p)
		}
	}
	return list
}

// kill ends a process at once: of what it does from here on nothing happens, and nobody is told.
func (s *simulation) kill(p *process) {
	s.mu.Lock()
	p.dead, p.paused = true, false
	var mine []*effect
	keep := s.waiting[:0]
	for _, e := range s.waiting {
		if e.p == p {
			mine = append(mine, e)
		} else {
			keep = append(keep, e)
		}
	}
	s.waiting = keep
	s.mu.Unlock()
	p.cancel()
	for _, e := range mine {
		e.verdict <- verdict{fate: dead}
	}
	s.rest()
}

// solve is the solver: a real engine on a solver in plain Go.
func (p *process) solve(ctx context.Context, job *stream.Job) stream.Outcome {
	if ctx.Err() != nil && p.judge.outlives(ctx, job.Site) {
		return stream.Outcome{Err: errRefused} // a plan that was cut off would be begun for ever
	}
	v := p.ask(&effect{p: p, kind: "solve", partition: partitionOf(ctx), detail: job.Site})
	if err := ctx.Err(); err != nil {
		return stream.Outcome{Err: err}
	}
	switch v.fate {
	case done, wrong, last:
	case late:
		return stream.Outcome{Err: context.DeadlineExceeded} // it has hung until its time was over
	default:
		return stream.Outcome{Err: v.fate.err()}
	}
	engine := p.engines[job.Site]
	if engine == nil || v.fate == wrong {
		bad := v.fate == wrong
		engine = optimize.NewEngine(func() optimize.Solver { return &solver{bad: bad} }, optimize.Options{Workers: 1})
	}
	plan, err := engine.Solve(ctx, job.Problem, job.Start)
	if v.fate != wrong {
		p.engines[job.Site] = engine
	}
	if err != nil {
		return stream.Outcome{Err: err}
	}
	return stream.Outcome{Plan: plan, Problem: []byte("problem"), Start: []byte("start")}
}

// solver gives answers that are not the optimum, or not even possible, while it is bad.
type solver struct {
	optimize.Dense
	bad bool
}

func (s *solver) Solve(ctx context.Context, start *optimize.Basis, m optimize.Method, limit int) (*optimize.Solution, error) {
	out, err := s.Dense.Solve(ctx, start, m, limit)
	if err == nil && s.bad {
		for i := range out.X {
			out.X[i] = out.X[i]/2 + 3
		}
	}
	return out, err
}

// faultyStore is the database as a process sees it.
type faultyStore process

func (f *faultyStore) at() *process { return (*process)(f) }

// Load implements stream.Store.
func (f *faultyStore) Load(ctx context.Context, id int32) (snapshot *stream.Snapshot, err error) {
	err = f.at().do(ctx, "load", true, func(uint64) error {
		snapshot, err = f.store.Load(ctx, id)
		return err
	})
	return snapshot, err
}

// Recall implements stream.Store. One in eight gives a part and fails.
func (f *faultyStore) Recall(ctx context.Context, id int32, fn func(stream.Page) error) error {
	p := f.at()
	p.mu.Lock()
	p.recalling[id] = ctx
	p.mu.Unlock()
	var pages []stream.Page
	whole := true
	err := p.do(ctx, "recall", true, func(draw uint64) error {
		whole = draw%8 != 0 || p.calm
		return f.store.Recall(ctx, id, func(page stream.Page) error {
			pages = append(pages, page)
			return nil
		})
	})
	if !whole {
		pages = pages[:len(pages)/2]
	}
	for i := 0; i < len(pages) && err == nil; i++ {
		err = fn(pages[i])
	}
	switch {
	case err != nil:
		return err
	case !whole:
		return errors.New("simulated fault: the connection was cut while models were read")
	}
	p.mu.Lock()
	delete(p.recalling, id)
	p.mu.Unlock()
	return nil
}

// Epoch implements stream.Store.
func (f *faultyStore) Epoch(ctx context.Context, id int32) (epoch int64, err error) {
	err = f.at().do(ctx, "epoch", true, func(uint64) error {
		epoch, err = f.store.Epoch(ctx, id)
		return err
	})
	return epoch, err
}

// Save implements stream.Store.
func (f *faultyStore) Save(ctx context.Context, id int32, epoch int64, b *stream.Batch) error {
	return f.at().do(ctx, "save", false, func(uint64) error {
		err := f.store.Save(context.WithoutCancel(ctx), id, epoch, b)
		var claim *stream.ClaimError
		switch {
		case err == nil:
			f.judge.saved(id, b)
		case errors.Is(err, stream.ErrFenced):
			f.counts["fenced"]++
		case errors.As(err, &claim):
			f.counts["claimed elsewhere"]++
		default:
			f.judge.fail("a batch that cannot be saved: %v", err)
		}
		return err
	})
}

// Unsent implements stream.Store.
func (f *faultyStore) Unsent(ctx context.Context, id int32, after int64, _ int) (list []stream.Unsent, err error) {
	err = f.at().do(ctx, "outbox", false, func(draw uint64) error {
		list, err = f.store.Unsent(ctx, id, after, 1<<(8+draw%12)) // sometimes a part of it
		return err
	})
	return list, err
}

// Sent implements stream.Store.
func (f *faultyStore) Sent(ctx context.Context, id int32, epoch int64, seq int64, back []stream.ReadBack) error {
	return f.at().do(ctx, "sent", false, func(uint64) error {
		err := f.store.Sent(ctx, id, epoch, seq, back)
		if err == nil {
			f.judge.sent(id, epoch, back)
		}
		return err
	})
}

// Current implements stream.Store.
func (f *faultyStore) Current(ctx context.Context, site string, skus []string) (list []stream.Message, err error) {
	err = f.at().do(ctx, "current", false, func(uint64) error {
		list, err = f.store.Current(ctx, site, skus)
		if len(list) > 0 {
			f.counts["overwritten"]++
		}
		return err
	})
	return list, err
}

func (p *process) String() string { return fmt.Sprint("process ", p.number) }
