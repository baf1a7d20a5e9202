package stream

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// across calls f for every index below n, over goroutines. What f does must be of its index alone, so that the
// order of running cannot be seen.
func (s *site) across(n int, f func(i int)) {
	shards := s.p.config.Shards
	if shards <= 0 {
		shards = runtime.GOMAXPROCS(0)
	}
	var next atomic.Int64
	var group sync.WaitGroup
	for range min(shards, n) {
		group.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				f(i)
			}
		})
	}
	group.Wait()
}
