package kafka

import (
	"io"
	"strconv"

	"github.com/segmentio/kafka-go/protocol"
)

// arena hands out copies from large blocks: one allocation for hundreds of records. The blocks live as
// long as any record from them.
type arena struct{ free []byte }

const arenaBlock = 128 << 10

func (a *arena) copy(b protocol.Bytes) ([]byte, error) {
	if b == nil {
		return nil, nil
	}
	out := a.take(b.Len())
	_, err := io.ReadFull(b, out)
	return out, err
}

// take returns n bytes of its own.
func (a *arena) take(n int) []byte {
	if n > len(a.free) {
		if n > arenaBlock/4 {
			return make([]byte, n)
		}
		a.free = make([]byte, arenaBlock)
	}
	out := a.free[:n:n]
	a.free = a.free[n:]
	return out
}

// number returns n as decimal text.
func (a *arena) number(n int64) []byte {
	var digits [20]byte
	text := strconv.AppendInt(digits[:0], n, 10)
	out := a.take(len(text))
	copy(out, text)
	return out
}
