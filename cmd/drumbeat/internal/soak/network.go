package soak

import (
	"context"
	"fmt"
	"strings"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
)

// Proxy stands between the service and a server; what it does to the connections is told to it. It does not look
// into them.
type Proxy struct{ *toxiproxy.Proxy }

// NewProxy starts a proxy that listens on one address and connects to another; Listen is the first with its port, and
// Stop ends it.
func NewProxy(name, listen, upstream string) (*Proxy, error) {
	zerolog.SetGlobalLevel(zerolog.Disabled) // the toxics have a logger of their own
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(prometheus.NewRegistry()), zerolog.Nop())
	p := &Proxy{toxiproxy.NewProxy(server, name, listen, upstream)}
	if err := p.Start(); err != nil {
		return nil, fmt.Errorf("soak: proxy to %s: %w", name, err)
	}
	return p, nil
}

// Add adds a toxic, in Toxiproxy's JSON, for connections that are open as well.
func (p *Proxy) Add(toxic string) error {
	if _, err := p.Toxics.AddToxicJson(strings.NewReader(toxic)); err != nil {
		return fmt.Errorf("soak: proxy to %s: %w", p.Name, err)
	}
	return nil
}

// Remove ends a toxic by its name.
func (p *Proxy) Remove(ctx context.Context, name string) error {
	if err := p.Toxics.RemoveToxic(ctx, name); err != nil {
		return fmt.Errorf("soak: proxy to %s: %w", p.Name, err)
	}
	return nil
}

// NetworkFault is what a bad network does to connections from Begin to End.
type NetworkFault struct {
	Name       string
	Begin, End func(*Proxy) error
	Silent     bool // nothing gets through
}

// NetworkFaults are a cut, 500 ms of latency, 100 kB/s, connections that are open for one side alone, and resets.
func NetworkFaults() []NetworkFault {
	return []NetworkFault{
		{"cut", func(x *Proxy) error { x.Stop(); return nil }, func(x *Proxy) error { return x.Start() }, true},
		toxic("latency", `"type":"latency","stream":"downstream","attributes":{"latency":500}`, false),
		toxic("bandwidth", `"type":"bandwidth","stream":"upstream","attributes":{"rate":100}`, false), // kB/s
		toxic("half-open", `"type":"timeout","stream":"downstream","attributes":{"timeout":0}`, true),
		toxic("reset", `"type":"reset_peer","stream":"downstream","attributes":{"timeout":0}`, true),
	}
}

func toxic(name, attributes string, silent bool) NetworkFault {
	return NetworkFault{
		Name:   name,
		Begin:  func(x *Proxy) error { return x.Add(fmt.Sprintf(`{"name":%q,%s}`, name, attributes)) },
		End:    func(x *Proxy) error { return x.Remove(context.Background(), name) },
		Silent: silent,
	}
}
