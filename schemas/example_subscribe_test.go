package schemas_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"drumbeat/schemas"
)

// purchasing is a system that buys what plans ask for. It keeps, with its orders, the line of each SKU and the
// revision that it acted on last; all else is in the topic, which it reads from the beginning when it starts.
type purchasing struct {
	plans schemas.PlanReader
	acted map[string]int64             // by site
	lines map[string]map[string][]byte // by site and SKU, as published
}

// maxAge is how old a plan may be: a site with a wall clock plans at least once a day, when its day begins.
const maxAge = 26 * time.Hour

// take takes the next record of the plans topic. Records of one partition come in their order; the same record may
// come twice, and one that a later record has replaced may be missing.
func (p *purchasing) take(headers []schemas.Header, key string, value []byte) error {
	closed, err := p.plans.Apply(headers, key, value)
	if err != nil || !closed {
		return err // a record that is no plan message, or a line: its head comes
	}
	plan := p.plans.Site(key)
	head := plan.Head
	switch {
	case head.Revision <= p.acted[key]:
		fmt.Println(head.PlanID, "again")
		return nil
	case !plan.Complete():
		fmt.Println(head.PlanID, "is not whole: read on")
		return nil
	}
	p.acted[key] = head.Revision
	switch head.Status {
	case schemas.PlanInfeasible:
		fmt.Println(head.PlanID, "the former plan stands:", head.Infeasibility.Cause, "of", head.Infeasibility.Resource)
	case schemas.PlanDegraded:
		fmt.Println(head.PlanID, "the former plan stands:", head.Reason)
	default:
		fmt.Println(head.PlanID, head.Status)
		return p.order(key, plan.Lines())
	}
	return nil
}

// order changes the orders of a site to what its plan says. Lines are compared as they were published, so that it
// does not matter which of the revisions in between were seen.
func (p *purchasing) order(site string, lines map[string][]byte) error {
	former := p.lines[site]
	p.lines[site] = lines
	for _, sku := range slices.Sorted(maps.Keys(former)) {
		if lines[sku] == nil {
			fmt.Println("  cancel", sku)
		}
	}
	for _, sku := range slices.Sorted(maps.Keys(lines)) {
		if bytes.Equal(lines[sku], former[sku]) {
			continue
		}
		var line schemas.Line
		if err := json.Unmarshal(lines[sku], &line); err != nil {
			return err
		}
		for _, of := range line.Periods {
			if of.Production > 0 {
				fmt.Println("  order", of.Production, "of", sku, "for", of.Period)
			}
		}
	}
	return nil
}

// stale says why nothing should be ordered at a moment, although no head says so.
func (p *purchasing) stale(site string, now time.Time) string {
	switch plan := p.plans.Site(site); {
	case plan == nil || plan.Head == nil:
		return "no plan yet"
	case now.Sub(plan.Head.CreatedAt) > maxAge:
		return fmt.Sprint(plan.Head.PlanID, " is ", now.Sub(plan.Head.CreatedAt), " old")
	case plan.Head.State.Stock == schemas.StockAssumed:
		return fmt.Sprint(plan.Head.PlanID, " assumes the stock of ", plan.Head.State.AssumedStock, " SKUs")
	}
	return ""
}

// A purchasing system follows the plans topic: it acts once on each plan that it has proven to be whole, and knows
// which plans to leave alone.
func ExamplePlanReader() {
	monday := time.Date(2026, 2, 2, 6, 0, 0, 0, time.UTC)
	line := func(sku string, revision int64, quantity schemas.Quantity) []byte {
		l := schemas.Line{Site: "hall-2", SKU: sku, Revision: revision, Periods: []schemas.LinePeriod{{Period: "2026-W06", Production: quantity}}}
		return l.Append(nil)
	}
	head := func(revision int64, status schemas.PlanStatus, lines map[string][]byte) []byte {
		h := schemas.Head{
			Site: "hall-2", Revision: revision, PlanID: schemas.PlanID("hall-2", revision), Status: status, Lines: len(lines),
			CreatedAt: monday.Add(time.Duration(revision) * time.Hour), Checksum: schemas.Checksum(lines),
			State: schemas.PlanState{Stock: schemas.StockCountedState},
		}
		if status == schemas.PlanDegraded {
			h.Reason = "the solver took longer than 1m0s"
		}
		return h.Append(nil)
	}
	bolts, nuts := line("BOLT", 1, 48*schemas.Unit), line("NUT", 1, 60*schemas.Unit)
	more := line("BOLT", 4, 52*schemas.Unit+schemas.Unit/2)
	first := head(1, schemas.PlanOptimal, map[string][]byte{"BOLT": bolts, "NUT": nuts})
	type record struct {
		revision int64
		key      string
		value    []byte
	}

	p := &purchasing{acted: map[string]int64{}, lines: map[string]map[string][]byte{}}
	for _, r := range []record{
		{1, "hall-2/BOLT", bolts},
		{1, "hall-2/NUT", nuts},
		{1, "hall-2", first},
		{1, "hall-2", first}, // written twice
		{2, "hall-2", head(2, schemas.PlanDegraded, map[string][]byte{"BOLT": bolts, "NUT": nuts})},
		// Revision 3 was superseded, and compaction has taken it away.
		{4, "hall-2/BOLT", more},
		{1, "hall-2/BOLT", bolts}, // a process that was thought dead writes what it had
		{4, "hall-2/NUT", nil},    // a tombstone: NUT has left the plan
		{4, "hall-2", head(4, schemas.PlanOptimal, map[string][]byte{"BOLT": more})},
	} {
		headers := []schemas.Header{{Key: schemas.HeaderRevision, Value: strconv.AppendInt(nil, r.revision, 10)}}
		if err := p.take(headers, r.key, r.value); err != nil {
			fmt.Println(err)
		}
	}
	fmt.Println(p.stale("hall-2", monday.Add(34*time.Hour)))

	// Output:
	// hall-2:1 optimal
	//   order 48 of BOLT for 2026-W06
	//   order 60 of NUT for 2026-W06
	// hall-2:1 again
	// hall-2:2 the former plan stands: the solver took longer than 1m0s
	// hall-2:4 optimal
	//   cancel NUT
	//   order 52.5 of BOLT for 2026-W06
	// hall-2:4 is 30h0m0s old
}
