package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"time"

	"drumbeat/optimize"
	"drumbeat/schemas"
	"drumbeat/stream"
)

// The tolerances of a verification. Quantities are published on the millionth, money too; what is summed
// from them is the same to nine digits.
const (
	verifyQuantity = schemas.Quantity(1)
	verifyShare    = 1e-9
	verifyMoney    = 0.5e-6
	verifyBound    = 1e-6 // equally good prices give bounds that differ within the certificate's own tolerance
)

// revisionCheck is what a verification of one revision has found.
type revisionCheck struct {
	Site          string             `json:"site"`
	Revision      int64              `json:"revision"`
	CreatedAt     time.Time          `json:"created_at"`
	Status        schemas.PlanStatus `json:"status"`
	Lines         int                `json:"lines"`          // that the head announces
	Stored        int                `json:"stored_lines"`   // of the plan as the revision left it
	Solved        bool               `json:"solved"`         // its problem was solved again
	Objective     float64            `json:"objective"`      // of the new solve
	ProductionOff float64            `json:"production_off"` // largest difference to the stored plan, in units
	ObjectiveOff  float64            `json:"objective_off"`  // relative difference to the stored one
	Gap           float64            `json:"gap"`            // of the certificate, found anew
	Checksum      string             `json:"checksum"`       // ok, wrong, incomplete
	OK            bool               `json:"ok"`
	Failures      []string           `json:"failures"`
	Note          string             `json:"note,omitempty"`
}

// maxFailures is the number of failures that are listed; one is enough to doubt a plan.
const maxFailures = 8

func (c *revisionCheck) fail(format string, args ...any) {
	c.OK = false
	if len(c.Failures) < maxFailures {
		c.Failures = append(c.Failures, fmt.Sprintf(format, args...))
	}
}

// verifyRevision proves what is stored of a revision: its lines by the checksum, and head and lines by
// solving the stored problem again, from the stored start. whole says that none of its lines can have
// expired.
func verifyRevision(ctx context.Context, newSolver func() optimize.Solver, r *stream.Revision, whole bool) *revisionCheck {
	c := &revisionCheck{
		Site: r.Site, Revision: r.Revision, CreatedAt: r.CreatedAt, Status: schemas.PlanStatus(r.Status),
		Stored: len(r.Lines), OK: true, Failures: []string{},
	}
	var head schemas.Head
	if err := json.Unmarshal(r.Head, &head); err != nil {
		c.fail("head: %v", err)
		return c
	}
	c.Lines = head.Lines
	if head.Site != r.Site || head.Revision != r.Revision || head.PlanID != schemas.PlanID(r.Site, r.Revision) || head.Status != c.Status {
		c.fail("head is of plan %s, %s, and its row of revision %d, %s", head.PlanID, head.Status, r.Revision, r.Status)
	}
	lines := c.readLines(r, &head, whole)
	switch {
	case r.Problem == nil && head.Status == schemas.PlanDegraded:
		c.Note = "degraded: nothing was solved, the former plan stands"
	case r.Problem == nil:
		c.Note = "its problem is no longer stored"
	default:
		c.solve(ctx, newSolver, r, &head, lines)
	}
	return c
}

// readLines decodes the lines and sums them.
func (c *revisionCheck) readLines(r *stream.Revision, head *schemas.Head, whole bool) map[string]*schemas.Line {
	lines := make(map[string]*schemas.Line, len(r.Lines))
	var sum schemas.Checksummer
	for _, v := range r.Lines {
		line := new(schemas.Line)
		if err := json.Unmarshal(v.Value, line); err != nil {
			c.fail("line of %s: %v", v.SKU, err)
			continue
		}
		if line.Site != r.Site || line.SKU != v.SKU || line.Revision < 1 || line.Revision > r.Revision {
			c.fail("line of %s says site %s, SKU %s, revision %d", v.SKU, line.Site, line.SKU, line.Revision)
		}
		if err := sum.Add(v.SKU, v.Value); err != nil {
			c.fail("%v", err)
		}
		lines[v.SKU] = line
	}
	// An infeasible plan has no lines of its own: its head sums those of the plan that stands, uncounted.
	counted := head.Status != schemas.PlanInfeasible
	switch {
	case sum.Sum() == head.Checksum && (!counted || len(r.Lines) == head.Lines):
		c.Checksum = "ok"
	case !whole && (!counted || len(r.Lines) < head.Lines):
		c.Checksum, c.Note = "incomplete", "lines have expired"
	case counted && len(r.Lines) != head.Lines:
		c.Checksum = "wrong"
		c.fail("%d lines are stored, the head announces %d", len(r.Lines), head.Lines)
	default:
		c.Checksum = "wrong"
		c.fail("the lines sum to %.12s…, the head says %.12s…", sum.Sum(), head.Checksum)
	}
	return lines
}

