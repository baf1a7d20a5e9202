package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
)

// proxy stands between the service and a server.
type proxy struct {
	t *testing.T
	*toxiproxy.Proxy
}

func newProxy(t *testing.T, name, listen, upstream string) *proxy {
	t.Helper()
	zerolog.SetGlobalLevel(zerolog.Disabled) // the toxics have a logger of their own
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(prometheus.NewRegistry()), zerolog.Nop())
	p := &proxy{t, toxiproxy.NewProxy(server, name, listen, upstream)}
	p.open()
	t.Cleanup(p.Stop)
	return p
}

// open lets connections through, again after Stop, which cuts all of them and refuses new ones.
func (p *proxy) open() {
	p.t.Helper()
	if err := p.Start(); err != nil {
		p.t.Fatal(err)
	}
}

// add adds a toxic, for connections that are open as well.
func (p *proxy) add(toxic string) {
	p.t.Helper()
	if _, err := p.Toxics.AddToxicJson(strings.NewReader(toxic)); err != nil {
		p.t.Fatal(err)
	}
}

func (p *proxy) remove(name string) {
	p.t.Helper()
	if err := p.Toxics.RemoveToxic(p.t.Context(), name); err != nil {
		p.t.Fatal(err)
	}
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

	both := []*proxy{kafka, postgres}
	for _, fault := range []networkFault{
		{"cut", func(x *proxy) { x.Stop() }, func(x *proxy) { x.open() }, true},
		toxic("latency", `"type":"latency","stream":"downstream","attributes":{"latency":500}`, false),
		toxic("bandwidth", `"type":"bandwidth","stream":"upstream","attributes":{"rate":100}`, false), // kB/s
		toxic("half-open", `"type":"timeout","stream":"downstream","attributes":{"timeout":0}`, true),
		toxic("reset", `"type":"reset_peer","stream":"downstream","attributes":{"timeout":0}`, true),
	} {
		stop := p.flow(500)
		p.revisions(fault.name+": plans before", 2)
		for _, x := range both {
			fault.begin(x)
		}
		sent := p.feed.Accepted() // the feed is not behind the proxy
		eventually(t, fault.name+": sales go on", time.Minute, func() (bool, string) {
			n := p.feed.Accepted() - sent
			return n > 500, fmt.Sprint(n)
		})
		if !fault.paused {
			p.revisions(fault.name+": plans meanwhile", 2)
		}
		for _, x := range both {
			fault.end(x)
		}
		p.revisions(fault.name+": plans after", 4)
		stop()
		p.holds(fault.name)
	}
	planner.stop(t, 20*time.Second)
	intake.stop(t, 20*time.Second)
}

type networkFault struct {
	name       string
	begin, end func(*proxy)
	paused     bool // nothing gets through
}

// toxic is a fault that a toxic makes.
func toxic(name, attributes string, paused bool) networkFault {
	return networkFault{
		name:   name,
		begin:  func(x *proxy) { x.add(fmt.Sprintf(`{"name":%q,%s}`, name, attributes)) },
		end:    func(x *proxy) { x.remove(name) },
		paused: paused,
	}
}
