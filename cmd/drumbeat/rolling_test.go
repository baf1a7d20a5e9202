package main

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"
)

// Three planners under load are replaced one after the other as a rolling update does it, and then one is killed.
// Everything accepted is counted once, Postgres and the topic hold the same plans without a gap, and a planner that
// is asked to stop leaves nothing behind that its successor would have to publish again.
func TestRollingUpdate(t *testing.T) {
	takeTurn(t, brokerLane)
	p := newPlant(t, 6)
	intake := p.start("intake", p.world, "intake")
	planners := make([]*member, 3)
	for i := range planners {
		planners[i] = p.start(fmt.Sprint("planner ", i), p.world, "planner")
	}
	under := func(what string, replace func()) {
		t.Helper()
		stopSales, stopCounts := p.flow(2000), p.count(250*time.Millisecond)
		defer stopSales()
		defer stopCounts()
		p.revisions(what+": plans before", 18)
		began := time.Now()
		replace()
		p.revisions(what+": plans after", 18)
		took := time.Since(began)
		stopCounts()
		stopSales()
		v := p.holds(what)
		t.Logf("%s: %v under %d events; longest time of a site without a plan %v, the median %v; %d plan records, %d of them again",
			what, took.Round(time.Millisecond), v.Accepted, p.pause("max(gap)", began), p.pause("percentile_cont(0.5) WITHIN GROUP (ORDER BY gap)", began),
			v.PlanRecords, v.Repeated)
		if what == "rolling update" && v.Repeated != 0 {
			t.Errorf("%d plan records were published again", v.Repeated)
		}
	}
	under("rolling update", func() {
		for i := range planners {
			planners[i].stop(t, 30*time.Second)
			planners[i] = p.start(fmt.Sprint("new planner ", i), p.world, "planner")
		}
	})
	under("kill -9", func() {
		planners[0].kill()
		planners[0] = p.start("planner after a kill", p.world, "planner")
	})
	for _, planner := range planners {
		planner.stop(t, 30*time.Second)
	}
	intake.stop(t, 30*time.Second)
}

// count lets every site count its stock again and again, which makes a plan each time, until stop.
func (p *plant) count(every time.Duration) (stop func()) {
	ctx, cancel := context.WithCancel(p.t.Context())
	done := make(chan error, 1)
	go func() {
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		for n := int64(0); ; n++ {
			select {
			case <-ctx.Done():
				done <- nil
				return
			case <-ticker.C:
			}
			if err := p.feed.CountStock(context.WithoutCancel(ctx), n); err != nil {
				done <- err
				return
			}
		}
	}()
	return sync.OnceFunc(func() {
		p.t.Helper()
		cancel()
		if err := <-done; err != nil {
			p.t.Error(err)
		}
	})
}

// pause is an aggregate of the times between two plans of a site since an instant.
func (p *plant) pause(aggregate string, since time.Time) time.Duration {
	p.t.Helper()
	var seconds float64
	err := p.admin.QueryRow(p.t.Context(), `SELECT coalesce(`+aggregate+`, 0)::float8 FROM (
		SELECT created_at, extract(epoch FROM created_at - lag(created_at) OVER (PARTITION BY site ORDER BY revision)) AS gap
		FROM drumbeat.plans) g WHERE created_at > $1`, since).Scan(&seconds)
	if err != nil {
		p.t.Fatal(err)
	}
	return time.Duration(seconds * float64(time.Second)).Round(time.Millisecond)
}