// solve solves the problem again and compares.
func (c *revisionCheck) solve(ctx context.Context, newSolver func() optimize.Solver, r *stream.Revision, head *schemas.Head, lines map[string]*schemas.Line) {
	p := new(optimize.Problem)
	if err := stream.Unpack(r.Problem, p); err != nil {
		c.fail("problem: %v", err)
		return
	}
	var start *optimize.Start
	if r.Start != nil {
		start = new(optimize.Start)
		if err := stream.Unpack(r.Start, start); err != nil {
			c.fail("start: %v", err)
			return
		}
	}
	engine := optimize.NewEngine(newSolver, optimize.Options{})
	plan, err := engine.Solve(ctx, p, start)
	if closed := engine.Close(); err == nil {
		err = closed
	}
	if err != nil {
		c.fail("solving again: %v", err)
		return
	}
	c.Solved = true
	if schemas.PlanStatus(plan.Status) != head.Status {
		c.fail("solved again it is %s", plan.Status)
		return
	}
	if !slices.Equal(head.Periods, p.Periods) {
		c.fail("the head's periods are not those of the problem")
		return
	}
	if plan.Status == optimize.Infeasible {
		c.infeasible(p, plan, head)
		return
	}
	c.certificate(p, plan, head)
	again := c.compareLines(p, plan, lines)
	c.compareHead(stream.HeadOf(p, plan, again), head)
}

// certificate proves the plan by the independent check, and the head's certificate by what that finds.
func (c *revisionCheck) certificate(p *optimize.Problem, plan *optimize.Plan, head *schemas.Head) {
	cert, err := optimize.Certify(p, plan)
	if err != nil {
		c.fail("%v", err)
	}
	c.Gap, c.Objective = cert.Gap, plan.Objective
	scale := math.Max(1, math.Abs(plan.Objective))
	c.ObjectiveOff = math.Abs(plan.Objective-head.Objective) / scale
	if !near(plan.Objective, head.Objective) {
		c.fail("objective %v is stored, solved again it is %v", head.Objective, schemas.RoundMoney(plan.Objective))
	}
	stated := head.Certificate
	switch gap := (head.Objective - stated.Bound) / math.Max(1, math.Abs(head.Objective)); {
	case !stated.Checked:
		c.fail("the stored certificate was not checked")
	case !(math.Abs(stated.Bound-cert.Bound) <= verifyBound*scale):
		c.fail("bound %v is stored, %v is found", stated.Bound, schemas.RoundMoney(cert.Bound))
	case !(math.Abs(stated.Gap-gap) <= verifyShare+4*verifyMoney/scale):
		c.fail("gap %v is stored, objective and bound are apart by %v", stated.Gap, gap)
	}
}

// near compares money with what is published of it.
func near(exact, published float64) bool {
	return math.Abs(exact-published) <= verifyShare*math.Max(1, math.Abs(exact))+verifyMoney
}

// compareLines compares every quantity of the stored lines with those of the plan solved again, and
// returns these.
func (c *revisionCheck) compareLines(p *optimize.Problem, plan *optimize.Plan, lines map[string]*schemas.Line) []schemas.Line {
	again := make([]schemas.Line, len(p.SKUs))
	found := 0
	for i := range again {
		again[i] = stream.LineOf(c.Site, p, plan, i, nil)
		stored := lines[again[i].SKU]
		if stored == nil {
			if c.Checksum != "incomplete" {
				c.fail("no line of %s is stored", again[i].SKU)
			}
			continue
		}
		found++
		c.compareLine(&again[i], stored)
	}
	if found != len(lines) {
		c.fail("%d lines are stored of SKUs that the problem does not have", len(lines)-found)
	}
	return again
}

