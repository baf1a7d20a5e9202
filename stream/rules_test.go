package stream_test

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"drumbeat/optimize"
	"drumbeat/schemas"
	"drumbeat/stream"
	"drumbeat/stream/memory"
)

// planned is a bench with a plan: two weeks of sales of SKU A, ten a day.
func planned(t *testing.T, change func(*stream.Config)) *bench {
	t.Helper()
	config := stream.Config{Settings: settings()}
	if change != nil {
		change(&config)
	}
	b := newBench(t, config)
	b.take(b.define(&schemas.Item{SKU: "A", ProductionCost: 5, HoldingCost: 1, SafetyStock: ptr(qty(20))}))
	for d := day0; d < day0+14; d++ {
		b.take(b.sold("A", 10, d))
	}
	b.end()
	return b
}

func TestItemsInLots(t *testing.T) {
	for _, c := range []struct {
		item schemas.Item
		pack float64
		most int // periods with production; 0: any number
	}{
		{schemas.Item{PackSize: schemas.Unit}, 1, 0},
		{schemas.Item{Whole: true}, 1, 0},
		{schemas.Item{PackSize: qty(12)}, 12, 0},
		{schemas.Item{PackSize: schemas.Unit * 5 / 2, Whole: true}, 5, 0},
		{schemas.Item{PackSize: qty(12), MinOrder: qty(100)}, 12, 0},
		{schemas.Item{PackSize: qty(1), OrderCost: 1e5}, 1, 1},
	} {
		b := planned(t, nil)
		c.item.SKU, c.item.ProductionCost, c.item.HoldingCost = "A", 5, 1
		b.take(b.define(&c.item))
		b.end()
		made := 0
		for _, x := range b.production("A")[1:] { // the first period is frozen: taken as it is
			if math.Abs(x/c.pack-math.Round(x/c.pack)) > 1e-6 || x > 0 && x < c.item.MinOrder.Float() {
				t.Errorf("%+v makes %v", c.item, b.production("A"))
			}
			if x > 0 {
				made++
			}
		}
		if made == 0 || c.most > 0 && made > c.most {
			t.Errorf("%+v is made in %d periods: %v", c.item, made, b.production("A"))
		}
	}
}

func TestOneBadSKUDoesNotStopTheSite(t *testing.T) {
	b := planned(t, nil)
	b.take(b.sold("E", 3, day0+13))
	b.end()
	b.p.Spoil("plant", "A")
	b.take(b.sold("E", 3, day0+14))
	b.end()
	h := b.head()
	if h.Status != schemas.PlanOptimal || len(h.Excluded) != 1 || h.Excluded[0].SKU != "A" || !strings.Contains(h.Excluded[0].Reason, "production_cost") {
		t.Errorf("status %s, excluded %+v", h.Status, h.Excluded)
	}
	if _, in := b.lines["A"]; in || len(b.lines) != 1 || h.Lines != 1 {
		t.Errorf("lines %v, head says %d", b.lines, h.Lines)
	}
}

func TestInfeasibleHeadHasNoLinesAndTheFormerChecksum(t *testing.T) {
	b := planned(t, func(c *stream.Config) { c.Settings.Mode = schemas.ModeStrict; c.Settings.Frozen = 0 })
	former := *b.head()
	if former.Status != schemas.PlanOptimal {
		t.Fatalf("first plan is %s: %+v", former.Status, former.Infeasibility)
	}
	b.take(b.define(&schemas.Resource{Resource: "factory", Capacity: 1, Per: schemas.PerWeek}), b.sold("A", 10, day0+14))
	b.end()
	h := b.head()
	if h.Status != schemas.PlanInfeasible || h.Lines != 0 || h.ChangedLines != 0 || h.Checksum != former.Checksum || h.Infeasibility == nil {
		t.Errorf("head %+v", h)
	}
	if former.Lines != 1 || len(b.lines) != 1 {
		t.Errorf("%d lines stand", len(b.lines))
	}
}

