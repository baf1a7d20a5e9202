package stream

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"drumbeat/schemas"
)

// shutOnSundays is a site of twelve SKUs that sell ten a day, but on Sundays, for ten weeks.
func shutOnSundays(t testing.TB) *site {
	t.Helper()
	p, err := New(benchConfig(), &Snapshot{})
	if err != nil {
		t.Fatal(err)
	}
	s := p.site("plant")
	s.begin(storyStart + 70)
	for i := range 12 {
		k := s.learn(string(rune('E' + i)))
		for d := storyStart; d < s.Today; d++ {
			if d.Weekday() != time.Sunday {
				s.amend(k, d, func(e *dayEntry) { e.Kept = 10 * schemas.Unit })
			}
		}
	}
	s.note(triggerSale, "", true)
	return s
}

// meanOn is the forecast of a SKU for a day as it is published.
func meanOn(s *site, sku string, d schemas.Date) float64 {
	_, draft := s.draw(context.Background())
	for i := range draft.skus {
		if f := &draft.skus[i].forecast; draft.skus[i].k.name == sku {
			return float64(f.Mean[d-f.First])
		}
	}
	return -1
}

// A learnt closing day has no demand, a declared event opens it (for all, or for the SKU it names), a closure of
// a calendar does not yield to an event, and capacity counts the learnt day as open.
func TestLearntClosingDaysOfTheFuture(t *testing.T) {
	s := shutOnSundays(t)
	sunday := s.Today.StartOfWeek(time.Sunday) + 7
	if got := meanOn(s, "E", sunday); got != 0 {
		t.Errorf("%v is expected on a learnt closing day", got)
	}
	if got := meanOn(s, "E", sunday+1); got < 9 || got > 11 {
		t.Errorf("%v is expected on a Monday, want 10", got)
	}
	if got := s.openDays(sunday, sunday+7); got != 7 {
		t.Errorf("a week has %d days of capacity", got)
	}
	declare := func(name string, effect schemas.CalendarEffect, skus []string, d schemas.Date) {
		if s.Entries == nil {
			s.Entries = map[string]entry{}
		}
		s.Entries[name] = entry{Calendar: schemas.Calendar{Name: name, Effect: effect, SKUs: skus, Dates: []schemas.Date{d}}}
		s.reconfigure()
	}
	declare("sale of one", schemas.EffectEvent, []string{"e"}, sunday)
	if e, f := meanOn(s, "E", sunday), meanOn(s, "F", sunday); e < 5 || f != 0 {
		t.Errorf("on a Sunday opened for E, %v of it and %v of F are expected", e, f)
	}
	declare("Sunday before Christmas", schemas.EffectEvent, nil, sunday+7)
	if got := meanOn(s, "F", sunday+7); got < 5 {
		t.Errorf("%v is expected on an opened Sunday", got)
	}
	declare("stocktaking", schemas.EffectClosed, nil, sunday+7)
	if got := meanOn(s, "F", sunday+7); got != 0 || s.openDays(sunday+7, sunday+8) != 0 {
		t.Errorf("%v is expected on a day that a calendar closes, with %d open", got, s.openDays(sunday+7, sunday+8))
	}
	declare("no F", schemas.EffectClosed, []string{"F"}, sunday+1)
	if e, f := meanOn(s, "E", sunday+1), meanOn(s, "F", sunday+1); e < 9 || f != 0 {
		t.Errorf("on a Monday without F, %v of E and %v of F are expected", e, f)
	}
	if got := s.openDays(sunday+1, sunday+2); got != 1 {
		t.Errorf("a closure of one SKU leaves %d open days", got)
	}
}

