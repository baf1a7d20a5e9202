package stream_test

import (
	"testing"
	"time"

	"drumbeat/schemas"
	"drumbeat/stream"
)

// The watermark of a plan is the newest day that its sales speak of, also where a wall clock drives the site and the
// first sales come before its first tick. A day that lies ahead of the clock does not move it.
func TestWatermarkOfAWallClock(t *testing.T) {
	config := stream.Config{Settings: settings()}
	config.Settings.Clock = schemas.ClockWall
	b := newBench(t, config)
	now := day0.AddDays(7).Time(nil).Add(9 * time.Hour)
	b.clock = now
	b.p.Tick(now)
	for d := day0; d < day0+7; d++ {
		b.take(b.sold("A", 4, d))
	}
	b.take(b.sold("A", 4, day0+300))
	b.p.Tick(now.Add(time.Minute))
	b.take(b.sold("A", 4, day0+200), b.sold("A", 1, day0+2))
	b.p.Tick(now.Add(2 * time.Minute))
	b.end()
	if got, want := b.head().Input.Watermark, day0.AddDays(6).Time(nil); !got.Equal(want) {
		t.Errorf("watermark %v, want %v", got, want)
	}
}
