package console

import (
	"context"
	"time"
)

// patience is how long a page waits for what takes long; it is shown without it then, and the script asks
// again.
const patience = 150 * time.Millisecond

// pending is a value that is being found out.
type pending[T any] struct {
	done  chan struct{}
	value T
	err   error
}

// begin starts finding out.
func begin[T any](find func() (T, error)) *pending[T] {
	p := &pending[T]{done: make(chan struct{})}
	go func() {
		defer close(p.done)
		p.value, p.err = find()
	}()
	return p
}

// get waits for the value, for as long as patience lasts unless it is needed; ready says whether it is there.
func (p *pending[T]) get(ctx context.Context, needed bool) (value T, ready bool, err error) {
	var out <-chan time.Time
	if !needed {
		timer := time.NewTimer(patience)
		defer timer.Stop()
		out = timer.C
	}
	select {
	case <-p.done:
		return p.value, true, p.err
	case <-out:
		return value, false, nil
	case <-ctx.Done():
		return value, false, ctx.Err()
	}
}
