package stream

import (
	"math"
	"testing"
	"time"

	"drumbeat/schemas"
)

const steadySKUs = 20

// steadySite sells ten a day of twenty SKUs, times what the day is worth, on all days for which that is not zero.
func steadySite(t testing.TB, days int, worth func(d schemas.Date) float64) *site {
	t.Helper()
	p, err := New(benchConfig(), &Snapshot{})
	if err != nil {
		t.Fatal(err)
	}
	s := p.site("plant")
	s.begin(storyStart + schemas.Date(days))
	for i := range steadySKUs {
		for d := storyStart; d < s.Today; d++ {
			if f := worth(d); f > 0 {
				s.sells(string(rune('E'+i)), d, 10*f)
			}
		}
	}
	s.note(triggerSale, "", true)
	return s
}

func (s *site) declare(c schemas.Calendar, at time.Duration) {
	s.define(&schemas.Event{Data: &c, Time: storyStart.Time(time.UTC).Add(at), HasTime: true})
}

func within(got, want float64) bool { return math.Abs(got-want) <= .1*want }

// A declared event lifts its days to come by what it did before, and leaves the others alone.
func TestDeclaredEventsLiftTheForecast(t *testing.T) {
	fair := func(d schemas.Date) bool { return (d-storyStart)%50 < 2 }
	s := steadySite(t, 130, func(d schemas.Date) float64 {
		if fair(d) {
			return 3
		}
		return 1
	})
	next := storyStart + 150
	var dates []schemas.Date
	for d := storyStart; d < next+2; d++ {
		if fair(d) {
			dates = append(dates, d)
		}
	}
	s.draw(t.Context())
	s.declare(schemas.Calendar{Name: "fair", Effect: schemas.EffectEvent, Dates: dates}, 0)
	if len(s.shares.list) > 0 {
		t.Error("what the models shared without the fair is kept")
	}
	for _, c := range []struct {
		sku  string
		day  schemas.Date
		want float64
	}{{"E", next, 30}, {"F", next + 1, 30}, {"E", next + 2, 10}, {"E", next - 1, 10}} {
		if got := meanOn(s, c.sku, c.day); !within(got, c.want) {
			t.Errorf("%s on day %d of the fair: %v, want %v", c.sku, c.day-next, got, c.want)
		}
	}
	// It is found not to concern but two SKUs: the models of the others are fitted anew as well.
	s.declare(schemas.Calendar{Name: "fair", Effect: schemas.EffectEvent, Dates: dates, SKUs: []string{"e", "F"}}, time.Hour)
	if got := meanOn(s, "E", next); !within(got, 30) {
		t.Errorf("a SKU of the fair: %v, want 30", got)
	}
	if got := meanOn(s, "G", next); got > 20 {
		t.Errorf("a SKU that is not of the fair: %v", got)
	}
	before := s.known("G").model
	s.declare(schemas.Calendar{Name: "fair", Effect: schemas.EffectEvent, Dates: dates, SKUs: []string{"E"}}, 2*time.Hour)
	if s.known("F").model != nil || s.known("E").model != nil || s.known("G").model != before {
		t.Error("other models than those that the entry concerned and concerns are fitted anew")
	}
	s.declare(schemas.Calendar{Name: "fair", Effect: schemas.EffectEvent, Dates: dates}, time.Minute) // older
	if s.known("G").model != before {
		t.Error("an older definition counts")
	}
}

// The times of an event are one event, with the year in their names or without.
func TestEventsOfAllYearsAreOne(t *testing.T) {
	for name, want := range map[string]string{
		"Black Friday": "Black Friday", "Black Friday 2025": "Black Friday", "2024 fair": "fair", "2025": "2025", "Promo 50": "Promo 50",
	} {
		if got := eventName(name); got != want {
			t.Errorf("%q is %q, want %q", name, got, want)
		}
	}
}

// The holidays of the country are events: those on which the site sells teach their effect, those on which it rests are days
// of rest to come too, also those that it has not met yet. A declared event opens it on one.
func TestHolidaysOfTheCountry(t *testing.T) {
	days := 3 * 365
	holidays := []schemas.Date{}
	for year := 2026; year < 2031; year++ {
		for _, of := range []struct {
			month time.Month
			day   int
		}{{1, 1}, {1, 6}, {5, 1}, {8, 15}, {10, 12}, {11, 1}, {12, 6}, {12, 8}, {12, 25}} {
			holidays = append(holidays, schemas.DateOf(time.Date(year, of.month, of.day, 0, 0, 0, 0, time.UTC)))
		}
	}
	for _, effect := range []float64{0, .3} {
		worth := func(d schemas.Date) float64 {
			for _, h := range holidays {
				if d == h || d.Time(time.UTC).Weekday() == time.Friday && effect == 0 && goodFriday(d) {
					return effect
				}
			}
			return 1
		}
		s := steadySite(t, days, worth)
		if err := s.checkDefinition(&schemas.Event{Data: &schemas.Policy{Country: ref("XX")}}); err == nil || err.Field != "country" {
			t.Errorf("country XX: %v", err)
		}
		s.draw(t.Context())
		s.define(&schemas.Event{Data: &schemas.Policy{Country: ref("ES"), Clock: ref(schemas.ClockEvent)}, Time: s.Now, HasTime: true})
		if len(s.shares.list) > 0 {
			t.Error("what the models shared without holidays is kept")
		}
		s.draw(t.Context())
		t.Logf("a share with holidays takes %d bytes", len(s.shares.list[len(s.shares.list)-1].saved))
		for _, h := range holidays {
			if h < s.Today || h >= s.Today+150 {
				continue
			}
			if got := meanOn(s, "E", h); math.Abs(got-10*effect) > 1.5 {
				t.Errorf("worth %v: %v on %v", effect, got, h)
			}
			if got := meanOn(s, "E", h+3); !within(got, 10) {
				t.Errorf("worth %v: %v on %v, three days after a holiday", effect, got, h+3)
			}
			if effect == 0 {
				s.declare(schemas.Calendar{Name: "sale", Effect: schemas.EffectEvent, Dates: []schemas.Date{h}}, time.Duration(h)*time.Hour)
				if got := meanOn(s, "E", h); got < 5 {
					t.Errorf("the sale on %v does not open the site: %v", h, got)
				}
			}
		}
	}
}

func goodFriday(d schemas.Date) bool {
	for _, day := range []schemas.Date{date(2026, 4, 3), date(2027, 3, 26), date(2028, 4, 14)} {
		if d == day {
			return true
		}
	}
	return false
}

func date(year int, month time.Month, day int) schemas.Date {
	return schemas.DateOf(time.Date(year, month, day, 0, 0, 0, 0, time.UTC))
}

func ref[T any](v T) *T { return &v }
