package stream

import (
	"slices"
	"testing"
	"time"

	"drumbeat/schemas"
)

// A model that fails leaves its SKU the forecast that it made last, moved in time; the others see nothing of it, a restart
// changes nothing, and once the cause is gone the model is as if it had never failed.
func TestAFailedModelKeepsItsForecast(t *testing.T) {
	weekly := func(d schemas.Date) float64 {
		if d.Weekday() == time.Monday {
			return 3
		}
		return 1
	}
	s := steadySite(t, 120, weekly)
	goOn := func(days int) {
		for range days {
			for i := range steadySKUs {
				s.sells(string(rune('E'+i)), s.Today, 10*weekly(s.Today))
			}
			s.rollTo(s.Today + 1)
		}
	}
	goOn(2)
	fails, want := s.Today, s.forecasts()
	goOn(3)
	whole := s.forecasts()
	for _, k := range s.skus {
		k.model = nil
	}
	fault := func(k *sku) {
		if k.name == "G" && k.through >= fails {
			panic("fault injected")
		}
	}
	s.onLearn = fault
	check := func(s *site) map[string][]float32 {
		t.Helper()
		_, d := s.draw(t.Context())
		if !slices.Equal(d.state.StaleSKUs, []string{"G"}) {
			t.Fatalf("stale SKUs %v, want G", d.state.StaleSKUs)
		}
		got := s.forecasts()
		for name := range whole {
			if name != "G" && !slices.Equal(got[name], whole[name]) {
				t.Errorf("%s is another one: %v, want %v", name, got[name][:7], whole[name][:7])
			}
		}
		for i, v := range got["G"][:30] {
			if day := s.Today.AddDays(i); !within(float64(v), 10*weekly(day)) {
				t.Errorf("G on %v, a %v: %v", day, day.Weekday(), v)
			}
		}
		if got, was := got["G"][:90], want["G"][3:93]; !slices.Equal(got, was) {
			t.Errorf("G is forecast at %v, was at %v", got[:9], was[:9])
		}
		return got
	}
	got := check(s)
	again := reload(t, s, nil)
	again.onLearn = fault
	if err := sameForecasts(check(again), got); err != nil {
		t.Errorf("after a restart: %v", err)
	}
	s.onLearn = nil
	if err := sameForecasts(s.forecasts(), whole); err != nil {
		t.Errorf("after the fault: %v", err)
	}
	s.onLearn = func(k *sku) {
		if k.name == "G" {
			panic("fault injected")
		}
	}
	s.known("G").model = nil
	last := s.forecasts()["G"]
	for i, v := range last[1:30] {
		if day := s.Today.AddDays(i + 1); v < 8 || v > 20 {
			t.Errorf("G on %v without any model: %v", day, v)
		}
	}
}
