package forecast

import (
	"math"
	"math/rand/v2"
	"testing"
)

// spikes is a series of 100 a day with noise of its own and spikes that a rule puts in.
func spikes(seed uint64, days int, lift func(day int) float64) []float64 {
	r := rand.New(rand.NewPCG(seed, 3))
	y := make([]float64, days)
	for i := range y {
		y[i] = (100 + 8*r.NormFloat64()) * lift(i)
	}
	return y
}

func forecastOf(y []float64, first, h int) []float64 {
	var p Path
	Fit(Config{Season: 7, First: first}, y).Forecast(&p, h)
	return p.Mean
}

// 2023-01-01, a Sunday.
const newYear2023 = 19358

// A weekend of sales in the same week of every year keeps its weekday, not its date.
func TestAnniversaryOnAWeekday(t *testing.T) {
	y := spikes(1, 730, func(i int) float64 {
		if i%364 == 300 || i%364 == 301 {
			return 3
		}
		return 1
	})
	mean := forecastOf(y, newYear2023, 365)
	for k, f := range mean {
		day := 730 + k
		want := 100.0
		if day%364 == 300 || day%364 == 301 {
			want = 300
		}
		if math.Abs(f-want) > .15*want {
			t.Errorf("day %d: %.0f, want about %.0f", day, f, want)
		}
	}
}

// Rare chance peaks do not come back, and a forecast that has learnt so does not expect them.
func TestChanceIsNoAnniversary(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	at := map[int]bool{}
	for range 20 {
		at[r.IntN(1095)] = true
	}
	y := spikes(2, 1095, func(i int) float64 {
		if at[i] {
			return 4
		}
		return 1
	})
	mean := forecastOf(y, newYear2023, 365)
	total := 0.0
	for k, f := range mean {
		total += f
		if f > 160 {
			t.Errorf("day %d: %.0f, want about 100", 1095+k, f)
		}
	}
	if math.Abs(total/36500-1) > .05 {
		t.Errorf("mean %.1f, want about 100", total/365)
	}
}

// An event that has stopped coming fades.
func TestAnniversaryFades(t *testing.T) {
	y := spikes(3, 5*365, func(i int) float64 {
		if i%365 >= 200 && i%365 < 205 && i < 3*365 {
			return 3
		}
		return 1
	})
	mean := forecastOf(y, 0, 365)
	for k := 198; k < 208; k++ {
		if mean[k] > 130 {
			t.Errorf("day %d: %.0f, want about 100", k, mean[k])
		}
	}
}

// One year of history: the week is expected, but with less weight than one that has come back.
func TestAnniversaryOfOneYear(t *testing.T) {
	week := func(i int) float64 {
		if i%365 >= 100 && i%365 < 107 {
			return 3
		}
		return 1
	}
	once := forecastOf(spikes(4, 365, week), 0, 120)[103]
	twice := forecastOf(spikes(4, 730, week), 0, 120)[103]
	if !(once > 120 && once < 260 && twice > 260 && twice < 320) {
		t.Errorf("after one year %.0f, after two %.0f; 300 is true", once, twice)
	}
}

// The days after a peak are not lifted by it.
func TestPeakDoesNotLiftWhatFollows(t *testing.T) {
	y := spikes(6, 400, func(i int) float64 {
		if i >= 390 && i < 397 {
			return 3
		}
		return 1
	})
	for k, f := range forecastOf(y, 0, 28) {
		if f > 135 {
			t.Errorf("day %d after the peak: %.0f, want about 100", k+4, f)
		}
	}
}

// Years of days with peaks, gaps and a kind that changes: asked or not on the way, the answers are those of a fit at once.
func TestYearsOfDaysAppendEqualsFit(t *testing.T) {
	for seed := range uint64(6) {
		r := rand.New(rand.NewPCG(seed, 9))
		y := spikes(seed, 1100, func(i int) float64 {
			if i%365 > 200 && i%365 < 206 {
				return 4
			}
			return 1 + math.Sin(float64(i)/58)
		})
		for i := range y {
			switch {
			case r.Float64() < .02*float64(seed):
				y[i] = missing
			case seed == 3 && i < 50, seed == 4 && i > 800:
				y[i] = 0
			case seed == 5:
				y[i] = poisson(r, max(0, y[i]/100))
			}
		}
		c := Config{Season: 7, First: newYear2023}
		m := New(c)
		for i, v := range y {
			m.Append(v)
			if i%171 == 3 {
				everything(m, 40)
			}
		}
		a, b := everything(m, 400), everything(Fit(c, y), 400)
		for i := range a {
			if x := math.Float64frombits(a[i]); a[i] != b[i] || math.IsInf(x, 0) {
				t.Fatalf("seed %d: value %d is %v, from scratch %v", seed, i, x, math.Float64frombits(b[i]))
			}
		}
	}
}

// Demand of a few a day has large orders, but no days that stand out: nothing is taken from it.
func TestSparseDemandKeepsItsOrders(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 8))
	y := make([]float64, 300)
	total := 0.0
	for i := range y {
		if r.Float64() < .1 {
			y[i] = 1 + poisson(r, 3)
		}
		total += y[i]
	}
	m := Fit(Config{Season: 7}, y)
	if n := len(m.yearly.days); n > 0 || m.total != total {
		t.Errorf("%d days stand out, %v of %v reached the models", n, m.total, total)
	}
}
