package stream_test

import (
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"

	"drumbeat/schemas"
	"drumbeat/stream"
	"drumbeat/stream/memory"
)

// service is one Processor on the wall clock over a store; time goes by the tick of a quarter second.
type service struct {
	feed
	t     testing.TB
	store *memory.Store
	epoch int64
	p     *stream.Processor
	now   time.Time
	heads []schemas.PlanStatus
	last  stream.Revision
}

const tick = 250 * time.Millisecond

func newService(t testing.TB) *service {
	s := &service{t: t, store: memory.NewStore(), now: day0.Time(nil).Add(9 * time.Hour)}
	s.site = "plant"
	s.restart()
	return s
}

// restart drops everything in memory.
func (s *service) restart() {
	s.t.Helper()
	snapshot, err := s.store.Load(s.t.Context(), 0)
	if err != nil {
		s.t.Fatal(err)
	}
	set := stream.DefaultSettings()
	set.Horizon, set.SafetyStock = 3, schemas.SafetyStockRule{Rule: schemas.SafetyFixed, Value: 20}
	if s.p, err = stream.New(stream.Config{Settings: set}, snapshot); err != nil {
		s.t.Fatal(err)
	}
	s.epoch = snapshot.Epoch
	s.p.Tick(s.now)
}

func (s *service) take(records ...stream.Record) {
	s.t.Helper()
	for _, r := range records {
		if done, err := s.p.Step(r); err != nil || !done {
			s.t.Fatalf("step: %v, %v", done, err)
		}
	}
}

func (s *service) save() {
	s.t.Helper()
	b := s.p.Ready()
	if b == nil {
		return
	}
	if err := s.store.Save(s.t.Context(), 0, s.epoch, b); err != nil {
		s.t.Fatal(err)
	}
	for _, r := range b.Revisions {
		s.heads, s.last = append(s.heads, schemas.PlanStatus(r.Status)), r
	}
	s.p.Advance(b)
}

// wait lets time pass until a job is due, at most so long, and says how long it took.
func (s *service) wait(most time.Duration) (*stream.Job, time.Duration) {
	for took := time.Duration(0); ; took += tick {
		if job := s.p.Job(); job != nil {
			return job, took
		}
		if took >= most {
			return nil, took
		}
		s.now = s.now.Add(tick)
		s.p.Tick(s.now)
	}
}

// plan solves the job that is due within a time.
func (s *service) plan(most time.Duration) time.Duration {
	s.t.Helper()
	job, took := s.wait(most)
	if job == nil {
		s.t.Fatalf("no plan within %v", most)
	}
	s.p.Planned(job, solveCold(s.t.Context(), job))
	s.save()
	return took
}

func (s *service) today() schemas.Date { return schemas.DateOf(s.now) }

// begin has a plan of one SKU with stock enough.
func (s *service) begin() {
	s.t.Helper()
	s.take(s.define(&schemas.StockCounted{SKU: "A", OnHand: qty(500), AsOf: schemas.AsOf{Date: s.today() - 1}}))
	for d := s.today() - 28; d < s.today(); d++ {
		s.take(s.sold("A", 10, d))
	}
	s.plan(time.Minute)
}

func TestDebounceQuietAndCeiling(t *testing.T) {
	s := newService(t)
	s.take(s.define(&schemas.StockCounted{SKU: "A", OnHand: qty(50), AsOf: schemas.AsOf{Date: s.today()}}))
	if took := s.plan(time.Minute); took != 2*time.Second {
		t.Errorf("the plan is due after %v of quiet", took)
	}
	var began = s.now
	var job *stream.Job
	for i := 0; job == nil; i++ { // a change every second leaves no quiet
		s.take(s.define(&schemas.StockCounted{SKU: "A", OnHand: qty(float64(60 + i)), AsOf: schemas.AsOf{Date: s.today()}}))
		job, _ = s.wait(time.Second)
	}
	if took := s.now.Sub(began); took != 5*time.Second {
		t.Errorf("the ceiling is reached after %v", took)
	}
	s.p.Planned(job, solveCold(t.Context(), job))
	s.save()
	if s.heads[len(s.heads)-1] != schemas.PlanOptimal || s.last.Since != began {
		t.Errorf("status %v since %v, want %v", s.heads, s.last.Since, began)
	}
}

func TestDebounceMateriality(t *testing.T) {
	s := newService(t)
	s.begin()
	s.take(s.sold("A", 1, s.today())) // expected by the forecast of today
	if took := s.plan(2 * time.Hour); took != time.Hour {
		t.Errorf("an immaterial change waits for %v", took)
	}
	s.take(s.sold("A", 40, s.today()))
	if took := s.plan(time.Minute); took != 2*time.Second {
		t.Errorf("a material change waits for %v", took)
	}
	s.take(s.define(&schemas.Operator{Action: schemas.Replan, By: "p"}))
	if took := s.plan(time.Minute); took != 0 {
		t.Errorf("an operator waits for %v", took)
	}
}

// A plan that is pending comes, also after a crash: before the solve, and with the solve out.
func TestPendingSurvivesARestart(t *testing.T) {
	s := newService(t)
	s.begin()
	stock := 100.0
	change := func() {
		stock++
		s.take(s.define(&schemas.StockCounted{SKU: "A", OnHand: qty(stock), AsOf: schemas.AsOf{Date: s.today()}}))
	}
	change()
	s.save()
	s.restart()
	s.plan(3 * time.Second)
	change()
	job, _ := s.wait(3 * time.Second)
	s.save() // with the job out
	s.restart()
	if job == nil {
		t.Fatal("no job")
	}
	s.plan(3 * time.Second)
	change()
	if job, _ = s.wait(3 * time.Second); job == nil {
		t.Fatal("no job")
	}
	s.p.Withdraw(job)
	if took := s.plan(time.Second); took != 0 {
		t.Errorf("a withdrawn job is due after %v", took)
	}
}

