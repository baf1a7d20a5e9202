package main

import (
	"slices"
	"time"

	"drumbeat/cmd/drumbeat/internal/terminal"
)

// demoLatency measures the time from a sale to the plan that it made due. In event time a day's plan is
// due when the first sale after that day comes, and the newest one when no more sales come.
type demoLatency struct {
	chunks   []sentChunk
	measured []time.Duration
}

// sentChunk is a run of sales that were sent at once, counted from the demo's first sale.
type sentChunk struct {
	first, end int64
	at         time.Time
}

// sent notes a chunk. Only what is sent while nothing waits measures the way to the plan; the rest would
// measure a queue.
func (l *demoLatency) sent(first, end int64, at time.Time) {
	l.chunks = append(l.chunks, sentChunk{first, end, at})
}

// planned notes a plan that covers the first covered of the sales sent so far.
func (l *demoLatency) planned(covered, sent int64, at time.Time) {
	for i, c := range l.chunks {
		if covered == c.first || covered == c.end && covered == sent {
			l.measured = append(l.measured, at.Sub(c.at))
			l.chunks = l.chunks[i:]
			return
		}
	}
}

func (l *demoLatency) summary() terminal.Latency {
	n := len(l.measured)
	if n == 0 {
		return terminal.Latency{}
	}
	sorted := slices.Sorted(slices.Values(l.measured))
	return terminal.Latency{Last: l.measured[n-1], Median: sorted[(n-1)/2], P99: sorted[(99*n+99)/100-1], Plans: n}
}
