package optimize

import (
	"context"
	"runtime"
	"sync"
)

// bounder works out Lagrangian bounds: every path on its own at given prices of the shared rows. The paths are dealt
// out to goroutines in chunks that do not depend on how many there are, and sums are taken in the order of the
// chunks, so results are the same on any machine.
type bounder struct {
	c      *coupled
	paths  []int32   // a sample; nil: all
	share  []float64 // of the room of every shared row that is the sample's
	chunks int
	load   []float64 // by shared row, what the sources use
	value  []float64 // by path, its least cost

	loads   [][]float64 // by chunk
	oracles []oracle    // by chunk
}

// boundChunk is the number of paths in a chunk, at least.
const boundChunk = 32

// reset prepares b for c.
func (b *bounder) reset(c *coupled) {
	b.c, b.paths, b.share = c, nil, nil
	b.chunks = max(1, min(16, c.S/boundChunk))
	b.load, b.value = resized(b.load, c.K), resized(b.value, c.S)
	if len(b.oracles) < b.chunks {
		b.oracles = make([]oracle, b.chunks)
	}
	b.loads = matrix(b.chunks, c.K)
}

// eachChunk calls f for every chunk of n things.
func (b *bounder) eachChunk(ctx context.Context, n int, f func(chunk, from, to int)) error {
	var wait sync.WaitGroup
	workers := min(runtime.GOMAXPROCS(0), b.chunks)
	for w := range workers {
		work := func() {
			for k := w; k < b.chunks && ctx.Err() == nil; k += workers {
				f(k, k*n/b.chunks, (k+1)*n/b.chunks)
			}
		}
		if w == workers-1 {
			work()
			break
		}
		wait.Add(1)
		go func() {
			defer wait.Done()
			work()
		}()
	}
	wait.Wait()
	return ctx.Err()
}

// at is the bound at prices. It fills load and value, and f unless that is nil.
func (b *bounder) at(ctx context.Context, prices []float64, f *flow) (float64, error) {
	c := b.c
	n := c.S
	if b.paths != nil {
		n = len(b.paths)
	}
	err := b.eachChunk(ctx, n, func(chunk, from, to int) {
		load := b.loads[chunk]
		clear(load)
		use := func(i int32, q float64) {
			for k := c.entry[i]; k < c.entry[i+1]; k++ {
				load[c.row[k]] += c.amount[k] * q
			}
			if f != nil {
				f.x[i] = min(c.room[i], f.x[i]+q)
			}
		}
		for j := from; j < to; j++ {
			s := j
			if b.paths != nil {
				s = int(b.paths[j])
			}
			if f != nil {
				clear(f.x[c.first[s*c.T]:c.first[(s+1)*c.T]])
			}
			b.value[s] = b.oracles[chunk].solve(c, s, prices, use)
		}
	})
	if err != nil {
		return 0, err
	}
	clear(b.load)
	for _, load := range b.loads {
		for k, v := range load {
			b.load[k] += v
		}
	}
	total := 0.0
	if b.paths == nil {
		for _, v := range b.value {
			total += v
		}
		for m, j := range c.shared {
			at := 0.0
			if c.sharedPrice(j, prices) < 0 {
				at = c.lp.Upper[j] - c.lp.Lower[j]
				c.addShared(j, at, b.load)
			}
			if f != nil {
				f.shared[m] = at
			}
		}
		return total + c.atPrices(prices), nil
	}
	for _, s := range b.paths {
		total += b.value[s]
	}
	for k, v := range prices {
		if v != 0 {
			total -= v * b.room(k)
		}
	}
	for _, j := range c.shared {
		if v := c.sharedPrice(j, prices); v < 0 {
			at := (c.lp.Upper[j] - c.lp.Lower[j]) * b.share[int(c.lp.Index[c.lp.Start[j]])-c.S*c.T]
			c.addShared(j, at, b.load)
			total += v * at
		}
	}
	return total, nil
}

// room is what shared row k has for the paths that count.
func (b *bounder) room(k int) float64 {
	if b.paths == nil {
		return b.c.limit[k]
	}
	return b.c.limit[k] * b.share[k]
}

// addShared adds what by units of shared column j use to load.
func (c *coupled) addShared(j int32, by float64, load []float64) {
	for k := c.lp.Start[j]; k < c.lp.Start[j+1]; k++ {
		load[int(c.lp.Index[k])-c.S*c.T] += c.lp.Value[k] * by
	}
}
