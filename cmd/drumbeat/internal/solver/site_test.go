package solver

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"drumbeat/schemas"
	"drumbeat/stream"
)

// While its solver fails, a site's former plan stands as degraded, published once and with the reason; retries back
// off; and the plan after it is solved cold.
func TestSiteOfAFailingSolver(t *testing.T) {
	for fault, reason := range map[string]string{"abort": "SIGABRT", "wrong": "is violated", "hang": "no answer"} {
		t.Run(fault, func(t *testing.T) {
			sound, _ := newPool(t, "none", nil)
			pool, mend := newPool(t, fault, func(c *Config) {
				if fault == "hang" {
					c.Limit, c.Grace = 500*time.Millisecond, 500*time.Millisecond
				}
			})
			settings := stream.DefaultSettings()
			settings.Horizon = 4
			p, err := stream.New(stream.Config{Settings: settings, Capacity: 80, Log: slog.New(slog.DiscardHandler)}, &stream.Snapshot{})
			if err != nil {
				t.Fatal(err)
			}
			now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
			p.Tick(now)
			var offset int64
			sell := func() {
				value := fmt.Sprintf(`{"specversion":"1.0","id":"%d","source":"/erp","type":"drumbeat.sale.v1","data":{"sku":"A","quantity":%d,"date":"%s"}}`,
					offset, 50+offset, now.Format(time.DateOnly))
				if done, err := p.Step(stream.Record{Offset: offset, Key: []byte("plant"), Value: []byte(value)}); !done || err != nil {
					t.Fatal(done, err)
				}
				offset++
			}
			// plan solves what is due after a while, and returns the heads that are published of it.
			plan := func(pool *Pool, after time.Duration) (heads []schemas.Head, out stream.Outcome) {
				t.Helper()
				now = now.Add(after)
				p.Tick(now)
				if job := p.Job(); job != nil {
					out = pool.Solve(t.Context(), job)
					p.Planned(job, out)
				}
				b := p.Ready()
				if b == nil {
					return nil, out
				}
				for _, r := range b.Revisions {
					var h schemas.Head
					if err := json.Unmarshal(r.Head, &h); err != nil {
						t.Fatal(err)
					}
					heads = append(heads, h)
				}
				p.Advance(b)
				return heads, out
			}
			sell()
			heads, _ := plan(sound, time.Minute)
			if len(heads) != 1 || heads[0].Status != schemas.PlanOptimal {
				t.Fatalf("the first plan: %+v", heads)
			}
			former := heads[0]
			sell()
			heads, out := plan(pool, time.Minute)
			if len(heads) != 1 || heads[0].Status != schemas.PlanDegraded || heads[0].Reason != out.Err.Error() ||
				heads[0].Revision != 2 || heads[0].Checksum != former.Checksum || heads[0].ChangedLines != 0 {
				t.Fatalf("after the fault: %+v", heads)
			}
			if !strings.Contains(heads[0].Reason, reason) {
				t.Errorf("reason %q", heads[0].Reason)
			}
			for _, wait := range []time.Duration{4 * time.Second, time.Second, 9 * time.Second, time.Second} {
				heads, again := plan(pool, wait)
				if len(heads) > 0 {
					t.Fatalf("published again: %+v", heads)
				}
				if tried := again.Err != nil; tried != (wait == time.Second) {
					t.Errorf("a retry after another %v: %v", wait, tried)
				}
			}
			mend()
			heads, out = plan(pool, 20*time.Second)
			if len(heads) != 1 || heads[0].Status != schemas.PlanOptimal || heads[0].Revision != 3 || out.Plan.Stats.Warm {
				t.Fatalf("after it was mended: %+v, %v", heads, out.Err)
			}
		})
	}
}
