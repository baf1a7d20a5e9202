package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"drumbeat/schemas"
)

// A release of the ERP that breaks its records holds the site: few dead letters, the former plan stands as degraded,
// and what comes meanwhile waits in the log, through a restart, until an operator releases it.
func TestServeHoldsASite(t *testing.T) {
	takeTurn(t, otherLane)
	s := newServing(t)
	s.sell(10)
	s.await("the first plan", "optimal", 1)
	s.settle()
	bad := []string{"sku,quantity,date,customer"}
	for i := range 400 {
		bad = append(bad, fmt.Sprintf("A-1,many,%s,c%d", schemas.DateOf(time.Now().UTC()), i))
	}
	s.send("sale", bad...)
	s.sell(30)
	s.await("the head that says so", "degraded", 1)
	if reason := s.reason(); !strings.Contains(reason, "held:") || !strings.Contains(reason, "the last one for bad-quantity") {
		t.Errorf("reason %q", reason)
	}
	s.service.stop(t, 20*time.Second)
	s.service = start(t, s.w, "serve", "serve", "--address", s.address, "--session", "6s", "--log-format", "json")
	awaitReady(t, s.service, s.address, time.Minute)
	eventually(t, "held after a restart", time.Minute, func() (bool, string) {
		held := metrics(t, s.address)[`drumbeat_site_held{site="plant"}`]
		return held == 1, fmt.Sprint(held)
	})
	const before = 3 + 1 + 400 + 1
	letters := func() int64 { return s.db.number(t, "SELECT count(*) FROM drumbeat.dead_letters") }
	if n := letters(); n >= 400 || n < 190 {
		t.Errorf("%d dead letters of 400 bad records", n)
	}
	done := s.plans("optimal")
	s.produce(".jsonl", []string{`{"specversion":"1.0","id":"1","source":"/ops","type":"drumbeat.operator.v1","site":"plant","data":{"action":"release-breaker","by":"ana"}}`})
	s.await("the plan after the release", "optimal", done+1)
	eventually(t, "all is read", time.Minute, func() (bool, string) {
		n := s.db.read(t, schemas.DefaultInputTopic)
		return n == before+1 && letters() == 400, fmt.Sprintf("%d records read, %d dead letters", n, letters())
	})
	s.settle()
	if held := metrics(t, s.address)[`drumbeat_site_held{site="plant"}`]; held != 0 {
		t.Errorf("the metric says held: %v", held)
	}
	if n := s.db.number(t, "SELECT sum(qty)::bigint FROM drumbeat.sales_transactions"); n != 40 {
		t.Errorf("%d units sold, want 40", n)
	}
	s.service.stop(t, 20*time.Second)
}
