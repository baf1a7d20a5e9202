package memory_test

import (
	"testing"

	"drumbeat/stream/memory"
	"drumbeat/stream/streamtest"
)

func TestStoreConformance(t *testing.T) {
	streamtest.TestStore(t, func(*testing.T) streamtest.Stored { return memory.NewStore() })
}
