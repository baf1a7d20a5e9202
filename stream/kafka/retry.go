package kafka

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"

	"drumbeat/stream"
)

// The delays between attempts: doubling from the first to the last, each drawn from its upper half so
// that many clients do not come back at once.
const (
	firstDelay = 50 * time.Millisecond
	lastDelay  = 5 * time.Second
)

// delay is how long to wait after the n-th failure in a row, from 0.
func delay(n int) time.Duration {
	d := lastDelay
	if n < 7 { // 50 ms << 7 is beyond the last
		d = firstDelay << n
	}
	return d/2 + rand.N(d/2)
}

// sleep waits for d, or returns the context's error.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// retry calls f until it succeeds, fails for good or ctx ends. It logs the first failure of a row and
// every one after a long delay.
func (c *Client) retry(ctx context.Context, doing string, f func() error) error {
	for n := 0; ; n++ {
		err := f()
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return fmt.Errorf("%w: %w", ctx.Err(), err)
		}
		if permanent(err) || errors.Is(err, context.Canceled) {
			return err
		}
		if n == 0 || n >= 7 {
			c.log.Warn("kafka: trying again", "doing", doing, "failures", n+1, "error", err)
		}
		if sleep(ctx, delay(n)) != nil {
			return fmt.Errorf("%w: %w", ctx.Err(), err)
		}
	}
}

// permanent says that the same request will fail again. What the broker does not name, a broken
// connection for instance, may heal; so may a topic that does not exist yet.
func permanent(err error) bool {
	if errors.Is(err, stream.ErrOffsetOutOfRange) {
		return true
	}
	if errors.Is(err, protocol.ErrNoTopic) || errors.Is(err, protocol.ErrNoPartition) || errors.Is(err, protocol.ErrNoLeader) {
		return false
	}
	var code kafkago.Error
	if !errors.As(err, &code) {
		return false
	}
	switch code {
	case kafkago.Unknown, kafkago.BrokerNotAvailable, kafkago.ReplicaNotAvailable, kafkago.RebalanceInProgress,
		kafkago.UnknownMemberId, kafkago.IllegalGeneration, kafkago.MemberIDRequired:
		return false
	}
	return !code.Temporary()
}