func (c *revisionCheck) compareLine(again, stored *schemas.Line) {
	if len(stored.Periods) != len(again.Periods) {
		c.fail("the line of %s has %d periods, the problem %d", stored.SKU, len(stored.Periods), len(again.Periods))
		return
	}
	for t := range again.Periods {
		a, b := &again.Periods[t], &stored.Periods[t]
		if a.Period != b.Period || a.Frozen != b.Frozen {
			c.fail("the line of %s says %s, frozen %v, where the problem has %s, %v", stored.SKU, b.Period, b.Frozen, a.Period, a.Frozen)
		}
		c.ProductionOff = math.Max(c.ProductionOff, math.Abs((a.Production - b.Production).Float()))
		for _, v := range [...]struct {
			name          string
			again, stored schemas.Quantity
		}{
			{"production", a.Production, b.Production}, {"demand", a.Demand, b.Demand}, {"opening", a.Opening, b.Opening},
			{"receipts", a.Receipts, b.Receipts}, {"arrivals", a.Arrivals, b.Arrivals}, {"inventory", a.Inventory, b.Inventory},
			{"safety stock", a.SafetyStock, b.SafetyStock}, {"shortfall", a.Shortfall, b.Shortfall}, {"shortage", a.Shortage, b.Shortage},
		} {
			if v.again-v.stored > verifyQuantity || v.stored-v.again > verifyQuantity {
				c.fail("%s of %s in %s: %v is stored, solved again it is %v", v.name, stored.SKU, b.Period, v.stored, v.again)
			}
		}
	}
	if !near(again.Cost, stored.Cost) {
		c.fail("cost of %s: %v is stored, solved again it is %v", stored.SKU, stored.Cost, again.Cost)
	}
}

// compareHead compares the figures of the stored head with those of the plan solved again. Prices are
// left out: where several are valid, a solve that starts elsewhere may find others.
func (c *revisionCheck) compareHead(again schemas.Head, stored *schemas.Head) {
	for _, v := range [...]struct {
		name          string
		again, stored float64
	}{
		{"total cost", again.Cost.Total, stored.Cost.Total}, {"production cost", again.Cost.Production, stored.Cost.Production},
		{"holding cost", again.Cost.Holding, stored.Cost.Holding}, {"overtime cost", again.Cost.Overtime, stored.Cost.Overtime},
		{"shortage cost", again.Cost.Shortage, stored.Cost.Shortage},
		{"shortage", again.ShortageTotal.Float(), stored.ShortageTotal.Float()},
		{"moved units", again.MovedUnits.Float(), stored.MovedUnits.Float()},
		{"frozen moves", float64(again.FrozenMoves), float64(stored.FrozenMoves)},
	} {
		if !near(v.again, v.stored) {
			c.fail("%s: %v is stored, solved again it is %v", v.name, v.stored, v.again)
		}
	}
	if len(again.Resources) != len(stored.Resources) {
		c.fail("%d loads of resources are stored, %d are found", len(stored.Resources), len(again.Resources))
		return
	}
	for i, a := range again.Resources {
		b := stored.Resources[i]
		if a.Resource != b.Resource || a.Period != b.Period || !near(a.Load.Float(), b.Load.Float()) ||
			!near(a.Capacity.Float(), b.Capacity.Float()) || !near(a.Overtime.Float(), b.Overtime.Float()) {
			c.fail("load of %s in %s: %v of %v is stored, solved again it is %v of %v", b.Resource, b.Period, b.Load, b.Capacity, a.Load, a.Capacity)
		}
	}
}

// infeasible compares why there is no plan.
func (c *revisionCheck) infeasible(p *optimize.Problem, plan *optimize.Plan, head *schemas.Head) {
	a, b := stream.HeadOf(p, plan, nil).Infeasibility, head.Infeasibility
	switch {
	case b == nil:
		c.fail("the head does not say why it is infeasible")
	case a.Cause != b.Cause || a.Resource != b.Resource || a.SKU != b.SKU:
		c.fail("the cause is %s %s%s, solved again it is %s %s%s", b.Cause, b.Resource, b.SKU, a.Cause, a.Resource, a.SKU)
	case a.FirstShortPeriod != b.FirstShortPeriod || a.PeakPeriod != b.PeakPeriod || !slices.Equal(a.BindingPeriods, b.BindingPeriods):
		c.fail("first short in %s and most in %s, solved again in %s and %s", b.FirstShortPeriod, b.PeakPeriod, a.FirstShortPeriod, a.PeakPeriod)
	case !near(a.Missing, b.Missing) || !nearEach(a.SmallestCapacity, b.SmallestCapacity) || !nearOne(a.Factor, b.Factor) || !nearOne(a.UniformExtra, b.UniformExtra):
		c.fail("%v is missing, solved again it is %v; or the capacity that would do differs", b.Missing, a.Missing)
	}
}

func nearEach(a, b []float64) bool {
	return slices.EqualFunc(a, b, near)
}

func nearOne(a, b *float64) bool {
	if a == nil || b == nil {
		return a == b
	}
	return near(*a, *b)
}
