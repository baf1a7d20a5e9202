package stream_test

import (
	"slices"
	"testing"

	"drumbeat/schemas"
	"drumbeat/stream"
)

// After days of ordinary sales the demand of a plan stands, and its production moves by less than a third of what it moves by
// without a tolerance: as safety stock rises. A level that doubles moves it, and a person who asks for a plan gets the one that
// follows from what is expected.
func TestProductionStands(t *testing.T) {
	after := func(tolerance float64, days ...float64) (before, now schemas.Line, b *bench) {
		b = newBench(t, stream.Config{Settings: settingsWith(func(s *stream.Settings) {
			s.DemandTolerance, s.Horizon, s.Frozen = tolerance, 8, 0
			s.SafetyStock = schemas.SafetyStockRule{Rule: schemas.SafetyServiceLevel, Value: .95}
		})})
		b.take(b.define(&schemas.Item{SKU: "A", ProductionCost: 5, HoldingCost: .1}))
		day := day0
		for ; day < day0+56; day++ {
			b.take(b.sold("A", float64(4+day*5%13), day))
		}
		b.end()
		before = b.lines["A"]
		for _, units := range days {
			b.take(b.sold("A", units, day))
			day++
		}
		b.end()
		return before, b.lines["A"], b
	}
	// moved are the units by which production differs after the first period of now and its next.
	moved := func(before, now schemas.Line) (sum schemas.Quantity) {
		at := map[string]schemas.Quantity{}
		for _, p := range before.Periods {
			at[p.Period] = p.Production
		}
		for _, p := range now.Periods[2:] {
			if was, ok := at[p.Period]; ok {
				sum += max(was-p.Production, p.Production-was)
			}
		}
		return sum
	}
	before, now, _ := after(.4, 12, 8, 11)
	before0, free, _ := after(0, 12, 8, 11)
	for i := range now.Periods[1:] {
		if a, b := before.Periods[i+1], now.Periods[i+1]; a.Period != b.Period || a.Demand != b.Demand {
			t.Errorf("demand of %s moved from %v to %v in %s", a.Period, a.Demand, b.Demand, b.Period)
		}
	}
	if a, b := moved(before, now), moved(before0, free); b == 0 || 3*a > b {
		t.Errorf("production moved by %v, without a tolerance by %v", a, b)
	}
	before, now, b := after(.4, 20, 20, 20, 20, 20, 20, 20)
	if moved(before, now) == 0 {
		t.Errorf("twice the sales moved nothing: %+v", now.Periods)
	}
	_, free, _ = after(0, 20, 20, 20, 20, 20, 20, 20)
	demand := func(l schemas.Line) (list []schemas.Quantity) {
		for _, p := range l.Periods {
			list = append(list, p.Demand, p.SafetyStock)
		}
		return list
	}
	if slices.Equal(demand(now), demand(free)) {
		t.Errorf("nothing stands: %v", demand(now))
	}
	b.take(b.define(&schemas.Operator{Action: schemas.Replan, By: "p"}))
	b.end()
	if got, want := demand(b.lines["A"]), demand(free); !slices.Equal(got, want) {
		t.Errorf("asked for by a person: %v, want %v", got, want)
	}
}

func settingsWith(change func(*stream.Settings)) stream.Settings {
	s := settings()
	change(&s)
	return s
}