// What a solver cannot do is told once; the lines stand with what they have seen.
func TestDegradedHead(t *testing.T) {
	b := planned(t, nil)
	former := *b.head()
	fail := true
	b.replay.Solve = func(ctx context.Context, job *stream.Job) stream.Outcome {
		if fail {
			return stream.Outcome{Err: errors.New("no licence")}
		}
		return solveCold(ctx, job)
	}
	for d := day0 + 14; d < day0+18; d++ {
		b.take(b.sold("A", 10, d))
	}
	h := b.head()
	if h.Revision != former.Revision+1 || h.Status != schemas.PlanDegraded || h.Reason != "no licence" ||
		h.Checksum != former.Checksum || h.Lines != former.Lines || h.ChangedLines != 0 || h.Input != former.Input {
		t.Errorf("head %+v", h)
	}
	fail = false
	b.take(b.sold("A", 10, day0+18))
	b.end()
	if h := b.head(); h.Status != schemas.PlanOptimal || h.Input.Offset != b.next {
		t.Errorf("after the repair: %s, input %+v", h.Status, h.Input)
	}
}

func TestFrozenPeriodsShowInTheLines(t *testing.T) {
	// Confirmed by events, the first week is fixed by the baseline, whole or as a pin.
	b := planned(t, func(c *stream.Config) { c.Settings.Confirmation = schemas.ConfirmEvents; c.Settings.Frozen = 2 })
	b.take(b.sold("A", 40, day0+14))
	b.end()
	line := b.lines["A"]
	for i, p := range line.Periods {
		if p.Frozen != (i < 2) {
			t.Errorf("period %d: frozen is %v", i+1, p.Frozen)
		}
	}
	if b.head().FrozenMoves != 0 {
		t.Errorf("%d frozen values moved", b.head().FrozenMoves)
	}
	// A pin overrides them.
	b.take(b.define(&schemas.ProductionPin{SKU: "a", Period: line.Periods[1].Period, Min: ptr(qty(7)), Max: ptr(qty(7)), By: "p"}))
	b.take(b.sold("A", 10, day0+14))
	b.end()
	if got := b.production("A")[1]; got != 7 {
		t.Errorf("pinned to 7, made %v", got)
	}
}

func TestPinsOfOnePeriodReplaceEachOther(t *testing.T) {
	b := planned(t, nil)
	b.clock = time.Date(2026, 1, 20, 0, 0, 0, 0, time.UTC)
	b.take(b.define(&schemas.ProductionPin{SKU: "A", Period: "2026-W06", Min: ptr(qty(500)), By: "p"}))
	b.clock = b.clock.Add(time.Hour)
	b.take(b.define(&schemas.ProductionPin{SKU: "A", Period: "2026-02-04", Max: ptr(qty(1)), By: "p"}), b.sold("A", 10, day0+14))
	b.end()
	line := b.lines["A"]
	for _, p := range line.Periods {
		if p.Period == "2026-W06" && p.Production > qty(1) {
			t.Errorf("%s makes %v", p.Period, p.Production)
		}
	}
	if b.head().Status != schemas.PlanOptimal {
		t.Errorf("plan is %s: %s", b.head().Status, b.head().Reason)
	}
}

func TestDiscontinuedAndBack(t *testing.T) {
	b := planned(t, nil)
	b.take(b.sold("E", 3, day0+13), b.define(&schemas.Item{SKU: "A", Discontinued: true}))
	b.end()
	if _, in := b.lines["A"]; in || len(b.head().Excluded) != 1 || b.head().Excluded[0].Reason != "discontinued" {
		t.Errorf("lines %v, excluded %v", b.lines, b.head().Excluded)
	}
	b.take(b.define(&schemas.Item{SKU: "A", ProductionCost: 5, HoldingCost: 1}), b.sold("A", 10, day0+14))
	b.end()
	if _, in := b.lines["A"]; !in || len(b.head().Excluded) != 0 || b.head().Lines != 2 {
		t.Errorf("lines %v, excluded %v", b.lines, b.head().Excluded)
	}
}

// LineOf's numbers obey the balance that readers check.
func TestLinesBalance(t *testing.T) {
	p := &optimize.Problem{
		Periods: []string{"1", "2"}, Mode: optimize.Elastic,
		SKUs: []optimize.SKU{{Name: "A", Demand: []float64{10, 1.0 / 3}, SafetyStock: []float64{2, 2}, Opening: 4, ProductionCost: 3, HoldingCost: 1,
			Uses: []optimize.Use{{Resource: 0, Amount: 1}}}},
		Resources: []optimize.Resource{{Name: "r", Capacity: []float64{1, 1}}},
	}
	out := solveCold(t.Context(), &stream.Job{Site: "s", Problem: p})
	if out.Err != nil {
		t.Fatal(out.Err)
	}
	line := stream.LineOf("s", p, out.Plan, 0, nil)
	for _, e := range line.Periods {
		if e.Inventory != e.Opening+e.Receipts+e.Arrivals-e.Demand+e.Shortage {
			t.Errorf("%+v does not balance", e)
		}
	}
	h := stream.HeadOf(p, out.Plan, []schemas.Line{line})
	if h.ShortageTotal != line.Periods[0].Shortage+line.Periods[1].Shortage || len(h.Shortages) == 0 {
		t.Errorf("short of %v, list %+v", h.ShortageTotal, h.Shortages)
	}
	var back optimize.Problem
	if err := stream.Unpack(out.Problem, &back); err != nil || back.SKUs[0].Name != "A" {
		t.Errorf("unpacked %+v, %v", back, err)
	}
}

