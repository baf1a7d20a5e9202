package cases

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// Parallel is a Runner on all cores.
func Parallel(n int, f func(i int)) error {
	var next atomic.Int64
	var group sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), n) {
		group.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				f(i)
			}
		})
	}
	group.Wait()
	return nil
}
