package main

import (
	"bytes"
	"context"
	"fmt"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/Shopify/toxiproxy/v2/stream"
	"github.com/Shopify/toxiproxy/v2/toxics"

	"drumbeat/schemas"
)

// An owner is stopped (SIGSTOP) for longer than its session, somebody else takes its partitions, and it wakes
// up. What it was about to do then must lose.
func TestFaultsPausedOwner(t *testing.T) {
	takeTurn(t, brokerLane)
	p := newPlant(t, 1)
	intake := p.start("intake", p.world, "intake")
	kafka := newProxy(t, "kafka", ownBroker.proxy(), ownBroker.proxied())
	// The first planner reaches Kafka through the proxy, the second one directly.
	first := p.start("first planner", p.via(ownBroker.proxied(), ""), "planner")
	p.sell(40)
	p.holds("before")

	second := p.taken("mid-save", first, nil)
	tell(t, first, syscall.SIGCONT)
	p.sell(40)
	p.holds("mid-save")
	second.stop(t, 20*time.Second)
	p.sell(40)
	p.holds("the first planner again")

	// What the first planner writes to Kafka is held back from the moment at which its save goes on.
	second = p.taken("between save and publish", first, func() { kafka.add(`{"name":"late","type":"hold","stream":"upstream"}`) })
	kafka.remove("late") // its records arrive behind newer ones
	overwritten := func() float64 {
		return metrics(t, second.address)["drumbeat_plan_records_overwritten_total"]
	}
	eventually(t, "late records overwritten", 30*time.Second, func() (bool, string) {
		return overwritten() > 0, fmt.Sprint(overwritten(), " overwritten")
	})
	tell(t, first, syscall.SIGCONT)
	p.sell(40)
	if v := p.holds("between save and publish"); v.Late == 0 {
		t.Error("no plan record came late")
	}
	second.stop(t, 20*time.Second)
	first.stop(t, 20*time.Second)
	intake.stop(t, 20*time.Second)
}

// sell sends sales.
func (p *plant) sell(n int) {
	p.t.Helper()
	if err := p.feed.Send(p.t.Context(), n); err != nil {
		p.t.Fatal(err)
	}
}

// taken stops the owner of the only site in the middle of a save of a plan and lets a second planner take over,
// which it returns. The save waits for a lock of the test's; then is called before the lock goes.
// Without a then the owner is stopped before, and its transaction is left open; with one that holds back
// what it sends to Kafka it is stopped when the save is committed.
func (p *plant) taken(what string, owner *member, then func()) *member {
	p.t.Helper()
	t := p.t
	partition := schemas.PartitionOf([]byte(p.feed.Sites[0]), schemas.EventsPartitions)
	epoch := func() int64 { return p.number("SELECT epoch FROM drumbeat.partitions WHERE partition = $1", partition) }
	revision := func() int64 { return p.number("SELECT max(revision) FROM drumbeat.plans") }
	before, planned := epoch(), revision()
	tx, err := p.admin.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), "LOCK TABLE drumbeat.outbox IN SHARE ROW EXCLUSIVE MODE"); err != nil {
		t.Fatal(err)
	}
	p.sell(40)
	if err := p.feed.Replan(t.Context()); err != nil {
		t.Fatal(err)
	}
	eventually(t, what+": the save waits for the lock", 30*time.Second, func() (bool, string) {
		n := p.number(`SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'drumbeat.outbox'::regclass`)
		return n > 0, fmt.Sprint(n)
	})
	if then == nil {
		tell(t, owner, syscall.SIGSTOP)
	} else {
		then()
	}
	if err := tx.Rollback(context.WithoutCancel(t.Context())); err != nil {
		t.Fatal(err)
	}
	if then != nil {
		eventually(t, what+": saved, and sent", 30*time.Second, func() (bool, string) {
			n := revision()
			return n > planned && heldPlans.Load(), fmt.Sprint("revision ", n)
		})
		tell(t, owner, syscall.SIGSTOP)
	}
	second := p.start("second planner", p.world, "planner")
	eventually(t, what+": another owner", time.Minute, func() (bool, string) {
		n := epoch()
		return n > before, fmt.Sprint("epoch ", n)
	})
	p.sell(40)
	p.holds(what + ": while the first planner is stopped")
	return second
}

// holdToxic keeps what it gets until it is removed, and lets it go then.
type holdToxic struct{}

// heldPlans says that a holdToxic has been given a produce request for the plans topic.
var heldPlans atomic.Bool

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

func tell(t *testing.T, m *member, s syscall.Signal) {
	t.Helper()
	if err := m.cmd.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}