// A site of another partition is not ours: its records are dead letters, counted apart, restarts included.
func TestSitesOfOtherPartitions(t *testing.T) {
	store := memory.NewStore()
	f := &feed{site: "plant"}
	for next := range int64(4) {
		snapshot, err := store.Load(t.Context(), 2)
		if err != nil {
			t.Fatal(err)
		}
		snapshot.Elsewhere["plant"] = 1
		p, err := stream.New(stream.Config{Partition: 2, Settings: settings()}, snapshot)
		if err != nil {
			t.Fatal(err)
		}
		if p.Next() != next {
			t.Fatalf("goes on at %d, want %d", p.Next(), next)
		}
		if done, err := p.Step(f.sold("A", 1, day0)); err != nil || !done {
			t.Fatal(done, err)
		}
		b := p.Ready()
		if len(b.DeadLetters) != 1 || b.DeadLetters[0].Reason != "wrong-partition" || len(b.Audit) != 1 ||
			b.Audit[0].Site != "(elsewhere-2)" || b.Audit[0].Rejected != next+1 || b.Audit[0].Read != next+1 {
			t.Errorf("letters %+v, audit %+v", b.DeadLetters, b.Audit)
		}
		if err := store.Save(t.Context(), 2, snapshot.Epoch, b); err != nil {
			t.Fatal(err)
		}
	}
}

// Changing the calendar forgets what is known by periods; closed days have neither demand nor capacity.
func TestCalendarAndCapacity(t *testing.T) {
	b := planned(t, func(c *stream.Config) { c.Settings.Frozen = 0 })
	next := day0 + 14
	b.take(
		b.define(&schemas.Resource{Resource: "factory", Capacity: 70, Per: schemas.PerWeek, OvertimeCapacity: 7, OvertimeCost: 2}),
		b.define(&schemas.Capacity{Resource: "factory", From: next + 7, To: next + 13, Capacity: 5, Per: schemas.PerDay}),
		b.define(&schemas.Calendar{Name: "works holiday", From: ptr(next + 14), To: ptr(next + 20), Effect: schemas.EffectClosed}),
		b.sold("A", 10, next),
	)
	b.end()
	var got []string
	for _, r := range b.head().Resources {
		got = append(got, r.Capacity.String())
	}
	if want := []string{"60", "35", "0", "70"}; !slices.Equal(got, want) {
		t.Errorf("capacities %v, want %v: six days are left, a changed week, a closed one, an ordinary one", got, want)
	}
	if d := b.lines["A"].Periods[2].Demand; d != 0 {
		t.Errorf("%v are to be sold in the holiday", d)
	}
	b.clock = next.Time(nil)
	b.take(b.define(&schemas.Policy{Period: ptr(schemas.PeriodMonth), Clock: ptr(schemas.ClockEvent), Horizon: ptr(2), Prorate: ptr(false)}), b.sold("A", 10, next))
	b.end()
	h := b.head()
	if len(h.Periods) != 2 || h.Periods[0] != "2026-01" || h.FrozenMoves != 0 {
		t.Errorf("periods %v", h.Periods)
	}
}

// What a person approves is fixed and named as approved, until it has passed; with freeze approved nothing is fixed
// before.
func TestApprovalFreezes(t *testing.T) {
	for _, freeze := range []schemas.Freeze{schemas.FreezeApproved, schemas.FreezeAuto} {
		for _, confirmation := range []schemas.Confirmation{schemas.ConfirmEvents, schemas.ConfirmAssume} {
			t.Run(string(freeze)+" "+string(confirmation), func(t *testing.T) { testApproval(t, freeze, confirmation) })
		}
	}
}

