package solver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"time"

	"drumbeat/optimize"
)

// process is a child that solves. One goroutine at a time asks it.
type process struct {
	cmd    *exec.Cmd
	in     *os.File
	w      *writer
	out    *os.File
	r      *reader
	log    *lineLog
	grace  time.Duration
	last   uint64                     // id of the newest request
	starts map[string]*optimize.Start // of the newest plan it made, by site; nil: it has an engine and no plan
	ended  chan struct{}              // closed when it has ended, after state is set
	state  string
}

// cause is why a process is not to be used any more; "" if it is.
type cause string

// The causes of a restart.
const (
	causeCrash cause = "crash" // it ended by itself
	causeHang  cause = "hang"  // no answer in time
	causeWrong cause = "wrong" // an answer that is none
	causeStop  cause = "stop"  // given up by the caller, and it went on
)

// answersFD is the descriptor that a child writes its answers to. Its standard output is log, since C++ may print.
const answersFD = 3

// Answers is where a child writes its answers: the writer that [Serve] is given.
func Answers() io.Writer {
	syscall.CloseOnExec(answersFD)
	return os.NewFile(answersFD, "answers")
}

// startProcess starts a child.
func startProcess(c *Config) (*process, error) {
	out, answers, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer answers.Close()
	requests, in, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(err, out.Close())
	}
	defer requests.Close()
	p := &process{
		cmd: exec.Command(c.Command[0], c.Command[1:]...), in: in, w: newWriter(in), out: out, r: newReader(out), grace: c.Grace,
		log: &lineLog{log: c.Log}, starts: map[string]*optimize.Start{}, ended: make(chan struct{}),
	}
	p.cmd.Env = append(os.Environ(), c.Env...)
	if os.Getenv("GOTRACEBACK") == "" {
		p.cmd.Env = append(p.cmd.Env, "GOTRACEBACK=single")
	}
	p.cmd.Stdin, p.cmd.Stdout, p.cmd.Stderr = requests, p.log, p.log
	p.cmd.ExtraFiles = []*os.File{answers}
	p.cmd.WaitDelay = p.grace // for output that a grandchild would keep open
	// What is sent to the group of a terminal is for the parent, which ends the child in its own time.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := p.cmd.Start(); err != nil {
		return nil, errors.Join(err, in.Close(), out.Close())
	}
	go func() {
		defer close(p.ended)
		if err := p.cmd.Wait(); err != nil && p.cmd.ProcessState == nil {
			p.state = err.Error()
			return
		}
		p.state = p.cmd.ProcessState.String()
	}()
	return p, nil
}

// solve asks for a plan. The process is of no use any more when cause is not "".
func (p *process) solve(ctx context.Context, q *request) (*optimize.Plan, cause, error) {
	p.last++
	q.id = p.last
	p.log.begin(q.site)
	asked := make(chan error, 1)
	type result struct {
		plan        *optimize.Plan
		err, broken error
	}
	answered := make(chan result, 1)
	go func() {
		err := p.w.request(q)
		asked <- err
		if err != nil { // the process has ended, or will be: there is no answer
			answered <- result{broken: err}
			return
		}
		plan, err, broken := p.r.answer(q.id, q.problem)
		answered <- result{plan, err, broken}
	}()
	limit := time.NewTimer(q.limit + p.grace)
	defer limit.Stop()
	var got result
	select {
	case got = <-answered:
	case <-limit.C:
		p.kill()
		<-answered
		return nil, causeHang, fmt.Errorf("%w: no answer of the solver process within %v", optimize.ErrSolver, q.limit+p.grace)
	case <-ctx.Done():
		if p.give(q.id, asked) {
			enough := time.NewTimer(p.grace)
			defer enough.Stop()
			select {
			case got = <-answered:
				if got.broken == nil {
					return nil, "", ctx.Err()
				}
			case <-enough.C:
			}
		}
		p.kill()
		return nil, causeStop, ctx.Err()
	}
	switch {
	case got.broken == nil && got.err == nil:
		return got.plan, "", nil
	case got.broken == nil:
		return nil, "", got.err
	case errors.Is(got.broken, errCodec):
		p.kill()
		return nil, causeWrong, fmt.Errorf("%w: %w", errWrong, got.broken)
	}
	if !p.await() { // the pipe has ended, the process has not
		p.kill()
		return nil, causeCrash, fmt.Errorf("%w: the solver process closed its answers", optimize.ErrSolver)
	}
	return nil, causeCrash, fmt.Errorf("%w: the solver process ended: %s", optimize.ErrSolver, p.epitaph())
}

// hasEnded says that the process has ended.
func (p *process) hasEnded() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

// epitaph says how a process ended.
func (p *process) epitaph() string {
	if words := p.log.words(); words != "" {
		return p.state + ", " + words
	}
	return p.state
}

// give asks the process to give up a request; false if that cannot be within the grace.
func (p *process) give(id uint64, asked <-chan error) bool {
	select {
	case err := <-asked:
		// The pipe may have no room: a process that is held up reads nothing.
		return err == nil && p.in.SetWriteDeadline(time.Now().Add(p.grace)) == nil && p.w.cancel(id) == nil &&
			p.in.SetWriteDeadline(time.Time{}) == nil
	default:
		return false // it has not even read the request
	}
}

// kill ends the process, and waits for that unless the system does not let it go.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // an error says that it has ended
	p.await()
	_ = p.in.Close()  // wakes who still writes
	_ = p.out.Close() // and who reads
}

// await waits for the grace until the process has ended.
func (p *process) await() bool {
	enough := time.NewTimer(p.grace)
	defer enough.Stop()
	select {
	case <-p.ended:
		return true
	case <-enough.C:
		return false
	}
}

// close lets the process end by itself, and ends it if it does not.
func (p *process) close() {
	_ = p.in.Close()
	p.await()
	p.kill()
}
