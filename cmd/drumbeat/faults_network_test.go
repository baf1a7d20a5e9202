package main

import (
	"fmt"
	"testing"
	"time"

	"drumbeat/cmd/drumbeat/internal/soak"
)

// newProxy is a proxy that ends with the test.
func newProxy(t *testing.T, name, listen, upstream string) *soak.Proxy {
	t.Helper()
	p, err := soak.NewProxy(name, listen, upstream)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	return p
}

// The network between the service and both servers is bad in one way after the other while sales flow.
func TestFaultsNetwork(t *testing.T) {
	takeTurn(t, brokerLane)
	p := newPlant(t, 4)
	kafka := newProxy(t, "kafka", ownBroker.proxy(), ownBroker.proxied())
	postgres := newProxy(t, "postgres", "127.0.0.1:0", p.db.Host)
	through := p.via(ownBroker.proxied(), postgres.Listen)
	intake := p.start("intake", through, "intake")
	planner := p.start("planner", through, "planner")
	p.sell(40)
	p.holds("before")

	both := []*soak.Proxy{kafka, postgres}
	each := func(do func(*soak.Proxy) error) {
		t.Helper()
		for _, x := range both {
			if err := do(x); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, fault := range soak.NetworkFaults() {
		stop := p.flow(500)
		p.revisions(fault.Name+": plans before", 2)
		each(fault.Begin)
		sent := p.feed.Accepted() // the feed is not behind the proxy
		eventually(t, fault.Name+": sales go on", time.Minute, func() (bool, string) {
			n := p.feed.Accepted() - sent
			return n > 500, fmt.Sprint(n)
		})
		if !fault.Silent {
			p.revisions(fault.Name+": plans meanwhile", 2)
		}
		each(fault.End)
		p.revisions(fault.Name+": plans after", 4)
		stop()
		p.holds(fault.Name)
	}
	planner.stop(t, 20*time.Second)
	intake.stop(t, 20*time.Second)
}