func testApproval(t *testing.T, freeze schemas.Freeze, confirmation schemas.Confirmation) {
	b := planned(t, func(c *stream.Config) {
		c.Settings.Freeze, c.Settings.Confirmation = freeze, confirmation
	})
	if b.lines["A"].Periods[0].Frozen != (freeze == schemas.FreezeAuto) || b.head().Approved != nil {
		t.Error("frozen or approved before the approval")
	}
	approved := b.production("A")
	b.take(b.define(&schemas.PlanApproved{Revision: b.head().Revision + 1, Through: "2026-W05", By: "p"}))
	b.rejects("stale-revision", "revision: ")
	b.take(b.define(&schemas.PlanApproved{Revision: b.head().Revision, Through: "2026-W05", By: "p"}), b.sold("A", 40, day0+14))
	b.end()
	for i, p := range b.lines["A"].Periods {
		if p.Frozen != (p.Period <= "2026-W05") {
			t.Errorf("%s: frozen is %v", p.Period, p.Frozen)
		}
		if !p.Frozen {
			approved[i] = 0
		} else if i == 0 && confirmation == schemas.ConfirmAssume {
			approved[i] = 70 // an order: it is assumed to have started
		} else if !near(p.Production.Float(), approved[i]) {
			t.Errorf("%s: %v, approved %v", p.Period, p.Production, approved[i])
		}
		if !near(p.Approved.Float(), approved[i]) {
			t.Errorf("%s: %v approved, want %v", p.Period, p.Approved, approved[i])
		}
	}
	if a := b.head().Approved; a == nil || a.By != "p" || a.Through != "2026-W05" || a.Revision != b.head().Revision-1 {
		t.Errorf("approved: %+v", a)
	}
	b.take(b.sold("A", 45, day0+21))
	b.end()
	if p := b.lines["A"].Periods[0]; p.Period != "2026-W05" || !p.Frozen || !near(p.Approved.Float(), approved[1]) {
		t.Errorf("a week later: %+v", p)
	}
	b.take(b.sold("A", 45, day0+28))
	b.end()
	if p := b.lines["A"].Periods[0]; p.Frozen != (freeze == schemas.FreezeAuto) || p.Approved != 0 || b.head().Approved != nil {
		t.Errorf("when it has passed: %+v, %+v", p, b.head().Approved)
	}
}

// Overrides say what is sold: their quantity counts for the whole span.
func TestOverrides(t *testing.T) {
	b := planned(t, nil)
	week := day0 + 21
	b.take(b.define(&schemas.DemandOverride{SKU: " a", From: week, To: week + 6, Mode: schemas.OverrideReplace, Quantity: ptr(qty(210)), By: "p"}),
		b.define(&schemas.DemandOverride{SKU: "A", From: week + 7, To: week + 13, Mode: schemas.OverrideScale, Factor: ptr(0.0), By: "p"}), b.sold("A", 10, day0+14))
	b.end()
	line := b.lines["A"]
	if !near(line.Periods[1].Demand.Float(), 210) || line.Periods[2].Demand != 0 || line.Periods[1].DemandHigh < line.Periods[1].Demand {
		t.Errorf("periods %+v", line.Periods)
	}
}

// The parts of a reason say its sentence.
func TestWhySaysTheReason(t *testing.T) {
	b := planned(t, func(c *stream.Config) { c.Settings.Horizon = 6 })
	b.take(b.define(&schemas.Resource{Resource: "factory", Capacity: 75, Per: schemas.PerWeek}), b.sold("A", 90, day0+14), b.sold("B", 60, day0+14), b.sold("C", 1, day0+14))
	b.end()
	kinds := map[string]bool{}
	for sku, l := range b.lines {
		w := l.Why
		if w == nil {
			t.Fatalf("%s: %q without its parts", sku, l.Reason)
		}
		kinds[w.Kind] = true
		back := optimize.Reason{
			Kind: optimize.Kind(w.Kind), Cause: optimize.Cause(w.Cause), Quantity: w.Quantity.Float(), Period: w.Period, Early: w.Early, Frozen: w.Frozen,
			Resource: w.Resource, From: w.From, To: w.To, Price: w.Price, Displaced: w.DisplacedBy, Arrives: w.Arrives, Pack: w.Pack.Float(),
		}
		if back.String() != l.Reason {
			t.Errorf("%s: %+v says %q, not %q", sku, w, back, l.Reason)
		}
	}
	if !kinds["short"] {
		t.Errorf("kinds %v", kinds)
	}
}
