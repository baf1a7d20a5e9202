package main

import (
	"context"
	"testing"
	"time"
)

// Processes and servers are killed (kill -9) while sales flow. After each, everything accepted is counted once,
// and the topic and Postgres hold the same plans.
func TestFaultsKill(t *testing.T) {
	takeTurn(t, brokerLane)
	p := newPlant(t, 4)
	intake := p.start("intake", p.world, "intake")
	planner := p.start("planner", p.world, "planner")
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	try := func(what string, kill func()) {
		t.Helper()
		stop := p.flow(500)
		defer stop()
		p.revisions(what+": plans before", 4)
		kill()
		p.revisions(what+": plans after", 4)
		stop()
		p.holds(what)
	}
	try("planner", func() {
		planner.kill()
		planner = p.start("planner", p.world, "planner")
	})
	try("intake", func() {
		intake.kill()
		intake = p.start("intake", p.world, "intake")
	})
	try("broker", func() {
		if err := ownBroker.server().Kill(ctx); err != nil {
			t.Fatal(err)
		}
		if err := ownBroker.start(); err != nil {
			t.Fatal(err)
		}
	})
	try("Postgres", func() {
		if err := ownPostgres.server.Kill(ctx); err != nil {
			t.Fatal(err)
		}
		if _, err := ownPostgres.server.Start(ctx); err != nil {
			t.Fatal(err)
		}
		p.connect()
	})
	planner.stop(t, 20*time.Second)
	intake.stop(t, 20*time.Second)
}
