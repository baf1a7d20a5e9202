package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"drumbeat/cmd/drumbeat/internal/csvfeed"
	"drumbeat/schemas"
	"drumbeat/stream"
)

// Sizes of what is sent at once: large enough that a round trip to the brokers is small beside it.
const (
	batchMessages = 5_000
	batchBytes    = 2 << 20
)

var errInterrupted = errors.New("interrupted")

// chunk is what the reader hands over: some messages, or the error at which it ended.
type chunk struct {
	messages []stream.Message
	bytes    int
	last     int // line of the last message
	skipped  int // events of an earlier run
	err      error
}

// send reads ahead and sends batch after batch. It returns the line of the last event that is known to be
// acknowledged; what was read before an error in the file is sent before the error is returned.
func (c *produceCmd) send(ctx context.Context, to sender, feed *csvfeed.Feed, after int, done *produced, acknowledged func(line int)) (last int, err error) {
	size := 250
	if _, total := feed.Progress(); total == 0 {
		size = 1 // what trickles in goes out at once; a flood still makes full batches
	}
	ctx, stop := context.WithCancel(ctx)
	chunks := make(chan chunk, 2*batchMessages/size)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		c.read(ctx, feed, after, size, chunks)
	}()
	defer func() {
		stop()
		if _, size := feed.Progress(); size > 0 { // reading from a pipe cannot be interrupted
			<-ended
		}
	}()

	begin := time.Now()
	for {
		b, err := next(ctx, chunks, c.batch())
		if err != nil {
			return last, err
		}
		done.Skipped += int64(b.skipped)
		if len(b.messages) > 0 {
			if err := c.pace(ctx, begin, done.Events); err != nil {
				return last, err
			}
			if err := c.acknowledge(ctx, to, b.messages); err != nil {
				return last, err
			}
			done.Events += int64(len(b.messages))
			last = b.last
			acknowledged(last)
		}
		if b.err != nil {
			if errors.Is(b.err, io.EOF) {
				return last, nil
			}
			return last, b.err
		}
	}
}

// batch is the number of messages to send at once: with a rate, a tenth of a second of them.
func (c *produceCmd) batch() int {
	if c.Rate > 0 {
		return min(max(1, int(c.Rate/10)), batchMessages)
	}
	return batchMessages
}

// pace waits until n events are due.
func (c *produceCmd) pace(ctx context.Context, begin time.Time, n int64) error {
	if c.Rate == 0 {
		return nil
	}
	due := begin.Add(time.Duration(float64(n) / c.Rate * float64(time.Second)))
	timer := time.NewTimer(time.Until(due))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return errInterrupted
	}
}

// acknowledge sends a batch and waits for the brokers.
func (c *produceCmd) acknowledge(ctx context.Context, to sender, messages []stream.Message) error {
	limited, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	err := to.Send(limited, c.Topic, messages)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return errInterrupted
	case limited.Err() != nil:
		return fmt.Errorf("%s: no acknowledgement within %v: %w", c.Topic, c.Timeout, err)
	}
	return fmt.Errorf("%s: %w", c.Topic, err)
}

// next waits for a chunk and adds those that are there already.
func next(ctx context.Context, chunks <-chan chunk, most int) (chunk, error) {
	var b chunk
	select {
	case b = <-chunks:
	case <-ctx.Done():
		return b, errInterrupted
	}
	for b.err == nil && len(b.messages) < most && b.bytes < batchBytes {
		select {
		case more := <-chunks:
			b.messages = append(b.messages, more.messages...)
			b.bytes += more.bytes
			b.skipped += more.skipped
			b.err = more.err
			if more.last > 0 {
				b.last = more.last
			}
		default:
			return b, nil
		}
	}
	return b, nil
}

// read makes messages of the events after a line until the file or ctx ends.
func (c *produceCmd) read(ctx context.Context, feed *csvfeed.Feed, after, size int, chunks chan<- chunk) {
	var r csvfeed.Record
	for {
		var b chunk
		// One buffer holds the values of a chunk. Where it grows, the values before stay where they were.
		buffer := make([]byte, 0, size*256)
		for b.err == nil && len(b.messages) < size {
			if b.err = feed.Next(&r); b.err != nil {
				break
			}
			if r.Line <= after {
				b.skipped++
				continue
			}
			var m stream.Message
			if m, buffer, b.err = message(&r, buffer); b.err != nil {
				b.err = &csvfeed.Error{File: feed.Name(), Line: r.Line, Err: b.err}
				break
			}
			b.messages = append(b.messages, m)
			b.bytes += len(m.Value)
			b.last = r.Line
		}
		select {
		case chunks <- b:
		case <-ctx.Done():
			return
		}
		if b.err != nil {
			return
		}
	}
}

// message is the record of an event; its value lies in buffer. Events of one SKU share a key, so that
// they arrive in the order of the file.
func message(r *csvfeed.Record, buffer []byte) (stream.Message, []byte, error) {
	start := len(buffer)
	if r.Raw != nil {
		// What a line of JSON is about is not known here; without keys all of them keep one order.
		buffer = append(buffer, r.Raw...)
		return stream.Message{Value: buffer[start:len(buffer):len(buffer)]}, buffer, nil
	}
	out, err := schemas.AppendEvent(buffer, &r.Event)
	if err != nil {
		return stream.Message{}, buffer, err
	}
	return stream.Message{Key: key(&r.Event), Value: out[start:len(out):len(out)]}, out, nil
}

// key is the SKU that an event is about, else the resource or the name; nil where it is about the site.
func key(e *schemas.Event) []byte {
	switch data := e.Data.(type) {
	case nil:
		if sku, err := schemas.CanonicalSKU(e.Sale.SKU.Raw); err == nil {
			return []byte(sku)
		}
		return []byte(e.Sale.SKU.Raw)
	case *schemas.StockCounted:
		return []byte(data.SKU)
	case *schemas.Receipt:
		return []byte(data.SKU)
	case *schemas.Item:
		return []byte(data.SKU)
	case *schemas.Resource:
		return []byte(data.Resource)
	case *schemas.Capacity:
		return []byte(data.Resource)
	case *schemas.Calendar:
		return []byte(data.Name)
	}
	return nil
}
