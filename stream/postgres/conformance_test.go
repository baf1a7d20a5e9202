package postgres_test

import (
	"testing"

	"drumbeat/stream/streamtest"
)

func TestStoreConformance(t *testing.T) {
	streamtest.TestStore(t, func(t *testing.T) streamtest.Stored {
		s, _ := newStore(t)
		return s
	})
}