// A planner's figure for a week falls on the six days with demand; one for a learnt closing day alone stands.
func TestOverridesAndLearntClosingDays(t *testing.T) {
	s := shutOnSundays(t)
	monday := s.Today.StartOfWeek(time.Monday) + 7
	units := func(v float64) *schemas.Quantity { q := quantity(v); return &q }
	s.Overrides = []override{
		{DemandOverride: schemas.DemandOverride{SKU: "E", From: monday, To: monday + 6, Mode: schemas.OverrideReplace, Quantity: units(120)}},
		{DemandOverride: schemas.DemandOverride{SKU: "E", From: monday + 13, To: monday + 13, Mode: schemas.OverrideReplace, Quantity: units(50)}},
	}
	if a, b := meanOn(s, "E", monday), meanOn(s, "E", monday+6); a != 20 || b != 0 {
		t.Errorf("%v on a Monday and %v on the Sunday of a week of 120", a, b)
	}
	if got := meanOn(s, "E", monday+13); got != 50 {
		t.Errorf("%v on a Sunday that is set to 50", got)
	}
}

// The first sale of a Sunday brings the Sundays to come back into the plan, in the next forecast.
func TestASaleBringsTheWeekdayBack(t *testing.T) {
	s := shutOnSundays(t)
	sunday := s.Today.StartOfWeek(time.Sunday) + 7
	if got := meanOn(s, "E", sunday+7); got != 0 {
		t.Fatalf("%v is expected on a learnt closing day", got)
	}
	s.rollTo(sunday)
	s.amend(s.known("F"), sunday, func(e *dayEntry) { e.Kept = schemas.Unit })
	if got := meanOn(s, "E", sunday+7); got < 5 {
		t.Errorf("%v is expected after a sale on the Sunday before", got)
	}
}

// The safety stock of a service level covers the days with demand, and the last resort for a model that failed is the
// mean of the days of business.
func TestRestDaysInCoverAndMean(t *testing.T) {
	s := shutOnSundays(t)
	if _, draft := s.draw(t.Context()); len(draft.skus) == 0 {
		t.Fatal("nothing is planned")
	}
	k := s.known("E")
	if got := s.coverWithDemand(k, 70, 182); got != 60 {
		t.Errorf("70 days have %d with demand, want 60", got)
	}
	if x := s.profile(k, span{cuts: []int{7}}); x.mean[0] != 10 {
		t.Errorf("the mean of the days of business is %v, want 10", x.mean[0])
	}
	all := schemas.Calendar{Name: "for ever", Effect: schemas.EffectClosed, From: &s.Today, To: &s.Today}
	last := s.Today + 400
	all.To = &last
	s.Entries = map[string]entry{"for ever": {Calendar: all}}
	s.reconfigure()
	if got := s.coverWithDemand(k, 70, 182); got != 70 {
		t.Errorf("without any day of demand the cover is %d days, want all 70", got)
	}
}

// The safety stock of a shop that opens one day a week does not follow the weekday on which it plans: a cover has as
// many open days wherever its weeks begin.
func TestSafetyStockOfRareOpenDays(t *testing.T) {
	p, err := New(benchConfig(), &Snapshot{})
	if err != nil {
		t.Fatal(err)
	}
	s := p.site("plant")
	r := rand.New(rand.NewPCG(1, 1))
	s.begin(storyStart + 280) // a Monday
	for i := range 12 {
		k := s.learn("K" + string(rune('A'+i)))
		for d := storyStart; d < s.Today; d++ {
			if d.Weekday() == time.Friday {
				s.amend(k, d, func(e *dayEntry) { e.Kept = schemas.Quantity(50+r.IntN(100)) * schemas.Unit })
			}
		}
	}
	s.note(triggerSale, "", true)
	monday := s.netted("KA").safety[2].Float()
	if monday < 20 {
		t.Fatalf("the safety stock of two Fridays of 50 to 150 units is %v", monday)
	}
	for range 4 { // to Friday, on which nothing has been sold yet
		s.rollTo(s.Today + 1)
		if got := s.netted("KA").safety[2].Float(); !nearly(got, monday, .1) {
			t.Errorf("planned on a %v it is %v, on Monday %v", s.Today.Weekday(), got, monday)
		}
	}
}
