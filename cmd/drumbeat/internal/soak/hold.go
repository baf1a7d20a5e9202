package soak

import (
	"bytes"
	"context"
	"sync/atomic"

	"github.com/Shopify/toxiproxy/v2/stream"
	"github.com/Shopify/toxiproxy/v2/toxics"

	"drumbeat/schemas"
)

// Hold keeps what the service sends to Kafka from now on. When Release is called it arrives, behind what others have
// written meanwhile.
func (p *Proxy) Hold() error {
	heldPlans.Store(false)
	return p.Add(`{"name":"held","type":"hold","stream":"upstream"}`)
}

// Release lets go what is held.
func (p *Proxy) Release(ctx context.Context) error { return p.Remove(ctx, "held") }

// HeldPlans says that a plan is among what was held since the last Hold.
func HeldPlans() bool { return heldPlans.Load() }

var heldPlans atomic.Bool // of any proxy: Toxiproxy makes the toxics

// holdToxic keeps what it gets until it is removed, and lets it go then.
type holdToxic struct{}

func init() { toxics.Register("hold", new(holdToxic)) }

// Pipe implements toxics.Toxic.
func (*holdToxic) Pipe(stub *toxics.ToxicStub) {
	var held []*stream.StreamChunk
	release := func() {
		for _, c := range held {
			stub.Output <- c
		}
	}
	const produce = "\x00\x00" // the protocol's number of the request, behind its length
	for {
		select {
		case <-stub.Interrupt:
			release()
			return
		case c := <-stub.Input:
			if c == nil {
				release()
				stub.Close()
				return
			}
			if len(c.Data) > 6 && string(c.Data[4:6]) == produce && bytes.Contains(c.Data, []byte(schemas.PlansTopic)) {
				heldPlans.Store(true)
			}
			held = append(held, c)
		}
	}
}