// A solver that fails is asked again, each time later, and its failure is told once.
func TestFailedSolvesAreRetried(t *testing.T) {
	s := newService(t)
	s.begin()
	before := len(s.heads)
	s.take(s.sold("A", 60, s.today()))
	for i, want := range []int{2, 5, 10, 20, 40, 80, 160, 300, 300} {
		job, took := s.wait(time.Hour)
		if job == nil || took != time.Duration(want)*time.Second {
			t.Fatalf("try %d after %v, want %d s", i+1, took, want)
		}
		if i > 0 && job.Start != nil {
			t.Error("a retry starts warm")
		}
		s.p.Planned(job, stream.Outcome{Err: errors.New("no licence")})
		s.save()
		if i == 3 {
			s.restart()
		}
	}
	s.plan(time.Hour)
	if got := s.heads[before:]; len(got) != 2 || got[0] != schemas.PlanDegraded || got[1] != schemas.PlanOptimal {
		t.Errorf("heads %v", got)
	}
}

func TestClockThatGoesBackIsRefused(t *testing.T) {
	s := newService(t)
	s.begin()
	s.take(s.sold("A", 60, s.today()))
	s.p.Tick(s.now.Add(-time.Hour))
	if job := s.p.Job(); job != nil {
		t.Error("a plan is due at an hour that was")
	}
	if took := s.plan(time.Minute); took != 2*time.Second {
		t.Errorf("the plan is due after %v", took)
	}
}

// The period rolls over while a job is out: its plan is not for this period, and another is due at once.
func TestRollOverWithAJobOut(t *testing.T) {
	s := newService(t)
	s.begin()
	s.take(s.sold("A", 60, s.today()))
	job, _ := s.wait(time.Minute)
	out := solveCold(t.Context(), job)
	s.now = s.now.AddDate(0, 0, 7)
	s.p.Tick(s.now)
	before := len(s.heads)
	s.p.Planned(job, out)
	s.save()
	if len(s.heads) != before {
		t.Error("a plan of last week is published")
	}
	if took := s.plan(time.Minute); took != 0 {
		t.Errorf("the plan of this week is due after %v", took)
	}
}

// Whatever comes and whenever it ticks: a material change has its plan after quiet or ceiling, any
// change within the maximum age, and without a change there is no plan.
func TestDebounceAgainstModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := newService(t)
		s.begin()
		var first, last, any time.Time // of pending changes; zero: none
		for range rapid.IntRange(1, 60).Draw(rt, "steps") {
			switch rapid.IntRange(0, 3).Draw(rt, "step") {
			case 0:
				s.take(s.define(&schemas.StockCounted{SKU: "A", OnHand: qty(float64(rapid.IntRange(100, 900).Draw(rt, "count"))), AsOf: schemas.AsOf{Date: s.today()}}))
				if first.IsZero() {
					first = s.now
				}
				if last = s.now; any.IsZero() {
					any = s.now
				}
			case 1:
				s.save()
				s.restart()
			default:
				s.now = s.now.Add(rapid.SampledFrom([]time.Duration{tick, time.Second, 3 * time.Second, 20 * time.Minute}).Draw(rt, "passes"))
				if s.today() != day0 { // another day is another change
					return
				}
				s.p.Tick(s.now)
			}
			due := !first.IsZero() && (s.now.Sub(last) >= 2*time.Second || s.now.Sub(first) >= 5*time.Second) ||
				!any.IsZero() && s.now.Sub(any) >= time.Hour
			job := s.p.Job()
			if (job != nil) != due {
				rt.Fatalf("at %v a job is due: %v, want %v (changes from %v to %v)", s.now, job != nil, due, first, last)
			}
			if job != nil {
				s.p.Planned(job, solveCold(t.Context(), job))
				s.save()
				first, last, any = time.Time{}, time.Time{}, time.Time{}
			}
		}
	})
}

// A plan writes the SKUs whose figures it has changed, not the others.
func TestPlansSaveOnlyWhatChanged(t *testing.T) {
	s := newService(t)
	for _, sku := range []string{"A", "E"} {
		s.take(s.define(&schemas.StockCounted{SKU: sku, OnHand: qty(500), AsOf: schemas.AsOf{Date: s.today() - 1}}), s.sold(sku, 10, s.today()-1))
	}
	s.plan(time.Minute)
	s.take(s.define(&schemas.Operator{Action: schemas.Replan, By: "p"}))
	s.plan(time.Minute) // the first week is frozen now
	s.take(s.define(&schemas.StockCounted{SKU: "E", OnHand: qty(90), AsOf: schemas.AsOf{Date: s.today()}}))
	job, _ := s.wait(time.Minute)
	s.p.Planned(job, solveCold(t.Context(), job))
	b := s.p.Ready()
	if len(b.SKUs) != 1 || b.SKUs[0].SKU != "E" || len(b.Forecasts) != 0 || len(b.Revisions) != 1 || len(b.Revisions[0].Lines) != 1 {
		t.Errorf("%d SKUs, %d forecasts, %d revisions", len(b.SKUs), len(b.Forecasts), len(b.Revisions))
	}
}
