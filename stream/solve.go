package stream

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"sync"
	"time"

	"drumbeat/optimize"
	"drumbeat/stream/internal/codec"
)

// Solvers solves Jobs, one at a time for each site and a bounded number at once in the process. It
// keeps an Engine for each site, so that a solve starts from the last one's basis.
type Solvers struct {
	newSolver func() optimize.Solver
	limit     time.Duration
	slots     chan struct{}

	mu      sync.Mutex
	engines map[string]*optimize.Engine
}

// NewSolvers makes a pool of at most parallel solves at once (0: one a core), each of at most limit
// (0: a minute).
func NewSolvers(newSolver func() optimize.Solver, parallel int, limit time.Duration) *Solvers {
	if parallel <= 0 {
		parallel = runtime.GOMAXPROCS(0)
	}
	if limit <= 0 {
		limit = time.Minute
	}
	return &Solvers{
		newSolver: newSolver, limit: limit, slots: make(chan struct{}, parallel), engines: map[string]*optimize.Engine{},
	}
}

// Solve solves the job and encodes what is stored with its plan.
func (s *Solvers) Solve(ctx context.Context, job *Job) Outcome {
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	case <-ctx.Done():
		return Outcome{Err: ctx.Err()}
	}
	limited, cancel := context.WithTimeout(ctx, s.limit)
	defer cancel()
	return Solving(job, func() (*optimize.Plan, error) {
		return s.engine(job.Site).Solve(limited, job.Problem, job.Start)
	})
}

// Solving is the outcome of a job that solve finds the plan of, with what is stored beside the plan: the Problem is packed
// while it is solved.
func Solving(job *Job, solve func() (*optimize.Plan, error)) (out Outcome) {
	var group sync.WaitGroup
	var failed error
	group.Go(func() { out.Problem, failed = Pack(job.Problem) })
	plan, err := solve()
	group.Wait()
	if err = cmp.Or(err, failed); err != nil {
		return Outcome{Err: err}
	}
	out.Plan = plan
	if plan.Start != nil {
		out.Start, out.Err = Pack(plan.Start)
	}
	return out
}

func (s *Solvers) engine(site string) *optimize.Engine {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.engines[site]
	if e == nil {
		e = optimize.NewEngine(s.newSolver, optimize.Options{})
		s.engines[site] = e
	}
	return e
}

// Close frees the solvers. No Solve may be running.
func (s *Solvers) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var first error
	for _, e := range s.engines {
		if err := e.Close(); err != nil && first == nil {
			first = err
		}
	}
	s.engines = map[string]*optimize.Engine{}
	return first
}

// packVersion is the version of the encoding of a Problem or a Start, its first byte.
const packVersion = 1

// packers are compressors at rest: one takes a megabyte.
var packers = sync.Pool{New: func() any {
	w, err := gzip.NewWriterLevel(nil, gzip.BestSpeed)
	if err != nil {
		panic("stream: " + err.Error())
	}
	return w
}}

// Pack encodes a Problem or a Start as it is stored: a version and JSON, compressed. Fields are added, never renamed.
func Pack(v any) ([]byte, error) {
	var buf bytes.Buffer
	buf.WriteByte(packVersion)
	w := packers.Get().(*gzip.Writer)
	defer packers.Put(w)
	w.Reset(&buf)
	if err := json.NewEncoder(w).Encode(v); err != nil {
		return nil, fmt.Errorf("stream: pack: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("stream: pack: %w", err)
	}
	return buf.Bytes(), nil
}

// Unpack decodes what Pack encoded.
func Unpack(packed []byte, v any) error {
	in := codec.Reader{Rest: packed}
	if version := in.Byte(); in.Err == nil && version != packVersion {
		return &codec.VersionError{What: "a Problem or a Start", Version: int(version)}
	}
	r, err := gzip.NewReader(bytes.NewReader(in.Rest))
	if err != nil {
		return fmt.Errorf("stream: unpack: %w", err)
	}
	body, err := io.ReadAll(r)
	if err != nil {
		return fmt.Errorf("stream: unpack: %w", err)
	}
	if err := json.Unmarshal(body, v); err != nil {
		return fmt.Errorf("stream: unpack: %w", err)
	}
	return nil
}
