package main

import (
	"testing"
	"time"
)

// TestDemoLatency: a day's plan is measured from the first sale after the day, the newest from its last
// sale, and a plan that nothing marks the beginning of is not measured.
func TestDemoLatency(t *testing.T) {
	at := func(ms int) time.Time { return time.UnixMilli(int64(ms)) }
	var l demoLatency
	if got := l.summary(); got.Plans != 0 {
		t.Errorf("%+v before any plan", got)
	}
	l.sent(100, 103, at(1000))
	l.planned(100, 103, at(1040)) // of the days before
	l.sent(103, 106, at(2000))
	l.planned(103, 106, at(2020))
	l.planned(104, 106, at(2500)) // not at the end of a chunk
	l.planned(106, 106, at(2900)) // end of the input
	got := l.summary()
	if got.Plans != 3 || got.Last != 900*time.Millisecond || got.Median != 40*time.Millisecond || got.P99 != 900*time.Millisecond {
		t.Errorf("%+v", got)
	}
}
