package forecast

import (
	"math"
	"testing"
)

func TestEffects(t *testing.T) {
	y := make([]float64, 200)
	e := Events{}
	for i := range y {
		y[i] = 20.5
		if i%25 == 10 {
			e.Add(i, "sale")
			e.Add(i, "sale") // once is enough
			y[i] = 61.5
		}
		if i%50 == 5 {
			e.Add(i, "strike")
			y[i] = 10.25
		}
	}
	m, own := FitEvents(Config{Season: 7}, y, 0, e)
	if x := m.Explain(); x.Missing != own["sale"].Buckets+own["strike"].Buckets {
		t.Errorf("the model misses %d buckets, events had %v", x.Missing, own)
	}
	if got := m.Sum(0, 1).Mean; math.Abs(got-20.5) > 1e-6 {
		t.Errorf("base is %v, want 20.5", got)
	}
	site := Effects{}
	site.Add(own)
	e.Add(300, "sale")
	e.Add(301, "strike")
	e.Add(302, "sale")
	e.Add(302, "strike")
	e.Add(303, "never seen")
	for i, want := range map[int]float64{300: 3, 301: .5, 302: 1.5, 303: 1, 304: 1} {
		if got := own.Factor(site, e, i); math.Abs(got-want) > 1e-6 {
			t.Errorf("bucket %d: factor %v, want %v", i, got, want)
		}
		// A series that never had the event takes the site's word.
		if got := (Effects{}).Factor(site, e, i); math.Abs(got-want) > 1e-6 {
			t.Errorf("bucket %d, another series: factor %v, want %v", i, got, want)
		}
	}
}

func TestHolidays(t *testing.T) {
	f, err := ParseFreq("D")
	if err != nil {
		t.Fatal(err)
	}
	at := func(date string) int {
		i, err := f.Index(date)
		if err != nil {
			t.Fatal(err)
		}
		return i
	}
	e := Events{}
	if err := e.AddHolidays("uk", f, at("2024-03-01"), at("2024-12-31")); err != nil {
		t.Fatal(err)
	}
	for date, want := range map[string]bool{"2024-03-29": true, "2024-12-25": true, "2024-12-24": false, "2024-01-01": false} {
		if got := len(e[at(date)]) > 0; got != want {
			t.Errorf("%s: holiday %v, want %v", date, got, want)
		}
	}
	// In months, Easter moves and Christmas does not.
	months := Freq{unit: byMonth, name: "MS"}
	e = Events{}
	if err := e.AddHolidays("DE", months, 2024*12, 2025*12+11); err != nil {
		t.Fatal(err)
	}
	if len(e[2024*12+2]) == 0 || len(e[2025*12+3]) == 0 || len(e[2024*12+11]) != 0 {
		t.Errorf("holidays by month: %v", e)
	}
}
