package solver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"drumbeat/optimize"
)

// protocolVersion begins every message; it changes with the encoding.
const protocolVersion = 1

// The kinds of messages to a process. There is one kind of answer.
const (
	kindSolve  = 1
	kindCancel = 2 // give up the request with this id; it is answered all the same
)

// Where a solve begins.
const (
	startCold = 0
	startOwn  = 1 // at the last plan that this process made of the site
	startSent = 2 // at the Start that follows
)

// request is a problem to solve. A process gets the next one only after it has answered.
type request struct {
	id      uint64
	site    string
	limit   time.Duration
	forget  []string // sites whose engines are not needed here any more; the site itself: begin anew
	from    byte     // startCold, startOwn, startSent
	start   *optimize.Start
	problem *optimize.Problem
}

func (w *writer) request(q *request) error {
	w.header(kindSolve, q.id)
	w.string(q.site)
	w.varint(int64(q.limit))
	w.uvarint(uint64(len(q.forget)))
	for _, site := range q.forget {
		w.string(site)
	}
	w.byte(q.from)
	if q.from == startSent {
		w.start(q.start)
	}
	w.problem(q.problem)
	return w.flush()
}

func (w *writer) cancel(id uint64) error {
	w.header(kindCancel, id)
	return w.flush()
}

func (w *writer) header(kind byte, id uint64) {
	w.byte(protocolVersion)
	w.byte(kind)
	w.uvarint(id)
}

// header reads what a message begins with; io.EOF where there is none.
func (r *reader) header() (kind byte, id uint64, err error) {
	if _, err := r.r.Peek(1); err != nil {
		return 0, 0, err
	}
	if v := r.byte(); v != protocolVersion {
		r.fail(fmt.Errorf("%w: version %d, not %d", errCodec, v, protocolVersion))
	}
	kind, id = r.byte(), r.uvarint()
	return kind, id, r.err
}

// request reads what follows the header of a request.
func (r *reader) request(id uint64) (*request, error) {
	q := &request{id: id, site: r.string(), limit: time.Duration(r.varint())}
	for n := r.uvarint(); n > 0 && r.err == nil; n-- {
		q.forget = append(q.forget, r.string())
	}
	if q.from = r.byte(); q.from == startSent {
		q.start = r.start()
	}
	q.problem = r.problem()
	return q, r.err
}

// The outcomes of an answer: a plan, or the kind of an error.
const (
	answerPlan = iota
	answerProblem
	answerSolver
	answerDeadline
	answerCanceled
	answerOther
)

// kinds are the errors that a caller may ask for.
var kinds = [...]error{
	answerProblem: optimize.ErrProblem, answerSolver: optimize.ErrSolver,
	answerDeadline: context.DeadlineExceeded, answerCanceled: context.Canceled,
}

// answer writes what came of a request.
func (w *writer) answer(id uint64, plan *optimize.Plan, err error) error {
	w.header(kindSolve, id)
	if err == nil {
		w.byte(answerPlan)
		w.plan(plan)
		return w.flush()
	}
	kind := byte(answerOther)
	// What ended early says so, whatever the solver made of it.
	for _, k := range [...]byte{answerCanceled, answerDeadline, answerProblem, answerSolver} {
		if errors.Is(err, kinds[k]) {
			kind = k
			break
		}
	}
	w.byte(kind)
	w.string(err.Error())
	return w.flush()
}

// remoteError is an error that a process answered with.
type remoteError struct {
	kind error // nil: none of ours
	text string
}

func (e *remoteError) Error() string { return e.text }
func (e *remoteError) Unwrap() error { return e.kind }

// answer reads the answer to a request of problem p. broken says that the messages cannot go on.
func (r *reader) answer(id uint64, p *optimize.Problem) (plan *optimize.Plan, err, broken error) {
	_, of, err := r.header()
	switch {
	case errors.Is(err, io.EOF):
		return nil, nil, io.ErrUnexpectedEOF
	case err != nil:
		return nil, nil, err
	case of != id:
		return nil, nil, fmt.Errorf("%w: an answer to request %d, not %d", errCodec, of, id)
	}
	switch kind := r.byte(); {
	case kind == answerPlan:
		plan = r.plan(p)
	case kind <= answerOther:
		e := &remoteError{text: r.string()}
		if kind < answerOther {
			e.kind = kinds[kind]
		}
		err = e
	default:
		r.fail(fmt.Errorf("%w: outcome %d", errCodec, kind))
	}
	if r.err != nil {
		return nil, nil, r.err
	}
	return plan, err, nil
}
