package memory_test

import (
	"testing"

	"go.uber.org/goleak"

	"drumbeat/schemas"
	"drumbeat/stream"
	"drumbeat/stream/memory"
	"drumbeat/stream/streamtest"
)

func TestLog(t *testing.T) {
	defer goleak.VerifyNone(t)
	streamtest.TestLog(t, func(t *testing.T) streamtest.Log {
		l := memory.NewLog(memory.LogConfig{Partitions: 8})
		return streamtest.Log{
			Publisher:     l,
			Plans:         l,
			Events:        schemas.EventsTopic,
			PlansTopic:    schemas.PlansTopic,
			Partitions:    8,
			Member:        func(*testing.T) stream.Source { return l.Source() },
			Truncate:      func(p int32, first int64) { l.Truncate(schemas.EventsTopic, p, first) },
			LargestRecord: 7 << 20,
		}
	})
}
