package forecast

import (
	"math"
	"testing"
)

// A series with a sale every 25 buckets and a strike every 50: the model learns both, and nothing of them bends its base.
func eventful(t *testing.T, p *Prior) (*Model, Events) {
	t.Helper()
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
	e.Add(200, "sale")
	e.Add(201, "strike")
	e.Add(202, "sale")
	e.Add(202, "strike")
	e.Add(203, "never seen")
	return Fit(Config{Season: 7, Events: e, Prior: p}, y), e
}

func TestEventsAreLearnt(t *testing.T) {
	m, e := eventful(t, nil)
	x := m.Explain()
	met := map[string]int{}
	for _, v := range x.Events {
		met[v.Name] = v.Times
	}
	if met["sale"] != 8 || met["strike"] != 3 || len(met) != 2 {
		t.Errorf("events met: %v, want 8 sales and 3 strikes (one came before anything was known)", met)
	}
	if x.Missing != 12 {
		t.Errorf("the base misses %d buckets, want 12", x.Missing)
	}
	var p Path
	check := func(m *Model, who string) {
		t.Helper()
		m.Forecast(&p, 5)
		for k, want := range []float64{61.5, 10.25, 30.75, 20.5, 20.5} {
			if math.Abs(p.Mean[k]-want) > .06*want {
				t.Errorf("%s: step %d: %v, want %v", who, k+1, p.Mean[k], want)
			}
		}
		if got, want := m.Sum(0, 5).Mean, 143.5; math.Abs(got-want) > .03*want {
			t.Errorf("%s: sum %v, want %v", who, got, want)
		}
	}
	check(m, "own")
	// A series that never had the events takes the word of the others.
	var others []*Model
	for range 20 {
		others = append(others, m)
	}
	young := New(Config{Season: 7, Events: e, First: 190, Prior: NewPrior(Config{Season: 7}, others)})
	for range 10 {
		young.Append(20.5)
	}
	check(young, "of the others")
}

// Days of an event have effects of their own.
func TestDaysOfAnEvent(t *testing.T) {
	shape := []float64{1.5, 2, 5, 3, 1.2}
	e := Events{}
	y := make([]float64, 400)
	for i := range y {
		y[i] = 100.5
		if d := i%80 - 40; d >= 0 && d < len(shape) {
			e.Add(i, "fair")
			y[i] *= shape[d]
		}
	}
	for d := range shape {
		e.Add(440+d, "fair")
	}
	var p Path
	Fit(Config{Season: 7, Events: e}, y).Forecast(&p, 50)
	for d, want := range shape {
		if got := p.Mean[40+d] / 100.5; math.Abs(got-want) > .12*want {
			t.Errorf("day %d of the fair: %v times the base, want %v", d+1, got, want)
		}
	}
}

// Few events teach a series of slow sales next to nothing of its own: it stays with the site.
func TestEffectsAreShrunk(t *testing.T) {
	config := Config{Season: 7}
	site := func() *Prior {
		e := Events{}
		y := make([]float64, 300)
		for i := range y {
			y[i] = 100.5
			if i%50 == 20 {
				e.Add(i, "sale")
				y[i] = 201
			}
		}
		config.Events = e
		var list []*Model
		for range 30 {
			list = append(list, Fit(config, y))
		}
		return NewPrior(config, list)
	}()
	slow := make([]float64, 300)
	for i := range slow {
		if i%5 == 0 {
			slow[i] = 1
		}
	}
	config.Prior = site
	m := Fit(config, slow) // the sales of bucket 20, 70, … all fall on a day that sells: five times the mean
	config.Events.Add(320, "sale")
	if f, _ := m.lift(320); f < 1.9 || f > 2.6 {
		t.Errorf("the factor is %v, want little more than the site's 2", f)
	}
}

func TestPriorSurvivesItsSavedForm(t *testing.T) {
	m, e := eventful(t, nil)
	for _, list := range [][]*Model{{m}, {m, Fit(Config{Season: 7}, make([]float64, 50)), Fit(Config{Season: 7}, []float64{0, 1, 0, 0, 2, 0, 0, 1, 0, 0, 0, 2, 1, 0, 0, 1, 0, 0, 0, 3})}} {
		p := NewPrior(Config{Season: 7, Events: e}, list)
		saved, err := p.AppendBinary([]byte("before"))
		if err != nil {
			t.Fatal(err)
		}
		saved = saved[len("before"):]
		q, err := UnmarshalPrior(Config{Season: 7}, saved)
		if err != nil {
			t.Fatal(err)
		}
		a, _ := eventful(t, p)
		b, _ := eventful(t, q)
		x, y := everything(a, 30), everything(b, 30)
		for i := range x {
			if x[i] != y[i] {
				t.Fatalf("value %d differs with the prior that was saved", i)
			}
		}
		for n := range saved {
			if _, err := UnmarshalPrior(Config{Season: 7}, saved[:n]); err == nil {
				t.Fatalf("the first %d of %d bytes are read as a prior", n, len(saved))
			}
		}
		if _, err := UnmarshalPrior(Config{Season: 12}, saved); err == nil && p.loss != nil {
			t.Error("a prior of days is read as one of months")
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
